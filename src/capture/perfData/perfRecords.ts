import { eventKindOf } from '../eventNames';
import { EventKind, NO_CPU, NONE, type UncertainFlags } from '../eventTable';
import { EventTableBuilder } from '../eventTableBuilder';
import type { ProblemList } from '../problemList';
import { SymbolTableBuilder } from '../symbolTableBuilder';
import { LoopMemory } from '../loop/loopMemory';
import { SampleLoop, type SampleDecoder } from '../loop/sampleLoop';
import { EventFields } from '../traceDat/eventFields';
import { ByteOrder, byteOrderOf } from '../traceDat/byteOrder';
import type { Allocate } from '../traceDat/chunkMemory';
import type { TraceMetadata } from '../traceDat/metadata';
import { CallChains } from './callChains';
import { KernelMaps } from './kernelMaps';
import { SampleBit, TRACEPOINT, trailerOf, type PerfAttribute, type TrailerLayout } from './perfAttribute';
import { text, type PerfFacts } from './perfFacts';
import { PerfSample, longAt } from './perfSample';
import { buildIdAt } from './perfFacts';
import { RECORD_HEADER, type RecordWindow } from './recordWindow';
import { RecordType } from './recordType';
import { BEFORE_ALL, SideKind, SideRecords } from './sideRecords';

/** Bits of `misc` (include/uapi/linux/perf_event.h). */
const CPU_MODE_MASK = 7;
const MODE_KERNEL = 1;
/** PERF_RECORD_MISC_MMAP_BUILD_ID: the record says which build is mapped (perf record --buildid-mmap). */
const MAP_HAS_BUILD_ID = 1 << 14;
/** PERF_RECORD_MISC_LOST_SAMPLES_BPF: a filter of `perf record` left the samples out. */
const LEFT_OUT = 1 << 15;
/** PERF_RECORD_KSYMBOL_TYPE_BPF. */
const KSYMBOL_BPF = 1;

/** Bytes of a thousand samples: the loop takes 2 ms to set up, and as long as they do without it. */
const SMALLEST_FOR_LOOP = 1 << 18;

/** Ids of events remembered by their lower bits: perf opens each event once a CPU, and ids are counted up. */
const MET_IDS = 1 << 12;

/** What is known of the samples of one attribute. */
interface SampledEvent {
  readonly attribute: PerfAttribute;
  /** String id. */
  readonly name: number;
  readonly kind: EventKind;
  /** Reads the tracepoint's record; null where its format is not known or not needed. */
  readonly fields: EventFields | null;
  /** How the loop reads the samples; 0 where it does not. */
  readonly loopDecoder: number;
}

/**
 * How the loop reads the samples of an event that have id, thread, time, CPU, call chain and the tracepoint's record, and
 * nothing of unknown size; null for others, and where a field that is used is no word.
 */
