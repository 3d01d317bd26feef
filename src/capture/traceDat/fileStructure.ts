import type { ProblemList } from '../problemList';
import { NO_CPU } from '../eventTable';
import { HOW_TO_GET_ALL } from './adviceForCutFile';
import { decompressorOf, isBelievable, type Decompressor } from './decompressor';
import { readFileHeader, type FileHeader } from './fileHeader';
import { FileOptions, OptionId, chosenClock, type BufferOption, type CpuRange } from './fileOptions';
import type { FileRanges } from './fileRanges';
import { TraceMetadata } from './metadata';
import { recoverBuffer } from './recoverBuffer';
import { readSectionHead, walkSections, type FoundSection, type SectionHead } from './sections';
import { SequentialReader, decodeText } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** Option sections form a list: a damaged one must not make it endless. */
const MOST_OPTION_SECTIONS = 1 << 12;
/** Bytes of `options  \0`, `latency  \0`, `flyrecord\0`. */
const TAG_LENGTH = 10;

/** A section of trace data that no option names. */
interface UnlistedData {
  readonly section: FoundSection;
  /** Place among the sections of trace data. */
  readonly index: number;
}

/** Ids of the sections that hold trace data. */
const IS_TRACE_DATA: ReadonlySet<number> = new Set([OptionId.buffer, OptionId.bufferText]);

const NO_DECOMPRESSOR: Decompressor = { decompress: () => null };

/** A section of version 7 whose data is in memory or at hand. */
interface Section {
  readonly reader: SequentialReader;
  readonly size: number;
}

/** A ring buffer and where its pages are. */
export interface RingBuffer {
  /** Empty for the top level, else that of the instance. */
  readonly name: string;
  /** Empty where the file does not name it. */
  readonly clock: string;
  readonly pageSize: number;
  /** The pages are in compressed chunks. */
  readonly isCompressed: boolean;
  readonly cpus: readonly CpuRange[];
}

/** Text of a latency tracer that stands in place of ring buffer pages. */
export interface TextRange {
  readonly offset: number;
  readonly size: number;
  readonly isCompressed: boolean;
}

/**
 * What a trace.dat holds and where: everything but the records themselves. A part that is damaged is left out
 * and listed as a problem; the others are read all the same.
 */
export class FileStructure {
  header: FileHeader | null = null;
  options = new FileOptions(true, false);
  readonly metadata = new TraceMetadata();
  readonly buffers: RingBuffer[] = [];
  readonly texts: TextRange[] = [];
  decompressor = NO_DECOMPRESSOR;

  constructor(
    private readonly file: FileRanges,
    private readonly problems: ProblemList,
  ) {}

  /** Reads the head of the file, which says how the rest is compressed. */
  async readHeader(): Promise<void> {
    await this.guarded(async () => {
      this.header = await readFileHeader(this.file);
    });
  }

  /** Reads all; the head is not read again. */
  async read(): Promise<void> {
    if (this.header === null) await this.readHeader();
    const { header } = this;
    if (header === null) return;
    await this.guarded(async () => {
      this.options = new FileOptions(header.littleEndian, header.version === 7);
      if (header.version === 6) await this.readVersion6(header);
      else await this.readVersion7(header);
    });
    if (this.header !== null && this.buffers.length + this.texts.length === 0) {
      this.problems.add(
        this.file.size,
        null,
        `the file has ${this.file.size} bytes and ends before the data of the CPUs, so it has no events. ` +
          HOW_TO_GET_ALL,
      );
    }
  }

  /** Name of the clock of the top level, or of the first instance; empty where the file does not name it. */
  get clock(): string {
    return this.buffers[0]?.clock ?? this.options.traceClock ?? '';
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
        this.expectBuffer6(buffer);
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

  /** @throws UnexpectedData when the data of an instance is not in the file */
  private expectBuffer6({ name, offset }: BufferOption): void {
    const { size } = this.file;
    if (offset > 0 && offset + TAG_LENGTH <= size) return;
    const place = offset > 0 ? `should be at byte ${offset}` : 'were not written yet';
    throw new UnexpectedData(
      size,
      `the file is cut off at byte ${size}: the events of buffer "${name}" ${place}. ${HOW_TO_GET_ALL}`,
    );
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
      this.texts.push({
        offset: reader.position,
        size: this.file.size - reader.position,
        isCompressed: false,
      });
      return;
    }
    if (tag !== 'flyrecord\0') {
      throw new UnexpectedData(
        place,
        'expected "options", "latency" or "flyrecord" here; the file is damaged',
      );
    }
    const cpus: CpuRange[] = [];
    const isWhole = await this.guarded(async () => {
      const count = name === '' ? (options.cpuCount ?? cpuCount) : cpuCount;
      for (let cpu = 0; cpu < Math.min(count, NO_CPU); cpu++) {
        const offset = await reader.u64('the offset of the data of a CPU');
        const size = await reader.u64('the size of the data of a CPU');
        cpus.push({ cpu, offset, size, isCutOff: false });
      }
    });
    if (isWhole && name === '' && options.hasTraceClock) await this.readTraceClock6(reader);
    if (isWhole) this.findOpenCpu6(header, name, cpus, reader.position);
    const clock = options.traceClock ?? '';
    this.buffers.push({ name, clock, pageSize: header.pageSize, isCompressed: false, cpus });
  }

