/**
 * The holders of a capture as a tree: page → mark → role → holder → where it was acquired and released → frames.
 *
 * Labels carry the answer, descriptions the numbers, tooltips the sum and the evidence. What is expected or known
 * noise is folded with a count, never left out.
 */
import { NONE, type Capture } from '../capture/eventTable';
import type { Attempt, Mark, Page, Reference, Role, UnreleasedPage } from '../holders/model';
import { EventRows } from './eventRows';
import { heldTimeText, lastTime, longestHeld } from './heldTime';
import { divided, HolderMatcher } from './holderMatcher';
import { decisiveText, holdersOfRow, holdersOfTooltip } from './holdersOfPage';
import type { HolderSource } from './holderSource';
import { ROLES, type HolderFilter } from './holdersQuery';
import { branch, type Branch } from './lazyTree';
import { failuresOf, groupMarks, type MarkGroup } from './markGroups';
import {
  explanations,
  heldReferences,
  holdersText,
  isMarkNotJudged,
  isPoisoning,
  isReferenceNotJudged,
  isStillHeld,
  kindsText,
  pageMood,
  pfnText,
  reasonsText,
  reasonText,
  stillHeldText,
  sumText,
  tailsText,
  termText,
} from './pageFacts';
import type { Tooltip } from './protocol';
import { ReferenceRows } from './referenceRows';
import { withStack } from './stackRows';
import { taskText } from './taskText';
import { pointText } from './timeText';
import { fromEnd, fromMarks, type Vantage } from './vantage';
import {
  counted,
  errorText,
  joined,
  NOT_JUDGED_MEANING,
  NOT_JUDGED_NAME,
  ROLE_MEANINGS,
  ROLE_NAMES,
  sentence,
} from './wording';

/** Makes the rows of pages, marks and roles, for every grouping alike. */
export class HolderRows {
  readonly matcher: HolderMatcher;
  readonly references: ReferenceRows;
  readonly events: EventRows;
  /** Last time of the capture. */
  readonly end: number;
  private readonly capture: Capture;
  private readonly isPart: boolean;

  constructor(
    readonly source: HolderSource,
    filter: HolderFilter,
  ) {
    const { capture, stacks, analysis } = source;
    this.capture = capture;
    this.isPart = source.part < 1;
    this.matcher = new HolderMatcher(capture, filter, analysis.attempts, source.through);
    this.events = new EventRows(capture, stacks);
    this.end = lastTime(capture);
    this.references = new ReferenceRows(capture, stacks, this.events, this.end, this.isPart);
  }

  page(parent: string, page: Page, expanded: boolean): Branch {
    const pfn = pfnText(page.pfn);
    const id = `${parent}/${pfn}`;
    const held = heldReferences(page);
    const order = page.order > 0 ? `order ${page.order}` : null;
    const still = held.filter(isStillHeld).length;
    const lastMark = page.marks.at(-1);
    return branch(
      {
        id,
        kind: 'page',
        mood: pageMood(page),
        place: { row: page.marks[0]?.row ?? null, pfn: page.pfn },
        label: joined([pfn, order, holdersText(page)]),
        description: joined([
          held.length > 0
            ? holdersOfRow(this.references, page, held, this.end)
            : kindsText(explanations(page)),
          still > 0 && still < held.length ? `${still} ${stillHeldText(this.isPart)}` : null,
          held.length > 0 && still === held.length ? stillHeldText(this.isPart) : null,
          reasonsText(page),
        ]),
        tooltip: {
          title: `PFN ${pfn}${page.order > 0 ? `, head of a folio of order ${page.order}` : ''}`,
          rows: [
            ...this.markTimes(page),
            ['Holders', holdersText(page)],
            ...this.holderLines(page, held),
            ...referenceCounts(page),
            ...(lastMark === undefined ? [] : [['Last sum', sumText(lastMark)] as const]),
          ],
          notes: [],
        },
        expanded,
      },
      () => [
        ...this.marks(id, page, true),
        ...this.source.additions.rows(id, page),
        ...this.pageEvents(id, page),
      ],
    );
  }

  private holderLines(page: Page, held: readonly Reference[]): Tooltip['rows'] {
    const { capture, end } = this;
    const vantage = page.marks.length > 0 ? fromMarks(capture, page.marks) : fromEnd(capture, end);
    return holdersOfTooltip(this.references, page, held, end, vantage);
  }

