/** Which pages an event is evidence of: migrate_pages says how many failed, and the analysis which. */
import type { HolderAnalysis, Page } from '../holders/model';
import { covers } from './holderMatcher';

/** Pages with a mark that rests on an event, by the row of that. */
export type PagesOfMarks = ReadonlyMap<number, readonly Page[]>;

export function pagesOfMarks({ pages }: HolderAnalysis): PagesOfMarks {
  const found = new Map<number, Page[]>();
  for (const page of pages) {
    const rows = new Set(page.marks.flatMap(({ evidence }) => evidence.map(({ row }) => row)));
    for (const row of rows) {
      const known = found.get(row);
      if (known === undefined) found.set(row, [page]);
      else known.push(page);
    }
  }
  return found;
}

/**
 * The page that an event is about: the one whose mark rests on it, else the one that it names.
 *
 * @param pfn that it names, or -1
 * @returns a PFN; -1 where it names none, and marks of no page, or of several, rest on it
 */
export function pfnOfEvent(marks: PagesOfMarks, row: number, pfn: number): number {
  const [page, ...others] = marks.get(row) ?? [];
  return page === undefined || others.length > 0 || covers(page, pfn) ? pfn : page.pfn;
}
