/**
 * Captures that were open when the window was closed or loaded anew, kept for its workspace. They are opened again when
 * somebody asks for that: one may take minutes to read, or have been what ended the window.
 */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import { absenceOf } from './absence';
import { uriOf } from './fileNames';
import { warn } from './notifications';
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
    /** Where this version of the extension is: the sample of another one was beside it. */
    private readonly extensionFolder: vscode.Uri,
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
    const { gone, away } = await this.absent();
    for (const path of gone) this.forget(path);
    try {
      const there = this.paths.filter((path) => !away.includes(path));
      await this.opening.open(there.map((path) => uriOf(path)));
    } finally {
      this.waiting = new Set();
      this.keepOpen();
    }
    const isKept = (path: string): boolean => this.paths.includes(path);
    tellForgotten([...gone, ...away].filter((path) => !isKept(path)));
    await this.offerToForget(away.filter(isKept));
  }

  /** Those of the kept paths at which there is no file. */
  private async absent(): Promise<{ readonly gone: readonly string[]; readonly away: readonly string[] }> {
    const { paths } = this;
    const extensions = vscode.Uri.joinPath(this.extensionFolder, '..');
    const absences = await Promise.all(paths.map((path) => absenceOf(uriOf(path), extensions)));
    return {
      gone: paths.filter((_, index) => absences[index] === 'gone'),
      away: paths.filter((_, index) => absences[index] === 'away'),
    };
  }

  /** A drive that is away may come back, or not. */
  private async offerToForget(paths: readonly string[]): Promise<void> {
    if (paths.length === 0) return;
    const text =
      paths.length === 1
        ? vscode.l10n.t('{0} was not found. Its drive may be away: it is offered again.', names(paths))
        : vscode.l10n.t('{0} were not found. Their drive may be away: they are offered again.', names(paths));
    const forget = vscode.l10n.t('Do Not Offer Again');
    if ((await warn(text, forget)) !== forget) return;
    for (const path of paths) this.forget(path);
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

function tellForgotten(paths: readonly string[]): void {
  if (paths.length === 0) return;
  void warn(
    paths.length === 1
      ? vscode.l10n.t('{0} was not found, and is not offered again.', names(paths))
      : vscode.l10n.t('{0} were not found, and are not offered again.', names(paths)),
  );
}

function names(paths: readonly string[]): string {
  return paths.map((path) => baseName(path)).join(', ');
}

/** What was kept may be of another version of the extension. */
function checkedPaths(kept: unknown): readonly string[] {
  return Array.isArray(kept) ? kept.filter((path) => typeof path === 'string') : [];
}
