import type { ReadOptions } from '../byteChunks';
import type { ByteSource } from '../byteSource';
import { NONE, type Capture, type EventTable, type SymbolTable } from '../eventTable';
import { withFrameNames, readKallsyms, type Kallsyms } from '../kallsyms';
import { countOtherEvents } from '../otherEvents';
import { ProblemList } from '../problemList';
import { noteSecondFile } from '../secondFile';
import { LOOP_ALIGNMENT } from '../loop/loopMemory';
import type { KernelSymbols } from '../traceDat/kernelSymbols';
import { ChunkMemory, MemoryInTurn } from '../traceDat/chunkMemory';
import { FileRanges } from '../traceDat/fileRanges';
import { RowEstimate } from '../rowEstimate';
import { SequentialReader } from '../traceDat/sequentialReader';
import { UnexpectedData } from '../traceDat/unexpectedData';
import { inTurns } from '../turns';
import { EventOrder } from './eventOrder';
import { LARGEST_ATTRIBUTE, SMALLEST_ATTRIBUTE, parseAttribute } from './perfAttribute';
import { Feature, PerfFacts, clockName, text } from './perfFacts';
import { isPerfData, readPerfHeader, section, type PerfHeader, type Section } from './perfHeader';
import { PerfRecords } from './perfRecords';
import { longAt } from './perfSample';
import { RecordType } from './recordType';
import { LARGEST_RECORD, RECORD_HEADER, RecordWindow } from './recordWindow';
import { StreamDecompressor } from './streamDecompressor';
import { readTracingData } from './tracingData';

export interface PerfDataOptions extends ReadOptions {
  /** /proc/kallsyms of the recorded kernel, of the same boot: perf.data holds addresses only. */
  readonly kallsyms?: ByteSource;
}

/** struct perf_file_section behind each attribute: where its ids are. */
const SECTION_SIZE = 16;
/** perf opens one event a CPU and tracepoint; what is more is not believed. */
const MOST_ATTRIBUTES = 1 << 16;
const MOST_IDS = 1 << 20;
/** Features other than tracing data are lists of names; in bytes. */
const LARGEST_FEATURE = 1 << 26;
/** A recording with rounds has ended one by then: two of the default buffers of 64 CPUs, in bytes. */
const BYTES_WITH_ROUND = 1 << 26;
const NAMES_NEEDED =
  'give the vmlinux of the recorded kernel or its /proc/kallsyms, saved as root in the same boot, or the output of ' +
  '"perf script", run on the recorded machine';
/** Bytes that a step of decompressing brings forth at most, nearly always: a block of zstd. */
const USUAL_PART = 1 << 17;
/** PERF_EVENT_UPDATE__NAME. */
const UPDATE_NAME = 2;

/**
 * Reads a perf.data, as perf writes it to a file or to a pipe. What is damaged or missing becomes a problem.
 *
 * @throws only what `source.read` throws, and the signal's reason when aborted
 */
export async function readPerfData(source: ByteSource, options: PerfDataOptions = {}): Promise<Capture> {
  const problems = new ProblemList(source.size);
  const reader = new PerfDataReader(source.name, new FileRanges(source, options), problems, options);
  try {
    await reader.read();
  } catch (error) {
    if (!(error instanceof UnexpectedData)) throw error;
    problems.add(error.offset, null, error.message);
  }
  const kallsyms = options.kallsyms
    ? await readKallsyms(options.kallsyms, ownOptions(options), problems)
    : null;
  options.onPhase?.('sorting');
  return reader.capture(kallsyms);
}

/** Progress is that of the recording. */
function ownOptions({ chunkSize, signal }: ReadOptions): ReadOptions {
  return { ...(chunkSize === undefined ? {} : { chunkSize }), ...(signal === undefined ? {} : { signal }) };
}

class PerfDataReader {
  private littleEndian = true;
  private facts = new PerfFacts(true);
  private records: PerfRecords;
  private order: EventOrder;
  private decompressor: StreamDecompressor | null = null;
  private decompressed: RecordWindow | null = null;
  /** For what is decompressed: where the loop over samples can read it, if there is one. */
  private decompressedMemory = new MemoryInTurn(LARGEST_RECORD);
  private isPipe = false;
  private isStreamDamaged = false;
  private isUnsorted = false;
  /** Why no field of any tracepoint can be read; null where that is not so. */
  private unreadable: string | null = null;
  /** Records are missing where no record could be read. */
  private isDamaged = false;

  constructor(
    private readonly path: string,
    private readonly file: FileRanges,
    private readonly problems: ProblemList,
    private readonly options: ReadOptions,
  ) {
    this.records = new PerfRecords(true, this.facts, problems);
    this.order = new EventOrder(this.records);
  }

