/**
 * Pages of captures that record puts alone (page_pin_owner, page_pinner): the report at the failure says how
 * many references were too many, and the puts that follow say whose they were.
 *
 * The puts of the migration itself and of short users whose gets came after the mark are recorded too
 * (LRU batches, lookups, writeback). Only kinds that hold a page for long are taken as the holders; what the
 * sum still misses then was never put in the capture, and no event says who has it. Where more such puts follow
 * than references were too many, any of them may be the one: that is said, not decided.
 */
import { ABSENT, EventKind, NONE, PageFlag, type EventTable } from '../capture/eventTable';
import {
  cacheShare,
  cacheUnknown,
  expectedTerms,
  MAPCOUNT_ASSUMED,
  pageState,
  type Account,
} from './accounting';
import type { Moment } from './evidence';
import { isFree } from './countChange';
import { isLongKind } from './kindRules';
import { GUP_PIN_COUNTING_BIAS, knownByPut, type LedgerReference } from './ledgerReference';
import type { MapcountBase } from './mapcountBase';
import type { Kind } from './model';
import { isOffliningOf } from './offlinedMemory';
import { togetherWith, type PageNature } from './pageNature';
import type { StackSites } from './stackSites';

/** What was open at a mark, no put tells. */
interface PutOnlyMark extends Omit<Account, 'open'> {
  readonly moment: Moment;
}

interface PutOnlyPage {
  readonly references: readonly LedgerReference[];
  readonly marks: readonly PutOnlyMark[];
  /** Of the folio; 0 where the capture does not say. */
  readonly order: number;
}

const NEVER_PUT = 'a reference that is never put in the capture leaves no event: the count alone shows it';
const NAMELESS_PUTS =
  'puts without function names (no stacks, or addresses without symbols) follow: whether one of them dropped what was ' +
  'too many cannot be told';

/** What the puts' stacks say of the page: rmap_walk_file only ever runs on file and shmem pages. */
function natureOf(events: EventTable, sites: StackSites, rows: Int32Array): PageNature | null {
  let known: PageNature | null = null;
  for (const row of rows) {
    const { nature, release } = sites.of(events.stack[row]!);
    // A batch is flushed under whatever the CPU happens to do: that stack is not this page's.
    if (release?.rule.kind !== 'lru-batch') known = togetherWith(known, nature);
  }
  return known;
}

function readPuts(events: EventTable, sites: StackSites, rows: Int32Array): LedgerReference[] {
  const puts: LedgerReference[] = [];
  const folded = new Map<string, LedgerReference>();
  let count = ABSENT;
  for (const row of rows) {
    const before = count;
    count = events.count[row]!;
    if (events.kind[row] !== EventKind.PinPut) continue;
    const put = readPut(events, sites, row, before, count);
    const site = sites.of(events.stack[row]!);
    // Fifty unmaps of fifty tries are one thing to the reader.
    const key = site.underMigration ? `${put.functionName} ${events.task[row]!}` : '';
    const known = folded.get(key);
    if (key !== '' && known !== undefined) {
      known.repeats++;
      known.rows.push(row);
      continue;
    }
    if (key !== '') folded.set(key, put);
    puts.push(put);
  }
  return puts;
}

function readPut(
  events: EventTable,
  sites: StackSites,
  row: number,
  before: number,
  after: number,
): LedgerReference {
  const site = sites.of(events.stack[row]!);
  let kind: Kind = site.release?.rule.kind ?? 'unknown';
  // The event does not say how much was dropped; the count before it does, as gets only make it larger.
  const dropsBias = before !== ABSENT && after !== ABSENT && before - after >= GUP_PIN_COUNTING_BIAS / 2;
  const weight = dropsBias ? GUP_PIN_COUNTING_BIAS : 1;
  if (dropsBias && (kind === 'unknown' || kind === 'gup-get')) kind = 'gup-pin';
  return knownByPut(row, site, {
    kind,
    weight,
    site: site.release,
    fromRow: 0,
    evidence:
      site.release === null
        ? 'a put after the mark; no rule names the functions of its stack'
        : `a put after the mark in ${site.release.functionName}`,
  });
}

