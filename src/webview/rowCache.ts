/** Rows of the list that were asked for, in pages, and which are asked for next. */
import type { EventRow, EventWindow } from '../engine/eventProtocol';
import { Superseded } from './host';

/** Rows asked for at once: some screens. */
const PAGE = 200;
const KEPT_PAGES = 40;
/** A hand on the scrollbar passes over more pages than anybody reads. */
const MOST_AT_ONCE = 3;

type AskWindow = (start: number, end: number, signal: AbortSignal) => Promise<EventWindow>;

export class RowCache {
  private readonly pages = new Map<number, readonly EventRow[]>();
  private readonly asked = new Map<number, AbortController>();

  /**
   * @param ask for a window of rows
   * @param onRows is called when rows came
   * @param onFailure is called with what went wrong
   */
  constructor(
    private readonly ask: AskWindow,
    private readonly onRows: (window: EventWindow) => void,
    private readonly onFailure: (error: unknown) => void,
  ) {}

  /** A row by its place in the list; undefined where it is not there yet. */
  row(index: number): EventRow | undefined {
    return this.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Asks for what is missing of these rows, and no longer for others. */
  want(first: number, end: number): void {
    const firstPage = Math.floor(first / PAGE);
    const endPage = Math.min(Math.ceil(end / PAGE), firstPage + MOST_AT_ONCE);
    for (const [page, controller] of this.asked) {
      if (page < firstPage - 1 || page > endPage) controller.abort();
    }
    for (let page = firstPage; page < endPage; page++) {
      if (!this.pages.has(page) && !this.asked.has(page)) void this.load(page);
    }
  }

  /** Forgets all rows: they are others now. */
  clear(): void {
    for (const controller of this.asked.values()) controller.abort();
    this.asked.clear();
    this.pages.clear();
  }

  private async load(page: number): Promise<void> {
    const controller = new AbortController();
    this.asked.set(page, controller);
    try {
      const window = await this.ask(page * PAGE, (page + 1) * PAGE, controller.signal);
      if (controller.signal.aborted) return;
      this.pages.set(page, window.rows);
      if (this.pages.size > KEPT_PAGES) this.pages.delete(this.pages.keys().next().value!);
      this.onRows(window);
    } catch (error) {
      if (!(error instanceof Superseded)) this.onFailure(error);
    } finally {
      if (this.asked.get(page) === controller) this.asked.delete(page);
    }
  }
}
