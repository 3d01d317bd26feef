/**
 * Which of the open references of a page a put drops. Neither a get nor a put carries an identity: it is told by what
 * the two stacks say, by the tasks, and by what is left.
 */
import { NO_CPU, NONE, type EventTable } from '../capture/eventTable';
import { isInTreeModule } from './inTreeModules';
import { hasOwnPuts, isOncePerPage } from './kindRules';
import { GUP_PIN_COUNTING_BIAS, type LedgerReference } from './ledgerReference';
import type { Site } from './matchSite';
import type { Confidence, Kind } from './model';
import { areOfOneGet, countOf, latestOf, oldestOf, type Group, type OpenReferences } from './openReferences';
import type { StackSite, StackSites } from './stackSites';

/** In the order in which a put that nothing explains closes them. */
const LEAST_BINDING_FIRST: readonly Kind[] = [
  'unknown',
  'driver',
  'page-cache-lookup',
  'gup-get',
  'allocation',
  'read',
  'writeback',
];

/** Whoever gets pages by these may put them anywhere. */
const UNNAMED: ReadonlySet<Kind> = new Set<Kind>(['unknown', 'driver', 'gup-get']);

/** The open reference that a put most likely drops, or drops a part of where it is smaller. */
export interface PutMatch {
  readonly reference: LedgerReference;
  readonly confidence: Confidence;
  readonly why: string;
}

/** A put, or the part of it that is still to be matched. */
export interface Put {
  readonly weight: number;
  /** With what is still to be matched behind this part. */
  readonly rest: number;
  readonly row: number;
  readonly site: StackSite;
  readonly isOfLarge: boolean;
}

/**
 * Kinds whose references belong to what may change hands, so that the task of a put says nothing: pipe_read() (fs/pipe.c)
 * drops the buffers of the pipe that it reads, which another task filled as a rule, and skb_release_data()
 * (net/core/skbuff.c) what the sender of a socket took, for whoever reads or closes it.
 * Other kinds go with the call, the file or the request of the task that took them.
 */
const CHANGING_HANDS: ReadonlySet<Kind> = new Set<Kind>(['pipe-buffer', 'socket']);

/** do_anonymous_page() and its like are inlined into the handler in most builds. */
const IN_FAULT: ReadonlySet<string> = new Set(['__handle_mm_fault', 'handle_mm_fault', 'handle_pte_fault']);

/** Functions that empty the batches of a CPU that is not theirs. */
const REMOTE_DRAINS: ReadonlySet<string> = new Set([
  'mlock_drain_remote',
  'mlock_page_drain_remote',
  'page_alloc_cpu_dead',
]);

export class PutMatcher {
  /** @param pidOf the task of a row */
  constructor(
    private readonly events: EventTable,
    private readonly sites: StackSites,
    private readonly pidOf: (row: number) => number,
  ) {}

  /**
   * Whose a reference is that was taken at a row: its task's, as pid, NONE where nothing names one, or an interrupt took it.
   * One of an LRU batch is of the CPU: whoever is on that one empties the batch (mm/swap.c, cpu_fbatches).
   */
  takerAt(kind: Kind, row: number): number {
    if (kind === 'lru-batch') return takerOfCpu(this.events.cpu[row]!);
    return this.sites.of(this.events.stack[row]!).interrupted ? NONE : this.pidOf(row);
  }

