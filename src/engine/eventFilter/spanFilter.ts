/** Asks, in the text of a filter, for a span of time. */
import type { Capture } from '../../capture/eventTable';
import type { TimeRange } from '../eventProtocol';
import { asksBy, asPart, without } from './narrowFilter';

/** Points are written with no more digits than tell a thousandth of the span. */
const PARTS = 1000;

/** The filter with its tests of `after` and `before` replaced. */
export function withSpan(
  filter: string,
  { from, to }: TimeRange,
  { timeBase, clock, resolution }: Pick<Capture, 'timeBase' | 'clock' | 'resolution'>,
): string {
  const others = withoutSpan(filter);
  const finest = 10 ** Math.floor(Math.log10(Math.max(1, (to - from) / PARTS)));
  const step = BigInt(Math.max(clock === 'ticks' ? 1 : resolution, finest));
  const first = floored(timeBase + BigInt(Math.floor(from)), step);
  const last = floored(timeBase + BigInt(Math.ceil(to)), step) + step;
  const text = clock === 'ticks' ? String : secondsText;
  return [others, `after:${text(first)}`, `before:${text(last)}`].filter((part) => part !== '').join(' ');
}

function withoutSpan(filter: string): string {
  return asPart(without(filter, (_text, part) => asksBy(part, 'after') || asksBy(part, 'before')));
}

function floored(value: bigint, step: bigint): bigint {
  return value - (((value % step) + step) % step);
}

/** `12.5s` */
function secondsText(ns: bigint): string {
  const sign = ns < 0n ? '-' : '';
  const size = ns < 0n ? -ns : ns;
  const fraction = (size % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '');
  return `${sign}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}s`;
}
