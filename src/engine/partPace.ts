/**
 * When to analyse what was read so far. Each analysis begins anew, so they are spaced: one when there are twice as
 * many rows as at the last, up to the half of the file, which all together cost less than one analysis of the whole;
 * and others between as long as all together take a small share of the time since reading began, so that a long file does not stand still.
 * Until a page is found that failed to move they do not wait for each other: it is what everyone waits for, and the first
 * one of a big recording was among its first hundredth.
 */

/** Of the time since reading began. */
const LARGEST_SHARE = 0.1;
/** Nobody reads rows that change more often, in ms. */
const SHORTEST_INTERVAL = 300;
/** Fewer rows are not worth an analysis of their own. */
const FIRST_ROWS = 1000;

export class PartPace {
  private readonly begun: number;
  private spent = 0;
  private lastEnd = -Infinity;
  private lastRows = 0;
  private lastCost = 0;
  private hasFoundPages = false;

  /** @param now the time in ms */
  constructor(private readonly now: () => number = () => performance.now()) {
    this.begun = now();
  }

  /** Whether an analysis of `rows` rows may begin now, which are from `part` (0 to 1) of the file. */
  isDue(rows: number, part: number): boolean {
    if (rows < FIRST_ROWS || rows === this.lastRows) return false;
    const now = this.now();
    if (this.lastRows === 0) return true;
    if (this.hasFoundPages && now - this.lastEnd < SHORTEST_INTERVAL) return false;
    if (part <= 0.5 && rows >= 2 * this.lastRows) return true;
    if (now - this.lastEnd < SHORTEST_INTERVAL) return false;
    const expected = this.lastCost * (rows / this.lastRows);
    return this.spent + expected <= LARGEST_SHARE * (now - this.begun);
  }

  /** An analysis of `rows` rows ended, begun at `start`; `hasFoundPages` says whether it has found any. */
  took(rows: number, start: number, hasFoundPages: boolean): void {
    this.hasFoundPages = hasFoundPages;
    this.lastEnd = this.now();
    this.lastRows = rows;
    this.lastCost = this.lastEnd - start;
    this.spent += this.lastCost;
  }
}
