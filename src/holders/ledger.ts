/**
 * Replays the page_ref events of one page and gives every reference a beginning and an end.
 *
 * A get and a put carry no identity, so a put is matched to an open reference by what the two stacks say.
 * The count that each event reports is a checksum: where it disagrees with the sum for good, events are
 * missing, and the difference joins the pool of references that no event shows.
 */
import {
  ABSENT,
  EventKind,
  NONE,
  PageFlag,
  type Capture,
  type EventTable,
  type SymbolTable,
} from '../capture/eventTable';
import { ROWS_OF_PAGE_A_STEP } from '../capture/turns';
import { countChange, isPageRef, reachesZero, setsCount } from './countChange';
import { countAfter } from './countRace';
import { hasOwnPuts } from './kindRules';
import { GUP_PIN_COUNTING_BIAS, knownByPut, siteNaming, type LedgerReference } from './ledgerReference';
import type { MapcountBase } from './mapcountBase';
import { isZap, PutMatcher, type Put, type PutMatch } from './matchPut';
import { closeUnseen, shed } from './missingPuts';
import type { Confidence, Kind } from './model';
import { togetherWith, type PageNature } from './pageNature';
import type { Span } from './lives';
import { latestOf, NO_GET, oldestOf, OpenReferences, weightOf } from './openReferences';
import { cacheShare, ownersOf, pageState } from './pageState';
import { isOfPage, PerhapsStillThere, perhapsUnseen, unseenRivals } from './perhapsUnseen';
import type { Site } from './matchSite';
import type { StackSite, StackSites } from './stackSites';
import { UnseenReferences } from './unseenReferences';

/**
 * Pins that one event is believed to take or drop: unpin_user_pages() joins the pins of a page that its list names
 * several times in a row (gup_folio_next() of mm/gup.c). More than that is one weight, not so many references.
 */
const MOST_PINS_AT_ONCE = 64;

const OF_CACHES: ReadonlySet<Kind> = new Set<Kind>(['page-cache', 'swap-cache']);
/** What has a page for what is in it, whether it is mapped or not. */
const OF_CONTENT: ReadonlySet<Kind> = new Set<Kind>([...OF_CACHES, 'private-data']);
/** Whoever splits a huge page has it by none of these. */
const OF_OWNERS: ReadonlySet<Kind> = new Set<Kind>([...OF_CONTENT, 'page-table', 'allocation']);

/** What the ledger knew after one row. */
export interface Snapshot {
  readonly row: number;
  /** Sum of all references, or null before the first event of the page. */
  readonly count: number | null;
  readonly open: readonly LedgerReference[];
  /** References that are there but that no event shows being taken. */
  readonly pool: number;
  /** Of the folio, 0 where it is not known. */
  readonly order: number;
  /** Last row that changed or reported the page, or NONE. */
  readonly lastRow: number;
  readonly lifetime: Lifetime;
}

export interface Lifetime {
  readonly references: LedgerReference[];
  /** Those of {@link references} whose gets the capture does not show. */
  readonly fromPool: LedgerReference[];
  /** Of the folio as it is by now, 0 where it is not known. */
  order: number;
  /** What stacks of this lifetime say of the page. */
  nature: PageNature | null;
  /** A refusal at isolation says that the page is anonymous. */
  isRefusedByCount: boolean;
}

export class Ledger {
  readonly lifetimes: Lifetime[] = [];
  readonly snapshots: Snapshot[] = [];
  private lifetime: Lifetime = Ledger.newLifetime();
  private open = new OpenReferences();
  private readonly pool = new UnseenReferences();
  private readonly perhapsStillThere = new PerhapsStillThere();
  private count: number | null = null;
  /** The count that was frozen, 0 while it is not, and the row of it. */
  private frozenAt = 0;
  private frozenRow: number = NONE;
  /** What a migration has unmapped of references that are open still. */
  private partsUnmapped = 0;
  /** The task whose page_ref_set began the lifetime, as long as it has done nothing else to the page; else NONE. */
  private allocatingTask: number = NONE;
  /** Row at which the last lifetime ended, NONE where the capture has no end of one. */
  private endedAt: number = NONE;
  /** Snapshots asked for before the first event of the page, which tells their count. */
  private waiting: number[] = [];
  private lastRow: number = NONE;
  private readonly events: EventTable;
  private readonly symbols: SymbolTable;
  private readonly matcher: PutMatcher;

