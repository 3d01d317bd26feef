/**
 * Brings the times of page_owner and those of a trace together.
 *
 * page_owner stamps with local_clock() (mm/page_owner.c). The trace clocks `perf` and `global` (kernel/trace/trace_clock.c),
 * perf without a clock id and printk use the same. Trace clock `local` is sched_clock(): where CONFIG_HAVE_UNSTABLE_SCHED_CLOCK
 * is set (x86), local_clock() adds __sched_clock_offset to it, a constant of the boot that only the line "sched_clock:
 * Marking stable" of the kernel log tells. `mono`, `boot` and `tai` run beside them, at a rate that NTP may slew.
 *
 * The events of the same allocations tell the difference: mm_page_alloc comes a little after page_owner's time of the
 * allocation (post_alloc_hook() before trace_mm_page_alloc() in __alloc_pages()), mm_page_free a little before its time
 * of the free (trace_mm_page_free() before reset_page_owner() in free_pages_prepare()).
 */
import type { AllocationTable } from '../capture/allocationTable';
import { EventKind, type Capture } from '../capture/eventTable';
import { isFree } from './countChange';

/** How the clock of a dump stands to that of a trace. */
export type ClockRelation =
  | {
      readonly kind: 'measured';
      /** Added to a time of the dump gives {@link EventTable.time} of the trace, in ns. */
      readonly shift: number;
      /** Times that differ by less are not told apart, in ns. */
      readonly uncertainty: number;
      /** Pages whose mm_page_alloc is in the trace and agrees, and those whose mm_page_free does. */
      readonly allocations: number;
      readonly frees: number;
      /** Distance of the farthest two of them, in ns. */
      readonly spread: number;
    }
  | { readonly kind: 'shared'; readonly shift: number; readonly uncertainty: number; readonly clock: string }
  | { readonly kind: 'unknown'; readonly why: string };

/** Differences of one clock to another that belong together, in ns: a preempted task may be late by as much. */
const WINDOW = 1_000_000;
/** The fullest window must hold so many times as much as any other, or nothing is claimed. */
const LEAD = 2;
/** __sched_clock_offset of a boot, in ns: some tens of ms where it was looked at. */
const SCHED_CLOCK_OFFSET = 1e9;
/** Dumps of large machines have millions of rows; so many pages that agree are proof. */
const MOST_SAMPLES = 1 << 16;

/**
 * How the clock of `dump`, whose {@link Capture.allocations} are used, stands to that of `trace`.
 *
 * @param trace a capture with events; may be `dump` itself (a kernel log with page dumps)
 */
export function relateClocks(trace: Capture, dump: Capture): ClockRelation {
  if (dump.allocations === null) return { kind: 'unknown', why: 'it says nothing of allocations' };
  if (trace.clock === 'ticks') return { kind: 'unknown', why: 'the trace counts ticks of unknown length' };
  const base = Number(trace.timeBase);
  if (trace === dump) return { kind: 'shared', shift: -base, uncertainty: 0, clock: 'its own' };
  const measured = measure(trace, dump, dump.allocations);
  if (measured !== null) return measured;
  const clock = clockOf(trace);
  if (clock === 'local_clock') return { kind: 'shared', shift: -base, uncertainty: trace.resolution, clock };
  if (clock === 'local') return { kind: 'shared', shift: -base, uncertainty: SCHED_CLOCK_OFFSET, clock };
  const named = clock === null ? 'the trace does not name its clock' : `the clock of the trace is ${clock}`;
  return {
    kind: 'unknown',
    why: `${named}, and no mm_page_alloc event of it is of an allocation in the dump`,
  };
}

/** What the trace calls its clock; `local_clock` for those that are page_owner's own. */
function clockOf({ format, facts }: Capture): string | null {
  // Lines of printk; those of an ftrace buffer that was dumped into the log have its clock.
  if (format === 'dmesg') return facts.some(([name]) => name === 'times') ? null : 'local_clock';
  const named = facts.find(([name]) => name === 'clock')?.[1] ?? null;
  return named === 'perf' || named === 'global' || named === 'perf (sched_clock)' ? 'local_clock' : named;
}

function measure(trace: Capture, dump: Capture, allocations: AllocationTable): ClockRelation | null {
  const samples = allocationDifferences(trace, dump, allocations).sort((a, b) => a - b);
  const best = fullestWindow(samples, 0, samples.length);
  if (best === null) return null;
  const rivals = [fullestWindow(samples, 0, best.first), fullestWindow(samples, best.behind, samples.length)];
  const count = best.behind - best.first;
  if (rivals.some((rival) => rival !== null && (rival.behind - rival.first) * LEAD > count)) return null;
  const shift = samples[best.first]!;
  // Frees name no task, and a dump has thousands of one burst: alone they would agree with anything.
  const frees = freeDifferences(trace, allocations).filter((each) => Math.abs(each - shift) <= WINDOW);
  const latest = samples[best.behind - 1]!;
  const spread =
    frees.reduce((a, b) => Math.max(a, b), latest) - frees.reduce((a, b) => Math.min(a, b), shift);
  return { kind: 'measured', shift, uncertainty: WINDOW, allocations: count, frees: frees.length, spread };
}