  /** When it failed to move and when it was poisoned: memory_failure() moves none. */
  private markTimes({ marks }: Page): Tooltip['rows'] {
    const failed = marks.filter((mark) => !isPoisoning(mark));
    const poisoned = marks.filter(isPoisoning);
    return [
      ...(failed.length > 0 ? [['Failed to move', this.marksSpan(failed)] as const] : []),
      ...(poisoned.length > 0 ? [['Poisoned', this.marksSpan(poisoned)] as const] : []),
    ];
  }

  /** The marks of a page, those that say the same as one row. */
  marks(id: string, page: Page, expanded: boolean): readonly Branch[] {
    const reasons = new Set(page.marks.map(reasonText));
    return groupMarks(page).map((group, index) =>
      this.mark(`${id}/m${index}`, page, group, expanded && index === 0, reasons.size > 1),
    );
  }

  /** A page as it is at the end of the capture. */
  pageAtEnd(parent: string, page: UnreleasedPage, expanded = false): Branch {
    const pfn = pfnText(page.pfn);
    const id = `${parent}/${pfn}`;
    const open = page.references.filter(({ role }) => role === 'held');
    const oldest = longestHeld(page, open, this.end);
    const pins = page.references.filter(({ heldAtLeast }) => heldAtLeast !== undefined);
    const pinned = longestHeld(page, pins, this.end);
    const nobody = pinned === null ? 'held by nobody' : 'pinned and released';
    return branch(
      {
        id,
        kind: 'page',
        place: { row: page.lastRow, pfn: page.pfn },
        mood: page.isOrphaned ? 'still-held' : open.length > 0 ? 'held' : 'plain',
        label: joined([
          pfn,
          page.order > 0 ? `order ${page.order}` : null,
          page.isOrphaned ? 'orphaned' : null,
          open.length > 0 ? `${open.length} open` : nobody,
          kindsText(open.length > 0 ? open : pins),
        ]),
        description: joined([
          decisiveText(this.references, page, open.length > 0 ? open : pins, this.end),
          oldest === null ? null : `oldest ${heldTimeText(oldest, this.capture.clock)}`,
          pinned === null ? null : `held ${heldTimeText(pinned, this.capture.clock)}`,
          page.count === null ? null : `refcount ${page.count}`,
        ]),
        tooltip: {
          title: `PFN ${pfn} at the end of the capture`,
          rows: [
            ['Refcount', page.count === null ? 'not in the capture' : String(page.count)],
            ...this.holderLines(page, open.length > 0 ? open : pins),
          ],
          notes: page.isOrphaned ? [ORPHANED] : [],
        },
        expanded,
      },
      () => [
        ...ROLES_AT_END.flatMap(([role, name]) => {
          const references = page.references.filter((reference) => reference.role === role);
          if (references.length === 0) return [];
          // Where pins that are gone are the answer, they are seen at once.
          const isAnswer = role === 'held' || (role === 'earlier' && pinned !== null);
          return [this.roleAtEnd(`${id}/${role}`, name, page, references, isAnswer)];
        }),
        ...this.pageEvents(id, page),
      ],
    );
  }

  private roleAtEnd(
    id: string,
    name: string,
    page: UnreleasedPage,
    references: readonly Reference[],
    expanded: boolean,
  ): Branch {
    const vantage = fromEnd(this.capture, this.end);
    return branch(
      {
        id,
        kind: 'role',
        mood: references.some(({ role }) => role === 'held') ? 'held' : 'plain',
        label: `${name}: ${counted(references.length, 'reference')}`,
        description: kindsText(references),
        expanded,
      },
      () => this.references.rows(id, page, references, vantage),
    );
  }

  /** All that the capture recorded of a page, whatever the analysis made of it. */
  pageEvents(id: string, page: Page): readonly Branch[] {
    const rows = this.source.eventsOf(page.pfn);
    if (rows.length === 0) return [];
    const label =
      rows.length === 1 ? 'The only event of this page' : `All ${counted(rows.length, 'event')} of this page`;
    return [this.events.folded(`${id}/events`, label, rows)];
  }

