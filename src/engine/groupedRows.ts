/** All rows of a capture as they are asked for: what is in doubt, the groups, pages never released, what is left out. */
import type { Attempt, Page, UnreleasedPage } from '../holders/model';
import { allPages } from './captureFacts';
import { doubtRows } from './doubtRows';
import { groupByAttempt } from './groupByAttempt';
import { groupByHolder } from './groupByHolder';
import { groupByPage } from './groupByPage';
import { groupByTask } from './groupByTask';
import { longestHeld } from './heldTime';
import { covers, divided, type HolderMatcher } from './holderMatcher';
import type { HolderSource } from './holderSource';
import { HolderRows } from './holderTree';
import { groupBy, type Holding } from './holdings';
import type { HoldersQuery, Role } from './holdersQuery';
import { branch, type Branch } from './lazyTree';
import {
  causesText,
  holdersText,
  isAtEnd,
  isHeld,
  isNotJudged,
  isOfDumps,
  isReferenceNotJudged,
  isUnclear,
  kindsText,
  pfnRangeText,
  pfnText,
  untracedReferences,
} from './pageFacts';
import { pagesWithReason } from './reasonFilter';
import { unnamedText } from './triedAtAll';
import { unnamedFailures } from './unnamedFailures';
import { counted, joined, NOT_JUDGED_MEANING, NOT_JUDGED_NAME, sentence } from './wording';

export function groupedRows(source: HolderSource, query: HoldersQuery): readonly Branch[] {
  const { id } = source;
  const rows = new HolderRows(source, query.filter);
  const parts = filteredParts(source, query, rows.matcher);
  return [
    ...doubtRows(id, source.capture, source.part),
    ...(saysNothingFound(source) ? [nothingFoundRow(source)] : []),
    ...source.additions.notes(id),
    ...mainRows(rows, query, parts.pages),
    ...otherPageRows(rows, query),
    ...unreleasedSection(rows, query, parts.unreleased),
    ...pinnedSection(rows, query, parts.pinned),
    ...leftOutSection(rows, parts),
  ];
}

/**
 * Whether the rows say that no page failed to move. Without any other row that is said in their place, where there is
 * room to say what was looked for; a dump of allocations alone was not looked through for any.
 */
export function saysNothingFound({ id, capture, analysis, part, facts }: HolderSource): boolean {
  const isDump = capture.events.length === 0 && capture.allocations !== null;
  if (analysis.pages.length > 0 || isDump) return false;
  const isAlone = analysis.unreleased.length === 0 && doubtRows(id, capture, part).length === 0;
  return !isAlone || facts.unnamedFailures !== null;
}

export function nothingFoundRow({ id, facts }: HolderSource): Branch {
  const said = facts.notTried === null ? unnamedText(facts) : sentence(facts.notTried);
  const label = said ?? 'No page failed to move as far as the capture shows';
  return branch({ id: `${id}/none`, kind: 'note', label });
}

/** What a filter leaves of an analysis, and what it leaves out. */
interface FilteredParts {
  /** With the marks of the reason that is asked for alone. */
  readonly pages: readonly Page[];
  readonly unreleased: readonly UnreleasedPage[];
  readonly pinned: readonly UnreleasedPage[];
  readonly leftOut: {
    readonly pages: readonly Page[];
    /** Marks of other reasons on pages that are shown. */
    readonly marks: number;
    readonly unreleased: readonly UnreleasedPage[];
    readonly pinned: readonly UnreleasedPage[];
    readonly attempts: readonly Attempt[];
  };
}

