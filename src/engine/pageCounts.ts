/** The refcount of one page over time, with its gets and puts and what migration expected at each mark. */
import { ABSENT, EventKind, type EventTable } from '../capture/eventTable';
import { countChange, isFree, reachesZero, setsCount } from '../holders/countChange';
import type { Page } from '../holders/model';
import type { CountChange, ExpectedCount, PageCounts, TimeRange } from './eventProtocol';
import { pfnText, sumText } from './pageFacts';

/**
 * @param rows of the page, ascending
 * @param page what the analysis says of it, or null where it says nothing
 * @param columns of the drawing: more events than that are thinned out, the least and the most of each column stay
 */
export function pageCounts(
  events: EventTable,
  pfn: number,
  rows: Int32Array,
  page: Page | null,
  range: TimeRange,
  columns: number,
): PageCounts {
  const line = new ThinnedLine(range, columns);
  const changes = new Map<string, CountChange>();
  for (const row of rows) {
    const count = countAfter(events, row);
    const time = events.time[row]!;
    if (count === null || !Number.isFinite(time)) continue;
    line.add(time, count);
    const change = changeOf(events, row);
    if (change === 0 || time < range.from || time > range.to) continue;
    // One get and one put a column are told apart; more are not.
    changes.set(`${line.columnOf(time)} ${Math.sign(change)}`, { time, row, count, change });
  }
  return {
    pfn,
    label: pfnText(pfn),
    ...line.points(),
    changes: [...changes.values()],
    expected: page === null ? [] : expectedCounts(page, range),
  };
}

function expectedCounts({ marks }: Page, range: TimeRange): readonly ExpectedCount[] {
  return marks.flatMap((mark) => {
    const { time, row, count, expected } = mark;
    if (count === null || expected === null || !(time >= range.from && time <= range.to)) return [];
    return [{ time, row, count, expected, label: sumText(mark) }];
  });
}

/** The count behind an event, or null where the event does not tell it. */
function countAfter(events: EventTable, row: number): number | null {
  const kind = events.kind[row]!;
  if (isFree(kind) || reachesZero(events, row)) return 0;
  if (kind === EventKind.PageRefFreeze && events.ret[row] === 1) return 0;
  // A marker of people who debug is no count: the event has that beside it.
  if (setsCount(events, row) && events.val[row] !== ABSENT) return events.val[row]!;
  const count = events.count[row]!;
  return count === ABSENT ? null : count;
}

function changeOf(events: EventTable, row: number): number {
  // The events of page_pin_owner and page_pinner are of puts, and do not say how many.
  return events.kind[row] === EventKind.PinPut ? -1 : countChange(events, row);
}

/** A step line, of which no column of the drawing has more than four points: the first, least, most and last. */
class ThinnedLine {
  private readonly times: number[] = [];
  private readonly counts: number[] = [];
  private column = -Infinity;
  private inColumn: { time: number; count: number }[] = [];
  /** The last point before the range: the line comes from there. */
  private before: { time: number; count: number } | null = null;
  private isBehind = false;

  constructor(
    private readonly range: TimeRange,
    private readonly columns: number,
  ) {}

  columnOf(time: number): number {
    const { from, to } = this.range;
    return to === from ? 0 : Math.floor(((time - from) / (to - from)) * this.columns);
  }

  add(time: number, count: number): void {
    if (time < this.range.from) {
      this.before = { time, count };
      return;
    }
    if (this.isBehind) return;
    this.isBehind = time > this.range.to;
    const column = this.columnOf(time);
    if (column !== this.column) this.flush();
    this.column = column;
    this.inColumn.push({ time, count });
  }

  points(): Pick<PageCounts, 'times' | 'counts'> {
    this.flush();
    if (this.before !== null) {
      this.times.unshift(this.before.time);
      this.counts.unshift(this.before.count);
    }
    return { times: Float64Array.from(this.times), counts: Float64Array.from(this.counts) };
  }

  private flush(): void {
    const points = this.inColumn;
    this.inColumn = [];
    if (points.length === 0) return;
    const least = points.reduce((a, b) => (b.count < a.count ? b : a));
    const most = points.reduce((a, b) => (b.count > a.count ? b : a));
    const kept = points.length <= 4 ? points : [...new Set([points[0]!, least, most, points.at(-1)!])];
    for (const { time, count } of [...kept].sort((a, b) => points.indexOf(a) - points.indexOf(b))) {
      this.times.push(time);
      this.counts.push(count);
    }
  }
}
