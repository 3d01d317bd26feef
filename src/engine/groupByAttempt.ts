/** Attempt to move pages → the pages that blocked it → their holders. Retries that found the same are one row. */
import { isMemoryFailure } from '../holders/attempts';
import type { Attempt, FailedSteps, Page } from '../holders/model';
import { pagesInOrder } from './groupByPage';
import type { HolderMatcher } from './holderMatcher';
import type { HolderRows } from './holderTree';
import { groupBy, totalsOf } from './holdings';
import type { HoldersQuery } from './holdersQuery';
import { branch, type Branch } from './lazyTree';
import { heldAtMarks } from './markGroups';
import { heldMood, heldReferences, isHeld, pfnRangeText } from './pageFacts';
import type { NodeMood } from './protocol';
import { withMarksAt } from './reasonFilter';
import { sorted } from './sorting';
import { taskText } from './taskText';
import { pointText } from './timeText';
import { counted, errorText, joined, sentence } from './wording';

/** Attempts that are told apart by time and task only. */
interface AttemptGroup {
  readonly attempts: readonly Attempt[];
  readonly pages: readonly BlockingPage[];
}

/**
 * A page with the marks of some attempts alone. All references that the page ever had are temporary or earlier to these:
 * they are put together when somebody looks at the page, for thousands of groups would not have room for them.
 */
class BlockingPage {
  /**
   * @param marks indexes of the marks of these attempts, ascending
   * @param holders ids of the held references that were open at one of them
   */
  constructor(
    private readonly page: Page,
    private readonly marks: readonly number[],
    private readonly holders: readonly number[],
  ) {}

  whole(): Page {
    return withMarksAt(this.page, this.marks);
  }

  /** With those references alone that somebody held. */
  held(): Page {
    const { page, marks, holders } = this;
    return withMarksAt({ ...page, references: holders.map((id) => page.references[id]!) }, marks);
  }

  isAsked(matcher: HolderMatcher): boolean {
    return matcher.page(this.held()) || matcher.page(this.whole());
  }
}

export function groupByAttempt(
  rows: HolderRows,
  parent: string,
  pages: readonly Page[],
  query: HoldersQuery,
): readonly Branch[] {
  const groups = attemptGroups(rows.source.analysis.attempts, pages).filter(
    ({ attempts, pages: blocking }) =>
      blocking.length > 0
        ? blocking.some((page) => page.isAsked(rows.matcher))
        : rows.matcher.attempt(attempts[0]!),
  );
  return inOrder(groups, query, rows.end).map((group) => attemptRow(rows, parent, group, query));
}

/** What the marks of one attempt say of a page. */
interface MetPage {
  readonly page: Page;
  /** Their indexes, ascending. */
  readonly marks: readonly number[];
  /** Ids of the held references that were open at one of them, ascending. */
  readonly holders: readonly number[];
}

interface AttemptMeeting {
  readonly attempt: Attempt;
  readonly met: readonly MetPage[];
}

/** Those that name pages first, each in order of the capture. */
function attemptGroups(attempts: readonly Attempt[], pages: readonly Page[]): readonly AttemptGroup[] {
  const metBy = pagesMet(pages);
  const meetings = attempts.map((attempt) => ({ attempt, met: metBy.get(attempt.id) ?? [] }));
  const made = groupBy(meetings, meaning).map(([, alike]) => attemptGroup(alike));
  return [
    ...made.filter((group) => group.pages.length > 0),
    ...made.filter((group) => group.pages.length === 0),
  ];
}

/** @param alike equal in what they mean: they met the same pages, in the same order */
function attemptGroup(alike: readonly AttemptMeeting[]): AttemptGroup {
  const pages = alike[0]!.met.map(({ page, holders }, index) => {
    const marks = alike.flatMap(({ met }) => met[index]!.marks).sort((a, b) => a - b);
    return new BlockingPage(page, marks, holders);
  });
  return { attempts: alike.map(({ attempt }) => attempt), pages };
}

