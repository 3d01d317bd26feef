/**
 * Shows rows of the Holders view: a capture, a page or a mark by its id, or what is held through lines of the source.
 * That of a capture is shown in the Captures view, too.
 */
import * as vscode from 'vscode';
import { NO_FILTER, type HoldersQuery, type SourceLines } from '../engine/holdersQuery';
import type { NodeKind } from '../engine/protocol';
import type { NodeTree } from './nodeTree';
import { isMoreRow, selectedRow, type MoreRow, type Row } from './rows';
import type { ShownHolders } from './shownHolders';

/** A row of the holders tree grouped by page, and the page it is of. */
export interface PageRow {
  readonly node: string;
  readonly pfn: number;
}

/** What the tree is grouped by; notes may stand above it. */
const GROUPS: ReadonlySet<NodeKind> = new Set<NodeKind>(['page', 'holder-kind', 'attempt', 'task']);

function isOfHolders(kind: NodeKind): boolean {
  return GROUPS.has(kind);
}

/** Below a capture that was opened. */
const PAGES_IN_SIGHT = 5;

export class RevealHolders implements vscode.Disposable {
  private readonly commands: vscode.Disposable;

  constructor(
    private readonly tree: NodeTree,
    private readonly view: vscode.TreeView<Row | MoreRow>,
    private readonly shown: ShownHolders,
    private readonly captureTree: NodeTree,
    private readonly captureView: vscode.TreeView<Row | MoreRow>,
  ) {
    const { registerCommand } = vscode.commands;
    this.commands = vscode.Disposable.from(
      shown.onDidGoBack((row) => this.showAgain(row)),
      registerCommand('pageHolders.showPage', (row: PageRow) => this.showPage(row)),
      registerCommand('pageHolders.showCapture', (id: string) => this.showCapture(id)),
      registerCommand('pageHolders.showPages', (id: string) => this.showFirst(id)),
      registerCommand('pageHolders.showAllocations', (id: string) => this.showAllocations(id)),
      registerCommand('pageHolders.showHolder', (id: string) => this.showHolder(id)),
      registerCommand('pageHolders.showHeldThrough', (through: SourceLines) => this.showThrough(through)),
    );
  }

  dispose(): void {
    this.commands.dispose();
  }

  /** Leaves the tree as it is where the row is in it; else shows the page alone. */
  private async showPage({ node, pfn }: PageRow): Promise<void> {
    const there = await this.tree.find(node);
    if (there === null) this.lead({ groupBy: 'page', filter: { ...NO_FILTER, pfns: [pfn] } });
    await this.reveal(there ?? (await this.tree.find(node)));
  }

  /** The only capture has no row: its pages are the first ones. */
  private async showCapture(id: string): Promise<void> {
    const row = await this.tree.find(id);
    if (row === null) return;
    // Scrolled to as little as it takes, it would stand last, with its pages out of sight. Asking for one of them unfolds
    // it, though, and a dump beside its traces has a thousand rows.
    const below = (await this.tree.getChildren(row)).slice(0, PAGES_IN_SIGHT).at(-1);
    if (below !== undefined && row.node.expanded)
      await this.view.reveal(below, { select: false, focus: false });
    await this.view.reveal(row, { select: true, focus: false });
    // A view that is folded stays so.
    const listed = this.captureView.visible ? await this.captureTree.find(id) : null;
    if (listed !== null) await this.captureView.reveal(listed, { select: true, focus: false });
  }

  /** The stack with most pages, of which a dump tells. */
  private showAllocations(id: string): Promise<void> {
    return this.showFirst(id, (kind) => kind === 'allocation');
  }

  /** The first row of a capture, by whatever the tree is grouped: the rows of the only capture are below none. */
  private async showFirst(id: string, isAsked = isOfHolders): Promise<void> {
    const capture = await this.tree.find(id);
    const rows = await this.tree.getChildren(capture ?? undefined);
    const first = rows.find((row): row is Row => !isMoreRow(row) && isAsked(row.node.kind));
    await this.reveal(first ?? capture);
  }

  /** A kind of holder and its code path, or what stands beside them where nobody is to blame. */
  private async showHolder(id: string): Promise<void> {
    const isByHolder = this.shown.query.groupBy === 'holder';
    const there = isByHolder ? await this.tree.find(id) : null;
    if (there === null) this.lead({ groupBy: 'holder', filter: NO_FILTER });
    await this.reveal(there ?? (await this.tree.find(id)));
  }

  private async showThrough(through: SourceLines): Promise<void> {
    // By page, the other holders of these pages would be shown as well.
    this.lead({ groupBy: 'holder', filter: { ...NO_FILTER, through } });
    const [first] = await this.tree.getChildren();
    await this.reveal(first === undefined || isMoreRow(first) ? null : first);
  }

  private lead(query: Pick<HoldersQuery, 'groupBy' | 'filter'>): void {
    this.shown.lead(query, selectedRow(this.view)?.node.id ?? null);
  }

  /** Where people were; the rows that they had unfolded on the way to it are unfolded again. */
  private async showAgain(id: string): Promise<void> {
    const row = this.view.visible ? await this.tree.find(id) : null;
    if (row !== null) await this.view.reveal(row, { select: true, focus: false });
  }

  private async reveal(row: Row | null): Promise<void> {
    if (row === null) await vscode.commands.executeCommand('pageHolders.holders.focus');
    else await this.view.reveal(row, { select: true, focus: true, expand: true });
  }
}
