/** The stack of what is selected: every frame with its line and how sure that is; next and previous open the source. */
import * as vscode from 'vscode';
import type { HoldersQuery } from '../engine/holdersQuery';
import type { EngineApi, StackRows, TreeNode } from '../engine/protocol';
import { frameText, stackText } from '../engine/stackText';
import type { ChosenRows } from './chosenRows';
import { copyText } from './copyText';
import { showFailure } from './failures';
import { sayBriefly } from './notifications';
import type { OpenCaptures } from './openCaptures';
import { isRow, rowItem, selectedRow, tooltipText, type Row } from './rows';
import type { ShownHolders } from './shownHolders';

/** Asks the engine for a stack; asked again when captures, kernel tree or debug info change. */
type AskStack = () => Promise<StackRows | null>;

export class StackView implements vscode.TreeDataProvider<Row>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  private rows: readonly Row[] = [];
  /** Index of the first frame that says something of the holder. */
  private first = 0;
  /** The row that the frames before that are below; null where there are none. */
  private folded: Row | null = null;
  private ask: AskStack | null = null;
  /** The capture that it is asked of, and how that begins; empty as long as nobody knows. */
  private askedOf: { readonly capture: string; readonly beginning: string } | null = null;
  /** Only the newest question is answered. */
  private asked = 0;
  /** The frame to select as soon as its stack is there, if any; null once that is done. */
  private wanted: { readonly frame: string | null } | null = null;
  /** Row that next and previous go on from; null before the first step. */
  private current: string | null = null;
  private readonly view: vscode.TreeView<Row>;
  private readonly subscriptions: vscode.Disposable;

  constructor(
    private readonly engine: EngineApi,
    private readonly shown: ShownHolders,
    private readonly captures: OpenCaptures,
    holders: ChosenRows,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.view = vscode.window.createTreeView('pageHolders.stack', { treeDataProvider: this });
    const { registerCommand } = vscode.commands;
    this.subscriptions = vscode.Disposable.from(
      this.view,
      this.changed,
      holders.onDidChoose((row) => this.showRow(row)),
      captures.onDidChange(() => this.capturesChanged()),
      this.view.onDidChangeSelection(({ selection: [row] }) => {
        if (row !== undefined && row.node.id !== this.folded?.node.id) this.current = row.node.id;
      }),
      // By key in this view the focus goes along; anywhere else it stays where it is.
      registerCommand('pageHolders.nextFrame', (how?: unknown) => this.step(1, how === 'focus')),
      registerCommand('pageHolders.previousFrame', (how?: unknown) => this.step(-1, how === 'focus')),
      registerCommand('pageHolders.copyStack', () => this.copy()),
      registerCommand('pageHolders.copyStackFrame', (row?: unknown) => this.copyFrame(row)),
      registerCommand('pageHolders.showStackOfEvent', (capture: string, row: number) =>
        this.show(capture, () => this.engine.stackOfEvent({ capture, row }), null),
      ),
    );
  }

  dispose(): void {
    this.subscriptions.dispose();
  }

  getTreeItem(row: Row): vscode.TreeItem {
    return rowItem(row);
  }

  resolveTreeItem(item: vscode.TreeItem, row: Row): vscode.TreeItem {
    const tooltip = tooltipText(row.node.tooltip);
    if (tooltip !== undefined) item.tooltip = tooltip;
    return item;
  }

  getParent({ parent }: Row): Row | null {
    return parent;
  }

  getChildren(row?: Row): Row[] {
    const { rows, first, folded } = this;
    if (row === undefined) return [...(folded === null ? [] : [folded]), ...rows.slice(first)];
    return row.node.id === folded?.node.id ? rows.slice(0, first) : [];
  }

  /** Rows of a frame are part of the stack that they stand in: the same frame is selected here. */
  private async showRow({ node }: Row): Promise<void> {
    const frame = node.kind === 'frame' ? `stack/${node.id.slice(node.id.lastIndexOf('/') + 1)}` : null;
    const { query } = this.shown;
    await this.show(captureOf(node), () => this.stackOf(node, query), frame);
  }

  /** Of a row that has none, such as a page, that of the event which the capture editor selects for it. */
  private async stackOf(node: TreeNode, query: HoldersQuery): Promise<StackRows | null> {
    const stack = await this.engine.stackOf({ node: node.id, query });
    const row = node.place?.row ?? null;
    return stack ?? (row === null ? null : this.engine.stackOfEvent({ capture: captureOf(node), row }));
  }

  private async show(capture: string, ask: AskStack, frame: string | null): Promise<void> {
    this.ask = ask;
    this.askedOf = { capture, beginning: this.beginningOf(capture) };
    // Frames of all stacks have the same ids: nothing is selected in the rows of the former one.
    this.wanted = { frame };
    await this.update();
  }

  /** Empty where it has no event yet, or the list of captures comes later than its rows. */
  private beginningOf(id: string): string {
    return this.captures.all.find((capture) => capture.id === id)?.beginning ?? '';
  }

  /** Of a capture that took the place of another, the same row is an event that nobody asked for. */
  private async capturesChanged(): Promise<void> {
    if (this.askedOf !== null) {
      const { capture, beginning: before } = this.askedOf;
      const beginning = this.beginningOf(capture);
      if (before !== '' && beginning !== before) this.ask = () => Promise.resolve(null);
      else this.askedOf = { capture, beginning };
    }
    await this.update();
  }

  /** Shows what the stack is by now. */
  private async update(): Promise<void> {
    if (this.ask === null) return;
    const asked = ++this.asked;
    try {
      const stack = await this.ask();
      if (asked !== this.asked) return;
      this.display(stack);
    } catch (error) {
      if (asked !== this.asked) return;
      // What is on the screen is the stack of another selection.
      this.display(null);
      showFailure(this.log, error);
      return;
    }
    await this.selectWanted();
  }

  private display(stack: StackRows | null): void {
    const { frames = [], first = 0, folded = null } = stack ?? {};
    const parent = folded === null ? null : { node: folded, parent: null };
    this.rows = frames.map((node, index) => ({ node, parent: index < first ? parent : null }));
    this.first = first;
    this.folded = parent;
    this.view.description = stack?.title ?? '';
    void vscode.commands.executeCommand('setContext', 'pageHolders.hasStack', this.rows.length > 0);
    this.changed.fire(undefined);
  }

  private async selectWanted(): Promise<void> {
    const { wanted } = this;
    if (wanted === null) return;
    this.wanted = null;
    this.current = wanted.frame;
    const row = this.rows.find(({ node }) => node.id === wanted.frame);
    if (row !== undefined && this.view.visible) await this.view.reveal(row, { select: true, focus: false });
  }

  private async copy(): Promise<void> {
    const frames = this.rows.map(({ node }) => node);
    if (frames.length > 0) await copyText(stackText({ title: this.view.description ?? '', frames }));
    else sayBriefly(noStackText());
  }

  private async copyFrame(given: unknown): Promise<void> {
    const row = isRow(given) ? given : selectedRow(this.view);
    if (row !== null) await copyText(frameText(row.node), row.node.label);
  }

  /** Goes on from the selected frame, by so many rows, and opens what is there. */
  private async step(by: 1 | -1, focus: boolean): Promise<void> {
    const { rows, current } = this;
    const from = rows.findIndex(({ node }) => node.id === current);
    const to = from < 0 ? this.first : from + by;
    const row = rows[to];
    if (row === undefined) {
      sayBriefly(noStepText(rows.length > 0, by));
      return;
    }
    this.current = row.node.id;
    await this.view.reveal(row, { select: true, focus });
    await vscode.commands.executeCommand('pageHolders.openNextFrame', row.node.frame);
  }
}

/** Ids are paths that begin with that of the capture. */
function captureOf({ id }: TreeNode): string {
  return id.split('/', 1)[0]!;
}

function noStackText(): string {
  return vscode.l10n.t('No stack is shown');
}

/** Why there is no frame to go to. */
function noStepText(hasStack: boolean, by: 1 | -1): string {
  if (!hasStack) return noStackText();
  return by > 0 ? vscode.l10n.t('This is the outermost frame') : vscode.l10n.t('This is the innermost frame');
}