/** The puts that may be the references too many at a mark. */
interface Candidates {
  /** As many as the sum allows, likeliest first chosen. */
  readonly chosen: readonly LedgerReference[];
  /** Those of which no more than some can be the holders, the chosen among them; empty when there is no choice. */
  readonly rivals: readonly LedgerReference[];
}

/** A put that a rule names as long-lived says more than one that none names; else the earlier one counts. */
function likeliestFirst(puts: readonly LedgerReference[]): LedgerReference[] {
  return [...puts].sort((a, b) => Number(a.kind === 'unknown') - Number(b.kind === 'unknown'));
}

/**
 * The puts behind the mark that explain its surplus: pins by their weight, then the others.
 *
 * @param last row from which on no reference of the mark is left
 */
function candidatesAt(
  surplus: number,
  row: number,
  last: number,
  puts: readonly LedgerReference[],
): Candidates {
  const lasting = puts.filter(
    (put) => put.releaseRow > row && put.releaseRow <= last && !put.nameless && isLongKind(put.kind),
  );
  const chosen: LedgerReference[] = [];
  const rivals: LedgerReference[] = [];
  const take = (wanted: number, weight: number): void => {
    const fitting = lasting.filter((put) => put.weight === weight);
    for (const put of likeliestFirst(fitting).slice(0, wanted)) chosen.push(put);
    if (wanted > 0 && fitting.length > wanted) for (const put of fitting) rivals.push(put);
  };
  take(Math.floor(surplus / GUP_PIN_COUNTING_BIAS), GUP_PIN_COUNTING_BIAS);
  take(surplus % GUP_PIN_COUNTING_BIAS, 1);
  chosen.sort((a, b) => a.releaseRow - b.releaseRow);
  return { chosen, rivals };
}

/**
 * The row at which the count first shows that nothing but the page's owners is left after a mark: puts behind it
 * drop references that were taken later. Infinity when the capture never shows that.
 */
function allGoneAfter(
  events: EventTable,
  rows: Int32Array,
  row: number,
  nature: PageNature | null,
  mapcounts: MapcountBase,
): number {
  for (const next of rows) {
    if (next <= row) continue;
    if (isOffliningOf(events.kind[next]!)) return next;
    const count = events.count[next]!;
    if (count === ABSENT || events.kind[next] !== EventKind.PinPut) continue;
    const { mappings, isMapcountKnown, hasPrivate, cached, ofDriver } = pageState(
      events,
      next,
      nature,
      mapcounts,
    );
    const ofMappings = isMapcountKnown ? mappings : 0;
    const owners = ofMappings + (hasPrivate ? 1 : 0) + (cached === true ? 1 : 0) + (ofDriver ? 1 : 0);
    if (count <= owners) return next;
  }
  return Infinity;
}

/** Order of the folio, from its allocation where the capture has that; null where nothing says. */
function orderAt(events: EventTable, rows: Int32Array, limit: number): number | null {
  const row = rows.findLast((each) => each <= limit && isAllocationEvent(events.kind[each]!));
  if (row !== undefined && events.kind[row] === EventKind.PageAlloc) return Math.max(0, events.order[row]!);
  return null;
}

function isAllocationEvent(kind: number): boolean {
  return kind === EventKind.PageAlloc || isFree(kind);
}

/** Says at each put that it competes, and how many do. */
function markRivals({ chosen, rivals }: Candidates): void {
  for (const put of rivals) {
    put.rivals = Math.max(put.rivals ?? 0, rivals.length);
    if (!chosen.includes(put)) continue;
    put.confidence = 'assumed';
    const doubt = `; any of ${rivals.length} puts behind a mark may be this one`;
    if (!put.evidence.includes(doubt)) put.evidence += doubt;
  }
}

/**
 * @param rows the page's page_pin_owner rows in file order
 * @param moments the page's moments in file order
 */
