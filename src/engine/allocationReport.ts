/** Who allocated the pages, and what a page_owner dump says by itself, in the JSON report; see report.ts. */
import type { AllocationTable } from '../capture/allocationTable';
import { ABSENT, NONE, type Capture } from '../capture/eventTable';
import type { ClockRelation } from '../holders/allocationClock';
import { sharesOf, type AllocationGroup } from '../holders/allocationGroups';
import type { Page } from '../holders/model';
import { allocator, type AllocationStanding, type PageAllocation } from '../holders/pageAllocations';
import type { PlacedStacks } from './frames';
import type { JoinedAllocations, Naming } from './joinCaptures';
import { pfnText } from './pageFacts';
import { reportFrame, reportTask, timeString, type ReportFrame, type ReportTask } from './report';

/** An allocation of a page, beside its references: the allocator need not hold it. */
export interface ReportAllocation {
  readonly standing: AllocationStanding;
  /** Indices of the page's marks that are known to lie in its life. */
  readonly marks: readonly number[];
  readonly sources: readonly ('mm_page_alloc' | 'page_owner')[];
  /** Index in `captures` of the page_owner dump, or null. */
  readonly dump: number | null;
  /** In the clock of the page's capture, null where it cannot be told. */
  readonly timeNs: string | null;
  /** As page_owner has it, in its own clock. */
  readonly recordTimeNs: string | null;
  readonly task: ReportTask | null;
  readonly tgid: number | null;
  readonly order: number;
  readonly gfp: string | null;
  readonly migratetype: string | null;
  readonly blockMigratetype: string | null;
  readonly migrateReason: string | null;
  readonly memcg: string | null;
  /** First page of the allocation. */
  readonly pfn: string | null;
  readonly notes: readonly string[];
  readonly stack: readonly ReportFrame[];
}

/** A page_owner dump that was joined to a capture. */
export interface ReportJoin {
  /** Index in `captures`. */
  readonly dump: number;
  readonly clock: ClockRelation['kind'];
  /** Added to a time of the dump gives a time of the capture, null where unknown. */
  readonly offsetNs: string | null;
  /** What measured the offset; 0 where it was not measured. */
  readonly allocations: number;
  readonly frees: number;
  readonly spreadNs: number | null;
  /** Why times are not compared, or null. */
  readonly why: string | null;
}

/** What a symbol file did for a capture. */
export interface ReportNaming {
  readonly file: string;
  readonly addresses: number;
  readonly named: number;
  /** Bytes from the addresses of the file to those of the recording. */
  readonly shift: string;
  /** Why it was not used, or null. */
  readonly refusal: string | null;
}

/** Allocations of a dump with one stack, those with most pages first. */
export interface ReportAllocationGroup {
  /** Index in `captures`. */
  readonly capture: number;
  /** null where the file does not say. */
  readonly pages: number | null;
  readonly allocations: number | null;
  readonly orders: readonly { readonly order: number; readonly pages: number }[];
  readonly migratetypes: readonly { readonly migratetype: string | null; readonly pages: number }[];
  readonly gfp: readonly { readonly gfp: string | null; readonly pages: number }[];
  readonly tasks: readonly { readonly task: ReportTask | null; readonly pages: number }[];
  readonly stack: readonly ReportFrame[];
}

export async function reportAllocations(
  trace: Capture,
  page: Page,
  joined: JoinedAllocations,
  stacksOf: (capture: Capture) => PlacedStacks,
  indexOf: (id: string) => number,
): Promise<readonly ReportAllocation[]> {
  const reports: ReportAllocation[] = [];
  for (const allocation of joined.pages.of(page)) {
    const { capture, task, stack, order } = allocator(allocation, trace);
    const { standing, marks, time, notes } = allocation;
    const frames = await stacksOf(capture).frames(stack);
    reports.push({
      standing,
      marks,
      ...sources(allocation, indexOf),
      timeNs: timeString(time, trace.timeBase),
      task: reportTask(capture, task),
      order,
      ...recordFields(allocation),
      notes,
      stack: frames.map(reportFrame),
    });
  }
  return reports;
}

function sources({ event, record }: PageAllocation, indexOf: (id: string) => number) {
  const names: ('mm_page_alloc' | 'page_owner')[] = [];
  if (event !== null) names.push('mm_page_alloc');
  if (record !== null) names.push('page_owner');
  return { sources: names, dump: record === null ? null : indexOf(record.dump.id) };
}

function recordFields({ record }: PageAllocation) {
  if (record === null) {
    return {
      recordTimeNs: null,
      tgid: null,
      gfp: null,
      migratetype: null,
      blockMigratetype: null,
      migrateReason: null,
      memcg: null,
      pfn: null,
    };
  }
  const { dump, row } = record;
  const { allocations, capture } = dump;
  const text = (column: Int32Array): string | null => textOf(capture, column[row]!);
  return {
    recordTimeNs: timeString(allocations.time[row]!, 0n),
    tgid: allocations.tgid[row] === ABSENT ? null : allocations.tgid[row]!,
    gfp: text(allocations.gfpMask),
    migratetype: text(allocations.migratetype),
    blockMigratetype: text(allocations.blockType),
    migrateReason: text(allocations.migrateReason),
    memcg: text(allocations.memcg),
    pfn: pfnText(allocations.pfn[row]!),
  };
}

function textOf({ symbols }: Capture, id: number): string | null {
  return id < 0 ? null : symbols.string(id);
}

export function reportJoins(
  trace: Capture,
  { dumps }: JoinedAllocations,
  indexOf: (id: string) => number,
): readonly ReportJoin[] {
  return dumps.map(({ id, clock }) => {
    const isMeasured = clock.kind === 'measured';
    return {
      dump: indexOf(id),
      clock: clock.kind,
      offsetNs: clock.kind === 'unknown' ? null : timeString(clock.shift, trace.timeBase),
      allocations: isMeasured ? clock.allocations : 0,
      frees: isMeasured ? clock.frees : 0,
      spreadNs: isMeasured ? clock.spread : null,
      why: clock.kind === 'unknown' ? clock.why : null,
    };
  });
}

export function reportNaming({ file, bare, named, shift, refusal }: Naming): ReportNaming {
  return { file, addresses: bare, named, shift: `0x${shift.toString(16)}`, refusal };
}

/** One after the other: a dump has thousands of stacks. */
export async function* reportGroups(
  index: number,
  capture: Capture,
  allocations: AllocationTable,
  groups: readonly AllocationGroup[],
  stacks: PlacedStacks,
): AsyncGenerator<ReportAllocationGroup> {
  for (const group of groups) {
    const { rows, stack } = group;
    const shares = (column: ArrayLike<number>) => sharesOf(allocations, rows, column);
    const frames = stack === NONE ? [] : await stacks.frames(stack);
    yield {
      capture: index,
      pages: known(group.pages),
      allocations: known(group.allocations),
      orders: shares(allocations.order).map(({ value, pages }) => ({ order: value, pages })),
      migratetypes: shares(allocations.migratetype).map(({ value, pages }) => ({
        migratetype: textOf(capture, value),
        pages,
      })),
      gfp: shares(allocations.gfpMask).map(({ value, pages }) => ({ gfp: textOf(capture, value), pages })),
      tasks: shares(allocations.task).map(({ value, pages }) => ({
        task: reportTask(capture, value),
        pages,
      })),
      stack: frames.map(reportFrame),
    };
  }
}

function known(count: number): number | null {
  return count < 0 ? null : count;
}