  /** @throws UnexpectedData where the file cannot be read on from */
  async read(): Promise<void> {
    const header = await readPerfHeader(this.file);
    this.littleEndian = header.littleEndian;
    this.isPipe = header.isPipe;
    this.facts = new PerfFacts(header.littleEndian);
    this.records = new PerfRecords(header.littleEndian, this.facts, this.problems);
    this.order = new EventOrder(this.records);
    if (!header.isPipe) {
      await this.orProblem(this.readAttributes(header));
      await this.orProblem(this.readFeatures(header));
    }
    await this.readData(header.data);
  }

  /** What was read, as a capture. */
  async capture(kallsyms: Kallsyms | null): Promise<Capture> {
    const { records, order } = this;
    await inTurns(order.finish(), this.options.pause);
    // Which CPU and which time is lost there, nobody knows.
    if (this.isDamaged) order.gaps.add('lost', null, null, null, records.table.length);
    const names = this.names(kallsyms);
    const isNameless = names === null && records.stackRecords > 0;
    return { ...this.captureOf(records.table, names), missingNames: isNameless ? NAMES_NEEDED : null };
  }

  private captureOf(events: EventTable, names: KernelSymbols | null): Capture {
    const { path, records, problems } = this;
    const { gaps, lost } = this.order.gaps;
    const recordedEvents = this.facts.descriptions.map(({ name }) => name);
    const moduleBuildIds = new Map([...records.maps.moduleBuildIds, ...this.facts.moduleBuildIds]);
    return {
      path,
      format: 'perf-data',
      clock: 'ns',
      resolution: 1,
      timeBase: records.timeBase ?? 0n,
      events,
      symbols: this.named(names),
      allocations: null,
      gaps,
      lost,
      problems: problems.kept,
      problemCount: problems.count,
      missingNames: null,
      stackRecords: records.stackRecords,
      orphanStacks: 0,
      otherEvents: countOtherEvents(events, records.symbols),
      ...(this.unreadable === null ? {} : { unreadable: this.unreadable }),
      ...(recordedEvents.length === 0 ? {} : { recordedEvents }),
      facts: this.factList(names),
      ...(records.maps.reference === null ? {} : { kernelReference: records.maps.reference }),
      kernel: {
        release: this.facts.release,
        buildId: this.facts.kernelBuildId ?? records.maps.kernelBuildId,
      },
      ...(records.uncertainFlags === null ? {} : { uncertainFlags: records.uncertainFlags }),
      ...(moduleBuildIds.size === 0 ? {} : { moduleBuildIds }),
    };
  }

  private factList(names: KernelSymbols | null): (readonly [string, string])[] {
    const { records } = this;
    const facts: (readonly [string, string])[] = [...this.facts.facts];
    const [first] = records.attributes;
    if (first) facts.push(['clock', clockName(first.clockId)]);
    if (!this.littleEndian) facts.push(['byte order', 'big endian']);
    if (this.isPipe) facts.push(['written to', 'a pipe']);
    if (this.decompressor) facts.push(['compression', 'zstd']);
    if (names) facts.push(['kernel symbols', String(names.codeCount)]);
    if (records.flagSource !== null) facts.push(['page flags', records.flagSource]);
    if (records.userChains > 0) facts.push(['user stacks (left out)', String(records.userChains)]);
    if (records.leftOutSamples > 0)
      facts.push(['left out by a filter of perf', String(records.leftOutSamples)]);
    return facts;
  }

  private async readAttributes({ attributes, attributeSize, littleEndian }: PerfHeader): Promise<void> {
    const { offset, size } = attributes;
    if (attributeSize < SMALLEST_ATTRIBUTE + SECTION_SIZE || attributeSize > LARGEST_ATTRIBUTE) {
      throw new UnexpectedData(
        16,
        `attributes of ${attributeSize} bytes, expected ${SMALLEST_ATTRIBUTE + SECTION_SIZE} to ${LARGEST_ATTRIBUTE}; ` +
          'the file is damaged',
      );
    }
    const count = Math.floor(size / attributeSize);
    if (count > MOST_ATTRIBUTES) {
      throw new UnexpectedData(
        24,
        `${count} attributes, expected at most ${MOST_ATTRIBUTES}; the file is damaged`,
      );
    }
    if (offset + size > this.file.size) {
      this.problems.add(
        24,
        null,
        `attributes of ${size} bytes at byte ${offset}, but the file has ${this.file.size}; it is cut off or damaged`,
      );
      if (offset >= this.file.size) return;
    }
    const reader = new SequentialReader(this.file, offset, this.file.size, littleEndian);
    let idsLeft = MOST_IDS;
    for (let i = 0; i < count; i++) {
      const bytes = await reader.bytes(attributeSize - SECTION_SIZE, 'an attribute');
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      const attribute = parseAttribute(view, 0, bytes.length, littleEndian);
      const place = reader.position;
      const ids = await section(reader, 'the ids of an attribute');
      const idCount = Math.min(Math.floor(ids.size / 8), idsLeft);
      idsLeft -= idCount;
      this.records.addAttribute(attribute, await this.ids(ids.offset, idCount, place));
    }
  }

