import { joined } from '../../../src/capture/byteChunks';
import type { ByteSource } from '../../../src/capture/byteSource';
import { TRACEPOINT } from '../../../src/capture/perfData/perfAttribute';
import { RecordType } from '../../../src/capture/perfData/recordType';
import { ProblemList } from '../../../src/capture/problemList';
import { SymbolTableBuilder } from '../../../src/capture/symbolTableBuilder';
import { BufferData } from '../../../src/capture/traceDat/bufferData';
import { CaptureClock } from '../../../src/capture/traceDat/clock';
import { CpuCursor } from '../../../src/capture/traceDat/cpuCursor';
import { OptionId } from '../../../src/capture/traceDat/fileOptions';
import { FileRanges } from '../../../src/capture/traceDat/fileRanges';
import { FileStructure } from '../../../src/capture/traceDat/fileStructure';
import { PerfDataFrame } from './perfDataFrame';
import { readSections } from './repeatTraceDat';

const RECORD_HEADER = 8;
/** PERF_CONTEXT_KERNEL. */
const CONTEXT_KERNEL = 0xffffffffffffff80n;
/** IDENTIFIER, IP, TID, TIME, CPU, PERIOD, CALLCHAIN, RAW: what `perf record -a -g` of tracepoints takes. */
const SAMPLE_TYPE = 0x10000 | 0x1 | 0x2 | 0x4 | 0x80 | 0x100 | 0x20 | 0x400;
/** Bytes of a sample up to its call chain. */
const FIXED = RECORD_HEADER + 48;
/** The kernel wakes perf when half of a CPU's buffer is full, which has 512 KB by default. */
const WAKE_UP = 1 << 18;
const EVENTS_AT_A_TIME = 1024;
/** Stands in a trace above the tracepoint, but not in perf's chains. */
const OWN_FRAME = /^(?:trace_event_raw_event_|perf_trace_)/;

/**
 * Yields a perf.data with the first `samples` events of a trace.dat: their records, times, CPUs, tasks and stacks are
 * those of the trace, in records as `perf record -a -g --kernel-callchains` lays them out, and in rounds as perf
 * writes them: when half of the buffer of a CPU is full, it copies what is in those of all CPUs. Head, attributes and
 * formats are those of a small perf.data of the same kernel and the same events.
 *
 * @param trace a little-endian trace.dat of version 7 with kernel stacks
 * @param small a little-endian perf.data that is no pipe's
 * @throws Error when they are others, or damaged
 */
export async function* perfDataOfTrace(
  trace: ByteSource,
  small: ByteSource,
  samples: number,
): AsyncGenerator<Uint8Array> {
  const frame = await PerfDataFrame.read(small);
  // The head says how long the records are, which is known behind the last: so all is done twice, and nothing kept.
  let size = 0;
  for await (const part of recordsOfTrace(frame, trace, samples)) size += part.length;
  yield frame.head(size);
  yield* recordsOfTrace(frame, trace, samples);
  yield frame.tail(size);
}

async function* recordsOfTrace(
  frame: PerfDataFrame,
  trace: ByteSource,
  samples: number,
): AsyncGenerator<Uint8Array> {
  const input = await TraceRecords.read(trace);
  yield joined([...kernelRecords(frame, input.textAddress), ...taskNames(input.comms)]);
  yield* new SampleWriter(frame, input).rounds(samples);
}

/** An event of a trace with its stack. */
interface TraceEvent {
  readonly cpu: number;
  readonly time: bigint;
  readonly pid: number;
  /** The tracepoint's record. */
  readonly record: Uint8Array;
  /** Addresses of 8 bytes. */
  readonly stack: Uint8Array;
}

const NO_STACK = new Uint8Array(0);

/** The events of a trace.dat in order of time. */
class TraceRecords {
  private readonly stackType: number;
  private readonly typeOffset = 0;
  private readonly pidOffset = 4;
  private readonly symbols = new SymbolTableBuilder();
  private callerOffset: number | null = null;
  /** By the lower half of an address. */
  private readonly ownFrames = new Map<number, boolean>();

  private constructor(
    private readonly structure: FileStructure,
    private readonly cursors: readonly CpuCursor[],
    private readonly timeBase: bigint,
    /** Where `_text` is; null where the kallsyms do not say. */
    readonly textAddress: bigint | null,
  ) {
    const { metadata } = structure;
    const stack = [...metadata.eventIds].find((id) => metadata.format(id)?.name === 'kernel_stack');
    if (stack === undefined) throw new Error('it does not say how its stacks are laid out');
    this.stackType = stack;
  }

