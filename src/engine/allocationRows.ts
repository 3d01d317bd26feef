/**
 * Who allocated a page, as rows below the page, beside its holders and never among them; and what a page_owner dump
 * says by itself, by stack.
 */
import type { AllocationTable } from '../capture/allocationTable';
import { ABSENT, NONE, type Capture } from '../capture/eventTable';
import type { ClockRelation } from '../holders/allocationClock';
import { sharesOf, type AllocationGroup } from '../holders/allocationGroups';
import type { Page } from '../holders/model';
import { allocator, type AllocationDump, type PageAllocation } from '../holders/pageAllocations';
import { allocatorDepth, groupName } from './allocationNames';
import { askedAllocations, leftOutText } from './askedAllocations';
import type { NameOf } from './distinctNames';
import type { PlacedFrame, PlacedStacks } from './frames';
import type { HolderFilter } from './holdersQuery';
import type { JoinedAllocations } from './joinCaptures';
import { branch, type Branch } from './lazyTree';
import { pfnText } from './pageFacts';
import { foldedFrames, frameRows, withStack } from './stackRows';
import { taskText } from './taskText';
import { pointText, spanText } from './timeText';
import { counted, joined } from './wording';

/** As many groups of a dump are open at first as fit a screen. */
const OPEN_GROUPS = 3;
/** The stacks with most pages stand by themselves: a dump has a thousand and more of them. */
const SHOWN_GROUPS = 50;
/** PFNs listed of a group; the rest is counted. */
const MOST_PAGES = 1000;

/** What the joined files add to the tree of one capture. */
export class AllocationRows {
  /** @param stacksOf the stacks of any open capture */
  constructor(
    private readonly trace: Capture,
    private readonly joined: JoinedAllocations,
    private readonly pages: readonly Page[],
    private readonly stacksOf: (capture: Capture) => PlacedStacks,
    private readonly nameOf: NameOf,
  ) {}

  /** One row a dump: how many pages it tells of, and how its clock stands to that of the trace. */
  notes(id: string): readonly Branch[] {
    return this.joined.dumps.flatMap((dump, index) => {
      if (dump.capture === this.trace) return [];
      const found = this.pages.filter((page) =>
        this.joined.pages.of(page).some(({ record }) => record?.dump === dump),
      ).length;
      const of = found === this.pages.length ? '' : ` of ${this.pages.length}`;
      return [
        branch({
          id: `${id}/dump${index}`,
          kind: 'note',
          mood: isSure(dump.clock) ? 'plain' : 'doubt',
          label: `${this.nameOf(dump.capture.path)} tells who allocated ${found}${of} ${this.pages.length === 1 ? 'page' : 'pages'}`,
          description: clockText(dump.clock, this.trace),
          tooltip: { title: dump.capture.path, rows: [], notes: [clockMeaning(dump.clock)] },
        }),
      ];
    });
  }

  rows(id: string, page: Page): readonly Branch[] {
    return this.joined.pages
      .of(page)
      .map((allocation, index) => this.row(`${id}/allocated${index}`, page, allocation));
  }

  private row(id: string, page: Page, allocation: PageAllocation): Branch {
    const { standing, notes, event, record } = allocation;
    const { capture, task, stack, order } = allocator(allocation, this.trace);
    const known = standing === 'traced' || standing === 'same-life';
    const stacks = this.stacksOf(capture);
    const facts = record === null ? [] : recordFacts(record.dump, record.row);
    const made = branch(
      {
        id,
        kind: 'allocation',
        place: event === null ? null : { row: event, pfn: page.pfn },
        mood: known ? 'plain' : 'doubt',
        label: joined([
          `Allocated by ${taskText(capture, task) ?? 'a task that is not recorded'}`,
          this.when(page, allocation),
        ]),
        description: joined([
          `order ${order}`,
          ...this.kindOf(allocation),
          sourceText(allocation, this.nameOf),
        ]),
        tooltip: {
          title: 'The allocation of the page; who allocated it need not hold it',
          rows: [
            ['Time', this.point(allocation.time)],
            ['Order', String(order)],
            ...facts,
            ['Source', sourceText(allocation, this.nameOf)],
            ...(event === null
              ? []
              : [['Byte offset in the capture', String(this.trace.events.offset(event))] as const]),
          ],
          notes,
        },
        expanded: known,
      },
      async () => [
        ...notes.map((note, index) =>
          branch({ id: `${id}/note${index}`, kind: 'note', mood: 'doubt', label: note }),
        ),
        ...(stack === NONE
          ? [branch({ id: `${id}/stack`, kind: 'note', label: 'No stack of the allocation' })]
          : allocationFrames(id, await stacks.frames(stack))),
      ],
    );
    return withStack(made, stacks, stack);
  }

