/** The bytes of one section, by ranges: decompressed, with relocations applied. */
import { ByteCursor, stringAt } from './byteCursor';
import { compressionOf, decompressSection } from './decompressSection';
import { sizeInFile, type ElfFile, type ElfSection } from './elfFile';
import { readRange, then, type Now } from './rangeSource';
import { Relocations } from './relocations';
import type { SymbolTable } from './symbolTable';

/** Strings and lists are read by blocks of this size, in bytes: one of them is seldom asked for alone. */
const BLOCK = 1 << 16;
/** Blocks kept per section: the strings of a distribution's vmlinux have some 20 MB, those in use far less. */
const MOST_BLOCKS = 64;
/** Strings kept per section: half of those that units ask for were asked for by another one before. */
const MOST_STRINGS = 1 << 14;
/** A name longer than this in bytes is cut; mangled names of C++ and Rust have a few thousand. */
const LONGEST_STRING = 1 << 14;

const NOTHING = new Uint8Array(0);

export class SectionBytes {
  private readonly blocks = new Map<number, ByteCursor>();
  /** By offset. */
  private readonly strings = new Map<number, string>();

  private constructor(
    private readonly elf: ElfFile,
    /** Bytes when decompressed. */
    readonly size: number,
    private readonly fileOffset: number,
    private readonly whole: Uint8Array | null,
    private readonly relocations: Relocations | null,
  ) {}

  /** @param symbols those that relocations name; null when the file has none */
  static async open(elf: ElfFile, section: ElfSection, symbols: SymbolTable | null): Promise<SectionBytes> {
    const compressed = await compressionOf(elf, section);
    const whole = compressed && (await decompressSection(elf, section, compressed));
    const size = whole ? whole.length : sizeInFile(elf, section);
    if (!whole && size < section.size) {
      const message = `${section.size} bytes from byte ${section.offset} were expected; the file ends before`;
      elf.problems.add(section.name, size, message);
    }
    const relocations = symbols && (await Relocations.load(elf, section, size, symbols));
    return new SectionBytes(elf, size, section.offset, whole, relocations);
  }

  /** A section that is not there. */
  static empty(elf: ElfFile): SectionBytes {
    return new SectionBytes(elf, 0, 0, NOTHING, null);
  }

  /** Whether all of it can be read without waiting. */
  get isNow(): boolean {
    return this.elf.source.readNow !== undefined;
  }

  /** Up to `length` bytes from `offset`, fewer where the section ends. They may be shared: do not write to them. */
  read(offset: number, length: number): Now<Uint8Array> {
    const start = Math.max(0, Math.min(offset, this.size));
    const wanted = Math.max(0, Math.min(length, this.size - start));
    if (this.isNow && (this.whole === null || this.relocations !== null)) {
      const bytes = new Uint8Array(wanted);
      const filled = this.fill(start, bytes);
      return filled === wanted ? bytes : bytes.subarray(0, filled);
    }
    if (this.relocations !== null) return this.readRelocated(this.relocations, start, wanted);
    if (this.whole !== null) return this.whole.subarray(start, start + wanted);
    return readRange(this.elf.source, this.fileOffset + start, wanted);
  }

  /**
   * Copies bytes from `offset` into the whole of `target`, which must not reach over the end of the section; says how
   * many there were. Only where {@link isNow}.
   */
  fill(offset: number, target: Uint8Array): number {
    const { whole, relocations } = this;
    let filled = target.length;
    if (whole === null) filled = this.elf.source.readNow!(this.fileOffset + offset, target);
    else target.set(whole.subarray(offset, offset + target.length));
    // It waits for nothing, as the file does not either.
    void relocations?.apply(target.subarray(0, filled), offset);
    return filled;
  }

  /** The string that begins at `offset`; empty beyond the end. */
  string(offset: number): Now<string> {
    if (!(offset >= 0 && offset < this.size)) return '';
    return (
      this.strings.get(offset) ??
      then(this.readString(offset), (string) => {
        if (this.strings.size >= MOST_STRINGS) this.strings.delete(this.strings.keys().next().value!);
        this.strings.set(offset, string);
        return string;
      })
    );
  }

  private readString(offset: number): Now<string> {
    const inBlock = offset % BLOCK;
    return then(this.block(Math.floor(offset / BLOCK)), ({ bytes }) => {
      if (bytes.includes(0, inBlock)) return stringAt(bytes, inBlock);
      return then(this.read(offset, LONGEST_STRING), (longer) => stringAt(longer, 0));
    });
  }

  /**
   * A cursor before `offset`, with at least `length` bytes behind it where the section has them: for short things of
   * unknown length. It is shared: be done with it before anything is waited for.
   */
  cursorAt(offset: number, length: number): Now<ByteCursor> {
    const { isLittle } = this.elf;
    if (!(offset >= 0 && offset < this.size)) return new ByteCursor(NOTHING, isLittle);
    // An integer to V8 too, or all cursors had positions of floating point from then on.
    const inBlock = (offset % BLOCK) | 0;
    if (inBlock + length > BLOCK) {
      return then(this.read(offset, length), (bytes) => new ByteCursor(bytes, isLittle));
    }
    return then(this.block(Math.floor(offset / BLOCK)), (cursor) => {
      cursor.goTo(inBlock, cursor.bytes.length);
      return cursor;
    });
  }

  private block(index: number): Now<ByteCursor> {
    const known = this.blocks.get(index);
    if (known !== undefined) return known;
    return then(this.read(index * BLOCK, BLOCK), (bytes) => {
      const cursor = new ByteCursor(bytes, this.elf.isLittle);
      if (this.blocks.size >= MOST_BLOCKS) this.blocks.delete(this.blocks.keys().next().value!);
      this.blocks.set(index, cursor);
      return cursor;
    });
  }

  private async readRelocated(relocations: Relocations, start: number, wanted: number): Promise<Uint8Array> {
    const bytes =
      this.whole?.slice(start, start + wanted) ??
      (await readRange(this.elf.source, this.fileOffset + start, wanted));
    await relocations.apply(bytes, start);
    return bytes;
  }
}
