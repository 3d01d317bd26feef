/** What stacks say of what a page is: whether the page cache has it, where its mapping pointer is hashed. */
import { Step } from './frameFacts';

/**
 * - `driver`: movable by its driver's movable_operations (balloon, zsmalloc, z3fold), in no page cache.
 * - `hugetlb`: a huge page of hugetlb, anonymous or of a file; `hugetlb-file`: of a file.
 */
export type PageNature = 'anonymous' | 'file' | 'driver' | 'hugetlb' | 'hugetlb-file';

/** @param steps {@link Step} bits of a stack's functions */
export function natureOfSteps(steps: number): PageNature | null {
  if ((steps & Step.ofDriver) !== 0) return 'driver';
  if ((steps & Step.anonymous) !== 0) return 'anonymous';
  const isFile = (steps & Step.file) !== 0;
  if ((steps & Step.hugetlb) !== 0) return isFile ? 'hugetlb-file' : 'hugetlb';
  return isFile ? 'file' : null;
}

/** What two stacks of one life of a page say together: the first counts, and what it left open the second tells. */
export function togetherWith(known: PageNature | null, next: PageNature | null): PageNature | null {
  if (known === null || next === null) return known ?? next;
  const isHugetlb = known === 'hugetlb' || next === 'hugetlb';
  if (!isHugetlb) return known;
  if (known === 'anonymous' || next === 'anonymous') return 'anonymous';
  return known === 'hugetlb' && next === 'hugetlb' ? 'hugetlb' : 'hugetlb-file';
}
