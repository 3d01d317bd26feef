import type { ProblemList } from '../problemList';
import { noteSecondFile } from '../secondFile';
import { HOW_TO_GET_ALL } from './adviceForCutFile';
import { decompressorOf, isBelievable } from './decompressor';
import { isTraceDat, type FileHeader } from './fileHeader';
import { OptionId, type BufferOption } from './fileOptions';
import type { FileRanges } from './fileRanges';
import type { FileStructure } from './fileStructure';
import { recoverBuffer } from './recoverBuffer';
import { ofSection } from './sectionNames';
import { readSectionHead, walkSections, type FoundSection, type SectionHead } from './sections';
import { SequentialReader } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** Option sections form a list: a damaged one must not make it endless. */
const MOST_OPTION_SECTIONS = 1 << 12;

/** Ids of the sections that hold trace data. */
const IS_TRACE_DATA: ReadonlySet<number> = new Set([OptionId.buffer, OptionId.bufferText]);

/** A section whose data is in memory or at hand. */
interface Section {
  readonly reader: SequentialReader;
  readonly size: number;
}

/** A section of trace data that no option names. */
interface UnlistedData {
  readonly section: FoundSection;
  /** Place among the sections of trace data. */
  readonly index: number;
}

/** Reads what a trace.dat of version 7 holds: sections, found by the options (trace-cmd.dat.v7(5)). */
export class Version7Reader {
  constructor(
    private readonly file: FileRanges,
    private readonly header: FileHeader,
    private readonly structure: FileStructure,
    private readonly problems: ProblemList,
  ) {}

  /** What is where, and how records are laid out. */
  async read(): Promise<void> {
    const decompressor = await decompressorOf(this.header.compression);
    if (decompressor) {
      this.structure.decompressor = decompressor;
    } else {
      this.problems.add(
        this.header.end,
        null,
        `compressed with ${JSON.stringify(this.header.compression.slice(0, 20))}, expected zstd, zlib or none; convert it with ` +
          '"trace-cmd convert --compression zstd"',
      );
    }
    const unlisted = await this.readOptions();
    const { metadata, options } = this.structure;
    await this.section(OptionId.headerInfo, (section) => metadata.readHeaders(section.reader));
    await this.section(OptionId.ftraceEvents, (section) => metadata.readFtraceFormats(section.reader));
    await this.section(OptionId.eventFormats, (section) => metadata.readEventFormats(section.reader));
    for (const buffer of options.buffers) await this.structure.guarded(() => this.readBuffer(buffer));
    for (const data of unlisted) await this.structure.guarded(() => this.readUnlisted(data));
  }

  /** What addresses, pids and string pointers stand for; {@link read} comes before. */
  async readNames(): Promise<void> {
    const { metadata } = this.structure;
    await this.section(OptionId.kallsyms, (section) => metadata.readKallsyms(section.reader));
    await this.section(OptionId.printk, (section) => metadata.readPrintkFormats(section.reader));
    await this.section(OptionId.commandLines, (section) => metadata.readCommandLines(section.reader));
    await this.section(OptionId.modules, async ({ reader, size }) => {
      metadata.symbols.readModules(await reader.upTo(size));
    });
  }

  /**
   * Reads the options, and returns the sections of trace data that they do not name: they stand in a section behind
   * the data (tcmd_out_write_cpu_data()), which a file that is cut off does not have.
   */
  private async readOptions(): Promise<UnlistedData[]> {
    const seen = new Set<number>();
    const isWhole = await this.readOptionSections(seen);
    const { sections, strayOffset } = await walkSections(this.file, this.header);
    if (isWhole && strayOffset !== null)
      await noteSecondFile(this.file, strayOffset, isTraceDat, this.problems);
    if (!isWhole) {
      if (strayOffset !== null) {
        this.problems.add(
          strayOffset,
          null,
          `expected a section at byte ${strayOffset}; what is there and after it was not looked at`,
        );
      }
      for (const section of sections) await this.takeUnlisted(section, seen);
    }
    const listed = new Set(this.structure.options.buffers.map(({ offset }) => offset));
    return sections
      .filter(({ id }) => IS_TRACE_DATA.has(id))
      .map((section, index) => ({ section, index }))
      .filter(({ section }) => !listed.has(section.offset));
  }

  /** Takes in a section of options or metadata that the list of sections, which is not whole, does not name. */
  private async takeUnlisted(section: FoundSection, seen: Set<number>): Promise<void> {
    const { id, offset } = section;
    const { sections } = this.structure.options;
    if (id !== OptionId.done) {
      if (!sections.has(id)) sections.set(id, offset);
    } else if (!seen.has(offset)) {
      await this.readOptionSection(offset, seen);
    }
  }

  /** Reads the list of option sections; false where it does not go on to its end. */
  private async readOptionSections(seen: Set<number>): Promise<boolean> {
    if (this.header.optionsOffset === 0) {
      this.problems.add(
        this.header.end,
        null,
        'the file has no list of its sections, as trace-cmd was ended before it wrote one; they were looked for one ' +
          `after the other. ${HOW_TO_GET_ALL}`,
      );
      return false;
    }
    let offset: number | null = this.header.optionsOffset;
    while (offset !== null && offset !== 0) {
      if (seen.has(offset) || seen.size >= MOST_OPTION_SECTIONS) {
        this.problems.add(offset, null, 'the option sections form a circle; the rest was not read');
        return false;
      }
      offset = await this.readOptionSection(offset, seen);
    }
    return offset === 0;
  }

