import type { ReadOptions } from '../byteChunks';
import type { ByteSource } from '../byteSource';
import { NO_CPU, type Capture } from '../eventTable';
import { FtraceTextReader } from '../ftraceText';
import { LineWindow } from '../lineWindow';
import { countOtherEvents } from '../otherEvents';
import { ProblemList } from '../problemList';
import { CaptureClock, countsNanoseconds } from './clock';
import { CpuCursor, type RingLayout } from './cpuCursor';
import { CompressedCpuData, FlatCpuData, type CpuData, type PageSpan } from './cpuData';
import { decompressorOf, isBelievable, type Decompressor } from './decompressor';
import { readFileHeader, type FileHeader } from './fileHeader';
import { FileOptions, OptionId, chosenClock, type BufferOption, type CpuRange } from './fileOptions';
import { FileRanges } from './fileRanges';
import { mergeCursors } from './mergeCursors';
import { TraceMetadata } from './metadata';
import { RecordReader } from './recordReader';
import { SequentialReader, decodeText } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** Flag of a section: its data is one compressed block, or compressed chunks of trace data. */
const COMPRESSED = 1;
/** Smallest and largest ring buffer page in bytes that is believed: sub-buffers can be of several pages. */
const SMALLEST_PAGE = 64;
const LARGEST_PAGE = 1 << 24;
/** Bytes of pages held in memory at a time, for all CPUs together. */
const SPANS_IN_MEMORY = 1 << 26;
/** How far all compressed chunks together may grow: big captures shrink to a twelfth. */
const FREE_GROWTH = 1 << 26;
const HIGHEST_GROWTH = 256;
/** Option sections form a list: a damaged one must not make it endless. */
const MOST_OPTION_SECTIONS = 1 << 12;
/** Bytes of trace data from which on it pays to tell the number of rows in advance. */
const SMALLEST_ESTIMATED = 1 << 21;
const ESTIMATE_MARGIN = 1.03;
const SECTION_HEAD = 16;
const TAG_LENGTH = 10;

const NO_DECOMPRESSOR: Decompressor = { decompress: () => null };

/** A section of version 7 whose data is in memory or at hand. */
interface Section {
  readonly reader: SequentialReader;
  readonly size: number;
}

/** A ring buffer with where its pages are. */
interface Buffer {
  readonly name: string;
  readonly clock: string;
  readonly pageSize: number;
  readonly isCompressed: boolean;
  readonly cpus: readonly CpuRange[];
}

/** Text of a latency tracer that stands in place of ring buffer pages. */
interface TextRange {
  readonly offset: number;
  readonly size: number;
  readonly isCompressed: boolean;
}

/**
 * Reads a trace.dat of version 6 or 7 as trace-cmd writes it (trace-cmd.dat.v6(5), trace-cmd.dat.v7(5)). All
 * ring buffers in it become one capture, in order of time; what is damaged is left out and listed as a problem
 * with its offset in the file.
 *
 * The file is read by ranges, never as a whole. Times are exact in nanoseconds.
 *
 * @throws only what `source.read` throws, and the signal's reason when aborted
 */
export async function readTraceDat(source: ByteSource, options: ReadOptions = {}): Promise<Capture> {
  return new TraceDatReader(source, new FileRanges(source, options)).read();
}

class TraceDatReader {
  private readonly problems = new ProblemList();
  private readonly metadata = new TraceMetadata();
  private readonly buffers: Buffer[] = [];
  private readonly texts: TextRange[] = [];
  private decompressor = NO_DECOMPRESSOR;
  private header: FileHeader | null = null;
  private options = new FileOptions(true, false);
  private flatBytesLeft: number;
  private readonly growth: { left: number };

  constructor(
    private readonly source: ByteSource,
    private readonly file: FileRanges,
  ) {
    this.flatBytesLeft = source.size;
    this.growth = { left: FREE_GROWTH + source.size * HIGHEST_GROWTH };
  }

