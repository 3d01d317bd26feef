/**
 * The holders of a capture as a tree: page → mark → role → holder → where it was acquired and released → frames.
 *
 * Labels carry the answer, descriptions the numbers, tooltips the sum and the evidence. What is expected or known
 * noise is folded with a count, never left out.
 */
import type { Capture } from '../capture/eventTable';
import { isPlumbing, KIND_LABEL } from '../holders/kindRules';
import type { Mark, Page, Reference, ReferenceEnd, Role } from '../holders/model';
import {
  frameTarget,
  NOT_SEARCHED,
  NOT_YET_SEARCHED,
  sureInlined,
  type PlacedFrame,
  type PlacedStacks,
} from './frames';
import {
  CERTAINTY_NAMES,
  CERTAINTY_WORDS,
  CONFIDENCE_NAMES,
  counted,
  errorText,
  ROLE_MEANINGS,
  percentText,
  ROLE_NAMES,
} from './wording';
import { stripSuffixes } from '../source/symbolName';
import { branch, type Branch } from './lazyTree';
import { groupMarks, type MarkGroup } from './markGroups';
import { captureDoubts } from './captureDoubts';
import type { FrameTarget, NodeMood, Tooltip } from './protocol';
import { pointText, spanText } from './timeText';

/** As many places that could not be read as a terminal has room for. */
const SHOWN_PROBLEMS = 5;

const ROLE_ORDER: readonly Role[] = ['held', 'expected', 'temporary', 'earlier'];

/** What files beside the capture say of it. */
export interface PageAdditions {
  /** Rows before the pages; `id` is that of the capture. */
  notes(id: string): readonly Branch[];
  /** Rows of a page behind its marks. */
  rows(id: string, page: Page): readonly Branch[];
}

const NO_ADDITIONS: PageAdditions = { notes: () => [], rows: () => [] };

/**
 * Rows for the pages of one capture, and what must be known before they are believed.
 *
 * @param part of the file that all this is from, below 1 while it is being read
 */
export function holderRows(
  id: string,
  capture: Capture,
  pages: readonly Page[],
  stacks: PlacedStacks,
  part = 1,
  additions = NO_ADDITIONS,
): readonly Branch[] {
  const rows = new HolderRows(capture, stacks, part < 1, additions);
  const doubts = captureDoubts(capture).map((doubt, index) =>
    branch({ id: `${id}/doubt${index}`, kind: 'note', mood: 'doubt', ...doubt }),
  );
  if (capture.problemCount > 0) doubts.push(problemsNote(`${id}/problems`, capture));
  if (part < 1) doubts.unshift(partNote(`${id}/part`, part));
  const blamed = pages.filter(isHeld);
  const others = pages.filter((page) => !isHeld(page));
  const alone = pages.length === 1;
  if (pages.length === 0 && doubts.length > 0) {
    doubts.push(
      branch({ id: `${id}/none`, kind: 'note', label: 'No page failed to move as far as the capture shows' }),
    );
  }
  return [
    ...doubts,
    ...additions.notes(id),
    ...[...blamed, ...others].map((page) => rows.page(id, page, alone)),
  ];
}

/** References that somebody held while the page could not move, explanations (weight 0) left out. */
export function heldReferences(page: Page): readonly Reference[] {
  return page.references.filter((reference) => reference.role === 'held' && reference.weight > 0);
}

/** Whether somebody holds it, known or not: the answer of `--exit-code`. */
export function isHeld(page: Page): boolean {
  return heldReferences(page).length > 0 || untracedReferences(page) > 0;
}

/** References that the counts show at some mark and no event of the capture explains. */
export function untracedReferences(page: Page): number {
  return page.marks.reduce((most, mark) => Math.max(most, mark.untraced ?? 0), 0);
}

class HolderRows {
  constructor(
    private readonly capture: Capture,
    private readonly stacks: PlacedStacks,
    /** More of the capture is still to be read: nothing is known of its end. */
    private readonly isPart: boolean,
    private readonly additions: PageAdditions,
  ) {}

