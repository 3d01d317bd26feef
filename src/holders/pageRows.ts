import { EventKind, NONE } from '../capture/eventTable';
import { grown } from '../capture/growingColumn';

/**
 * The rows of a capture by page: which rows speak of a PFN, in the order of the file.
 *
 * Each row leads to the one before it of the same page, so that the rows of a page are at hand without sorting those of
 * all others. Only events that tell of the reference count and the lifetime of a page are in it (page_ref,
 * page_pin_owner, mm_page_alloc and mm_page_free).
 */
export class PageRows {
  private readonly pages = new PfnTable();
  /** The row before it that speaks of the same page, for each row that speaks of one; NONE for the first. */
  private readonly previous: Int32Array;
  /** The last row of each page. */
  private lasts = new Int32Array(1 << 10);

  /** @param rows how many rows the capture has */
  constructor(rows: number) {
    this.previous = new Int32Array(rows);
  }

  /**
   * Takes a row that speaks of a page; rows are taken in ascending order.
   *
   * @returns the number of the page
   */
  add(row: number, pfn: number): number {
    const before = this.pages.length;
    const page = this.pages.add(pfn);
    if (page === this.lasts.length) this.lasts = grown(this.lasts, new Int32Array(page * 2));
    this.previous[row] = page === before ? NONE : this.lasts[page]!;
    this.lasts[page] = row;
    return page;
  }

  /** How many pages have events; they are numbered from 0 in order of first appearance. */
  get length(): number {
    return this.pages.length;
  }

  pfnOf(page: number): number {
    return this.pages.pfnOf(page);
  }

  /** The last row of the page of a number. */
  lastOf(page: number): number {
    return this.lasts[page]!;
  }

  /** Rows of a PFN, ascending; empty when no event speaks of it. */
  of(pfn: number): Int32Array {
    const page = this.pages.find(pfn);
    if (page === NONE) return new Int32Array(0);
    let count = 0;
    for (let row = this.lasts[page]!; row !== NONE; row = this.previous[row]!) count++;
    const rows = new Int32Array(count);
    for (let row = this.lasts[page]!; row !== NONE; row = this.previous[row]!) rows[--count] = row;
    return rows;
  }
}

/** Whether an event tells of a page's references, its allocation or its free. */
export function tellsOfPage(kind: number): boolean {
  return kind > EventKind.Other && kind <= EventKind.PageFreeBatched;
}

/**
 * Dense numbers for PFNs. Open addressing over typed arrays: a Map of numbers costs 100 ns a lookup at a million
 * pages, which would be a third of all analysis.
 */
class PfnTable {
  /** PFN and number in each slot; NONE where it is free. */
  private keys = new Float64Array(1 << 11).fill(NONE);
  private numbers = new Int32Array(1 << 11);
  private pfns = new Float64Array(1 << 10);
  private used = 0;

  get length(): number {
    return this.used;
  }

  add(pfn: number): number {
    const slot = this.slotOf(pfn);
    if (this.keys[slot] === pfn) return this.numbers[slot]!;
    const page = this.used++;
    this.keys[slot] = pfn;
    this.numbers[slot] = page;
    this.pfns[page] = pfn;
    if (this.used === this.pfns.length) this.grow();
    return page;
  }

  /** The number of a PFN, or NONE. */
  find(pfn: number): number {
    const slot = this.slotOf(pfn);
    return this.keys[slot] === pfn ? this.numbers[slot]! : NONE;
  }

  pfnOf(page: number): number {
    return this.pfns[page]!;
  }

  /** The slot of a PFN, or the free one where it belongs. */
  private slotOf(pfn: number): number {
    const { keys } = this;
    const mask = keys.length - 1;
    // PFNs have up to 52 bits: the upper ones tell NUMA nodes and hot-plugged memory apart.
    const mixed = Math.imul((pfn >>> 0) ^ Math.imul((pfn / 0x100000000) >>> 0, 0x85ebca6b), 0x9e3779b1);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    while (keys[slot] !== pfn && keys[slot] !== NONE) slot = (slot + 1) & mask;
    return slot;
  }

  private grow(): void {
    this.pfns = grown(this.pfns, new Float64Array(this.used * 2));
    this.keys = new Float64Array(this.used * 4).fill(NONE);
    this.numbers = new Int32Array(this.used * 4);
    for (let page = 0; page < this.used; page++) {
      const slot = this.slotOf(this.pfns[page]!);
      this.keys[slot] = this.pfns[page]!;
      this.numbers[slot] = page;
    }
  }
}
