import type { AllocationTable, AllocationTotals } from './allocationTable';
import { ABSENT, NONE } from './eventTable';
import { grown, type Column } from './growingColumn';

/** Growing columns of {@link AllocationTotals}. */
class AllocationTotalsBuilder implements AllocationTotals {
  length = 0;
  stack = new Int32Array(0);
  allocations = new Float64Array(0);
  pages = new Float64Array(0);
  handle = new Uint32Array(0);
  offset = new Float64Array(0);

  /** Adds a row and returns its number. */
  append(stack: number, allocations: number, pages: number, handle: number, offset: number): number {
    const row = this.length++;
    if (row === this.stack.length) this.grow(Math.max(256, row * 2));
    this.stack[row] = stack;
    this.allocations[row] = allocations;
    this.pages[row] = pages;
    this.handle[row] = handle;
    this.offset[row] = offset;
    return row;
  }

  private grow(capacity: number): void {
    this.stack = grown(this.stack, new Int32Array(capacity));
    this.allocations = grown(this.allocations, new Float64Array(capacity));
    this.pages = grown(this.pages, new Float64Array(capacity));
    this.handle = grown(this.handle, new Uint32Array(capacity));
    this.offset = grown(this.offset, new Float64Array(capacity));
  }
}

/**
 * Growing columns of {@link AllocationTable}, 78 bytes a row. Readers append a row and write the cells that they
 * know straight into the columns; every other cell says "absent". Columns are replaced when they grow: never
 * keep one across an `append`.
 */
export class AllocationTableBuilder implements AllocationTable {
  length = 0;
  pfn = new Float64Array(0);
  order = new Uint8Array(0);
  gfpMask = new Int32Array(0);
  task = new Int32Array(0);
  tgid = new Int32Array(0);
  time = new Float64Array(0);
  freeTime = new Float64Array(0);
  migratetype = new Int32Array(0);
  blockType = new Int32Array(0);
  flags = new Int32Array(0);
  stack = new Int32Array(0);
  freeStack = new Int32Array(0);
  isFreed = new Uint8Array(0);
  migrateReason = new Int32Array(0);
  memcg = new Int32Array(0);
  handle = new Uint32Array(0);
  offset = new Float64Array(0);
  readonly totals = new AllocationTotalsBuilder();

  /** Adds a row and returns its number. */
  append(pfn: number, order: number, task: number, offset: number): number {
    const row = this.length;
    if (row === this.pfn.length) this.grow(Math.max(1024, row * 2));
    this.length = row + 1;
    this.pfn[row] = pfn;
    this.order[row] = order;
    this.gfpMask[row] = NONE;
    this.task[row] = task;
    this.tgid[row] = ABSENT;
    this.time[row] = NaN;
    this.freeTime[row] = NaN;
    this.migratetype[row] = NONE;
    this.blockType[row] = NONE;
    this.flags[row] = 0;
    this.stack[row] = NONE;
    this.freeStack[row] = NONE;
    this.isFreed[row] = 0;
    this.migrateReason[row] = NONE;
    this.memcg[row] = NONE;
    this.handle[row] = 0;
    this.offset[row] = offset;
    return row;
  }

  /** Puts the rows in order of PFN, then of time. The kernel prints them so; other files may not. */
  sort(): void {
    const { pfn, time, length } = this;
    // Unknown times come first: no order could be told for them among the others.
    const timeOf = (row: number): number => (Number.isNaN(time[row]!) ? -1 : time[row]!);
    const compare = (a: number, b: number): number => pfn[a]! - pfn[b]! || timeOf(a) - timeOf(b) || a - b;
    let row = 1;
    while (row < length && compare(row - 1, row) < 0) row++;
    if (row >= length) return;
    const order = Uint32Array.from({ length }, (_, index) => index).sort(compare);
    this.replace(length, (column, into) => picked(column, order, into));
  }

  private grow(capacity: number): void {
    this.replace(capacity, grown);
  }

  /** Every column anew, of `capacity` rows, filled by `fill` from the one before. */
  private replace(capacity: number, fill: <T extends Column>(column: T, into: T) => T): void {
    this.pfn = fill(this.pfn, new Float64Array(capacity));
    this.order = fill(this.order, new Uint8Array(capacity));
    this.gfpMask = fill(this.gfpMask, new Int32Array(capacity));
    this.task = fill(this.task, new Int32Array(capacity));
    this.tgid = fill(this.tgid, new Int32Array(capacity));
    this.time = fill(this.time, new Float64Array(capacity));
    this.freeTime = fill(this.freeTime, new Float64Array(capacity));
    this.migratetype = fill(this.migratetype, new Int32Array(capacity));
    this.blockType = fill(this.blockType, new Int32Array(capacity));
    this.flags = fill(this.flags, new Int32Array(capacity));
    this.stack = fill(this.stack, new Int32Array(capacity));
    this.freeStack = fill(this.freeStack, new Int32Array(capacity));
    this.isFreed = fill(this.isFreed, new Uint8Array(capacity));
    this.migrateReason = fill(this.migrateReason, new Int32Array(capacity));
    this.memcg = fill(this.memcg, new Int32Array(capacity));
    this.handle = fill(this.handle, new Uint32Array(capacity));
    this.offset = fill(this.offset, new Float64Array(capacity));
  }
}

function picked<T extends Column>(column: T, order: Uint32Array, into: T): T {
  for (let row = 0; row < order.length; row++) into[row] = column[order[row]!]!;
  return into;
}