  /** `place` is where the file says where they are. */
  private async ids(offset: number, count: number, place: number): Promise<number[]> {
    const bytes = await this.file.read(offset, count * 8);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const ids: number[] = [];
    for (let at = 0; at + 8 <= bytes.length; at += 8) ids.push(longAt(view, at, this.littleEndian));
    if (ids.length < count) {
      this.problems.add(
        place,
        null,
        `${count} ids of an event, but only ${ids.length} are there; the file is cut off`,
      );
    }
    return ids;
  }

  /** The features' sections are listed behind the data, in the order of their bits. */
  private async readFeatures({ data, features, littleEndian }: PerfHeader): Promise<void> {
    if (data.size === 0) {
      this.problems.add(
        48,
        null,
        'the head says that there is no data, so perf was killed before it could finish the file; what the file holds ' +
          'is read, but the formats of its tracepoints, which perf writes at the end, are missing',
      );
      return;
    }
    const end = data.offset + data.size;
    if (features.length > 0 && end >= this.file.size) {
      this.problems.add(
        this.file.size,
        null,
        `the data ends at byte ${end} and the lists of features and formats after it, expected the file to go on: ` +
          'it is cut off, and the fields of its tracepoints cannot be read',
      );
      return;
    }
    const list = new SequentialReader(this.file, end, this.file.size, littleEndian);
    let fileEnd = end;
    for (const feature of features) {
      const place = list.position;
      const found = await section(list, `the place of feature ${feature}`);
      fileEnd = Math.max(fileEnd, list.position, found.offset + found.size);
      await this.orProblem(this.readFeature(feature, found, place));
    }
    await noteSecondFile(this.file, fileEnd, isPerfData, this.problems);
  }

  /** A part that cannot be read becomes a problem; the rest of the file is read all the same. */
  private async orProblem(part: Promise<void>): Promise<void> {
    try {
      await part;
    } catch (error) {
      if (!(error instanceof UnexpectedData)) throw error;
      this.problems.add(error.offset, null, error.message);
    }
  }

  /** `place` is that of the entry in the list of features. */
  private async readFeature(feature: number, { offset, size }: Section, place: number): Promise<void> {
    if (offset + size > this.file.size) {
      if (feature === Feature.tracingData) {
        this.unreadable =
          `the formats of its tracepoints should be ${size} bytes at byte ${offset}, but the file has ` +
          `${this.file.size}: it is cut off, and the fields of its tracepoints cannot be read`;
        throw new UnexpectedData(place, this.unreadable);
      }
      throw new UnexpectedData(
        place,
        `feature ${feature} should be ${size} bytes at byte ${offset}, but the file has ${this.file.size}; it is cut off`,
      );
    }
    if (feature === Feature.tracingData) {
      this.records.metadata = await readTracingData(this.file, offset, size, null, this.problems);
      return;
    }
    if (!PerfFacts.reads(feature)) return;
    if (size > LARGEST_FEATURE) {
      throw new UnexpectedData(
        offset,
        `feature ${feature} has ${size} bytes, expected at most ${LARGEST_FEATURE}`,
      );
    }
    this.facts.read(feature, await this.file.read(offset, size));
  }

