/** From the events of a capture to the pages that failed to move and who held them. */
import { ABSENT, NONE, type Capture, type EventTable } from '../capture/eventTable';
import { pinnedAtLeast } from '../capture/pinnedAtLeast';
import { atOnce, eachInSteps } from '../capture/turns';
import { accountAt, isRefusedByCount, type Account } from './accounting';
import { indexCapture, type CaptureIndex } from './captureIndex';
import { endsLife, isPageRef } from './countChange';
import { deducedAcquire, describeHolder, holderSite, namingOf } from './describeHolder';
import type { KindRule } from './kindRule';
import { ACCOUNTED_KINDS } from './kindRules';
import { lifeEvents } from './lifeEvents';
import { firstBehind, lastLife, livesAround } from './lives';
import { Ledger, type Lifetime, type Snapshot } from './ledger';
import type { LedgerReference } from './ledgerReference';
import type { MapcountBase } from './mapcountBase';
import { markCause } from './markCause';
import { MissingEvents } from './missingEvents';
import type {
  Attempt,
  HolderAnalysis,
  Mark,
  MarkEvidence,
  MarkSource,
  Page,
  Reference,
  ReferenceEnd,
  Role,
  UnreleasedPage,
} from './model';
import type { Moment } from './moment';
import { rowsWithOfflining } from './offlinedMemory';
import { pinnedPfns, pinReferences } from './pinnedPages';
import { analysePuts } from './putOnly';
import { StackSites } from './stackSites';
import { TailPages } from './tailPages';
import { failsAsBefore } from './triedAgain';
import { hasOwner, isOrphaned, isUnreleased, unreleasedCandidates } from './unreleased';

/** Surest first: a mark that joins several takes the surest as its source. */
const SOURCE_ORDER: readonly MarkSource[] = [
  'report',
  'freeze',
  'isolation',
  'memory-failure',
  'cma',
  'derived',
];

const ROLE_ORDER: readonly Role[] = ['held', 'temporary', 'expected', 'earlier'];

/** A moment with what was found at it. */
interface JudgedMoment {
  readonly moment: Moment;
  readonly account: Omit<Account, 'open'> | null;
  /** Everything open, to give each reference its role. */
  readonly open: readonly LedgerReference[];
  readonly lifetime: Lifetime | null;
}

interface MarkUnderWay {
  readonly first: JudgedMoment;
  readonly tailPfns: Set<number>;
  readonly evidence: MarkEvidence[];
  source: MarkSource;
  error: number | null;
}

/** What all pages of a capture are judged with. */
interface Context {
  readonly capture: Capture;
  readonly sites: StackSites;
  readonly mapcount: MapcountBase;
  readonly missing: MissingEvents;
}

/**
 * Finds every page that a capture shows failing to move, and who held it.
 *
 * @param userRules rules that a person wrote; they win over those of the kernel's functions
 */
export function analyseHolders(capture: Capture, userRules: readonly KindRule[] = []): HolderAnalysis {
  return atOnce(analysisSteps(capture, userRules)).analysis;
}

/** An analysis, and what answers for any other page. */
export interface AnalysedHolders {
  readonly analyser: HolderAnalyser;
  readonly analysis: HolderAnalysis;
}

/** {@link analyseHolders} in steps of a few milliseconds. */
export function* analysisSteps(
  capture: Capture,
  userRules: readonly KindRule[] = [],
): Generator<void, AnalysedHolders> {
  const analyser = yield* HolderAnalyser.of(capture, userRules);
  return { analyser, analysis: yield* analyser.analyse() };
}

/** The attempts and marked pages alone, in steps: of a capture that is still being read, whose end nobody knows. */
export function* pageSteps(
  capture: Capture,
  userRules: readonly KindRule[] = [],
): Generator<void, AnalysedHolders> {
  const analyser = yield* HolderAnalyser.of(capture, userRules);
  const pages = yield* analyser.pages();
  return { analyser, analysis: { attempts: analyser.attempts(), pages, unreleased: [], pinned: [] } };
}

/** Analyses a capture as a whole, or the one page that somebody asks for. */
export class HolderAnalyser {
  private readonly momentsOfPage = new Map<number, Moment[]>();
  /** The marked pages that were asked for. */
  private readonly judgedPages = new Map<number, Page>();
  /** Index of a kept attempt in {@link HolderAnalysis.attempts}, by its number in the capture. */
  private readonly keptAttempts = new Map<number, number>();

