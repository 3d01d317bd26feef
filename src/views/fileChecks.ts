/**
 * Notices that the file of an open capture changed or went away. Asking for its state every few seconds works on every
 * file system; watching does not on those of other machines, where traces often are.
 */
import * as vscode from 'vscode';
import type { OpenCaptures } from './openCaptures';

/** In ms. */
const INTERVAL = 3000;

export class FileChecks implements vscode.Disposable {
  private timer: ReturnType<typeof setTimeout> | null = null;
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly captures: OpenCaptures,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = vscode.Disposable.from(
      captures.onDidChange(() => {
        this.schedule();
      }),
      vscode.window.onDidChangeWindowState(() => {
        this.schedule();
      }),
    );
  }

  dispose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.subscriptions.dispose();
  }

  /** Nobody looks at a window that is not in front, and without captures there is nothing to check. */
  private schedule(): void {
    if (this.timer !== null || !vscode.window.state.focused || this.captures.all.length === 0) return;
    this.timer = setTimeout(() => void this.check(), INTERVAL);
  }

  private async check(): Promise<void> {
    try {
      await this.captures.checkFiles();
    } catch (error) {
      // A worker that ended is told of elsewhere.
      this.log.debug(`The files of the captures were not checked: ${String(error)}`);
    } finally {
      this.timer = null;
      this.schedule();
    }
  }
}