  page(parent: string, page: Page, expanded: boolean): Branch {
    const pfn = `0x${page.pfn.toString(16)}`;
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
        label: joined([pfn, order, holdersText(page), reasonsText(page)]),
        description: joined([
          kindsText(held.length > 0 ? held : explanations(page)),
          still > 0 && still < held.length ? `${still} ${this.stillHeld}` : null,
          held.length > 0 && still === held.length ? this.stillHeld : null,
        ]),
        tooltip: {
          title: `PFN ${pfn}${page.order > 0 ? `, head of a folio of order ${page.order}` : ''}`,
          rows: [
            ['Failed to move', this.marksSpan(page.marks)],
            ['Holders', holdersText(page)],
            ['References', ROLE_ORDER.map((role) => `${countRole(page, role)} ${role}`).join(', ')],
            ...(lastMark === undefined ? [] : [['Last sum', sumText(lastMark)] as const]),
          ],
          notes: [],
        },
        expanded,
      },
      () => {
        const reasons = new Set(page.marks.map((mark) => mark.reason));
        const marks = groupMarks(page).map((group, index) =>
          this.mark(`${id}/m${index}`, group, index === 0, reasons.size > 1),
        );
        return [...marks, ...this.additions.rows(id, page)];
      },
    );
  }

  private mark(id: string, group: MarkGroup, expanded: boolean, withReason: boolean): Branch {
    const mark = group.marks[0]!;
    const evidence = [...new Set(group.marks.flatMap((each) => each.evidence.map(({ what }) => what)))];
    const errors = [
      ...new Set(group.marks.flatMap((each) => (each.error === null ? [] : [errorText(each.error)]))),
    ];
    const notes = [...new Set(group.marks.flatMap((each) => each.notes))];
    const repeats = group.repeats > 1 ? `×${group.repeats}` : null;
    return branch(
      {
        id,
        kind: 'mark',
        mood: (mark.untraced ?? 0) > 0 ? 'doubt' : 'plain',
        label: joined([withReason ? (mark.reason ?? 'reason unknown') : null, sumText(mark)]),
        description: joined([repeats, this.marksSpan(group.marks), this.attempters(group), ...errors]),
        tooltip: {
          title: 'The page failed to move here',
          rows: [
            ['Time', this.marksSpan(group.marks)],
            ['Attempt of', this.attempters(group) ?? 'a task that the capture does not name'],
            ['Reason', mark.reason ?? 'not said by the capture'],
            ['Evidence', evidence.join(', ')],
            ['Sum', sumText(mark)],
            ...(errors.length > 0 ? [['Error', errors.join(', ')] as const] : []),
            ...(group.repeats > 1 ? [['Failed', `${group.repeats} times`] as const] : []),
          ],
          notes,
        },
        expanded,
      },
      () => this.markChildren(id, group, notes),
    );
  }

  private markChildren(id: string, group: MarkGroup, notes: readonly string[]): readonly Branch[] {
    const mark = group.marks[0]!;
    const rows = ROLE_ORDER.flatMap((role) => {
      const references = group.references[role];
      return references.length === 0 ? [] : [this.role(`${id}/${role}`, role, references, group)];
    });
    const untraced = mark.untraced ?? 0;
    if (untraced !== 0) rows.unshift(untracedRow(`${id}/untraced`, untraced));
    else if (group.references.held.length === 0) {
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
    return [...rows, ...said];
  }

  private role(id: string, role: Role, references: readonly Reference[], group: MarkGroup): Branch {
    const real = references.filter((reference) => reference.weight > 0).length;
    const count = real > 0 ? counted(real, 'reference') : 'no reference';
    // Each attempt takes and drops references of its own: their number is no sum at one moment.
    const overMarks = group.marks.length > 1 && role !== 'held' ? ` over ${group.marks.length} marks` : '';
    const explained =
      references.length > real && real > 0 ? counted(references.length - real, 'explanation') : null;
    return branch(
      {
        id,
        kind: 'role',
        mood: role === 'held' && real > 0 ? 'held' : 'plain',
        label: `${roleName(role, group)}: ${joined([count, explained])}${overMarks}`,
        description: kindsText(references),
        tooltip: { title: ROLE_NAMES[role], rows: [], notes: [ROLE_MEANINGS[role]] },
        expanded: role === 'held',
      },
      () => references.map((reference, index) => this.reference(`${id}/r${index}`, reference, group)),
    );
  }

  private reference(id: string, reference: Reference, group: MarkGroup): Branch {
    const outcome = this.outcome(reference, group);
    const lost = this.lostDuring(reference);
    const blamed = reference.role === 'held' && reference.weight > 0;
    return branch(
      {
        id,
        kind: 'reference',
        mood: blamed ? (isStillHeld(reference) ? 'still-held' : 'held') : 'plain',
        label: joined([reference.holder, outcome]),
        description: joined([
          reference.repeats > 1 ? `×${reference.repeats}` : null,
          this.heldFor(reference),
          reference.weight === 1
            ? null
            : reference.weight === 0
              ? 'no reference'
              : `weight ${reference.weight}`,
          reference.confidence === 'assumed' ? 'match assumed' : null,
          lost > 0 ? 'events lost meanwhile' : null,
          rivalsText(reference),
          reference.expectedLongTerm === true ? 'expected long-term' : null,
          userRuleText(reference),
        ]),
        tooltip: this.referenceTooltip(reference, group, lost),
      },
      () => this.ends(id, reference, group),
    );
  }

  private referenceTooltip(reference: Reference, group: MarkGroup, lost: number): Tooltip {
    const { acquired, released } = reference;
    return {
      title: reference.holder,
      rows: [
        ['Kind', kindText(reference)],
        ['Role', ROLE_NAMES[reference.role].toLowerCase()],
        ['Acquired', acquired === null ? 'not in the capture' : this.endPoint(acquired, group)],
        ['Released', released === null ? this.unreleasedText(reference) : this.endPoint(released, group)],
        ['Adds to the refcount', String(reference.weight)],
        ['Match', CONFIDENCE_NAMES[reference.confidence]],
        ...(reference.evidence === '' ? [] : [['Evidence', reference.evidence] as const]),
      ],
      notes: [
        ...(reference.expectedLongTerm === true ? [LONG_TERM] : []),
        ...(lost > 0
          ? [`Events were lost ${counted(lost, 'time')} while it was open: the match may be wrong.`]
          : []),
      ],
    };
  }

  private ends(id: string, reference: Reference, group: MarkGroup): readonly Branch[] {
    const { acquired, released } = reference;
    return [
      acquired === null
        ? this.unseenAcquire(`${id}/acquired`, reference)
        : this.end(`${id}/acquired`, 'acquired', acquired, group, true),
      released === null
        ? branch({
            id: `${id}/released`,
            kind: 'released',
            mood: releaseMood(reference),
            label: reference.releasedUnseen
              ? 'Released out of sight: the count fell without a put in the capture'
              : 'Still held at the end of the capture',
          })
        : this.end(`${id}/released`, 'released', released, group, acquired === null),
    ];
  }

  private unseenAcquire(id: string, reference: Reference): Branch {
    const sites = reference.deducedAcquire;
    return branch(
      {
        id,
        kind: 'acquired',
        mood: 'doubt',
        label: 'Acquired out of sight: the get is not in the capture',
        description: sites.length > 0 ? `deduced: ${deducedText(sites)}` : '',
        tooltip: {
          title: 'The get is not in the capture',
          rows: [],
          notes: [
            'It was before the first event, or gets were not recorded, or the event was lost.',
            ...(sites.length > 0
              ? ['Deduced from the put: references of this kind are taken in the functions below.']
              : []),
          ],
        },
        expanded: true,
      },
      sites.length === 0
        ? null
        : async () => {
            const placed = await this.stacks.definitions(sites);
            return [
              ...becauseRow(`${id}/why`, reference),
              ...placed.map((frame, index) => frameRow(`${id}/d${index}`, frame)),
            ];
          },
    );
  }

  private end(
    id: string,
    kind: 'acquired' | 'released',
    end: ReferenceEnd,
    group: MarkGroup,
    expanded: boolean,
  ): Branch {
    const verb = kind === 'acquired' ? 'Acquired' : 'Released';
    const noStack = end.stack < 0;
    return branch(
      {
        id,
        kind,
        label: joined([`${verb} ${this.relativeTime(end, group)}`, this.task(end.task)]),
        description: noStack ? 'no stack in the capture' : '',
        tooltip: {
          title: verb,
          rows: [
            ['Time', this.point(end.time)],
            ['Task', this.task(end.task) ?? 'not said by the capture'],
            ['CPU', String(this.capture.events.cpu[end.row] ?? '?')],
            ['Event', this.capture.symbols.string(this.capture.events.name[end.row]!)],
            ['Byte offset in the capture', String(this.capture.events.offset[end.row] ?? '?')],
          ],
          notes: [],
        },
        expanded,
      },
      noStack ? null : () => this.stackRows(id, end.stack),
    );
  }

  private async stackRows(id: string, stack: number): Promise<readonly Branch[]> {
    const frames = await this.stacks.frames(stack);
    const rows = frames.flatMap((frame, index) => frameRows(`${id}/f${index}`, frame));
    const depth = plumbingRows(frames);
    if (depth === 0) return rows;
    const plumbing = rows.slice(0, depth);
    const folded = branch(
      {
        id: `${id}/plumbing`,
        kind: 'frames',
        label: counted(depth, 'reference-counting frame'),
        description: plumbing.map((row) => row.node.label).join(', '),
      },
      () => plumbing.map((row) => branch({ ...row.node, id: row.node.id.replace(id, `${id}/plumbing`) })),
    );
    return [folded, ...rows.slice(depth)];
  }

  private get stillHeld(): string {
    return this.isPart ? 'not released so far' : 'still held';
  }

  /** `still held`, `released 42 ms after`. */
  private outcome(reference: Reference, group: MarkGroup): string | null {
    if (reference.weight === 0 || reference.role !== 'held') return null;
    if (reference.releasedUnseen) return 'released out of sight';
    if (reference.released === null) return this.stillHeld;
    // The row stands under the mark that the time is relative to.
    return `released ${this.relativeTime(reference.released, group).replace(/ the (?:first |last )?mark$/, '')}`;
  }

  private unreleasedText(reference: Reference): string {
    if (reference.releasedUnseen) return 'out of sight: its put is missing';
    return this.isPart
      ? 'not in what was read of the capture so far'
      : 'not in the capture: still held at its end';
  }

  private heldFor(reference: Reference): string | null {
    const { acquired, released } = reference;
    if (reference.weight === 0) return null;
    if (acquired === null) return 'get not in the capture';
    if (released === null) return null;
    const span = released.time - acquired.time;
    return Number.isFinite(span) ? `held ${spanText(span, this.capture.clock)}` : null;
  }

  private relativeTime(end: ReferenceEnd, group: MarkGroup): string {
    const first = group.marks[0]!;
    const last = group.marks.at(-1)!;
    if (![end.time, first.time, last.time].every(Number.isFinite)) return 'at an unknown time';
    const { clock } = this.capture;
    const several = group.marks.length > 1;
    if (end.row < first.row) {
      return `${spanText(first.time - end.time, clock)} before the ${several ? 'first ' : ''}mark`;
    }
    if (end.row > last.row) {
      return `${spanText(end.time - last.time, clock)} after the ${several ? 'last ' : ''}mark`;
    }
    return `${spanText(end.time - first.time, clock)} after the first mark`;
  }

  private endPoint(end: ReferenceEnd, group: MarkGroup): string {
    const task = this.task(end.task);
    return `${this.point(end.time)}, ${this.relativeTime(end, group)}${task === null ? '' : `, by ${task}`}`;
  }

  private marksSpan(marks: readonly Mark[]): string {
    const first = marks[0];
    const last = marks.at(-1);
    if (first === undefined || last === undefined) return 'at an unknown time';
    const from = this.point(first.time);
    const to = this.point(last.time);
    return from === to ? from : `${from} to ${to}`;
  }

  /** How many gaps in the record lie within the life of a reference. */
  private lostDuring(reference: Reference): number {
    const from = reference.acquired?.row ?? 0;
    const to = reference.released?.row ?? Infinity;
    return this.capture.gaps.filter(
      (gap) => gap.cause !== 'started' && gap.beforeRow > from && gap.beforeRow <= to,
    ).length;
  }

  /** `cma-alloc-208 and 2 others` */
  private attempters(group: MarkGroup): string | null {
    const tasks = new Set(group.marks.map((mark) => mark.task));
    const first = this.task(group.marks[0]!.task);
    return first === null || tasks.size === 1 ? first : `${first} and ${counted(tasks.size - 1, 'other')}`;
  }

  private point(time: number): string {
    const { timeBase, clock, resolution } = this.capture;
    return pointText(time, timeBase, clock, resolution);
  }

  private task(task: number): string | null {
    return taskText(this.capture, task);
  }
}

