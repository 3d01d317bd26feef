/**
 * Captures that were open when the window was closed or loaded anew, kept for its workspace. They are opened again when
 * somebody asks for that: one may take minutes to read, or have been what ended the window.
 */
import * as vscode from 'vscode';
import { uriOf } from './fileNames';
import type { OpenCaptures } from './openCaptures';
import type { OpenCommands } from './openCommands';

const KEPT = 'openCaptures';

export class CapturesOfBefore implements vscode.Disposable {
  private paths: readonly string[];
  /** Those that are being opened again, one after the other, until all were tried. */
  private waiting: ReadonlySet<string> = new Set();
  private readonly registrations: vscode.Disposable;

  constructor(
    private readonly captures: OpenCaptures,
    private readonly opening: Pick<OpenCommands, 'open'>,
    private readonly memory: vscode.Memento,
  ) {
    this.paths = checkedPaths(memory.get(KEPT));
    this.tell();
    this.registrations = vscode.Disposable.from(
      captures.onDidChange(() => {
        this.keepOpen();
      }),
      captures.onDidClose((closed) => {
        this.forget(closed);
      }),
      vscode.commands.registerCommand('pageHolders.openAgain', () => this.openAgain()),
    );
  }

  dispose(): void {
    this.registrations.dispose();
  }

  private async openAgain(): Promise<void> {
    this.waiting = new Set(this.paths);
    try {
      await this.opening.open(this.paths.map((path) => uriOf(path)));
    } finally {
      this.waiting = new Set();
      this.keepOpen();
    }
  }

  /** Where nothing is open, nothing of this window takes the place of what is kept. */
  private keepOpen(): void {
    const { all, reading, lost } = this.captures;
    if (all.length === 0) return;
    const kept = new Set([...all.map(({ path }) => path), ...reading, ...lost, ...this.waiting]);
    const known = this.paths.filter((path) => kept.has(path));
    this.keep([...new Set([...known, ...kept])]);
  }

  private forget(closed: string): void {
    const others = (path: string): boolean => path !== closed;
    this.waiting = new Set([...this.waiting].filter(others));
    this.keep(this.paths.filter(others));
  }

  private keep(paths: readonly string[]): void {
    if (paths.length === this.paths.length && paths.every((path, index) => path === this.paths[index]))
      return;
    this.paths = paths;
    void this.memory.update(KEPT, paths);
    this.tell();
  }

  private tell(): void {
    void vscode.commands.executeCommand('setContext', 'pageHolders.hadCaptures', this.paths.length > 0);
  }
}

/** What was kept may be of another version of the extension. */
function checkedPaths(kept: unknown): readonly string[] {
  return Array.isArray(kept) ? kept.filter((path) => typeof path === 'string') : [];
}