  constructor(
    { events, symbols }: Pick<Capture, 'events' | 'symbols'>,
    private readonly sites: StackSites,
    private readonly mapcounts: MapcountBase,
  ) {
    this.events = events;
    this.symbols = symbols;
    this.matcher = new PutMatcher(events, sites, (row) => this.pidOf(row));
  }

  /**
   * In steps of a few milliseconds.
   *
   * @param rows the page's rows in file order
   * @param lives which of them are replayed, in order
   * @param moments rows (of any page) in those lives, or before them, after which a snapshot is wanted; ascending
   */
  *replay(rows: Int32Array, lives: readonly Span[], moments: readonly number[]): Generator<void, void> {
    let next = 0;
    for (const { from, to } of lives) {
      this.startBehind(from === 0 ? NONE : rows[from - 1]!);
      for (let index = from; index < to; index++) {
        if ((index - from) % ROWS_OF_PAGE_A_STEP === 0) yield;
        const row = rows[index]!;
        while (next < moments.length && moments[next]! < row) this.snapshot(moments[next++]!);
        this.apply(row, rows, index);
        while (moments[next] === row) this.snapshot(moments[next++]!);
      }
    }
    while (next < moments.length) this.snapshot(moments[next++]!);
  }

  private snapshot(row: number): void {
    // A page that was free then: how its next life began is not in the capture, and whether before or behind that row.
    if (this.count === null && this.endedAt === NONE) this.waiting.push(this.snapshots.length);
    this.snapshots.push({
      row,
      count: this.count,
      // A page that thousands have mapped fails thousands of times: lists of their own would take gigabytes.
      open: this.open.counted(this.snapshots.at(-1)?.open),
      pool: this.pool.weight,
      order: this.lifetime.order,
      lastRow: this.lastRow,
      lifetime: this.lifetime,
    });
  }

  private apply(row: number, rows: ArrayLike<number>, index: number): void {
    const { events } = this;
    const kind = events.kind[row]!;
    const site = this.sites.of(events.stack[row]!);
    switch (kind as EventKind) {
      case EventKind.PageAlloc:
        this.allocated(row);
        return;
      case EventKind.PageFree:
      case EventKind.PageFreeBatched:
        this.endLifetime(row, 'freed');
        return;
      case EventKind.TestPagesIsolated:
        this.endLifetime(row, 'taken offline, with all memory around it free');
        return;
      case EventKind.PageRefSet:
        if (setsCount(events, row)) this.set(row);
        else this.changeBy(0, row, site, rows, index);
        break;
      case EventKind.PageRefFreeze:
        this.begin(row, 0);
        if (events.ret[row] === 1) {
          this.frozenAt = this.count ?? events.val[row]!;
          this.frozenRow = row;
        } else {
          this.believeCount(0, row, rows, index);
        }
        break;
      case EventKind.PinFailure:
        this.begin(row, 0);
        this.believeCount(0, row, rows, index);
        break;
      case EventKind.PageRefUnfreeze:
        this.unfreeze(row, site);
        break;
      default:
        if (!isPageRef(kind)) return;
        if (events.task[row] === this.allocatingTask) this.allocatingTask = NONE;
        this.changeBy(countChange(events, row), row, site, rows, index);
    }
    this.lastRow = row;
    // A batch is flushed under whatever the CPU happens to do: that stack is not this page's.
    if (site.release?.rule.kind === 'lru-batch') return;
    this.lifetime.nature = togetherWith(this.lifetime.nature, site.nature);
  }

  private set(row: number): void {
    const value = this.events.val[row]!;
    this.endLifetime(row, value > 0 ? 'used anew' : 'freed');
    if (value <= 0) return;
    this.startLifetime(row, value);
    this.allocatingTask = this.events.task[row]!;
  }

  private startLifetime(row: number, value: number): void {
    this.lifetime = Ledger.newLifetime();
    this.lifetimes.push(this.lifetime);
    this.forget();
    this.count = value;
    const site = this.sites.of(this.events.stack[row]!);
    this.addReference('allocation', value, row, site, 'the first reference');
    // do_anonymous_page and do_cow_fault are inlined into the fault handler in most builds.
    if (site.nature === null && site.functions.includes('__handle_mm_fault'))
      this.lifetime.nature = 'anonymous';
  }

