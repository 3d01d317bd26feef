/** Memory that was taken offline: what its pages were is over then, whether or not the capture shows each free. */
import { EventKind, type EventTable, PageFlag } from '../capture/eventTable';
import type { PfnRange } from './model';

/**
 * A test_pages_isolated of offline_pages that found nothing in use. The kernel takes the range out of service behind it
 * whatever happens (mm/memory_hotplug.c); when the memory comes back, or another behind the same PFNs, it is not the
 * same page.
 */
export interface OfflinedMemory extends PfnRange {
  readonly row: number;
}

/** Whether the event is one of {@link OfflinedMemory}, among the rows that {@link rowsWithOfflining} gives. */
export function isOffliningOf(kind: number): boolean {
  return kind === EventKind.TestPagesIsolated;
}

/**
 * The rows of a page with those that took its memory offline. Poisoned pages go offline with whoever holds them.
 *
 * @param rows of the page, ascending
 */
export function rowsWithOfflining(
  events: EventTable,
  rows: Int32Array,
  pfn: number,
  offlined: readonly OfflinedMemory[],
): Int32Array {
  const own = offlined.filter(({ first, last }) => first <= pfn && pfn <= last).map(({ row }) => row);
  if (own.length === 0 || rows.length === 0) return rows;
  if (rows.some((row) => (events.flags[row]! & PageFlag.hwpoison) !== 0)) return rows;
  return Int32Array.from([...rows, ...own]).sort();
}
