/**
 * Compare Captures…: what became of the holders of one open capture in another, as a text that can only be read. A
 * text rather than rows of a tree: it is read from top to bottom once, beside the view, searched, and put in a mail.
 * Each holder in it is a link to its pages and stacks in the Holders view.
 */
import * as vscode from 'vscode';
import { saysAllocationsAlone } from '../engine/allocationsAlone';
import { baseName, type NameOf } from '../engine/distinctNames';
import type { Comparison } from '../engine/comparing/compareCaptures';
import { compareText, namedHolders } from '../engine/comparing/compareText';
import type { CaptureFacts, EngineApi } from '../engine/protocol';
import { failedText } from '../engine/triedAtAll';
import { commandLink } from './commandLink';
import { showFailure } from './failures';
import { uriOf } from './fileNames';
import { inform } from './notifications';
import type { OpenCaptures } from './openCaptures';
import { isRow } from './rows';
import { visibleItem } from './visibleItem';

const SCHEME = 'page-holders-comparison';
/** Not for people: where links of a comparison lead. */
const SHOW_HOLDER = 'pageHolders.showComparedHolder';
const OPEN_AGAIN = vscode.l10n.t('Open Again');
/** No capture has this id: asked to compare it, the engine says that it is not open any more. */
const NOT_OPEN = '';
const OPEN_CAPTURE = vscode.l10n.t('Open Capture…');

/** A holder of one of the captures that a comparison is of. */
interface ComparedHolder {
  readonly path: string;
  /** Its row, below that of the capture. */
  readonly row: string;
}