  static async read(source: ByteSource): Promise<TraceRecords> {
    const problems = new ProblemList();
    const file = new FileRanges(source, {});
    const structure = new FileStructure(file, problems);
    await structure.read();
    await structure.readNames();
    const { header, metadata } = structure;
    const [buffer] = structure.buffers;
    if (header?.version !== 7 || !header.littleEndian || !metadata.page || !buffer) {
      throw new Error('expected a little-endian trace.dat of version 7; make one with "trace-cmd convert"');
    }
    const clock = new CaptureClock(0n, structure.options.timeOffset, structure.options.tsc, null);
    const layout = { littleEndian: true, page: metadata.page, record: metadata.record, clock };
    const cursors = new BufferData(file, structure, problems)
      .ofBuffer(buffer)
      .map(
        ({ range, data }, order) =>
          new CpuCursor(order, range.cpu, true, data, buffer.pageSize, layout, problems),
      );
    for (const cursor of cursors) await cursor.load();
    const { sections } = await readSections(await file.read(0, file.size), file);
    const kallsyms = new TextDecoder('latin1').decode(sections.get(OptionId.kallsyms));
    const text = /^([0-9a-f]{16}) T _text$/m.exec(kallsyms.slice(4))?.[1];
    const textAddress = text === undefined ? null : BigInt(`0x${text}`);
    return new TraceRecords(structure, cursors, clock.timeBase, textAddress);
  }

  get comms(): ReadonlyMap<number, string> {
    return this.structure.metadata.comms;
  }

  /** The name of the event whose records have a type, with its system. */
  eventName(type: number): string | null {
    const format = this.structure.metadata.format(type);
    return format && `${format.system}:${format.name}`;
  }

  /** Many at a time, in order of time; a stack belongs to the newest event of its CPU. */
  async *events(): AsyncGenerator<readonly TraceEvent[]> {
    const waiting = new Map<number, TraceEvent>();
    let found: TraceEvent[] = [];
    for (;;) {
      let next: CpuCursor | null = null;
      for (const cursor of this.cursors) {
        if (!cursor.isDone && (next === null || cursor.time < next.time)) next = cursor;
      }
      if (next === null) break;
      const { cpu, view, at, length } = next;
      const before = waiting.get(cpu);
      if (view.getUint16(at + this.typeOffset, true) !== this.stackType) {
        if (before) found.push(before);
        waiting.set(cpu, {
          cpu,
          time: this.timeBase + BigInt(next.time),
          pid: view.getInt32(at + this.pidOffset, true),
          record: next.bytes.slice(at, at + length),
          stack: NO_STACK,
        });
      } else if (before) {
        waiting.delete(cpu);
        found.push({ ...before, stack: this.stackOf(next) });
      }
      if (!next.advance()) await next.load();
      if (found.length === EVENTS_AT_A_TIME) {
        yield found;
        found = [];
      }
    }
    yield [...found, ...waiting.values()];
  }

  private stackOf({ bytes, view, at, length }: CpuCursor): Uint8Array {
    const format = this.structure.metadata.format(this.stackType);
    this.callerOffset ??= format?.fields.find(({ name }) => name === 'caller')?.offset ?? null;
    if (this.callerOffset === null) throw new Error('its stacks have no addresses');
    const start = at + this.callerOffset;
    let end = start;
    while (end + 8 <= at + length) {
      const address = view.getBigUint64(end, true);
      if (address === 0n || address === 0xffffffffffffffffn) break;
      end += 8;
    }
    const isOwn =
      end > start && this.isOwnFrame(view.getUint32(start + 4, true), view.getUint32(start, true));
    return bytes.slice(isOwn ? start + 8 : start, end);
  }

  private isOwnFrame(high: number, low: number): boolean {
    let isOwn = this.ownFrames.get(low);
    if (isOwn === undefined) {
      const { symbols } = this;
      const frame = this.structure.metadata.symbols.frame(high, low, symbols);
      isOwn = OWN_FRAME.test(symbols.frameFunction(frame));
      this.ownFrames.set(low, isOwn);
    }
    return isOwn;
  }
}

interface WrittenEvent {
  /** Id in the formats of the perf.data. */
  readonly type: number;
  /** The ids of its samples, by CPU. */
  readonly ids: readonly bigint[];
}

/** Lays events out as samples, in the rounds in which perf would have written them. */
class SampleWriter {
  /** By name. */
  private readonly events = new Map<string, WrittenEvent>();
  /** By id in the formats of the trace. */
  private readonly eventsOfTrace = new Map<number, WrittenEvent>();

  constructor(
    frame: PerfDataFrame,
    private readonly input: TraceRecords,
  ) {
    for (const { attribute, ids } of frame.events) {
      const format = attribute.type === TRACEPOINT ? frame.metadata.format(attribute.config) : null;
      if (!format) continue;
      if (attribute.sampleType !== SAMPLE_TYPE) throw new Error('its samples are laid out in another way');
      this.events.set(`${format.system}:${format.name}`, { type: attribute.config, ids });
    }
  }

