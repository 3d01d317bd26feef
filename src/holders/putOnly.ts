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
import { ROWS_OF_PAGE_A_STEP } from '../capture/turns';
import { countAlone, expectedTerms, type Account } from './accounting';
import { isDumpedAsUnmovable } from './dumpedBecause';
import { isFree } from './countChange';
import { LastingPuts, type Candidates } from './lastingPuts';
import { firstBehind } from './lives';
import { GUP_PIN_COUNTING_BIAS, knownByPut, type LedgerReference } from './ledgerReference';
import type { MapcountBase } from './mapcountBase';
import type { AccountingTerm, Kind } from './model';
import type { Moment } from './moment';
import { isOffliningOf } from './offlinedMemory';
import { togetherWith, type PageNature } from './pageNature';
import { cacheShare, cacheUnknown, MAPCOUNT_ASSUMED, ownersOf, pageState } from './pageState';
import type { StackSite, StackSites } from './stackSites';

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
const DUMP_ALONE =
  'a page dump has the count alone, and a kernel log no get or put: record page_ref events to see who holds the page';
const NAMELESS_PUTS =
  'puts without function names (no stacks, or addresses without symbols) follow: whether one of them dropped what was ' +
  'too many cannot be told';

/** What the puts' stacks say of the page: rmap_walk_file only ever runs on file and shmem pages. */
function* natureOf(
  events: EventTable,
  sites: StackSites,
  rows: Int32Array,
): Generator<void, PageNature | null> {
  let known: PageNature | null = null;
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_OF_PAGE_A_STEP === 0) yield;
    const { nature, release } = sites.of(events.stack[row]!);
    // A batch is flushed under whatever the CPU happens to do: that stack is not this page's.
    if (release?.rule.kind !== 'lru-batch') known = togetherWith(known, nature);
  }
  return known;
}

function* readPuts(
  events: EventTable,
  sites: StackSites,
  rows: Int32Array,
): Generator<void, LedgerReference[]> {
  const puts: LedgerReference[] = [];
  const folded = new Map<string, LedgerReference>();
  let count = ABSENT;
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_OF_PAGE_A_STEP === 0) yield;
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
    evidence: putEvidence(site),
  });
}

function putEvidence({ release, functions }: StackSite): string {
  if (release !== null) return `a put in ${release.functionName}`;
  return functions.length === 0
    ? 'a put without function names'
    : 'a put; no rule names the functions of its stack';
}

/**
 * The rows at which the count shows that nothing but the page's owners is left: puts behind one drop references that
 * were taken later than a mark before it.
 */
function* rowsWithOwnersAlone(
  events: EventTable,
  rows: Int32Array,
  nature: PageNature | null,
  mapcounts: MapcountBase,
): Generator<void, Int32Array> {
  const found: number[] = [];
  for (const [index, row] of rows.entries()) {
    if (index % ROWS_OF_PAGE_A_STEP === 0) yield;
    if (isOffliningOf(events.kind[row]!) || hasOwnersAlone(events, row, nature, mapcounts)) found.push(row);
  }
  return Int32Array.from(found);
}

function hasOwnersAlone(
  events: EventTable,
  row: number,
  nature: PageNature | null,
  mapcounts: MapcountBase,
): boolean {
  const count = events.count[row]!;
  if (count === ABSENT || events.kind[row] !== EventKind.PinPut) return false;
  const state = pageState(events, row, nature, mapcounts);
  const { mappings, isMapcountKnown, hasPrivate, cached, ofDriver } = state;
  const ofMappings = isMapcountKnown ? mappings : 0;
  return count <= ofMappings + (hasPrivate ? 1 : 0) + (cached === true ? 1 : 0) + (ofDriver ? 1 : 0);
}

function isAllocationEvent(kind: number): boolean {
  return kind === EventKind.PageAlloc || isFree(kind);
}

/** Says at each put that was chosen among others that it was, once for each number of these. */
class Doubts {
  private readonly said = new Map<LedgerReference, Set<number>>();

  say({ doubtful, rivals }: Candidates): void {
    for (const put of doubtful) {
      put.confidence = 'assumed';
      const said = this.said.get(put) ?? new Set();
      this.said.set(put, said);
      if (said.has(rivals)) continue;
      said.add(rivals);
      put.evidence += `; any of ${rivals} puts after a mark may be this one`;
    }
  }
}

/**
 * In steps of a few milliseconds.
 *
 * @param rows the page's page_pin_owner rows in file order
 * @param moments the page's moments in file order
 */
export function* analysePuts(
  events: EventTable,
  sites: StackSites,
  rows: Int32Array,
  moments: readonly Moment[],
  mapcounts: MapcountBase,
): Generator<void, PutOnlyPage> {
  const references = yield* readPuts(events, sites, rows);
  const nature = yield* natureOf(events, sites, rows);
  const page: PageView = {
    events,
    nature,
    mapcounts,
    allocations: rows.filter((row) => isAllocationEvent(events.kind[row]!)),
    ownersAlone: yield* rowsWithOwnersAlone(events, rows, nature, mapcounts),
    puts: new LastingPuts(references),
    doubts: new Doubts(),
  };
  const marks: PutOnlyMark[] = [];
  let order = 0;
  for (const moment of moments) {
    yield;
    order = Math.max(order, orderAt(page, moment.row) ?? 0);
    const row = moment.source === 'report' ? moment.row : lastUpTo(rows, moment.row);
    if (row === NONE || events.count[row] === ABSENT) continue;
    marks.push(markAt(page, moment, row));
  }
  page.puts.sayRivals();
  return { references, marks, order };
}

