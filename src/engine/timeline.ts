/** What happened when in a capture, as much of it as a drawing of some hundred columns can show. */
import type { Capture } from '../capture/eventTable';
import type { HolderAnalysis, Mark, Page, Reference } from '../holders/model';
import type { HeldSpan, TimelineGap, TimelineLane, TimelineMark, TimeRange } from './eventProtocol';
import { gapSpan, gapText } from './gapText';
import { heldBetween, heldTime, heldTimeText, longestHeld } from './heldTime';
import {
  heldReferences,
  isMatchAssumed,
  isStillHeld,
  MATCH_ASSUMED,
  pfnText,
  reasonText,
  stillHeldText,
  sumText,
} from './pageFacts';
import { counted, joined } from './wording';

/** More would be lines that nobody tells apart. */
const MOST_LANES = 6;
/** Spans drawn one below the other in a lane. */
const MOST_LEVELS = 4;
const MOST_GAPS = 1000;

interface MarkAt {
  readonly time: number;
  readonly pfn: number;
  readonly mark: Mark;
}

export class TimelineFacts {
  private readonly marks: readonly MarkAt[];
  private readonly worst: readonly Page[];

  constructor(
    private readonly capture: Capture,
    analysis: HolderAnalysis,
    private readonly span: TimeRange,
    private readonly part: number,
  ) {
    this.marks = analysis.pages
      .flatMap(({ pfn, marks }) => marks.map((mark) => ({ time: mark.time, pfn, mark })))
      .sort((a, b) => a.time - b.time || a.mark.row - b.mark.row);
    this.worst = worstPages(analysis, span.to);
  }

  /** Marks in a range; those of one reason that fall on one column are one. */
  marksIn(range: TimeRange, columns: number): readonly TimelineMark[] {
    const width = (range.to - range.from) / columns;
    const made = new Map<string, { first: MarkAt; count: number }>();
    for (const each of this.marks) {
      if (!(each.time >= range.from && each.time <= range.to)) continue;
      const column = width === 0 ? 0 : Math.floor((each.time - range.from) / width);
      const key = `${column} ${each.mark.reason ?? ''}`;
      const known = made.get(key);
      if (known === undefined) made.set(key, { first: each, count: 1 });
      else known.count++;
    }
    return [...made.values()].map(({ first, count }) => timelineMark(first, count));
  }

  /** The next mark of the whole capture behind an event, or the one before; from the other end without an event. */
  nextMark(row: number | null, step: 1 | -1): TimelineMark | null {
    const time = row === null ? -step * Infinity : this.capture.events.time[row]!;
    // Clocks stand still, and some events have no time: then rows say what is behind.
    const away = (mark: MarkAt): number => step * (mark.time - time || mark.mark.row - (row ?? 0));
    const isNext = (mark: MarkAt): boolean => away(mark) > 0;
    const next = step > 0 ? this.marks.find(isNext) : this.marks.findLast(isNext);
    return next === undefined ? null : timelineMark(next, 1);
  }

  gapsIn(range: TimeRange): readonly TimelineGap[] {
    const { span } = this;
    return this.capture.gaps
      .filter(({ from, to, cause }) => {
        // A CPU whose record begins later than others lost nothing that is known.
        if (cause === 'started') return false;
        // What is lost before the first event ends at it.
        const begin = Math.min(from ?? -Infinity, span.to);
        const end = Math.max(to ?? Infinity, span.from);
        return begin <= range.to && end >= range.from;
      })
      .slice(0, MOST_GAPS)
      .map((gap) => ({
        from: gap.from,
        to: gap.to,
        label: joined([gapText(gap), gapSpan(gap, this.capture)]),
      }));
  }

  /** The pages that were held longest, and before them the one that is looked at where it is none of these. */
  lanes(range: TimeRange, columns: number, page: Page | null): readonly TimelineLane[] {
    const isAmongWorst = this.worst.some(({ pfn }) => pfn === page?.pfn);
    const isHeld = page !== null && heldReferences(page).length > 0;
    const shown = isHeld && !isAmongWorst ? [page, ...this.worst] : this.worst;
    return shown.slice(0, MOST_LANES).map((each) => this.lane(each, range, columns));
  }

  /** Spans at the same time are one below the other, the longest first; those without a place are counted. */
  private lane(page: Page, range: TimeRange, columns: number): TimelineLane {
    const width = (range.to - range.from) / columns;
    const columnOf = (time: number): number =>
      Math.max(0, Math.min(columns, width === 0 ? 0 : Math.floor((time - range.from) / width)));
    const seen = heldReferences(page)
      .map((reference) => this.heldSpan(page, reference))
      .filter(({ from, to }) => to >= range.from && from <= range.to)
      .sort((one, other) => other.to - other.from - (one.to - one.from));
    const taken: Uint8Array[] = [];
    const spans: HeldSpan[] = [];
    for (const span of seen) {
      const [first, end] = [columnOf(span.from), columnOf(span.to) + 1];
      const level = freeLevel(taken, first, end, columns);
      if (level === null) continue;
      taken[level]!.fill(1, first, end);
      spans.push({ ...span, level });
    }
    const left = seen.length - spans.length;
    return { pfn: page.pfn, label: pfnText(page.pfn), spans, levels: taken.length, left };
  }

  private heldSpan(page: Page, reference: Reference): Omit<HeldSpan, 'level'> {
    const { acquired, released } = reference;
    const held = heldTime(page, reference, this.span.to);
    return {
      ...heldBetween(page, reference, this.span.to),
      isOpenBefore: acquired === null,
      isOpenAfter: released === null,
      isAssumed: isMatchAssumed(reference),
      row: acquired?.row ?? released?.row ?? -1,
      label: joined([
        pfnText(page.pfn),
        reference.holder,
        held === null ? null : `held ${heldTimeText(held, this.capture.clock)}`,
        isStillHeld(reference) ? stillHeldText(this.part < 1) : null,
        isMatchAssumed(reference) ? MATCH_ASSUMED : null,
      ]),
    };
  }
}

/** The first level whose columns from `first` up to `end` are free, which may be a new one; null where none is. */
function freeLevel(taken: Uint8Array[], first: number, end: number, columns: number): number | null {
  const level = taken.findIndex((columnsTaken) => !columnsTaken.subarray(first, end).includes(1));
  if (level >= 0) return level;
  if (taken.length === MOST_LEVELS) return null;
  taken.push(new Uint8Array(columns + 1));
  return taken.length - 1;
}

function timelineMark({ time, pfn, mark }: MarkAt, count: number): TimelineMark {
  return { time, pfn, row: mark.row, count, reason: mark.reason, label: markLabel(pfn, mark, count) };
}

function markLabel(pfn: number, mark: Mark, count: number): string {
  const first = joined([pfnText(pfn), reasonText(mark), sumText(mark)]);
  return count === 1 ? first : `${counted(count, 'mark')}, the first: ${first}`;
}

function worstPages({ pages }: HolderAnalysis, end: number): readonly Page[] {
  return pages
    .map((page) => ({ page, held: longestHeld(page, heldReferences(page), end) }))
    .filter(({ held }) => held !== null)
    .sort((a, b) => b.held!.span - a.held!.span)
    .slice(0, MOST_LANES)
    .map(({ page }) => page);
}
