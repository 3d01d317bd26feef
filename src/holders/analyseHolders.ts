/** From the events of a capture to the pages that failed to move and who held them. */
import { EventKind, NONE, PageFlag, type Capture, type EventTable } from '../capture/eventTable';
import { accountAt, mapcountBase, type Account } from './accounting';
import { isPageRef } from './countChange';
import { findMoments, type Moment } from './evidence';
import { describeHolder } from './describeHolder';
import { ACCOUNTED_KINDS, KIND_RULES } from './kindRules';
import { Ledger, type LedgerReference, type Lifetime } from './ledger';
import type { Mark, MarkEvidence, MarkSource, Page, Reference, ReferenceEnd, Role } from './model';
import { analysePuts } from './putOnly';
import { StackSites } from './stackSites';

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
  readonly evidence: MarkEvidence[];
  source: MarkSource;
  error: number | null;
}

/**
 * Finds every page that the capture shows failing to move, and who held it.
 *
 * @returns pages in order of PFN; empty when the capture shows no failure
 */
export function analyseHolders(capture: Capture): Page[] {
  const sites = new StackSites(capture.symbols);
  const moments = foldToHeads(capture.events, findMoments(capture, sites));
  if (moments.length === 0) return [];
  const byPage = new Map<number, Moment[]>();
  for (const moment of moments) {
    const list = byPage.get(moment.pfn);
    if (list === undefined) byPage.set(moment.pfn, [moment]);
    else list.push(moment);
  }
  const rows = rowsOfPages(capture.events, byPage);
  const base = mapcountBase(capture.events);
  const pages: Page[] = [];
  for (const [pfn, list] of byPage) {
    list.sort((a, b) => a.row - b.row);
    pages.push(analysePage(capture, sites, pfn, list, rows.get(pfn) ?? [], base));
  }
  return pages.sort((a, b) => a.pfn - b.pfn);
}

/** Tail pages have no refcount: a moment on a tail belongs to the head of the allocation that covers it. */
function foldToHeads(events: EventTable, moments: readonly Moment[]): Moment[] {
  const allocations: { pfn: number; pages: number; row: number }[] = [];
  const counted = new Set<number>();
  const wanted = new Set(moments.map((moment) => moment.pfn));
  for (let row = 0; row < events.length; row++) {
    const kind = events.kind[row]!;
    const pfn = events.pfn[row]!;
    if (isPageRef(kind)) {
      if (wanted.has(pfn)) counted.add(pfn);
    } else if (kind === EventKind.PageAlloc && events.order[row]! > 0) {
      allocations.push({ pfn, pages: 2 ** events.order[row]!, row });
    }
  }
  return moments.map((moment) => {
    if (counted.has(moment.pfn)) return moment;
    const cover = allocations.findLast(
      (allocation) =>
        allocation.row < moment.row &&
        moment.pfn > allocation.pfn &&
        moment.pfn < allocation.pfn + allocation.pages,
    );
    return cover === undefined ? moment : { ...moment, pfn: cover.pfn };
  });
}

function rowsOfPages(events: EventTable, pages: ReadonlyMap<number, unknown>): Map<number, number[]> {
  const rows = new Map<number, number[]>();
  for (const pfn of pages.keys()) rows.set(pfn, []);
  for (let row = 0; row < events.length; row++) {
    const kind = events.kind[row]!;
    if (kind === EventKind.Other || kind > EventKind.PageFreeBatched) continue;
    rows.get(events.pfn[row]!)?.push(row);
  }
  return rows;
}

function analysePage(
  capture: Capture,
  sites: StackSites,
  pfn: number,
  moments: readonly Moment[],
  rows: readonly number[],
  base: number,
): Page {
  const { events } = capture;
  const hasPageRef = rows.some((row) => isPageRef(events.kind[row]!));
  const judged = hasPageRef
    ? judgeByLedger(capture, sites, moments, rows, base)
    : judgeByPuts(capture, sites, moments, rows, base);
  const marks = joinMoments(judged.moments);
  const references = referencesOf(capture, judged, marks);
  const order = Math.max(0, ...judged.moments.map(({ lifetime }) => lifetime?.order ?? 0));
  return {
    pfn,
    order,
    marks: marks.map((mark) => finishMark(capture, mark)),
    references,
  };
}

interface JudgedPage {
  readonly moments: readonly JudgedMoment[];
  /** Puts alone: what was open at a mark is known by the sum, not by gets. */
  readonly putsAlone: boolean;
  readonly references: readonly LedgerReference[];
}

function judgeByLedger(
  capture: Capture,
  sites: StackSites,
  moments: readonly Moment[],
  rows: readonly number[],
  base: number,
): JudgedPage {
  const ledger = new Ledger(capture.events, capture.symbols, sites);
  ledger.replay(
    rows,
    moments.map((moment) => moment.row),
  );
  const judged = moments.map((moment, index): JudgedMoment => {
    const snapshot = ledger.snapshots[index]!;
    const account = accountAt(moment, snapshot, capture.events, sites, base);
    return {
      moment,
      account,
      open: account?.open ?? [],
      lifetime: account === null ? null : snapshot.lifetime,
    };
  });
  const marked = new Set(judged.map(({ lifetime }) => lifetime));
  const references = ledger.lifetimes
    .filter((lifetime) => marked.has(lifetime))
    .flatMap((lifetime) => lifetime.references);
  return { moments: judged, putsAlone: false, references };
}