export function filteredParts(
  { analysis }: HolderSource,
  { groupBy: grouping, filter }: HoldersQuery,
  matcher: HolderMatcher,
): FilteredParts {
  const pages = pagesWithReason(analysis.pages, filter.reason).filter((page) => matcher.page(page));
  const shown = new Map(pages.map((page) => [page.pfn, page.marks.length]));
  const pagesOut = analysis.pages.filter(({ pfn }) => !shown.has(pfn));
  const marksOut = analysis.pages.reduce((sum, { pfn, marks }) => {
    const kept = shown.get(pfn);
    return kept === undefined ? sum : sum + marks.length - kept;
  }, 0);
  const unreleased = divided(analysis.unreleased, (page) => matcher.page(page));
  const pinned = divided(analysis.pinned, (page) => matcher.page(page));
  const attemptsOut =
    grouping === 'attempt' ? unnamedFailures(analysis).filter((each) => !matcher.attempt(each)) : [];
  return {
    pages,
    unreleased: unreleased.asked,
    pinned: pinned.asked,
    leftOut: {
      pages: pagesOut,
      marks: marksOut,
      unreleased: unreleased.others,
      pinned: pinned.others,
      attempts: attemptsOut,
    },
  };
}

function mainRows(rows: HolderRows, query: HoldersQuery, pages: readonly Page[]): readonly Branch[] {
  const { id } = rows.source;
  switch (query.groupBy) {
    case 'page':
      return groupByPage(rows, id, pages, query.sortBy);
    case 'attempt':
      return groupByAttempt(rows, id, pages, query);
    case 'holder':
    case 'task':
      return [
        ...holdingRows(rows, query, id, pages),
        ...untracedSection(rows, id, pages),
        ...freeSections(rows, id, pages),
        ...otherRolesSection(rows, query, id, pages),
      ];
  }
}

function holdingRows(
  rows: HolderRows,
  query: HoldersQuery,
  parent: string,
  pages: readonly Page[],
): readonly Branch[] {
  const { roles } = query.filter;
  return holdingGroups(rows, query, parent, holdingsOf(rows, pages, roles.length > 0 ? roles : ['held']));
}

function holdingGroups(
  rows: HolderRows,
  query: HoldersQuery,
  parent: string,
  holdings: readonly Holding[],
): readonly Branch[] {
  const make = query.groupBy === 'task' ? groupByTask : groupByHolder;
  return make(rows, parent, holdings, query);
}

/** References of some roles that the filter asks for. */
function holdingsOf(rows: HolderRows, pages: readonly Page[], roles: readonly Role[]): readonly Holding[] {
  return pages.flatMap((page) =>
    page.references
      .filter((reference) => roles.includes(reference.role) && rows.matcher.reference(page, reference))
      .map((reference) => ({ page, reference })),
  );
}

/** Nobody is known to hold them; that somebody does is known. */
function untracedSection(rows: HolderRows, parent: string, pages: readonly Page[]): readonly Branch[] {
  const untraced = pages.filter((page) => untracedReferences(page) > 0);
  if (untraced.length === 0) return [];
  const id = `${parent}/untraced`;
  return [
    branch(
      {
        id,
        kind: 'section',
        mood: 'doubt',
        label: `Untraced: ${counted(untraced.length, 'page')}`,
        description: untraced.every(isOfDumps)
          ? 'references more than migration accounts for'
          : 'references that no event explains',
      },
      () => untraced.map((page) => rows.page(id, page, false)),
    ),
  ];
}

/** Pages without a known reference too many, by what is known of why they did not move. */
function freeSections(rows: HolderRows, parent: string, pages: readonly Page[]): readonly Branch[] {
  const free = pages.filter((page) => !isHeld(page));
  const { asked: notJudged, others } = divided(free, isNotJudged);
  const { asked: unclear, others: nobodys } = divided(others, isUnclear);
  return [
    ...causesSection(rows, `${parent}/nobody`, 'Held by nobody', nobodys),
    ...causesSection(rows, `${parent}/unclear`, 'Unclear', unclear),
    ...causesSection(rows, `${parent}/unjudged`, 'Not judged', notJudged),
  ];
}

function causesSection(
  rows: HolderRows,
  id: string,
  name: string,
  pages: readonly Page[],
): readonly Branch[] {
  if (pages.length === 0) return [];
  const causes = groupBy(pages, (page) => causesText(page.marks) || holdersText(page));
  const below = causes.map(([cause, kept]) =>
    branch(
      {
        id: `${id}/${cause}`,
        kind: 'section',
        label: `${sentence(cause)}: ${counted(kept.length, 'page')}`,
      },
      () => kept.map((page) => rows.page(`${id}/${cause}`, page, false)),
    ),
  );
  const texts = causes.map(([cause]) => cause).join(', ');
  return [
    branch(
      {
        id,
        kind: 'section',
        label: `${name}: ${counted(pages.length, 'page')}`,
        description: texts === name.toLowerCase() ? '' : texts,
      },
      () => below,
    ),
  ];
}

