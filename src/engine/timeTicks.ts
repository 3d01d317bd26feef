/** Round points of a clock within a range, for the axis of a drawing. */
import type { Capture } from '../capture/eventTable';
import type { TimelineTick, TimeRange } from './eventProtocol';
import { pointText } from './timeText';

const STEPS = [1n, 2n, 5n];

/** @param most how many there are room for */
export function timeTicks(
  { timeBase, clock }: Pick<Capture, 'timeBase' | 'clock'>,
  { from, to }: TimeRange,
  most: number,
): readonly TimelineTick[] {
  const step = roundStep((to - from) / Math.max(1, most));
  const first = timeBase + BigInt(Math.ceil(from));
  // BigInt division cuts towards zero: a clock before zero would lose a tick, and has none to speak of.
  const ticks: TimelineTick[] = [];
  for (let at = ((first + step - 1n) / step) * step; ; at += step) {
    const time = Number(at - timeBase);
    if (time > to || ticks.length > most) return ticks;
    ticks.push({ time, label: pointText(time, timeBase, clock, decimalStep(step)) });
  }
}

/** 1, 2 or 5 times a power of ten, at least `least`. */
function roundStep(least: number): bigint {
  for (let power = 1n; ; power *= 10n) {
    for (const step of STEPS) if (Number(step * power) >= least) return step * power;
  }
}

/** The power of ten by which a label is written, in ns; no more than a second. */
function decimalStep(step: bigint): number {
  return Math.min(1e9, 10 ** Math.floor(Math.log10(Number(step))));
}
