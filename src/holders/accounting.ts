/**
 * The sum at a moment: count = expected + held + untraced.
 *
 * Expected is the kernel's own formula (mm/migrate.c folio_expected_refs; later folio_expected_ref_count in
 * include/linux/mm.h): the isolation reference, one per page for the page or swap cache, one for private
 * data, and one per page table mapping that is still there.
 */
import { ABSENT, EventKind, PageFlag, type Capture, type EventTable } from '../capture/eventTable';
import { isDumpedAsUnmovable } from './dumpedBecause';
import { ACCOUNTED_KINDS } from './kindRules';
import type { Snapshot } from './ledger';
import { weightAt, type LedgerReference } from './ledgerReference';
import type { MapcountBase } from './mapcountBase';
import type { AccountingTerm, Kind } from './model';
import type { Moment } from './moment';
import type { PageNature } from './pageNature';
import { cacheShare, MAPCOUNT_ASSUMED, ownersOf, pageState, type PageState } from './pageState';
import { perhapsOwned, type PerhapsOwned } from './perhapsOwned';
import { MEMORY_FAILURE_RULE } from './rules/lru';
import { NFS_REQUEST_RULE } from './rules/pageCache';
import type { StackSites } from './stackSites';

export interface Account {
  readonly count: number;
  readonly expected: number;
  readonly held: number;
  readonly untraced: number;
  /** Of {@link expected}: what may be untraced all the same; null where nothing is. */
  readonly perhaps: PerhapsOwned | null;
  /** Of {@link expected}; asked for where a mark is shown, of a thousand failed freezes few are. */
  readonly terms: () => readonly AccountingTerm[];
  readonly notes: readonly string[];
  /** False where references have no function names: then only the count is known, not its parts. */
  readonly judged: boolean;
  /** Everything open at the moment, those of the pool that a later put told apart included. */
  readonly open: readonly LedgerReference[];
  readonly heldReferences: readonly LedgerReference[];
}

/** @param row after which they are weighed */
function sumOf(references: readonly LedgerReference[], row: number): number {
  return references.reduce((sum, reference) => sum + weightAt(reference, row), 0);
}

/** References of the pool that later puts told apart. */
function toldApartLater({ pool, lifetime, row }: Snapshot): readonly LedgerReference[] {
  if (pool === 0) return [];
  return lifetime.fromPool.filter(({ fromRow, knownRow }) => fromRow <= row && knownRow > row);
}

/**
 * Of references of the pool that later puts told apart: never more than the pool held.
 *
 * @param ofOwners references of the pool that are page tables' or the page cache's, whatever is put later
 */
function identifiedInPool(
  toldApart: readonly LedgerReference[],
  pool: number,
  ofOwners: number,
  isAccounted: (reference: LedgerReference) => boolean,
): LedgerReference[] {
  let room = pool;
  let roomOfOthers = Math.max(0, room - ofOwners);
  return toldApart.filter((reference) => {
    const { weight } = reference;
    const isOwner = isAccounted(reference);
    if (weight > (isOwner ? room : Math.min(room, roomOfOthers))) return false;
    room -= weight;
    if (!isOwner) roomOfOthers -= weight;
    return true;
  });
}

/**
 * Whether migration accounts for a reference. Of isolation that is so for its own alone: a page that reclaim, compaction
 * or a system call has isolated, which another task is in, has one more than it expects, and is on no LRU list for it to
 * be taken from (folio_test_clear_lru() in mm/compaction.c and mm/vmscan.c).
 */
function isAccountedFor(
  { kind, acquireRow, releaseRow }: LedgerReference,
  { attempt }: Moment,
  { events, symbols }: Capture,
): boolean {
  if (!ACCOUNTED_KINDS.has(kind)) return false;
  if (kind !== 'isolation') return true;
  // Whoever isolates a page puts it back.
  const row = acquireRow >= 0 ? acquireRow : releaseRow;
  if (row < 0) return true;
  const isolating = symbols.taskPid(events.task[row]!);
  const moving = symbols.taskPid(attempt.task);
  return isolating < 0 || moving < 0 || isolating === moving;
}

function isMemoryFailureOwn(reference: LedgerReference): boolean {
  return reference.site?.rule === MEMORY_FAILURE_RULE;
}