export class CompareCaptures
  implements vscode.TextDocumentContentProvider, vscode.DocumentLinkProvider, vscode.Disposable
{
  private readonly subscriptions: vscode.Disposable;
  /** What the texts say that are open, by their addresses. */
  private readonly shown = new Map<string, Comparison>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly engine: EngineApi,
    private readonly captures: OpenCaptures,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = vscode.Disposable.from(
      this.changed,
      vscode.commands.registerCommand('pageHolders.compareCaptures', (given: unknown) => this.compare(given)),
      vscode.commands.registerCommand(SHOW_HOLDER, (holder: ComparedHolder) => this.showHolder(holder)),
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.languages.registerDocumentLinkProvider({ scheme: SCHEME }, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.shown.delete(uri.toString())),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    this.shown.delete(uri.toString());
    try {
      const comparison = await this.engine.compare(this.capturesOf(uri));
      this.shown.set(uri.toString(), comparison);
      return `${compareText(comparison)}\n`;
    } catch (error) {
      const failure = error instanceof Error ? error.message : String(error);
      return `${vscode.l10n.t({
        message: '{0} Compare the captures again.',
        args: [failure],
        comment: ['{0} is a whole sentence that says what failed.'],
      })}\n`;
    }
  }

  provideDocumentLinks({ uri }: vscode.TextDocument): vscode.DocumentLink[] {
    const comparison = this.shown.get(uri.toString());
    if (comparison === undefined) return [];
    return namedHolders(comparison).map(({ line, start, end, side, row }) => {
      const holder: ComparedHolder = { path: comparison[side].path, row };
      const target = vscode.Uri.parse(commandLink(SHOW_HOLDER, [holder]));
      const link = new vscode.DocumentLink(new vscode.Range(line, start, line, end), target);
      link.tooltip = vscode.l10n.t('Show in the Holders view');
      return link;
    });
  }

  /** Of a capture that was closed since, nothing is shown instead. */
  private async showHolder({ path, row }: ComparedHolder): Promise<void> {
    const id = this.idOf(path) ?? (await this.openedAgain(path));
    if (id !== null) await vscode.commands.executeCommand('pageHolders.showHolder', `${id}/${row}`);
  }

  /** One that was read again, or closed and opened, has another id and the same rows. */
  private idOf(path: string): string | null {
    return this.captures.all.find((facts) => facts.path === path)?.id ?? null;
  }

  private async openedAgain(path: string): Promise<string | null> {
    const chosen = await inform(vscode.l10n.t('{0} is not open.', baseName(path)), OPEN_AGAIN);
    if (chosen !== OPEN_AGAIN) return null;
    await vscode.commands.executeCommand('pageHolders.openResource', uriOf(path).toString());
    return this.idOf(path);
  }

  /** Ids of the captures that an address names, as long as they are open, and not other recordings by now. */
  private capturesOf({ query }: vscode.Uri): { readonly before: string; readonly after: string } {
    const parameters = new URLSearchParams(query);
    const beginnings = parameters.getAll('beginning');
    const [before = NOT_OPEN, after = NOT_OPEN] = parameters
      .getAll('capture')
      .map(
        (path, side) =>
          this.captures.all.find((facts) => facts.path === path && facts.beginning === beginnings[side])?.id,
      );
    return { before, after };
  }

  /** @param given row of the capture that is to stand before, where its menu was chosen from */
  private async compare(given: unknown): Promise<void> {
    const { all, nameOf } = this.captures;
    const refusals = all.flatMap((facts) => refusalOf(facts, nameOf(facts.path)) ?? []);
    const captures = all.filter((facts) => refusalOf(facts, '') === null);
    if (captures.length < 2) {
      const needed = vscode.l10n.t(
        'Two open captures are needed to compare them. Open another one that has events of page references or of attempts to move pages.',
      );
      const chosen = await inform([...refusals, needed].join(' '), OPEN_CAPTURE);
      if (chosen === OPEN_CAPTURE) await vscode.commands.executeCommand('pageHolders.openCapture');
      return;
    }
    const placeHolder = refusals.join(' ');
    const before =
      captures.find(({ id }) => isRow(given) && id === given.node.id) ??
      (await choose({ title: vscode.l10n.t('Compare Captures: Before'), placeHolder }, captures, nameOf));
    if (before === undefined) return;
    const others = captures.filter(({ id }) => id !== before.id);
    const after =
      others.length === 1
        ? others[0]
        : await choose({ title: vscode.l10n.t('Compare Captures: After'), placeHolder }, others, nameOf);
    if (after === undefined) return;
    // A tab is called by what stands after the last slash.
    const [one, other] = [before, after].map((facts) => nameOf(facts.path).replaceAll('/', '∕'));
    const uri = vscode.Uri.from({
      scheme: SCHEME,
      path: `/${vscode.l10n.t('{0} and {1}', one!, other!)}`,
      // The tab may outlive the engine, and the next one gives the same ids to other captures.
      query: new URLSearchParams(
        [before, after].flatMap(({ path, beginning }): [string, string][] => [
          ['capture', path],
          ['beginning', beginning],
        ]),
      ).toString(),
    });
    try {
      this.changed.fire(uri);
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: false });
    } catch (error) {
      showFailure(this.log, error);
    }
  }
}

/** Why an open file cannot be compared, a sentence; null where it can. */
function refusalOf(facts: CaptureFacts, name: string): string | null {
  if (facts.part < 1) return vscode.l10n.t('{0} cannot be compared yet: it is still being read.', name);
  if (facts.symbolFile !== null) {
    return vscode.l10n.t('{0} cannot be compared: it names frames and has no events.', name);
  }
  if (facts.tellsOfMoving) return null;
  return saysAllocationsAlone(facts)
    ? vscode.l10n.t(
        '{0} cannot be compared: it is a page_owner dump, which says who allocated pages and not who held them.',
        name,
      )
    : vscode.l10n.t(
        '{0} cannot be compared: it has no events of page references or of attempts to move pages.',
        name,
      );
}

async function choose(
  said: vscode.QuickPickOptions,
  captures: readonly CaptureFacts[],
  nameOf: NameOf,
): Promise<CaptureFacts | undefined> {
  const items = captures.map((facts) => ({
    label: nameOf(facts.path),
    description: failedText(facts),
    detail: facts.path,
    facts,
  }));
  return (await vscode.window.showQuickPick(items.map(visibleItem), said))?.facts;
}
