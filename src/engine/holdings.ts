/** References of several pages taken together: how many pages they kept, how long, and which attempts they blocked. */
import type { Page, Reference } from '../holders/model';
import { heldTime, heldTimeText, longerOf, type HeldTime } from './heldTime';
import { assumedText, isMatchAssumed, isPoisoning, isStillHeld } from './pageFacts';
import type { SortKeys } from './sorting';
import { spanText, type Clock } from './timeText';
import { counted, joined } from './wording';

/** A reference and the page that it is on. */
export interface Holding {
  readonly page: Page;
  readonly reference: Reference;
}

export interface Totals extends SortKeys {
  readonly pages: number;
  readonly stillHeld: number;
  /** How many matches of a get and a put are assumed. */
  readonly assumed: number;
  /** Of those that are known; null when none is. */
  readonly longest: HeldTime | null;
  /** Sum of the same times; it may have been more where {@link longest} may have been longer. */
  readonly total: number;
}

/** @param end last time of the capture */
export function totalsOf(holdings: readonly Holding[], end: number): Totals {
  const attempts = new Set<number>();
  let longest: HeldTime | null = null;
  let total = 0;
  let pfn = Infinity;
  let firstMark = Infinity;
  for (const { page, reference } of holdings) {
    pfn = Math.min(pfn, page.pfn);
    for (const index of reference.openAt) {
      const mark = page.marks[index];
      if (mark === undefined) continue;
      if (!isPoisoning(mark)) attempts.add(mark.attempt);
      firstMark = Math.min(firstMark, mark.row);
    }
    const held = heldTime(page, reference, end);
    total += held?.span ?? 0;
    longest = longerOf(longest, held);
  }
  return {
    pages: new Set(holdings.map(({ page }) => page)).size,
    holders: holdings.length,
    stillHeld: holdings.filter(({ reference }) => reference.weight > 0 && isStillHeld(reference)).length,
    assumed: holdings.filter(({ reference }) => isMatchAssumed(reference)).length,
    longest,
    longestHeld: longest?.span ?? -1,
    total,
    attempts: attempts.size,
    pfn,
    firstMark,
  };
}

/** `3 pages`, `4 on 3 pages` */
export function extentText({ pages, holders }: Totals): string {
  const on = holders === pages ? '' : `${holders} on `;
  return on + counted(pages, 'page');
}

/** `1 still held · longest ≥ 16.8 ms · total ≥ 29 ms · 3 attempts blocked · 1 of 2 matches assumed` */
export function timesText(totals: Totals, clock: Clock): string {
  const { longest, total, holders, stillHeld, attempts, assumed } = totals;
  return joined([
    stillHeld === 0 ? null : stillHeld === holders ? 'still held' : `${stillHeld} still held`,
    longest === null ? null : `${holders > 1 ? 'longest' : 'held'} ${heldTimeText(longest, clock)}`,
    longest === null || holders < 2 ? null : `total ${longest.isLeast ? '≥ ' : ''}${spanText(total, clock)}`,
    attempts === 0 ? null : `${counted(attempts, 'attempt')} blocked`,
    assumedText(assumed, holders),
  ]);
}

/** Who kept pages from moving most often comes first, then who held longest. */
export function worstFirst(a: Totals, b: Totals): number {
  return b.attempts - a.attempts || b.pages - a.pages || b.total - a.total;
}

export function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => string,
): readonly (readonly [key: string, items: readonly T[]])[] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups];
}