/** By id of an attempt, the pages that it met: a page of a long recording fails in thousands of them. */
function pagesMet(pages: readonly Page[]): ReadonlyMap<number, readonly MetPage[]> {
  const metBy = new Map<number, MetPage[]>();
  for (const page of pages) {
    const open = heldAtMarks(page);
    for (const [id, marks] of marksByAttempt(page)) {
      const holders = new Set(marks.flatMap((mark) => open[mark]!));
      const met = { page, marks, holders: [...holders].sort((a, b) => a - b) };
      const list = metBy.get(id);
      if (list === undefined) metBy.set(id, [met]);
      else list.push(met);
    }
  }
  return metBy;
}

/** By id of an attempt, the indexes of its marks on a page. */
function marksByAttempt({ marks }: Page): ReadonlyMap<number, readonly number[]> {
  const byAttempt = new Map<number, number[]>();
  for (const [index, { attempt }] of marks.entries()) {
    const list = byAttempt.get(attempt);
    if (list === undefined) byAttempt.set(attempt, [index]);
    else list.push(index);
  }
  return byAttempt;
}

/** Equal for attempts that asked for the same, ended the same way and met the same holders. */
function meaning({ attempt, met }: AttemptMeeting): string {
  const { what, reason, area, range, requestedPages, result, resultText, error, retries } = attempt;
  const { failedSteps } = attempt;
  return JSON.stringify([
    what,
    reason,
    area,
    range,
    requestedPages,
    result,
    resultText,
    error,
    retries,
    failedSteps,
    met.map(({ page, marks, holders }) => [
      page.pfn,
      holders,
      marks.map((mark) => page.marks[mark]!.causeDetail),
    ]),
  ]);
}

function inOrder(
  groups: readonly AttemptGroup[],
  { sortBy }: HoldersQuery,
  end: number,
): readonly AttemptGroup[] {
  if (sortBy === null) return groups;
  return sorted(groups, sortBy, ({ attempts, pages }) => {
    const blocking = pages.map((page) => page.held());
    const held = blocking.flatMap((page) => heldReferences(page).map((reference) => ({ page, reference })));
    const { holders, longestHeld } = totalsOf(held, end);
    return {
      pfn: blocking.reduce((least, { pfn }) => Math.min(least, pfn), Infinity),
      firstMark: attempts[0]!.firstRow,
      holders,
      longestHeld,
      attempts: attempts.length,
    };
  });
}

function attemptRow(rows: HolderRows, parent: string, group: AttemptGroup, query: HoldersQuery): Branch {
  const { capture } = rows.source;
  const { attempts, pages } = group;
  const first = attempts[0]!;
  const id = `${parent}/attempt${first.id}`;
  const point = (row: number): string =>
    pointText(capture.events.time[row]!, capture.timeBase, capture.clock, capture.resolution);
  const tasks = [...new Set(attempts.map(({ task }) => taskText(capture, task) ?? 'task not known'))];
  const by = tasks.length === 1 ? tasks[0]! : `${tasks[0]!} and ${counted(tasks.length - 1, 'other')}`;
  const times =
    attempts.length === 1
      ? point(first.firstRow)
      : `${point(first.firstRow)} to ${point(attempts.at(-1)!.firstRow)}`;
  return branch(
    {
      id,
      kind: 'attempt',
      mood: attemptMood(pages.map((page) => page.held())),
      // Where it began, the first of several.
      place: { row: first.firstRow, pfn: null },
      // The task first: many attempts of one kind are told apart by it where a sidebar cuts the rest.
      label: `${by}: ${joined([`${first.what}${outcomeText(group)}`, blockedText(group)])}`,
      description: joined([...askedFor(first), ...howItWent(first), times]),
      tooltip: {
        title: sentence(first.what),
        rows: [
          ['Reason', first.reason ?? 'not said by the capture'],
          ['Task', tasks.join(', ')],
          ['Time', times],
          ...(first.area === null ? [] : [['Area', first.area] as const]),
          ...(first.range === null ? [] : [['Range', pfnRangeText(first.range)] as const]),
          ...(first.requestedPages === null
            ? []
            : [['Pages asked for', String(first.requestedPages)] as const]),
          ['Calls of migrate_pages', String(sum(attempts, 'migrateCalls'))],
          ['Pages that they moved', String(sum(attempts, 'migrated'))],
          ['Failures that they count', String(sum(attempts, 'failed'))],
          ['Result', first.resultText ?? first.result ?? 'not in the capture'],
        ],
        notes: pages.length > 0 ? [] : [NO_PAGE],
      },
      expanded: attempts.length === 1 && rows.source.analysis.attempts.length === 1,
    },
    pages.length === 0
      ? null
      : () => {
          const asked = pages.filter((page) => page.isAsked(rows.matcher)).map((page) => page.whole());
          return pagesInOrder(asked, query.sortBy, rows.end).map((page) => rows.page(id, page, false));
        },
  );
}

