/**
 * Attempts that report failures, and of which the capture names no page: which ones stayed, nothing tells where function
 * names, stacks or the events of these pages are missing. That some did stay is known all the same.
 */
import { rangesGivenUp } from '../holders/attempts';
import type { Attempt, HolderAnalysis } from '../holders/model';
import { groupBy } from './holdings';
import { counted } from './wording';

/** Those that no mark of a page is of: an analysis keeps none of these but those that report a failure. */
export function unnamedFailures({
  attempts,
  pages,
}: Pick<HolderAnalysis, 'attempts' | 'pages'>): readonly Attempt[] {
  const named = new Set(pages.flatMap(({ marks }) => marks.map(({ attempt }) => attempt)));
  return attempts.filter(({ id }) => !named.has(id));
}

/** Of memory offlining, which prints the PFN before the dump (do_migrate_range of mm/memory_hotplug.c). */
const NO_PFN = 'page dumps say no PFN, nor does “migrating pfn …” before them';

/** `migrate_pages reports 3 failures, 1 CMA allocation failed`; null where no attempt reports any. */
export function unnamedFailuresText(attempts: readonly Attempt[]): string | null {
  const failures = sumOf(attempts, ({ failed }) => failed);
  const failed = attempts.filter(({ result }) => result === 'failed');
  const texts = [
    ...(failures > 0 ? [`migrate_pages reports ${counted(failures, 'failure')}`] : []),
    ...groupBy(failed, ({ what }) => what).map(([what, of]) => `${counted(of.length, what)} failed`),
    ...(attempts.some(({ isOfUnnamedPage }) => isOfUnnamedPage) ? [NO_PFN] : []),
  ];
  if (texts.length > 0) return texts.join(', ');
  // On the way to a range that was free.
  const ranges = sumOf(attempts, ({ retries, failedSteps }) => Math.max(retries, rangesGivenUp(failedSteps)));
  return ranges === 0 ? null : `cma_alloc gave up ${counted(ranges, 'range')}`;
}

function sumOf(attempts: readonly Attempt[], of: (attempt: Attempt) => number): number {
  return attempts.reduce((total, attempt) => total + of(attempt), 0);
}
