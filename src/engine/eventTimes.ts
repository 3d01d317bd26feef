/** When the events of a capture happened, and how many of a list fall into each column of a drawing. */
import type { Capture } from '../capture/eventTable';
import type { RowList } from './eventFilter/filteredRows';
import type { TimeRange } from './eventProtocol';
import { timeSpan } from './heldTime';

export class EventTimes {
  /** First and last time; null for a capture without times. */
  readonly span: TimeRange | null;
  /** Clocks stand still, but seldom go back: then a time is found by halving. */
  private readonly isInOrder: boolean;
  private readonly time: Float64Array;

  constructor(capture: Capture) {
    const { time, length } = capture.events;
    this.time = time;
    const span = timeSpan(capture);
    this.span = span === null ? null : { from: span.first, to: span.last };
    this.isInOrder = span !== null && isAscending(time, length);
  }

  /** The place in a list of the first row at or behind a time; its length where there is none. */
  indexAt(rows: RowList, time: number): number {
    if (!this.isInOrder) {
      for (let index = 0; index < rows.length; index++) if (this.time[rows.at(index)]! >= time) return index;
      return rows.length;
    }
    return this.firstAtOrBehind(rows, time, 0);
  }

  /**
   * How many rows of a list lie in each of `columns` equal parts of a range, both ends of which are included; at most
   * {@link MOST_COLUMNS}.
   */
  counts(rows: RowList, range: TimeRange, columns: number): Uint32Array {
    const counts = new Uint32Array(columns);
    const width = (range.to - range.from) / columns;
    if (this.isInOrder) {
      let before = this.firstAtOrBehind(rows, range.from, 0);
      for (let column = 0; column < columns; column++) {
        const isLast = column === columns - 1;
        const end = isLast ? range.to : range.from + (column + 1) * width;
        const behind = isLast ? this.firstBehind(rows, end, before) : this.firstAtOrBehind(rows, end, before);
        counts[column] = behind - before;
        before = behind;
      }
      return counts;
    }
    for (let index = 0; index < rows.length; index++) {
      const at = this.time[rows.at(index)]!;
      if (!(at >= range.from && at <= range.to)) continue;
      const column = width === 0 ? 0 : Math.floor((at - range.from) / width);
      counts[Math.min(columns - 1, column)]!++;
    }
    return counts;
  }

  private firstAtOrBehind(rows: RowList, time: number, from: number): number {
    return partition(from, rows.length, (index) => this.time[rows.at(index)]! < time);
  }

  private firstBehind(rows: RowList, time: number, from: number): number {
    return partition(from, rows.length, (index) => this.time[rows.at(index)]! <= time);
  }
}

/** Wider than any screen. */
export const MOST_COLUMNS = 8192;

/** The first index from `low` up to `high` for which `isBefore` no longer holds. */
function partition(low: number, high: number, isBefore: (index: number) => boolean): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** False where one of the first `length` numbers is below the one before it, or is none. */
function isAscending(numbers: Float64Array, length: number): boolean {
  for (let index = 1; index < length; index++) if (!(numbers[index]! >= numbers[index - 1]!)) return false;
  return true;
}
