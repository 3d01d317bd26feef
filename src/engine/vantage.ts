/** From where the times of references are told: the marks under which they stand, or the end of the capture. */
import type { Capture } from '../capture/eventTable';
import type { Mark, ReferenceEnd } from '../holders/model';
import { failuresOf } from './markGroups';
import { spanText } from './timeText';

export interface Vantage {
  /** `12.4 ms before the mark`, `at the mark`, `at an unknown time`. */
  readonly relativeTime: (end: ReferenceEnd) => string;
  /** The same where the row stands below what the time is relative to: `6.37 ms after`. */
  readonly shortTime: (end: ReferenceEnd) => string;
}

const UNKNOWN = 'at an unknown time';

/** An event of the capture; its time as in the event table. */
type Point = Pick<ReferenceEnd, 'row' | 'time'>;

/** What times are relative to: one mark, the failures of one, or several marks. */
interface Told {
  readonly first: Point;
  readonly last: Point;
  /** `the mark`, `the first failure`: what the first point is called. */
  readonly firstName: string;
  readonly lastName: string;
}

/** @param marks in order of the capture, at least one */
export function fromMarks({ clock }: Capture, marks: readonly Mark[]): Vantage {
  const { first, last, firstName, lastName } = toldOf(marks);
  const isKnown = [first.time, last.time].every(Number.isFinite);
  const place = (end: ReferenceEnd): { readonly text: string; readonly from: string } => {
    if (!isKnown || !Number.isFinite(end.time)) return { text: UNKNOWN, from: '' };
    if (end.row < first.row) {
      const before = first.time - end.time;
      if (before < 0)
        return { text: `${spanText(-before, clock)} after`, from: ` ${firstName}, in the file before it` };
      return { text: `${spanText(before, clock)} before`, from: ` ${firstName}` };
    }
    if (end.row > last.row) {
      const after = end.time - last.time;
      if (after < 0)
        return { text: `${spanText(-after, clock)} before`, from: ` ${lastName}, in the file behind it` };
      return { text: `${spanText(after, clock)} after`, from: ` ${lastName}` };
    }
    if (end.row === first.row) return { text: `at ${firstName}`, from: '' };
    if (end.row === last.row) return { text: `at ${lastName}`, from: '' };
    // Between them the row above does not say from where it counts.
    return { text: `${spanText(end.time - first.time, clock)} after ${firstName}`, from: '' };
  };
  return {
    relativeTime: (end) => {
      const { text, from } = place(end);
      return text + from;
    },
    shortTime: (end) => place(end).text,
  };
}

function toldOf(marks: readonly Mark[]): Told {
  const first = marks[0]!;
  const last = marks.at(-1)!;
  if (marks.length > 1) {
    return { first, last: lastFailure(last), firstName: 'the first mark', lastName: 'the last mark' };
  }
  if (failuresOf(first) > 1) {
    const firstName = 'the first failure';
    return { first, last: lastFailure(first), firstName, lastName: 'the last failure' };
  }
  return { first, last, firstName: 'the mark', lastName: 'the mark' };
}

function lastFailure(mark: Mark): Point {
  return failuresOf(mark) > 1 ? { row: mark.lastRow, time: mark.lastTime } : mark;
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
