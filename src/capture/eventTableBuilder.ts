import { ABSENT, NONE, NO_DETAILS, type EventDetails, type EventKind, type EventTable } from './eventTable';
import { grown, type Column } from './growingColumn';
import type { ClearMemory } from './otherThreads';

/** Growing columns of {@link EventDetails}. A new row holds only absent values. */
class EventDetailsBuilder implements EventDetails {
  length = 0;
  endPfn = new Float64Array(0);
  finPfn = new Float64Array(0);
  pages = new Int32Array(0);
  failed = new Int32Array(0);
  isolateFailed = new Int32Array(0);
  testFailed = new Int32Array(0);
  pins = new Int32Array(0);
  isMapcountPart = new Uint8Array(0);
  error = new Int32Array(0);
  reason = new Int32Array(0);
  label = new Int32Array(0);
  result = new Int32Array(0);

  constructor() {
    // The row NO_DETAILS.
    this.append();
  }

  /** Adds a row and returns its number. */
  append(): number {
    const row = this.length;
    if (row === this.endPfn.length) this.grow(Math.max(16, row * 2));
    this.length = row + 1;
    this.endPfn[row] = this.finPfn[row] = NONE;
    this.pages[row] = this.failed[row] = this.error[row] = ABSENT;
    this.isolateFailed[row] = this.testFailed[row] = this.pins[row] = ABSENT;
    this.isMapcountPart[row] = 0;
    this.reason[row] = this.label[row] = this.result[row] = NONE;
    return row;
  }

  private grow(capacity: number): void {
    this.endPfn = grown(this.endPfn, new Float64Array(capacity));
    this.finPfn = grown(this.finPfn, new Float64Array(capacity));
    this.pages = grown(this.pages, new Int32Array(capacity));
    this.failed = grown(this.failed, new Int32Array(capacity));
    this.isolateFailed = grown(this.isolateFailed, new Int32Array(capacity));
    this.testFailed = grown(this.testFailed, new Int32Array(capacity));
    this.pins = grown(this.pins, new Int32Array(capacity));
    this.isMapcountPart = grown(this.isMapcountPart, new Uint8Array(capacity));
    this.error = grown(this.error, new Int32Array(capacity));
    this.reason = grown(this.reason, new Int32Array(capacity));
    this.label = grown(this.label, new Int32Array(capacity));
    this.result = grown(this.result, new Int32Array(capacity));
  }
}

/**
 * Columns of {@link BATCH_PART} rows or a multiple of it, of which some are added together. They have no details.
 */
export interface EventBatch extends Omit<EventTable, 'length' | 'detail' | 'details' | 'offset'> {
  readonly offsetLow: Uint32Array;
  /** All zero in files below 4 GB. */
  readonly offsetHigh: Uint16Array;
}

/** What a batch has room for is a multiple of so many rows. */
export const BATCH_PART = 64;

const TWO_32 = 2 ** 32;

/**
 * Most rows made blank at a time: as many as fit into the processor's nearest caches, 16 columns of them in 60 kB.
 */
const BLANK_ROWS = 1024;

/**
 * Growing columns of {@link EventTable}, 64 bytes a row. Readers append a row and write the cells that they
 * know straight into the columns; every other cell says "absent". Columns are replaced when they grow:
 * never keep one across an `append`.
 *
 * Columns double, and only rows about to be used are written to: the unused half of a large column is then
 * memory that the system has not handed out yet. Nor is what stays zero in nearly every row: `detail` and the upper
 * half of offsets. The page faults of the first write cost more than all else that is done with a cell: half a
 * millisecond a megabyte.
 */
export class EventTableBuilder implements EventTable {
  length = 0;
  time = new Float64Array(0);
  cpu = new Uint16Array(0);
  task = new Int32Array(0);
  kind = new Uint8Array(0);
  name = new Int32Array(0);
  pfn = new Float64Array(0);
  flags = new Int32Array(0);
  count = new Int32Array(0);
  mapcount = new Int32Array(0);
  val = new Int32Array(0);
  ret = new Int32Array(0);
  mapping = new Uint8Array(0);
  migratetype = new Int8Array(0);
  order = new Int8Array(0);
  stack = new Int32Array(0);
  detail = new Int32Array(0);
  /** Lower 32 bits of the offset, and the 16 bits above. */
  offsetLow = new Uint32Array(0);
  offsetHigh = new Uint16Array(0);
  readonly details = new EventDetailsBuilder();
  /** Up to here the rows behind the newest one say "absent" in every cell. */
  private blankEnd = 0;
  /** How many are made blank next: few behind a batch, as another one may follow. */
  private blankRows = BLANK_ROWS;
  /** The first row that another thread is clearing: nothing written from there on would be sure to stay. */
  private clearedFrom = Infinity;

