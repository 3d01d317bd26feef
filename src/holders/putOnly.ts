/**
 * Pages of captures that record puts alone (page_pin_owner, page_pinner): the report at the failure says how
 * many references were too many, and the puts that follow say whose they were.
 *
 * The puts of the migration itself and of short users whose gets came after the mark are recorded too
 * (LRU batches, lookups, writeback). Only kinds that hold a page for long are taken as the holders; what the
 * sum still misses then was never put in the capture, and no event says who has it.
 */
import { ABSENT, EventKind, NONE, type EventTable } from '../capture/eventTable';
import { expectedTerms, MAPCOUNT_ASSUMED, pageState } from './accounting';
import type { Moment } from './evidence';
import { ACCOUNTED_KINDS, PASSING_KINDS } from './kindRules';
import { GUP_PIN_COUNTING_BIAS, type LedgerReference } from './ledger';
import type { MapcountBase } from './mapcountBase';
import type { AccountingTerm, Kind } from './model';
import type { StackSites } from './stackSites';

export interface PutOnlyMark {
  readonly moment: Moment;
  readonly count: number;
  readonly expected: number;
  readonly held: number;
  readonly untraced: number;
  readonly terms: readonly AccountingTerm[];
  readonly notes: readonly string[];
  readonly judged: true;
  readonly heldReferences: readonly LedgerReference[];
}

export interface PutOnlyPage {
  readonly references: readonly LedgerReference[];
  readonly marks: readonly PutOnlyMark[];
}

/** What the puts' stacks say of the page: rmap_walk_file only ever runs on file and shmem pages. */
function natureOf(events: EventTable, sites: StackSites, rows: Int32Array): 'anonymous' | 'file' | null {
  for (const row of rows) {
    const { nature, release } = sites.of(events.stack[row]!);
    // A batch is flushed under whatever the CPU happens to do: that stack is not this page's.
    if (nature !== null && release?.rule.kind !== 'lru-batch') return nature;
  }
  return null;
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
  return {
    kind,
    confidence: site.release === null ? 'assumed' : 'rule',
    weight,
    acquireRow: NONE,
    releaseRow: row,
    functionName: site.release?.functionName ?? site.holderFunction,
    site: site.release,
    fromRow: 0,
    knownRow: row,
    suspended: false,
    repeats: 1,
    ambiguous: false,
    nameless: false,
    putMissing: false,
    byPutback: false,
    rows: [row],
    evidence:
      site.release === null
        ? 'a put after the mark; no rule names the functions of its stack'
        : `a put after the mark in ${site.release.functionName}`,
  };
}

/** The puts behind the mark that explain its surplus: pins by their weight, then the others in order. */
function holdersOf(surplus: number, row: number, puts: readonly LedgerReference[]): LedgerReference[] {
  let pins = Math.floor(surplus / GUP_PIN_COUNTING_BIAS);
  let singles = surplus % GUP_PIN_COUNTING_BIAS;
  const holders: LedgerReference[] = [];
  for (const put of puts) {
    if (put.releaseRow <= row) continue;
    if (ACCOUNTED_KINDS.has(put.kind) || PASSING_KINDS.has(put.kind)) continue;
    if (put.weight === GUP_PIN_COUNTING_BIAS && pins > 0) {
      pins--;
      holders.push(put);
    } else if (put.weight === 1 && singles > 0) {
      singles--;
      holders.push(put);
    }
  }
  return holders;
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
    marks.push(markAt(events, moment, row, nature, mapcounts, references));
  }
  return { references, marks };
}

function lastRowUpTo(rows: Int32Array, limit: number): number {
  return rows.findLast((row) => row <= limit) ?? NONE;
}

function markAt(
  events: EventTable,
  moment: Moment,
  row: number,
  nature: 'anonymous' | 'file' | null,
  mapcounts: MapcountBase,
  puts: readonly LedgerReference[],
): PutOnlyMark {
  const count = events.count[row]!;
  const state = pageState(events, row, nature, mapcounts);
  // The report comes after the mappings are back and before the page is put back (mm/migrate.c).
  const isolation = moment.source === 'report' ? 1 : 0;
  const notes: string[] = [];
  if (state.cached === null) {
    notes.push(
      'the capture does not tell an anonymous page from a shmem page here; no page cache reference is counted',
    );
  }
  if (!mapcounts.isKnown && state.mappings > 0) notes.push(MAPCOUNT_ASSUMED);
  const formula =
    isolation +
    state.mappings +
    (state.hasPrivate ? 1 : 0) +
    (state.cached === true || state.swapCache ? 1 : 0);
  const surplus = Math.max(0, count - formula);
  const heldReferences = holdersOf(surplus, moment.row, puts);
  const held = heldReferences.reduce((sum, reference) => sum + reference.weight, 0);
  const expected = Math.min(count, formula);
  const untraced = count - expected - held;
  if (untraced > 0) {
    notes.push('a reference that is never put in the capture leaves no event: the count alone shows it');
  }
  const own = { isolation, ofMemoryFailure: 0, batches: 0 };
  const terms = expectedTerms(expected, own, state, 1, state.cached === true);
  return { moment, count, expected, held, untraced, terms, notes, judged: true, heldReferences };
}