  private constructor(
    private readonly context: Context,
    private readonly index: CaptureIndex,
    moments: readonly Moment[],
  ) {
    for (const moment of moments) {
      const list = this.momentsOfPage.get(moment.pfn);
      if (list === undefined) this.momentsOfPage.set(moment.pfn, [moment]);
      else list.push(moment);
    }
    for (const list of this.momentsOfPage.values()) list.sort((a, b) => a.row - b.row);
    const marked = new Set(moments.map(({ attempt }) => attempt.id));
    for (const { id, reportsFailure } of index.attempts) {
      if (reportsFailure || marked.has(id)) this.keptAttempts.set(id, this.keptAttempts.size);
    }
  }

  /** Goes over the events of a capture once, in steps of a few milliseconds: the pages are judged later. */
  static *of(capture: Capture, userRules: readonly KindRule[] = []): Generator<void, HolderAnalyser> {
    const { events } = capture;
    const sites = new StackSites(capture.symbols, userRules);
    const missing = new MissingEvents(capture.gaps);
    const index = yield* indexCapture(capture, sites);
    const tails = new TailPages(events, index);
    const ofHeads = index.moments.map((moment) => {
      const pfn = tails.headOf(moment.pfn, moment.row);
      return pfn === moment.pfn ? moment : { ...moment, pfn };
    });
    const context = { capture, sites, mapcount: index.mapcount, missing };
    return new HolderAnalyser(context, index, ofHeads);
  }

  /** The pages with marks, in order of PFN. */
  *pages(): Generator<void, readonly Page[]> {
    const pages: Page[] = [];
    for (const pfn of [...this.momentsOfPage.keys()].sort((a, b) => a - b)) {
      yield;
      pages.push(yield* this.markedPage(pfn));
    }
    return pages;
  }

  *analyse(): Generator<void, HolderAnalysis> {
    const pages = yield* this.pages();
    const unreleased: UnreleasedPage[] = [];
    for (const pfn of unreleasedCandidates(this.context.capture.events, this.index)) {
      if (this.momentsOfPage.has(pfn)) continue;
      yield;
      const page = yield* this.atEnd(pfn);
      if (page?.isLeft === true) unreleased.push(page.page);
    }
    unreleased.sort((a, b) => a.pfn - b.pfn);
    const pinned: UnreleasedPage[] = [];
    for (const pfn of pinnedPfns(this.context.capture)) {
      if (this.momentsOfPage.has(pfn)) continue;
      yield;
      const page = yield* this.atEnd(pfn);
      if (page !== null) pinned.push(page.page);
    }
    return { attempts: this.attempts(), pages, unreleased, pinned };
  }

  /**
   * What the capture says of one page: at its marks, or at the end of the capture where it has none.
   *
   * @returns null when no event tells of the page's references
   */
  page(pfn: number): Page | UnreleasedPage | null {
    if (this.momentsOfPage.has(pfn)) return atOnce(this.markedPage(pfn));
    return atOnce(this.atEnd(pfn))?.page ?? null;
  }

  /** Attempts to move pages, those too that nothing kept from it. */
  get triedAttempts(): number {
    return this.index.attempts.filter(({ isMemoryFailure }) => !isMemoryFailure).length;
  }

  /** How many events tell of a page, or of an attempt to move pages. */
  get pageEvents(): number {
    return this.index.pageEvents;
  }

  /** Rows of all events that tell of a PFN's references, its allocation or its free, ascending. */
  eventsOf(pfn: number): Int32Array {
    return this.index.rows.of(pfn);
  }

  /** Rows in which a PFN, or the allocation that covers it, is allocated or freed, ascending. */
  lifeEventsOf(pfn: number): readonly number[] {
    return lifeEvents(this.context.capture.events, this.index, pfn);
  }

  /** In order of the capture. */
  attempts(): readonly Attempt[] {
    return this.index.attempts.flatMap((attempt) => {
      const id = this.keptAttempts.get(attempt.id);
      return id === undefined ? [] : [attempt.finished(id)];
    });
  }