  async read(): Promise<Capture> {
    await this.guarded(async () => {
      const header = await readFileHeader(this.file);
      this.header = header;
      this.options = new FileOptions(header.littleEndian, header.version === 7);
      if (header.version === 6) await this.readVersion6(header);
      else await this.readVersion7(header);
    });
    const header = this.header;
    if (this.buffers.length === 0 && this.texts.length > 0) return this.readTexts();
    if (this.texts.length > 0) {
      this.problems.add(
        this.texts[0]!.offset,
        null,
        'the file also holds the text of a latency tracer, which was left out; show it with "trace-cmd report"',
      );
    }
    const reader = new RecordReader(
      this.metadata,
      header?.littleEndian ?? true,
      this.metadata.page?.longSize ?? 8,
      kernelOf(this.options.uname),
      this.problems,
    );
    const clock = header ? await this.readBuffers(header, reader) : null;
    this.file.finish(this.problems);
    return this.captureOf(reader, clock);
  }

  /** Runs one part of the reading; where the file is not as expected, that part ends with a problem. */
  private async guarded(part: () => Promise<void>): Promise<boolean> {
    try {
      await part();
      return true;
    } catch (error) {
      if (!(error instanceof UnexpectedData)) throw error;
      this.problems.add(error.offset, null, error.message);
      return false;
    }
  }

  // Version 6: one part after the other.

  private async readVersion6(header: FileHeader): Promise<void> {
    const reader = new SequentialReader(this.file, header.end, this.file.size, header.littleEndian);
    const { metadata, options } = this;
    await metadata.readHeaders(reader);
    await metadata.readFtraceFormats(reader);
    await metadata.readEventFormats(reader);
    await metadata.readKallsyms(reader);
    await metadata.readPrintkFormats(reader);
    await metadata.readCommandLines(reader);
    const cpuCount = await reader.u32('the number of CPUs');
    await this.readBuffer6(header, reader, '', cpuCount);
    for (const buffer of [...options.buffers]) {
      await this.guarded(async () => {
        const bufferReader = new SequentialReader(
          this.file,
          buffer.offset,
          this.file.size,
          header.littleEndian,
        );
        await this.readBuffer6(header, bufferReader, buffer.name, options.cpuCount ?? cpuCount);
      });
    }
  }

  /** Options if there are any, then the tag that says what follows, and the table of CPUs. */
  private async readBuffer6(
    header: FileHeader,
    reader: SequentialReader,
    name: string,
    cpuCount: number,
  ): Promise<void> {
    const { options } = this;
    let place = reader.place;
    let tag = decodeText(await reader.bytes(TAG_LENGTH, 'the kind of trace data'));
    if (tag.startsWith('options')) {
      await this.readOptions6(reader);
      place = reader.place;
      tag = decodeText(await reader.bytes(TAG_LENGTH, 'the kind of trace data'));
    }
    if (tag.startsWith('latency')) {
      this.texts.push({ offset: reader.position, size: this.file.size - reader.position, isCompressed: false });
      return;
    }
    if (tag !== 'flyrecord\0') {
      throw new UnexpectedData(place, 'expected "options", "latency" or "flyrecord" here; the file is damaged');
    }
    const cpus: CpuRange[] = [];
    const isWhole = await this.guarded(async () => {
      const count = name === '' ? (options.cpuCount ?? cpuCount) : cpuCount;
      for (let cpu = 0; cpu < Math.min(count, NO_CPU); cpu++) {
        const offset = await reader.u64('the offset of the data of a CPU');
        const size = await reader.u64('the size of the data of a CPU');
        cpus.push({ cpu, offset, size });
      }
    });
    if (isWhole && name === '' && options.hasTraceClock) await this.readTraceClock6(reader);
    const clock = options.traceClock ?? '';
    this.buffers.push({ name, clock, pageSize: header.pageSize, isCompressed: false, cpus });
  }

