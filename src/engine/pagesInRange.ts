/** Which pages of a range of PFNs a capture tells of. */
import { EventKind } from '../capture/eventTable';
import type { PfnRange } from '../holders/model';
import type { HolderSource } from './holderSource';

/** PFNs, ascending: folios of which a page lies in the range, and pages on which it shows a get or a put. */
export function pagesInRange(
  { capture, analysis, pageOf }: HolderSource,
  range: PfnRange,
): readonly number[] {
  const { first, last } = range;
  const found = new Set<number>();
  for (const { pfn, order } of [...analysis.pages, ...analysis.unreleased]) {
    if (pfn <= last && pfn + 2 ** order > first) found.add(pfn);
  }
  const { kind, pfn: pfns, length } = capture.events;
  const others = new Set<number>();
  for (let row = 0; row < length; row++) {
    const pfn = pfns[row]!;
    if (pfn >= first && pfn <= last && kind[row] !== EventKind.Other) others.add(pfn);
  }
  // An event may name a page, as the first of an area does, and tell nothing of its references.
  for (const pfn of others) if (!found.has(pfn) && pageOf(pfn) !== null) found.add(pfn);
  return [...found].sort((a, b) => a - b);
}
