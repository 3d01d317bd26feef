import type { LedgerReference } from './ledger';

/** A reference in a list. */
export interface Link {
  readonly reference: LedgerReference;
  /** Its place in the order of the gets of its page. */
  readonly place: number;
  before: Link | null;
  behind: Link | null;
}

/**
 * References in the order of their gets, linked: both ends are at hand, and taking one out costs the same in a long list
 * as in a short one.
 */
export class TakenOrder {
  oldest: Link | null = null;
  latest: Link | null = null;
  length = 0;

  /** What comes back after a change finds its old place; what is new stands last. */
  add(reference: LedgerReference, place: number): Link {
    let before = this.latest;
    while (before !== null && before.place > place) before = before.before;
    const behind = before === null ? this.oldest : before.behind;
    const link: Link = { reference, place, before, behind };
    if (before === null) this.oldest = link;
    else before.behind = link;
    if (behind === null) this.latest = link;
    else behind.before = link;
    this.length++;
    return link;
  }

  remove({ before, behind }: Link): void {
    if (before === null) this.oldest = behind;
    else before.behind = behind;
    if (behind === null) this.latest = before;
    else behind.before = before;
    this.length--;
  }

  /** Oldest first. */
  references(): LedgerReference[] {
    const references: LedgerReference[] = [];
    for (let link = this.oldest; link !== null; link = link.behind) references.push(link.reference);
    return references;
  }
}
