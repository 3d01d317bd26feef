/** Orders of rows: pages, holders, tasks and attempts are sorted by the same keys. */
import type { SortOrder } from './holdersQuery';

export interface SortKeys {
  /** The first of them. */
  readonly pfn: number;
  /** Row of the event table of the first mark; Infinity where there is none. */
  readonly firstMark: number;
  readonly holders: number;
  /** In the capture's unit; -1 where it is not known. */
  readonly longestHeld: number;
  readonly attempts: number;
}

/** `items` in an order; those that are equal in it stay as they stand. */
export function sorted<T>(
  items: readonly T[],
  order: SortOrder,
  keysOf: (item: T) => SortKeys,
): readonly T[] {
  const compare = COMPARE[order];
  return items
    .map((item) => ({ item, keys: keysOf(item) }))
    .sort((a, b) => compare(a.keys, b.keys))
    .map(({ item }) => item);
}

const COMPARE: Readonly<Record<SortOrder, (a: SortKeys, b: SortKeys) => number>> = {
  pfn: (a, b) => a.pfn - b.pfn,
  // Not by subtraction: Infinity less Infinity is no number.
  'first-mark': (a, b) => (a.firstMark === b.firstMark ? 0 : a.firstMark < b.firstMark ? -1 : 1),
  holders: (a, b) => b.holders - a.holders,
  'longest-held': (a, b) => b.longestHeld - a.longestHeld,
  attempts: (a, b) => b.attempts - a.attempts,
};
