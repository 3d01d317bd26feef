/**
 * Gives the text of traces its language where its name alone cannot: the editor looks at the first line only of files
 * whose name says nothing, so `report.txt` stays plain text, and every `trace.txt` is taken for ftrace, whoever wrote
 * it. The first lines decide here.
 */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import { documentLines } from './textFrames';
import { isTraceText } from './traceText';

/** Languages that the editor gives by the name of a file, and that say nothing of its text. */
const NAMED_ONLY = new Set(['plaintext', 'log']);
/** Names that the manifest takes for ftrace although other programs use them too. */
const SHARED_NAMES = new Set(['trace.txt']);

export class FtraceLanguage implements vscode.Disposable {
  private readonly subscription: vscode.Disposable;

  constructor() {
    this.subscription = vscode.workspace.onDidOpenTextDocument(recognise);
    for (const document of vscode.workspace.textDocuments) recognise(document);
  }

  dispose(): void {
    this.subscription.dispose();
  }
}

function recognise(document: vscode.TextDocument): void {
  const { languageId, uri } = document;
  if (NAMED_ONLY.has(languageId) && isTraceText(documentLines(document))) {
    void vscode.languages.setTextDocumentLanguage(document, 'ftrace');
  }
  const isShared = SHARED_NAMES.has(baseName(uri.path));
  if (languageId === 'ftrace' && isShared && !isTraceText(documentLines(document))) {
    void vscode.languages.setTextDocumentLanguage(document, 'plaintext');
  }
}