/** Known noise: what migration accounts for, and what was not there when the pages failed. */
function otherRolesSection(
  rows: HolderRows,
  query: HoldersQuery,
  parent: string,
  pages: readonly Page[],
): readonly Branch[] {
  if (query.filter.roles.length > 0) return [];
  const all = holdingsOf(rows, pages, ['expected', 'temporary', 'earlier']);
  const { asked: notJudged, others } = divided(all, ({ reference }) => isReferenceNotJudged(reference));
  return [
    ...notJudgedSection(rows, query, parent, notJudged),
    ...notTheCauseSection(rows, query, parent, others),
  ];
}

function notJudgedSection(
  rows: HolderRows,
  query: HoldersQuery,
  parent: string,
  open: readonly Holding[],
): readonly Branch[] {
  if (open.length === 0) return [];
  const id = `${parent}/not-judged`;
  return [
    branch(
      {
        id,
        kind: 'section',
        mood: 'doubt',
        label: `${NOT_JUDGED_NAME}: ${counted(open.length, 'reference')}`,
        tooltip: { title: NOT_JUDGED_NAME, rows: [], notes: [NOT_JUDGED_MEANING] },
      },
      () => holdingGroups(rows, query, id, open),
    ),
  ];
}

function notTheCauseSection(
  rows: HolderRows,
  query: HoldersQuery,
  parent: string,
  others: readonly Holding[],
): readonly Branch[] {
  if (others.length === 0) return [];
  const id = `${parent}/others`;
  const count = (role: Role): string | null => {
    const number = others.filter(({ reference }) => reference.role === role).length;
    return number === 0 ? null : `${number} ${role}`;
  };
  return [
    branch(
      {
        id,
        kind: 'section',
        label: `Not the cause: ${counted(others.length, 'reference')}`,
        description: joined([count('expected'), count('temporary'), count('earlier')]),
      },
      () => holdingGroups(rows, query, id, others),
    ),
  ];
}

/** A PFN that is asked for, with its page at the end of the capture; null where no event tells of its references. */
interface OtherPage {
  readonly pfn: number;
  readonly page: UnreleasedPage | null;
}

/** PFNs that are asked for, of pages that neither failed to move nor are still held. */
export function otherPages(
  { analysis, pageOf }: HolderSource,
  { filter }: HoldersQuery,
): readonly OtherPage[] {
  const listed = allPages(analysis);
  return filter.pfns
    .filter((pfn) => !listed.some((page) => covers(page, pfn)))
    .map((pfn) => {
      const page = pageOf(pfn);
      return { pfn, page: page !== null && isAtEnd(page) ? page : null };
    });
}

function otherPageRows(rows: HolderRows, query: HoldersQuery): readonly Branch[] {
  const id = `${rows.source.id}/asked`;
  const note = (text: string, whose: string): Branch =>
    branch({
      id: `${id}/${text}`,
      kind: 'note',
      label: `${text}: no event of the capture tells of ${whose} references`,
    });
  return [
    ...otherPages(rows.source, query).map(({ pfn, page }) =>
      page === null ? note(pfnText(pfn), 'its') : rows.pageAtEnd(id, page, true),
    ),
    ...query.filter.emptyRanges.map((range) => note(pfnRangeText(range), 'their')),
  ];
}

