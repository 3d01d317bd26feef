import { NO_CPU } from '../eventTable';
import type { ClockSample, HostClock, TscToNanoseconds } from './clock';
import { SequentialReader, decodeText } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** Ids of options and sections (trace-cmd.dat.v7(5); enum in lib/trace-cmd/include/private/trace-cmd-private.h). */
export const OptionId = {
  done: 0,
  date: 1,
  cpuStat: 2,
  buffer: 3,
  traceClock: 4,
  uname: 5,
  offset: 7,
  cpuCount: 8,
  version: 9,
  traceId: 11,
  timeShift: 12,
  guest: 13,
  tscToNanoseconds: 14,
  headerInfo: 16,
  ftraceEvents: 17,
  eventFormats: 18,
  kallsyms: 19,
  printk: 20,
  commandLines: 21,
  bufferText: 22,
  btf: 23,
  lastBootInfo: 24,
  modules: 25,
} as const;

/** Flag of TIME_SHIFT: between two samples the offset is interpolated (TRACECMD_TSYNC_FLAG_INTERPOLATE). */
const INTERPOLATE = 1;
/** More CPUs than this no kernel has (NR_CPUS goes to 8192), and the column has no room for. */
const MOST_CPUS = NO_CPU;

/** Where the records of one CPU are: `size` bytes at `offset` of the file. */
export interface CpuRange {
  readonly cpu: number;
  readonly offset: number;
  readonly size: number;
  /** It should go on, but the file is cut off behind it. */
  readonly isCutOff: boolean;
}

/** One ring buffer: that of the top level (empty name) or of an instance. */
export interface BufferOption {
  readonly name: string;
  /** Offset of its section (version 7), or of its own head with tag and CPU table (version 6). */
  readonly offset: number;
  /** Name of its clock, null in version 6. */
  readonly clock: string | null;
  /** True when its content is text of the latency tracers instead of ring buffer pages. */
  readonly isText: boolean;
  /** Bytes of a ring buffer page, 0 where the option has none. */
  readonly pageSize: number;
  readonly cpus: readonly CpuRange[];
}

/** What the option sections of a file say. */
export class FileOptions {
  readonly buffers: BufferOption[] = [];
  /** Offset of each metadata section, by its id; a later one replaces an earlier one. */
  readonly sections = new Map<number, number>();
  traceClock: string | null = null;
  uname: string | null = null;
  recorder: string | null = null;
  cpuCount: number | null = null;
  /** Nanoseconds to add to every time (DATE, OFFSET). */
  timeOffset = 0n;
  traceId: bigint | null = null;
  readonly guests: { readonly name: string; readonly traceId: bigint }[] = [];
  tsc: TscToNanoseconds | null = null;
  host: HostClock | null = null;
  readonly cpuStats: string[] = [];
  hasLastBoot = false;
  /** The TRACECLOCK option is there: in version 6 the clock's text follows the CPU table. */
  hasTraceClock = false;

  constructor(
    private readonly littleEndian: boolean,
    private readonly hasSections: boolean,
  ) {}

  /**
   * Takes in one option.
   *
   * @param offset where its data is in the file
   * @throws UnexpectedData where the data does not fit the option
   */
  async add(id: number, data: Uint8Array, offset: number): Promise<void> {
    const reader = SequentialReader.overBytes(data, this.littleEndian, offset);
    switch (id) {
      case OptionId.date:
        // In microseconds, others in nanoseconds (trace-input.c, handle_options()).
        this.timeOffset += integerOf(decodeString(data)) * 1000n;
        return;
      case OptionId.offset:
        this.timeOffset += integerOf(decodeString(data));
        return;
      case OptionId.cpuStat:
        this.cpuStats.push(decodeString(data));
        return;
      case OptionId.buffer:
      case OptionId.bufferText:
        this.buffers.push(await this.buffer(reader, id === OptionId.bufferText));
        return;
      case OptionId.traceClock:
        this.hasTraceClock = true;
        this.traceClock = chosenClock(decodeString(data)) ?? this.traceClock;
        return;
      case OptionId.uname:
        this.uname = decodeString(data).trim();
        return;
      case OptionId.version:
        this.recorder = decodeString(data).trim();
        return;
      case OptionId.cpuCount:
        this.cpuCount = await reader.u32('the number of CPUs');
        return;
      case OptionId.traceId:
        this.traceId = await reader.big('the trace id');
        return;
      case OptionId.guest:
        this.guests.push({
          name: await reader.string('the name of a guest'),
          traceId: await reader.big('the trace id of a guest'),
        });
        return;
      case OptionId.tscToNanoseconds:
        this.tsc = tscOf(await reader.u32('the TSC multiplier'), await reader.u32('the TSC shift'), offset);
        return;
      case OptionId.timeShift:
        this.host = await hostClock(reader);
        return;
      case OptionId.lastBootInfo:
        this.hasLastBoot = true;
        return;
      case OptionId.headerInfo:
      case OptionId.ftraceEvents:
      case OptionId.eventFormats:
      case OptionId.kallsyms:
      case OptionId.printk:
      case OptionId.commandLines:
      case OptionId.btf:
      case OptionId.modules:
        this.sections.set(id, await reader.u64('the offset of a section'));
        return;
      default:
        // trace-cmd skips what it does not know, so that options can be added.
        return;
    }
  }