/** `pinner-210`, or null where the capture names no task. */
export function taskText(capture: Capture, task: number): string | null {
  if (task < 0) return null;
  const pid = capture.symbols.taskPid(task);
  return pid < 0 ? null : `${capture.symbols.taskComm(task)}-${pid}`;
}

/** The refcount and its parts, the answer first: `refcount 3 = 1 held + 1 isolation + 1 page cache`. */
export function sumText(mark: Mark): string {
  if (mark.count === null) return 'refcount not in the capture';
  const parts = [
    ...part(mark.held, 'held'),
    ...part(mark.untraced, 'untraced'),
    ...mark.expectedTerms.map(termText),
  ];
  return parts.length === 0 ? `refcount ${mark.count}` : `refcount ${mark.count} = ${parts.join(' + ')}`;
}

function part(count: number | null, name: string): readonly string[] {
  return count === null || count === 0 ? [] : [`${count} ${name}`];
}

function termText(term: Mark['expectedTerms'][number]): string {
  return /^\d/.test(term.label) ? term.label : `${term.count} ${term.label}`;
}

/** `held by 2`, with what the counts show beyond it. */
function holdersText(page: Page): string {
  const held = heldReferences(page).length;
  const untraced = untracedReferences(page);
  if (held > 0) return untraced > 0 ? `held by ${held} + ${untraced} untraced` : `held by ${held}`;
  if (untraced > 0) return `${untraced} untraced`;
  if (page.marks.some((mark) => mark.count !== null && mark.held === null)) return 'not judged';
  return 'no reference too many';
}

