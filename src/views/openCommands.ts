/** Opening, reading again and closing captures: from a dialog, the explorer, an editor or the shipped sample. */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import type { CaptureFacts, ProgressReport } from '../engine/protocol';
import { ProgressText } from '../engine/progressText';
import { failedText } from '../engine/triedAtAll';
import { BegunAnewError, type OpenCaptures } from './openCaptures';
import { isCancel, isNoCapture, showFailure, showWarning } from './failures';
import { isFile, nameOf, uriOf } from './fileNames';
import { showIfLarge } from './largeCaptures';
import type { KernelTreeChoice } from './kernelTreeChoice';
import { PROGRESS_WORDS } from './progressWords';
import type { Row } from './rows';
import { tellOfSymbolFile } from './symbolFileMessage';
import type { ViewMessage } from './viewMessage';
import { visibleItem } from './visibleItem';

export class OpenCommands implements vscode.Disposable {
  private readonly commands: vscode.Disposable;

  constructor(
    private readonly captures: OpenCaptures,
    private readonly kernelTree: KernelTreeChoice,
    private readonly message: ViewMessage,
    private readonly sample: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const { registerCommand } = vscode.commands;
    this.commands = vscode.Disposable.from(
      registerCommand('pageHolders.openCapture', (uri?: vscode.Uri) => this.choose(uri)),
      registerCommand(
        'pageHolders.openResource',
        (uri?: vscode.Uri | string, selected?: readonly vscode.Uri[]) => this.openResource(uri, selected),
      ),
      registerCommand('pageHolders.openSample', () => this.open([this.sample])),
      registerCommand('pageHolders.stopReading', () => captures.stopReading()),
      registerCommand('pageHolders.closeCapture', (row?: Row) => this.close(row)),
      registerCommand('pageHolders.refresh', () => this.refresh()),
    );
  }

  /** Opens captures one after the other and shows the view; a failure is told and does not keep the next, a stop does. */
  async open(uris: readonly vscode.Uri[]): Promise<void> {
    if (uris.length === 0) return;
    await vscode.commands.executeCommand('pageHolders.holders.focus');
    await this.kernelTree.tree();
    const before = new Set(this.captures.all.map(({ id }) => id));
    for (const uri of uris) {
      if (!(await this.openOne(uri))) break;
      await this.showFirstBeside(before);
    }
    await this.kernelTree.lookUpFunctions();
  }

  /** Below captures that were open before, the first new one may be out of sight. */
  private async showFirstBeside(before: ReadonlySet<string>): Promise<void> {
    const [first, ...others] = this.captures.withEvents.filter(({ id }) => !before.has(id));
    if (before.size === 0 || first === undefined || others.length > 0) return;
    await vscode.commands.executeCommand('pageHolders.showCapture', first.id);
  }

  private isOpen(uri: vscode.Uri): boolean {
    return this.captures.all.some(({ path }) => path === nameOf(uri));
  }

  dispose(): void {
    this.commands.dispose();
  }

  /** Files may have changed on disk: captures that were recorded anew, and the source, which takes longer to look at. */
  private async refresh(): Promise<void> {
    await vscode.commands.executeCommand('pageHolders.holders.focus');
    const uris = this.captures.all.map((facts) => uriOf(facts.path));
    for (const uri of uris) {
      // Meanwhile it may have been closed.
      if (this.isOpen(uri) && !(await this.openOne(uri))) break;
    }
    await this.kernelTree.update();
  }