  private mark(id: string, page: Page, group: MarkGroup, expanded: boolean, withReason: boolean): Branch {
    const mark = group.marks[0]!;
    const evidence = [...new Set(group.marks.flatMap((each) => each.evidence.map(({ what }) => what)))];
    const errors = [
      ...new Set(group.marks.flatMap((each) => (each.error === null ? [] : [errorText(each.error)]))),
    ];
    const notes = [...new Set(group.marks.flatMap((each) => each.notes))];
    const repeats = repeatsText(group);
    // A mark is a failure on the way, its attempt may succeed.
    const outcomes = this.ofAttempts(group, outcomeOf);
    const attempts = this.ofAttempts(group, ({ what }) => what);
    const isPoisoned = isPoisoning(mark);
    const tails = tailsText(group.marks, Infinity);
    const made = branch(
      {
        id,
        kind: 'mark',
        place: { row: mark.row, pfn: page.pfn },
        mood: (mark.untraced ?? 0) > 0 ? 'doubt' : 'plain',
        label: joined([withReason ? reasonText(mark) : null, mark.causeDetail, sumText(mark)]),
        description: joined([
          repeats,
          tailsText(group.marks),
          this.marksSpan(group.marks),
          this.attempters(group),
          ...errors,
          ...outcomes,
        ]),
        tooltip: {
          title: isPoisoned ? 'The page was poisoned here' : 'The page failed to move here',
          rows: [
            ['Time', this.marksSpan(group.marks)],
            ...(isPoisoned || attempts.length === 0 ? [] : [['Attempt', attempts.join(', ')] as const]),
            [
              isPoisoned ? 'Poisoned by' : 'Task',
              this.attempters(group) ?? (isPoisoned ? 'a task that the capture does not name' : 'not named'),
            ],
            ...(outcomes.length > 0 ? [['Outcome', outcomes.join(', ')] as const] : []),
            ['Reason', mark.reason ?? mark.dumpedBecause ?? 'not said by the capture'],
            ...(tails === null ? [] : [['Named by the kernel', tails] as const]),
            ...(mark.causeDetail === null ? [] : [['Cause', mark.causeDetail] as const]),
            ['Evidence', evidence.join(', ')],
            ['Sum', sumText(mark)],
            ...(errors.length > 0 ? [['Error', errors.join(', ')] as const] : []),
            ...(group.repeats > 1
              ? [[isPoisoned ? 'Poisoned' : 'Failed', `${group.repeats} times`] as const]
              : []),
          ],
          notes,
        },
        expanded,
      },
      () => this.markChildren(id, page, group, notes),
    );
    return withStack(made, this.source.stacks, this.stackOf(mark));
  }

  /** The stack of the first event that says that the page did not move, of those that have one. */
  private stackOf({ evidence }: Mark): number {
    const { stack } = this.capture.events;
    return evidence.map(({ row }) => stack[row]!).find((each) => each >= 0) ?? NONE;
  }

  private markChildren(
    id: string,
    page: Page,
    group: MarkGroup,
    notes: readonly string[],
  ): readonly Branch[] {
    const mark = group.marks[0]!;
    const vantage = fromMarks(this.capture, group.marks);
    const leftOut: Reference[] = [];
    const rows = ROLES.flatMap((role) => {
      const { asked, others } = divided(group.references[role], (reference) =>
        this.matcher.reference(page, reference),
      );
      for (const reference of others) leftOut.push(reference);
      return asked.length === 0 ? [] : [this.role(`${id}/${role}`, role, page, asked, group, vantage)];
    });
    const untraced = mark.untraced ?? 0;
    if (untraced !== 0) rows.unshift(untracedRow(`${id}/untraced`, mark, untraced));
    else if (group.references.held.length === 0 && mark.causeDetail === null) {
      const nobody = mark.held === 0 ? 'No reference too many' : 'No holder is known at this mark';
      rows.unshift(branch({ id: `${id}/none`, kind: 'note', label: nobody }));
    }
    const said = notes.map((note, index) =>
      branch({
        id: `${id}/note${index}`,
        kind: 'note',
        label: sentence(note),
        tooltip: titleOnly(sentence(note)),
      }),
    );
    const evidence = group.marks.flatMap((each) => each.evidence).sort((a, b) => a.row - b.row);
    return [
      ...rows,
      ...(leftOut.length > 0 ? [this.leftOut(`${id}/left-out`, page, leftOut, vantage)] : []),
      ...said,
      this.events.ofMark(`${id}/events`, evidence),
    ];
  }

