/**
 * Scrolling through more rows than a page can be high. Browsers cut elements at some 33.5 million pixels (Chromium:
 * LayoutUnit, 2^31 / 64), which is 1.5 million rows: beyond {@link HIGHEST} the scrollbar moves over a shorter way
 * than the list, while wheel and keys still move by pixels and rows.
 */
export const HIGHEST = 8_000_000;

export class LongScroll {
  /** Pixels of the list above the view. */
  private offset = 0;
  /** Where the list was left, as long as nobody moved it since: it may be behind what there is of the list by now. */
  private leftAt: number | null = null;
  private rows = 0;
  private viewHeight = 0;

  constructor(private readonly rowHeight: number) {}

  get height(): number {
    return this.rows * this.rowHeight;
  }

  get top(): number {
    return this.offset;
  }

  /** Pixels of the list above the view once all of it is there. */
  get place(): number {
    return this.leftAt ?? this.offset;
  }

  /** Whether it follows the place where it was left. */
  get isRestored(): boolean {
    return this.leftAt !== null;
  }

  /** Height of what the scrollbar moves over. */
  get barHeight(): number {
    return Math.min(this.height, HIGHEST);
  }

  /** Where the scrollbar stands, in pixels of {@link barHeight}. */
  get barTop(): number {
    const way = this.height - this.viewHeight;
    return way <= 0 ? 0 : (this.offset / way) * (this.barHeight - this.viewHeight);
  }

  /** The first row of which something is seen, and the first behind those that are. */
  get seen(): { readonly first: number; readonly end: number } {
    const first = Math.floor(this.offset / this.rowHeight);
    const end = Math.min(this.rows, Math.ceil((this.offset + this.viewHeight) / this.rowHeight));
    return { first, end };
  }

  /** Rows that are seen whole. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.viewHeight / this.rowHeight));
  }

  resize(rows: number, viewHeight: number): void {
    this.rows = rows;
    this.viewHeight = viewHeight;
    this.offset = this.within(this.place);
  }

  /** Goes where it was left as soon as the list is that long, unless it is moved until then; null for nowhere. */
  restore(place: number | null): void {
    this.leftAt = place;
    this.offset = this.within(this.place);
  }

  moveTo(offset: number): void {
    this.leftAt = null;
    this.offset = this.within(offset);
  }

  moveBar(barTop: number): void {
    const barWay = this.barHeight - this.viewHeight;
    this.moveTo(barWay <= 0 ? 0 : (barTop / barWay) * (this.height - this.viewHeight));
  }

  /** As little as brings a row into view; into its middle where it is far away. */
  reveal(row: number): void {
    this.leftAt = null;
    const top = row * this.rowHeight;
    const bottom = top + this.rowHeight;
    const isFar = bottom < this.offset - this.viewHeight || top > this.offset + 2 * this.viewHeight;
    if (isFar) this.moveTo(top - (this.viewHeight - this.rowHeight) / 2);
    else if (top < this.offset) this.moveTo(top);
    else if (bottom > this.offset + this.viewHeight) this.moveTo(bottom - this.viewHeight);
  }

  /** As {@link reveal}, with what is around the row: in the middle, below whole rows, unless it is in view. */
  revealInMiddle(row: number): void {
    this.leftAt = null;
    const top = row * this.rowHeight;
    const isSeen = top >= this.offset && top + this.rowHeight <= this.offset + this.viewHeight;
    const above = Math.floor((this.viewHeight / this.rowHeight - 1) / 2);
    if (!isSeen) this.moveTo(top - above * this.rowHeight);
  }

  private within(offset: number): number {
    return Math.max(0, Math.min(offset, this.height - this.viewHeight));
  }
}