/** Events of an attempt that come behind its putback: where one of them is the first, the capture lacks the rest. */
const BEHIND_PUTBACK: ReadonlySet<number> = new Set<EventKind>([
  EventKind.TestPagesIsolated,
  EventKind.CmaAllocBusyRetry,
  EventKind.CmaAllocFinish,
]);

/**
 * The trace that the attempt's own putback leaves: not there when the page failed. alloc_contig_range (mm/page_alloc.c)
 * and offline_pages (mm/memory_hotplug.c) put pages back before they test the range.
 */
function leftByAttempt(
  { byPutback, acquireRow }: LedgerReference,
  { attempt }: Moment,
  { kind, task }: EventTable,
): boolean {
  if (!byPutback) return false;
  if (acquireRow >= attempt.firstRow) return true;
  return BEHIND_PUTBACK.has(kind[attempt.firstRow]!) && task[acquireRow] === attempt.task;
}

/** Open references by what the sum makes of them. */
interface Sorted {
  readonly heldReferences: readonly LedgerReference[];
  /** Sums of those that nothing names, and of those that migration accounts for. */
  readonly unnamed: number;
  readonly known: number;
  /** Of {@link known}. */
  readonly own: OwnReferences;
  readonly ofCache: number;
  readonly ofMappings: number;
  readonly ofAllocation: number;
}

function sortOut(open: readonly LedgerReference[], moment: Moment, capture: Capture): Sorted {
  const heldReferences: LedgerReference[] = [];
  const own = { isolation: 0, ofMemoryFailure: 0, batches: 0 };
  let [unnamed, known, ofCache, ofMappings, ofAllocation] = [0, 0, 0, 0, 0];
  for (const reference of open) {
    const { kind } = reference;
    const weight = weightAt(reference, moment.row);
    if (isAccountedFor(reference, moment, capture) || leftByAttempt(reference, moment, capture.events)) {
      known += weight;
      if (isMemoryFailureOwn(reference)) own.ofMemoryFailure += weight;
      else if (kind === 'isolation') own.isolation += weight;
      else if (kind === 'lru-batch') own.batches += weight;
      else if (kind === 'page-cache') ofCache += weight;
      else if (kind === 'page-table') ofMappings += weight;
      else if (kind === 'allocation') ofAllocation += weight;
    } else if (reference.nameless) unnamed += weight;
    else heldReferences.push(reference);
  }
  return { heldReferences, unnamed, known, own, ofCache, ofMappings, ofAllocation };
}

/**
 * At a freeze that failed nothing is mapped any more, and the references of the mappings are gone: one that a fault took
 * is then of a fault under way, as of filemap_map_pages() or of do_swap_page() that waits for the page's lock. It is
 * one of those that were too many, if there is room for it.
 */
function withFaults(
  sorted: Sorted,
  open: readonly LedgerReference[],
  { row }: Moment,
  count: number,
  formula: number | null,
  { mappings }: PageState,
): Sorted & { readonly held: number } {
  const { heldReferences, known, ofMappings } = sorted;
  const held = sumOf(heldReferences, row);
  const isUnderWay =
    formula !== null && mappings === 0 && ofMappings > 0 && ofMappings <= count - formula - held;
  if (!isUnderWay) return { ...sorted, held };
  const ofOthers = new Set(heldReferences);
  return {
    ...sorted,
    heldReferences: open.filter((each) => ofOthers.has(each) || each.kind === 'page-table'),
    known: known - ofMappings,
    ofMappings: 0,
    held: held + ofMappings,
  };
}

/** Sum of what the attempt itself has taken. */
function sumOfOwn({ isolation, ofMemoryFailure, batches }: OwnReferences): number {
  return isolation + ofMemoryFailure + batches;
}

/** With the reference that the attempt must have by the event at the moment, where its get is among those not seen. */
function withUnseen(own: OwnReferences, { ownReference, source }: Moment, nameless: number): OwnReferences {
  if (nameless <= 0) return own;
  // The report comes before the page is put back (mm/migrate.c).
  if (ownReference === 'isolation' || source === 'report')
    return { ...own, isolation: Math.max(1, own.isolation) };
  if (ownReference === 'memory-failure') return { ...own, ofMemoryFailure: Math.max(1, own.ofMemoryFailure) };
  return own;
}