  /** What the filter does not ask for is folded, with its number. */
  private leftOut(id: string, page: Page, references: readonly Reference[], vantage: Vantage): Branch {
    return branch(
      {
        id,
        kind: 'role',
        label: `Left out by the filter: ${counted(references.length, 'reference')}`,
        description: kindsText(references),
      },
      () => this.references.rows(id, page, references, vantage),
    );
  }

  private role(
    id: string,
    role: Role,
    page: Page,
    references: readonly Reference[],
    group: MarkGroup,
    vantage: Vantage,
  ): Branch {
    const real = references.filter((reference) => reference.weight > 0).length;
    const count = real > 0 ? counted(real, 'reference') : 'no reference';
    // Each attempt takes and drops references of its own: their number is no sum at one moment.
    const overMarks = group.marks.length > 1 && role !== 'held' ? ` over ${group.marks.length} marks` : '';
    const explained =
      references.length > real && real > 0 ? counted(references.length - real, 'explanation') : null;
    const isWhole = references.length === group.references[role].length;
    const expected = role === 'expected' && isWhole ? expectedText(page, group) : null;
    return branch(
      {
        id,
        kind: 'role',
        mood: role === 'held' && real > 0 ? 'held' : 'plain',
        label: expected?.label ?? `${roleName(role, group)}: ${joined([count, explained])}${overMarks}`,
        description: expected?.description ?? kindsText(references),
        tooltip: {
          title: roleName(role, group),
          rows: [],
          notes: [
            isOpenNotJudged(role, group) ? NOT_JUDGED_MEANING : ROLE_MEANINGS[role],
            ...onceNotes(role, group),
            ...(expected === null ? [] : [EXPECTED_GETS]),
          ],
        },
        expanded: role === 'held',
      },
      () => this.references.rows(id, page, references, vantage),
    );
  }

  private marksSpan(marks: readonly Mark[]): string {
    const first = marks[0];
    const last = marks.at(-1);
    if (first === undefined || last === undefined) return 'at an unknown time';
    const from = this.point(first.time);
    const to = this.point(failuresOf(last) > 1 ? last.lastTime : last.time);
    return from === to ? from : `${from} to ${to}`;
  }

  /** `cma-alloc-208 and 2 others` */
  private attempters(group: MarkGroup): string | null {
    const tasks = new Set(group.marks.map((mark) => mark.task));
    const first = this.task(group.marks[0]!.task);
    return first === null || tasks.size === 1 ? first : `${first} and ${counted(tasks.size - 1, 'other')}`;
  }

  /** What is to be said of the attempts of the marks, each once. */
  private ofAttempts({ marks }: MarkGroup, textOf: (attempt: Attempt) => string | null): readonly string[] {
    const { attempts } = this.source.analysis;
    const made = marks.flatMap(({ attempt }) => attempts[attempt] ?? []);
    return [...new Set(made.flatMap((attempt) => textOf(attempt) ?? []))];
  }

  private point(time: number): string {
    const { timeBase, clock, resolution } = this.capture;
    return pointText(time, timeBase, clock, resolution);
  }

  private task(task: number): string | null {
    return taskText(this.capture, task);
  }
}

const ORPHANED =
  'Nothing that owns pages has it any more: no mapping, no page cache, and the reference of its allocation is dropped. ' +
  'The references that are left are all that keeps it from being freed.';

/** Roles of a page without a mark are as of the end of the capture. */
const ROLES_AT_END: readonly (readonly [Role, string])[] = [
  ['held', 'Open'],
  ['expected', 'Expected'],
  ['temporary', 'Temporary'],
  ['earlier', 'Earlier'],
];

const EXPECTED_GETS =
  'The number is that of the sum. Below it are those whose get the capture has, by the name of where they were taken: ' +
  'the reference of the allocation is the one that the first mapping or the page cache has by now.';

/** `CMA allocation succeeded`, `memory failure: Recovered`; null where the capture does not say how it ended. */
function outcomeOf({ what, result, resultText }: Attempt): string | null {
  if (resultText !== null) return `${what}: ${resultText}`;
  return result === null ? null : `${what} ${result}`;
}