  /**
   * @param isUnseenLeft whether there are references whose gets the capture does not show
   * @returns null when one of those is as likely, or nothing is open
   */
  match(open: OpenReferences, put: Put, isUnseenLeft: boolean): PutMatch | null {
    const { weight, site } = put;
    const dropping = site.release;
    if (dropping !== null) {
      const possible = open.where((group) => !group.suspended && (fits(group, put) || hasPart(group, put)));
      // What changes hands may be anybody's, and is not what its rule says where the task took something else.
      const own = CHANGING_HANDS.has(dropping.rule.kind)
        ? []
        : possible.filter((group) => this.isOwn(group, put));
      const named = this.ofNamed(open, own, dropping, put) ?? this.ofNamed(open, possible, dropping, put);
      if (named !== null) return named;
    }
    const candidates = open.where(
      (group) => !group.suspended && (group.weight <= weight || isUnnamedPart(group, put)),
    );
    // A get and a put of one function, or of one call chain, by one task.
    const nested = this.nested(
      open,
      candidates.filter(({ kind }) => dropping === null || !hasOwnPuts(kind)),
      put,
    );
    if (nested !== null) return nested;
    if (isUnseenLeft) return dropping === null ? this.ofOwn(open, put) : null;
    return leastBinding(
      open.where((group) => !group.suspended && (fits(group, put) || isUnnamedPart(group, put))),
      dropping !== null,
    );
  }

  /** No rule names the put: what its task itself took, if that is no owner's, is likelier than what nobody saw being taken. */
  private ofOwn(open: OpenReferences, put: Put): PutMatch | null {
    const pid = put.site.holderFunction === '' ? NONE : this.putterOf(put);
    if (pid === NONE) return null;
    const groups = open.where(
      (group) => UNNAMED.has(group.kind) && (fits(group, put) || isUnnamedPart(group, put)),
    );
    const reference = oldestOf(groups, pid);
    const why = 'dropped by the task that took it, in a function that no rule names';
    return reference === null ? null : { reference, confidence: 'assumed', why };
  }

  /** What maps a page: what page tables took, and the allocation of a page in a fault, whose reference becomes the mapping's. */
  isMapping({ kind, stack }: Group): boolean {
    return kind === 'page-table' || (kind === 'allocation' && this.isOfFault(stack));
  }

  /** Of what the put's own task took, if it took any, by weight. That weight alone decides is no proof. */
  private likeliestOf(open: OpenReferences, groups: readonly Group[], put: Put): PutMatch | null {
    const { weight } = put;
    const own = groups.filter((group) => this.isOwn(group, put));
    if (own.length > 0) return this.bestOf(open, likeliestByWeight(own, weight, this.putterOf(put)), put);
    const likely = likeliestByWeight(groups, weight);
    const best = this.bestOf(open, likely, put);
    if (best?.confidence !== 'rule' || likely.length === groups.length) return best;
    return guess(open, groups, best.reference, `${best.why}, by its weight`);
  }

  /** What the rule of a put pairs it with: what its functions take, before other kinds that it may drop. */
  private ofNamed(
    open: OpenReferences,
    possible: readonly Group[],
    dropping: Site,
    put: Put,
  ): PutMatch | null {
    const isMappings = isZap(put);
    const paired = possible.filter(
      (group) => isPair(group, dropping) || (isMappings && this.isMapping(group)),
    );
    const best = this.likeliestOf(open, paired, put);
    if (best !== null) return best;
    for (const kind of dropping.rule.closes) {
      const ofKind = possible.filter((group) => group.kind === kind);
      const best = this.likeliestOf(open, ofKind, put);
      if (best !== null) return best;
    }
    return null;
  }

  /** @param groups those that a put of the site may drop as far as their kinds and weights go */
  private bestOf(open: OpenReferences, groups: readonly Group[], put: Put): PutMatch | null {
    const { weight, rest, site } = put;
    const first = oldestOf(groups);
    if (first === null) return null;
    const nested = this.nested(open, groups, put);
    if (nested !== null) return nested;
    const how = site.release === null ? 'dropped' : `dropped in ${site.release.functionName}`;
    const count = countOf(groups);
    if (count === 1 || count * weight === rest) return { reference: first, confidence: 'rule', why: how };
    const pid = CHANGING_HANDS.has(first.kind) ? NONE : this.putterOf(put);
    const isOnce = isOncePerPage(first.kind);
    // Where there are two of what a page has once, the put of the former is missing.
    const own = pid === NONE ? null : (isOnce ? latestOf : oldestOf)(groups, pid);
    if (own !== null) {
      const why = `${how} ${own.kind === 'lru-batch' ? 'on the CPU of that batch' : 'by the task that took it'}`;
      const isSure = isOnce || areOfOneGet(groups, pid);
      return isSure ? { reference: own, confidence: 'rule', why } : guess(open, groups, own, why, pid);
    }
    if (isOnce) return { reference: first, confidence: 'rule', why: how };
    return this.ofLatestTaker(open, groups, first, how);
  }