  private *markedPage(pfn: number): Generator<void, Page> {
    const known = this.judgedPages.get(pfn);
    if (known !== undefined) return known;
    const moments = this.momentsOfPage.get(pfn) ?? [];
    const page = yield* analysePage(this.context, pfn, moments, this.rowsOf(pfn, moments), this.keptAttempts);
    this.judgedPages.set(pfn, page);
    return page;
  }

  /** What the lives of a page are made from. */
  private rowsOf(pfn: number, moments: readonly Moment[]): Int32Array {
    const rows = this.index.rows.of(pfn);
    const isPoisoned = moments.some(({ source }) => source === 'memory-failure');
    return isPoisoned ? rows : rowsWithOfflining(this.context.capture.events, rows, pfn, this.index.offlined);
  }

  private atEnd(pfn: number): Generator<void, LastLife | null> {
    return pageAtEnd(this.context, pfn, this.rowsOf(pfn, []));
  }
}

function* analysePage(
  context: Context,
  pfn: number,
  moments: readonly Moment[],
  rows: Int32Array,
  attempts: ReadonlyMap<number, number>,
): Generator<void, Page> {
  const { events } = context.capture;
  const hasPageRef = rows.some((row) => isPageRef(events.kind[row]!));
  const judge = hasPageRef ? judgeByLedger : judgeByPuts;
  const judged = yield* judge(context, moments, rows);
  const marks = yield* joinMoments(judged.moments);
  const references = yield* referencesOf(context, judged, marks);
  return {
    pfn,
    order: judged.order,
    marks: yield* eachInSteps(marks, (mark) => finishMark(context, mark, rows, attempts)),
    references,
  };
}

/** A page as it is at the end of the capture. */
interface LastLife {
  readonly page: UnreleasedPage;
  /** Somebody has a reference still that makes it worth listing. */
  readonly isLeft: boolean;
}

/** The last lifetime of a page as it is at the end of the capture. */
function* pageAtEnd(context: Context, pfn: number, rows: Int32Array): Generator<void, LastLife | null> {
  const { capture, sites } = context;
  const lastRow = rows.at(-1);
  if (lastRow === undefined) return null;
  const pins = pinReferences(capture, sites, rows);
  if (pins.length > 0) return { page: pinnedPage(context, pfn, lastRow, pins), isLeft: false };
  const ledger = new Ledger(capture, sites, context.mapcount);
  yield* ledger.replay(rows, [lastLife(capture.events, rows)], [lastRow]);
  const snapshot = ledger.snapshots[0]!;
  const { open, pool, lifetime, count } = snapshot;
  const left = new Set(open);
  const references = yield* eachInSteps(lifetime.references, (reference) => {
    const isOpen = left.has(reference);
    const isHeldOpen = isOpen && !ACCOUNTED_KINDS.has(reference.kind);
    return toReference(context, reference, roleOf(reference, isOpen, isHeldOpen, lastRow, false), []);
  });
  const isOwned = hasOwner(capture.events, lastRow, lifetime.nature, context.mapcount);
  const page = {
    pfn,
    order: lifetime.order,
    marks: [],
    references: inOrder(references),
    count,
    lastRow,
    isOrphaned: !isOwned && isOrphaned(open, pool),
  };
  return { page, isLeft: count !== null && count > 0 && (page.isOrphaned || isUnreleased(open)) };
}

/** A page that page_pinner tells of, and nothing else does. */
function pinnedPage(
  context: Context,
  pfn: number,
  lastRow: number,
  pins: readonly LedgerReference[],
): UnreleasedPage {
  const { capture } = context;
  const count = capture.events.count[lastRow]!;
  const references = pins.map((pin): Reference => {
    const heldAtLeast = pinnedAtLeast(capture, pin.releaseRow);
    const reference = toReference(context, pin, 'earlier', []);
    return heldAtLeast === null ? reference : { ...reference, heldAtLeast };
  });
  return {
    pfn,
    order: 0,
    marks: [],
    references: inOrder(references),
    count: count === ABSENT ? null : count,
    lastRow,
    isOrphaned: false,
  };
}

interface JudgedPage {
  /** Judged as they are asked for, once: of the thousands that a retried migration has, few marks are left. */
  readonly moments: Iterable<JudgedMoment>;
  /** Puts alone: what was open at a mark is known by the sum, not by gets. */
  readonly putsAlone: boolean;
  readonly references: readonly LedgerReference[];
  /** Of the folio, 0 where nothing tells it. */
  readonly order: number;
}

