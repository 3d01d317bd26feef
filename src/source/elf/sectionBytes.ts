/** The bytes of one section, by ranges: decompressed, with relocations applied. */
import { stringAt } from './byteCursor';
import { compressionOf, decompressSection } from './decompressSection';
import { sizeInFile, type ElfFile, type ElfSection } from './elfFile';
import { readRange, type Now } from './rangeSource';
import { Relocations } from './relocations';
import type { SymbolTable } from './symbolTable';

/** Strings and lists are read by blocks of this size, in bytes: one of them is seldom asked for alone. */
const BLOCK = 1 << 16;
/** Blocks kept per section: the strings of a distribution's vmlinux have some 20 MB, those in use far less. */
const MOST_BLOCKS = 64;
/** A name longer than this in bytes is cut; mangled names of C++ and Rust have a few thousand. */
const LONGEST_STRING = 1 << 14;

const NOTHING = new Uint8Array(0);

export class SectionBytes {
  private readonly blocks = new Map<number, Uint8Array>();

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

  /** Up to `length` bytes from `offset`, fewer where the section ends. They may be shared: do not write to them. */
  read(offset: number, length: number): Now<Uint8Array> {
    const start = Math.max(0, Math.min(offset, this.size));
    const wanted = Math.max(0, Math.min(length, this.size - start));
    if (this.relocations !== null) return this.readRelocated(this.relocations, start, wanted);
    if (this.whole !== null) return this.whole.subarray(start, start + wanted);
    return readRange(this.elf.source, this.fileOffset + start, wanted);
  }

  /** The string that begins at `offset`; empty beyond the end. */
  string(offset: number): Now<string> {
    if (!(offset >= 0 && offset < this.size)) return '';
    const block = this.blocks.get(Math.floor(offset / BLOCK));
    const inBlock = offset % BLOCK;
    if (block?.includes(0, inBlock) === true) return stringAt(block, inBlock);
    return this.loadString(offset);
  }

  /**
   * Bytes from `offset` to somewhere behind it, most often already there: for short things of unknown length. At
   * least `length` bytes where the section has them.
   */
  near(offset: number, length: number): Now<Uint8Array> {
    if (!(offset >= 0 && offset < this.size)) return NOTHING;
    const inBlock = offset % BLOCK;
    if (inBlock + length > BLOCK) return this.read(offset, length);
    const block = this.block(Math.floor(offset / BLOCK));
    return block instanceof Promise
      ? block.then((bytes) => bytes.subarray(inBlock))
      : block.subarray(inBlock);
  }

  private async loadString(offset: number): Promise<string> {
    const block = await this.block(Math.floor(offset / BLOCK));
    const inBlock = offset % BLOCK;
    if (block.includes(0, inBlock)) return stringAt(block, inBlock);
    return stringAt(await this.read(offset, LONGEST_STRING), 0);
  }

  private block(index: number): Now<Uint8Array> {
    const known = this.blocks.get(index);
    if (known !== undefined) return known;
    const block = this.read(index * BLOCK, BLOCK);
    if (block instanceof Promise) return block.then((bytes) => this.keep(index, bytes));
    return this.keep(index, block);
  }

  private keep(index: number, block: Uint8Array): Uint8Array {
    if (this.blocks.size >= MOST_BLOCKS) this.blocks.delete(this.blocks.keys().next().value!);
    this.blocks.set(index, block);
    return block;
  }

  private async readRelocated(relocations: Relocations, start: number, wanted: number): Promise<Uint8Array> {
    const bytes =
      this.whole?.slice(start, start + wanted) ??
      (await readRange(this.elf.source, this.fileOffset + start, wanted));
    await relocations.apply(bytes, start);
    return bytes;
  }
}