interface Window {
  readonly first: number;
  readonly behind: number;
}

/** The window of differences `[from, to)`, in order, that holds most; null when there is none. */
function fullestWindow(differences: readonly number[], from: number, to: number): Window | null {
  let best: Window | null = null;
  for (let first = from, behind = from; first < to; first++) {
    while (behind < to && differences[behind]! - differences[first]! <= WINDOW) behind++;
    if (best === null || behind - first > best.behind - best.first) best = { first, behind };
  }
  return best;
}

/**
 * Time in the trace less that in the dump, in ns, of the allocations of the dump that an event of the trace shows, and
 * which the trace does not show freed again.
 */
function allocationDifferences(trace: Capture, dump: Capture, allocations: AllocationTable): number[] {
  const newest = newestByPage(trace, (kind) => kind === EventKind.PageAlloc || isFree(kind));
  const samples: number[] = [];
  for (let row = 0; row < allocations.length && samples.length < MOST_SAMPLES; row++) {
    const event = newest.get(allocations.pfn[row]!);
    if (event === undefined || trace.events.kind[event] !== EventKind.PageAlloc) continue;
    if (!isSameAllocation(trace, event, dump, allocations, row)) continue;
    const difference = trace.events.time[event]! - allocations.time[row]!;
    if (Number.isFinite(difference)) samples.push(difference);
  }
  return samples;
}

/** The same of pages whose newest free in the trace may be the free of which the dump tells. */
function freeDifferences(trace: Capture, allocations: AllocationTable): readonly number[] {
  const newest = newestByPage(trace, isFree);
  const samples: number[] = [];
  for (let row = 0; row < allocations.length && samples.length < MOST_SAMPLES; row++) {
    const event = newest.get(allocations.pfn[row]!);
    const freed = allocations.freeTime[row]!;
    // __folio_copy_owner() of a migration overwrites the time of the free.
    if (event === undefined || !(freed > 0) || allocations.migrateReason[row]! >= 0) continue;
    const difference = trace.events.time[event]! - freed;
    if (Number.isFinite(difference)) samples.push(difference);
  }
  return samples;
}

/** By PFN the newest event of the wanted kinds. */
function newestByPage({ events }: Capture, wanted: (kind: EventKind) => boolean): Map<number, number> {
  const newest = new Map<number, number>();
  for (let row = 0; row < events.length; row++) {
    if (wanted(events.kind[row]!)) newest.set(events.pfn[row]!, row);
  }
  return newest;
}

/**
 * Whether an event is of the allocation that a row of the dump describes, as far as both say: order, task and stack.
 * A migrated page carries the row of another.
 */
export function isSameAllocation(
  trace: Capture,
  event: number,
  dump: Capture,
  allocations: AllocationTable,
  row: number,
): boolean {
  if (allocations.migrateReason[row]! >= 0) return false;
  if (trace.events.order[event] !== allocations.order[row]) return false;
  const pid = dump.symbols.taskPid(allocations.task[row]!);
  if (pid < 0 || trace.symbols.taskPid(trace.events.task[event]!) !== pid) return false;
  return areStacksAlike(trace, trace.events.stack[event]!, dump, allocations.stack[row]!);
}

/** Inner frames differ: page_owner saves the stack within the page allocator, the tracer its own functions too. */
const ALLOCATOR_FRAMES = 2;
/** Compilers inline, and page_owner keeps 16 frames: not every frame has its like. */
const LEAST_ALIKE = 0.8;

/** Whether the frames of one stack come in the other in the same order; true where one is missing or has no names. */
function areStacksAlike(trace: Capture, stack: number, dump: Capture, dumpStack: number): boolean {
  if (stack < 0 || dumpStack < 0) return true;
  const frames = namesOf(trace, stack);
  const wanted = namesOf(dump, dumpStack).slice(ALLOCATOR_FRAMES);
  if (wanted.length === 0 || frames.every((name) => name.startsWith('0x'))) return true;
  let found = 0;
  let at = 0;
  for (const name of wanted) {
    const next = frames.indexOf(name, at);
    if (next < 0) continue;
    found++;
    at = next + 1;
  }
  return found >= LEAST_ALIKE * wanted.length;
}

function namesOf({ symbols }: Capture, stack: number): readonly string[] {
  return Array.from(symbols.stackFrames(stack), (frame) => symbols.frameFunction(frame));
}
