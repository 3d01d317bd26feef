/** Leaves only some marks of pages, so that one user of migrate_pages or one attempt is seen without the others. */
import { NUMBERED_REASONS } from '../capture/migrateReasons';
import { firstBehind } from '../holders/lives';
import type { Mark, Page, Reference } from '../holders/model';
import { asksForReason } from './holdersQuery';

/** Names of enum migrate_reason, old and new (include/trace/events/migrate.h). */
export const MIGRATE_REASONS: readonly string[] = [
  ...NUMBERED_REASONS,
  // Of contig_range, as long as CMA alone had it.
  'cma',
];

/** The pages that have marks of `reason`, as filters name it, with these marks only; all pages when it is null. */
export function pagesWithReason(pages: readonly Page[], reason: string | null): readonly Page[] {
  if (reason === null) return pages;
  return pages.flatMap((page) => withMarks(page, (mark) => asksForReason(reason, mark.reason)) ?? []);
}

/** The page with the marks that `keep` says alone, and roles as of these; null when none is left. */
export function withMarks(page: Page, keep: (mark: Mark) => boolean): Page | null {
  const kept = page.marks.flatMap((mark, index) => (keep(mark) ? [index] : []));
  return kept.length === 0 ? null : withMarksAt(page, kept);
}

/**
 * The page with some of its marks, and roles as of these.
 *
 * @param kept their indexes, ascending, at least one
 */
export function withMarksAt(page: Page, kept: readonly number[]): Page {
  if (kept.length === page.marks.length) return page;
  const firstRow = page.marks[kept[0]!]!.row;
  return {
    ...page,
    marks: kept.map((index) => page.marks[index]!),
    references: page.references.map((reference) => {
      const openAt = placesIn(kept, reference.openAt);
      const { expectedAt: expectedBefore = [], ...rest } = reference;
      const expectedAt = placesIn(kept, expectedBefore);
      if (openAt.length === 0 && expectedAt.length > 0)
        return { ...rest, openAt: expectedAt, role: 'expected' };
      const role = roleAmong(reference, openAt, firstRow);
      const isSame = role === reference.role && reference.openAt.length === 0;
      if (isSame) return reference;
      return { ...rest, openAt, role, ...(expectedAt.length === 0 ? {} : { expectedAt }) };
    }),
  };
}

/**
 * Where in `kept` the marks stand that are in `openAt` too; both are ascending. One of them may be as long as the page
 * has marks: it is gone through by the other.
 */
function placesIn(kept: readonly number[], openAt: readonly number[]): readonly number[] {
  if (openAt.length > kept.length) {
    return kept.flatMap((mark, place) => (placeOf(openAt, mark) < 0 ? [] : [place]));
  }
  return openAt.map((mark) => placeOf(kept, mark)).filter((place) => place >= 0);
}

/** -1 where it is not among them. */
function placeOf(ascending: readonly number[], mark: number): number {
  const place = firstBehind(ascending, mark) - 1;
  return ascending[place] === mark ? place : -1;
}

/** A reference that was open at none of the marks that stay came before or after the first of them. */
function roleAmong(reference: Reference, openAt: readonly number[], firstRow: number): Reference['role'] {
  const { role } = reference;
  if (openAt.length > 0) return role;
  if (reference.openAt.length === 0) {
    // A refused page is marked at the very put of its isolation.
    const isOver = reference.released !== null && reference.released.row <= firstRow;
    return role === 'temporary' && isOver ? 'earlier' : role;
  }
  return reference.acquired !== null && reference.acquired.row > firstRow ? 'temporary' : 'earlier';
}
