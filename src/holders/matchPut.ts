/**
 * Which of the open references of a page a put drops. Neither a get nor a put carries an identity: it is told by what
 * the two stacks say, by the tasks, and by what is left.
 */
import { NONE } from '../capture/eventTable';
import { isInTreeModule } from './inTreeModules';
import { ACCOUNTED_KINDS } from './kindRules';
import { GUP_PIN_COUNTING_BIAS, type LedgerReference } from './ledgerReference';
import type { Site } from './matchSite';
import type { Confidence, Kind } from './model';
import {
  areOfOneTaker,
  countOf,
  latestOf,
  oldestOf,
  type Group,
  type OpenReferences,
} from './openReferences';
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

/** The open reference that a put most likely drops. */
export interface PutMatch {
  readonly reference: LedgerReference;
  readonly confidence: Confidence;
  readonly why: string;
}

/** A put, or the part of it that is still to be matched. */
interface Put {
  readonly weight: number;
  readonly row: number;
  readonly site: StackSite;
}

export class PutMatcher {
  /** @param pidOf the task of a row */
  constructor(
    private readonly sites: StackSites,
    private readonly pidOf: (row: number) => number,
  ) {}

  /**
   * @param isUnseenLeft whether there are references whose gets the capture does not show
   * @returns null when one of those is as likely, or nothing is open
   */
  match(open: OpenReferences, put: Put, isUnseenLeft: boolean): PutMatch | null {
    const { weight, site } = put;
    const dropping = site.release;
    const fitting = open.where((group) => !group.suspended && fits(group, weight));
    if (dropping !== null && fitting.length > 0) {
      const paired = this.bestOf(
        open,
        fitting.filter((group) => isPair(group, dropping)),
        put,
      );
      if (paired !== null) return paired;
      for (const kind of dropping.rule.closes) {
        const best = this.bestOf(
          open,
          fitting.filter((group) => group.kind === kind),
          put,
        );
        if (best !== null) return best;
      }
    }
    const candidates = open.where((group) => !group.suspended && group.weight <= weight);
    // A get and a put of one function, or of one call chain, by one task.
    const nested = this.latestNested(
      candidates.filter(({ kind }) => dropping === null || !hasOwnPuts(kind)),
      put,
    );
    if (nested !== null) return nestedMatch(nested, site);
    if (isUnseenLeft) return null;
    return leastBinding(fitting);
  }

  /** @param groups those that a put of the site may drop as far as their kinds and weights go */
  private bestOf(open: OpenReferences, groups: readonly Group[], put: Put): PutMatch | null {
    const { row, site } = put;
    const first = oldestOf(groups);
    if (first === null) return null;
    const nested = this.latestNested(groups, put);
    if (nested !== null) return nestedMatch(nested, site);
    const how = site.release === null ? 'dropped' : `dropped in ${site.release.functionName}`;
    if (countOf(groups) === 1) return { reference: first, confidence: 'rule', why: how };
    const own = site.interrupted ? null : oldestOf(groups, this.pidOf(row));
    if (own !== null) return { reference: own, confidence: 'rule', why: `${how} by the task that took it` };
    if (hasOwnPuts(first.kind)) {
      return { reference: first, confidence: 'rule', why: how };
    }
    return this.ofLatestTaker(open, groups, first, how);
  }

  /**
   * Which of several tasks' references another task dropped, no event says (pipe buffers travel without one).
   * Short use nests inside long use, so that the latest taker's oldest reference is the likelier one.
   */
  private ofLatestTaker(
    open: OpenReferences,
    groups: readonly Group[],
    first: LedgerReference,
    how: string,
  ): PutMatch {
    const taker = this.takerOf(latestOf(groups) ?? first);
    const reference = oldestOf(groups, taker) ?? first;
    if (areOfOneTaker(groups, taker)) return { reference, confidence: 'rule', why: `${how}, oldest first` };
    const count = countOf(groups);
    open.doubtOthers(groups, reference, 'another reference of the kind was dropped while it was open');
    return {
      reference,
      confidence: 'assumed',
      why: `${how}; ${count} such references were open, which of them was dropped the capture does not say`,
    };
  }

  /**
   * The put's holder function stands in the stack of the get, same task: one call took and dropped it.
   * The latest such get is meant.
   */
  private latestNested(groups: readonly Group[], { row, site }: Put): LedgerReference | null {
    if (site.interrupted || site.holderFunction === '') return null;
    const nested = groups.filter(({ stack }) => this.sites.of(stack).functions.includes(site.holderFunction));
    return nested.length === 0 ? null : latestOf(nested, this.pidOf(row));
  }

  /** Pid of the task that took it, NONE where nothing names one. */
  takerOf(reference: LedgerReference): number {
    return reference.acquireRow < 0 ? NONE : this.pidOf(reference.acquireRow);
  }
}

function nestedMatch(reference: LedgerReference, site: StackSite): PutMatch {
  return {
    reference,
    confidence: 'exact',
    why: `taken and dropped by one task under ${site.holderFunction}`,
  };
}

/**
 * Whether references of a kind are dropped by functions that a rule names, and by no others: what migration accounts
 * for, and those of an LRU batch, which goes as a whole. folio_putback_lru() (mm/vmscan.c) takes one of a batch, and its
 * own put drops the reference of isolation.
 */
function hasOwnPuts(kind: Kind): boolean {
  return ACCOUNTED_KINDS.has(kind) || kind === 'lru-batch';
}

/** Whether a put of a weight may drop a reference of a group. */
function fits(group: Group, weight: number): boolean {
  return group.weight === weight || (group.weight < weight && weight < GUP_PIN_COUNTING_BIAS);
}

/** Everything is accounted for, so that the put must close one of these: the least binding kind first. */
function leastBinding(groups: readonly Group[]): PutMatch | null {
  for (const kind of LEAST_BINDING_FIRST) {
    const reference = oldestOf(groups.filter((group) => group.kind === kind));
    if (reference !== null) {
      const why = 'the only kind of reference left that this put can drop';
      return { reference, confidence: 'assumed', why };
    }
  }
  const reference = oldestOf(groups);
  return reference === null ? null : { reference, confidence: 'assumed', why: 'the oldest reference left' };
}

/** What one rule takes and drops is a pair, before others of its kind; so is what one module out of the tree does. */
function isPair({ site, kind }: Group, put: Site): boolean {
  if (site === null) return false;
  if (site.rule === put.rule) return true;
  if (put.module === null || site.module !== put.module || isInTreeModule(put.module)) return false;
  return put.rule.closes.includes(kind);
}