  private async readOptions6(reader: SequentialReader): Promise<void> {
    for (;;) {
      const id = await reader.u16('the id of an option');
      if (id === OptionId.done) return;
      const size = await reader.u32('the size of an option');
      const place = reader.place;
      const data = await reader.bytes(size, 'an option');
      await this.guarded(() => this.options.add(id, data, place));
    }
  }

  /** The clock stands behind the table of CPUs; some versions of trace-cmd wrote nothing there. */
  private async readTraceClock6(reader: SequentialReader): Promise<void> {
    try {
      const size = await reader.u64('the size of the clock');
      const clock = chosenClock(decodeText(await reader.bytes(size, 'the clock')));
      if (clock !== null) this.options.traceClock = clock;
    } catch (error) {
      if (!(error instanceof UnexpectedData)) throw error;
    }
  }

  // Version 7: sections, found by the options.

  private async readVersion7(header: FileHeader): Promise<void> {
    const decompressor = await decompressorOf(header.compression);
    if (decompressor) {
      this.decompressor = decompressor;
    } else {
      this.problems.add(
        header.end,
        null,
        `compressed with ${JSON.stringify(header.compression.slice(0, 20))}, expected zstd, zlib or none; convert it with ` +
          '"trace-cmd convert --compression zstd"',
      );
    }
    await this.readOptionSections(header);
    const { metadata } = this;
    await this.section(header, OptionId.headerInfo, (section) => metadata.readHeaders(section.reader));
    await this.section(header, OptionId.ftraceEvents, (section) => metadata.readFtraceFormats(section.reader));
    await this.section(header, OptionId.eventFormats, (section) => metadata.readEventFormats(section.reader));
    await this.section(header, OptionId.kallsyms, (section) => metadata.readKallsyms(section.reader));
    await this.section(header, OptionId.printk, (section) => metadata.readPrintkFormats(section.reader));
    await this.section(header, OptionId.commandLines, (section) => metadata.readCommandLines(section.reader));
    await this.section(header, OptionId.modules, async ({ reader, size }) => {
      metadata.symbols.readModules(await reader.upTo(size));
    });
    for (const buffer of this.options.buffers) await this.guarded(() => this.readBuffer7(header, buffer));
  }

  private async readOptionSections(header: FileHeader): Promise<void> {
    const seen = new Set<number>();
    let offset = header.optionsOffset;
    while (offset !== 0) {
      if (seen.has(offset) || seen.size >= MOST_OPTION_SECTIONS) {
        this.problems.add(offset, null, 'the option sections form a circle; the rest was not read');
        return;
      }
      seen.add(offset);
      let next = 0;
      await this.guarded(async () => {
        const section = await this.openSection(header, offset, OptionId.done);
        next = await this.readOptions7(section);
      });
      offset = next;
    }
  }

  /** Reads one section of options and returns the offset of the next one, 0 for none. */
  private async readOptions7({ reader, size }: Section): Promise<number> {
    const end = reader.position + size;
    while (reader.position < end) {
      const id = await reader.u16('the id of an option');
      const optionSize = await reader.u32('the size of an option');
      const place = reader.place;
      const data = await reader.bytes(optionSize, 'an option');
      if (id === OptionId.done) {
        return await SequentialReader.overBytes(data, this.header!.littleEndian, place).u64('the next options');
      }
      await this.guarded(() => this.options.add(id, data, place));
    }
    return 0;
  }

  /** Reads a section of metadata where the options say that there is one. */
  private async section(
    header: FileHeader,
    id: number,
    read: (section: Section) => Promise<void>,
  ): Promise<void> {
    const offset = this.options.sections.get(id);
    if (offset === undefined) return;
    await this.guarded(async () => {
      await read(await this.openSection(header, offset, id));
    });
  }

