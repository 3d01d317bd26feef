/** What of a capture a filter asks for: pages, with the marks of its reason alone, and failures that name none. */
import type { Attempt, Page } from '../holders/model';
import { HolderMatcher } from './holderMatcher';
import type { HolderSource } from './holderSource';
import type { HolderFilter } from './holdersQuery';
import { pagesWithReason } from './reasonFilter';
import { unnamedFailures } from './unnamedFailures';

export function askedPages(source: HolderSource, filter: HolderFilter): readonly Page[] {
  const matcher = matcherOf(source, filter);
  return pagesWithReason(source.analysis.pages, filter.reason).filter((page) => matcher.page(page));
}

/** Attempts that report failures and name no page: whether somebody held those pages, nothing says. */
export function askedFailures(source: HolderSource, filter: HolderFilter): readonly Attempt[] {
  const matcher = matcherOf(source, filter);
  return unnamedFailures(source.analysis).filter((attempt) => matcher.attempt(attempt));
}

function matcherOf({ capture, analysis, through }: HolderSource, filter: HolderFilter): HolderMatcher {
  return new HolderMatcher(capture, filter, analysis.attempts, through);
}
