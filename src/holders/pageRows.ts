import { EventKind, NONE, type EventTable } from '../capture/eventTable';
import { ROWS_A_STEP } from '../capture/turns';

/**
 * The rows of a capture by page: which rows speak of a PFN, in the order of the file. Made once for a capture, by two
 * passes over the events, so that any page's events are at hand afterwards.
 *
 * Only events that tell of the reference count and the lifetime of a page are in it (page_ref, page_pin_owner,
 * mm_page_alloc and mm_page_free).
 */
export class PageRows {
  private constructor(
    private readonly pages: PfnTable,
    /** PFN of each page, in order of first appearance. */
    readonly pfns: Float64Array,
    /** Rows of page `p` are `rows[starts[p]]` up to `rows[starts[p + 1]]`. */
    private readonly starts: Int32Array,
    private readonly rows: Int32Array,
    private readonly pageOfRow: Int32Array,
  ) {}

  /** Made in steps of a few milliseconds. */
  static *of(events: EventTable): Generator<void, PageRows> {
    const pages = new PfnTable();
    const counts = new GrowingCounts();
    const pageOfRow = new Int32Array(events.length);
    for (let row = 0; row < events.length; row++) {
      if (row % ROWS_A_STEP === 0) yield;
      const pfn = events.pfn[row]!;
      if (pfn < 0 || !tellsOfPage(events.kind[row]!)) {
        pageOfRow[row] = NONE;
        continue;
      }
      const page = pages.add(pfn);
      pageOfRow[row] = page;
      counts.increment(page);
    }
    const pfns = pages.pfns();
    const starts = counts.starts(pfns.length);
    return new PageRows(pages, pfns, starts, yield* rowsInOrder(pageOfRow, starts), pageOfRow);
  }

  /** How many PFNs have events. */
  get length(): number {
    return this.pfns.length;
  }

  /** The last row of the page at an index of {@link pfns}. */
  lastOf(page: number): number {
    return this.rows[this.starts[page + 1]! - 1]!;
  }

  /** The index in {@link pfns} of the page that a row speaks of, or NONE for events that are not in here. */
  pageAt(row: number): number {
    return this.pageOfRow[row]!;
  }

  /** Rows of a PFN, ascending; empty when no event speaks of it. */
  of(pfn: number): Int32Array {
    const page = this.pages.find(pfn);
    return page === NONE ? NO_ROWS : this.rows.subarray(this.starts[page], this.starts[page + 1]);
  }
}

const NO_ROWS = new Int32Array(0);

function tellsOfPage(kind: number): boolean {
  return kind > EventKind.Other && kind <= EventKind.PageFreeBatched;
}

function* rowsInOrder(pageOfRow: Int32Array, starts: Int32Array): Generator<void, Int32Array> {
  const next = starts.slice();
  const rows = new Int32Array(starts[starts.length - 1]!);
  for (let row = 0; row < pageOfRow.length; row++) {
    if (row % ROWS_A_STEP === 0) yield;
    const page = pageOfRow[row]!;
    if (page !== NONE) rows[next[page]!++] = row;
  }
  return rows;
}

/** Counts per page that grow with the number of pages. */
class GrowingCounts {
  private counts = new Int32Array(1 << 10);

  increment(page: number): void {
    if (page >= this.counts.length) {
      const grown = new Int32Array(this.counts.length * 2);
      grown.set(this.counts);
      this.counts = grown;
    }
    this.counts[page]!++;
  }

  /** Where each page's rows begin, and behind the last where they end. */
  starts(pages: number): Int32Array {
    const starts = new Int32Array(pages + 1);
    for (let page = 0; page < pages; page++) starts[page + 1] = starts[page]! + this.counts[page]!;
    return starts;
  }
}

/**
 * Dense numbers for PFNs. Open addressing over typed arrays: a Map of numbers costs 100 ns a lookup at a million
 * pages, which would be a third of all analysis.
 */
class PfnTable {
  private slots = new Int32Array(1 << 11).fill(NONE);
  private values = new Float64Array(1 << 10);
  private length = 0;

  add(pfn: number): number {
    const slot = this.slotOf(pfn);
    const known = this.slots[slot]!;
    if (known !== NONE) return known;
    const page = this.length++;
    this.values[page] = pfn;
    this.slots[slot] = page;
    if (this.length === this.values.length) this.grow();
    return page;
  }

  /** The number of a PFN, or NONE. */
  find(pfn: number): number {
    return this.slots[this.slotOf(pfn)]!;
  }

  pfns(): Float64Array {
    return this.values.slice(0, this.length);
  }

  private slotOf(pfn: number): number {
    const mask = this.slots.length - 1;
    // PFNs have up to 52 bits: the upper ones tell NUMA nodes and hot-plugged memory apart.
    const mixed = Math.imul((pfn >>> 0) ^ Math.imul((pfn / 0x100000000) >>> 0, 0x85ebca6b), 0x9e3779b1);
    let slot = (mixed ^ (mixed >>> 15)) & mask;
    for (;;) {
      const page = this.slots[slot]!;
      if (page === NONE || this.values[page] === pfn) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private grow(): void {
    const values = new Float64Array(this.values.length * 2);
    values.set(this.values);
    this.values = values;
    this.slots = new Int32Array(values.length * 2).fill(NONE);
    for (let page = 0; page < this.length; page++) this.slots[this.slotOf(values[page]!)] = page;
  }
}
