/** Attempts to move pages: one CMA allocation, compaction run, offlining, soft offline, or call of migrate_pages. */
import { ABSENT, EventKind, NONE, NO_DETAILS, type Capture, type EventTable } from '../capture/eventTable';
import type { Attempt, FailedSteps, PfnRange } from './model';

/** What an attempt is called, by enum migrate_reason's name (include/trace/events/migrate.h). */
const NAME_OF_REASON: ReadonlyMap<string, string> = new Map([
  ['contig_range', 'contiguous allocation'],
  ['compaction', 'compaction'],
  ['memory_hotplug', 'memory offlining'],
  ['memory_failure', 'soft offline'],
  ['syscall_or_cpuset', 'move by system call or cpuset'],
  ['mempolicy_mbind', 'mbind'],
  ['numa_misplaced', 'NUMA balancing'],
  ['longterm_pin', 'long-term pin'],
  ['demotion', 'demotion'],
  ['damon', 'move by a DAMON scheme'],
]);

const MEMORY_FAILURE = 'memory failure';

/** Whether memory_failure() dealt with a page whose memory has an error: nothing was to be moved then. */
export function isMemoryFailure({ what }: Attempt): boolean {
  return what === MEMORY_FAILURE;
}

/** An attempt while its events are read. */
export class AttemptRecord {
  readonly task: number;
  lastRow: number;
  private isCma = false;
  /** memory_failure() dealt with a page whose memory has an error: it moves none. */
  isMemoryFailure = false;
  private area: string | null = null;
  private requested: number | null = null;
  private busyRetries = 0;
  private migrateCalls = 0;
  private migrated = 0;
  private failed = 0;
  private failedSteps: FailedSteps | null = null;
  private result: 'failed' | 'succeeded' | null = null;
  /** The range was not empty when it was last tested. */
  private isInUse = false;
  private resultText: string | null = null;
  private error: number | null = null;
  /** Ranges that CMA asked for, and those that test_pages_isolated looked at, which are whole pageblocks at times. */
  private asked: PfnRange | null = null;
  private tested: PfnRange | null = null;

  constructor(
    private readonly capture: Capture,
    /** Number in order of the capture. */
    readonly id: number,
    readonly firstRow: number,
    /** enum migrate_reason's name; a CMA allocation may be known as that only by its end. */
    public reason: string | null,
  ) {
    this.task = capture.events.task[firstRow]!;
    this.lastRow = firstRow;
  }

  /** cma_alloc_start, and the only event of kernels up to 5.12, which stands at the end. */
  noteCma(row: number): void {
    const { events } = this.capture;
    const detail = this.reach(row);
    this.isCma = true;
    this.reason ??= 'contig_range';
    this.area ??= this.text(events.details.label, detail);
    const pages = events.details.pages[detail]!;
    if (pages >= 0) this.requested = pages;
  }

  noteBusyRetry(row: number): void {
    this.noteCma(row);
    this.busyRetries++;
    this.asked = widened(this.asked, rangeOf(this.capture.events, row));
  }

  noteCmaFinish(row: number): void {
    this.noteCma(row);
    const { events } = this.capture;
    const detail = events.detail[row]!;
    const error = events.details.error[detail]!;
    const result = this.text(events.details.result, detail);
    if (error !== ABSENT) {
      this.result = error === 0 ? 'succeeded' : 'failed';
      if (error !== 0) this.error = error;
    } else if (result !== null) {
      this.result = result === 'success' ? 'succeeded' : 'failed';
    }
    // A request that got as far as no range prints PFN 0 (mm/cma.c).
    const isNowhere = events.pfn[row] === 0 && this.result === 'failed';
    if (!isNowhere) this.asked = widened(this.asked, rangeOf(events, row));
  }

  noteCmaInfo(row: number): void {
    this.noteCma(row);
    const { detail, details } = this.capture.events;
    const at = detail[row]!;
    const [isolation, migration, test] = [
      details.isolateFailed[at]!,
      details.failed[at]!,
      details.testFailed[at]!,
    ];
    if (isolation >= 0 && migration >= 0 && test >= 0) this.failedSteps = { isolation, migration, test };
  }

  noteCompaction(row: number): void {
    const { events } = this.capture;
    const detail = this.reach(row);
    this.asked = widened(this.asked, rangeOf(events, row));
    if (events.kind[row] === EventKind.CompactionEnd && detail !== NO_DETAILS) {
      this.resultText = this.text(events.details.result, detail);
    }
  }

