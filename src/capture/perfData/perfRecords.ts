import { eventKindOf } from '../eventNames';
import { EventKind, NO_CPU, NONE } from '../eventTable';
import { EventTableBuilder } from '../eventTableBuilder';
import type { ProblemList } from '../problemList';
import { SymbolTableBuilder } from '../symbolTableBuilder';
import { EventFields } from '../traceDat/eventFields';
import type { TraceMetadata } from '../traceDat/metadata';
import { CallChains } from './callChains';
import { KernelMaps } from './kernelMaps';
import { TRACEPOINT, trailerOf, type PerfAttribute, type TrailerLayout } from './perfAttribute';
import { text, type PerfFacts } from './perfFacts';
import { PerfSample, longAt } from './perfSample';
import { RECORD_HEADER } from './recordWindow';
import { RecordType } from './recordType';
import { BEFORE_ALL, SideKind, SideRecords } from './sideRecords';

/** Bits of `misc` (include/uapi/linux/perf_event.h). */
const CPU_MODE_MASK = 7;
const MODE_KERNEL = 1;
/** PERF_RECORD_KSYMBOL_TYPE_BPF. */
const KSYMBOL_BPF = 1;

/** What is known of the samples of one attribute. */
interface SampledEvent {
  readonly attribute: PerfAttribute;
  readonly name: number;
  readonly kind: EventKind;
  /** Reads the tracepoint's record; null where its format is not known or not needed. */
  readonly fields: EventFields | null;
}

/**
 * Reads records into columns, in the order of the file: the samples as rows, what else concerns tasks and losses
 * as {@link SideRecords}. Until the rows are in order of time, their column `task` holds thread ids.
 */
export class PerfRecords {
  readonly table = new EventTableBuilder();
  readonly symbols = new SymbolTableBuilder();
  readonly side = new SideRecords();
  readonly maps = new KernelMaps();
  readonly attributes: PerfAttribute[] = [];
  metadata: TraceMetadata | null = null;
  /** Time of the first sample, from which all times count. */
  timeBase: bigint | null = null;
  /** Call chains with frames of the kernel. */
  stackRecords = 0;
  readonly chains: CallChains;
  /** How the bits of the page flags were told apart; null where no event has any. */
  flagSource: string | null = null;

  private readonly sample = new PerfSample();
  /** By the id that the kernel gave to an event on a CPU, its index in `attributes`. */
  private readonly attributeOfId = new Map<number, number>();
  /** By index in `attributes`; made when the first sample is met. */
  private readonly events: (SampledEvent | undefined)[] = [];
  private readonly doubts = new Set<string>();
  private readonly givenNames = new Map<number, string>();
  private trailers: TrailerLayout[] = [];
  private baseHigh = 0;
  private baseLow = 0;
  /** Time and CPU at the end of the newest record that is no sample; NaN and -1 where it has none. */
  private trailerTime = NaN;
  private trailerCpu = -1;

  constructor(
    private readonly littleEndian: boolean,
    private readonly facts: PerfFacts,
    private readonly problems: ProblemList,
  ) {
    this.chains = new CallChains(this.symbols, littleEndian);
  }

  /** Adds an event with the ids of its samples. */
  addAttribute(attribute: PerfAttribute, ids: readonly number[]): void {
    for (const id of ids) this.attributeOfId.set(id, this.attributes.length);
    this.attributes.push(attribute);
    this.trailers.push(trailerOf(attribute));
  }

  /** Names the event with an id (PERF_RECORD_EVENT_UPDATE). */
  nameEvent(id: number, name: string): void {
    const index = this.attributeOfId.get(id);
    if (index !== undefined) this.givenNames.set(index, name);
  }

  /**
   * Reads the record `bytes[at, at + size)`, its header included; `view` is of the same buffer, `offset` its place
   * in the file. Records that say nothing of pages, tasks and losses are passed over.
   */
  read(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    size: number,
    type: number,
    misc: number,
    offset: number,
  ): void {
    if (type === RecordType.sample) {
      this.readSample(bytes, view, at + RECORD_HEADER, at + size, offset);
      return;
    }
    switch (type) {
      case RecordType.comm:
      case RecordType.fork:
      case RecordType.lost:
      case RecordType.lostSamples:
      case RecordType.throttle:
        this.readTrailer(view, at, at + size);
        if (!this.sideRecord(bytes, view, at + RECORD_HEADER, at + size, type))
          this.tooShort(offset, type, size);
        return;
      case RecordType.mmap:
      case RecordType.mmap2:
        if ((misc & CPU_MODE_MASK) !== MODE_KERNEL) return;
        if (!this.kernelMap(bytes, view, at + RECORD_HEADER, at + size, type))
          this.tooShort(offset, type, size);
        return;
      case RecordType.ksymbol:
        if (!this.kernelSymbol(bytes, view, at + RECORD_HEADER, at + size)) this.tooShort(offset, type, size);
        return;
      default:
    }
  }