  private async readData(data: Section): Promise<void> {
    const { file, problems } = this;
    const end = data.size === 0 ? file.size : Math.min(data.offset + data.size, file.size);
    if (data.offset > file.size) {
      throw new UnexpectedData(
        40,
        `data at byte ${data.offset}, but the file has ${file.size}; it is cut off or damaged`,
      );
    }
    if (this.facts.isDirectory) {
      problems.add(
        data.offset,
        null,
        'this file is part of a directory that perf record --threads wrote, and most samples are in the files ' +
          'beside it; open the output of "perf script -i DIRECTORY"',
      );
    }
    const window = new RecordWindow(data.offset, this.littleEndian, problems, false);
    const estimate = new RowEstimate(this.records.table, end - data.offset);
    const pieces = [file.chunkSize, file.chunkSize, USUAL_PART, USUAL_PART];
    const wanted = pieces.reduce((sum, size) => sum + LARGEST_RECORD + size + LOOP_ALIGNMENT, 0);
    const allocate = this.records.startLoop(end - data.offset, wanted);
    const memory = new ChunkMemory(file, file.chunkSize, LARGEST_RECORD, allocate);
    this.decompressedMemory = new MemoryInTurn(LARGEST_RECORD, allocate);
    let offset = data.offset;
    let ahead = memory.read(offset, end);
    for (;;) {
      const chunk = await ahead;
      if (chunk.length === 0) break;
      offset += chunk.length;
      window.push(chunk, LARGEST_RECORD);
      // The next chunk is already being read while this one is worked on.
      ahead = memory.read(offset, end);
      await this.drain(window, false);
      this.sayUnsorted(offset - data.offset);
      if (estimate.isDue) estimate.update(offset - data.offset);
    }
    await this.drain(window, true);
    window.finish();
    if (this.decompressed) {
      for (const part of this.isStreamDamaged ? [] : (this.decompressor?.end() ?? []))
        this.pushDecompressed(this.decompressed, part);
      await this.drain(this.decompressed, true);
      this.decompressed.finish();
    }
    const damages = window.damages + (this.decompressed?.damages ?? 0);
    this.isDamaged = damages > 0 || this.isStreamDamaged;
    if (offset < end || data.offset + data.size > file.size) {
      problems.add(
        offset,
        null,
        `the data ends at byte ${offset}, expected ${data.offset + data.size} as the head says; the file is cut off`,
      );
    }
  }

  /** Reads the records that a window holds. `last`: no more bytes come. */
  private async drain(window: RecordWindow, last: boolean): Promise<void> {
    while (this.readKernelRecords(window, last)) {
      const { type, at, size } = window;
      switch (type) {
        case RecordType.finishedRound:
          await this.finishRound();
          break;
        case RecordType.compressed:
          await this.compressed(window, at + RECORD_HEADER, at + size);
          break;
        case RecordType.compressed2: {
          const start = at + RECORD_HEADER + 8;
          if (start > at + size) break;
          const length = longAt(window.view, at + RECORD_HEADER, this.littleEndian);
          await this.compressed(window, start, Math.min(at + size, start + length));
          break;
        }
        case RecordType.tracingData:
          await this.tracingData(window);
          break;
        case RecordType.headerAttribute:
          this.attribute(window);
          break;
        case RecordType.headerFeature:
          if (size < RECORD_HEADER + 8) break;
          this.facts.read(
            longAt(window.view, at + RECORD_HEADER, this.littleEndian),
            window.bytes.subarray(at + RECORD_HEADER + 8, at + size),
          );
          break;
        case RecordType.eventUpdate:
          this.eventUpdate(window);
          break;
        case RecordType.headerBuildId:
          this.facts.read(Feature.buildId, window.bytes.subarray(at, at + size));
          break;
        default:
      }
    }
  }

  /** Puts in order what a round settles, and shows it. */
  private async finishRound(): Promise<void> {
    const { order, records } = this;
    const { onPart, pause } = this.options;
    const before = order.settledRows;
    await inTurns(order.finishRound(), pause);
    const { settledRows } = order;
    if (settledRows === before) return;
    await onPart?.(settledRows, () => this.captureOf(records.table.head(settledRows), this.ownNames));
  }

  /** Says once that rows come at the end, when that is clear. */
  private sayUnsorted(bytesRead: number): void {
    if (this.isUnsorted || bytesRead < BYTES_WITH_ROUND || this.order.settlesEarly) return;
    this.isUnsorted = true;
    this.options.onPhase?.('unsorted');
  }

  /** Reads records up to one of perf's own; false where the window has no more. A loop that never waits is quicker. */
  private readKernelRecords(window: RecordWindow, last: boolean): boolean {
    const { records } = this;
    for (;;) {
      records.readSamples(window);
      if (!window.next(last)) return false;
      if (window.type >= RecordType.headerAttribute) return true;
      records.read(window);
    }
  }

  private async compressed(window: RecordWindow, start: number, end: number): Promise<void> {
    const offset = window.recordOffset;
    this.decompressor ??= new StreamDecompressor();
    this.decompressed ??= new RecordWindow(offset, this.littleEndian, this.problems, true);
    // Records cannot be compressed twice.
    if (window === this.decompressed || this.isStreamDamaged) return;
    // A copy: the decompressor keeps what is left of a block, and the window's bytes move.
    const parts = this.decompressor.push(window.bytes.slice(start, end));
    for (;;) {
      const part = this.nextPart(parts, offset);
      if (part === null) return;
      this.decompressed.setOrigin(offset);
      this.pushDecompressed(this.decompressed, part);
      await this.drain(this.decompressed, false);
    }
  }

