/**
 * Which allocations of a page_owner dump a filter asks for: by page, by task, by a function of the stack, and by how many
 * pages were allocated by one stack.
 */
import type { AllocationTable } from '../capture/allocationTable';
import { NONE, type Capture } from '../capture/eventTable';
import { groupAllocations, type AllocationGroup } from '../holders/allocationGroups';
import { asksForPages, type HolderFilter } from './holdersQuery';
import { pfnText } from './pageFacts';
import { taskText } from './taskText';
import { counted } from './wording';

/** What a filter leaves of a dump. */
export interface AskedAllocations {
  /** Groups with the allocations that are asked for, those with most pages first. */
  readonly groups: readonly AllocationGroup[];
  readonly leftOut: LeftOutAllocations;
}

interface LeftOutAllocations {
  /** Stacks of which no allocation is shown. */
  readonly stacks: number;
  /** As far as the file says how many; of stacks that are shown, too. */
  readonly pages: number;
  readonly allocations: number;
}

export function askedAllocations(
  capture: Capture,
  allocations: AllocationTable,
  filter: HolderFilter,
): AskedAllocations {
  const all = groupAllocations(allocations);
  const groups = asksForAllocations(filter) ? askedAmong(all, capture, allocations, filter) : all;
  const shown = groups.filter((group) => sizeOf(group) >= filter.minPages);
  return {
    groups: shown,
    leftOut: {
      stacks: all.length - shown.length,
      pages: sumOf(all, 'pages') - sumOf(shown, 'pages'),
      allocations: sumOf(all, 'allocations') - sumOf(shown, 'allocations'),
    },
  };
}

/** `480 stacks, 3204 pages`; empty where nothing is left out. */
export function leftOutText({ stacks, pages, allocations }: LeftOutAllocations): string {
  return [
    ...(stacks > 0 ? [counted(stacks, 'stack')] : []),
    ...(pages > 0 ? [counted(pages, 'page')] : allocations > 0 ? [counted(allocations, 'allocation')] : []),
  ].join(', ');
}

/** In pages; in allocations where the file has no more than these, as show_stacks of 6.9 and 6.10. */
function sizeOf({ pages, allocations }: AllocationGroup): number {
  return Math.max(0, pages >= 0 ? pages : allocations);
}

/** Allocations have no kind, role, reason or time held. */
function asksForAllocations(filter: HolderFilter): boolean {
  return asksForPages(filter) || filter.text !== '';
}

/** Of what the file does not say nothing is known to be in it. */
function sumOf(groups: readonly AllocationGroup[], of: 'pages' | 'allocations'): number {
  return groups.reduce((sum, group) => sum + Math.max(0, group[of]), 0);
}

function askedAmong(
  groups: readonly AllocationGroup[],
  capture: Capture,
  allocations: AllocationTable,
  filter: HolderFilter,
): readonly AllocationGroup[] {
  const isPageAsked = pageTest(allocations, filter);
  const textOf = new TextTest(capture, allocations, filter.text.toLowerCase());
  return groups
    .flatMap((group) => {
      // Sums alone do not say of which pages they are.
      if (group.rows.length === 0) return !asksForPages(filter) && textOf.isInStack(group) ? [group] : [];
      const isWhole = textOf.isInStack(group);
      const rows = group.rows.filter((row) => isPageAsked(row) && (isWhole || textOf.isInRow(row)));
      return rows.length === 0 ? [] : [{ ...group, rows, ...sums(allocations, rows) }];
    })
    .sort((a, b) => b.pages - a.pages || b.allocations - a.allocations);
}

function pageTest(allocations: AllocationTable, filter: HolderFilter): (row: number) => boolean {
  if (!asksForPages(filter)) return () => true;
  // No event tells of them, but the dump may.
  const ranges = [...filter.pfns.map((pfn) => ({ first: pfn, last: pfn })), ...filter.emptyRanges];
  return (row) => {
    const first = allocations.pfn[row]!;
    const behind = first + 2 ** allocations.order[row]!;
    return ranges.some((range) => first <= range.last && behind > range.first);
  };
}

function sums(
  allocations: AllocationTable,
  rows: readonly number[],
): Pick<AllocationGroup, 'pages' | 'allocations'> {
  const pages = rows.reduce((sum, row) => sum + 2 ** allocations.order[row]!, 0);
  return { pages, allocations: rows.length };
}

class TextTest {
  private readonly tasks = new Map<number, boolean>();

  constructor(
    private readonly capture: Capture,
    private readonly allocations: AllocationTable,
    private readonly words: string,
  ) {}

  isInStack({ stack }: AllocationGroup): boolean {
    if (this.words === '') return true;
    if (stack === NONE) return false;
    const { symbols } = this.capture;
    return symbols
      .stackFrames(stack)
      .some((frame) => this.has(symbols.frameFunction(frame)) || this.has(symbols.frameModule(frame)));
  }

  isInRow(row: number): boolean {
    const task = this.allocations.task[row]!;
    let isOfTask = this.tasks.get(task);
    if (isOfTask === undefined) {
      isOfTask = this.has(taskText(this.capture, task));
      this.tasks.set(task, isOfTask);
    }
    return isOfTask || this.has(pfnText(this.allocations.pfn[row]!));
  }

  private has(text: string | null): boolean {
    return text?.toLowerCase().includes(this.words) === true;
  }
}