export function analysePuts(
  events: EventTable,
  sites: StackSites,
  rows: Int32Array,
  moments: readonly Moment[],
  mapcounts: MapcountBase,
): PutOnlyPage {
  const references = readPuts(events, sites, rows);
  const nature = natureOf(events, sites, rows);
  const marks: PutOnlyMark[] = [];
  for (const moment of moments) {
    const row = moment.source === 'report' ? moment.row : lastRowUpTo(rows, moment.row);
    if (row === NONE || events.count[row] === ABSENT) continue;
    marks.push(markAt({ events, rows, nature, mapcounts }, moment, row, references));
  }
  const order = moments.reduce((largest, { row }) => Math.max(largest, orderAt(events, rows, row) ?? 0), 0);
  return { references, marks, order };
}

function lastRowUpTo(rows: Int32Array, limit: number): number {
  return rows.findLast((row) => row <= limit) ?? NONE;
}

/** What the marks of a page are judged with. */
interface PageView {
  readonly events: EventTable;
  readonly rows: Int32Array;
  readonly nature: PageNature | null;
  readonly mapcounts: MapcountBase;
}

function markAt(
  { events, rows, nature, mapcounts }: PageView,
  moment: Moment,
  row: number,
  puts: readonly LedgerReference[],
): PutOnlyMark {
  const count = events.count[row]!;
  const state = pageState(events, row, nature, mapcounts);
  // The report comes after the mappings are back and before the page is put back (mm/migrate.c).
  const isolation = moment.source === 'report' ? 1 : 0;
  const order = orderAt(events, rows, row);
  const size = 2 ** (order ?? 0);
  const notes: string[] = [];
  if (state.cached === null) {
    notes.push(`${cacheUnknown(state, events.flags[row]!)}; no page cache reference is counted`);
  }
  const inCache = state.cached === true || state.swapCache;
  if (inCache && order === null && (events.flags[row]! & PageFlag.head) !== 0) {
    notes.push(
      'it is the head of a folio whose allocation the capture does not show: one reference is counted for the page ' +
        'cache, which has one for each of its pages',
    );
  }
  if (!state.isMapcountKnown && state.mappings > 0) notes.push(MAPCOUNT_ASSUMED);
  const share = cacheShare(state, size, count);
  const owners = (state.hasPrivate ? 1 : 0) + (state.ofDriver ? 1 : 0) + (inCache ? share : 0);
  const formula = isolation + state.mappings + owners;
  const surplus = Math.max(0, count - formula);
  const last = allGoneAfter(events, rows, moment.row, nature, mapcounts);
  const candidates = candidatesAt(surplus, moment.row, last, puts);
  markRivals(candidates);
  const heldReferences = candidates.chosen;
  const held = heldReferences.reduce((sum, reference) => sum + reference.weight, 0);
  const expected = Math.min(count, formula);
  const untraced = count - expected - held;
  if (candidates.rivals.length > 0) notes.push(rivalsText(candidates));
  if (untraced > 0) {
    const unnamed = puts.some((put) => put.nameless && put.releaseRow > moment.row && put.releaseRow <= last);
    notes.push(unnamed ? NAMELESS_PUTS : NEVER_PUT);
  }
  const own = { isolation, ofMemoryFailure: 0, batches: 0 };
  const terms = () =>
    expectedTerms(expected, own, state, share, {
      ofCache: state.cached === true ? 1 : 0,
      ofAllocation: 0,
    });
  return {
    moment,
    count,
    expected,
    held,
    untraced,
    perhapsCache: 0,
    terms,
    notes,
    judged: true,
    heldReferences,
  };
}

/** `any of these 3 puts may be the one reference too many: pipe_read, foo_put, foo_put` */
function rivalsText({ chosen, rivals }: Candidates): string {
  const wanted = chosen.filter((put) => rivals.includes(put)).length;
  const many = wanted === 1 ? 'the one reference' : `the ${wanted} references`;
  const names = rivals.map(({ functionName }) =>
    functionName === '' ? 'a put without a stack' : functionName,
  );
  return `any of these ${rivals.length} puts may be ${many} too many: ${names.join(', ')}`;
}
