/** The pages of a capture that a filter asks for, with the marks of its reason alone. */
import type { Page } from '../holders/model';
import { HolderMatcher } from './holderMatcher';
import type { HolderSource } from './holderSource';
import type { HolderFilter } from './holdersQuery';
import { pagesWithReason } from './reasonFilter';

export function askedPages(
  { capture, analysis, through }: HolderSource,
  filter: HolderFilter,
): readonly Page[] {
  const matcher = new HolderMatcher(capture, filter, analysis.attempts, through);
  return pagesWithReason(analysis.pages, filter.reason).filter((page) => matcher.page(page));
}
