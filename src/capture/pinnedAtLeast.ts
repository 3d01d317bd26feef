/** The time that Android's page_pinner gives with a put, whose own time it does not tell. */
import { type Capture, NO_DETAILS } from './eventTable';

/** The first line of the record of a put. */
const MICROSECONDS = /^At least, pinned for (\d+) us$/;

/**
 * What the kernel says that a page was pinned for at least when a put dropped a reference to it, in ns; null where the
 * event is none of page_pinner's. It counts from the failure to move the page, in one generation from a pin before that
 * (mm/page_pinner.c __page_pinner_put_page, __set_page_pinner): when the put was is not known by it.
 */
export function pinnedAtLeast({ events, symbols }: Capture, row: number): number | null {
  const detail = events.detail[row]!;
  const label = detail === NO_DETAILS ? -1 : events.details.label[detail]!;
  const found = label < 0 ? null : MICROSECONDS.exec(symbols.string(label));
  return found === null ? null : Number(found[1]) * 1000;
}