function pageMood(page: Page): NodeMood {
  const held = heldReferences(page);
  if (held.some(isStillHeld)) return 'still-held';
  if (held.length > 0) return 'held';
  return untracedReferences(page) > 0 ? 'doubt' : 'plain';
}

function isStillHeld(reference: Reference): boolean {
  return reference.released === null && !reference.releasedUnseen;
}

function releaseMood(reference: Reference): NodeMood {
  if (reference.releasedUnseen) return 'doubt';
  return reference.role === 'held' ? 'still-held' : 'plain';
}

function reasonsText(page: Page): string {
  return [...new Set(page.marks.map((mark) => mark.reason ?? 'reason unknown'))].join(', ');
}

function countRole(page: Page, role: Role): number {
  return page.references.filter((reference) => reference.role === role && reference.weight > 0).length;
}

/** References of weight 0: why a page does not move although nobody holds it. */
function explanations(page: Page): readonly Reference[] {
  return page.references.filter((reference) => reference.weight === 0);
}

/** `2 pipe buffer, GUP pin`: the kinds with their number, most frequent first. */
function kindsText(references: readonly Reference[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of references) counts.set(KIND_LABEL[kind], (counts.get(KIND_LABEL[kind]) ?? 0) + 1);
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => (count > 1 ? `${count} × ${name}` : name))
    .join(', ');
}

