import { GapRecorder } from '../gapRecorder';
import { RowReorder } from '../reorderRows';
import { ROWS_A_STEP } from '../turns';
import type { PerfRecords } from './perfRecords';
import { BEFORE_ALL, SideKind } from './sideRecords';
import { orderSteps } from './timeOrder';
import { TimePass } from './timePass';

/** Fewer rows than these wait for another round: perf that has little to do ends one for every few samples. */
const FEW_ROWS = 1024;

/**
 * Puts rows in order of time while they are read, and tells by the other records, in the same order, what each row's
 * task was called at that moment and where samples are missing.
 *
 * perf reads the buffers of all CPUs in rounds and marks the end of each. A buffer may hold times older than the
 * latest of the round before, but not older than the latest of the one before that: up to there the order is settled
 * (ordered_events__flush() in tools/perf/util/ordered-events.c, "finished_round" in session.c). Sorted round by round,
 * rows are moved while they are in the processor's caches. Where a recording has no rounds, or a record comes later
 * than they allow, all of it is sorted at the end.
 */
export class EventOrder {
  /** Rows that are in order: none will come before them. */
  settledRows = 0;
  gaps = new GapRecorder();
  private settledSide = 0;
  /** The latest time among what is settled. */
  private settledTime = -Infinity;
  /** The latest time of the rounds but the newest. */
  private limit = -Infinity;
  /** A record came later than rounds allow. */
  private isBroken = false;
  private hasRounds = false;
  private readonly rows: RowReorder;
  private pass: TimePass;

  constructor(private readonly records: PerfRecords) {
    this.rows = new RowReorder(records.table);
    this.pass = this.newPass();
  }

  /** Whether rows are settled while others are read. */
  get settlesEarly(): boolean {
    return this.hasRounds && !this.isBroken && this.records.haveTimes;
  }

  /** A round is finished. Done in steps. */
  *finishRound(): Generator<void, void> {
    this.hasRounds = true;
    const { table, newestTime } = this.records;
    const limit = this.limit;
    this.limit = newestTime;
    if (table.length - this.settledRows < FEW_ROWS || !this.settlesEarly) return;
    yield* this.settle(limit);
  }

  /** No more records come: puts in order what is left. Done in steps. */
  *finish(): Generator<void, void> {
    if (!this.isBroken) yield* this.settle(Infinity);
    if (this.isBroken) {
      this.startAgain();
      yield* this.settle(Infinity);
    }
    this.pass.finish();
  }

  /** Puts in order what waits, and settles it up to a time. Nothing is settled where something came too late. */
  private *settle(upTo: number): Generator<void, void> {
    const { table, side } = this.records;
    const from = this.settledRows;
    const order = yield* orderSteps(table.time.subarray(from, table.length));
    if (order) yield* this.rows.steps(from, order, countInPlace(order));
    const sideOrder = yield* orderSteps(side.time.subarray(this.settledSide, side.length));
    if (sideOrder) side.reorder(this.settledSide, sideOrder);
    if (this.isLate()) {
      this.isBroken = true;
      return;
    }
    const limit = from === 0 ? upTo - this.moveToFirst() : upTo;
    const end = limit === Infinity ? table.length : firstAbove(table.time, from, table.length, limit);
    yield* this.passUpTo(end, limit);
    if (end > from) this.settledTime = Math.max(this.settledTime, table.time[end - 1]!);
  }

  /** Passes rows up to `end`, and records beside them up to the time `limit`. */
  private *passUpTo(end: number, limit: number): Generator<void, void> {
    const { side } = this.records;
    for (; this.settledSide < side.length; this.settledSide++) {
      const record = this.settledSide;
      const time = side.time[record]!;
      if (time > limit) break;
      const row = this.firstRowBehind(time, side.offset[record]!, end);
      yield* this.passRows(row);
      this.pass.sideRecord(record, row);
      if (time > this.settledTime) this.settledTime = time;
    }
    yield* this.passRows(end);
  }

  private *passRows(end: number): Generator<void, void> {
    while (this.settledRows < end) {
      const next = Math.min(end, this.settledRows + ROWS_A_STEP);
      this.pass.rows(this.settledRows, next);
      this.settledRows = next;
      yield;
    }
  }

  /** The first row before `end` that is not settled and comes behind a record of that time and place in the file. */
  private firstRowBehind(time: number, offset: number, end: number): number {
    const { table } = this.records;
    let row = this.settledRows;
    while (row < end) {
      const rowTime = table.time[row]!;
      const isBehind = rowTime > time || (!(rowTime < time) && table.offset(row) > offset);
      if (isBehind) break;
      row++;
    }
    return row;
  }

  /** Whether something that waits, now in order, belongs before what is settled. */
  private isLate(): boolean {
    const { table, side } = this.records;
    if (this.settledRows < table.length && table.time[this.settledRows]! < this.settledTime) return true;
    let record = this.settledSide;
    // What perf counts when it ends has no time, and concerns none.
    while (record < side.length && isUntimedLoss(side.kind[record]!, side.time[record]!)) record++;
    return record < side.length && this.settledRows > 0 && side.time[record]! < this.settledTime;
  }

  /** Makes times count from the earliest row, and returns by how much they moved. */
  private moveToFirst(): number {
    const { table } = this.records;
    let row = 0;
    while (row < table.length && Number.isNaN(table.time[row]!)) row++;
    const shift = row < table.length ? table.time[row]! : 0;
    this.records.moveBase(shift);
    this.limit -= shift;
    return shift;
  }

  /** Nothing is settled any more. */
  private startAgain(): void {
    const { table, symbols } = this.records;
    // Who was given settled rows keeps the columns of before.
    if (this.settledRows > 0) table.reserve(table.time.length + 1);
    for (let row = 0; row < this.settledRows; row++) table.task[row] = symbols.taskPid(table.task[row]!);
    this.settledRows = this.settledSide = 0;
    this.settledTime = -Infinity;
    this.gaps = new GapRecorder();
    this.pass = this.newPass();
  }

  private newPass(): TimePass {
    const { table, side, symbols } = this.records;
    return new TimePass(table, side, symbols, this.gaps);
  }
}

function isUntimedLoss(kind: SideKind, time: number): boolean {
  return kind === SideKind.LostSamples && time === BEFORE_ALL;
}

/** How many entries at the beginning are where they were. */
function countInPlace(order: Uint32Array): number {
  let count = 0;
  while (count < order.length && order[count] === count) count++;
  return count;
}

/** Index of the first of the sorted `values[from, to)` that is above `limit`. */
function firstAbove(values: Float64Array, from: number, to: number, limit: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
