/** Which pages of a range of PFNs a capture tells of. */
import { EventKind } from '../capture/eventTable';
import type { PfnRange } from '../holders/model';
import { allPages } from './captureFacts';
import type { HolderSource } from './holderSource';

/**
 * PFNs, ascending: folios of which a page lies in the range, and pages on which it shows a get or a put.
 *
 * @param limit no more of them are looked for: each is a replay of its events
 */
export function pagesInRange(
  { capture, analysis, pageOf }: HolderSource,
  { first, last }: PfnRange,
  limit: number,
): readonly number[] {
  const folios = allPages(analysis)
    .filter(({ pfn, order }) => pfn <= last && pfn + 2 ** order > first)
    .map(({ pfn }) => pfn);
  const found = new Set(folios);
  const { kind, pfn: pfns, length } = capture.events;
  const named = new Set<number>();
  for (let row = 0; row < length; row++) {
    const pfn = pfns[row]!;
    if (pfn >= first && pfn <= last && kind[row] !== EventKind.Other) named.add(pfn);
  }
  // An event may name a page, as the first of an area does, and tell nothing of its references.
  for (const pfn of [...named].sort((a, b) => a - b)) {
    if (found.size >= limit) break;
    if (!found.has(pfn) && pageOf(pfn) !== null) found.add(pfn);
  }
  return [...found].sort((a, b) => a - b).slice(0, limit);
}