function* judgeByLedger(
  { capture, sites, mapcount }: Context,
  moments: readonly Moment[],
  rows: Int32Array,
): Generator<void, JudgedPage> {
  const ledger = new Ledger(capture, sites, mapcount);
  const asked = moments.map(({ row }) => row);
  yield* ledger.replay(rows, livesAround(capture.events, rows, asked), asked);
  const { snapshots } = ledger;
  for (const [index, moment] of moments.entries()) {
    const snapshot = snapshots[index]!;
    const { lifetime } = snapshot;
    if (!isRefusedByCount(moment, snapshot, capture.events, mapcount)) continue;
    lifetime.isRefusedByCount = true;
    lifetime.nature = 'anonymous';
  }
  let before: (JudgedMoment & { readonly snapshot: Snapshot }) | null = null;
  const judge = (moment: Moment, snapshot: Snapshot): JudgedMoment => {
    if (before !== null && failsAsBefore({ moment, snapshot }, before, capture.events)) {
      return { ...before, moment };
    }
    const account = accountAt(moment, snapshot, capture, sites, mapcount);
    const lifetime = account === null ? null : snapshot.lifetime;
    before = { moment, snapshot, account, open: account?.open ?? [], lifetime };
    return before;
  };
  const marked = new Set(snapshots.filter(({ count }) => count !== null).map(({ lifetime }) => lifetime));
  return {
    moments: inPairs(moments, snapshots, judge),
    putsAlone: false,
    references: ledger.lifetimes.filter((each) => marked.has(each)).flatMap((each) => each.references),
    // One by one: as arguments of one call, a hundred thousand lives are too many for the stack.
    order: [...marked].reduce((largest, { order }) => Math.max(largest, order), 0),
  };
}

function* inPairs<A, B, T>(first: readonly A[], second: readonly B[], of: (a: A, b: B) => T): Generator<T> {
  for (const [index, each] of first.entries()) yield of(each, second[index]!);
}

function* judgeByPuts(
  { capture, sites, mapcount }: Context,
  moments: readonly Moment[],
  rows: Int32Array,
): Generator<void, JudgedPage> {
  const { references, marks, order } = yield* analysePuts(capture.events, sites, rows, moments, mapcount);
  const byMoment = new Map(marks.map((mark) => [mark.moment, mark]));
  const judged = moments.map((moment): JudgedMoment => {
    const mark = byMoment.get(moment) ?? null;
    return { moment, account: mark, open: mark?.heldReferences ?? [], lifetime: null };
  });
  return { moments: judged, putsAlone: true, references, order };
}

/** Moments of one attempt that found the same holders are one mark. */
function* joinMoments(judged: Iterable<JudgedMoment>): Generator<void, MarkUnderWay[]> {
  const marks: MarkUnderWay[] = [];
  const latest = new Map<number, MarkUnderWay>();
  for (const next of judged) {
    yield;
    const { moment } = next;
    const evidence = { row: moment.row, source: moment.source, what: moment.what };
    const tails = moment.namedPfn === moment.pfn ? [] : [moment.namedPfn];
    const known = latest.get(moment.attempt.id);
    if (known !== undefined && sameHolders(known.first, next)) {
      known.evidence.push(evidence);
      for (const tail of tails) known.tailPfns.add(tail);
      if (SOURCE_ORDER.indexOf(moment.source) < SOURCE_ORDER.indexOf(known.source))
        known.source = moment.source;
      known.error ??= moment.error;
      continue;
    }
    const mark = {
      first: next,
      tailPfns: new Set(tails),
      evidence: [evidence],
      source: moment.source,
      error: moment.error,
    };
    latest.set(moment.attempt.id, mark);
    marks.push(mark);
  }
  return marks;
}

function sameHolders(a: JudgedMoment, b: JudgedMoment): boolean {
  const first = a.account?.heldReferences ?? [];
  const second = b.account?.heldReferences ?? [];
  if (a.lifetime !== b.lifetime || first.length !== second.length) return false;
  if ((a.account?.untraced ?? 0) !== (b.account?.untraced ?? 0)) return false;
  // Of one that goes in parts, some went.
  if ((a.account?.held ?? 0) !== (b.account?.held ?? 0)) return false;
  // Both are in the order in which the references were taken, as far as the capture shows that.
  if (first.every((reference, index) => reference === second[index])) return true;
  const known = new Set(first);
  return second.every((reference) => known.has(reference));
}