  private pushDecompressed(window: RecordWindow, part: Uint8Array): void {
    window.push(this.decompressedMemory.copyOf(part, USUAL_PART), LARGEST_RECORD);
  }

  private nextPart(parts: Generator<Uint8Array, void>, offset: number): Uint8Array | null {
    try {
      const part = parts.next();
      return part.done ? null : part.value;
    } catch (error) {
      this.isStreamDamaged = true;
      const found = error instanceof Error ? error.message : String(error);
      this.problems.add(
        offset,
        null,
        `damaged zstd data (${found}), expected the stream that the records before began; all compressed records ` +
          'from here on are lost',
      );
      return null;
    }
  }

  /** Pipe mode: `u32 size` in the record, and the data behind it. */
  private async tracingData(window: RecordWindow): Promise<void> {
    const offset = window.recordOffset;
    const recordSize = window.view.getUint16(window.at + 6, this.littleEndian);
    const bytes = window.bytes.slice(window.at + recordSize, window.at + window.size);
    const source = {
      chunkSize: Math.max(1, bytes.length),
      read: (from: number, length: number) => Promise.resolve(bytes.subarray(from, from + length)),
    };
    this.records.metadata = await readTracingData(source, 0, bytes.length, offset, this.problems);
  }

  /** Pipe mode: an attribute, then its ids. */
  private attribute({ view, at, size, recordOffset }: RecordWindow): void {
    const little = this.littleEndian;
    const start = at + RECORD_HEADER;
    const available = size - RECORD_HEADER;
    const own = available < SMALLEST_ATTRIBUTE ? 0 : view.getUint32(start + 4, little) || SMALLEST_ATTRIBUTE;
    if (own < SMALLEST_ATTRIBUTE || own > available) {
      this.problems.add(
        recordOffset,
        null,
        `an attribute of ${own} bytes in a record of ${size}, expected at least ${SMALLEST_ATTRIBUTE} that fit in it`,
      );
      return;
    }
    if (this.records.attributes.length === MOST_ATTRIBUTES) return;
    const ids: number[] = [];
    for (let id = start + own; id + 8 <= at + size; id += 8) ids.push(longAt(view, id, little));
    this.records.addAttribute(parseAttribute(view, start, own, little), ids);
  }

  /** Pipe mode: `u64 type, id; char name[]`. */
  private eventUpdate({ bytes, view, at, size }: RecordWindow): void {
    const start = at + RECORD_HEADER;
    if (size < RECORD_HEADER + 17 || longAt(view, start, this.littleEndian) !== UPDATE_NAME) return;
    this.records.nameEvent(
      longAt(view, start + 8, this.littleEndian),
      text(bytes.subarray(start + 16, at + size)),
    );
  }

  /** perf before Linux 4.0 put the kallsyms of its kernel into the tracing data. */
  private get ownNames(): KernelSymbols | null {
    const symbols = this.records.metadata?.symbols;
    return symbols && symbols.codeCount > 0 ? symbols : null;
  }

  /** The names of the kernel's functions, or null where they are missing. */
  private names(kallsyms: Kallsyms | null): KernelSymbols | null {
    return kallsyms && this.isOfThisBoot(kallsyms) ? kallsyms.names : this.ownNames;
  }

  /** The symbols with what is known of the kernel's addresses. */
  private named(names: KernelSymbols | null): SymbolTable {
    const { maps, symbols } = this.records;
    return withFrameNames(symbols, (high, low, target) => {
      const generated = maps.functionFrame(high, low, target);
      if (generated >= 0) return generated;
      const named = names ? names.namedFrame(high, low, target) : NONE;
      return named >= 0 ? named : maps.moduleFrame(high, low, target);
    });
  }

  /** Addresses change with every boot: names of another one would be wrong without a sign of it. */
  private isOfThisBoot(kallsyms: Kallsyms): boolean {
    const { reference } = this.records.maps;
    if (!reference) return true;
    const address = kallsyms.addressOf(reference.symbol);
    if (address === null || address === reference.address) return true;
    this.problems.add(
      0,
      null,
      `the kallsyms are of another boot: ${reference.symbol} is at 0x${address.toString(16)} there and at ` +
        `0x${reference.address.toString(16)} in the recording; they were not used. Save /proc/kallsyms in the boot that is recorded`,
    );
    return false;
  }
}
