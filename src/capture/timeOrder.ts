import type { TimeGoesBack } from './eventTable';

/**
 * How far the clocks of two CPUs may be apart: trace_clock() of kernel/trace/trace_clock.c says "an imprecision of ~1
 * jiffy between CPUs" of itself, and a jiffy has 10 ms at the most (HZ=100). A line that another CPU's overtook on its
 * way through trace_pipe comes later by less.
 */
const CLOCKS_APART = 10e6;
/** Of a clock of unknown rate: the part of all the time in the text that is far. Several traces overlap by more. */
const FAR_PART = 1 / 10;
/**
 * A CPU writes its records one after the other, so its own times stand still or grow. A few out of order do happen
 * where a program sorts them; differences in place of times go back in every second line.
 */
const OFTEN_PART = 1 / 10;
/** In fewer records than these nothing is often. */
const FEWEST_RECORDS = 20;

/** Watches whether the times of a text run backwards. */
export class TimeOrder {
  private newest = NaN;
  private earliest = 0;
  private latest = 0;
  private farSteps = 0;
  private steps = 0;
  private stepsOnOneCpu = 0;
  private largest = 0;
  private lineOfLargest = 0;

  /** The record in `line` has `time` (NaN: unknown), and the one before it of its CPU `ofCpu`. */
  passed(time: number, ofCpu: number, line: number): void {
    if (time < this.newest) this.stepBack(time, ofCpu, line);
    this.newest = time;
  }

  private stepBack(time: number, ofCpu: number, line: number): void {
    const step = this.newest - time;
    this.steps++;
    if (time < ofCpu) this.stepsOnOneCpu++;
    if (step > CLOCKS_APART) this.farSteps++;
    if (step > this.largest) {
      this.largest = step;
      this.lineOfLargest = line;
    }
    if (time < this.earliest) this.earliest = time;
    if (this.newest > this.latest) this.latest = this.newest;
  }

  /** Null where the times follow each other as well as clocks do. `records` is how many passed. */
  goesBack(records: number, isTicks: boolean): TimeGoesBack | null {
    const { steps, largest, lineOfLargest: line } = this;
    if (steps === 0) return null;
    const isOften = records >= FEWEST_RECORDS && this.stepsOnOneCpu > records * OFTEN_PART;
    if (isOften) return { line, largest, times: steps, isOften };
    if (!isTicks) return this.farSteps === 0 ? null : { line, largest, times: this.farSteps, isOften };
    const latest = this.newest > this.latest ? this.newest : this.latest;
    // How many of the others are far is not kept, as it is not known before the end what far is.
    return largest > (latest - this.earliest) * FAR_PART ? { line, largest, times: 1, isOften } : null;
  }
}