/** Without function names nothing says that what was open is accounted for. */
function roleName(role: Role, group: MarkGroup): string {
  const notJudged =
    role === 'expected' && group.marks.every(({ count, held }) => count !== null && held === null);
  return notJudged ? 'Open, not judged' : ROLE_NAMES[role];
}

function untracedRow(id: string, untraced: number): Branch {
  const label =
    untraced > 0
      ? `${counted(untraced, 'reference')} that no event explains`
      : `The events explain ${counted(-untraced, 'reference')} more than the refcount`;
  return branch({
    id,
    kind: 'note',
    mood: 'doubt',
    label,
    tooltip: {
      title: label,
      rows: [],
      notes: ['Taken before the capture began, or its events were lost, filtered out or never recorded.'],
    },
  });
}

/** Rows of a frame, behind those of what is inlined into it. */
export function frameRows(id: string, frame: PlacedFrame): readonly Branch[] {
  return [...inlinedRows(id, frame), frameRow(id, frame)];
}

function isSearched({ location }: PlacedFrame): boolean {
  return location !== NOT_SEARCHED && location !== NOT_YET_SEARCHED;
}

function frameRow(id: string, frame: PlacedFrame): Branch {
  const target = frameTarget(frame);
  const offset = frame.offset === null ? '' : `+0x${frame.offset.toString(16)}`;
  return branch({
    id,
    kind: 'frame',
    mood: target.certainty === 'unknown' && isSearched(frame) ? 'doubt' : 'plain',
    label: frame.module === null ? frame.function : `${frame.function} [${frame.module}]`,
    description: isSearched(frame) ? placeText(target) : '',
    tooltip: {
      title: `${frame.function}${offset}`,
      rows: [
        ...(frame.module === null ? [] : [['Module', frame.module] as const]),
        ['Place', target.file === null ? 'unknown' : `${target.file}:${target.line ?? 1}`],
        ['How sure', CERTAINTY_NAMES[target.certainty]],
        ...target.candidates.slice(1).map((place) => ['Or', `${place.file}:${place.line}`] as const),
      ],
      notes: target.note === '' ? [] : [target.note],
    },
    frame: target,
  });
}

