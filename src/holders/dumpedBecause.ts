import type { Capture } from '../capture/eventTable';

/** Why the kernel dumped a page, in its own words: `migration failure`; null where the event is no dump_page(). */
export function dumpedBecause({ events, symbols }: Capture, row: number): string | null {
  if (symbols.string(events.name[row]!) !== 'dump_page') return null;
  const text = events.details.label[events.detail[row]!]!;
  return text < 0 ? null : symbols.string(text);
}

/**
 * A page of a kind that is never moved: it keeps its pageblock from being isolated, whatever its count. In the words of
 * set_migratetype_isolate() (mm/page_isolation.c).
 */
export function isDumpedAsUnmovable(moment: { readonly dumpedBecause: string | null }): boolean {
  return moment.dumpedBecause === 'unmovable page';
}
