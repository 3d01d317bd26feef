/**
 * Marks of a page by what they say: attempts that fail again and again with the same sum and the same holders are one
 * row with a count, whoever made them.
 */
import { firstBehind } from '../holders/lives';
import type { Mark, MarkSource, Page, Reference, Role } from '../holders/model';
import { reasonText } from './pageFacts';

export interface MarkGroup {
  /** In order of the capture; they differ in time, evidence and error only. */
  readonly marks: readonly Mark[];
  /** How many failures the capture shows. */
  readonly repeats: number;
  /**
   * References by role. Held and expected ones were open at a mark of this group. Of the others each stands under one
   * group alone: a temporary one under that of the last mark before it, an earlier one under that of the first after it.
   */
  readonly references: Readonly<Record<Role, readonly Reference[]>>;
  /** Whether marks of other groups come after its first one: what was taken after these stands under them. */
  readonly isFollowed: boolean;
  /** Whether marks of other groups come before its last one: what was dropped before these stands under them. */
  readonly isPreceded: boolean;
}

/** A group while marks are put into it. */
interface GroupUnderWay {
  readonly marks: Mark[];
  /** Indexes of the first and the last of them among all marks of the page. */
  readonly first: number;
  last: number;
  readonly references: Readonly<Record<Role, Reference[]>>;
}

/** The marks of a page by what they say, in order of the first of each; every reference is in at least one group. */
export function groupMarks(page: Page): readonly MarkGroup[] {
  const open = heldAtMarks(page);
  const groups = new Map<string, GroupUnderWay>();
  const groupOfMark = page.marks.map((mark, index) => {
    const key = meaning(mark, open[index]!);
    const group = groups.get(key) ?? { marks: [], first: index, last: index, references: noReferences() };
    groups.set(key, group);
    group.marks.push(mark);
    group.last = index;
    return group;
  });
  const markRows = Int32Array.from(page.marks, ({ row }) => row);
  for (const reference of page.references) {
    for (const group of new Set(marksOf(markRows, reference).map((index) => groupOfMark[index]))) {
      group?.references[reference.role].push(reference);
    }
  }
  return Array.from(groups.values(), ({ marks, first, last, references }) => ({
    marks,
    repeats: marks.reduce((sum, mark) => sum + failuresOf(mark), 0),
    references,
    isFollowed: page.marks.length - first > marks.length,
    isPreceded: last + 1 > marks.length,
  }));
}

/** How often the page failed in the attempt of a mark: different kinds of evidence speak of the same failure. */
export function failuresOf(mark: Mark): number {
  const counts = new Map<MarkSource, number>();
  for (const { source } of mark.evidence) counts.set(source, (counts.get(source) ?? 0) + 1);
  return Math.max(1, ...counts.values());
}

function noReferences(): Record<Role, Reference[]> {
  return { held: [], expected: [], temporary: [], earlier: [] };
}

/** Ids of the held references that were open at each mark, ascending. */
export function heldAtMarks(page: Page): readonly (readonly number[])[] {
  const open = page.marks.map((): number[] => []);
  page.references.forEach((reference, id) => {
    if (reference.role !== 'held') return;
    for (const mark of reference.openAt) open[mark]?.push(id);
  });
  return open;
}

/** Equal for marks that say the same of the page. */
function meaning(mark: Mark, open: readonly number[]): string {
  const { causeDetail, count, expected, held, untraced, expectedTerms } = mark;
  const terms = expectedTerms.map((term) => [term.count, term.label]);
  return JSON.stringify([reasonText(mark), causeDetail, count, expected, held, untraced, terms, open]);
}

/**
 * Indexes of the marks under which a reference is shown.
 *
 * @param markRows of the marks of its page, ascending
 */
function marksOf(markRows: Int32Array, reference: Reference): readonly number[] {
  switch (reference.role) {
    case 'held':
    case 'expected':
      return reference.openAt.length > 0 ? reference.openAt : [markBefore(markRows, reference)];
    case 'temporary':
      return [markBefore(markRows, reference)];
    case 'earlier':
      return [markAfter(markRows, reference)];
  }
}

/** The last mark before the reference was taken (or dropped, where the get is not in the capture), or the first. */
function markBefore(markRows: Int32Array, reference: Reference): number {
  const row = reference.acquired?.row ?? reference.released?.row ?? -1;
  return Math.max(0, firstBehind(markRows, row) - 1);
}

/** The first mark after the reference was dropped, or the last. */
function markAfter(markRows: Int32Array, reference: Reference): number {
  const row = reference.released?.row ?? reference.acquired?.row ?? Infinity;
  return Math.min(firstBehind(markRows, row - 1), markRows.length - 1);
}