  /** Reads a section of options and returns the offset of the next one, 0 for none, null where it is damaged. */
  private async readOptionSection(offset: number, seen: Set<number>): Promise<number | null> {
    seen.add(offset);
    let next: number | null = null;
    await this.structure.guarded(async () => {
      const section = await this.openSection(offset, OptionId.done);
      next = await this.takeOptions(section);
    });
    return next;
  }

  /** Reads one section of options and returns the offset of the next one, 0 for none. */
  private async takeOptions({ reader, size }: Section): Promise<number> {
    const end = reader.position + size;
    while (reader.position < end) {
      const id = await reader.u16('the id of an option');
      const optionSize = await reader.u32('the size of an option');
      const place = reader.place;
      const data = await reader.bytes(optionSize, 'an option');
      if (id === OptionId.done) {
        return await SequentialReader.overBytes(data, this.header.littleEndian, place).u64(
          'the next options',
        );
      }
      await this.structure.guarded(() => this.structure.options.add(id, data, place));
    }
    throw new UnexpectedData(
      end,
      'the options have no end mark, expected one here; the file is cut off or damaged',
    );
  }

  /** Reads a section of metadata where the options say that there is one. */
  private async section(id: number, read: (section: Section) => Promise<void>): Promise<void> {
    const offset = this.structure.options.sections.get(id);
    if (offset === undefined) return;
    const isRead = await this.structure.guarded(() =>
      ofSection(id, async () => {
        await read(await this.openSection(offset, id));
      }),
    );
    if (!isRead) this.structure.damagedSections.set(id, offset);
  }

  /** @throws UnexpectedData when there is no such section at `offset`, or its block is damaged */
  private async openSection(offset: number, id: number): Promise<Section> {
    const { isCompressed, dataOffset, size } = await this.sectionHead(offset, id);
    const dataEnd = isCompressed ? this.file.size : Math.min(dataOffset + size, this.file.size);
    const reader = new SequentialReader(this.file, dataOffset, dataEnd, this.header.littleEndian);
    if (!isCompressed) return { reader, size: dataEnd - dataOffset };
    const compressed = await reader.u32('the compressed size of a section');
    const uncompressed = await reader.u32('the size of a section');
    if (!isBelievable(compressed, uncompressed)) {
      throw new UnexpectedData(
        offset,
        `a section of ${compressed} bytes claims to stand for ${uncompressed}; it was skipped`,
      );
    }
    const block = await reader.bytes(compressed, 'a section');
    const bytes = new Uint8Array(uncompressed);
    if (!this.structure.decompressor.decompress(block, bytes)) {
      throw new UnexpectedData(
        offset,
        `section ${id} of ${compressed} bytes does not decompress to the ${uncompressed} bytes that it should`,
      );
    }
    return {
      reader: SequentialReader.overBytes(bytes, this.header.littleEndian, offset),
      size: bytes.length,
    };
  }

  private async sectionHead(offset: number, id: number): Promise<SectionHead> {
    const head = await readSectionHead(this.file, this.header, offset);
    if (!head) {
      const what = id === OptionId.done ? 'its list of sections goes on' : `section ${id} should be`;
      throw new UnexpectedData(
        offset,
        `the file is cut off at byte ${this.file.size}: ${what} at byte ${offset}. ${HOW_TO_GET_ALL}`,
        true,
      );
    }
    if (head.id !== id) {
      throw new UnexpectedData(offset, `section ${head.id} where the options promise section ${id}`);
    }
    return head;
  }

  private async readBuffer(option: BufferOption): Promise<void> {
    const id = option.isText ? OptionId.bufferText : OptionId.buffer;
    const { isCompressed, dataOffset, size } = await this.sectionHead(option.offset, id);
    if (option.isText) {
      this.structure.texts.push({ offset: dataOffset, size, isCompressed });
      return;
    }
    const { name, clock, pageSize, cpus } = option;
    this.structure.buffers.push({
      name,
      clock: clock ?? this.structure.options.traceClock ?? '',
      pageSize,
      isCompressed,
      cpus,
    });
  }

  /** Takes in trace data that no option names. */
  private async readUnlisted({ section, index }: UnlistedData): Promise<void> {
    const { id, isCompressed, dataOffset, offset, end } = section;
    if (id === OptionId.bufferText) {
      this.structure.texts.push({ offset: dataOffset, size: end - dataOffset, isCompressed });
      this.problems.add(
        offset,
        null,
        `the option with the place of the latency tracer's text is lost; the text was found without it. ${HOW_TO_GET_ALL}`,
      );
      return;
    }
    const { options, metadata, clock } = this.structure;
    const { name, cpus, loss } = await recoverBuffer(
      this.file,
      this.header,
      metadata.page,
      options,
      section,
      index,
    );
    this.structure.buffers.push({ name, clock, pageSize: this.header.pageSize, isCompressed, cpus });
    this.problems.add(offset, null, `${loss}. ${HOW_TO_GET_ALL}`);
  }
}