  /**
   * Which of several tasks' references another task dropped, no event says (pipe buffers travel without one).
   * Short use nests inside long use, so that the latest taker's oldest reference is the likelier one; mappings and batches
   * last as they come.
   */
  private ofLatestTaker(
    open: OpenReferences,
    groups: readonly Group[],
    first: LedgerReference,
    how: string,
  ): PutMatch {
    const taker = this.takerOf(latestOf(groups) ?? first);
    const reference = hasOwnPuts(first.kind) ? first : (oldestOf(groups, taker) ?? first);
    if (areOfOneGet(groups)) return { reference, confidence: 'rule', why: `${how}, oldest first` };
    return guess(open, groups, reference, how);
  }

  /**
   * The put's holder function stands in the stack of the get, same task: one call took and dropped it.
   * The latest such get is meant. Where no task is recorded, it may have been a call of another one. What was given to a
   * pipe on the way, by a function further in, has left the call.
   */
  private nested(open: OpenReferences, groups: readonly Group[], { row, site }: Put): PutMatch | null {
    const { interrupted, holderFunction } = site;
    if (interrupted || holderFunction === '') return null;
    const nested = groups.filter(
      ({ kind, stack, site: taking }) =>
        this.sites.of(stack).functions.includes(holderFunction) &&
        (!CHANGING_HANDS.has(kind) || taking?.matchedFunction === holderFunction),
    );
    const pid = this.pidOf(row);
    const reference = latestOf(nested, pid === NONE ? undefined : pid);
    if (reference === null) return null;
    if (pid !== NONE) {
      return { reference, confidence: 'exact', why: `taken and dropped by one task under ${holderFunction}` };
    }
    const how = `taken and dropped under ${holderFunction}, by whom is not recorded`;
    if (countOf(nested) === 1) return { reference, confidence: 'rule', why: how };
    return guess(open, nested, reference, how);
  }

  /** Whose references a put drops if it can, as of {@link takerAt}; NONE where nothing says, or an interrupt does it. */
  private putterOf({ site, row }: Put): number {
    if (site.release?.rule.kind === 'lru-batch') {
      return site.functions.some((name) => REMOTE_DRAINS.has(name)) ? NONE : this.takerAt('lru-batch', row);
    }
    return site.interrupted ? NONE : this.pidOf(row);
  }

  /** Whether a group has references of who puts, where that says something. */
  private isOwn({ kind, byTaker }: Group, put: Put): boolean {
    const putter = this.putterOf(put);
    return putter !== NONE && !CHANGING_HANDS.has(kind) && (byTaker.get(putter)?.length ?? 0) > 0;
  }

  /** Whether who took a reference is the one that puts. */
  isByTaker(reference: LedgerReference, put: Put): boolean {
    const putter = this.putterOf(put);
    return putter !== NONE && putter === this.takerOf(reference);
  }

  /**
   * Whether a put is likelier of a reference whose get the capture does not show than of the one that it was matched with:
   * of another CPU's batch, or not taken in a fault, as what a page table is given of the page cache.
   */
  isLikelierUnseen(reference: LedgerReference, put: Put): boolean {
    if (reference.kind === 'lru-batch') {
      return (
        this.putterOf(put) !== NONE && this.takerOf(reference) !== NONE && !this.isByTaker(reference, put)
      );
    }
    return (
      isZap(put) &&
      reference.kind === 'page-cache-lookup' &&
      !this.isOfFault(this.events.stack[reference.acquireRow]!)
    );
  }