  private readSample(bytes: Uint8Array, view: DataView, at: number, end: number, offset: number): void {
    const little = this.littleEndian;
    const index = this.attributeOfSample(view, at, end);
    if (index < 0) {
      this.problem(
        offset,
        index === NONE
          ? 'a sample of an event that the file does not describe; it was skipped'
          : 'a sample too short for its id; it was skipped',
      );
      return;
    }
    const event = (this.events[index] ??= this.eventOf(index));
    const { attribute, kind, fields } = event;
    const { sample, table } = this;
    const missing = sample.read(view, at, end, attribute, little);
    if (missing !== null) {
      this.problem(offset, `a sample of ${end - at} bytes has no room for ${missing}; it was skipped`);
      return;
    }
    const time = sample.hasTime ? this.time(sample.timeHigh, sample.timeLow) : NaN;
    const cpu = sample.cpu < 0 || sample.cpu >= NO_CPU ? -1 : sample.cpu;
    const row = table.append(time, cpu < 0 ? NO_CPU : cpu, sample.tid, kind, event.name, offset);
    if (fields) {
      if (sample.rawSize >= fields.smallestRecord) {
        fields.read(view, bytes, sample.rawStart, sample.rawSize, row);
      } else {
        this.problem(
          offset,
          `${this.symbols.string(event.name)} with a record of ${sample.rawSize} bytes, expected ` +
            `${fields.smallestRecord} as its format says; its fields are left out`,
        );
      }
    }
    if (sample.chainLength > 0) {
      const { chainStart, chainLength } = sample;
      const stack = this.chains.stack(bytes, view, chainStart, chainLength, event.name, cpu);
      table.stack[row] = stack;
      if (stack !== NONE) this.stackRecords++;
    }
  }

  /** Index of the sample's attribute; NONE for an id that is not known, -2 when the id does not fit. */
  private attributeOfSample(view: DataView, at: number, end: number): number {
    const first = this.attributes[0];
    if (!first) return NONE;
    const place = first.layout.id;
    // Without ids in the samples there is one event, or no way to tell them apart.
    if (place < 0) return 0;
    if (at + place + 8 > end) return -2;
    const id = longAt(view, at + place, this.littleEndian);
    const index = this.attributeOfId.get(id);
    if (index !== undefined) return index;
    return id === 0 || this.attributes.length === 1 ? 0 : NONE;
  }

  private eventOf(index: number): SampledEvent {
    const attribute = this.attributes[index]!;
    const format = attribute.type === TRACEPOINT ? (this.metadata?.format(attribute.config) ?? null) : null;
    const name = format ? `${format.system}:${format.name}` : this.nameWithoutFormat(index);
    const kind = attribute.type === TRACEPOINT ? eventKindOf(name) : EventKind.Other;
    const nameId = this.symbols.internText(name);
    if (!format && attribute.type === TRACEPOINT) {
      this.problem(
        0,
        `the recording does not say how ${name} (id ${attribute.config}) is laid out, expected its format in the ` +
          'tracing data; its fields are left out',
      );
    }
    if (!format || kind === EventKind.Other) return { attribute, name: nameId, kind, fields: null };
    const fields = new EventFields(format, kind, {
      littleEndian: this.littleEndian,
      release: this.facts.release,
      strings: this.metadata?.strings ?? new Map<bigint, string>(),
      table: this.table,
      symbols: this.symbols,
    });
    this.noteFlags(fields);
    for (const column of fields.missing) {
      this.problem(0, `the format of ${name} has no field for "${column}"; expected it among its fields`);
    }
    return { attribute, name: nameId, kind, fields };
  }

  private noteFlags({ flagBits }: EventFields): void {
    if (!flagBits) return;
    this.flagSource ??= flagBits.source;
    if (flagBits.doubt === null || this.doubts.has(flagBits.doubt)) return;
    this.doubts.add(flagBits.doubt);
    this.problem(0, flagBits.doubt);
  }

  private nameWithoutFormat(index: number): string {
    const given = this.givenNames.get(index);
    if (given !== undefined && given !== '') return given;
    for (const { name, ids } of this.facts.descriptions) {
      if (ids.some((id) => this.attributeOfId.get(id) === index)) return name;
    }
    const { type, config } = this.attributes[index]!;
    return `event ${type}:0x${config.toString(16)}`;
  }