/** Rows of the static inline functions between a frame and the one it called, which no stack shows. */
function inlinedRows(id: string, frame: PlacedFrame): readonly Branch[] {
  return sureInlined(frame).map((inlined, index) => {
    const { certainty } = frame.location;
    const target: FrameTarget = { ...inlined, certainty, candidates: [inlined], note: '' };
    return branch({
      id: `${id}i${index}`,
      kind: 'frame',
      label: inlined.function,
      description: `${inlined.file}:${inlined.line} · inlined`,
      tooltip: {
        title: inlined.function,
        rows: [
          ['Place', `${inlined.file}:${inlined.line}`],
          ['How sure', CERTAINTY_NAMES[target.certainty]],
        ],
        notes: [`Inlined into ${frame.function}.`],
      },
      frame: target,
    });
  });
}

/** Several routes may lead to one line: then there is nothing to choose, but it is not proven either. */
function certaintyWords({ certainty, candidates }: FrameTarget): string {
  return certainty === 'one-of-several' && candidates.length < 2 ? 'not proven' : CERTAINTY_WORDS[certainty];
}

/** `fs/splice.c:1203 · one of 3 calls`. */
function placeText(target: FrameTarget): string {
  if (target.file === null) return CERTAINTY_WORDS.unknown;
  const place = `${target.file}:${target.line ?? 1}`;
  return joined([place, certaintyWords(target)]);
}