  /**
   * mm_page_alloc stands behind the page_ref_set of the same allocation, or alone where that is filtered out. In between
   * others may get the page, by what they knew of it before (folio_try_get() in mm/filemap.c filemap_get_entry()).
   */
  private allocated(row: number): void {
    const order = this.events.order[row]!;
    const isSet = this.allocatingTask >= 0 && this.allocatingTask === this.events.task[row];
    this.allocatingTask = NONE;
    const isFresh = isSet || (this.count === 1 && this.open.isOnly('allocation'));
    if (!isFresh) {
      this.endLifetime(row, 'used anew');
      this.startLifetime(row, 1);
    }
    this.lifetime.order = Math.max(0, order);
    this.lastRow = row;
  }

  /** @param endedAt row at which the life before ended, or NONE */
  private startBehind(endedAt: number): void {
    this.lifetime = Ledger.newLifetime();
    this.forget();
    this.endedAt = endedAt;
  }

  /** Nothing is known of the page's references. */
  private forget(): void {
    this.open = new OpenReferences();
    this.pool.clear();
    this.perhapsStillThere.clear();
    this.count = null;
    this.frozenAt = 0;
    this.partsUnmapped = 0;
    this.allocatingTask = NONE;
    this.waiting = [];
  }

  /**
   * What is open now is gone. Whoever froze the count owned all of it, and a freed page had one reference to the last;
   * of all others the puts are missing.
   */
  private endLifetime(row: number, became: string): void {
    const open = this.open.references().filter(({ releaseRow }) => releaseRow < 0);
    const isLast = became === 'freed' && open.length === 1 && this.pool.weight === 0;
    for (const reference of open) {
      if (this.frozenAt > 0 || isLast) {
        reference.releaseRow = row;
        reference.evidence += '; ended with the page';
      } else {
        closeUnseen(this.open, reference, row, `it was gone by the time the page was ${became}`);
      }
    }
    this.forget();
    this.endedAt = row;
  }

  /** The first event of a page allocated before the capture: its references so far are the pool. */
  private begin(row: number, change: number): void {
    if (this.count !== null) return;
    const reported = this.events.count[row]!;
    const frozen = this.events.kind[row] === EventKind.PageRefFreeze && this.events.ret[row] === 1;
    this.lifetime = Ledger.newLifetime();
    this.lifetimes.push(this.lifetime);
    const before = frozen ? this.events.val[row]! : reported - change;
    this.pool.add(reported === ABSENT ? Math.max(0, -change) : before, Math.max(0, this.endedAt));
    this.count = this.pool.weight;
    for (const index of this.waiting) {
      const { count, lifetime } = this;
      this.snapshots[index] = { ...this.snapshots[index]!, count, pool: count, lifetime, lastRow: row };
    }
    this.waiting = [];
  }

  private changeBy(
    change: number,
    row: number,
    site: StackSite,
    rows: ArrayLike<number>,
    index: number,
  ): void {
    this.begin(row, change);
    const isThawed = this.frozenAt > 0 && change > 0 && this.events.count[row] === change;
    const taken = isThawed ? change - this.thaw(change, row) : change;
    if (taken > 0) this.acquire(taken, row, site);
    else if (change < 0) this.release(-change, row, site);
    this.believeCount(change, row, rows, index);
    if (reachesZero(this.events, row)) this.endLifetime(row, 'without references');
  }

  /** Takes the count of an event that changes it by so much. Who meets a frozen page, as a lookup does, reads 0 and changes nothing. */
  private believeCount(change: number, row: number, rows: ArrayLike<number>, index: number): void {
    if (this.frozenAt > 0 && change === 0) return;
    this.count = countAfter(this.events, rows, index, (this.count ?? 0) + change);
    this.reconcile(row);
  }

  /** What is open and the pool make up the count; events that are missing show as a difference here. */
  private reconcile(row: number): void {
    if (this.count === null) return;
    const difference = this.count - this.pool.weight - this.open.weight;
    if (difference > 0) this.pool.add(difference, row);
    else if (difference < 0) shed(this.open, this.pool, -difference, row);
  }

  /**
   * After a freeze the owner sets what is left: fewer when the page cache's references moved to the new page. Whose those
   * beyond what was frozen are, no event says.
   */
  private unfreeze(row: number, site: StackSite): void {
    const value = this.events.val[row]!;
    this.begin(row, 0);
    const before = this.frozenAt > 0 ? this.frozenAt : (this.count ?? value);
    const change = value - before;
    if (change < 0) this.releaseKind('page-cache', -change, row, site);
    this.count = value;
    this.frozenAt = 0;
    // It was split: __folio_split() of mm/huge_memory.c, since 6.15.
    const flags = this.events.flags[row]!;
    if (flags !== ABSENT && (flags & PageFlag.head) === 0) this.lifetime.order = 0;
    this.reconcile(row);
  }

