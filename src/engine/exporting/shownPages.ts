/** The pages that failed to move and the references on them, as a query sorts and filters them. */
import type { Page, Reference } from '../../holders/model';
import { filteredParts } from '../groupedRows';
import { pagesInOrder } from '../groupByPage';
import { lastTime } from '../heldTime';
import { HolderMatcher } from '../holderMatcher';
import type { HolderSource } from '../holderSource';
import type { HoldersQuery } from '../holdersQuery';

interface ShownPages {
  readonly pages: readonly Page[];
  readonly references: (page: Page) => readonly Reference[];
  /** Last time of the capture. */
  readonly end: number;
}

export function shownPages(source: HolderSource, query: HoldersQuery): ShownPages {
  const { capture, analysis, through } = source;
  const matcher = new HolderMatcher(capture, query.filter, analysis.attempts, through);
  const end = lastTime(capture);
  const { pages } = filteredParts(source, query, matcher);
  return {
    pages: pagesInOrder(pages, query.sortBy ?? 'pfn', end),
    references: (page) => page.references.filter((reference) => matcher.reference(page, reference)),
    end,
  };
}