  noteTested(row: number): void {
    const detail = this.reach(row);
    this.tested = widened(this.tested, rangeOf(this.capture.events, row));
    if (this.isCma || detail === NO_DETAILS) return;
    // The last look decides.
    this.isInUse = this.text(this.capture.events.details.result, detail) !== 'success';
    this.result = this.isInUse ? null : 'succeeded';
  }

  noteMigrateCall(row: number): void {
    const { events } = this.capture;
    const detail = this.reach(row);
    this.migrateCalls++;
    this.migrated += Math.max(0, events.details.pages[detail]!);
    this.failed += Math.max(0, events.details.failed[detail]!);
  }

  noteMemoryFailure(row: number, result: string): void {
    this.reach(row);
    this.isMemoryFailure = true;
    this.resultText = result;
    // page_action (mm/memory-failure.c): what is delayed is no failure, and is done when the page is next touched.
    if (result !== 'Delayed') this.result = result === 'Recovered' ? 'succeeded' : 'failed';
  }

  noteError(row: number, error: number | null): void {
    this.reach(row);
    this.error ??= error;
  }

  /** Whether events say that it failed, as a whole or on the way: pages did not move, named or not. */
  get reportsFailure(): boolean {
    return (
      this.outcome === 'failed' ||
      this.failed > 0 ||
      this.busyRetries > 0 ||
      rangesGivenUp(this.failedSteps) > 0 ||
      this.isOfUnnamedPage
    );
  }

  /** It is known by the report of a page alone, which names none: dump_page() of older kernels prints no PFN (mm/debug.c). */
  private get isOfUnnamedPage(): boolean {
    const { kind, pfn } = this.capture.events;
    return kind[this.firstRow] === EventKind.PinFailure && pfn[this.firstRow] === NONE;
  }

  /** @param id number that the finished attempt gets */
  finished(id: number): Attempt {
    const { reason, task, firstRow, lastRow, area, migrateCalls, migrated, failed } = this;
    const retries = this.isCma ? this.busyRetries : Math.max(0, migrateCalls - 1);
    return {
      id,
      what: this.name(),
      reason,
      task,
      firstRow,
      lastRow,
      area,
      requestedPages: this.requested,
      range: this.asked ?? this.tested,
      retries,
      migrateCalls,
      migrated,
      failed,
      failedSteps: this.failedSteps,
      isOfUnnamedPage: this.isOfUnnamedPage,
      result: this.outcome,
      resultText: this.resultText,
      error: this.error,
    };
  }

  /**
   * A range that is in use is the end of alloc_contig_range() (mm/page_alloc.c). offline_pages() (mm/memory_hotplug.c)
   * goes over it again until it is empty: it ends by a signal or by what it finds later, of which no event tells.
   */
  private get outcome(): 'failed' | 'succeeded' | null {
    return this.isInUse && this.reason === 'contig_range' ? (this.result ?? 'failed') : this.result;
  }

  private name(): string {
    if (this.isCma) return 'CMA allocation';
    if (this.isMemoryFailure) return MEMORY_FAILURE;
    return (this.reason === null ? null : NAME_OF_REASON.get(this.reason)) ?? 'migration';
  }

  /** The row of the event's details. */
  private reach(row: number): number {
    this.lastRow = Math.max(this.lastRow, row);
    return this.capture.events.detail[row]!;
  }

  private text(column: Int32Array, detail: number): string | null {
    const id = column[detail]!;
    return id < 0 ? null : this.capture.symbols.string(id);
  }
}

/** The pages that an event of several speaks of; null where it names none. */
export function rangeOf({ pfn, detail, details }: EventTable, row: number): PfnRange | null {
  const first = pfn[row]!;
  const behind = details.endPfn[detail[row]!]!;
  return first < 0 || behind <= first ? null : { first, last: behind - 1 };
}

function widened(range: PfnRange | null, other: PfnRange | null): PfnRange | null {
  if (range === null || other === null) return range ?? other;
  return { first: Math.min(range.first, other.first), last: Math.max(range.last, other.last) };
}

/** How many ranges cma_alloc gave up, as far as cma_alloc_info says. */
export function rangesGivenUp(steps: FailedSteps | null): number {
  if (steps === null) return 0;
  const { isolation, migration, test } = steps;
  return isolation + migration + test;
}