  /** @throws UnexpectedData when there is no such section at `offset`, or its block is damaged */
  private async openSection(header: FileHeader, offset: number, id: number): Promise<Section> {
    const { reader, flags, size } = await this.sectionHead(header, offset, id);
    if ((flags & COMPRESSED) === 0) {
      const end = Math.min(reader.position + size, this.file.size);
      const sectionReader = new SequentialReader(this.file, reader.position, end, header.littleEndian);
      return { reader: sectionReader, size: end - reader.position };
    }
    const compressed = await reader.u32('the compressed size of a section');
    const uncompressed = await reader.u32('the size of a section');
    if (!isBelievable(compressed, uncompressed)) {
      throw new UnexpectedData(
        offset,
        `a section of ${compressed} bytes claims to stand for ${uncompressed}; it was skipped`,
      );
    }
    const bytes = this.decompressor.decompress(await reader.bytes(compressed, 'a section'), uncompressed);
    if (!bytes) {
      throw new UnexpectedData(
        offset,
        `section ${id} of ${compressed} bytes does not decompress to the ${uncompressed} bytes that it should`,
      );
    }
    return { reader: SequentialReader.overBytes(bytes, header.littleEndian, offset), size: bytes.length };
  }

  private async sectionHead(
    header: FileHeader,
    offset: number,
    id: number,
  ): Promise<{ reader: SequentialReader; flags: number; size: number }> {
    if (offset + SECTION_HEAD > this.file.size) {
      throw new UnexpectedData(offset, `section ${id} should be here, but the file ends at ${this.file.size}`);
    }
    const reader = new SequentialReader(this.file, offset, this.file.size, header.littleEndian);
    const foundId = await reader.u16('the id of a section');
    const flags = await reader.u16('the flags of a section');
    await reader.skip(4, 'the name of a section');
    const size = await reader.u64('the size of a section');
    if (foundId !== id) {
      throw new UnexpectedData(offset, `section ${foundId} where the options promise section ${id}`);
    }
    return { reader, flags, size };
  }

  private async readBuffer7(header: FileHeader, option: BufferOption): Promise<void> {
    const id = option.isText ? OptionId.bufferText : OptionId.buffer;
    const { reader, flags, size } = await this.sectionHead(header, option.offset, id);
    const isCompressed = (flags & COMPRESSED) !== 0;
    if (option.isText) {
      this.texts.push({ offset: reader.position, size, isCompressed });
      return;
    }
    const { name, clock, pageSize, cpus } = option;
    this.buffers.push({ name, clock: clock ?? this.options.traceClock ?? '', pageSize, isCompressed, cpus });
  }

  // Records.

