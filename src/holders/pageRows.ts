import { EventKind, NONE, type EventTable } from '../capture/eventTable';
import { grown } from '../capture/growingColumn';

/** The table of pages begins small: it grows early then, and the loop that fills it is compiled with that in view. */
const FEW_PAGES = 1 << 4;
/**
 * Low PFNs are an index by themselves, up to so many an event, and those of the first 64 GB at most: that takes half the
 * time of a hash table. Of that memory the system hands out what is written to.
 */
const NEAR_PFNS_AN_EVENT = 8;
const MOST_NEAR_PFNS = 1 << 24;

/**
 * The rows of a capture by page: which rows speak of a PFN, in the order of the file.
 *
 * Each row leads to the one before it of the same page, so that the rows of a page are at hand without sorting those of
 * all others. Only events that tell of the reference count and the lifetime of a page are in it (page_ref,
 * page_pin_owner, mm_page_alloc and mm_page_free).
 *
 * Pages get dense numbers: those of low PFNs by an array, others by open addressing over typed arrays. A Map of numbers
 * costs 100 ns a lookup at a million pages, which would be a third of all analysis.
 */
export class PageRows {
  /** By PFN, the number of its page plus one; 0 where it has none. It grows as far as {@link nearEnd}. */
  private near = new Int32Array(0);
  private readonly nearEnd: number;
  /** PFN, and number of its page, in each slot of those that are further away; NONE where it is free. */
  private keys = new Float64Array(2 * FEW_PAGES).fill(NONE);
  private numbers = new Int32Array(2 * FEW_PAGES);
  private far = 0;
  /** PFN and last row of each page. */
  private pfns = new Float64Array(FEW_PAGES);
  private lasts = new Int32Array(FEW_PAGES);
  private used = 0;
  /** The row before it that speaks of the same page, for each row that speaks of one; NONE for the first. */
  private readonly previous: Int32Array;
  /** The rows that were asked for last. */
  private newest: Int32Array = new Int32Array(0);

  constructor(private readonly events: EventTable) {
    this.previous = new Int32Array(events.length);
    this.nearEnd = Math.min(MOST_NEAR_PFNS, NEAR_PFNS_AN_EVENT * events.length);
  }

  /**
   * Takes the rows from one up to another; all are taken in ascending order. A loop over millions of rows: it stays
   * small, so that it is compiled at once.
   *
   * @param pages filled with the number of each row's page, NONE for a row that speaks of none
   */
  take(from: number, to: number, pages: Int32Array): void {
    const { previous } = this;
    const { kind: kinds, pfn: pfns } = this.events;
    let { near, lasts } = this;
    for (let row = from; row < to; row++) {
      const kind = kinds[row]!;
      const pfn = pfns[row]!;
      if (kind === EventKind.Other || kind > EventKind.PageFreeBatched || pfn < 0) {
        pages[row - from] = NONE;
        continue;
      }
      let page = pfn < near.length ? near[pfn]! - 1 : this.pageBeyond(pfn);
      if (page !== NONE) previous[row] = lasts[page]!;
      else {
        page = this.addPage(pfn);
        ({ near, lasts } = this);
        previous[row] = NONE;
      }
      lasts[page] = row;
      pages[row - from] = page;
    }
  }

  /** How many pages have events; they are numbered from 0 in order of first appearance. */
  get length(): number {
    return this.used;
  }

  pfnOf(page: number): number {
    return this.pfns[page]!;
  }

  /** The last row of the page of a number. */
  lastOfPage(page: number): number {
    return this.lasts[page]!;
  }

  /** The number of a PFN's page, or NONE. */
  pageOf(pfn: number): number {
    if (pfn < 0) return NONE;
    return pfn < this.near.length ? this.near[pfn]! - 1 : this.pageBeyond(pfn);
  }

  /** The last row of a PFN, or NONE. */
  lastOf(pfn: number): number {
    const page = this.pageOf(pfn);
    return page === NONE ? NONE : this.lasts[page]!;
  }

  /** The row before one of a page that speaks of the same page, or NONE. */
  before(row: number): number {
    return this.previous[row]!;
  }

  /** Rows of a PFN, ascending; empty when no event speaks of it. Nobody may write to them. */
  of(pfn: number): Int32Array {
    const last = this.lastOf(pfn);
    // Several ask for those of one page in turn, and each step from row to row is a look into far memory.
    if (last === NONE || this.newest.at(-1) !== last) this.newest = this.upTo(last);
    return this.newest;
  }

  private upTo(last: number): Int32Array {
    let count = 0;
    for (let row = last; row !== NONE; row = this.previous[row]!) count++;
    const rows = new Int32Array(count);
    for (let row = last; row !== NONE; row = this.previous[row]!) rows[--count] = row;
    return rows;
  }

  /** The number of the page of a PFN that is not within {@link near}, or NONE. */
  private pageBeyond(pfn: number): number {
    const slot = this.slotOf(pfn);
    return this.keys[slot] === pfn ? this.numbers[slot]! : NONE;
  }

  private addPage(pfn: number): number {
    const page = this.used++;
    if (pfn < this.nearEnd) {
      if (pfn >= this.near.length) this.widenNear(pfn);
      this.near[pfn] = page + 1;
    } else {
      this.far++;
      if (2 * this.far > this.keys.length) this.widenSlots();
      this.fillSlot(pfn, page);
    }
    if (page === this.pfns.length) {
      this.pfns = grown(this.pfns, new Float64Array(2 * page));
      this.lasts = grown(this.lasts, new Int32Array(2 * page));
    }
    this.pfns[page] = pfn;
    return page;
  }

  private widenNear(pfn: number): void {
    const room = Math.min(this.nearEnd, 2 * (pfn + 1));
    this.near = grown(this.near, new Int32Array(room));
  }

  private fillSlot(pfn: number, page: number): void {
    const slot = this.slotOf(pfn);
    this.keys[slot] = pfn;
    this.numbers[slot] = page;
  }

  /** The slot of a PFN, or the free one where it belongs. */
  private slotOf(pfn: number): number {
    const { keys } = this;
    let slot = hashOf(pfn) & (keys.length - 1);
    while (keys[slot] !== pfn && keys[slot] !== NONE) slot = (slot + 1) & (keys.length - 1);
    return slot;
  }

  private widenSlots(): void {
    const { keys, numbers } = this;
    this.keys = new Float64Array(2 * keys.length).fill(NONE);
    this.numbers = new Int32Array(2 * keys.length);
    for (const [slot, pfn] of keys.entries()) if (pfn !== NONE) this.fillSlot(pfn, numbers[slot]!);
  }
}

/** PFNs have up to 52 bits: the upper ones tell NUMA nodes and hot-plugged memory apart. */
function hashOf(pfn: number): number {
  const mixed = Math.imul((pfn >>> 0) ^ Math.imul((pfn / 0x100000000) >>> 0, 0x85ebca6b), 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