/** What the marks of a page are judged with. */
interface PageView {
  readonly events: EventTable;
  readonly nature: PageNature | null;
  readonly mapcounts: MapcountBase;
  /** Rows of allocations and frees, ascending. */
  readonly allocations: Int32Array;
  /** Rows at which none but the owners is left, ascending. */
  readonly ownersAlone: Int32Array;
  readonly puts: LastingPuts;
  readonly doubts: Doubts;
}

/** The last of some rows up to another, or NONE. */
function lastUpTo(rows: Int32Array, limit: number): number {
  return rows[firstBehind(rows, limit) - 1] ?? NONE;
}

/** Order of the folio, from its allocation where the capture has that, or its dump; null where nothing says. */
function orderAt({ events, allocations }: PageView, limit: number): number | null {
  const row = lastUpTo(allocations, limit);
  if (row !== NONE && events.kind[row] === EventKind.PageAlloc) return Math.max(0, events.order[row]!);
  // A dump says it of its page.
  return events.kind[limit] === EventKind.PinFailure && events.order[limit]! >= 0
    ? events.order[limit]!
    : null;
}

/**
 * The row at which the count first shows that nothing but the page's owners is left after a mark; Infinity when the
 * capture never shows that.
 */
function allGoneAfter({ ownersAlone }: PageView, row: number): number {
  return ownersAlone[firstBehind(ownersAlone, row)] ?? Infinity;
}

function markAt(page: PageView, moment: Moment, row: number): PutOnlyMark {
  const { events, nature, mapcounts, puts } = page;
  const count = events.count[row]!;
  if (isDumpedAsUnmovable(moment)) return { moment, ...countAlone(count) };
  const state = pageState(events, row, nature, mapcounts);
  // The report comes after the mappings are back and before the page is put back (mm/migrate.c).
  const isolation = moment.source === 'report' ? 1 : 0;
  const order = orderAt(page, row);
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
  // A dump does not tell a huge page of hugetlb, on which the page cache has one reference in 6.1, from others.
  const isOneOfHugetlb = moment.dumpedBecause !== null && count - state.mappings < size;
  const share = isOneOfHugetlb ? 1 : cacheShare(state, size, count);
  const formula = isolation + ownersOf(state, share);
  const surplus = Math.max(0, count - formula);
  const last = allGoneAfter(page, moment.row);
  const candidates = puts.candidatesAt(surplus, moment.row, last);
  page.doubts.say(candidates);
  const heldReferences = candidates.chosen;
  const held = heldReferences.reduce((sum, reference) => sum + reference.weight, 0);
  const known = Math.min(count, formula);
  const { untraced, ofOtherPages } = divideRest(events, moment.row, count - known - held);
  const expected = known + ofOtherPages;
  if (candidates.rivals > 0) notes.push(rivalsText(candidates));
  if (ofOtherPages > 0) notes.push(otherPagesText(ofOtherPages));
  if (count - known - held > 0) notes.push(...pinsText(events, moment.row));
  if (untraced > 0) {
    const isOfDump = moment.dumpedBecause !== null;
    const nameless = isOfDump ? 0 : puts.raiseNameless(moment.row, last);
    notes.push(isOfDump ? DUMP_ALONE : nameless > 0 ? NAMELESS_PUTS : NEVER_PUT);
  }
  const own = { isolation, ofMemoryFailure: 0, batches: 0 };
  const terms = (): AccountingTerm[] => [
    ...expectedTerms(known, own, state, share, {
      ofCache: state.cached === true ? 1 : 0,
      ofAllocation: 0,
    }),
    ...(ofOtherPages === 0
      ? []
      : [{ kind: 'unknown' as const, count: ofOtherPages, label: 'of its other pages or untraced' }]),
  ];
  return {
    moment,
    count,
    expected,
    held,
    untraced,
    perhaps: null,
    terms,
    notes,
    judged: ofOtherPages === 0 || untraced > 0,
    heldReferences,
  };
}

/** References beyond those known to be expected, by what a dump of a large folio tells of them. */
interface Rest {
  readonly untraced: number;
  /** Mappings of other pages of the folio, as far as they are not too many. */
  readonly ofOtherPages: number;
}

function divideRest({ detail, details }: EventTable, row: number, rest: number): Rest {
  const at = detail[row]!;
  if (details.isMapcountPart[at] !== 1) return { untraced: rest, ofOtherPages: 0 };
  // A pin of a large folio is one reference (mm/gup.c), and no page table's.
  const untraced = Math.min(rest, Math.max(0, details.pins[at]!));
  return { untraced, ofOtherPages: rest - untraced };
}

function otherPagesText(references: number): string {
  const many = references === 1 ? 'one reference' : `${references} references`;
  return (
    `${many} may be page table mappings of the folio’s other pages, or too many: up to 6.9 a page dump does not have ` +
    'the mappings of all pages of a folio (mm/debug.c)'
  );
}

/** `pincount 1: one of its references is a pin (FOLL_PIN)` */
function pinsText({ detail, details }: EventTable, row: number): readonly string[] {
  const pins = details.pins[detail[row]!]!;
  if (pins < 0) return [];
  const many = pins === 0 ? 'none' : pins === 1 ? 'one' : String(pins);
  return [`pincount ${pins}: ${many} of its references ${pins > 1 ? 'are pins' : 'is a pin'} (FOLL_PIN)`];
}

/** `any of these 3 puts may be the one reference too many: pipe_read, foo_put, foo_put` */
function rivalsText({ doubtful, rivals, named }: Candidates): string {
  const wanted = doubtful.length;
  const many = wanted === 1 ? 'the one reference' : `the ${wanted} references`;
  const names = named.map(({ functionName }) =>
    functionName === '' ? 'a put without a stack' : functionName,
  );
  const others = rivals > named.length ? ` and ${rivals - named.length} more` : '';
  return `any of these ${rivals} puts may be ${many} too many: ${names.join(', ')}${others}`;
}
