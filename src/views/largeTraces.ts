/**
 * Traces that are too large for the editor to give their text to extensions: no link, outline or hover can be had there.
 * Whoever opens one is offered to open it as a capture.
 */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import { inform } from './notifications';
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

  /** @param headOf reads the first `length` bytes of a file of this machine, as Latin-1 */
  constructor(
    private readonly log: vscode.LogOutputChannel,
    private readonly headOf: (file: string, length: number) => Promise<string>,
  ) {
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
    if (size <= LARGEST_TEXT || !isTraceHead(await this.headOf(uri.fsPath, HEAD))) return;
    const chosen = await inform(
      vscode.l10n.t(
        '{0} is too large ({1} MB) for links, outline and hovers in its text. Opened as a capture, it says who held each page.',
        baseName(uri.fsPath),
        Math.round(size / 1e6),
      ),
      OPEN,
    );
    if (chosen === OPEN) await vscode.commands.executeCommand('vscode.openWith', uri, TEXT_CAPTURE);
  }
}

function isTraceHead(head: string): boolean {
  const lines = head.split(/\r?\n/);
  return isTraceText({ count: lines.length, at: (line) => lines[line] ?? '' });
}
