/**
 * Marks of a page by what they say: attempts that fail again and again with the same sum and the same holders are one
 * row with a count, whoever made them.
 */
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

/** The marks of a page by what they say, in order of the first of each; every reference is in at least one group. */
export function groupMarks(page: Page): readonly MarkGroup[] {
  const open = heldAtMarks(page);
  const groupByMeaning = new Map<string, number>();
  const groupOfMark = page.marks.map((mark, index) => {
    const key = meaning(mark, open[index]!);
    const group = groupByMeaning.get(key) ?? groupByMeaning.size;
    groupByMeaning.set(key, group);
    return group;
  });
  const groups = Array.from(groupByMeaning, (_, group) => ({
    marks: page.marks.filter((_mark, index) => groupOfMark[index] === group),
    references: noReferences(),
  }));
  for (const reference of page.references) {
    for (const group of new Set(marksOf(page, reference).map((index) => groupOfMark[index]!))) {
      groups[group]?.references[reference.role].push(reference);
    }
  }
  return groups.map(({ marks, references }, group) => ({
    marks,
    repeats: marks.reduce((sum, mark) => sum + failuresOf(mark), 0),
    references,
    isFollowed: groupOfMark.slice(groupOfMark.indexOf(group)).some((other) => other !== group),
    isPreceded: groupOfMark.slice(0, groupOfMark.lastIndexOf(group)).some((other) => other !== group),
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

/** Ids of the held references that were open at each mark. */
function heldAtMarks(page: Page): readonly (readonly number[])[] {
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

/** Indexes of the marks under which a reference is shown. */
function marksOf(page: Page, reference: Reference): readonly number[] {
  switch (reference.role) {
    case 'held':
    case 'expected':
      return reference.openAt.length > 0 ? reference.openAt : [markBefore(page, reference)];
    case 'temporary':
      return [markBefore(page, reference)];
    case 'earlier':
      return [markAfter(page, reference)];
  }
}

/** The last mark before the reference was taken (or dropped, where the get is not in the capture), or the first. */
function markBefore(page: Page, reference: Reference): number {
  const row = reference.acquired?.row ?? reference.released?.row ?? -1;
  return Math.max(
    0,
    page.marks.findLastIndex((mark) => mark.row <= row),
  );
}

/** The first mark after the reference was dropped, or the last. */
function markAfter(page: Page, reference: Reference): number {
  const row = reference.released?.row ?? reference.acquired?.row ?? Infinity;
  const index = page.marks.findIndex((mark) => mark.row >= row);
  return index < 0 ? page.marks.length - 1 : index;
}
