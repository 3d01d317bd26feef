/**
 * Who allocated which page, as page_owner tells it (CONFIG_PAGE_OWNER, mm/page_owner.c): columns, one row an
 * allocation. It names the allocator, not the holder, and only the newest allocation of each page.
 *
 * Strings, tasks and stacks are ids in the capture's {@link SymbolTable}.
 */
export interface AllocationTable {
  /** Rows in use; the columns may be longer. Rows are in order of PFN, those of one PFN in order of time. */
  readonly length: number;
  /** First PFN of the allocation, or NONE where the text does not say it (dump_page() before 5.9). */
  readonly pfn: Float64Array;
  /** The allocation covers 2^order pages. */
  readonly order: Uint8Array;
  /** String id of the allocation's flags as printed, `0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)`, or NONE. */
  readonly gfpMask: Int32Array;
  /** Task id; pid -1 and an empty comm where the kernel is too old to record them (before 5.11 and 5.18). */
  readonly task: Int32Array;
  /** Thread group id, or ABSENT. */
  readonly tgid: Int32Array;
  /**
   * Time of the allocation in ns of the kernel's local clock, exact up to 104 days of uptime; NaN where the
   * kernel does not record it (before 5.11). A trace recorded with another clock differs by a constant (50 ms
   * against `mono` on one machine), which the mm_page_alloc events of the same pages tell. Migration takes the
   * record along to the new page: of a page with a {@link migrateReason} it is the time of the allocation
   * elsewhere, as are task and stack.
   */
  readonly time: Float64Array;
  /**
   * Time at which the page was last freed, in ns as {@link time}; 0 for never, NaN where unknown. Of a page that
   * is allocated it ended the life before. Of a migrated page it says nothing: __folio_copy_owner() of
   * mm/page_owner.c sets it to {@link time}.
   */
  readonly freeTime: Float64Array;
  /** String id of the migratetype that was asked for (`Movable`), or NONE. */
  readonly migratetype: Int32Array;
  /** String id of the page block's migratetype (`CMA`, `Isolate`), or NONE. */
  readonly blockType: Int32Array;
  /** {@link PageFlag} bits at the time of the dump. */
  readonly flags: Int32Array;
  /** Stack of the allocation, or NONE. */
  readonly stack: Int32Array;
  /** Stack of the newest free, or NONE: only dump_page() prints it. */
  readonly freeStack: Int32Array;
  /** 1 where page_owner tracks the page as freed: what the row says is its life before. */
  readonly isFreed: Uint8Array;
  /** String id of the last migrate reason; NONE if the page was never migrated. */
  readonly migrateReason: Int32Array;
  /** String id of who is charged, as printed: `to memcg name`, `(via objcg) to offline memcg name`; or NONE. */
  readonly memcg: Int32Array;
  /** Stack depot handle, or 0: stands for the stack where the dump was asked to print handles alone. */
  readonly handle: Uint32Array;
  /** Byte offset of the record in the (decompressed) file. */
  readonly offset: Float64Array;
  /** What the file says of stacks as a whole. */
  readonly totals: AllocationTotals;
}

/** Pages by stack, without their PFNs: page_owner_stacks/show_stacks, and what page_owner_sort printed. */
export interface AllocationTotals {
  readonly length: number;
  /** Stack id, or NONE where only the handle is printed. */
  readonly stack: Int32Array;
  /** Number of allocations (`stack_count:` of 6.9 and 6.10, `times` of page_owner_sort), or -1. */
  readonly allocations: Float64Array;
  /** Number of base pages (`nr_base_pages:` since 6.11, `pages` of page_owner_sort), or -1. */
  readonly pages: Float64Array;
  /** Stack depot handle, or 0. */
  readonly handle: Uint32Array;
  /** Byte offset in the (decompressed) file. */
  readonly offset: Float64Array;
}

/** Highest order that is looked for: MAX_PAGE_ORDER is 10, gigantic pages of arm64 with 64 kB pages have 18. */
export const HIGHEST_ORDER = 30;

/**
 * The row of the allocation that covers a page, or -1.
 *
 * page_owner prints only the first page of an allocation, and the buddy allocator aligns that page to the
 * allocation's size, so the few PFNs that can be the first one are looked up. When several allocations cover
 * the page (a part of one was freed and allocated anew), the smallest is the page's own.
 *
 * @param at time in ns of the kernel's local clock: the newest allocation not after it. Without it, the newest.
 */
export function findAllocation(table: AllocationTable, pfn: number, at = Infinity): number {
  if (!(pfn >= 0)) return -1;
  let previous = -1;
  for (let order = 0; order <= HIGHEST_ORDER; order++) {
    const first = pfn - (pfn % 2 ** order);
    if (first === previous) continue;
    previous = first;
    // All orders that begin here are looked at at once: later ones begin at the same PFN or further left.
    for (let row = lastRowOf(table, first); row >= 0 && table.pfn[row] === first; row--) {
      if (first + 2 ** table.order[row]! <= pfn || table.time[row]! > at) continue;
      return row;
    }
  }
  return -1;
}

/** The last row of the greatest PFN not above `pfn`, or -1. */
function lastRowOf(table: AllocationTable, pfn: number): number {
  let first = 0;
  let behind = table.length;
  while (first < behind) {
    const middle = (first + behind) >>> 1;
    if (table.pfn[middle]! <= pfn) first = middle + 1;
    else behind = middle;
  }
  return first - 1;
}
