/** What a page_owner dump says of memory as a whole: its allocations by stack, those with most pages first. */
import type { AllocationTable } from '../capture/allocationTable';
import { NONE } from '../capture/eventTable';

/** Allocations with one stack. Ids are those of the capture's symbols. */
export interface AllocationGroup {
  /** Stack id, or NONE. */
  readonly stack: number;
  /** Stack depot handle where the dump prints handles in place of stacks, else 0. */
  readonly handle: number;
  /** -1 where the file does not say. */
  readonly allocations: number;
  readonly pages: number;
  /** Rows of the table, in order of PFN; empty where the file has sums alone. */
  readonly rows: readonly number[];
}

/** A value of a column with how many pages have it. */
interface Share {
  readonly value: number;
  readonly pages: number;
  readonly allocations: number;
}

/** Groups of the pages that were allocated when the dump was read; records of freed pages are left out. */
export function groupAllocations(allocations: AllocationTable): readonly AllocationGroup[] {
  const groups = [...recordGroups(allocations), ...totalGroups(allocations)];
  return groups.sort((a, b) => b.pages - a.pages || b.allocations - a.allocations);
}

/** How the pages of some rows divide by a column, most pages first. */
export function sharesOf(
  allocations: AllocationTable,
  rows: readonly number[],
  column: ArrayLike<number>,
): readonly Share[] {
  const shares = new Map<number, { value: number; pages: number; allocations: number }>();
  for (const row of rows) {
    const value = column[row]!;
    const share = shares.get(value) ?? { value, pages: 0, allocations: 0 };
    share.pages += 2 ** allocations.order[row]!;
    share.allocations++;
    shares.set(value, share);
  }
  return [...shares.values()].sort((a, b) => b.pages - a.pages);
}

function recordGroups(allocations: AllocationTable): readonly AllocationGroup[] {
  const { length, stack, handle, order, isFreed } = allocations;
  const groups = new Map<string, { stack: number; handle: number; pages: number; rows: number[] }>();
  for (let row = 0; row < length; row++) {
    if (isFreed[row] === 1) continue;
    const key = stack[row] === NONE ? `h${handle[row]}` : String(stack[row]);
    let group = groups.get(key);
    if (group === undefined) {
      group = { stack: stack[row]!, handle: handle[row]!, pages: 0, rows: [] };
      groups.set(key, group);
    }
    group.pages += 2 ** order[row]!;
    group.rows.push(row);
  }
  return [...groups.values()].map((group) => ({ ...group, allocations: group.rows.length }));
}

/** show_stacks and page_owner_sort print sums without PFNs. */
function totalGroups({ totals }: AllocationTable): readonly AllocationGroup[] {
  return Array.from({ length: totals.length }, (_, row) => ({
    stack: totals.stack[row]!,
    handle: totals.handle[row]!,
    allocations: totals.allocations[row]!,
    pages: totals.pages[row]!,
    rows: [],
  }));
}
