import { EventKind, type EventTable } from '../capture/eventTable';
import type { CaptureIndex } from './captureIndex';
import { isFree, reachesZero } from './countChange';
import { headsBefore } from './tailPages';

/** The rows, ascending, in which a PFN, or the allocation that covers it, is allocated or freed. */
export function lifeEvents(
  events: EventTable,
  { rows, largestOrder }: Pick<CaptureIndex, 'rows' | 'largestOrder'>,
  pfn: number,
): readonly number[] {
  const { kind, order } = events;
  const found: number[] = [];
  for (const head of [pfn, ...headsBefore(pfn, largestOrder)]) {
    // The last reference to a head ends what was allocated with it.
    let covers = head === pfn;
    for (const row of rows.of(head)) {
      const isOfPages = kind[row] === EventKind.PageAlloc || isFree(kind[row]!);
      if (isOfPages) covers = head + 2 ** Math.max(0, order[row]!) > pfn;
      if (covers && (isOfPages || reachesZero(events, row))) found.push(row);
    }
  }
  return found.sort((a, b) => a - b);
}