function finishMark(
  { capture }: Context,
  mark: MarkUnderWay,
  rows: Int32Array,
  attempts: ReadonlyMap<number, number>,
): Mark {
  const { moment, account } = mark.first;
  const { events } = capture;
  const parts = account?.judged === true ? account : null;
  const { cause, detail, note } = markCause(events, moment, parts);
  const lastRow = mark.evidence.reduce((last, { row }) => Math.max(last, row), moment.row);
  return {
    row: moment.row,
    time: events.time[moment.row]!,
    lastRow,
    lastTime: events.time[lastRow]!,
    reason: moment.attempt.reason,
    dumpedBecause: moment.dumpedBecause,
    source: mark.source,
    error: mark.error,
    task: moment.attempt.task,
    attempt: attempts.get(moment.attempt.id) ?? NONE,
    tailPfns: [...mark.tailPfns].sort((a, b) => a - b),
    cause,
    causeDetail: detail,
    evidence: mark.evidence,
    count: account?.count ?? null,
    expected: parts?.expected ?? null,
    held: parts?.held ?? null,
    untraced: parts?.untraced ?? null,
    expectedTerms: parts?.terms() ?? [],
    notes: [...(account?.notes ?? [whyNoCount(events, rows, moment.row)]), ...(note === null ? [] : [note])],
  };
}

/**
 * Why no count is known at a mark, for people.
 *
 * @param rows of the page, ascending
 */
function whyNoCount(events: EventTable, rows: Int32Array, mark: number): string {
  if (rows.length === 0) return 'no event of this page is in the capture';
  const last = firstBehind(rows, mark) - 1;
  return last >= 0 && endsLife(events, rows[last]!)
    ? 'the page was freed before, and no event tells of its references since'
    : 'no event of this page tells its refcount at this time';
}

/** References that are looked at in one step. */
const REFERENCES_A_STEP = 1 << 12;

function* referencesOf(
  context: Context,
  judged: JudgedPage,
  marks: readonly MarkUnderWay[],
): Generator<void, Reference[]> {
  const openAt = new Map<LedgerReference, number[]>();
  /** What one attempt accounts for, as its own isolation, holds a page against another. */
  const heldAt = new Map<LedgerReference, number[]>();
  let looked = 0;
  for (const [index, mark] of marks.entries()) {
    for (const reference of mark.first.open) {
      if (looked++ % REFERENCES_A_STEP === 0) yield;
      addTo(openAt, reference, index);
    }
    for (const reference of mark.first.account?.heldReferences ?? []) addTo(heldAt, reference, index);
  }
  const firstMark = marks[0]?.first.moment.row ?? NONE;
  const inSum = judged.putsAlone ? putsInSum(judged.references, marks[0]) : new Set<LedgerReference>();
  const references = yield* eachInSteps(judged.references, (reference): Reference => {
    const marksOpen = openAt.get(reference) ?? [];
    const marksHeld = heldAt.get(reference);
    const open = marksOpen.length > 0 || inSum.has(reference);
    const role = roleOf(reference, open, marksHeld !== undefined, firstMark, judged.putsAlone);
    if (marksHeld === undefined || marksHeld.length === marksOpen.length)
      return toReference(context, reference, role, marksOpen);
    const held = new Set(marksHeld);
    const expectedAt = marksOpen.filter((mark) => !held.has(mark));
    return { ...toReference(context, reference, role, marksHeld), expectedAt };
  });
  return inOrder(references);
}

function addTo(marks: Map<LedgerReference, number[]>, reference: LedgerReference, mark: number): void {
  const known = marks.get(reference);
  if (known === undefined) marks.set(reference, [mark]);
  else known.push(mark);
}

function inOrder(references: Reference[]): Reference[] {
  return references.sort(
    (a, b) => ROLE_ORDER.indexOf(a.role) - ROLE_ORDER.indexOf(b.role) || startOf(a) - startOf(b),
  );
}

function startOf(reference: Reference): number {
  return (reference.acquired ?? reference.released)?.row ?? 0;
}

