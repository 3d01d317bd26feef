/** One of the engine's trees in a view: rows are asked for when they are opened, and a slice at a time. */
import * as vscode from 'vscode';
import type { EngineApi, TreeName } from '../engine/protocol';
import type { OpenCaptures } from './openCaptures';
import type { ShownHolders } from './shownHolders';
import { isMoreRow, moreItem, rowItem, tooltipText, type MoreRow, type Row } from './rows';

/** Children shown at first, and more at each "Show more": a tree view asks for each expanded row by itself. */
const SLICE = 200;

export class NodeTree implements vscode.TreeDataProvider<Row | MoreRow>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<Row | undefined>();
  readonly onDidChangeTreeData = this.changed.event;
  /** How many children of a row are shown, where it is more than a slice. */
  private readonly counts = new Map<string | null, number>();
  /** The rows that were asked for last, by the row that they are below. */
  private readonly known = new Map<string | null, readonly Row[]>();
  private readonly subscription: vscode.Disposable;
  /** Ids of the captures whose rows may be counted. */
  private captureIds: readonly string[] = [];

  constructor(
    private readonly tree: TreeName,
    private readonly engine: EngineApi,
    private readonly captures: OpenCaptures,
    private readonly shown: ShownHolders,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscription = vscode.Disposable.from(
      captures.onDidChange(() => {
        this.forgetClosed();
        this.askAgain();
      }),
      ...(tree === 'holders'
        ? [
            shown.onDidChange(() => {
              this.showOthers();
            }),
          ]
        : []),
    );
  }

  getTreeItem(row: Row | MoreRow): vscode.TreeItem {
    return isMoreRow(row) ? moreItem(row) : rowItem(row);
  }

  resolveTreeItem(item: vscode.TreeItem, row: Row | MoreRow): vscode.TreeItem {
    const tooltip = isMoreRow(row) ? undefined : tooltipText(row.node.tooltip);
    if (tooltip !== undefined) item.tooltip = tooltip;
    return item;
  }

  getParent(row: Row | MoreRow): Row | null {
    return row.parent;
  }

  async getChildren(row?: Row | MoreRow): Promise<(Row | MoreRow)[]> {
    if (row !== undefined && isMoreRow(row)) return [];
    const parent = row ?? null;
    const node = parent?.node.id ?? null;
    const end = this.counts.get(node) ?? SLICE;
    try {
      const { tree, shown } = this;
      const page = await this.engine.children({ tree, node, start: 0, end, query: shown.query });
      const rows = page.nodes.map((child): Row => ({ node: child, parent }));
      this.known.set(node, rows);
      return page.total > end ? [...rows, { tree, parent, left: page.total - end }] : rows;
    } catch (error) {
      this.log.error(`The rows below ${node ?? 'the root'} of ${this.tree} cannot be shown.`, String(error));
      return [];
    }
  }

  /** The row of an id with those that it is below; null when it is not among the rows that are shown. */
  async find(id: string): Promise<Row | null> {
    let parent: Row | undefined;
    for (;;) {
      const rows = await this.getChildren(parent);
      const next = rows.find((row): row is Row => !isMoreRow(row) && isOnWay(row, id));
      if (next === undefined || next.node.id === id) return next ?? null;
      parent = next;
    }
  }

  /** Children of a row (null: the roots) as far as they were asked for; the engine is not asked. */
  knownChildren(row: Row | null): readonly Row[] {
    return this.known.get(row?.node.id ?? null) ?? [];
  }

  showMore({ tree, parent }: MoreRow): void {
    if (tree !== this.tree) return;
    const node = parent?.node.id ?? null;
    this.counts.set(node, (this.counts.get(node) ?? SLICE) + SLICE);
    this.changed.fire(parent ?? undefined);
  }

  dispose(): void {
    this.subscription.dispose();
    this.changed.dispose();
  }

  private askAgain(): void {
    this.known.clear();
    this.changed.fire(undefined);
  }

  /** Rows of another grouping or filter are others, and begin as all do. */
  private showOthers(): void {
    this.counts.clear();
    this.askAgain();
  }

  /** What somebody unfolded stays while there is news of a capture; that of one which went does not. */
  private forgetClosed(): void {
    const ids = this.captures.all.map(({ id }) => id);
    const closed = this.captureIds.filter((id) => !ids.includes(id));
    this.captureIds = ids;
    if (ids.length === 0) this.counts.clear();
    if (closed.length === 0) return;
    for (const node of [...this.counts.keys()]) {
      if (closed.some((id) => isBelow(node, id))) this.counts.delete(node);
    }
  }
}

function isBelow(node: string | null, capture: string): boolean {
  return node === capture || node?.startsWith(`${capture}/`) === true;
}

function isOnWay({ node }: Row, id: string): boolean {
  return id === node.id || id.startsWith(`${node.id}/`);
}
