import { NO_CPU, NONE } from '../eventTable';
import type { EventTableBuilder } from '../eventTableBuilder';
import type { GapRecorder } from '../gapRecorder';
import { reorderSteps } from '../reorderRows';
import type { SymbolTableBuilder } from '../symbolTableBuilder';
import { BEFORE_ALL, SideKind, type SideRecords } from './sideRecords';
import { ROWS_A_STEP } from '../turns';
import { orderSteps } from './timeOrder';

/** The idle task of every CPU: perf names it itself (perf_session__register_idle_thread()). */
const IDLE_TID = 0;
const IDLE_COMM = 'swapper';
/** As ftrace prints a task whose name it does not know. */
const UNKNOWN_COMM = '<...>';

/**
 * Puts the rows in order of time, and then tells by the other records, in the same order, what each row's task
 * was called at that moment and where samples are missing. Afterwards times count from the earliest row. Done in steps.
 *
 * @returns how much the times were moved by, in ns
 */
export function* finishSteps(
  table: EventTableBuilder,
  side: SideRecords,
  symbols: SymbolTableBuilder,
  gaps: GapRecorder,
): Generator<void, number> {
  const order = yield* orderSteps(table.time, table.length);
  if (order) yield* reorderSteps(table, order);
  const shift = firstTime(table);
  if (shift !== 0) {
    for (let row = 0; row < table.length; row++) table.time[row]! -= shift;
    for (let i = 0; i < side.length; i++) side.time[i]! -= shift;
  }
  const pass = new TimePass(table, side, symbols, gaps);
  const sideOrder = yield* orderSteps(side.time, side.length);
  let next = 0;
  for (let row = 0; row < table.length; row++) {
    const time = table.time[row]!;
    const fileRow = order ? order[row]! : row;
    for (; next < side.length; next++) {
      const record = sideOrder ? sideOrder[next]! : next;
      const sideTime = side.time[record]!;
      const isLater = sideTime > time || (!(sideTime < time) && side.rowsBefore[record]! > fileRow);
      if (isLater) break;
      pass.sideRecord(record, row);
    }
    pass.row(row);
    if (row % ROWS_A_STEP === 0) yield;
  }
  for (; next < side.length; next++) pass.sideRecord(sideOrder ? sideOrder[next]! : next, table.length);
  pass.finish();
  return shift;
}

function firstTime(table: EventTableBuilder): number {
  for (let row = 0; row < table.length; row++) {
    if (!Number.isNaN(table.time[row]!)) return table.time[row]!;
  }
  return 0;
}

/** Goes through rows and other records in order of time. */
class TimePass {
  private readonly comms = new Map<number, number>();
  private readonly unknown: number;
  /** By CPU, the time of its newest row. */
  private lastTimes = new Float64Array(64).fill(NaN);
  /** Samples lost as the ring buffers counted them, and as the events did. */
  private lostRecords = 0;
  private lostSamples = 0;
  /** By thread id, its task under the name that it has at the moment. */
  private readonly tasks = new Map<number, number>();
  private newestTid = NaN;
  private newestTask = NONE;

  constructor(
    private readonly table: EventTableBuilder,
    private readonly side: SideRecords,
    private readonly symbols: SymbolTableBuilder,
    private readonly gaps: GapRecorder,
  ) {
    this.unknown = symbols.internText(UNKNOWN_COMM);
    this.comms.set(IDLE_TID, symbols.internText(IDLE_COMM));
  }

  row(row: number): void {
    const { table, gaps } = this;
    const tid = table.task[row]!;
    if (tid !== this.newestTid) {
      this.newestTid = tid;
      this.newestTask = this.tasks.get(tid) ?? this.addTask(tid);
    }
    table.task[row] = this.newestTask;
    const cpu = table.cpu[row]!;
    const time = table.time[row]!;
    if (cpu >= this.lastTimes.length) this.widen(cpu);
    this.lastTimes[cpu] = time;
    if (gaps.hasOpen) gaps.close(cpu, time);
  }

  /** `row` is the first row behind the record. */
  sideRecord(record: number, row: number): void {
    const { side, comms } = this;
    const subject = side.subject[record]!;
    const value = side.value[record]!;
    switch (side.kind[record]! as SideKind) {
      case SideKind.Comm:
        comms.set(subject, value);
        this.forgetTask(subject);
        break;
      case SideKind.Fork: {
        const parent = comms.get(value);
        if (parent === undefined) comms.delete(subject);
        else comms.set(subject, parent);
        this.forgetTask(subject);
        break;
      }
      case SideKind.Lost:
        this.lostRecords += value;
        this.gap(record, row, value);
        break;
      case SideKind.LostSamples:
        // What perf reads from the counters when it ends has no time; hardware's own records have one.
        if (side.time[record] === BEFORE_ALL) this.lostSamples += value;
        else this.gap(record, row, value);
        break;
      case SideKind.Throttled:
        this.gap(record, row, null);
        break;
    }
  }

  /** Since Linux 6.0 events count their own losses; those that no ring buffer has reported are of an unknown time. */
  finish(): void {
    const rest = this.lostSamples - this.lostRecords;
    if (rest > 0) this.gaps.add('lost', null, null, rest, this.table.length);
  }

  private gap(record: number, row: number, events: number | null): void {
    const cpu = this.side.subject[record]!;
    const known = cpu >= 0 && cpu < NO_CPU ? cpu : null;
    const from = known === null ? NaN : (this.lastTimes[known] ?? NaN);
    this.gaps.add('lost', known, Number.isNaN(from) ? null : from, events, row);
  }

  private addTask(tid: number): number {
    const task = this.symbols.internTask(this.comms.get(tid) ?? this.unknown, tid);
    this.tasks.set(tid, task);
    return task;
  }

  /** The thread has another name from here on. */
  private forgetTask(tid: number): void {
    this.tasks.delete(tid);
    this.newestTid = NaN;
  }

  private widen(cpu: number): void {
    const wider = new Float64Array(cpu * 2).fill(NaN);
    wider.set(this.lastTimes);
    this.lastTimes = wider;
  }
}
