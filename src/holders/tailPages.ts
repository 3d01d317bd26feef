import { ABSENT, EventKind, PageFlag, type EventTable } from '../capture/eventTable';
import type { CaptureIndex } from './captureIndex';
import { isFree, isPageRef, reachesZero, setsCount } from './countChange';
import { firstBehind } from './lives';

/** Rows between which a PFN was the tail of a larger allocation. */
interface Cover {
  readonly head: number;
  readonly from: number;
  to: number;
}

/** PFNs at which an allocation may begin that has a PFN for a tail: blocks begin at a multiple of their size (mm/page_alloc.c). */
export function* headsBefore(pfn: number, largestOrder: number): Generator<number, void> {
  let last = pfn;
  for (let order = 1; order <= largestOrder; order++) {
    const head = pfn - (pfn % 2 ** order);
    if (head !== last) yield head;
    last = head;
  }
}

/**
 * Tells whose refcount counts for a PFN: tail pages have none, it is that of the head of the allocation that covers
 * them. The last reference to the head ends all of it, also where mm_page_free is not recorded (mm/swap.c, __put_page). A
 * tail that has events of its own since then was split off.
 */
export class TailPages {
  private readonly known = new Map<
    number,
    { readonly covers: readonly Cover[]; readonly ownRows: Int32Array }
  >();

  constructor(
    private readonly events: EventTable,
    private readonly index: Pick<CaptureIndex, 'rows' | 'largestOrder'>,
  ) {}

  /** The PFN of the head that covers a PFN at a row, or the PFN itself. */
  headOf(pfn: number, row: number): number {
    if (this.index.largestOrder <= 0) return pfn;
    let page = this.known.get(pfn);
    if (page === undefined) {
      const covers = this.coversOf(pfn);
      page = { covers, ownRows: covers.length === 0 ? NO_ROWS : this.ownRowsOf(pfn) };
      this.known.set(pfn, page);
    }
    const cover = page.covers.findLast(({ from, to }) => from < row && row <= to);
    if (cover === undefined) return pfn;
    const { ownRows } = page;
    const behind = firstBehind(ownRows, row);
    const isSplit = behind > 0 && ownRows[behind - 1]! > cover.from;
    return isSplit ? pfn : cover.head;
  }

  private coversOf(pfn: number): Cover[] {
    const covers: Cover[] = [];
    for (const head of headsBefore(pfn, this.index.largestOrder)) this.addCovers(covers, head, pfn);
    return covers.sort((a, b) => a.from - b.from);
  }

  private addCovers(found: Cover[], head: number, pfn: number): void {
    const { kind, order } = this.events;
    let isLarge = false;
    let open: Cover | null = null;
    for (const row of this.index.rows.of(head)) {
      const isAllocation = kind[row] === EventKind.PageAlloc;
      const isGivenBack = isFree(kind[row]!);
      if (isAllocation || isGivenBack || reachesZero(this.events, row)) {
        if (open !== null) open.to = row;
        open = null;
      }
      if (isAllocation || isGivenBack) isLarge = isAllocation && head + 2 ** order[row]! > pfn;
      if (!isLarge || open !== null) continue;
      if (!isAllocation && !this.isHeadAgain(row)) continue;
      open = { head, from: row, to: Infinity };
      found.push(open);
    }
  }

  /**
   * Whether a page that nobody had is in use again as the head that it was. Pages of hugetlb stay one where they go back
   * to their pool and come out of it (mm/hugetlb.c), which no event of the page allocator tells.
   */
  private isHeadAgain(row: number): boolean {
    const flags = this.events.flags[row]!;
    const isTaken = setsCount(this.events, row) || this.events.kind[row] === EventKind.PageRefUnfreeze;
    return isTaken && flags !== ABSENT && (flags & PageFlag.head) !== 0;
  }

  private ownRowsOf(pfn: number): Int32Array {
    return this.index.rows.of(pfn).filter((row) => isPageRef(this.events.kind[row]!));
  }
}

const NO_ROWS = new Int32Array(0);