  /**
   * trace-cmd 3 writes zeros into the table, and over them where the data of a CPU is when all of it is written
   * (tcmd_out_write_cpu_data()): it was ended before, in the data of the first CPU without a place. No buffer has a
   * place behind that one then.
   */
  private findOpenCpu6(header: FileHeader, name: string, cpus: CpuRange[], tableEnd: number): void {
    const cpu = cpus.findIndex(({ offset, size }) => offset === 0 && size === 0);
    const { buffers } = this.options;
    const later = buffers.slice(buffers.findIndex((buffer) => buffer.name === name) + 1);
    if (cpu < 0 || later.some(({ offset }) => offset !== 0)) return;
    const dataEnd = Math.max(tableEnd, ...cpus.map(({ offset, size }) => offset + size));
    const offset = Math.ceil(dataEnd / header.pageSize) * header.pageSize;
    const size = this.file.size - offset;
    if (!(size > 0)) return;
    cpus[cpu] = { cpu, offset, size, isCutOff: true };
    this.problems.add(
      offset,
      null,
      `trace-cmd was ended while it wrote the events of CPU ${cpu}: the ${size} bytes that are there were read, those ` +
        `of the CPUs behind it are lost. ${HOW_TO_GET_ALL}`,
    );
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
    const unlisted = await this.readOptions(header);
    const { metadata } = this;
    await this.section(header, OptionId.headerInfo, (section) => metadata.readHeaders(section.reader));
    await this.section(header, OptionId.ftraceEvents, (section) =>
      metadata.readFtraceFormats(section.reader),
    );
    await this.section(header, OptionId.eventFormats, (section) => metadata.readEventFormats(section.reader));
    await this.section(header, OptionId.kallsyms, (section) => metadata.readKallsyms(section.reader));
    await this.section(header, OptionId.printk, (section) => metadata.readPrintkFormats(section.reader));
    await this.section(header, OptionId.commandLines, (section) => metadata.readCommandLines(section.reader));
    await this.section(header, OptionId.modules, async ({ reader, size }) => {
      metadata.symbols.readModules(await reader.upTo(size));
    });
    for (const buffer of this.options.buffers) await this.guarded(() => this.readBuffer7(header, buffer));
    for (const data of unlisted) await this.guarded(() => this.readUnlisted(header, data));
  }

  /**
   * Reads the options, and returns the sections of trace data that they do not name: they stand in a section behind
   * the data (tcmd_out_write_cpu_data()), which a file that is cut off does not have.
   */
  private async readOptions(header: FileHeader): Promise<UnlistedData[]> {
    const seen = new Set<number>();
    const isWhole = await this.readOptionSections(header, seen);
    const { sections, strayOffset } = await walkSections(this.file, header);
    if (!isWhole) {
      if (strayOffset !== null) {
        this.problems.add(
          strayOffset,
          null,
          `expected a section at byte ${strayOffset}; what stands there and behind was not looked at`,
        );
      }
      for (const section of sections) await this.takeUnlisted(header, section, seen);
    }
    const listed = new Set(this.options.buffers.map(({ offset }) => offset));
    return sections
      .filter(({ id }) => IS_TRACE_DATA.has(id))
      .map((section, index) => ({ section, index }))
      .filter(({ section }) => !listed.has(section.offset));
  }

  /** Takes in a section of options or metadata that the list of sections, which is not whole, does not name. */
  private async takeUnlisted(header: FileHeader, section: FoundSection, seen: Set<number>): Promise<void> {
    const { id, offset } = section;
    const { sections } = this.options;
    if (id !== OptionId.done) {
      if (!sections.has(id)) sections.set(id, offset);
    } else if (!seen.has(offset)) {
      await this.readOptionSection(header, offset, seen);
    }
  }

