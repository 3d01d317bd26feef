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
  const input = await TraceRecords.read(trace);
  const parts = [joined([...kernelRecords(frame, input.textAddress), ...taskNames(input.comms)])];
  for await (const round of new SampleWriter(frame, input).rounds(samples)) parts.push(round);
  const size = parts.reduce((sum, { length }) => sum + length, 0);
  yield frame.head(size);
  yield* parts;
  yield frame.tail(size);
}

/** An event of a trace with its stack. */
interface TraceEvent {
  readonly cpu: number;
  readonly time: bigint;
  readonly pid: number;
  /** The tracepoint's record. */
  readonly record: Uint8Array;
  readonly stack: readonly bigint[];
}

/** The events of a trace.dat in order of time. */
class TraceRecords {
  private readonly stackType: number;
  private readonly typeOffset = 0;
  private readonly pidOffset = 4;
  private readonly symbols = new SymbolTableBuilder();
  private readonly ownFrames = new Map<bigint, boolean>();

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

  /** In order of time; a stack belongs to the newest event of its CPU. */
  async *events(): AsyncGenerator<TraceEvent> {
    const waiting = new Map<number, TraceEvent>();
    for (;;) {
      const next = this.cursors
        .filter(({ isDone }) => !isDone)
        .reduce<CpuCursor | null>(
          (first, cursor) => (first && first.time <= cursor.time ? first : cursor),
          null,
        );
      if (!next) break;
      const { cpu, view, at, length } = next;
      const before = waiting.get(cpu);
      if (view.getUint16(at + this.typeOffset, true) !== this.stackType) {
        if (before) yield before;
        waiting.set(cpu, {
          cpu,
          time: this.timeBase + BigInt(next.time),
          pid: view.getInt32(at + this.pidOffset, true),
          record: next.bytes.slice(at, at + length),
          stack: [],
        });
      } else if (before) {
        waiting.delete(cpu);
        yield { ...before, stack: this.stackOf(next) };
      }
      if (!next.advance()) await next.load();
    }
    yield* waiting.values();
  }

  private stackOf({ view, at, length }: CpuCursor): bigint[] {
    const format = this.structure.metadata.format(this.stackType);
    const caller = format?.fields.find(({ name }) => name === 'caller');
    if (!caller) throw new Error('its stacks have no addresses');
    const stack: bigint[] = [];
    for (let place = at + caller.offset; place + 8 <= at + length; place += 8) {
      const address = view.getBigUint64(place, true);
      if (address === 0n || address === 0xffffffffffffffffn) break;
      if (stack.length > 0 || !this.isOwnFrame(address)) stack.push(address);
    }
    return stack;
  }

  private isOwnFrame(address: bigint): boolean {
    let isOwn = this.ownFrames.get(address);
    if (isOwn === undefined) {
      const { symbols } = this;
      const frame = this.structure.metadata.symbols.frame(
        Number(address >> 32n),
        Number(address & 0xffffffffn),
        symbols,
      );
      isOwn = OWN_FRAME.test(symbols.frameFunction(frame));
      this.ownFrames.set(address, isOwn);
    }
    return isOwn;
  }
}

/** Lays events out as samples, in the rounds in which perf would have written them. */
class SampleWriter {
  /** By name: id in the formats, and the ids of its samples by CPU. */
  private readonly events = new Map<string, { type: number; ids: readonly bigint[] }>();

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
    for await (const event of this.input.events()) {
      const sample = this.sample(event);
      const buffer = buffers.get(event.cpu) ?? { parts: [], size: 0 };
      buffers.set(event.cpu, buffer);
      buffer.parts.push(sample);
      buffer.size += sample.length;
      if (++count === samples) break;
      if (buffer.size >= WAKE_UP) yield flush();
    }
    yield flush();
  }

  private sample({ cpu, time, pid, record: raw, stack }: TraceEvent): Uint8Array {
    const type = new DataView(raw.buffer).getUint16(0, true);
    const name = this.input.eventName(type);
    const event = this.events.get(name ?? '');
    const id = event?.ids[cpu];
    if (!event || id === undefined)
      throw new Error(`the perf.data has no event ${String(name)} on CPU ${cpu}`);
    const rawSize = Math.ceil((raw.length + 4) / 8) * 8 - 4;
    const chain = stack.length === 0 ? [] : [CONTEXT_KERNEL, ...stack];
    const bytes = record(RecordType.sample, 1, FIXED + 8 + chain.length * 8 + 4 + rawSize);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(8, id, true);
    view.setBigUint64(16, stack[0] ?? 0n, true);
    view.setInt32(24, pid, true);
    view.setInt32(28, pid, true);
    view.setBigUint64(32, time, true);
    view.setUint32(40, cpu, true);
    view.setBigUint64(48, 1n, true);
    view.setBigUint64(FIXED, BigInt(chain.length), true);
    chain.forEach((address, index) => {
      view.setBigUint64(FIXED + 8 + index * 8, address, true);
    });
    const rawAt = FIXED + 8 + chain.length * 8;
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
