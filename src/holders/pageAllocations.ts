/**
 * Who allocated the pages that failed to move: by the mm_page_alloc events of the trace itself, and by page_owner
 * dumps beside it. The allocator is not a holder, and is never counted as one.
 *
 * A page_owner record is of the newest allocation when it was read. It is claimed for a mark only where it was made
 * before the mark and read after it, so that the page cannot have been freed in between.
 */
import { findAllocation, type AllocationTable } from '../capture/allocationTable';
import { EventKind, NONE, type Capture } from '../capture/eventTable';
import { isSameAllocation, relateClocks, type ClockRelation } from './allocationClock';
import type { HolderAnalyser } from './analyseHolders';
import type { Page } from './model';

/** What is known of an allocation in relation to the marks of its page. */
export type AllocationStanding =
  /** An event of the trace began the life in which the page failed to move. */
  | 'traced'
  /** page_owner: made before the mark, and the page was still allocated when the record was read after it. */
  | 'same-life'
  /** page_owner says it of the time of the dump; whether it was so at the mark is not known. */
  | 'as-of-dump'
  /** Made after the last mark: another life of the page. */
  | 'later'
  /** The page was freed between it and the first mark: another life of the page. */
  | 'earlier';

export interface PageAllocation {
  readonly standing: AllocationStanding;
  /** Indices in {@link Page.marks} of the marks that lie in its life; empty where none is known to. */
  readonly marks: readonly number[];
  /** Row of its mm_page_alloc in the trace, or null. */
  readonly event: number | null;
  /** Its record in a dump, or null. At least one of both is there. */
  readonly record: { readonly dump: AllocationDump; readonly row: number } | null;
  /** As in the event table of the trace, in ns; NaN where it cannot be told. */
  readonly time: number;
  /** What to know before it is believed, for people. */
  readonly notes: readonly string[];
}

/** A page_owner dump, or a kernel log with page dumps, as it stands to one trace. */
export interface AllocationDump {
  /** As given by the caller, to tell dumps apart. */
  readonly id: string;
  readonly capture: Capture;
  readonly allocations: AllocationTable;
  readonly clock: ClockRelation;
  /**
   * By row, a time in ns of the dump's clock at or after which the row was read: nothing is allocated after it is
   * printed. Rows are read in order of PFN, so that those before count too.
   */
  readonly readAfter: Float64Array;
}

/** Dumps whose pages are those of `trace`; one that shares no moment is left out when another does. */
export function dumpsFor(
  trace: Capture,
  captures: readonly { readonly id: string; readonly capture: Capture }[],
): readonly AllocationDump[] {
  const dumps = captures.flatMap(({ id, capture }): AllocationDump[] => {
    const { allocations } = capture;
    if (allocations === null || allocations.length === 0) return [];
    const clock = relateClocks(trace, capture);
    return [{ id, capture, allocations, clock, readAfter: readTimes(allocations) }];
  });
  const isOfThisBoot = dumps.some(({ clock }) => clock.kind === 'measured')
    ? ({ clock, capture }: AllocationDump) => clock.kind === 'measured' || capture === trace
    : () => true;
  return dumps.filter(isOfThisBoot);
}

function readTimes(allocations: AllocationTable): Float64Array {
  const { length, time, freeTime, isFreed } = allocations;
  const times = new Float64Array(length);
  let newest = -Infinity;
  for (let row = 0; row < length; row++) {
    if (time[row]! > newest) newest = time[row]!;
    if (isFreed[row] === 1 && freeTime[row]! > newest) newest = freeTime[row]!;
    times[row] = newest;
  }
  return times;
}

/** The allocations of the pages of one trace. */
export class PageAllocations {
  /** By PFN, rows that tell of its allocations. */
  private readonly lifeEvents = new Map<number, readonly number[]>();

  /** @param analyser of the trace */
  constructor(
    private readonly trace: Capture,
    private readonly analyser: Pick<HolderAnalyser, 'lifeEventsOf'>,
    private readonly dumps: readonly AllocationDump[],
  ) {}

  /** In order of time, those of which only the dump tells last. */
  of(page: Page): readonly PageAllocation[] {
    const rows = this.lifeEventsOf(page.pfn);
    const traced = this.traced(page, rows);
    const found = [...traced];
    for (const dump of this.dumps) {
      const row = findAllocation(dump.allocations, page.pfn);
      if (row < 0) continue;
      const same = found.findIndex((each) => this.isSame(each, dump, row));
      if (same >= 0) found[same] = { ...found[same]!, record: { dump, row } };
      else found.push(this.recorded(page, rows, dump, row));
    }
    return found;
  }

  private lifeEventsOf(pfn: number): readonly number[] {
    let rows = this.lifeEvents.get(pfn);
    if (rows === undefined) {
      rows = this.analyser.lifeEventsOf(pfn);
      this.lifeEvents.set(pfn, rows);
    }
    return rows;
  }

