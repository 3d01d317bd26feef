/**
 * The CMA allocation that a task is in, as its events begin and end it. Some have no end in the capture, and what the
 * task does without a stack may then be of it or not: its next CMA event tells.
 */
import { NONE, type EventTable } from '../capture/eventTable';
import { rangeOf, type AttemptRecord } from './attempts';
import { REASON_BY_FUNCTION } from './kindRules';

/** The buffers of all instances are written in one call of the tracepoint; ns. */
const COPY_WITHIN = 1e6;

/** Migrations that the page allocator may start inside a CMA allocation, for the pages that others are moved to. */
const REASONS_WITHIN_CMA: ReadonlySet<string> = new Set(['compaction', 'demotion']);

/** Rows that were in doubt. */
export interface SettledRows {
  readonly rows: readonly number[];
  /** The allocation that they are of, or null when it is not known to have been under way. */
  readonly cma: AttemptRecord | null;
}

export class CmaOfTask {
  /** The one that is under way, as far as the capture shows, or null. */
  attempt: AttemptRecord | null = null;
  private inDoubt: number[] = [];
  /** The one that ended last, of which cma_alloc_info may still tell. */
  private finished: AttemptRecord | null = null;
  /** Row of the task's last CMA event, or NONE. */
  private lastRow: number = NONE;

  constructor(private readonly events: EventTable) {}

  /**
   * Where an instance traces beside the top buffer, a capture has the same event twice, each with a time of its own: in
   * text, and in a trace.dat of whose buffers the times cannot be compared.
   * A request that is larger than its area has no event behind its start (mm/cma.c, cma_alloc), so that the start of
   * another one may follow at once; of the same one it would fail in the same way, and nothing is lost.
   */
  isSecondCopy(row: number): boolean {
    const { kind, time, pfn } = this.events;
    const before = this.lastRow;
    this.lastRow = row;
    if (before === NONE || kind[before] !== kind[row] || pfn[before] !== pfn[row]) return false;
    return this.isOfOneRequest(before, row) && Math.abs(time[row]! - time[before]!) <= COPY_WITHIN;
  }

  /** Whether two CMA events ask for as many pages of the same area, as far as both say it. */
  private isOfOneRequest(a: number, b: number): boolean {
    const { detail, details } = this.events;
    const isSame = (column: Int32Array): boolean => {
      const [first, second] = [column[detail[a]!]!, column[detail[b]!]!];
      return first < 0 || second < 0 || first === second;
    };
    return isSame(details.label) && isSame(details.pages);
  }

  /** The task has an event of something else behind the last of CMA. */
  doOther(): void {
    this.lastRow = NONE;
  }

  /** The one before has ended. */
  begin(attempt: AttemptRecord): void {
    this.attempt = attempt;
    this.finished = null;
  }

  /** A row without a stack that is of the allocation if that was under way still. */
  doubt(row: number): void {
    this.inDoubt.push(row);
  }

  /** The allocation that is under way is the one of a later event, or over: the start of the other is missing. */
  goOn(row: number): SettledRows {
    const isSame = this.attempt !== null && this.isOfOneRequest(this.attempt.firstRow, row);
    return isSame ? this.settle(this.attempt) : this.end();
  }

  /**
   * Ends an allocation whose end is not in the capture: an event was lost, or the request is larger than its area (then
   * cma_alloc in mm/cma.c of 6.1 goes past trace_cma_alloc_finish).
   */
  end(): SettledRows {
    this.attempt = null;
    return this.settle(null);
  }

  private settle(cma: AttemptRecord | null): SettledRows {
    const rows = this.inDoubt;
    this.inDoubt = [];
    return { rows, cma };
  }

  finish(attempt: AttemptRecord): void {
    this.attempt = null;
    this.finished = attempt;
  }

  /** cma_alloc_info, which stands behind the end of what it tells of. */
  noteInfo(row: number): void {
    this.finished?.noteCmaInfo(row);
    this.finished = null;
  }

  /** alloc_contig_range tests all that is asked for, and more before it where a free block begins there. */
  isLongerThanTested(row: number): boolean {
    if (this.attempt === null) return false;
    const { detail, details } = this.events;
    const range = rangeOf(this.events, row);
    return range !== null && range.last - range.first + 1 < details.pages[detail[this.attempt.firstRow]!]!;
  }
}

/** @param functions of the stack in which the task starts a migration for another reason than a range */
export function isWithinCma(reason: string, functions: readonly string[]): boolean {
  if (functions.length === 0) return REASONS_WITHIN_CMA.has(reason);
  return functions.some((name) => REASON_BY_FUNCTION.get(name) === 'contig_range');
}