/** How many references the capture shows; of a page dump it shows none, whatever the sum is made of. */
function referenceCounts(page: Page): Tooltip['rows'] {
  if (page.references.length === 0) return [];
  return [['References', rolesText(page)]];
}

/** `1 held, 3 expected, 0 temporary, 2 earlier`; where some could not be judged, none is said to be none. */
function rolesText({ references }: Page): string {
  const real = references.filter(({ weight }) => weight > 0);
  const { asked: notJudged, others: judged } = divided(real, isReferenceNotJudged);
  const counts = ROLES.map((role) => [role, judged.filter((each) => each.role === role).length] as const);
  if (notJudged.length === 0) return counts.map(([role, count]) => `${count} ${role}`).join(', ');
  const seen = counts.filter(([, count]) => count > 0).map(([role, count]) => `${count} ${role}`);
  return [`${notJudged.length} open and not judged`, ...seen].join(', ');
}

/** `×3`; where an attempt tries a page again and again, `×4950 over 99 marks`. */
function repeatsText({ repeats, marks }: MarkGroup): string | null {
  if (repeats < 2) return null;
  return marks.length > 1 && marks.length !== repeats
    ? `×${repeats} over ${marks.length} marks`
    : `×${repeats}`;
}

/** What migration accounts for at each mark of a group, by its own sum; null where that is not known. */
function expectedText(page: Page, group: MarkGroup): { label: string; description: string } | null {
  const { expected, expectedTerms } = group.marks[0]!;
  if (expected === null || expected <= 0) return null;
  const first = page.marks.indexOf(group.marks[0]!);
  const seen = page.references
    .filter(({ acquired, remapped }) => acquired !== null || remapped !== undefined)
    .filter(({ role, openAt, expectedAt = [] }) =>
      (role === 'held' ? expectedAt : role === 'expected' ? openAt : []).includes(first),
    )
    .reduce((sum, { weight }) => sum + weight, 0);
  const unseen = expected - seen;
  const overMarks = group.marks.length > 1 ? ` at each of ${group.marks.length} marks` : '';
  return {
    label: `Expected: ${expectedTerms.map(termText).join(' + ')}${overMarks}`,
    description: unseen > 0 ? `${unseen} without a get in the capture` : '',
  };
}

/** Without function names nothing says that what was open is accounted for. */
function isOpenNotJudged(role: Role, { marks }: MarkGroup): boolean {
  return role === 'expected' && marks.every(isMarkNotJudged);
}

function roleName(role: Role, group: MarkGroup): string {
  if (isOpenNotJudged(role, group)) return NOT_JUDGED_NAME;
  if (role === 'temporary' && group.isFollowed) return `${ROLE_NAMES[role]} until the next mark`;
  if (role === 'earlier' && group.isPreceded) return `${ROLE_NAMES[role]} since the mark before`;
  return ROLE_NAMES[role];
}

/** Below a page each reference that was not open at a mark stands once. */
function onceNotes(role: Role, { isFollowed, isPreceded }: MarkGroup): readonly string[] {
  if (role === 'temporary' && isFollowed)
    return ['Those that were taken after the next mark stand under that.'];
  return role === 'earlier' && isPreceded
    ? ['Those that were dropped before the mark before stand under that.']
    : [];
}

function untracedRow(id: string, mark: Mark, untraced: number): Branch {
  const label = untracedText(mark, untraced);
  return branch({
    id,
    kind: 'note',
    mood: 'doubt',
    label,
    // What a dump cannot tell is said in a note of the mark.
    tooltip: { title: label, rows: [], notes: mark.dumpedBecause === null ? [OUT_OF_SIGHT] : [] },
  });
}

const OUT_OF_SIGHT =
  'Taken before the capture began, or its events were lost, filtered out or never recorded.';

/** A page dump has no events that could explain a reference. */
function untracedText({ dumpedBecause }: Mark, untraced: number): string {
  if (untraced < 0) return `The events explain ${counted(-untraced, 'reference')} more than the refcount`;
  const references = counted(untraced, 'reference');
  return dumpedBecause === null
    ? `${references} that no event explains`
    : `${references} more than migration accounts for`;
}

function titleOnly(title: string): Tooltip {
  return { title, rows: [], notes: [] };
}
