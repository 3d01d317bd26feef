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
        this.keep();
      }),
      vscode.commands.registerCommand('pageHolders.openAgain', () => this.openAgain()),
    );
  }

  dispose(): void {
    this.registrations.dispose();
  }

  private openAgain(): Promise<void> {
    // Opening the first one replaces the list.
    return this.opening.open(this.paths.map((path) => uriOf(path)));
  }

  private keep(): void {
    const paths = this.captures.all.filter(({ part }) => part === 1).map(({ path }) => path);
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