function sampleDecoder(
  attribute: PerfAttribute,
  name: number,
  kind: EventKind,
  fields: EventFields | null,
): SampleDecoder | null {
  const { id, tid, time, cpu, fixedSize } = attribute.layout;
  const has = (bit: number): boolean => (attribute.sampleType & bit) !== 0;
  const plainFields = fields?.plainFields ?? null;
  if (Math.min(id, tid, time, cpu) < 0 || (fields !== null && plainFields === null)) return null;
  if (!has(SampleBit.callchain) || !has(SampleBit.raw) || has(SampleBit.read)) return null;
  return {
    smallest: fields?.smallestRecord ?? 0,
    name,
    eventKind: kind,
    fields: plainFields,
    tidAt: RECORD_HEADER + tid + 4,
    timeAt: RECORD_HEADER + time,
    cpuAt: RECORD_HEADER + cpu,
    chainAt: RECORD_HEADER + fixedSize,
  };
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
  /** The latest time of a sample, as those in the table. */
  newestTime = -Infinity;
  /** How the bits of the page flags were told apart; null where no event has any. */
  flagSource: string | null = null;
  /** Samples that were not recorded as somebody wanted it so. */
  leftOutSamples = 0;
  /** As {@link Capture.uncertainFlags}. */
  uncertainFlags: UncertainFlags | null = null;

  private readonly byteOrder: ByteOrder;
  private readonly sample: PerfSample;
  private readonly chains: CallChains;
  private stacksOneByOne = 0;
  /** Null where each sample is read by itself. */
  private loop: SampleLoop | null = null;
  /** By the id that the kernel gave to an event on a CPU, its index in `attributes`. */
  private readonly attributeOfId = new Map<number, number>();
  /** By index in `attributes`; made when the first sample is met. */
  private readonly events: (SampledEvent | undefined)[] = [];
  /** By the lower bits of an id, the id that was met last with them, and its event. */
  private readonly metLow = new Int32Array(MET_IDS);
  private readonly metHigh = new Int32Array(MET_IDS);
  private readonly metEvents = new Array<SampledEvent | null>(MET_IDS).fill(null);
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
    this.byteOrder = byteOrderOf(littleEndian);
    this.sample = new PerfSample(littleEndian);
    this.chains = new CallChains(this.symbols, littleEndian);
  }

  /** Call chains with frames of the kernel. */
  get stackRecords(): number {
    return this.stacksOneByOne + (this.loop?.stacks ?? 0);
  }

  /** Call chains with frames of the process, which are left out. */
  get userChains(): number {
    return this.chains.userChains + (this.loop?.userChains ?? 0);
  }

  /** Adds an event with the ids of its samples. */
  addAttribute(attribute: PerfAttribute, ids: readonly number[]): void {
    for (const id of ids) this.attributeOfId.set(id, this.attributes.length);
    this.attributes.push(attribute);
    this.trailers.push(trailerOf(attribute));
    this.metEvents.fill(null);
    this.loop?.forgetIds();
  }

  /** Whether all records have a time: only then rounds say what is in order. */
  get haveTimes(): boolean {
    return (
      this.attributes.every(({ layout }) => layout.time >= 0) && this.trailers.every(({ time }) => time !== 0)
    );
  }

  /** Makes all times, also those that were read, count from a moment `by` ns later. */
  moveBase(by: number): void {
    if (by === 0 || this.timeBase === null) return;
    const base = this.timeBase + BigInt(by);
    this.startAt(Number(base >> 32n) | 0, Number(base & 0xffffffffn) | 0);
    this.newestTime -= by;
    const { table, side } = this;
    for (let row = 0; row < table.length; row++) table.time[row]! -= by;
    for (let i = 0; i < side.length; i++) side.time[i]! -= by;
  }

  /** Names the event with an id (PERF_RECORD_EVENT_UPDATE). */
  nameEvent(id: number, name: string): void {
    const index = this.attributeOfId.get(id);
    if (index !== undefined) this.givenNames.set(index, name);
  }

  /**
   * Has a loop of its own read ordinary samples, where there is WebAssembly for that.
   *
   * @param size bytes of all records; for few, to set up the loop takes longer than to read them without it
   * @param wanted bytes of memory in which it will be given records
   * @returns gives that memory; null where there is no loop
   */
  startLoop(size: number, wanted: number): Allocate | null {
    if (size < SMALLEST_FOR_LOOP || !this.littleEndian) return null;
    try {
      const memory = new LoopMemory(1, 0, wanted, false);
      this.loop = new SampleLoop(memory, this.chains.stacks, this.table);
      return (length) => memory.allocate(length);
    } catch {
      // Samples are read one by one.
      return null;
    }
  }

  /**
   * Reads samples that follow each other, as long as they are like most: of a tracepoint that was met before, with all
   * that perf takes of one. The others and all that is wrong are left to {@link read}.
   */
  readSamples(window: RecordWindow): void {
    if (this.loop === null || this.timeBase === null) return;
    this.newestTime = this.loop.read(window, this.newestTime);
  }

  /**
   * Reads the window's newest record, one of the kernel's. Records that say nothing of pages, tasks and losses are
   * passed over.
   */
  read(window: RecordWindow): void {
    const { type } = window;
    if (type === RecordType.sample) this.readSample(window);
    else if (!this.readOther(window)) {
      this.problem(
        window.recordOffset,
        `a record of type ${type} with ${window.size} bytes is too short for it; it was skipped`,
      );
    }
  }

  private readSample(window: RecordWindow): void {
    const { bytes, view } = window;
    const at = window.at + RECORD_HEADER;
    const end = window.at + window.size;
    const event = this.eventOfSample(window, at, end);
    if (event === null) return;
    const { sample, table } = this;
    const missing = sample.read(view, at, end, event.attribute);
    if (missing !== null) {
      this.problem(
        window.recordOffset,
        `a sample of ${end - at} bytes has no room for ${missing}; it was skipped`,
      );
      return;
    }
    const row = table.appendBlank();
    if (sample.hasTime) {
      if (this.timeBase === null) this.startAt(sample.timeHigh, sample.timeLow);
      // Both halves are taken apart, so that it is exact.
      const time =
        ((sample.timeHigh >>> 0) - this.baseHigh) * 0x100000000 + ((sample.timeLow >>> 0) - this.baseLow);
      table.time[row] = time;
      if (time > this.newestTime) this.newestTime = time;
    } else {
      table.time[row] = NaN;
    }
    const cpu = sample.cpu < 0 || sample.cpu >= NO_CPU ? -1 : sample.cpu;
    table.cpu[row] = cpu < 0 ? NO_CPU : cpu;
    table.task[row] = sample.tid;
    table.kind[row] = event.kind;
    table.name[row] = event.name;
    table.setOffset(row, window.recordOffset);
    const { fields } = event;
    if (fields !== null) {
      if (sample.rawSize >= fields.smallestRecord) {
        fields.read(view, bytes, sample.rawStart, sample.rawSize, row);
      } else {
        this.recordTooShort(window.recordOffset, event, fields.smallestRecord);
      }
    }
    if (sample.chainLength > 0) {
      const { chainStart, chainLength } = sample;
      const stack = this.chains.stack(bytes, view, chainStart, chainLength);
      table.stack[row] = stack;
      if (stack !== NONE) this.stacksOneByOne++;
    }
  }

  /** The event of the sample whose data is `[at, end)`, or null with a problem. */
  private eventOfSample(window: RecordWindow, at: number, end: number): SampledEvent | null {
    const first = this.attributes[0];
    const place = first ? first.layout.id : -1;
    // Without ids in the samples there is one event, or no way to tell them apart.
    if (place < 0) return first ? this.eventAt(0) : this.unknownEvent(window.recordOffset);
    if (at + place + 8 > end) {
      this.problem(window.recordOffset, 'a sample too short for its id; it was skipped');
      return null;
    }
    const little = this.byteOrder === ByteOrder.Little;
    const low = window.view.getInt32(at + place + (little ? 0 : 4), little);
    const high = window.view.getInt32(at + place + (little ? 4 : 0), little);
    const slot = low & (MET_IDS - 1);
    const met = this.metEvents[slot] ?? null;
    if (met !== null && this.metLow[slot] === low && this.metHigh[slot] === high) return met;
    return this.meet(low, high, slot, window.recordOffset);
  }

  private meet(low: number, high: number, slot: number, offset: number): SampledEvent | null {
    const id = (high >>> 0) * 0x100000000 + (low >>> 0);
    const index = this.attributeOfId.get(id) ?? (id === 0 || this.attributes.length === 1 ? 0 : NONE);
    if (index === NONE) return this.unknownEvent(offset);
    const event = this.eventAt(index);
    this.metLow[slot] = low;
    this.metHigh[slot] = high;
    this.metEvents[slot] = event;
    this.loop?.learn(low, high, event.loopDecoder);
    return event;
  }

  private eventAt(index: number): SampledEvent {
    return (this.events[index] ??= this.eventOf(index));
  }

  private unknownEvent(offset: number): null {
    this.problem(offset, 'a sample of an event that the file does not describe; it was skipped');
    return null;
  }

  private recordTooShort(offset: number, event: SampledEvent, expected: number): void {
    this.problem(
      offset,
      `${this.symbols.string(event.name)} with a record of ${this.sample.rawSize} bytes, expected ${expected} as its ` +
        'format says; its fields are left out',
    );
  }

  /** Reads a record that is no sample; false when it is too short. */
  private readOther(window: RecordWindow): boolean {
    const { bytes, view, at, size, type } = window;
    const start = at + RECORD_HEADER;
    const end = at + size;
    if (type === RecordType.lostSamples && (window.misc & LEFT_OUT) !== 0) {
      // u64 lost
      if (end - start < 8) return false;
      this.leftOutSamples += longAt(view, start, this.littleEndian);
      return true;
    }
    switch (type) {
      case RecordType.comm:
      case RecordType.fork:
      case RecordType.lost:
      case RecordType.lostSamples:
      case RecordType.throttle:
        this.readTrailer(view, at, end);
        return this.sideRecord(bytes, view, start, end, type, window.recordOffset);
      case RecordType.mmap:
      case RecordType.mmap2:
        if ((window.misc & CPU_MODE_MASK) !== MODE_KERNEL) return true;
        return this.kernelMap(window, start, end);
      case RecordType.ksymbol:
        return this.kernelSymbol(bytes, view, start, end);
      default:
        return true;
    }
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
    if (!format || kind === EventKind.Other) return this.sampledEvent(attribute, nameId, kind, null);
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
    return this.sampledEvent(attribute, nameId, kind, fields);
  }

  private sampledEvent(
    attribute: PerfAttribute,
    name: number,
    kind: EventKind,
    fields: EventFields | null,
  ): SampledEvent {
    const decoder = sampleDecoder(attribute, name, kind, fields);
    const loopDecoder = decoder === null ? 0 : (this.loop?.addDecoder(decoder) ?? 0);
    return { attribute, name, kind, fields, loopDecoder };
  }

  private noteFlags({ flagBits }: EventFields): void {
    if (!flagBits) return;
    this.flagSource ??= flagBits.source;
    this.uncertainFlags ??= flagBits.uncertain;
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
  private sideRecord(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    end: number,
    type: number,
    offset: number,
  ): boolean {
    const little = this.littleEndian;
    const { side, trailerTime: time, trailerCpu: cpu } = this;
    switch (type) {
      case RecordType.comm: {
        // u32 pid, tid; char comm[]
        if (end - at < 9) return false;
        const nul = bytes.indexOf(0, at + 8);
        const nameEnd = nul < 0 || nul > end ? end : nul;
        const comm = this.symbols.internBytes(bytes, at + 8, nameEnd);
        side.add(time, offset, SideKind.Comm, view.getInt32(at + 4, little), comm);
        return true;
      }
      case RecordType.fork:
        // u32 pid, ppid, tid, ptid; u64 time
        if (end - at < 16) return false;
        side.add(time, offset, SideKind.Fork, view.getInt32(at + 8, little), view.getInt32(at + 12, little));
        return true;
      case RecordType.lost:
        // u64 id, lost
        if (end - at < 16) return false;
        side.add(time, offset, SideKind.Lost, cpu, longAt(view, at + 8, little));
        return true;
      case RecordType.lostSamples:
        // u64 lost
        if (end - at < 8) return false;
        side.add(time, offset, SideKind.LostSamples, cpu, longAt(view, at, little));
        return true;
      default:
        side.add(time, offset, SideKind.Throttled, cpu, 0);
        return true;
    }
  }

  /**
   * `u32 pid, tid; u64 addr, len, pgoff; char filename[]`; MMAP2 has 32 bytes more before the name: which file it is,
   * or `u8 size; u8[3]; u8 build_id[20]`, and protection and flags.
   */
  private kernelMap({ bytes, view, type, misc }: RecordWindow, at: number, end: number): boolean {
    const isLong = type === RecordType.mmap2;
    const nameAt = at + 32 + (isLong ? 32 : 0);
    if (nameAt >= end) return false;
    const little = this.littleEndian;
    const buildId =
      isLong && (misc & MAP_HAS_BUILD_ID) !== 0 ? buildIdAt(bytes, at + 36, bytes[at + 32]!) : null;
    this.maps.addMap(
      text(bytes.subarray(nameAt, end)),
      view.getBigUint64(at + 8, little),
      view.getBigUint64(at + 16, little),
      view.getBigUint64(at + 24, little),
      buildId,
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
    if (this.timeBase === null) this.startAt(high, low);
    return (high - this.baseHigh) * 0x100000000 + (low - this.baseLow);
  }

  /** All times count from this one, given as its upper and lower 32 bits. */
  private startAt(high: number, low: number): void {
    this.baseHigh = high >>> 0;
    this.baseLow = low >>> 0;
    this.timeBase = (BigInt(this.baseHigh) << 32n) | BigInt(this.baseLow);
    this.loop?.startAt(this.baseHigh, this.baseLow, RECORD_HEADER + (this.attributes[0]?.layout.id ?? NONE));
  }

  private problem(offset: number, message: string): void {
    this.problems.add(offset, null, message);
  }
}