  private async readBuffers(header: FileHeader, reader: RecordReader): Promise<CaptureClock | null> {
    const { page, record } = this.metadata;
    if (!page) {
      if (this.buffers.length > 0) {
        this.problems.add(
          header.end,
          null,
          'the file does not say how its pages are laid out (header_page), so no event can be read; record again',
        );
      }
      return null;
    }
    const parts: { buffer: Buffer; range: CpuRange; data: CpuData; first: PageSpan }[] = [];
    for (const buffer of this.buffers) {
      for (const { range, data } of this.dataOf(header, buffer)) {
        const first = await data.next();
        if (first) parts.push({ buffer, range, data, first });
      }
    }
    const stampOffset = page.timestampOffset;
    let earliest: bigint | null = null;
    const sharedClock = parts[0]?.buffer.clock ?? '';
    for (const { buffer, first } of parts) {
      if (buffer.clock !== sharedClock || first.bytes.length < stampOffset + 8) continue;
      const view = new DataView(first.bytes.buffer, first.bytes.byteOffset, first.bytes.length);
      const stamp = view.getBigUint64(stampOffset, header.littleEndian);
      if (earliest === null || stamp < earliest) earliest = stamp;
    }
    const { timeOffset, tsc, host } = this.options;
    const clock = new CaptureClock(earliest ?? 0n, timeOffset, tsc, host);
    const layout: RingLayout = { littleEndian: header.littleEndian, page, record, clock };
    const cursors = parts.map(({ buffer, range, data, first }, order) => {
      const isShared = buffer.clock === sharedClock;
      const all = putBack(first, data);
      return new CpuCursor(order, range.cpu, isShared, all, buffer.pageSize, layout, this.problems);
    });
    const total = parts.reduce((sum, part) => sum + part.range.size, 0);
    const starts = parts.reduce((sum, part) => sum + part.range.offset, 0);
    const rows = new RowEstimate(reader, total);
    const estimate = (): void => {
      if (rows.isDue) rows.update(cursors.reduce((sum, cursor) => sum + cursor.fileOffset, 0) - starts);
    };
    const read = (cursor: CpuCursor): void => {
      reader.read(cursor);
    };
    const finish = (cursor: CpuCursor): void => {
      reader.finish(cursor);
    };
    await mergeCursors(
      cursors.filter((cursor) => cursor.hasSharedClock),
      read,
      finish,
      estimate,
    );
    for (const buffer of this.buffers) {
      const own = cursors.filter((_, index) => parts[index]!.buffer === buffer);
      if (buffer.clock === sharedClock || own.length === 0) continue;
      this.problems.add(
        0,
        null,
        `buffer "${buffer.name}" was recorded with the clock ${buffer.clock}, the others with ${sharedClock}: its events stand ` +
          'behind theirs and have no time',
      );
      await mergeCursors(own, read, finish, estimate);
    }
    return clock;
  }

  /** The data of each CPU of a buffer, as far as it is in the file. */
  private dataOf(header: FileHeader, buffer: Buffer): { range: CpuRange; data: CpuData }[] {
    const { pageSize } = buffer;
    if (pageSize < SMALLEST_PAGE || pageSize > LARGEST_PAGE) {
      this.problems.add(
        0,
        null,
        `pages of ${pageSize} bytes, expected ${SMALLEST_PAGE} to ${LARGEST_PAGE}; the events of buffer ` +
          `"${buffer.name}" cannot be read`,
      );
      return [];
    }
    const shared = Math.min(this.file.chunkSize, SPANS_IN_MEMORY / 2 / Math.max(1, buffer.cpus.length));
    const spanSize = Math.max(1, Math.floor(shared / pageSize)) * pageSize;
    const found: { range: CpuRange; data: CpuData }[] = [];
    for (const range of buffer.cpus) {
      const inFile = this.inFile(range, buffer.isCompressed);
      if (inFile.size === 0) continue;
      const data = buffer.isCompressed
        ? new CompressedCpuData(
            this.file,
            inFile,
            header.littleEndian,
            this.decompressor,
            this.problems,
            this.growth,
          )
        : new FlatCpuData(this.file, inFile, spanSize);
      found.push({ range: inFile, data });
    }
    return found;
  }

  /** The part of a CPU's data that is in the file and not that of another CPU too. */
  private inFile(range: CpuRange, isCompressed: boolean): CpuRange {
    const inFile = Math.max(0, Math.min(range.size, this.file.size - range.offset));
    if (inFile < range.size) {
      this.problems.add(
        range.offset,
        null,
        `the events of CPU ${range.cpu} should take ${range.size} bytes from here, but the file ends after ` +
          `${inFile}; it is cut off`,
      );
    }
    const size = Math.min(inFile, this.flatBytesLeft);
    if (size < inFile) {
      this.problems.add(
        range.offset,
        null,
        `the events of CPU ${range.cpu} overlap those of others; ${inFile - size} bytes were not read again`,
      );
    }
    if (!isCompressed || size > 0) this.flatBytesLeft -= size;
    return { cpu: range.cpu, offset: range.offset, size };
  }

  // Latency tracers.

