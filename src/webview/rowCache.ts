/** Rows of the list that were asked for, in pages, and which are asked for next. */
import type { EventRow, EventWindow } from '../engine/eventProtocol';

/** Rows asked for at once: some screens. */
const PAGE = 200;
const KEPT_PAGES = 40;
/** A hand on the scrollbar passes over more pages than anybody reads. */
const MOST_AT_ONCE = 3;

type AskWindow = (start: number, end: number, signal: AbortSignal) => Promise<EventWindow>;

export class RowCache {
  private readonly pages = new Map<number, readonly EventRow[]>();
  private readonly asked = new Map<number, AbortController>();
  /** First of the rows that were wanted last, and which way those before had moved to get there. */
  private first = 0;
  private step: 1 | -1 = 1;
  /** How many rows there are, as far as answers told. */
  private total = 0;

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

  /** Asks for what is missing of these rows, and no longer for others; then for those that scrolling on comes to. */
  want(first: number, end: number): void {
    if (first !== this.first) this.step = first > this.first ? 1 : -1;
    this.first = first;
    const firstPage = Math.floor(first / PAGE);
    const endPage = Math.min(Math.ceil(end / PAGE), firstPage + MOST_AT_ONCE);
    for (const [page, controller] of this.asked) {
      if (page < firstPage - 1 || page > endPage) controller.abort();
    }
    for (let page = firstPage; page < endPage; page++) this.wantPage(page);
    if (this.hasAll(firstPage, endPage)) this.wantAhead(this.step > 0 ? endPage : firstPage - 1);
  }

  private hasAll(firstPage: number, endPage: number): boolean {
    for (let page = firstPage; page < endPage; page++) if (!this.pages.has(page)) return false;
    return true;
  }

  /** An answer takes longer than a frame: rows that are asked for once they are seen are blank for some. */
  private wantAhead(page: number): void {
    if (page >= 0 && page * PAGE < this.total) this.wantPage(page);
  }

  private wantPage(page: number): void {
    if (!this.pages.has(page) && !this.asked.has(page)) void this.load(page);
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
      this.total = window.shown;
      if (this.pages.size > KEPT_PAGES) this.pages.delete(this.pages.keys().next().value!);
      this.onRows(window);
    } catch (error) {
      if (!controller.signal.aborted) this.onFailure(error);
    } finally {
      if (this.asked.get(page) === controller) this.asked.delete(page);
    }
  }
}