/** The kernel's own formula, which a failed freeze has as its value: that of isolation, and of the page or swap cache. */
function expectedByKernel({ source, row }: Moment, { val }: EventTable): number | null {
  const expected = val[row]!;
  return source === 'freeze' && expected !== ABSENT ? expected : null;
}

/** Of a page that migration has no formula for: nothing says whose its references are. */
export function countAlone(count: number): Omit<Account, 'open'> {
  return {
    count,
    expected: count,
    held: 0,
    untraced: 0,
    perhaps: null,
    terms: () => [],
    notes: [],
    judged: false,
    heldReferences: [],
  };
}

export function accountAt(
  moment: Moment,
  snapshot: Snapshot,
  capture: Capture,
  sites: StackSites,
  mapcounts: MapcountBase,
): Account | null {
  const { events } = capture;
  if (snapshot.count === null) return null;
  if (isDumpedAsUnmovable(moment)) return { ...countAlone(snapshot.count), open: snapshot.open };
  const formula = expectedByKernel(moment, events);
  const flags = events.flags[stateRow(moment, snapshot)]!;
  const isKnown = snapshot.order > 0 || (flags & PageFlag.head) === 0;
  const isLarge = snapshot.order > 0 || !isKnown;
  const seen = sortOut(snapshot.open, moment, capture);
  const ofEvent = stateAt(moment, snapshot, formula, events, sites, mapcounts);
  // A freeze comes when nothing is mapped any more.
  const isMapped = isLarge && formula === null;
  const mapped = isMapped ? withSeenMappings(ofEvent, seen, snapshot.lifetime.nature) : ofEvent;
  const toldApart = toldApartLater(snapshot);
  const state = withoutPrivateOfRequest(mapped, snapshot.open, toldApart, events);
  const share = cacheShare(state, 2 ** snapshot.order, snapshot.count);
  const owners = ownersOf(state, share);
  const ownSeen = withUnseen(seen.own, moment, snapshot.pool + seen.unnamed);
  const identified = identifiedInPool(
    toldApart,
    snapshot.pool,
    owners + sumOfOwn(ownSeen) - seen.known,
    (reference) => isAccountedFor(reference, moment, capture),
  );
  const open = identified.length === 0 ? snapshot.open : [...snapshot.open, ...identified];
  const sorted = identified.length === 0 ? seen : sortOut(open, moment, capture);
  const { heldReferences, unnamed, known, ofMappings, held } = withFaults(
    sorted,
    open,
    moment,
    snapshot.count,
    formula,
    state,
  );
  const nameless = Math.max(0, snapshot.pool - sumOf(identified, moment.row)) + unnamed;
  const own = withUnseen(sorted.own, moment, nameless);
  const needed = owners + sumOfOwn(own);
  // What is taken to map the page and does not, as a fault that waits for its lock, is none of those that are needed.
  const notMapped = Math.max(0, ofMappings - state.mappings);
  let spare = nameless - Math.max(0, needed - (known - notMapped));
  const notes: string[] = snapshot.lifetime.isRefusedByCount ? [REFUSED_BY_COUNT] : [];
  if (formula !== null) spare = Math.min(spare, Math.max(0, snapshot.count - formula - held));
  // With one mapping CMA would have taken it.
  const isUnmapped = snapshot.count === 1 && isRefusedOnList(moment, events);
  const isOpen = formula === null && spare > 0;
  const perhaps = isOpen ? perhapsOwned(state, flags, { isLarge, isKnown, share, isUnmapped }, spare) : null;
  if (perhaps !== null) notes.push(perhaps.note);
  const untraced = Math.max(0, spare - (perhaps?.count ?? 0));
  notes.push(...raceNote(moment, snapshot, events));
  if (!state.isMapcountKnown && state.mappings > 0) notes.push(MAPCOUNT_ASSUMED);
  if (unnamed > 0) {
    notes.push(
      'without function names (no stacks, or addresses without symbols) references cannot be told apart: only the count is judged',
    );
  }
  const expected = snapshot.count - held - untraced;
  return {
    count: snapshot.count,
    expected,
    held,
    untraced,
    perhaps,
    terms: () => expectedTerms(expected, own, state, share, { ...sorted, formula, perhaps }),
    notes,
    judged: unnamed === 0,
    open,
    heldReferences,
  };
}

