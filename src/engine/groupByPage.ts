/** Page → mark → role → holder. */
import { longestHeld } from './heldTime';
import type { HolderRows } from './holderTree';
import type { SortOrder } from './holdersQuery';
import type { Branch } from './lazyTree';
import { heldReferences, isHeld, untracedReferences } from './pageFacts';
import type { Page } from '../holders/model';
import { sorted } from './sorting';

export function groupByPage(
  rows: HolderRows,
  parent: string,
  pages: readonly Page[],
  sortBy: SortOrder | null,
): readonly Branch[] {
  const alone = pages.length === 1;
  return pagesInOrder(pages, sortBy, rows.end).map((page) => rows.page(parent, page, alone));
}

/**
 * Those that somebody held come first, unless an order is asked for.
 *
 * @param end last time of the capture
 */
export function pagesInOrder(pages: readonly Page[], sortBy: SortOrder | null, end: number): readonly Page[] {
  if (sortBy === null) return [...pages.filter(isHeld), ...pages.filter((page) => !isHeld(page))];
  return sorted(pages, sortBy, (page) => {
    const held = heldReferences(page);
    return {
      pfn: page.pfn,
      firstMark: page.marks[0]?.row ?? Infinity,
      holders: held.length + untracedReferences(page),
      longestHeld: longestHeld(page, held, end)?.span ?? -1,
      attempts: new Set(page.marks.map(({ attempt }) => attempt)).size,
    };
  });
}