function judgeByPuts(
  capture: Capture,
  sites: StackSites,
  moments: readonly Moment[],
  rows: readonly number[],
  base: number,
): JudgedPage {
  const { references, marks } = analysePuts(capture.events, sites, rows, moments, base);
  const byMoment = new Map(marks.map((mark) => [mark.moment, mark]));
  const judged = moments.map((moment): JudgedMoment => {
    const mark = byMoment.get(moment) ?? null;
    return { moment, account: mark, open: mark?.heldReferences ?? [], lifetime: null };
  });
  return { moments: judged, putsAlone: true, references };
}

/** Moments of one attempt that found the same holders are one mark. */
function joinMoments(judged: readonly JudgedMoment[]): MarkUnderWay[] {
  const marks: MarkUnderWay[] = [];
  const latest = new Map<number, MarkUnderWay>();
  for (const next of judged) {
    const { moment } = next;
    const evidence = { row: moment.row, source: moment.source, what: moment.what };
    const known = latest.get(moment.attempt.id);
    if (known !== undefined && sameHolders(known.first, next)) {
      known.evidence.push(evidence);
      if (SOURCE_ORDER.indexOf(moment.source) < SOURCE_ORDER.indexOf(known.source))
        known.source = moment.source;
      known.error ??= moment.error;
      continue;
    }
    const mark = { first: next, evidence: [evidence], source: moment.source, error: moment.error };
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
  return first.every((reference) => second.includes(reference));
}

function finishMark(capture: Capture, mark: MarkUnderWay): Mark {
  const { moment, account } = mark.first;
  const { events } = capture;
  const parts = account?.judged === true ? account : null;
  return {
    row: moment.row,
    time: events.time[moment.row]!,
    reason: moment.attempt.reason,
    source: mark.source,
    error: mark.error,
    task: moment.attempt.task,
    evidence: mark.evidence,
    count: account?.count ?? null,
    expected: parts?.expected ?? null,
    held: parts?.held ?? null,
    untraced: parts?.untraced ?? null,
    expectedTerms: parts?.terms ?? [],
    notes: [...(account?.notes ?? ['no event of this page is in the capture']), ...otherReason(events, mark)],
  };
}

/** A page can fail without a reference too many: say so, and what is known to do that. */
function otherReason(events: EventTable, mark: MarkUnderWay): string[] {
  const { account, moment } = mark.first;
  if (account?.judged !== true || account.held > 0 || account.untraced > 0) return [];
  if (moment.source === 'memory-failure') return [];
  const flags = events.pfn[moment.row] === moment.pfn ? events.flags[moment.row]! : 0;
  const buffers =
    account.terms.some((term) => term.kind === 'private-data') || (flags & PageFlag.private) !== 0;
  if (buffers) {
    return [
      'the refcount is what migration expects: busy buffer heads (b_count) or a lock, not a reference, kept it',
    ];
  }
  return ['the refcount is what migration expects at this moment: no reference kept it'];
}

function referencesOf(capture: Capture, judged: JudgedPage, marks: readonly MarkUnderWay[]): Reference[] {
  const openAt = new Map<LedgerReference, number[]>();
  const heldAnywhere = new Set<LedgerReference>();
  for (const [index, mark] of marks.entries()) {
    for (const reference of mark.first.open) {
      const list = openAt.get(reference) ?? [];
      list.push(index);
      openAt.set(reference, list);
    }
    for (const reference of mark.first.account?.heldReferences ?? []) heldAnywhere.add(reference);
  }
  const firstMark = marks[0]?.first.moment.row ?? NONE;
  const inSum = judged.putsAlone ? putsInSum(judged.references, marks[0]) : new Set<LedgerReference>();
  const references = judged.references.map((reference): Reference => {
    const marksOpen = openAt.get(reference) ?? [];
    const open = marksOpen.length > 0 || inSum.has(reference);
    const role = roleOf(reference, open, heldAnywhere.has(reference), firstMark, judged.putsAlone);
    return toReference(capture, reference, role, marksOpen);
  });
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
  const room = new Map(mark?.first.account?.terms.map((term) => [term.kind, term.count]));
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
  // What a migration had unmapped at the mark and maps again was there before it.
  const since = putsAlone ? reference.releaseRow : reference.fromRow;
  return since <= firstMark ? 'earlier' : 'temporary';
}

function toReference(
  capture: Capture,
  reference: LedgerReference,
  role: Role,
  openAt: readonly number[],
): Reference {
  const acquired = endOf(capture, reference.acquireRow);
  const released = reference.putMissing ? null : endOf(capture, reference.releaseRow);
  return {
    kind: reference.kind,
    role,
    confidence: reference.confidence,
    weight: reference.weight,
    holder: describeHolder(capture.symbols, reference, acquired, released),
    acquired,
    released,
    releasedUnseen: reference.putMissing,
    deducedAcquire: acquired === null ? takenIn(reference) : [],
    repeats: reference.repeats,
    openAt,
    evidence: reference.evidence,
  };
}

function takenIn(reference: LedgerReference): readonly string[] {
  return KIND_RULES.find((rule) => rule.kind === reference.kind)?.takenIn ?? [];
}

function endOf(capture: Capture, row: number): ReferenceEnd | null {
  if (row < 0) return null;
  const { events } = capture;
  return { row, time: events.time[row]!, task: events.task[row]!, stack: events.stack[row]! };
}
