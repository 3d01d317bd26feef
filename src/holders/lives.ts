/**
 * Where the lives of a page stand among its rows. A life ends when the page is free, or when its count is set anew, and
 * nothing of it counts in the next one: so that a page that was used ten thousand times is replayed only where somebody
 * asks.
 */
import type { EventTable } from '../capture/eventTable';
import { endsLife, replacesLife } from './countChange';

/** Indexes into the rows of a page, the second just behind the last. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The lives in which moments fall, up to the event that ends each. A moment between two lives asks for the later one,
 * whose first event says what the count was.
 *
 * @param rows the page's rows, ascending
 * @param moments rows of any page, ascending
 */
export function livesAround(
  events: EventTable,
  rows: Int32Array,
  moments: readonly number[],
): readonly Span[] {
  const spans: { from: number; to: number }[] = [];
  for (const moment of moments) {
    const behind = firstBehind(rows, moment);
    const last = spans.at(-1);
    if (last !== undefined && (behind < last.to || last.to === rows.length)) continue;
    const { from, to } = { from: startOf(events, rows, behind), to: endOf(events, rows, behind) };
    if (last !== undefined && from <= last.to) last.to = to;
    else spans.push({ from, to });
  }
  return spans;
}

/** The last life, whether or not it has ended. */
export function lastLife(events: EventTable, rows: Int32Array): Span {
  let last = rows.length - 1;
  // The count that reached zero and mm_page_free behind it end one life.
  while (last > 0 && endsLife(events, rows[last]!) && endsLife(events, rows[last - 1]!)) last--;
  return { from: startOf(events, rows, Math.max(0, last)), to: rows.length };
}

/** Where the life begins that an event at an index is of, or would be of. */
function startOf(events: EventTable, rows: Int32Array, index: number): number {
  let from = index;
  while (from > 0 && !replacesLife(events, rows[from - 1]!)) from--;
  const isBegun = from > 0 && !endsLife(events, rows[from - 1]!);
  return isBegun ? from - 1 : from;
}

function endOf(events: EventTable, rows: Int32Array, index: number): number {
  let to = index;
  while (to < rows.length && !replacesLife(events, rows[to]!)) to++;
  return Math.min(to + 1, rows.length);
}

/** How many of some rows stand behind one row and up to another. */
export function countBetween(rows: Int32Array, from: number, to: number): number {
  return Math.max(0, firstBehind(rows, to) - firstBehind(rows, from));
}

/** Index of the first of some rows, ascending, that stands behind another. */
export function firstBehind(rows: ArrayLike<number>, row: number): number {
  return firstIndex(rows.length, (index) => rows[index]! > row);
}

/** The first index for which something holds that holds for all behind it, or `length`. */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