  /** Reads the ids at the end of a record that is no sample. */
  private readTrailer(view: DataView, at: number, end: number): void {
    this.trailerTime = NaN;
    this.trailerCpu = -1;
    const first = this.trailers[0];
    if (!first) return;
    let layout = first;
    const start = at + RECORD_HEADER;
    if (first.id !== 0 && end + first.id >= start) {
      const index = this.attributeOfId.get(longAt(view, end + first.id, this.littleEndian));
      if (index !== undefined) layout = this.trailers[index]!;
    }
    const little = this.littleEndian;
    if (layout.time !== 0 && end + layout.time >= start) {
      const place = end + layout.time;
      const high = view.getUint32(place + (little ? 4 : 0), little);
      const low = view.getUint32(place + (little ? 0 : 4), little);
      // What perf itself makes up for tasks that ran before it has no time.
      this.trailerTime = high === 0 && low === 0 ? BEFORE_ALL : this.time(high, low);
    }
    if (layout.cpu !== 0 && end + layout.cpu >= start) {
      const cpu = view.getInt32(end + layout.cpu, little);
      this.trailerCpu = cpu >= NO_CPU ? -1 : cpu;
    }
  }

  /** Keeps what a record says of a task or of losses; false when it is too short. */
  private sideRecord(bytes: Uint8Array, view: DataView, at: number, end: number, type: number): boolean {
    const little = this.littleEndian;
    const { side, table, trailerTime: time, trailerCpu: cpu } = this;
    switch (type) {
      case RecordType.comm: {
        // u32 pid, tid; char comm[]
        if (end - at < 9) return false;
        const nul = bytes.indexOf(0, at + 8);
        const nameEnd = nul < 0 || nul > end ? end : nul;
        const comm = this.symbols.internBytes(bytes, at + 8, nameEnd);
        side.add(time, table.length, SideKind.Comm, view.getInt32(at + 4, little), comm);
        return true;
      }
      case RecordType.fork:
        // u32 pid, ppid, tid, ptid; u64 time
        if (end - at < 16) return false;
        side.add(
          time,
          table.length,
          SideKind.Fork,
          view.getInt32(at + 8, little),
          view.getInt32(at + 12, little),
        );
        return true;
      case RecordType.lost:
        // u64 id, lost
        if (end - at < 16) return false;
        side.add(time, table.length, SideKind.Lost, cpu, longAt(view, at + 8, little));
        return true;
      case RecordType.lostSamples:
        // u64 lost
        if (end - at < 8) return false;
        side.add(time, table.length, SideKind.LostSamples, cpu, longAt(view, at, little));
        return true;
      default:
        side.add(time, table.length, SideKind.Throttled, cpu, 0);
        return true;
    }
  }

  /** `u32 pid, tid; u64 addr, len, pgoff; char filename[]`, MMAP2 with 24 bytes more before the name. */
  private kernelMap(bytes: Uint8Array, view: DataView, at: number, end: number, type: number): boolean {
    const nameAt = at + 32 + (type === RecordType.mmap2 ? 32 : 0);
    if (nameAt >= end) return false;
    const little = this.littleEndian;
    this.maps.addMap(
      text(bytes.subarray(nameAt, end)),
      view.getBigUint64(at + 8, little),
      view.getBigUint64(at + 16, little),
      view.getBigUint64(at + 24, little),
    );
    return true;
  }

  /** `u64 addr; u32 len; u16 ksym_type, flags; char name[]`. */
  private kernelSymbol(bytes: Uint8Array, view: DataView, at: number, end: number): boolean {
    if (end - at < 17) return false;
    const little = this.littleEndian;
    this.maps.addSymbol(
      text(bytes.subarray(at + 16, end)),
      view.getBigUint64(at, little),
      view.getUint32(at + 8, little),
      view.getUint16(at + 12, little) === KSYMBOL_BPF,
    );
    return true;
  }

  /** Time relative to the first one, exact: both halves are taken apart. */
  private time(high: number, low: number): number {
    if (this.timeBase === null) {
      this.timeBase = (BigInt(high) << 32n) | BigInt(low);
      this.baseHigh = high;
      this.baseLow = low;
    }
    return (high - this.baseHigh) * 0x100000000 + (low - this.baseLow);
  }

  private tooShort(offset: number, type: number, size: number): void {
    this.problem(offset, `a record of type ${type} with ${size} bytes is too short for it; it was skipped`);
  }

  private problem(offset: number, message: string): void {
    this.problems.add(offset, null, message);
  }
}
