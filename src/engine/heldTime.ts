/** How long references were held, as far as the capture shows it. */
import type { Capture, EventTable } from '../capture/eventTable';
import type { Page, Reference } from '../holders/model';
import type { TimeRange } from './eventProtocol';
import { spanText, type Clock } from './timeText';

/** A span in the capture's unit, and whether it may have been longer. */
export interface HeldTime {
  readonly span: number;
  /** The get or the put is not in the capture. */
  readonly isLeast: boolean;
}

interface TimeSpan {
  readonly first: number;
  readonly last: number;
}

/** What was found up to a row. */
interface KnownSpan extends TimeSpan {
  readonly rows: number;
}

/** By event table: it has millions of rows, each view asks, and while it is read it grows. */
const knownSpans = new WeakMap<EventTable, KnownSpan>();
const NOTHING_KNOWN: KnownSpan = { first: Infinity, last: -Infinity, rows: 0 };

/** First and last time of the events, as in the event table; null when none has a time. */
export function timeSpan({ events }: Capture): TimeSpan | null {
  let span = knownSpans.get(events) ?? NOTHING_KNOWN;
  if (span.rows < events.length) {
    span = widened(span, events);
    knownSpans.set(events, span);
  }
  return span.first <= span.last ? span : null;
}

/** Rows that are looked at in one go: V8 puts fractions of a loop that it compiles under way into objects, one a row. */
const ROWS_A_LOOK = 1 << 12;

function widened(known: KnownSpan, { time, length }: EventTable): KnownSpan {
  const ends = Float64Array.of(known.first, known.last);
  for (let { rows: row } = known; row < length; row += ROWS_A_LOOK) {
    widen(ends, time, row, Math.min(row + ROWS_A_LOOK, length));
  }
  return { first: ends[0]!, last: ends[1]!, rows: length };
}

function widen(ends: Float64Array, time: Float64Array, from: number, to: number): void {
  let [first, last] = [ends[0]!, ends[1]!];
  for (let row = from; row < to; row++) {
    const at = time[row]!;
    first = at < first ? at : first;
    last = at > last ? at : last;
  }
  ends[0] = first;
  ends[1] = last;
}

/** Last time of the capture's events, as in the event table; NaN where it has none. */
export function lastTime(capture: Capture): number {
  return timeSpan(capture)?.last ?? NaN;
}

/**
 * From the get to the put. Where the get is not in the capture, from the first mark at which the reference was open;
 * where the put is not, to the last such mark, or to the end of the capture when it is still held there.
 *
 * @param end last time of the capture
 * @returns times as in the event table, NaN where the capture does not tell them
 */
export function heldBetween(page: Page, reference: Reference, end: number): TimeRange {
  const { acquired, released, releasedUnseen, openAt } = reference;
  const timeOf = (mark: number | undefined): number => page.marks[mark ?? -1]?.time ?? NaN;
  return {
    from: acquired?.time ?? timeOf(openAt[0]),
    to: released?.time ?? (releasedUnseen ? timeOf(openAt.at(-1)) : end),
  };
}

/**
 * How long {@link heldBetween} is; where the put has no time, what the kernel says that it was held at least.
 *
 * @param end last time of the capture
 * @returns null where the capture does not tell
 */
export function heldTime(page: Page, reference: Reference, end: number): HeldTime | null {
  const { acquired, released, heldAtLeast, weight } = reference;
  if (weight === 0) return null;
  if (heldAtLeast !== undefined) return { span: heldAtLeast, isLeast: true };
  const { from, to } = heldBetween(page, reference, end);
  const span = to - from;
  return span >= 0 ? { span, isLeast: acquired === null || released === null } : null;
}

/**
 * The longer of two times, either null where the capture does not tell it. What may have been longer than it is known to
 * be may have been the longest, too: then no more is known of that than that it was so long.
 */
export function longerOf(one: HeldTime | null, other: HeldTime | null): HeldTime | null {
  if (one === null || other === null) return one ?? other;
  return { span: Math.max(one.span, other.span), isLeast: one.isLeast || other.isLeast };
}

/**
 * The longest time that one of the references on a page was held.
 *
 * @param end last time of the capture
 * @returns null where the capture tells it of none
 */
export function longestHeld(page: Page, references: readonly Reference[], end: number): HeldTime | null {
  return references.reduce<HeldTime | null>(
    (longest, reference) => longerOf(longest, heldTime(page, reference, end)),
    null,
  );
}

/** `16.8 ms`, `≥ 47.3 ms`. */
export function heldTimeText({ span, isLeast }: HeldTime, clock: Clock): string {
  return `${isLeast ? '≥ ' : ''}${spanText(span, clock)}`;
}