  /** Migratetype and gfp flags: the events are read without the flags, so these are those of the record. */
  private kindOf({ event, record }: PageAllocation): readonly string[] {
    if (record !== null) {
      const { dump, row } = record;
      const { symbols } = dump.capture;
      const { migratetype, gfpMask } = dump.allocations;
      return [named(symbols, migratetype[row]!), flagNames(named(symbols, gfpMask[row]!))];
    }
    const type = event === null ? -1 : this.trace.events.migratetype[event]!;
    return type < 0 ? [] : [migratetypeText(type)];
  }

  private when(page: Page, { standing, marks, time }: PageAllocation): string {
    if (standing === 'as-of-dump') {
      return Number.isNaN(time) ? 'as of the dump' : `${this.relative(page, time)}, as of the dump`;
    }
    if (standing === 'later') return `${this.relative(page, time)}: another life of the page`;
    if (standing === 'earlier')
      return `${this.relative(page, time)}, freed before it: another life of the page`;
    const first = page.marks[marks[0]!]!;
    const which =
      marks[0] === 0
        ? `the ${page.marks.length > 1 ? 'first ' : ''}mark`
        : `the mark at ${this.point(first.time)}`;
    return Number.isFinite(first.time) && Number.isFinite(time)
      ? `${spanText(first.time - time, this.trace.clock)} before ${which}`
      : `before ${which}`;
  }

  private relative({ marks }: Page, time: number): string {
    const last = marks.findLast((mark) => Number.isFinite(mark.time));
    const first = marks.find((mark) => Number.isFinite(mark.time));
    if (first === undefined || last === undefined) return 'at an unknown time';
    const { clock } = this.trace;
    const several = marks.length > 1;
    if (time > last.time) {
      return `${spanText(time - last.time, clock)} after the ${several ? 'last ' : ''}mark`;
    }
    return time < first.time
      ? `${spanText(first.time - time, clock)} before the ${several ? 'first ' : ''}mark`
      : `${spanText(time - first.time, clock)} after the first mark`;
  }

  private point(time: number): string {
    const { timeBase, clock, resolution } = this.trace;
    return pointText(time, timeBase, clock, resolution);
  }
}

/** `mm_page_alloc`, `page_owner`, or both, with the name of the file that is not the capture itself. */
function sourceText({ event, record }: PageAllocation, nameOf: NameOf): string {
  return [
    ...(event === null ? [] : ['mm_page_alloc']),
    ...(record === null ? [] : [nameOf(record.dump.capture.path)]),
  ].join(' and ');
}

function recordFacts(
  { capture, allocations }: AllocationDump,
  row: number,
): readonly (readonly [string, string])[] {
  const { symbols } = capture;
  const { tgid, gfpMask, migratetype, blockType, migrateReason, memcg } = allocations;
  const given: readonly (readonly [string, string])[] = [
    ['Thread group', tgid[row] === ABSENT ? '' : String(tgid[row])],
    ['gfp flags', named(symbols, gfpMask[row]!)],
    ['Migratetype', named(symbols, migratetype[row]!)],
    ['Migratetype of the pageblock', named(symbols, blockType[row]!)],
    ['Last migrate reason', named(symbols, migrateReason[row]!)],
    ['Charged', named(symbols, memcg[row]!)],
    ['First page', pfnText(allocations.pfn[row]!)],
  ];
  return given.filter(([, value]) => value !== '');
}

function named(symbols: Capture['symbols'], id: number): string {
  return id < 0 ? '' : symbols.string(id);
}

/** `0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)` → `GFP_HIGHUSER_MOVABLE|__GFP_COMP`. */
function flagNames(mask: string): string {
  return /\((.*)\)$/.exec(mask)?.[1] ?? mask;
}