  /** Allocations that the trace shows, each with the marks up to the next free or allocation. */
  private traced(page: Page, rows: readonly number[]): readonly PageAllocation[] {
    const { kind, time } = this.trace.events;
    return rows.flatMap((event, index): PageAllocation[] => {
      if (kind[event] !== EventKind.PageAlloc) return [];
      const end = rows[index + 1] ?? Infinity;
      const marks = page.marks.flatMap(({ row }, mark) => (row > event && row < end ? [mark] : []));
      if (marks.length === 0) return [];
      return [{ standing: 'traced', marks, event, record: null, time: time[event]!, notes: [] }];
    });
  }

  private isSame({ event }: PageAllocation, dump: AllocationDump, row: number): boolean {
    const { allocations, capture, clock } = dump;
    if (event === null || !isSameAllocation(this.trace, event, capture, allocations, row)) return false;
    if (clock.kind === 'unknown') return false;
    const difference = this.trace.events.time[event]! - (allocations.time[row]! + clock.shift);
    return Math.abs(difference) <= clock.uncertainty;
  }

  private recorded(page: Page, rows: readonly number[], dump: AllocationDump, row: number): PageAllocation {
    const { allocations, clock, readAfter } = dump;
    const isMigrated = allocations.migrateReason[row]! >= 0;
    const made = allocations.time[row]!;
    const notes = isMigrated ? [migratedNote(dump, row)] : [];
    const record = { dump, row };
    if (clock.kind === 'unknown' || Number.isNaN(made)) {
      const why = clock.kind === 'unknown' ? clock.why : 'the kernel of the dump records no times';
      return {
        standing: 'as-of-dump',
        marks: [],
        event: null,
        record,
        time: NaN,
        notes: [...notes, `Not compared with the marks: ${why}.`],
      };
    }
    const { shift, uncertainty } = clock;
    const time = made + shift;
    const read = readAfter[row]! + shift;
    const freed = allocations.isFreed[row] === 1 ? allocations.freeTime[row]! + shift : Infinity;
    const { marks } = page;
    const answer = (
      standing: AllocationStanding,
      covered: readonly number[],
      note: string,
    ): PageAllocation => ({
      standing,
      marks: covered,
      event: null,
      record,
      time,
      notes: note === '' ? notes : [...notes, note],
    });
    const timed = marks.filter((mark) => Number.isFinite(mark.time));
    if (timed.length === 0)
      return answer('as-of-dump', [], 'Not compared with the marks: these have no times.');
    if (timed.every((mark) => time > mark.time + uncertainty)) {
      return answer('later', [], 'Allocated after the page failed to move: of another life of the page.');
    }
    const endOfLife = Math.min(freed, this.firstEndAfter(rows, time + uncertainty));
    if (timed.every((mark) => endOfLife < mark.time - uncertainty)) {
      return answer(
        'earlier',
        [],
        'The page was freed before it failed to move: of another life of the page.',
      );
    }
    if (isMigrated) return answer('as-of-dump', [], '');
    const covered = marks.flatMap((mark, index) =>
      time < mark.time - uncertainty &&
      mark.time + uncertainty < Math.min(endOfLife, Math.max(read, freed === Infinity ? -Infinity : freed))
        ? [index]
        : [],
    );
    if (covered.length > 0) return answer('same-life', covered, '');
    const isOld = timed.every((mark) => read <= mark.time + uncertainty);
    return answer(
      'as-of-dump',
      [],
      isOld
        ? 'The dump may be older than the failure: no record up to this page is of a later allocation.'
        : 'Whether it was made before or after the failure is too close to tell by these clocks.',
    );
  }

  /** Time of the first free or allocation that the trace shows after a time; Infinity when there is none. */
  private firstEndAfter(rows: readonly number[], time: number): number {
    const next = rows.find((row) => this.trace.events.time[row]! > time);
    return next === undefined ? Infinity : this.trace.events.time[next]!;
  }
}

function migratedNote({ capture, allocations }: AllocationDump, row: number): string {
  const reason = capture.symbols.string(allocations.migrateReason[row]!);
  return (
    `The page was the target of a migration (${reason}): task, time and stack are those of the allocation that it ` +
    'was copied from.'
  );
}

/** Who allocated a page, as either tells it. */
export function allocator(
  { event, record }: PageAllocation,
  trace: Capture,
): {
  readonly capture: Capture;
  readonly task: number;
  readonly stack: number;
  readonly order: number;
} {
  if (event !== null) {
    const { task, stack, order } = trace.events;
    // The instance with mm_page_alloc may be recorded without stacks, beside one with them.
    if (stack[event] !== NONE || record === null) {
      return { capture: trace, task: task[event]!, stack: stack[event]!, order: order[event]! };
    }
  }
  const { dump, row } = record!;
  const { task, stack, order } = dump.allocations;
  return { capture: dump.capture, task: task[row]!, stack: stack[row]!, order: order[row]! };
}