/** Where the sum of all events is another one than the event at the moment reports. */
function raceNote({ pfn, row }: Moment, { count, lastRow }: Snapshot, events: EventTable): string[] {
  const reported = events.pfn[row] === pfn ? events.count[row]! : ABSENT;
  if (lastRow !== row || reported === ABSENT || reported === count) return [];
  return [`the event reports a count of ${reported}, with what another CPU was changing at the same time`];
}

const REFUSED_BY_COUNT =
  'not in the page cache: isolation refused the page, which is on an LRU list, by its count, as it does where a page has ' +
  'no mapping (mm/compaction.c)';

/**
 * Whether a refusal says that the page is anonymous, where its mapping is hashed. isolate_migratepages_block() gives a
 * page back for one of these: it has no mapping and more references than page table mappings; it has one, and the
 * allocation may not enter file systems, as cma_alloc() may; it is on no LRU list; or, for compaction alone, it is
 * unevictable, under writeback or dirty (mm/compaction.c of 5.11 to 6.12).
 */
export function isRefusedByCount(
  moment: Moment,
  snapshot: Snapshot,
  events: EventTable,
  mapcounts: MapcountBase,
): boolean {
  if (snapshot.count === null || !isRefusedOnList(moment, events)) return false;
  const { cached, mappings, swapCache } = pageState(events, moment.row, snapshot.lifetime.nature, mapcounts);
  return cached === null && !swapCache && snapshot.count > mappings;
}

/** CMA did not take a page that is idle on an LRU list. */
function isRefusedOnList({ isRefusal, attempt, pfn, row }: Moment, events: EventTable): boolean {
  if (!isRefusal || attempt.reason !== 'contig_range' || events.pfn[row] !== pfn) return false;
  const flags = events.flags[row]!;
  return flags !== ABSENT && (flags & (PageFlag.lru | PageFlag.writeback)) === PageFlag.lru;
}

/** The event that says what the page was like at a moment. */
function stateRow(moment: Moment, snapshot: Snapshot): number {
  return snapshot.lastRow >= 0 ? snapshot.lastRow : moment.row;
}

function stateAt(
  moment: Moment,
  snapshot: Snapshot,
  formula: number | null,
  events: EventTable,
  sites: StackSites,
  mapcounts: MapcountBase,
): PageState {
  const row = stateRow(moment, snapshot);
  const state = pageState(events, row, snapshot.lifetime.nature, mapcounts);
  // remove_migration_pte takes the reference before it adds the mapping (mm/migrate.c).
  const remaps = snapshot.lastRow >= 0 && sites.of(events.stack[row]!).remapsAfterMigration;
  // Beyond isolation a freeze expects what the page or swap cache has (mm/migrate.c folio_migrate_mapping).
  if (formula !== null) return { ...state, cached: state.cached ?? formula > 1 };
  return remaps ? { ...state, mappings: state.mappings + 1 } : state;
}

/**
 * Of a large folio events print the mappings of its first page, or of the whole, and each other page that a page table
 * maps has a reference, too (set_ptes() takes them together, __split_huge_pmd_locked() of mm/huge_memory.c adds all but
 * one). That one, of an anonymous folio, is the reference of its allocation.
 */
function withSeenMappings(
  state: PageState,
  { ofMappings, ofAllocation }: Sorted,
  nature: PageNature | null,
): PageState {
  const seen = ofMappings + (nature === 'anonymous' && ofMappings > 0 ? ofAllocation : 0);
  return seen > state.mappings ? { ...state, mappings: seen } : state;
}

/**
 * NFS marks the page of a write request as private, and has no reference for that but the one of the request itself
 * (fs/nfs/write.c nfs_inode_add_request, fs/nfs/pagelist.c nfs_create_request of 6.1; later, and in stable releases of
 * 6.12, folio_attach_private() takes another). That one holds the page: nfs_migrate_folio() does not move it, whatever
 * its count.
 */