/** `clock 49.868 ms ahead of mono, by 3 mm_page_alloc events of the same allocations (within 3.92 µs)`. */
function clockText(relation: ClockRelation, trace: Capture): string {
  if (relation.kind === 'unknown') return `times not compared: ${relation.why}`;
  if (relation.kind === 'shared') {
    const about = relation.uncertainty > 1e6 ? `, to within ${spanText(relation.uncertainty, 'ns')}` : '';
    return `same clock as the trace (${relation.clock})${about}`;
  }
  const { shift, allocations, frees, spread } = relation;
  const offset = shift + Number(trace.timeBase);
  const direction = offset < 0 ? 'ahead of' : 'behind';
  const events = [
    ...(allocations === 0 ? [] : [`${allocations} mm_page_alloc`]),
    ...(frees === 0 ? [] : [`${frees} mm_page_free`]),
  ].join(' and ');
  const agree = allocations + frees > 1 ? `, within ${spanText(spread, 'ns')}` : '';
  return (
    `clock ${(Math.abs(offset) / 1e6).toFixed(3)} ms ${direction} the trace, by ` +
    `${events} ${allocations + frees === 1 ? 'event' : 'events'} of the same pages${agree}`
  );
}

/** One event may be of another allocation of the same page by the same task. */
function isSure(clock: ClockRelation): boolean {
  return clock.kind === 'shared' || (clock.kind === 'measured' && clock.allocations + clock.frees > 1);
}

function clockMeaning(relation: ClockRelation): string {
  switch (relation.kind) {
    case 'measured':
      return 'Measured: page_owner and mm_page_alloc tell of the same allocations, page_owner and mm_page_free of the same frees.';
    case 'shared':
      return 'Taken from the name of the clock: no allocation is in both files. Whether they are of the same boot is not known.';
    case 'unknown':
      return 'Allocations are shown as of the dump; whether they are of the same boot, and of the life in which a page failed to move, is not known.';
  }
}

/** Rows of a stack, with the frames of the page allocator folded; never all. */
function allocationFrames(id: string, frames: readonly PlacedFrame[]): readonly Branch[] {
  const rows = frames.map((frame, index) => frameRows(`${id}/f${index}`, frame));
  const depth = allocatorDepth(frames.map((frame) => frame.function));
  if (depth === 0) return rows.flat();
  const folded = foldedFrames(id, 'allocator', rows.slice(0, depth).flat(), {
    label: counted(depth, 'page allocator frame'),
    description: frames
      .slice(0, depth)
      .map((frame) => frame.function)
      .join(', '),
  });
  return [folded, ...rows.slice(depth).flat()];
}

/** Rows of a dump alone: the stacks that allocated, those with most pages first, and the many small ones folded. */
export function dumpRows(
  id: string,
  capture: Capture,
  allocations: AllocationTable,
  stacks: PlacedStacks,
  filter: HolderFilter,
): readonly Branch[] {
  const { groups, leftOut } = askedAllocations(capture, allocations, filter);
  const row = (group: AllocationGroup, index: number): Branch =>
    groupRow(`${id}/g${index}`, capture, allocations, stacks, group, index < OPEN_GROUPS);
  const few = groups.slice(SHOWN_GROUPS);
  const others = leftOutText(leftOut);
  return [
    ...groups.slice(0, SHOWN_GROUPS).map(row),
    ...(few.length === 0
      ? []
      : [
          branch(
            {
              id: `${id}/few`,
              kind: 'section',
              label: `${counted(few.length, 'more stack')} of ${sizeText(few)}`,
              description: `${pagesText(sum(few, 'pages'), sum(few, 'allocations'))} in all`,
            },
            () => few.map((group, index) => row(group, SHOWN_GROUPS + index)),
          ),
        ]),
    ...(others === ''
      ? []
      : [
          branch({
            id: `${id}/others`,
            kind: 'note',
            label: `Left out by the filter: ${others}`,
          }),
        ]),
  ];
}

/** `at most 16 pages`, `1 page each` */
function sizeText(groups: readonly AllocationGroup[]): string {
  const { pages, allocations } = groups[0]!;
  const most = pagesText(pages, allocations);
  return pages === groups.at(-1)!.pages && pages >= 0 ? `${most} each` : `at most ${most}`;
}

