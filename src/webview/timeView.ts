/** The part of time that is looked at, and where a time is in a drawing of it. */
import type { TimeRange } from '../engine/eventProtocol';

/** Nobody looks closer than that, in ns or ticks. */
const SHORTEST = 10;
/** What is shown on each side of the marks, as a part of their span, and at least as a part of the whole. */
const AROUND_MARKS = 0.5;
const LEAST_AROUND = 0.02;
/** Marks over more of the whole than this are seen well enough in the whole. */
const NEARLY_WHOLE = 0.6;

/** Where to begin to look: the marks and what is around them; null where that is nearly the whole, or there are none. */
export function rangeOfMarks(times: readonly number[], span: TimeRange): TimeRange | null {
  const first = times.reduce((least, time) => Math.min(least, time), Infinity);
  const last = times.reduce((most, time) => Math.max(most, time), -Infinity);
  if (!(first <= last)) return null;
  const whole = span.to - span.from;
  const around = Math.max((last - first) * AROUND_MARKS, whole * LEAST_AROUND);
  const range = { from: Math.max(span.from, first - around), to: Math.min(span.to, last + around) };
  return range.to - range.from > whole * NEARLY_WHOLE ? null : range;
}

export class TimeView {
  private span: TimeRange = { from: 0, to: 1 };
  private shown: TimeRange = { from: 0, to: 1 };
  /**
   * What whoever looks chose; null for the whole, which grows with the capture. What was chosen before the window was
   * reloaded may lie beyond what is read by now, and is shown as soon as it is not.
   */
  private chosenRange: TimeRange | null = null;

  get range(): TimeRange {
    return this.shown;
  }

  /** What is shown when it is not the whole. */
  get part(): TimeRange | null {
    return this.chosenRange === null ? null : this.shown;
  }

  /** What is to be shown, also where it is not read yet; null for the whole. */
  get chosen(): TimeRange | null {
    return this.chosenRange;
  }

  /** First and last time of the capture, which may have grown. */
  setSpan(span: TimeRange): void {
    this.span = span;
    this.shown = this.chosenRange === null ? span : nearest(this.chosenRange, span);
  }

  show(range: TimeRange): void {
    const { span } = this;
    this.shown = nearest(range, span);
    const isWhole = this.shown.to - this.shown.from >= span.to - span.from;
    this.chosenRange = isWhole ? null : this.shown;
  }

  /** Shows what was chosen before, as soon as it is read, unless something else is chosen until then. */
  restore(range: TimeRange): void {
    this.chosenRange = range;
    this.shown = nearest(range, this.span);
  }

  /** Nothing was chosen: it was of another capture. */
  forget(): void {
    this.chosenRange = null;
    this.shown = this.span;
  }

  showAll(): void {
    this.show(this.span);
  }

  /** @param factor below 1 looks closer; `at` stays where it is */
  zoom(factor: number, at: number): void {
    const { from, to } = this.shown;
    const length = (to - from) * factor;
    const part = to === from ? 0 : (at - from) / (to - from);
    this.show({ from: at - part * length, to: at + (1 - part) * length });
  }

  /** @param part of what is shown, to the right where it is above 0 */
  pan(part: number): void {
    const { from, to } = this.shown;
    const by = (to - from) * part;
    this.show({ from: from + by, to: to + by });
  }

  /** Moves as little as brings a time into view. */
  reveal(time: number): void {
    const { from, to } = this.shown;
    if (!contains(this.shown, time)) {
      const half = (to - from) / 2;
      this.show({ from: time - half, to: time + half });
    } else if (this.chosenRange !== null && !contains(this.chosenRange, time)) {
      // Whoever looks at what is read by now is not led away from it.
      this.show(this.shown);
    }
  }

  /** Where a time is in a drawing of that width. */
  xOf(time: number, width: number): number {
    const { from, to } = this.shown;
    return to === from ? 0 : ((time - from) / (to - from)) * width;
  }

  timeAt(x: number, width: number): number {
    const { from, to } = this.shown;
    return from + (x / width) * (to - from);
  }
}

/** A range of that length in the span, as near to it as can be. */
function nearest({ from, to }: TimeRange, span: TimeRange): TimeRange {
  const length = Math.min(Math.max(to - from, SHORTEST), span.to - span.from);
  const start = Math.max(span.from, Math.min(from, span.to - length));
  return { from: start, to: start + length };
}

function contains({ from, to }: TimeRange, time: number): boolean {
  return time >= from && time <= to;
}