  private async buffer(reader: SequentialReader, isText: boolean): Promise<BufferOption> {
    const offset = await reader.u64('the offset of a buffer');
    const name = await reader.string('the name of a buffer');
    if (!this.hasSections) return { name, offset, clock: null, isText: false, pageSize: 0, cpus: [] };
    const clock = await reader.string('the clock of a buffer');
    if (isText) return { name, offset, clock, isText, pageSize: 0, cpus: [] };
    const pageSize = await reader.u32('the page size of a buffer');
    const count = await reader.u32('the number of CPUs of a buffer');
    const cpus: CpuRange[] = [];
    for (let i = 0; i < count; i++) {
      const cpu = await reader.u32('the number of a CPU');
      const cpuOffset = await reader.u64('the offset of the data of a CPU');
      const size = await reader.u64('the size of the data of a CPU');
      if (cpu >= MOST_CPUS) {
        throw new UnexpectedData(reader.place, `a CPU numbered ${cpu}, expected less than ${MOST_CPUS}`);
      }
      cpus.push({ cpu, offset: cpuOffset, size, isCutOff: false });
    }
    return { name, offset, clock, isText, pageSize, cpus };
  }
}

/** The clock in brackets of `local global [mono] boot`, or null. */
export function chosenClock(text: string): string | null {
  return /\[([^\]\s]+)\]/.exec(text)?.[1] ?? null;
}

/** Text up to its first NUL. */
function decodeString(data: Uint8Array): string {
  const nul = data.indexOf(0);
  return decodeText(nul < 0 ? data : data.subarray(0, nul));
}

/** As strtoll() with base 0: decimal or `0x…`, with a sign; 0 for anything else. */
function integerOf(text: string): bigint {
  const match = /^\s*([-+]?)(0x[0-9a-f]{1,16}|\d{1,19})/i.exec(text);
  if (!match) return 0n;
  const value = BigInt.asIntN(64, BigInt(match[2]!));
  return match[1] === '-' ? -value : value;
}

function tscOf(mult: number, shift: number, offset: number): TscToNanoseconds | null {
  if (mult === 0) return null;
  if (shift > 32) {
    throw new UnexpectedData(offset, `a TSC shift of ${shift}, expected at most 32; times stay in ticks`);
  }
  return { mult, shift };
}

/** TIME_SHIFT; the fractions behind are younger than the rest (trace-input.c, tsync_cpu_offsets_load()). */
async function hostClock(reader: SequentialReader): Promise<HostClock> {
  const peer = await reader.big('the trace id of the host');
  const flags = await reader.u32('the flags of the time shift');
  const cpuCount = await reader.u32('the number of CPUs of the time shift');
  const columns: { times: bigint[]; offsets: bigint[]; scalings: bigint[] }[] = [];
  for (let cpu = 0; cpu < cpuCount; cpu++) {
    const count = await reader.u32('the number of time shifts of a CPU');
    const column = async (what: string): Promise<bigint[]> => {
      const values: bigint[] = [];
      for (let i = 0; i < count; i++) values.push(await reader.big(what));
      return values;
    };
    const times = await column('the time of a time shift');
    const offsets = (await column('the offset of a time shift')).map((value) => BigInt.asIntN(64, value));
    const scalings = await column('the scaling of a time shift');
    columns.push({ times, offsets, scalings });
  }
  const hasFractions = reader.remaining > 0;
  const samples: ClockSample[][] = [];
  for (const { times, offsets, scalings } of columns) {
    const list: ClockSample[] = [];
    for (const [i, time] of times.entries()) {
      const fraction = hasFractions ? await reader.big('the fraction of a time shift') : 0n;
      list.push({ time, offset: offsets[i]!, scaling: scalings[i]!, fraction: fraction & 63n });
    }
    list.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    samples.push(list.filter((sample, i) => i === 0 || sample.time !== list[i - 1]!.time));
  }
  return { peer, interpolates: (flags & INTERPOLATE) !== 0, samples };
}