  private isOfFault(stack: number): boolean {
    return this.sites.of(stack).functions.some((name) => IN_FAULT.has(name));
  }

  /** As of {@link takerAt}. */
  private takerOf({ kind, acquireRow }: LedgerReference): number {
    return acquireRow < 0 ? NONE : this.takerAt(kind, acquireRow);
  }
}

/** Whether a put is of a page table's reference. */
export function isZap({ site }: Put): boolean {
  return site.release?.rule.kind === 'page-table';
}

/** Apart from pids, which are not negative, and from NONE. */
function takerOfCpu(cpu: number): number {
  return cpu === NO_CPU ? NONE : -2 - cpu;
}

/** @param taker where only what that task took may be meant */
function guess(
  open: OpenReferences,
  groups: readonly Group[],
  reference: LedgerReference,
  how: string,
  taker?: number,
): PutMatch {
  const count = countOf(groups, taker);
  const because = 'another reference of the kind was dropped while it was open';
  open.doubtOthers(groups, reference, because, taker);
  return {
    reference,
    confidence: 'assumed',
    why: `${how}; ${count} such references were open, which of them was dropped the capture does not say`,
  };
}

/** Whether a put of a weight may drop a reference of a group. */
function fits(group: Group, { weight, isOfLarge }: Put): boolean {
  return group.weight === weight || (group.weight < weight && (isOfLarge || weight < GUP_PIN_COUNTING_BIAS));
}

/**
 * Whether a put of a weight may drop a part of a reference of a group: one get of several pages of a large folio, as
 * try_grab_folio(page, refs) (mm/gup.c) and filemap_add_folio() have, may be put a page at a time, as
 * __bio_release_pages() (block/bio.c) does. A pin of a small folio goes as a whole.
 */
function hasPart(group: Group, { weight, isOfLarge }: Put): boolean {
  return group.weight > weight && (isOfLarge || group.weight < GUP_PIN_COUNTING_BIAS);
}

function isUnnamedPart(group: Group, put: Put): boolean {
  return UNNAMED.has(group.kind) && hasPart(group, put);
}

/**
 * Of the groups that a put may be of: those of its very weight; else the smaller ones, if these make it up; else those
 * that it is a part of.
 *
 * @param taker as of {@link oldestOf}
 */
function likeliestByWeight(groups: readonly Group[], weight: number, taker?: number): readonly Group[] {
  const exact = groups.filter((group) => group.weight === weight);
  if (exact.length > 0) return exact;
  const smaller = groups.filter((group) => group.weight < weight);
  const larger = groups.filter((group) => group.weight > weight);
  const sum = smaller.reduce((total, group) => total + group.weight * countOf([group], taker), 0);
  return larger.length === 0 || sum >= weight ? smaller : larger;
}

/**
 * Everything is accounted for, so that the put must close one of these: the least binding kind first.
 *
 * @param isNamed a rule names the put: it is then of no owner's reference, and a get and a put are missing
 */
function leastBinding(groups: readonly Group[], isNamed: boolean): PutMatch | null {
  for (const kind of LEAST_BINDING_FIRST) {
    const reference = oldestOf(groups.filter((group) => group.kind === kind));
    if (reference !== null) {
      const why = 'the only kind of reference left that this put can drop';
      return { reference, confidence: 'assumed', why };
    }
  }
  // Isolation ends in functions that are known.
  const reference = oldestOf(
    groups.filter(({ kind }) => (isNamed ? !hasOwnPuts(kind) : kind !== 'isolation')),
  );
  return reference === null ? null : { reference, confidence: 'assumed', why: 'the oldest reference left' };
}

/** What one rule takes and drops is a pair, before others of its kind; so is what one module out of the tree does. */
function isPair({ site, kind }: Group, put: Site): boolean {
  if (site === null) return false;
  if (site.rule === put.rule) return true;
  if (put.module === null || site.module !== put.module || isInTreeModule(put.module)) return false;
  return put.rule.closes.includes(kind);
}