  /** Rows that there is room for. */
  get capacity(): number {
    return this.time.length;
  }

  /** Adds a row and returns its number. `time` and `offset` as in {@link EventTable}. */
  append(time: number, cpu: number, task: number, kind: EventKind, name: number, offset: number): number {
    const row = this.appendBlank();
    this.time[row] = time;
    this.cpu[row] = cpu;
    this.task[row] = task;
    this.kind[row] = kind;
    this.name[row] = name;
    this.setOffset(row, offset);
    return row;
  }

  /**
   * Adds a row and returns its number. The caller writes what {@link append} takes as arguments: fractions and
   * large numbers as arguments are each put into an object of their own.
   */
  appendBlank(): number {
    const row = this.length;
    if (row === this.blankEnd) this.addBlankRows();
    this.length = row + 1;
    return row;
  }

  /**
   * Adds the first `rows` rows of a batch, with the upper half of offsets where `hasHighOffsets`. What else the batch has is
   * written behind them, and counts for nothing: views of the very rows would be half of the work, and garbage.
   */
  appendBatch(batch: EventBatch, rows: number, hasHighOffsets: boolean): void {
    const row = this.length;
    const written = row + batch.time.length;
    if (written > this.time.length) this.grow(Math.max(written, row * 2));
    else if (written > this.clearedFrom) this.grow(this.time.length);
    this.time.set(batch.time, row);
    this.cpu.set(batch.cpu, row);
    this.task.set(batch.task, row);
    this.kind.set(batch.kind, row);
    this.name.set(batch.name, row);
    this.pfn.set(batch.pfn, row);
    this.flags.set(batch.flags, row);
    this.count.set(batch.count, row);
    this.mapcount.set(batch.mapcount, row);
    this.val.set(batch.val, row);
    this.ret.set(batch.ret, row);
    this.mapping.set(batch.mapping, row);
    this.migratetype.set(batch.migratetype, row);
    this.order.set(batch.order, row);
    this.stack.set(batch.stack, row);
    this.offsetLow.set(batch.offsetLow, row);
    if (hasHighOffsets) this.offsetHigh.set(batch.offsetHigh.subarray(0, rows), row);
    this.length = this.blankEnd = row + rows;
    this.blankRows = 1;
  }

  offset(row: number): number {
    return this.offsetHigh[row]! * TWO_32 + this.offsetLow[row]!;
  }

  /** Once for each row: its upper half must be zero before, so that it is left alone in files below 4 GB. */
  setOffset(row: number, offset: number): void {
    this.offsetLow[row] = offset;
    if (offset >= TWO_32) this.offsetHigh[row] = offset / TWO_32;
  }

  /**
   * Makes room for `rows` in all. Doubling costs each row twice, in time and, until the old columns are
   * collected, in memory: worth a call where the number of rows can be told in advance.
   */
  reserve(rows: number): void {
    if (rows > this.time.length) this.grow(rows);
  }

  /**
   * Has `clear` write to the rows of `[from, to)`, which are not used yet. When they are used before it is done, the table
   * moves to other memory. What stays zero in nearly every row is left alone here, too.
   *
   * @throws what `clear` throws
   */
  async clearRows(from: number, to: number, clear: ClearMemory): Promise<void> {
    const { time, cpu, task, kind, name, pfn, flags, count, mapcount, val, ret } = this;
    const { mapping, migratetype, order, stack, offsetLow } = this;
    const columns: Column[] = [time, cpu, task, kind, name, pfn, flags, count, mapcount, val, ret];
    columns.push(mapping, migratetype, order, stack, offsetLow);
    this.clearedFrom = from;
    await clear(columns.map((column) => bytesOf(column, from, to)));
    // Columns that have grown are others, which nobody else writes to.
    if (this.time === time) this.clearedFrom = Infinity;
  }