/** Without gets, the first puts behind the mark of what migration accounts for are the terms of its sum. */
function putsInSum(
  references: readonly LedgerReference[],
  mark: MarkUnderWay | undefined,
): Set<LedgerReference> {
  const room = new Map(mark?.first.account?.terms().map((term) => [term.kind, term.count]));
  const inSum = new Set<LedgerReference>();
  for (const reference of references) {
    const left = room.get(reference.kind) ?? 0;
    if (!ACCOUNTED_KINDS.has(reference.kind) || left < reference.weight) continue;
    if (reference.releaseRow <= (mark?.first.moment.row ?? NONE)) continue;
    room.set(reference.kind, left - reference.weight);
    inSum.add(reference);
  }
  return inSum;
}

function roleOf(
  reference: LedgerReference,
  open: boolean,
  held: boolean,
  firstMark: number,
  putsAlone: boolean,
): Role {
  if (held) return 'held';
  if (open) return 'expected';
  // The sum has no room for it at the mark, and it was dropped later: its get must stand in between, and is missing.
  const isFromPool = reference.acquireRow < 0 && !ACCOUNTED_KINDS.has(reference.kind);
  if (isFromPool && !putsAlone && reference.releaseRow > firstMark) return 'temporary';
  // What a migration had unmapped at the mark and maps again was there before it.
  const since = putsAlone ? reference.releaseRow : reference.fromRow;
  return since <= firstMark ? 'earlier' : 'temporary';
}

function toReference(
  { capture, sites, missing }: Context,
  reference: LedgerReference,
  role: Role,
  openAt: readonly number[],
): Reference {
  const acquired = endOf(capture, sites, reference.acquireRow);
  const released = reference.unseenBecause === null ? endOf(capture, sites, reference.releaseRow) : null;
  // What is missing before the first event is no more than what any capture does not have.
  const from = Math.max(0, reference.acquireRow);
  const to = reference.releaseRow < 0 ? capture.events.length : reference.releaseRow;
  const lost = missing.between(from, to);
  return {
    kind: reference.kind,
    role,
    confidence: lost === null ? reference.confidence : 'assumed',
    ...weightOf(reference),
    holder: describeHolder(capture.symbols, reference, acquired, released),
    site: holderSite(reference, acquired === null),
    acquired,
    released,
    releasedUnseen: reference.unseenBecause !== null,
    ...(reference.ambiguous && reference.releaseRow < 0 ? { mayBeGone: true } : {}),
    ...(reference.unseenBecause === null ? {} : { unseenBecause: reference.unseenBecause }),
    ...sinceFailure(capture, released, openAt),
    ...namingOf(reference),
    ...deducedAcquire(reference, acquired),
    repeats: reference.repeats + reference.remapped,
    ...(reference.remapped === 0 ? {} : { remapped: reference.remapped }),
    openAt,
    evidence: lost === null ? reference.evidence : `${reference.evidence}; while it was open, ${lost}`,
    ...(lost === null ? {} : { gapsMeanwhile: missing.gapsBetween(from, to) }),
    rows: reference.rows,
  };
}

/** What its get took, and how much of it is left where it went in parts. */
function weightOf({
  weight,
  earlierWeights,
  parts,
  releaseRow,
}: LedgerReference): Pick<Reference, 'weight' | 'parts' | 'weightLeft'> {
  if (parts === 0) return { weight };
  const taken = earlierWeights.reduce((most, earlier) => Math.max(most, earlier.weight), weight);
  return releaseRow < 0 ? { weight: taken, parts, weightLeft: weight } : { weight: taken, parts: parts + 1 };
}

/** Of a put without a time of its own that drops what was open when the page failed to move. */
function sinceFailure(
  capture: Capture,
  released: ReferenceEnd | null,
  openAt: readonly number[],
): Pick<Reference, 'heldAtLeast'> {
  if (released === null || openAt.length === 0 || !Number.isNaN(released.time)) return {};
  const heldAtLeast = pinnedAtLeast(capture, released.row);
  return heldAtLeast === null ? {} : { heldAtLeast };
}

function endOf({ events }: Capture, sites: StackSites, row: number): ReferenceEnd | null {
  if (row < 0) return null;
  const stack = events.stack[row]!;
  const end = { row, time: events.time[row]!, task: events.task[row]!, stack };
  return sites.of(stack).interrupted ? { ...end, inInterrupt: true } : end;
}