  private async choose(uri: vscode.Uri | undefined): Promise<void> {
    if (uri instanceof vscode.Uri) return this.open([uri]);
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const chosen = await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Open Capture'),
      openLabel: vscode.l10n.t('Open'),
      canSelectMany: true,
      ...(folder === undefined ? {} : { defaultUri: folder }),
    });
    await this.open(chosen ?? []);
  }

  /** @param given a file of the explorer or an editor, or its address in the link of a hover */
  private async openResource(given?: vscode.Uri | string, selected?: readonly vscode.Uri[]): Promise<void> {
    const uri = typeof given === 'string' ? vscode.Uri.parse(given, true) : given;
    const active = vscode.window.activeTextEditor?.document.uri;
    const chosen = selected !== undefined && selected.length > 0 ? selected : [uri ?? active];
    await this.open(chosen.filter((each) => each !== undefined));
  }

  /**
   * Reads one capture without showing the view, for an editor that shows it by itself.
   *
   * @throws Error that says to people why it cannot be opened, CancelledError
   */
  async read(uri: vscode.Uri): Promise<void> {
    // The first events are shown before anybody asks for a line of the tree.
    const tree = this.kernelTree.tree();
    await this.readOne(uri);
    await tree;
    await this.kernelTree.lookUpFunctions();
  }

  /** Resolves to false when it was stopped. */
  private async openOne(uri: vscode.Uri): Promise<boolean> {
    const wasOpen = this.isOpen(uri);
    try {
      tellOfSymbolFile(
        await this.readOne(uri, () => {
          // The editor finds the capture being read.
          if (!wasOpen) void showIfLarge(uri);
        }),
      );
      return true;
    } catch (error) {
      await this.tellWhyNot(uri, error, wasOpen);
      return this.goesOn(uri, error, wasOpen);
    }
  }

  /** Whether those that wait are wanted after one that was not read. */
  private async goesOn(uri: vscode.Uri, error: unknown, wasOpen: boolean): Promise<boolean> {
    if (error instanceof BegunAnewError) {
      return error.newer().then(
        () => true,
        (newer: unknown) => this.goesOn(uri, newer, wasOpen),
      );
    }
    // Whoever closed it wants the others all the same.
    return !isCancel(error) || (wasOpen && !this.isOpen(uri));
  }

  private async tellWhyNot(uri: vscode.Uri, error: unknown, wasOpen: boolean): Promise<void> {
    const gone = wasOpen && !isCancel(error) ? await this.goneText(uri) : null;
    if (gone === null) {
      showFailure(this.log, error, isNoCapture(error) ? openAnother() : undefined);
      return;
    }
    this.log.warn(gone, String(error));
    showWarning(this.log, gone);
  }

  /** That a file is gone is no failure, for what was read of it is still shown; null where it is there. */
  private async goneText(uri: vscode.Uri): Promise<string | null> {
    // An engine that has just ended is told of elsewhere.
    await this.captures.checkFiles().catch(() => undefined);
    const facts = this.captures.all.find(({ path }) => path === nameOf(uri));
    if (facts?.changed?.kind !== 'gone') return null;
    return vscode.l10n.t(
      '{0} was deleted or moved away since it was read. What was read of it stays open.',
      this.captures.nameOf(facts.path),
    );
  }

  /** @param hasEvents called once when the first events are read: a file of another kind has none */
  private async readOne(uri: vscode.Uri, hasEvents: () => void = () => undefined): Promise<CaptureFacts> {
    const name = baseName(uri.path);
    if (!isFile(uri)) {
      throw new Error(
        vscode.l10n.t(
          '{0} cannot be opened: {1}: is not a file system. Save it to a file and open that.',
          name,
          uri.scheme,
        ),
      );
    }
    const started = Date.now();
    const text = new ProgressText(name, PROGRESS_WORDS);
    let isCapture = false;
    const progress = (report: ProgressReport): void => {
      this.message.progress(text.of(report));
      if (isCapture || report.phase !== 'reading' || report.done === 0) return;
      isCapture = true;
      hasEvents();
    };
    try {
      const location = { viewId: 'pageHolders.holders' };
      const facts = await vscode.window.withProgress({ location }, () =>
        this.captures.open(nameOf(uri), progress),
      );
      // For the walkthrough, whichever way it was opened.
      if (uri.toString() !== this.sample.toString()) {
        void vscode.commands.executeCommand('setContext', 'pageHolders.openedOwn', true);
      }
      const { events, problems } = facts;
      this.log.info(
        `${nameOf(uri)}: ${facts.format}, ${events} events: ${failedText(facts)}, ` +
          `${problems} places not read, in ${Date.now() - started} ms`,
      );
      return facts;
    } finally {
      this.message.clear();
    }
  }

  private async close(row?: Row): Promise<void> {
    const { all, nameOf: shownName } = this.captures;
    if (all.length === 0) return;
    const given = all.find(({ id }) => id === row?.node.id) ?? (all.length === 1 ? all[0] : undefined);
    const chosen =
      given ??
      (
        await vscode.window.showQuickPick(
          all.map((facts) => visibleItem({ label: shownName(facts.path), description: facts.path, facts })),
          { title: vscode.l10n.t('Close Capture') },
        )
      )?.facts;
    if (chosen !== undefined) await this.captures.close(chosen.id);
  }
}

/** Of another file there is more to hope than of one that is no capture. */
function openAnother(): { readonly label: string; readonly command: string } {
  return { label: vscode.l10n.t('Open Another Capture…'), command: 'pageHolders.openCapture' };
}
