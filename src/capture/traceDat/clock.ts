/** TSC2NSEC: nanoseconds = ticks · mult >> shift, as the kernel's mul_u64_u32_shr does. */
export interface TscToNanoseconds {
  readonly mult: number;
  readonly shift: number;
}

/** One measurement of how far the clock of a guest is from that of its host. */
export interface ClockSample {
  /** Guest time of the measurement. */
  readonly time: bigint;
  readonly offset: bigint;
  readonly scaling: bigint;
  readonly fraction: bigint;
}

/** TIME_SHIFT: how the times of a guest become those of its host. */
export interface HostClock {
  /** TRACEID of the host's recording. */
  readonly peer: bigint;
  readonly interpolates: boolean;
  /** By CPU, in order of time; a CPU without samples keeps its times. */
  readonly samples: readonly (readonly ClockSample[])[];
}

const TWO_32 = 2 ** 32;

/**
 * Clocks of the kernel that count nanoseconds (kernel/trace/trace.c, trace_clocks[]); `tsc2nsec` is what
 * trace-cmd calls the TSC with its own conversion. The others are `uptime` (jiffies), `counter`, `x86-tsc` and
 * those of other architectures.
 */
const NANOSECOND_CLOCKS = new Set(['local', 'global', 'perf', 'mono', 'mono_raw', 'boot', 'tai', 'tsc2nsec']);

/** Whether the named clock counts nanoseconds. A file without a name is of the default clock, `local`. */
export function countsNanoseconds(clock: string): boolean {
  return clock === '' || NANOSECOND_CLOCKS.has(clock);
}

/**
 * Turns the 64-bit time stamps of the ring buffer into float64 that are exact: each is the distance to a base
 * near the first one. Beyond 2^53 from there (104 days) steps become larger than 1.
 */
export class CaptureClock {
  /** What must be added to a converted time to get the capture's own clock. */
  readonly timeBase: bigint;
  /** Halves of the base. */
  readonly baseHigh: number;
  readonly baseLow: number;
  private readonly base: bigint;

  /**
   * @param first the earliest time stamp
   * @param offset added to every time, in ns (options DATE and OFFSET)
   */
  constructor(
    first: bigint,
    offset: bigint,
    private readonly tsc: TscToNanoseconds | null,
    private readonly host: HostClock | null,
  ) {
    // A base that ends in 32 zero bits lets a tick count be split into halves without a carry.
    this.base = tsc ? (first >> 32n) << 32n : first;
    this.baseHigh = Number(this.base >> 32n);
    this.baseLow = Number(this.base & 0xffffffffn);
    this.timeBase = BigInt.asUintN(64, this.converted(this.base, null)) + offset;
  }

  /** Whether times can be taken as they are, without {@link convert}. */
  get isPlain(): boolean {
    return this.tsc === null && this.host === null;
  }

  /** Distance of a time stamp, given as its upper and lower 32 bits, to the base. */
  relative(high: number, low: number): number {
    return (high - this.baseHigh) * TWO_32 + (low - this.baseLow);
  }

  /** The time of {@link EventTable.time} for a distance to the base, on a CPU. */
  convert(relative: number, cpu: number): number {
    if (this.host) {
      return Number(this.converted(this.base + BigInt(relative), cpu) - this.converted(this.base, null));
    }
    if (!this.tsc) return relative;
    const { mult, shift } = this.tsc;
    const high = Math.floor(relative / TWO_32);
    const low = relative - high * TWO_32;
    return high * mult * 2 ** (32 - shift) + scaled(low, mult, shift);
  }

  /** The whole conversion in one piece, for the rare and for the slow. */
  private converted(time: bigint, cpu: number | null): bigint {
    let result = time;
    const samples = cpu === null ? undefined : this.host?.samples[cpu];
    if (samples && samples.length > 0) result = hostTime(result, samples, this.host?.interpolates ?? false);
    if (!this.tsc) return result;
    const { mult, shift } = this.tsc;
    const low = result & 0xffffffffn;
    const high = result >> 32n;
    const scaledHigh = high * BigInt(mult);
    const back = BigInt(32 - shift);
    return ((low * BigInt(mult)) >> BigInt(shift)) + (back >= 0n ? scaledHigh << back : scaledHigh >> -back);
  }
}

/** floor(low · mult / 2^shift) for `low` and `mult` below 2^32: the product needs 64 bits, a float64 has 53. */
function scaled(low: number, mult: number, shift: number): number {
  const lower = (low & 0xffff) * mult;
  const carry = Math.floor(lower / 0x10000);
  const upper = (low >>> 16) * mult + carry;
  if (shift >= 16) return Math.floor(upper / 2 ** (shift - 16));
  return upper * 2 ** (16 - shift) + Math.floor((lower - carry * 0x10000) / 2 ** shift);
}

/** lib/trace-cmd/trace-input.c, timestamp_host_sync() and timestamp_correction_calc(). */
function hostTime(time: bigint, samples: readonly ClockSample[], interpolates: boolean): bigint {
  const first = samples[0]!;
  if (samples.length === 1) return time + first.offset;
  let index = 0;
  while (index < samples.length - 2 && samples[index + 1]!.time <= time) index++;
  const sample = samples[index]!;
  const next = samples[index + 1]!;
  let correction = sample.offset;
  const span = next.time - sample.time;
  if (interpolates && span > 0n) {
    correction += ((time - sample.time) * (next.offset - sample.offset) + span / 2n) / span;
  }
  return ((time * sample.scaling) >> sample.fraction) + correction;
}
