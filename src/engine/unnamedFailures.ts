/**
 * Attempts that report failures, and of which the capture names no page: which ones stayed, nothing tells where function
 * names, stacks or the events of these pages are missing. That some did stay is known all the same.
 */
import type { Attempt, HolderAnalysis } from '../holders/model';
import { attemptsWithoutPages } from './groupByAttempt';
import { groupBy } from './holdings';
import { counted } from './wording';

/** An analysis keeps no attempt without a page but those that report a failure. */
export function unnamedFailures({
  attempts,
  pages,
}: Pick<HolderAnalysis, 'attempts' | 'pages'>): readonly Attempt[] {
  return attemptsWithoutPages(attempts, pages);
}

/** `migrate_pages reports 3 failures, 1 CMA allocation failed`; null where no attempt reports any. */
export function unnamedFailuresText(attempts: readonly Attempt[]): string | null {
  const failures = sumOf(attempts, ({ failed }) => failed);
  const failed = attempts.filter(({ result }) => result === 'failed');
  const texts = [
    ...(failures > 0 ? [`migrate_pages reports ${counted(failures, 'failure')}`] : []),
    ...groupBy(failed, ({ what }) => what).map(([what, of]) => `${counted(of.length, what)} failed`),
  ];
  if (texts.length > 0) return texts.join(', ');
  // On the way to a range that was free.
  const ranges = rangesGivenUp(attempts);
  return ranges === 0 ? null : `cma_alloc gave up ${counted(ranges, 'range')}`;
}

function rangesGivenUp(attempts: readonly Attempt[]): number {
  return sumOf(attempts, ({ retries, failedSteps: steps }) =>
    Math.max(retries, steps === null ? 0 : steps.isolation + steps.migration + steps.test),
  );
}

function sumOf(attempts: readonly Attempt[], of: (attempt: Attempt) => number): number {
  return attempts.reduce((total, attempt) => total + of(attempt), 0);
}