  /**
   * Whoever splits a huge page freezes its count, and then gives the head what it is left with by a get: page_ref_inc()
   * or page_ref_add() in __split_huge_page() of mm/huge_memory.c: its own reference, and one of the page or swap cache where
   * that has the page. What else was open is part of what was frozen.
   *
   * @returns the weight of what was open and still is
   */
  private thaw(value: number, row: number): number {
    const own = latestOf(
      this.open.where(({ kind, suspended }) => !suspended && !OF_OWNERS.has(kind)),
      this.pidOf(row),
    );
    const cache = value > 1 ? oldestOf(this.open.where(({ kind }) => OF_CACHES.has(kind))) : null;
    for (const reference of this.open.counted()) {
      if (reference === own || reference === cache) {
        if (reference.weight > 1) this.open.changeWeight(reference, 1, row);
        continue;
      }
      reference.releaseRow = this.frozenRow;
      reference.evidence += '; the count was frozen and began anew, as when a huge page is split';
      this.open.remove(reference);
    }
    this.pool.clear();
    this.count = 0;
    this.frozenAt = 0;
    this.lifetime.order = 0;
    return this.open.weight;
  }

  private acquire(weight: number, row: number, site: StackSite): void {
    const isLarge = this.isLarge(row);
    if (weight === GUP_PIN_COUNTING_BIAS - 1 && !isLarge) {
      if (this.widenToPin(row)) return;
      // The first step of this pin is missing; it is there all the same.
      this.count = (this.count ?? 0) + 1;
      weight = GUP_PIN_COUNTING_BIAS;
    }
    if (site.remapsAfterMigration && this.resumeMapping(weight, row)) return;
    const matched = site.acquire;
    let kind: Kind = matched?.rule.kind ?? 'unknown';
    const pins = weight % GUP_PIN_COUNTING_BIAS === 0 && !isLarge;
    if (pins && (kind === 'gup-get' || kind === 'unknown' || kind === 'isolation')) kind = 'gup-pin';
    const evidence =
      matched === null ? 'no rule names the functions of this stack' : `taken in ${matched.functionName}`;
    // One operation may pin a page several times; each pin is dropped alone.
    const pieces = pins && areSeveralPins(weight) ? weight / GUP_PIN_COUNTING_BIAS : 1;
    for (let piece = 0; piece < pieces; piece++)
      this.addReference(kind, weight / pieces, row, site, evidence);
  }

  /** try_grab_folio counts a pin in two steps, +1 and +1023, in one call of one task. */
  private widenToPin(row: number): boolean {
    const groups = this.open.where(
      ({ kind, weight, stack }) => weight === 1 && stack !== NO_GET && !hasOwnPuts(kind),
    );
    const first = latestOf(groups, this.matcher.takerAt('gup-pin', row));
    if (first === null) return false;
    const kind = first.kind === 'gup-get' || first.kind === 'unknown' ? 'gup-pin' : first.kind;
    this.open.change(first, { kind });
    this.changeWeight(first, GUP_PIN_COUNTING_BIAS - 1, row);
    return true;
  }

  private resumeMapping(weight: number, row: number): boolean {
    const suspended = oldestOf(this.open.where((group) => group.suspended && group.weight === weight));
    if (suspended === null) return this.resumePart(weight, row);
    this.open.change(suspended, { suspended: false });
    suspended.releaseRow = NONE;
    suspended.rows.push(row);
    suspended.remapped++;
    return true;
  }

  /** Of what one get mapped several pages with, one more is mapped again. */
  private resumePart(weight: number, row: number): boolean {
    if (this.partsUnmapped === 0) return false;
    const mapping = this.open
      .references()
      .find(({ unmapped, suspended }) => unmapped >= weight && !suspended);
    if (mapping === undefined) return false;
    this.changeWeight(mapping, weight, row);
    mapping.unmapped -= weight;
    this.partsUnmapped -= weight;
    return true;
  }

  /** An event of its own makes a reference weigh more, or less. */
  private changeWeight(reference: LedgerReference, change: number, row: number): void {
    this.open.changeWeight(reference, reference.weight + change, row);
    reference.rows.push(row);
  }

  private release(weight: number, row: number, site: StackSite): void {
    if (site.unmapsForMigration && this.suspendMapping(weight, row, site)) return;
    let rest = weight;
    while (rest > 0) {
      const piece = areSeveralPins(rest) && !this.isLarge(row) ? GUP_PIN_COUNTING_BIAS : rest;
      const closed = this.releaseOne(piece, rest, row, site);
      rest -= Math.max(1, closed);
    }
  }