  private async readTexts(): Promise<Capture> {
    const reader = new FtraceTextReader();
    for (const text of this.texts) {
      let base = text.offset;
      const window = new LineWindow(
        {
          read: (bytes, start, end, offset, last) => reader.read(bytes, start, end, base + offset, last),
          overlongLine: (offset, length) => {
            reader.overlongLine(base + offset, length);
          },
          endsWithoutNewline: (offset) => {
            reader.endsWithoutNewline(base + offset);
          },
        },
        0,
      );
      const range = { cpu: 0, offset: text.offset, size: text.size };
      const data = text.isCompressed
        ? new CompressedCpuData(
            this.file,
            range,
            this.header!.littleEndian,
            this.decompressor,
            this.problems,
            this.growth,
          )
        : new FlatCpuData(this.file, range, this.file.chunkSize);
      if (text.isCompressed) base = 0;
      for (let span = await data.next(); span !== null; span = await data.next()) window.push(span.bytes);
      window.finish();
    }
    this.file.finish(this.problems);
    for (const problem of this.problems.kept) reader.problems.addForFile(problem.offset, problem.message);
    return {
      path: this.source.name,
      format: 'trace-dat',
      clock: reader.isTicks ? 'ticks' : 'ns',
      resolution: reader.resolution,
      timeBase: reader.timeBase,
      events: reader.table,
      symbols: reader.symbols,
      gaps: reader.gapRecorder.gaps,
      lost: reader.gapRecorder.lost,
      problems: reader.problems.kept,
      problemCount: reader.problems.count,
      stackRecords: reader.stackRecords,
      orphanStacks: reader.orphanStacks,
      otherEvents: reader.otherEvents(),
      facts: [...this.facts(), ...reader.factList()],
    };
  }

  private captureOf(reader: RecordReader, clock: CaptureClock | null): Capture {
    const { gapRecorder } = reader;
    this.noteMissingSymbols(reader);
    const facts = this.facts();
    if (reader.flagSource !== null) facts.push(['page flags', reader.flagSource]);
    if (reader.userStacks > 0) facts.push(['user stacks (left out)', String(reader.userStacks)]);
    if (reader.cutStacks > 0) facts.push(['stacks cut short by the writer', String(reader.cutStacks)]);
    const { problems } = this;
    return {
      path: this.source.name,
      format: 'trace-dat',
      clock: this.isInNanoseconds ? 'ns' : 'ticks',
      resolution: 1,
      timeBase: clock?.timeBase ?? 0n,
      events: reader.table,
      symbols: reader.symbols,
      gaps: gapRecorder.gaps,
      lost: gapRecorder.lost,
      problems: [...problems.kept].sort((a, b) => a.offset - b.offset),
      problemCount: problems.count,
      stackRecords: reader.stackRecords,
      orphanStacks: reader.orphanStacks,
      otherEvents: countOtherEvents(reader.table, reader.symbols),
      facts,
    };
  }

  private get isInNanoseconds(): boolean {
    const clock = this.buffers[0]?.clock ?? this.options.traceClock ?? '';
    return this.options.tsc !== null || countsNanoseconds(clock);
  }

  /** Frames without names are worth a word on why, and on what to do. */
  private noteMissingSymbols(reader: RecordReader): void {
    const { symbols } = this.metadata;
    if (symbols.codeCount > 0 || reader.stackRecords === 0) return;
    this.problems.add(
      this.options.sections.get(OptionId.kallsyms) ?? 0,
      null,
      symbols.lineCount > 0
        ? 'the addresses of all symbols are 0, so frames have no names; record as root with kernel.kptr_restrict=0'
        : 'the file has no kallsyms, so frames have no names; record with trace-cmd as root',
    );
  }