function unreleasedSection(
  rows: HolderRows,
  query: HoldersQuery,
  pages: readonly UnreleasedPage[],
): readonly Branch[] {
  if (pages.length === 0) return [];
  const id = `${rows.source.id}/unreleased`;
  const orphaned = pages.filter(({ isOrphaned }) => isOrphaned).length;
  const open = pages.flatMap(({ references }) => references.filter(({ role }) => role === 'held'));
  return [
    branch(
      {
        id,
        kind: 'section',
        mood: orphaned > 0 ? 'doubt' : 'plain',
        label: `Never released: ${counted(pages.length, 'page')}${orphaned > 0 ? `, ${orphaned} orphaned` : ''}`,
        description: kindsText(open),
        expanded: areAnswer(rows, pages),
        tooltip: { title: 'Never released', rows: [], notes: [UNRELEASED] },
      },
      () =>
        isByHolding(query)
          ? holdingRows(rows, query, id, pages)
          : unreleasedInOrder(pages, rows.end).map((page) => rows.pageAtEnd(id, page)),
    ),
  ];
}

/** Where no page failed to move, these are the answer; but more of them unasked would hide what is said before. */
function areAnswer(rows: HolderRows, pages: readonly UnreleasedPage[]): boolean {
  return rows.source.analysis.pages.length === 0 && pages.length <= SHOWN_UNRELEASED;
}

function isByHolding({ groupBy }: HoldersQuery): boolean {
  return groupBy === 'holder' || groupBy === 'task';
}

/** Pages that page_pinner tells of without a failure of theirs. */
function pinnedSection(
  rows: HolderRows,
  query: HoldersQuery,
  pages: readonly UnreleasedPage[],
): readonly Branch[] {
  if (pages.length === 0) return [];
  const id = `${rows.source.id}/pinned`;
  return [
    branch(
      {
        id,
        kind: 'section',
        label: `Pinned for long and released: ${counted(pages.length, 'page')}`,
        description: kindsText(pages.flatMap(({ references }) => references)),
        expanded: areAnswer(rows, pages),
        tooltip: { title: 'Pinned for long and released', rows: [], notes: [PINNED] },
      },
      () =>
        isByHolding(query)
          ? holdingGroups(rows, query, id, holdingsOf(rows, pages, ['earlier']))
          : pages.map((page) => rows.pageAtEnd(id, page, true)),
    ),
  ];
}

const PINNED =
  'Android’s page_pinner says how long these pages were pinned when they were let go of. No event says that they failed ' +
  'to move.';

const SHOWN_UNRELEASED = 10;

const UNRELEASED =
  'No event says that these pages failed to move, but somebody still has references on them at the end of the capture. ' +
  'It may have ended before they were dropped.';

/** Orphaned first, then those whose reference is the oldest. */
export function unreleasedInOrder(pages: readonly UnreleasedPage[], end: number): readonly UnreleasedPage[] {
  const age = (page: UnreleasedPage): number => {
    const open = page.references.filter(({ role }) => role === 'held');
    return longestHeld(page, open, end)?.span ?? -1;
  };
  return pages
    .map((page) => ({ page, age: age(page) }))
    .sort((a, b) => Number(b.page.isOrphaned) - Number(a.page.isOrphaned) || b.age - a.age)
    .map(({ page }) => page);
}

function leftOutSection(rows: HolderRows, { leftOut }: FilteredParts): readonly Branch[] {
  const { pages, marks, unreleased, pinned, attempts } = leftOut;
  const parts = [
    pages.length > 0 ? counted(pages.length, 'page') : null,
    marks > 0 ? `${counted(marks, 'mark')} of other reasons` : null,
    unreleased.length > 0 ? `${counted(unreleased.length, 'page')} never released` : null,
    pinned.length > 0 ? `${counted(pinned.length, 'page')} pinned for long and released` : null,
    attempts.length > 0 ? `${counted(attempts.length, 'attempt')} without a page` : null,
  ].filter((part) => part !== null);
  if (parts.length === 0) return [];
  const id = `${rows.source.id}/left-out`;
  return [
    branch(
      { id, kind: 'left-out', label: `Left out by the filter: ${parts.join(', ')}` },
      pages.length + unreleased.length + pinned.length === 0
        ? null
        : () => [
            ...pages.map((page) => rows.page(id, page, false)),
            ...[...unreleased, ...pinned].map((page) => rows.pageAtEnd(id, page)),
          ],
    ),
  ];
}
