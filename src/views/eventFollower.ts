/**
 * One selection: what the selected event of a capture editor is of is selected in the Holders view too, where that is
 * seen. Nothing is unfolded, filtered or grouped for it: what is not in sight of the tree stays out of it.
 */
import * as vscode from 'vscode';
import type { CapturePlace, EngineApi } from '../engine/protocol';
import type { ChosenRows } from './chosenRows';
import type { NodeTree } from './nodeTree';
import { isMoreRow, selectedRow, type MoreRow, type Row } from './rows';

type FoldedView = Pick<
  vscode.TreeView<Row | MoreRow>,
  'visible' | 'selection' | 'onDidExpandElement' | 'onDidCollapseElement'
>;

/** In ms; a key that is held goes on to the next event sooner. */
const PAUSE = 150;

export class EventFollower implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable;
  /** Rows that were folded or unfolded, by id, and whether they are unfolded now. */
  private readonly unfolded = new Map<string, boolean>();
  /** Only what was selected last is followed. */
  private latest = 0;
  private timer: ReturnType<typeof setTimeout> | null = null;
  /** The view may take its time for one row, and must not come back to it from the next. */
  private following: Promise<void> = Promise.resolve();

  constructor(
    private readonly engine: Pick<EngineApi, 'placeOfEvent'>,
    private readonly tree: Pick<NodeTree, 'knownChildren'>,
    private readonly view: FoldedView,
    private readonly chosen: ChosenRows,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = vscode.Disposable.from(
      chosen.onDidChoose(() => {
        this.forget();
      }),
      view.onDidExpandElement(({ element }) => {
        this.fold(element, true);
      }),
      view.onDidCollapseElement(({ element }) => {
        this.fold(element, false);
      }),
    );
  }

  dispose(): void {
    this.forget();
    this.subscriptions.dispose();
  }

  /** @param row of the event, in its capture */
  select(capture: string, row: number): void {
    this.forget();
    if (!this.view.visible) return;
    const asked = this.latest;
    this.timer = setTimeout(() => {
      this.following = this.following.then(() => this.follow(asked, capture, row));
    }, PAUSE);
  }

  private forget(): void {
    this.latest++;
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private async follow(asked: number, capture: string, row: number): Promise<void> {
    if (asked !== this.latest) return;
    try {
      const place = await this.engine.placeOfEvent({ capture, row });
      if (asked !== this.latest || place === null || !this.view.visible) return;
      const found = this.find(capture, place);
      if (found !== null) await this.chosen.select(found);
    } catch (error) {
      // The rows may be others by now, and the capture may be closed.
      this.log.debug(`The Holders view does not follow to event ${row} of ${capture}.`, String(error));
    }
  }

  /** The row of the reference or the mark, else that of the page; the selected one where several say the same. */
  private find(capture: string, place: CapturePlace): Row | null {
    const rows = this.rowsInSight(null).filter(({ node }) => node.id.startsWith(`${capture}/`));
    const ofPage = rows.filter(({ node }) => node.place?.pfn === place.pfn);
    const exact = ofPage.filter(
      ({ node: { kind, place: its } }) => (kind === 'reference' || kind === 'mark') && its?.row === place.row,
    );
    const pages = ofPage.filter(({ node: { kind } }) => kind === 'page' || kind === 'held-page');
    const found = exact.length > 0 && place.row !== null ? exact : pages;
    const selected = selectedRow(this.view)?.node.id;
    return found.find(({ node }) => node.id === selected) ?? found[0] ?? null;
  }

  private rowsInSight(parent: Row | null): readonly Row[] {
    return this.tree
      .knownChildren(parent)
      .flatMap((row) => [row, ...(this.isUnfolded(row) ? this.rowsInSight(row) : [])]);
  }

  private isUnfolded({ node }: Row): boolean {
    return node.hasChildren && (this.unfolded.get(node.id) ?? node.expanded);
  }

  private fold(row: Row | MoreRow, isUnfolded: boolean): void {
    if (!isMoreRow(row)) this.unfolded.set(row.node.id, isUnfolded);
  }
}
