/** Which allocations of a page_owner dump a filter asks for: by page, by task, and by a function of the stack. */
import type { AllocationTable } from '../capture/allocationTable';
import { NONE, type Capture } from '../capture/eventTable';
import { groupAllocations, type AllocationGroup } from '../holders/allocationGroups';
import { asksForPages, type HolderFilter } from './holdersQuery';
import { pfnText } from './pageFacts';
import { taskText } from './taskText';

/** Whether the filter can leave allocations out: they have no kind, role, reason or time held. */
export function isAsking(filter: HolderFilter): boolean {
  return asksForPages(filter) || filter.text !== '';
}

/** Groups that are asked for, with the allocations that are, those with most pages first. */
export function askedAllocations(
  capture: Capture,
  allocations: AllocationTable,
  filter: HolderFilter,
): readonly AllocationGroup[] {
  const groups = groupAllocations(allocations);
  if (!isAsking(filter)) return groups;
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