  async *rounds(samples: number): AsyncGenerator<Uint8Array> {
    const buffers = new Map<number, { parts: Uint8Array[]; size: number }>();
    const flush = (): Uint8Array => {
      const parts = [...buffers].sort(([a], [b]) => a - b).flatMap(([, buffer]) => buffer.parts);
      buffers.clear();
      return joined([...parts, record(RecordType.finishedRound, 0, RECORD_HEADER)]);
    };
    let count = 0;
    for await (const events of this.input.events()) {
      for (const event of events) {
        if (count++ === samples) break;
        const sample = this.sample(event);
        const buffer = buffers.get(event.cpu) ?? { parts: [], size: 0 };
        buffers.set(event.cpu, buffer);
        buffer.parts.push(sample);
        buffer.size += sample.length;
        if (buffer.size >= WAKE_UP) yield flush();
      }
      if (count > samples) break;
    }
    yield flush();
  }

  private eventOf(type: number): WrittenEvent {
    const known = this.eventsOfTrace.get(type);
    if (known) return known;
    const name = this.input.eventName(type);
    const event = this.events.get(name ?? '');
    if (!event) throw new Error(`the perf.data has no event ${String(name)}`);
    this.eventsOfTrace.set(type, event);
    return event;
  }

  private sample({ cpu, time, pid, record: raw, stack }: TraceEvent): Uint8Array {
    const type = new DataView(raw.buffer).getUint16(0, true);
    const event = this.eventOf(type);
    const id = event.ids[cpu];
    if (id === undefined) throw new Error(`the perf.data knows of no CPU ${cpu}`);
    const rawSize = Math.ceil((raw.length + 4) / 8) * 8 - 4;
    const chainSize = stack.length === 0 ? 0 : 8 + stack.length;
    const bytes = record(RecordType.sample, 1, FIXED + 8 + chainSize + 4 + rawSize);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(8, id, true);
    view.setInt32(24, pid, true);
    view.setInt32(28, pid, true);
    view.setBigUint64(32, time, true);
    view.setUint32(40, cpu, true);
    view.setBigUint64(48, 1n, true);
    if (stack.length > 0) {
      bytes.set(stack.subarray(0, 8), 16);
      view.setUint32(FIXED, chainSize / 8, true);
      view.setBigUint64(FIXED + 8, CONTEXT_KERNEL, true);
      bytes.set(stack, FIXED + 16);
    }
    const rawAt = FIXED + 8 + chainSize;
    view.setUint32(rawAt, rawSize, true);
    bytes.set(raw, rawAt + 4);
    view.setUint16(rawAt + 4, event.type, true);
    return bytes;
  }
}

/** What a perf.data says of its events and of where the kernel is; the tasks and modules of its boot are left out. */
function* kernelRecords(frame: PerfDataFrame, textAddress: bigint | null): Generator<Uint8Array> {
  const { view, start, end } = frame;
  let isKernelMet = false;
  for (let at = start, size = 0; at < end; at += size) {
    size = view.getUint16(at + 6, true);
    const type = view.getUint32(at, true);
    const copy = new Uint8Array(view.buffer, at, size).slice();
    if (type === RecordType.mmap && !isKernelMet) {
      isKernelMet = true;
      const copyView = new DataView(copy.buffer);
      if (textAddress !== null) {
        copyView.setBigUint64(RECORD_HEADER + 8, textAddress, true);
        copyView.setBigUint64(RECORD_HEADER + 24, textAddress, true);
      }
      yield copy;
    } else if (type >= RecordType.headerAttribute && type !== RecordType.finishedRound) {
      yield copy;
    }
  }
}

/** PERF_RECORD_COMM for each task: `u32 pid, tid; char comm[]`, and ids, of which there are none before all time. */
function* taskNames(comms: ReadonlyMap<number, string>): Generator<Uint8Array> {
  // tid, time, cpu, identifier
  const trailer = 32;
  for (const [pid, comm] of comms) {
    const name = new TextEncoder().encode(comm);
    const nameSize = Math.ceil((name.length + 1) / 8) * 8;
    const bytes = record(RecordType.comm, 0, RECORD_HEADER + 8 + nameSize + trailer);
    const view = new DataView(bytes.buffer);
    view.setInt32(8, pid, true);
    view.setInt32(12, pid, true);
    bytes.set(name, 16);
    yield bytes;
  }
}

function record(type: number, misc: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint16(4, misc, true);
  view.setUint16(6, size, true);
  return bytes;
}