const NO_PAGE =
  'No event of the capture says which page kept it: anonymous pages that are refused at isolation need page_ref ' +
  'events with stacks and function names, others mm_migrate_pages or test_pages_isolated.';

function sum(attempts: readonly Attempt[], field: 'migrateCalls' | 'migrated' | 'failed'): number {
  return attempts.reduce((total, attempt) => total + attempt[field], 0);
}

function attemptMood(pages: readonly Page[]): NodeMood {
  const held = pages.flatMap(heldReferences);
  if (held.length > 0) return heldMood(held);
  return pages.some(isHeld) || pages.length === 0 ? 'doubt' : 'plain';
}

/** ` failed`, ` failed 3 times`, ` ×3`; in the kernel's word where it has one. */
function outcomeText({ attempts }: AttemptGroup): string {
  const { result, resultText } = attempts[0]!;
  const times = attempts.length;
  const word = resultText?.toLowerCase() ?? result;
  if (word === null) return times === 1 ? '' : ` ×${times}`;
  return times === 1 ? ` ${word}` : ` ${word} ${times} times`;
}

function blockedText({ attempts, pages }: AttemptGroup): string {
  if (pages.length === 0) return 'no page is named';
  const count = counted(pages.length, 'page');
  if (isMemoryFailure(attempts[0]!)) return `${count} poisoned`;
  return attempts[0]!.result === 'succeeded' ? `${count} in the way` : `${count} did not move`;
}

/** `gave up 3 ranges in migration and 1 in the test` */
function stepsText({ isolation, migration, test }: FailedSteps): string {
  const steps = [
    [isolation, 'isolation'],
    [migration, 'migration'],
    [test, 'the test'],
  ] as const;
  const [first, ...others] = steps.filter(([ranges]) => ranges > 0);
  if (first === undefined) return '';
  const rest = others.map(([ranges, step]) => ` and ${ranges} in ${step}`).join('');
  return `gave up ${counted(first[0], 'range')} in ${first[1]}${rest}`;
}

/** `reserved 0x12800..0x12fff`, `2048 pages` */
function askedFor({ area, range, requestedPages }: Attempt): readonly string[] {
  const place = [area ?? '', range === null ? '' : pfnRangeText(range)]
    .filter((text) => text !== '')
    .join(' ');
  return [place, requestedPages === null ? '' : counted(requestedPages, 'page')];
}

function howItWent(attempt: Attempt): readonly string[] {
  const { what, retries, error, failedSteps } = attempt;
  const isCma = what === 'CMA allocation';
  return [
    retries > 0 && isCma ? counted(retries, 'busy retry', 'busy retries') : '',
    error === null ? '' : errorText(error),
    failedSteps === null ? '' : stepsText(failedSteps),
    callsText(attempt),
  ];
}

/**
 * `migrate_pages: 57 moved, 0 failed`, with whose numbers these are: pages that are refused at isolation never get there.
 * Each call counts for itself: a page that stays is a failure of every call that has it.
 */
function callsText({ migrateCalls, migrated, failed }: Attempt): string {
  const hasNumbers = migrated + failed > 0;
  if (migrateCalls < 2) return hasNumbers ? `migrate_pages: ${migrated} moved, ${failed} failed` : '';
  const calls = `${migrateCalls} calls of migrate_pages`;
  return hasNumbers ? `${calls}: ${migrated} moved, ${counted(failed, 'failure')}` : calls;
}