function sum(groups: readonly AllocationGroup[], of: 'pages' | 'allocations'): number {
  return groups.reduce((total, group) => total + group[of], 0);
}

function groupRow(
  id: string,
  capture: Capture,
  allocations: AllocationTable,
  stacks: PlacedStacks,
  group: AllocationGroup,
  expanded: boolean,
): Branch {
  const { symbols } = capture;
  const { stack, rows } = group;
  const share = (column: ArrayLike<number>, text: (value: number) => string): string =>
    sharesOf(allocations, rows, column)
      .map(({ value }) => text(value))
      .filter((name) => name !== '')
      .slice(0, 3)
      .join(', ');
  const tasks = sharesOf(allocations, rows, allocations.task);
  const made = branch(
    {
      id,
      kind: 'allocation',
      label: `${pagesText(group.pages, group.allocations)} · ${groupName(capture, group)}`,
      description: joined([
        group.pages >= 0 && group.allocations >= 0 && group.allocations !== group.pages
          ? counted(group.allocations, 'allocation')
          : '',
        share(allocations.order, (order) => `order ${order}`),
        share(allocations.migratetype, (type) => named(symbols, type)),
        share(allocations.gfpMask, (mask) => flagNames(named(symbols, mask))),
      ]),
      expanded,
    },
    async () => [
      ...(stack === NONE ? [] : allocationFrames(id, await stacks.frames(stack))),
      ...(tasks.length === 0 ? [] : [tasksRow(`${id}/tasks`, capture, tasks)]),
      ...(rows.length === 0 ? [] : [pfnsRow(`${id}/pages`, capture, allocations, rows)]),
    ],
  );
  return withStack(made, stacks, stack);
}

function pagesText(pages: number, allocations: number): string {
  return pages >= 0 ? counted(pages, 'page') : counted(allocations, 'allocation');
}

function tasksRow(id: string, capture: Capture, tasks: ReturnType<typeof sharesOf>): Branch {
  const text = (task: number): string => taskText(capture, task) ?? 'task not recorded';
  const [first] = tasks;
  return branch(
    {
      id,
      kind: 'section',
      label: tasks.length === 1 ? `By ${text(first!.value)}` : `By ${counted(tasks.length, 'task')}`,
      description:
        tasks.length === 1
          ? ''
          : tasks
              .slice(0, 3)
              .map(({ value, pages }) => `${text(value)}: ${pages}`)
              .join(', '),
    },
    tasks.length === 1
      ? null
      : () =>
          tasks.map(({ value, pages }, index) =>
            branch({
              id: `${id}/${index}`,
              kind: 'fact',
              label: text(value),
              description: counted(pages, 'page'),
            }),
          ),
  );
}

function pfnsRow(
  id: string,
  capture: Capture,
  allocations: AllocationTable,
  rows: readonly number[],
): Branch {
  const { pfn, order, migrateReason, time } = allocations;
  const text = (row: number): string => pfnText(pfn[row]!);
  const shown = rows.slice(0, MOST_PAGES);
  const of = shown.length < rows.length ? `, the first ${shown.length} are listed` : '';
  return branch(
    {
      id,
      kind: 'section',
      label: 'Pages',
      description: `${text(rows[0]!)}${rows.length > 1 ? ` to ${text(rows.at(-1)!)}` : ''}${of}`,
    },
    () =>
      shown.map((row) =>
        branch({
          id: `${id}/${row}`,
          kind: 'fact',
          label: text(row),
          description: joined([
            `order ${order[row]}`,
            taskText(capture, allocations.task[row]!),
            Number.isNaN(time[row]!) ? '' : pointText(time[row]!, 0n, 'ns', 1),
            migrateReason[row]! < 0 ? '' : `migrated: ${capture.symbols.string(migrateReason[row]!)}`,
          ]),
        }),
      ),
  );
}

/** The first ones are the same in all kernels and configurations (include/linux/mmzone.h enum migratetype). */
const MIGRATETYPES = ['Unmovable', 'Movable', 'Reclaimable'];

function migratetypeText(type: number): string {
  const name = MIGRATETYPES[type];
  return name === undefined ? `migratetype ${type}` : `${name} (migratetype ${type})`;
}