  /** Reads the list of option sections; false where it does not go on to its end. */
  private async readOptionSections(header: FileHeader, seen: Set<number>): Promise<boolean> {
    if (header.optionsOffset === 0) {
      this.problems.add(
        header.end,
        null,
        'the file has no list of its sections, as trace-cmd was ended before it wrote one; they were looked for one ' +
          `after the other. ${HOW_TO_GET_ALL}`,
      );
      return false;
    }
    let offset: number | null = header.optionsOffset;
    while (offset !== null && offset !== 0) {
      if (seen.has(offset) || seen.size >= MOST_OPTION_SECTIONS) {
        this.problems.add(offset, null, 'the option sections form a circle; the rest was not read');
        return false;
      }
      offset = await this.readOptionSection(header, offset, seen);
    }
    return offset === 0;
  }

  /** Reads a section of options and returns the offset of the next one, 0 for none, null where it is damaged. */
  private async readOptionSection(
    header: FileHeader,
    offset: number,
    seen: Set<number>,
  ): Promise<number | null> {
    seen.add(offset);
    let next: number | null = null;
    await this.guarded(async () => {
      const section = await this.openSection(header, offset, OptionId.done);
      next = await this.readOptions7(header, section);
    });
    return next;
  }

  /** Reads one section of options and returns the offset of the next one, 0 for none. */
  private async readOptions7(header: FileHeader, { reader, size }: Section): Promise<number> {
    const end = reader.position + size;
    while (reader.position < end) {
      const id = await reader.u16('the id of an option');
      const optionSize = await reader.u32('the size of an option');
      const place = reader.place;
      const data = await reader.bytes(optionSize, 'an option');
      if (id === OptionId.done) {
        return await SequentialReader.overBytes(data, header.littleEndian, place).u64('the next options');
      }
      await this.guarded(() => this.options.add(id, data, place));
    }
    throw new UnexpectedData(
      end,
      'the options have no end mark, expected one here; the file is cut off or damaged',
    );
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
    const { isCompressed, dataOffset, size } = await this.sectionHead(header, offset, id);
    const dataEnd = isCompressed ? this.file.size : Math.min(dataOffset + size, this.file.size);
    const reader = new SequentialReader(this.file, dataOffset, dataEnd, header.littleEndian);
    if (!isCompressed) return { reader, size: dataEnd - dataOffset };
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

  private async sectionHead(header: FileHeader, offset: number, id: number): Promise<SectionHead> {
    const head = await readSectionHead(this.file, header, offset);
    if (!head) {
      const what = id === OptionId.done ? 'its list of sections goes on' : `section ${id} should be`;
      throw new UnexpectedData(
        offset,
        `the file is cut off at byte ${this.file.size}: ${what} at byte ${offset}. ${HOW_TO_GET_ALL}`,
      );
    }
    if (head.id !== id) {
      throw new UnexpectedData(offset, `section ${head.id} where the options promise section ${id}`);
    }
    return head;
  }

  private async readBuffer7(header: FileHeader, option: BufferOption): Promise<void> {
    const id = option.isText ? OptionId.bufferText : OptionId.buffer;
    const { isCompressed, dataOffset, size } = await this.sectionHead(header, option.offset, id);
    if (option.isText) {
      this.texts.push({ offset: dataOffset, size, isCompressed });
      return;
    }
    const { name, clock, pageSize, cpus } = option;
    this.buffers.push({ name, clock: clock ?? this.options.traceClock ?? '', pageSize, isCompressed, cpus });
  }

  /** Takes in trace data that no option names. */
  private async readUnlisted(header: FileHeader, { section, index }: UnlistedData): Promise<void> {
    const { id, isCompressed, dataOffset, offset, end } = section;
    if (id === OptionId.bufferText) {
      this.texts.push({ offset: dataOffset, size: end - dataOffset, isCompressed });
      this.problems.add(
        offset,
        null,
        `the option that says where the text of a latency tracer is is lost; it was read without it, copy the file whole`,
      );
      return;
    }
    const { options, metadata, clock } = this;
    const { name, cpus, loss } = await recoverBuffer(
      this.file,
      header,
      metadata.page,
      options,
      section,
      index,
    );
    this.buffers.push({ name, clock, pageSize: header.pageSize, isCompressed, cpus });
    this.problems.add(offset, null, `${loss}; copy the file whole`);
  }
}
