/** From where the times of references are told: the marks under which they stand, or the end of the capture. */
import type { Capture } from '../capture/eventTable';
import type { Mark, ReferenceEnd } from '../holders/model';
import { spanText } from './timeText';

export interface Vantage {
  /** `12.4 ms before the mark`, `at an unknown time`. */
  readonly relativeTime: (end: ReferenceEnd) => string;
  /** The same where the row stands below what the time is relative to: `6.37 ms after`. */
  readonly shortTime: (end: ReferenceEnd) => string;
}

const UNKNOWN = 'at an unknown time';

/** @param marks in order of the capture, at least one */
export function fromMarks({ clock }: Capture, marks: readonly Mark[]): Vantage {
  const first = marks[0]!;
  const last = marks.at(-1)!;
  const several = marks.length > 1;
  const relativeTime = (end: ReferenceEnd): string => {
    if (![end.time, first.time, last.time].every(Number.isFinite)) return UNKNOWN;
    if (end.row < first.row) {
      return `${spanText(first.time - end.time, clock)} before the ${several ? 'first ' : ''}mark`;
    }
    if (end.row > last.row) {
      return `${spanText(end.time - last.time, clock)} after the ${several ? 'last ' : ''}mark`;
    }
    return `${spanText(end.time - first.time, clock)} after the first mark`;
  };
  const shortTime = (end: ReferenceEnd): string =>
    relativeTime(end).replace(/ the (?:first |last )?mark$/, '');
  return { relativeTime, shortTime };
}

/** @param lastTime of the capture, NaN where the format has none */
export function fromEnd({ clock }: Capture, lastTime: number): Vantage {
  const relativeTime = (end: ReferenceEnd): string =>
    Number.isFinite(lastTime - end.time)
      ? `${spanText(lastTime - end.time, clock)} before the end of the capture`
      : UNKNOWN;
  const shortTime = (end: ReferenceEnd): string => relativeTime(end).replace(/ of the capture$/, '');
  return { relativeTime, shortTime };
}