  private facts(): (readonly [string, string])[] {
    const { header, options, metadata, buffers } = this;
    const facts: (readonly [string, string])[] = [];
    if (header) facts.push(['trace.dat version', String(header.version)]);
    if (header && header.compression !== 'none') facts.push(['compression', header.compression]);
    if (header && !header.littleEndian) facts.push(['byte order', 'big endian']);
    if (options.uname !== null) facts.push(['kernel', options.uname]);
    if (options.recorder !== null) facts.push(['recorded by trace-cmd', options.recorder]);
    const clock = buffers[0]?.clock ?? options.traceClock ?? '';
    if (clock !== '') facts.push(['clock', options.tsc ? `${clock}, converted to ns` : clock]);
    const cpus = new Set(buffers.flatMap((buffer) => buffer.cpus.map((range) => range.cpu)));
    if (cpus.size > 0) facts.push(['CPUs', String(options.cpuCount ?? cpus.size)]);
    const instances = buffers.filter((buffer) => buffer.name !== '').map((buffer) => buffer.name);
    if (instances.length > 0) facts.push(['instances', instances.join(', ')]);
    if (options.traceId !== null) facts.push(['trace id', `0x${options.traceId.toString(16)}`]);
    for (const guest of options.guests) {
      facts.push(['guest', `${guest.name} (trace id 0x${guest.traceId.toString(16)})`]);
    }
    if (options.host) facts.push(['times shifted to host', `trace id 0x${options.host.peer.toString(16)}`]);
    if (options.timeOffset !== 0n) facts.push(['time offset', `${options.timeOffset} ns`]);
    for (const [name, count] of lossesIn(options.cpuStats)) facts.push([name, String(count)]);
    if (metadata.symbols.codeCount > 0) facts.push(['kernel symbols', String(metadata.symbols.codeCount)]);
    return facts;
  }
}

/**
 * Tells from the records read so far how many rows the table will have, so that its columns get their size
 * before they have grown there by doubling.
 */
class RowEstimate {
  private bytesAtNext: number;
  private isDone: boolean;
  private calls = 0;

  /** @param total bytes of trace data in the file */
  constructor(
    private readonly reader: RecordReader,
    private readonly total: number,
  ) {
    this.isDone = total < SMALLEST_ESTIMATED;
    this.bytesAtNext = total / 32;
  }

  /** False where {@link update} would not do anything. */
  get isDue(): boolean {
    // Compressed chunks are small: asking each time where all CPUs are would cost more than it brings.
    return !this.isDone && (this.calls++ & 15) === 0;
  }

  /** `bytes` of the file have become rows. */
  update(bytes: number): void {
    if (bytes < this.bytesAtNext) return;
    this.isDone = this.bytesAtNext >= this.total / 2;
    this.bytesAtNext *= 4;
    this.reader.table.reserve(Math.ceil((this.reader.table.length / bytes) * this.total * ESTIMATE_MARGIN));
  }
}

/** `Linux host 6.1.192-pagelab x86_64` → `6.1.192-pagelab`, `x86_64`. */
function kernelOf(uname: string | null): { release: string | null; machine: string | null } {
  const match = /(?:^|\s)(\d+\.\d+\S*)(?:.*\s(\S+))?$/.exec(uname ?? '');
  return { release: match?.[1] ?? null, machine: match?.[2] ?? null };
}

/** Events that the ring buffers lost before they were read, summed over all CPUs (per_cpu/cpuN/stats). */
function lossesIn(stats: readonly string[]): [string, number][] {
  const sums = new Map<string, number>();
  for (const text of stats) {
    for (const [, name, count] of text.matchAll(/^(overrun|commit overrun|dropped events): (\d{1,15})$/gm)) {
      if (Number(count) > 0) sums.set(name!, (sums.get(name!) ?? 0) + Number(count));
    }
  }
  return [...sums];
}

function putBack(first: PageSpan, rest: CpuData): CpuData {
  let waiting: PageSpan | null = first;
  return {
    next: async () => {
      const span = waiting ?? (await rest.next());
      waiting = null;
      return span;
    },
  };
}
