/** Times and spans as people write them. A capture's clock counts nanoseconds, or ticks of unknown length. */

export type Clock = 'ns' | 'ticks';

const UNITS = [
  { name: 's', length: 1e9 },
  { name: 'ms', length: 1e6 },
  { name: 'µs', length: 1e3 },
  { name: 'ns', length: 1 },
] as const;

/** A span to three significant digits: `46.2 ms`. `span` is in ns or ticks by `clock`. */
export function spanText(span: number, clock: Clock): string {
  const length = Math.abs(span);
  if (clock === 'ticks') return `${Math.round(length)} ticks`;
  // 999.95 would be written as 1000.
  const unit = UNITS.find((candidate) => length >= 0.9995 * candidate.length) ?? UNITS[3];
  const value = length / unit.length;
  const digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${unit.length === 1 ? Math.round(value) : Number(value.toFixed(digits))} ${unit.name}`;
}

/**
 * A point in the capture's own clock: `15.871753 s`, with as many digits as the capture has.
 *
 * @param time as in the event table, NaN where the format has none
 * @param timeBase added to it, in the same unit
 * @param resolution finest step of a time stamp in ns
 */
export function pointText(time: number, timeBase: bigint, clock: Clock, resolution: number): string {
  const total = absoluteTime(time, timeBase);
  if (total === null) return 'at an unknown time';
  if (clock === 'ticks') return `${total} ticks`;
  const digits = Math.max(0, 9 - Math.round(Math.log10(resolution)));
  const sign = total < 0n ? '-' : '';
  const ns = total < 0n ? -total : total;
  const fraction = (ns % 1_000_000_000n).toString().padStart(9, '0').slice(0, digits);
  return `${sign}${ns / 1_000_000_000n}${digits > 0 ? `.${fraction}` : ''} s`;
}

/** A time of the event table in the capture's own clock, or null where the format has none. */
export function absoluteTime(time: number, timeBase: bigint): bigint | null {
  return Number.isFinite(time) ? timeBase + BigInt(Math.round(time)) : null;
}