function withoutPrivateOfRequest(
  state: PageState,
  open: readonly LedgerReference[],
  toldApart: readonly LedgerReference[],
  events: EventTable,
): PageState {
  if (!state.hasPrivate) return state;
  const isThere = (isMeant: (reference: LedgerReference) => boolean): boolean =>
    open.some(isMeant) || toldApart.some(isMeant);
  const isOfRequest =
    isThere((reference) => isFirstRequest(reference, events)) &&
    !isThere(({ kind }) => kind === 'private-data');
  return isOfRequest ? { ...state, hasPrivate: false } : state;
}

/** Further requests for parts of the page are made when it is private already (nfs_create_subreq() of fs/nfs/pagelist.c). */
function isFirstRequest({ site, acquireRow }: LedgerReference, { flags }: EventTable): boolean {
  if (site?.rule !== NFS_REQUEST_RULE) return false;
  return acquireRow < 0 || (flags[acquireRow]! & PageFlag.private) === 0;
}

/** References that the attempt itself has taken. */
interface OwnReferences {
  readonly isolation: number;
  readonly ofMemoryFailure: number;
  /** LRU batches that its putback left. */
  readonly batches: number;
}

/** References whose gets the capture has, by what they are of; their sums. */
interface OpenOwners {
  readonly ofCache: number;
  readonly ofAllocation: number;
  /** What the kernel itself expected, where the moment says that. */
  readonly formula?: number | null;
  readonly perhaps?: PerhapsOwned | null;
}

export const OF_ALLOCATION = 'of the allocation';

/**
 * Splits the expected count into the formula's terms; what the formula does not name is said as such.
 *
 * @param share references of the page cache or the swap cache, if it has the page
 */
export function expectedTerms(
  expected: number,
  own: OwnReferences,
  state: PageState,
  share: number,
  { ofCache, ofAllocation, formula = null, perhaps = null }: OpenOwners,
): AccountingTerm[] {
  const terms: AccountingTerm[] = [];
  // More than it expects itself is nothing that it accounts for, of whatever kind.
  const beyond = formula === null ? 0 : Math.max(0, expected - formula);
  let rest = expected - beyond;
  const take = (kind: Kind, wanted: number, label: (count: number) => string): void => {
    const count = Math.min(wanted, rest);
    if (count <= 0) return;
    terms.push({ kind, count, label: label(count) });
    rest -= count;
  };
  take('isolation', own.isolation, (count) => `${count} isolation`);
  take('isolation', own.ofMemoryFailure, (count) => `${count} memory failure's own`);
  take('lru-batch', own.batches, (count) => `${count} LRU batch of the attempt's own putback`);
  take('private-data', state.hasPrivate ? 1 : 0, (count) => `${count} private data`);
  const perhapsCache = perhaps?.of === 'page-cache' ? perhaps.count : 0;
  const ofCaches = state.cached === null ? Math.max(share, perhapsCache) : share + perhapsCache;
  const doubt = (isSure: boolean): string => (isSure ? '' : ' (not certain)');
  take(
    'swap-cache',
    state.swapCache ? ofCaches : 0,
    (count) => `${count} swap cache${doubt(perhapsCache === 0)}`,
  );
  const inCache = state.cached ?? (ofCache > 0 || rest > Math.max(state.mappings, ofAllocation));
  const isSure = state.cached === null ? ofCache > 0 : perhapsCache === 0;
  take(
    'page-cache',
    inCache && !state.swapCache ? ofCaches : 0,
    (count) => `${count} page cache${doubt(isSure)}`,
  );
  const perhapsMapped = perhaps?.of === 'page-table' ? perhaps.count : 0;
  take(
    'page-table',
    state.mappings + perhapsMapped,
    (count) => `${count} page table ${count === 1 ? 'mapping' : 'mappings'}${doubt(perhapsMapped === 0)}`,
  );
  if (state.ofDriver) take('allocation', 1, (count) => `${count} of the driver that moves it`);
  else take('allocation', ofAllocation, (count) => `${count} ${OF_ALLOCATION}`);
  // Of a folio whose size the capture does not show.
  if (formula !== null) take('page-cache', rest, (count) => `${count} more that migration expects`);
  rest += beyond;
  take('unknown', rest, (count) => `${count} not in migration's formula`);
  return terms;
}
