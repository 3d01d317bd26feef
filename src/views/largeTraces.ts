/**
 * Traces that are too large for the editor to give their text to extensions: no link, outline or hover can be had there.
 * Whoever opens one is offered to open it as a capture.
 */
import { open, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { isTraceText } from './traceText';

/** TextModel's limit for what extensions see, in characters (src/vs/editor/common/model/textModel.ts of VS Code). */
const LARGEST_TEXT = 50 * 1024 * 1024;
/** Enough to tell a trace by its first lines. */
const HEAD = 64 * 1024;
const OPEN = vscode.l10n.t('Open as Capture');
/** The capture editor, as it is offered for text. */
const TEXT_CAPTURE = 'pageHolders.textCapture';

export class LargeTraces implements vscode.Disposable {
  /** Files that were looked at in this window. */
  private readonly seen = new Set<string>();
  private readonly subscription: vscode.Disposable;

  constructor(private readonly log: vscode.LogOutputChannel) {
    this.subscription = vscode.window.tabGroups.onDidChangeTabs(({ opened, changed }) => {
      for (const tab of [...opened, ...changed]) this.look(tab);
    });
    for (const { activeTab } of vscode.window.tabGroups.all)
      if (activeTab !== undefined) this.look(activeTab);
  }

  dispose(): void {
    this.subscription.dispose();
  }

  private look({ input }: vscode.Tab): void {
    if (!(input instanceof vscode.TabInputText) || input.uri.scheme !== 'file') return;
    const { fsPath } = input.uri;
    if (this.seen.has(fsPath)) return;
    this.seen.add(fsPath);
    this.offer(input.uri).catch((error: unknown) => {
      this.log.debug(`${fsPath} was not looked at: ${String(error)}`);
    });
  }

  private async offer(uri: vscode.Uri): Promise<void> {
    const { size } = await vscode.workspace.fs.stat(uri);
    if (size <= LARGEST_TEXT || !(await beginsAsTrace(uri.fsPath))) return;
    const chosen = await vscode.window.showInformationMessage(
      vscode.l10n.t(
        '{0} is too large ({1} MB) for links, outline and hovers in its text. Opened as a capture, it says who held each page.',
        path.basename(uri.fsPath),
        Math.round(size / 1e6),
      ),
      OPEN,
    );
    if (chosen === OPEN) await vscode.commands.executeCommand('vscode.openWith', uri, TEXT_CAPTURE);
  }
}

async function beginsAsTrace(file: string): Promise<boolean> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    const lines = buffer.toString('latin1', 0, bytesRead).split(/\r?\n/);
    return isTraceText({ count: lines.length, at: (line) => lines[line] ?? '' });
  } finally {
    await handle?.close();
  }
}
