/** How much a page_owner dump tells of, in words. */
import type { AllocationTable } from '../capture/allocationTable';
import { groupAllocations } from '../holders/allocationGroups';
import { counted } from './wording';

/** `25,474 allocations of 26,982 pages`. */
export function allocationsText(allocations: AllocationTable): string {
  const groups = groupAllocations(allocations);
  const pages = groups.reduce((sum, group) => sum + Math.max(0, group.pages), 0);
  const count = groups.reduce((sum, group) => sum + Math.max(0, group.allocations), 0);
  if (count === 0) return `${counted(pages, 'page')} allocated`;
  return pages === 0
    ? counted(count, 'allocation')
    : `${counted(count, 'allocation')} of ${counted(pages, 'page')}`;
}

/** Records and sums of a dump; 0 for a capture without allocations. */
export function allocationCount(allocations: AllocationTable | null): number {
  return allocations === null ? 0 : allocations.length + allocations.totals.length;
}
