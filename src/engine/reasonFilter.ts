/** Leaves only some marks of pages, so that one user of migrate_pages or one attempt is seen without the others. */
import { NUMBERED_REASONS } from '../capture/migrateReasons';
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
  if (kept.length === page.marks.length) return page;
  const first = kept[0];
  if (first === undefined) return null;
  const newIndex = new Map(kept.map((old, index) => [old, index]));
  const firstRow = page.marks[first]!.row;
  return {
    ...page,
    marks: kept.map((index) => page.marks[index]!),
    references: page.references.map((reference) => {
      const { expectedAt: expectedBefore = [], ...rest } = reference;
      const openAt = reference.openAt.flatMap((old) => newIndex.get(old) ?? []);
      const expectedAt = expectedBefore.flatMap((old) => newIndex.get(old) ?? []);
      if (openAt.length === 0 && expectedAt.length > 0)
        return { ...rest, openAt: expectedAt, role: 'expected' };
      const role = roleAmong(reference, openAt, firstRow);
      return { ...rest, openAt, role, ...(expectedAt.length === 0 ? {} : { expectedAt }) };
    }),
  };
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
