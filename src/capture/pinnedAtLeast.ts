/** The time that Android's page_pinner gives with a put, whose own time it does not tell. */
import { type Capture, NO_DETAILS } from './eventTable';

/** The first line of the record of a put, or of a pin that ended. */
const MICROSECONDS = /^(?:At least, pinned|Page pinned) for (\d+) us$/;
/** Of longterm_pinner in android12-5.10. */
const TAKEN = 'Page pinned for ';

/**
 * What the kernel says that a page was pinned for at least when a put dropped a reference to it, in ns; null where the
 * event is none of page_pinner's. It counts from the failure to move the page, of longterm_pinner and in one generation
 * from the last pin (mm/page_pinner.c __page_pinner_put_page, check_longterm_pin, __set_page_pinner): when the put was is
 * not known by it.
 */
export function pinnedAtLeast(
  { events, symbols }: Pick<Capture, 'events' | 'symbols'>,
  row: number,
): number | null {
  const found = MICROSECONDS.exec(labelOf({ events, symbols }, row));
  return found === null ? null : Number(found[1]) * 1000;
}

/** Whether the stack of the record is that of the pin, not of the put (mm/page_pinner.c check_longterm_pin). */
export function stackTookPin(capture: Pick<Capture, 'events' | 'symbols'>, row: number): boolean {
  return labelOf(capture, row).startsWith(TAKEN);
}

function labelOf({ events, symbols }: Pick<Capture, 'events' | 'symbols'>, row: number): string {
  const detail = events.detail[row]!;
  const label = detail === NO_DETAILS ? -1 : events.details.label[detail]!;
  return label < 0 ? '' : symbols.string(label);
}