  /**
   * The details row of an event, added when it has none yet. Call it before you look at a column of the
   * details: `details.pages[detailOf(row)] = 1` writes into the column that `detailOf` has just replaced.
   */
  detailOf(row: number): number {
    if (this.detail[row] === NO_DETAILS) this.detail[row] = this.details.append();
    return this.detail[row]!;
  }

  /** The first `length` rows, in the columns of now: these must not change any more, unless the columns grow before. */
  head(length: number): EventTable {
    const { time, cpu, task, kind, name, pfn, flags, count, mapcount, val, ret } = this;
    const { mapping, migratetype, order, stack, detail, details, offsetLow, offsetHigh } = this;
    return {
      ...{ length, time, cpu, task, kind, name, pfn, flags, count, mapcount, val, ret },
      ...{ mapping, migratetype, order, stack, detail, details },
      offset: (row) => offsetHigh[row]! * TWO_32 + offsetLow[row]!,
    };
  }

  private addBlankRows(): void {
    const row = this.length;
    const rows = this.blankRows;
    if (row === this.time.length) this.grow(Math.max(BLANK_ROWS, row * 2));
    else if (row + rows > this.clearedFrom) this.grow(this.time.length);
    this.blankEnd = Math.min(this.time.length, row + rows);
    this.blank(row, this.blankEnd);
    this.blankRows = Math.min(BLANK_ROWS, 4 * rows);
  }

  /** Whole blocks column by column: a cell at a time takes a tenth of the time of all reading. */
  private blank(from: number, to: number): void {
    this.pfn.fill(NONE, from, to);
    this.flags.fill(0, from, to);
    this.count.fill(ABSENT, from, to);
    this.mapcount.fill(ABSENT, from, to);
    this.val.fill(ABSENT, from, to);
    this.ret.fill(ABSENT, from, to);
    this.mapping.fill(0, from, to);
    this.migratetype.fill(-1, from, to);
    this.order.fill(-1, from, to);
    this.stack.fill(NONE, from, to);
  }

  private grow(capacity: number): void {
    // Of the rows behind nothing is needed, and a copy of memory that was never used would use it.
    const { length } = this;
    this.blankEnd = length;
    this.clearedFrom = Infinity;
    this.time = grown(this.time.subarray(0, length), new Float64Array(capacity));
    this.cpu = grown(this.cpu.subarray(0, length), new Uint16Array(capacity));
    this.task = grown(this.task.subarray(0, length), new Int32Array(capacity));
    this.kind = grown(this.kind.subarray(0, length), new Uint8Array(capacity));
    this.name = grown(this.name.subarray(0, length), new Int32Array(capacity));
    this.pfn = grown(this.pfn.subarray(0, length), new Float64Array(capacity));
    this.flags = grown(this.flags.subarray(0, length), new Int32Array(capacity));
    this.count = grown(this.count.subarray(0, length), new Int32Array(capacity));
    this.mapcount = grown(this.mapcount.subarray(0, length), new Int32Array(capacity));
    this.val = grown(this.val.subarray(0, length), new Int32Array(capacity));
    this.ret = grown(this.ret.subarray(0, length), new Int32Array(capacity));
    this.mapping = grown(this.mapping.subarray(0, length), new Uint8Array(capacity));
    this.migratetype = grown(this.migratetype.subarray(0, length), new Int8Array(capacity));
    this.order = grown(this.order.subarray(0, length), new Int8Array(capacity));
    this.stack = grown(this.stack.subarray(0, length), new Int32Array(capacity));
    this.detail = grown(this.detail.subarray(0, length), new Int32Array(capacity));
    this.offsetLow = grown(this.offsetLow.subarray(0, length), new Uint32Array(capacity));
    this.offsetHigh = grown(this.offsetHigh.subarray(0, length), new Uint16Array(capacity));
  }
}

function bytesOf({ buffer, byteOffset, BYTES_PER_ELEMENT }: Column, from: number, to: number): Uint8Array {
  return new Uint8Array(buffer, byteOffset + from * BYTES_PER_ELEMENT, (to - from) * BYTES_PER_ELEMENT);
}
