/**
 * Gives ftrace text its language where its name alone cannot: the editor looks at the first line only of files whose
 * name says nothing, so `report.txt` stays plain text, and every `trace.txt` is taken for ftrace, whoever wrote it.
 * The first lines decide here.
 */
import path from 'node:path';
import * as vscode from 'vscode';

/** kernel/trace/trace.c print_trace_header(); the first line of trace-cmd report. */
const HEADER = /^(?:# tracer: \w+|cpus=\d+|version = \d+)$/;
/** A task, a CPU and a time: `sh-84 [000] ...2. 7.289237: page_ref_mod: …`. A frame or a loss may come before it. */
const EVENT = /^\s*(?:\w+:\s+)?.{1,16}-\d+\s.*\[\d+\].*\d:|^\s*=> |^CPU:\d+ \[LOST/;
/** Names that the manifest takes for ftrace although other programs use them too. */
const SHARED_NAMES = new Set(['trace.txt']);
const LINES = 20;

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
  if (document.languageId === 'plaintext' && HEADER.test(document.lineAt(0).text)) {
    void vscode.languages.setTextDocumentLanguage(document, 'ftrace');
  }
  const isShared = SHARED_NAMES.has(path.basename(document.uri.path));
  if (document.languageId === 'ftrace' && isShared && !isFtrace(document)) {
    void vscode.languages.setTextDocumentLanguage(document, 'plaintext');
  }
}

function isFtrace(document: vscode.TextDocument): boolean {
  for (let line = 0; line < Math.min(LINES, document.lineCount); line++) {
    const { text } = document.lineAt(line);
    if (HEADER.test(text) || EVENT.test(text)) return true;
  }
  return false;
}
