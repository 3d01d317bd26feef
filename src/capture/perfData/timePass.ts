import { NO_CPU, NONE } from '../eventTable';
import type { EventTableBuilder } from '../eventTableBuilder';
import type { GapRecorder } from '../gapRecorder';
import type { SymbolTableBuilder } from '../symbolTableBuilder';
import { BEFORE_ALL, SideKind, type SideRecords } from './sideRecords';

/** The idle task of every CPU: perf names it itself (perf_session__register_idle_thread()). */
const IDLE_TID = 0;
const IDLE_COMM = 'swapper';
/** As ftrace prints a task whose name it does not know. */
const UNKNOWN_COMM = '<...>';
/** Threads whose task is remembered by the lower bits of their id. */
const REMEMBERED_TASKS = 1 << 12;

/** Goes through rows and other records in order of time. */
export class TimePass {
  private readonly comms = new Map<number, number>();
  private readonly unknown: number;
  /** By CPU, the time of its newest row among those before {@link timesUpTo}. */
  private lastTimes = new Float64Array(64).fill(NaN);
  private timesUpTo = 0;
  /** Samples lost as the ring buffers counted them, and as the events did. */
  private lostRecords = 0;
  private lostSamples = 0;
  /** Tasks under the names that they have at the moment, and their thread ids. */
  private readonly tasks = new Int32Array(REMEMBERED_TASKS).fill(NONE);
  private readonly tids = new Int32Array(REMEMBERED_TASKS);

  constructor(
    private readonly table: EventTableBuilder,
    private readonly side: SideRecords,
    private readonly symbols: SymbolTableBuilder,
    private readonly gaps: GapRecorder,
  ) {
    this.unknown = symbols.internText(UNKNOWN_COMM);
    this.comms.set(IDLE_TID, symbols.internText(IDLE_COMM));
  }

  /** Puts tasks in the place of thread ids, and closes gaps. */
  rows(from: number, to: number): void {
    const { task, cpu, time } = this.table;
    const { tasks, tids, gaps } = this;
    for (let row = from; row < to && gaps.hasOpen; row++) gaps.close(cpu[row]!, time[row]!);
    for (let row = from; row < to; row++) {
      const tid = task[row]!;
      const slot = tid & (REMEMBERED_TASKS - 1);
      task[row] = tids[slot] === tid && tasks[slot] !== NONE ? tasks[slot]! : this.remember(tid, slot);
    }
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
    const from = known === null ? NaN : this.lastTime(known, row);
    this.gaps.add('lost', known, Number.isNaN(from) ? null : from, events, row);
  }

  /** The time of the newest row of a CPU before `row`, or NaN. Rows are looked through once, for the first gap behind them. */
  private lastTime(cpu: number, row: number): number {
    const { cpu: cpus, time } = this.table;
    for (; this.timesUpTo < row; this.timesUpTo++) {
      const rowCpu = cpus[this.timesUpTo]!;
      if (rowCpu >= this.lastTimes.length) this.widen(rowCpu);
      this.lastTimes[rowCpu] = time[this.timesUpTo]!;
    }
    return this.lastTimes[cpu] ?? NaN;
  }

  private remember(tid: number, slot: number): number {
    const task = this.symbols.internTask(this.comms.get(tid) ?? this.unknown, tid);
    this.tids[slot] = tid;
    this.tasks[slot] = task;
    return task;
  }

  /** The thread has another name from here on. */
  private forgetTask(tid: number): void {
    this.tasks[tid & (REMEMBERED_TASKS - 1)] = NONE;
  }

  private widen(cpu: number): void {
    const wider = new Float64Array(cpu * 2).fill(NaN);
    wider.set(this.lastTimes);
    this.lastTimes = wider;
  }
}