  /**
   * @param rest with what is still to be dropped behind it
   * @returns the weight that was closed
   */
  private releaseOne(weight: number, rest: number, row: number, site: StackSite): number {
    const put = { weight, rest, row, site, isOfLarge: this.isLarge(row) };
    const found = this.matcher.match(this.open, put, this.pool.weight > 0);
    if (found === null) return this.releaseFromPool(weight, row, site);
    const rivals = this.unseenRivals(found, put);
    if (rivals > 0 && this.matcher.isLikelierUnseen(found.reference, put)) {
      return this.releaseFromPool(weight, row, site);
    }
    const { reference, confidence, why } = this.besideUnseen(found, rivals);
    if (weight < reference.weight) {
      this.changeWeight(reference, -weight, row);
      reference.parts++;
      return weight;
    }
    const closed = reference.weight;
    this.close(reference, row, confidence, why);
    return closed;
  }

  /** How many references whose gets the capture does not show a put may be of as well; 0 where it is sure. */
  private unseenRivals(found: PutMatch, put: Put): number {
    if (this.pool.weight === 0 || found.confidence !== 'rule' || isOfPage(put)) return 0;
    // What is in the batches of one CPU goes together.
    const isInBatch = found.reference.kind === 'lru-batch';
    if (!isInBatch && this.matcher.isByTaker(found.reference, put)) return 0;
    return unseenRivals(put, this.unseenOfOthers(put));
  }

  private besideUnseen(found: PutMatch, rivals: number): PutMatch {
    if (rivals === 0) return found;
    this.perhapsStillThere.add(found.reference);
    return perhapsUnseen(found, rivals);
  }

  /** Weight of the references that no event shows and that none of the page's owners has, but for the ones that zap it. */
  private unseenOfOthers(put: Put): number {
    const { nature, order } = this.lifetime;
    const state = pageState(this.events, put.row, nature, this.mapcounts);
    const [others, ofThem] = isZap(put) ? [{ ...state, mappings: 0 }, OF_CONTENT] : [state, OF_OWNERS];
    const owners = ownersOf(others, cacheShare(state, 2 ** order, this.count ?? 0));
    const seen = weightOf(this.open.where(({ kind, suspended }) => !suspended && ofThem.has(kind)));
    return Math.max(0, this.pool.weight - Math.max(0, owners - seen));
  }

  private suspendMapping(weight: number, row: number, site: StackSite): boolean {
    const mappings = this.open.where((group) => !group.suspended && this.matcher.isMapping(group));
    const groups = mappings.filter((group) => group.weight === weight);
    let mapping =
      oldestOf(groups) ??
      oldestOf(
        this.open.where(
          (group) => !group.suspended && group.weight === weight && group.kind === 'allocation',
        ),
      );
    const larger = mapping === null ? oldestOf(mappings.filter((group) => group.weight > weight)) : null;
    if (larger !== null) {
      this.changeWeight(larger, -weight, row);
      larger.unmapped += weight;
      this.partsUnmapped += weight;
      return true;
    }
    if (mapping === null && this.pool.weight >= weight) {
      mapping = this.fromPool('page-table', weight, row, site);
      this.open.add(mapping, NONE, NO_GET);
    }
    if (mapping === null) return false;
    // The allocation's own reference is what an anonymous page is mapped with.
    this.open.change(mapping, { kind: 'page-table', suspended: true });
    mapping.releaseRow = row;
    if (mapping.rows.at(-1) !== row) mapping.rows.push(row);
    nameByPut(mapping, site);
    return true;
  }

  private releaseKind(kind: Kind, weight: number, row: number, site: StackSite): void {
    let rest = weight;
    while (rest > 0) {
      const ofKind = this.open.where((group) => group.kind === kind);
      const reference = oldestOf(ofKind.filter((group) => group.weight <= rest)) ?? oldestOf(ofKind);
      if (reference === null) break;
      if (reference.weight > rest) {
        this.changeWeight(reference, -rest, row);
        return;
      }
      this.close(reference, row, 'rule', 'moved to the new page with the mapping');
      rest -= reference.weight;
    }
    if (rest > 0 && this.pool.weight >= rest) {
      const reference = this.fromPool(kind, rest, row, site);
      reference.evidence = 'moved to the new page with the mapping';
    }
  }

