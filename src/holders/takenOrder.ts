import type { LedgerReference } from './ledgerReference';

/** A reference's place in one list; it may move to another list, not into two. */
export class Link {
  before: Link | null = null;
  behind: Link | null = null;

  /** @param place its place in the order of the gets of its page */
  constructor(
    readonly reference: LedgerReference,
    readonly place: number,
  ) {}
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
  add(link: Link): void {
    let before = this.latest;
    while (before !== null && before.place > link.place) before = before.before;
    const behind = before === null ? this.oldest : before.behind;
    link.before = before;
    link.behind = behind;
    if (before === null) this.oldest = link;
    else before.behind = link;
    if (behind === null) this.latest = link;
    else behind.before = link;
    this.length++;
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