/**
 * How many rows at the inner end of a stack say nothing of the holder: the tracer's own frames and those of reference
 * counting, with what is inlined between them; never all.
 */
function plumbingRows(frames: readonly PlacedFrame[]): number {
  const isHolder = (frame: { readonly function: string }): boolean =>
    !isPlumbing(stripSuffixes(frame.function));
  const first = frames.findIndex(isHolder);
  if (first < 0) return 0;
  const rowsBefore = frames.slice(0, first).reduce((sum, frame) => sum + 1 + sureInlined(frame).length, 0);
  const inlined = sureInlined(frames[first]!);
  const firstInlined = inlined.findIndex(isHolder);
  return rowsBefore + (firstInlined < 0 ? inlined.length : firstInlined);
}

const LONG_TERM =
  'References of this kind are held for long by design (FOLL_LONGTERM and its like): no defect by itself, but the ' +
  'page does not move as long as it is held.';

/** The kind, and what the rule calls it where that says more. */
function kindText({ kind, label }: Reference): string {
  return label === undefined || label === KIND_LABEL[kind]
    ? KIND_LABEL[kind]
    : `${KIND_LABEL[kind]}: ${label}`;
}

/** Why the functions below it are believed. */
function becauseRow(id: string, { deducedBecause }: Reference): readonly Branch[] {
  if (deducedBecause === undefined) return [];
  const label = sentence(deducedBecause);
  return [branch({ id, kind: 'note', label, tooltip: titleOnly(label) })];
}

/** Without gets the sum says how many puts were holders, not which. */
function rivalsText({ rivals, role }: Reference): string | null {
  if (rivals === undefined) return null;
  return role === 'held' ? `any of ${rivals} puts may be this one` : 'may be a holder';
}

/** `by rule 'nvidia os_lock_user_pages' of .page-holders.json` */
function userRuleText({ userRule }: Reference): string | null {
  return userRule === undefined ? null : `by rule '${userRule.label}' of ${userRule.source}`;
}

/** `vmsplice_to_pipe or 3 others` */
function deducedText(sites: readonly string[]): string {
  const [best = '', ...others] = sites;
  return others.length === 0 ? best : `${best} or ${counted(others.length, 'other')}`;
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function titleOnly(title: string): Tooltip {
  return { title, rows: [], notes: [] };
}

/** The captures tree lists them. */
function partNote(id: string, part: number): Branch {
  return branch({
    id,
    kind: 'note',
    mood: 'doubt',
    label: `${percentText(part)} read: more pages and holders may follow`,
  });
}

function problemsNote(id: string, { problems, problemCount }: Capture): Branch {
  const first = problems[0]?.line ?? null;
  return branch(
    {
      id,
      kind: 'note',
      mood: 'doubt',
      label: `${counted(problemCount, 'place')} of the capture could not be read`,
      description: first === null ? '' : `${problemCount > 1 ? 'the first in ' : ''}line ${first}`,
    },
    () => problemRows(id, problems, problemCount),
  );
}

/** What was found where, for the first few: the rest is in the Captures view and in the JSON report. */
function problemRows(id: string, problems: Capture['problems'], problemCount: number): readonly Branch[] {
  const shown = problems.slice(0, SHOWN_PROBLEMS).map(({ line, offset, message }, index) =>
    branch({
      id: `${id}/${index}`,
      kind: 'note',
      mood: 'doubt',
      label: `${line === null ? '' : `Line ${line}, `}byte ${offset}: ${message}`,
    }),
  );
  const left = problemCount - shown.length;
  const more = left > 0 ? [branch({ id: `${id}/more`, kind: 'note', label: `${left} more` })] : [];
  return [...shown, ...more];
}

/** `a · b · c` without what is not there. */
function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join(' · ');
}