  private releaseFromPool(weight: number, row: number, site: StackSite): number {
    if (this.pool.weight < weight) {
      // More was dropped than the capture shows being taken: an event is missing before this point.
      return weight;
    }
    this.fromPool(site.release?.rule.kind ?? 'unknown', weight, row, site);
    return weight;
  }

  /** A reference whose get is not in the capture; what it was is known from its put. */
  private fromPool(kind: Kind, weight: number, releaseRow: number, site: StackSite): LedgerReference {
    const releaseSite: Site | null = site.release;
    const { fromRow, isGuess } = this.pool.take(weight);
    const reference = knownByPut(releaseRow, site, {
      kind: weight === GUP_PIN_COUNTING_BIAS && kind === 'unknown' ? 'gup-pin' : kind,
      weight,
      site: siteNaming(releaseSite, kind),
      fromRow,
      evidence: `its get is not in the capture${releaseSite === null ? '' : `; dropped in ${releaseSite.functionName}`}`,
    });
    if (isGuess) {
      reference.confidence = 'assumed';
      reference.evidence +=
        '; references whose gets are missing came at several times, and which of them this is nothing says';
    }
    if (this.perhapsStillThere.mayBeOf(weight, releaseSite)) {
      reference.confidence = 'assumed';
      reference.evidence +=
        '; an earlier put may have been of it, and this one of a reference that is said to have gone there';
    }
    this.lifetime.references.push(reference);
    this.lifetime.fromPool.push(reference);
    return reference;
  }

  private close(reference: LedgerReference, row: number, confidence: Confidence, why: string): void {
    reference.releaseRow = row;
    reference.rows.push(row);
    reference.confidence = reference.ambiguous ? 'assumed' : confidence;
    reference.evidence += `; ${why}`;
    this.open.remove(reference);
    const dropping = this.sites.of(this.events.stack[row]!);
    nameByPut(reference, dropping);
    const putSite = dropping.release;
    const puts = putSite?.rule.kind;
    // A person's rule at the put names what no rule of theirs named at the get.
    if (putSite?.rule.user !== undefined && reference.site?.rule.user === undefined) {
      reference.kind = putSite.rule.kind;
      reference.site = putSite;
    }
    // What the put says wins over the allocation's nature: an anonymous page's first reference is its mapping.
    if (reference.kind === 'allocation' && puts === 'page-table') reference.kind = 'page-table';
  }

  private addReference(kind: Kind, weight: number, row: number, site: StackSite, evidence: string): void {
    const reference: LedgerReference = {
      kind,
      confidence: kind === 'unknown' ? 'assumed' : 'rule',
      weight,
      earlierWeights: [],
      acquireRow: row,
      releaseRow: NONE,
      functionName:
        kind === 'allocation' ? site.allocatingFunction : (site.acquire?.functionName ?? site.holderFunction),
      site: siteNaming(site.acquire, kind),
      fromRow: row,
      knownRow: row,
      suspended: false,
      repeats: 1,
      remapped: 0,
      ambiguous: false,
      nameless: site.functions.length === 0 && kind === 'unknown',
      unseenBecause: null,
      byPutback: kind === 'lru-batch' && site.underPutback,
      evidence,
      rows: [row],
      parts: 0,
      unmapped: 0,
      standing: null,
    };
    this.open.add(reference, this.matcher.takerAt(kind, row), this.events.stack[row]!);
    this.lifetime.references.push(reference);
  }

  /** Of a large folio a pin adds 1 to the count, as a get does: 1024 are as many pages there (mm/gup.c try_grab_folio). */
  private isLarge(row: number): boolean {
    return this.lifetime.order > 0 || (this.events.flags[row]! & PageFlag.head) !== 0;
  }

  private pidOf(row: number): number {
    return this.symbols.taskPid(this.events.task[row]!);
  }

  private static newLifetime(): Lifetime {
    return { references: [], fromPool: [], order: 0, nature: null, isRefusedByCount: false };
  }
}

/** What is known by its puts alone is named by the last of them, whose task and time are told with it. */
function nameByPut(reference: LedgerReference, site: StackSite): void {
  if (reference.acquireRow >= 0) return;
  reference.functionName = site.release?.functionName ?? site.holderFunction;
  reference.site = siteNaming(site.release, reference.kind);
}

/** Whether a weight is that of pins which are taken and dropped one by one. */
function areSeveralPins(weight: number): boolean {
  return weight % GUP_PIN_COUNTING_BIAS === 0 && weight <= MOST_PINS_AT_ONCE * GUP_PIN_COUNTING_BIAS;
}
