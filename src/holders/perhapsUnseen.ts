/**
 * Puts that a rule pairs with an open reference, and that may as well be of one whose get the capture does not show.
 *
 * The rule tells of which kind the reference is; whose it is, only the task does. Where another task puts than the one
 * that took what is open, it may have taken one of its own before the capture began.
 */
import { isOncePerPage } from './kindRules';
import { GUP_PIN_COUNTING_BIAS, type LedgerReference } from './ledgerReference';
import type { Put, PutMatch } from './matchPut';
import type { Site } from './matchSite';
import type { Kind } from './model';

/** Whether a page has one reference of the put's kind at most, so that there is no other. */
export function isOfPage({ site }: Put): boolean {
  return site.release !== null && isOncePerPage(site.release.rule.kind);
}

/**
 * How many references of the weight of a put may be among those whose gets the capture does not show.
 *
 * @param unseen weight of those that the put may be of: none of the page's owners has them, unless it is one of theirs
 */
export function unseenRivals({ weight, isOfLarge }: Put, unseen: number): number {
  const isPin = weight >= GUP_PIN_COUNTING_BIAS;
  return Math.floor((isOfLarge || isPin ? unseen : unseen % GUP_PIN_COUNTING_BIAS) / weight);
}

export function perhapsUnseen(match: PutMatch, rivals: number): PutMatch {
  const others =
    rivals === 1
      ? 'a reference whose get is not in the capture was there too'
      : `${rivals} references whose gets are not in the capture were there too`;
  const it = rivals === 1 ? 'it' : 'one of them';
  return { ...match, confidence: 'assumed', why: `${match.why}; ${others}, and the put may be of ${it}` };
}

/** What a put has to be like to be of a reference. */
interface Dropped {
  readonly kind: Kind;
  readonly rule: Site['rule'] | null;
  readonly weight: number;
}

/**
 * References that were told gone by a put that may as well have been of one whose get the capture does not show. Then they
 * are there still, and a later put of that one's kind may be theirs.
 */
export class PerhapsStillThere {
  /** One for each sort of them: thousands may come and go on one page. */
  private readonly sorts: Dropped[] = [];

  clear(): void {
    this.sorts.length = 0;
  }

  add({ kind, site, weight }: LedgerReference): void {
    const rule = site?.rule ?? null;
    const isKnown = this.sorts.some(
      (sort) => sort.kind === kind && sort.rule === rule && sort.weight === weight,
    );
    if (!isKnown) this.sorts.push({ kind, rule, weight });
  }

  /** Whether a put of one whose get is not in the capture may be of one of them. */
  mayBeOf(weight: number, release: Site | null): boolean {
    if (release === null) return false;
    return this.sorts.some(
      (sort) =>
        sort.weight === weight && (sort.rule === release.rule || release.rule.closes.includes(sort.kind)),
    );
  }
}
