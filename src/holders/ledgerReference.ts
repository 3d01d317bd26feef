/** A reference on a page as the ledger knows it, from its get to its put. */
import { NONE } from '../capture/eventTable';
import { firstIndex } from './lives';
import type { Site } from './matchSite';
import type { Confidence, Kind } from './model';
import type { Standing } from './openReferences';
import type { StackSite } from './stackSites';

/** The bias that a FOLL_PIN adds to a small folio's refcount (include/linux/mm.h). */
export const GUP_PIN_COUNTING_BIAS = 1024;

/** What a reference weighed up to the row that changed it. */
interface EarlierWeight {
  readonly untilRow: number;
  readonly weight: number;
}

export interface LedgerReference {
  kind: Kind;
  confidence: Confidence;
  weight: number;
  /** Oldest first: a pin comes in two steps, and what a folio's page cache has of it may go in parts. */
  readonly earlierWeights: EarlierWeight[];
  /** Row of the get, or NONE when the capture does not show it. */
  acquireRow: number;
  /** Row of the put, or NONE while open. */
  releaseRow: number;
  /** The function that names the holder, from the stack of the get, or of the put where there is no get. */
  functionName: string;
  /** The rule that named its kind, at its get or, where the capture has none, at its put. */
  site: Site | null;
  /** First row at which it is known to be there. */
  readonly fromRow: number;
  /** Row at which a reference of the pool was told apart; its own get otherwise. */
  readonly knownRow: number;
  /** Unmapped by a migration that may map it again. */
  suspended: boolean;
  /** How often that migration did. */
  remapped: number;
  /** How many puts it stands for, of captures of puts alone. */
  repeats: number;
  /** Another reference of the kind was dropped that may have been this one. */
  ambiguous: boolean;
  /** Neither a stack nor a function name says what it is for: it can be counted, not judged. */
  readonly nameless: boolean;
  /** For people: how it is known that it went before {@link releaseRow}, where its put is not in the capture; else null. */
  unseenBecause: string | null;
  /** Without gets: how many puts behind a mark, this one among them, may be what was too many there. */
  rivals?: number;
  /** Taken by putback_movable_pages through folio_add_lru: the failed attempt's own trace. */
  readonly byPutback: boolean;
  evidence: string;
  /** Rows of its events, ascending. */
  readonly rows: number[];
  /** How many puts dropped a part of it. */
  parts: number;
  /** What a migration has unmapped of it, page by page, and may map again. */
  unmapped: number;
  /** Where it stands among the open ones, or null. */
  standing: Standing | null;
}

/** What it weighed after a row at which it was open. */
export function weightAt({ weight, earlierWeights }: LedgerReference, row: number): number {
  const index = firstIndex(earlierWeights.length, (each) => row < earlierWeights[each]!.untilRow);
  return earlierWeights[index]?.weight ?? weight;
}

/** A reference of which the capture shows the put alone, at `row` with the stack of `site`. */
export function knownByPut(
  row: number,
  site: StackSite,
  given: Pick<LedgerReference, 'kind' | 'weight' | 'site' | 'fromRow' | 'evidence'>,
): LedgerReference {
  return {
    confidence: site.release === null ? 'assumed' : 'rule',
    earlierWeights: [],
    acquireRow: NONE,
    releaseRow: row,
    functionName: site.release?.functionName ?? site.holderFunction,
    knownRow: row,
    suspended: false,
    repeats: 1,
    remapped: 0,
    ambiguous: false,
    nameless: site.functions.length === 0,
    unseenBecause: null,
    byPutback: false,
    rows: [row],
    parts: 0,
    unmapped: 0,
    standing: null,
    ...given,
  };
}

/** The site whose rule gave a reference its kind; null when something else did (an allocation, a missing rule). */
export function siteNaming(site: Site | null, kind: Kind): Site | null {
  if (site === null) return null;
  const widened = kind === 'gup-pin' && site.rule.kind === 'gup-get';
  return site.rule.kind === kind || widened ? site : null;
}
