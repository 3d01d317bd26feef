/** The headers of an ELF file (System V ABI, chapter 4; include/uapi/linux/elf.h). */
import { ByteCursor, stringAt } from './byteCursor';
import { DebugFileError, DebugProblems } from './debugProblems';
import { readRange, type RangeSource } from './rangeSource';

export const enum Machine {
  I386 = 3,
  Ppc64 = 21,
  S390 = 22,
  Arm = 40,
  X86_64 = 62,
  Aarch64 = 183,
  RiscV = 243,
}

export const enum SectionType {
  SymbolTable = 2,
  Rela = 4,
  Note = 7,
  NoBits = 8,
  Rel = 9,
}

const enum SectionFlag {
  Alloc = 2,
  Execute = 4,
  Compressed = 0x800,
}

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly isCode: boolean;
  readonly isCompressed: boolean;
  /** Where it is in the address space of {@link ElfFile.base}; 0 when it is not in memory as the program runs. */
  readonly address: number;
  /** Bytes from the begin of the file. */
  readonly offset: number;
  /** Bytes in the file, or in memory when {@link type} is NoBits. */
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

/**
 * An ELF file by its section headers.
 *
 * Addresses of 64 bits do not fit a number, and those of a kernel are all near each other: within the source room
 * they are numbers, counted from {@link base}. In a relocatable file (a kernel module) each section begins at
 * address 0; there the loaded sections are given addresses one behind the other, as the linker would.
 */
export interface ElfFile {
  readonly source: RangeSource;
  readonly isLittle: boolean;
  readonly wordSize: 4 | 8;
  readonly machine: number;
  /** True for .o and .ko: addresses are those that {@link ElfSection.address} says. */
  readonly isRelocatable: boolean;
  /** What number 0 stands for in the addresses of this file. */
  readonly base: bigint;
  readonly sections: readonly ElfSection[];
  readonly problems: DebugProblems;
}

/** Far above any kernel (-ffunction-sections gives one per function), far below what memory could not hold. */
const MOST_SECTIONS = 1 << 20;
/** Sections of a relocatable file are laid out a page apart, so that no address is the end of one and in another. */
const SECTION_GAP = 4096;

const RELOCATABLE = 1;

/**
 * Reads the headers.
 *
 * @throws DebugFileError when the file is no ELF file or has no section headers where it says
 * @throws what `source.read` throws
 */
export async function openElf(source: RangeSource): Promise<ElfFile> {
  const head = await readRange(source, 0, 64);
  const fail = (what: string): never => {
    throw new DebugFileError(`${source.name}: ${what}`);
  };
  if (head.length < 20 || stringAt(head.subarray(0, 4), 0) !== '\x7fELF') {
    return fail(
      `expected an ELF file, which begins with 7f 45 4c 46 ("\\x7fELF"); it begins with ${hex(head)}. ` +
        'Choose the vmlinux of the build (not bzImage or vmlinuz), or a .ko',
    );
  }
  const [wordClass, byteOrder] = [head[4]!, head[5]!];
  if (wordClass !== 1 && wordClass !== 2)
    return fail(`byte 4 is ${wordClass}, expected 1 (ELF32) or 2 (ELF64)`);
  if (byteOrder !== 1 && byteOrder !== 2) {
    return fail(`byte 5 is ${byteOrder}, expected 1 (little-endian) or 2 (big-endian)`);
  }
  const wordSize = wordClass === 2 ? 8 : 4;
  const isLittle = byteOrder === 1;
  const cursor = new ByteCursor(head, isLittle);
  cursor.position = 16;
  const type = cursor.u16();
  const machine = cursor.u16();
  cursor.skip(4 + 2 * wordSize);
  const tableOffset = cursor.word(wordSize);
  cursor.skip(10);
  const entrySize = cursor.u16();
  const countInHeader = cursor.u16();
  const nameIndexInHeader = cursor.u16();
  const smallestEntry = wordSize === 8 ? 64 : 40;
  if (cursor.isOverrun) return fail(`it ends in its header, at byte ${head.length}`);
  if (tableOffset === 0)
    return fail('it has no section headers: they were stripped, and with them the debug info');
  if (entrySize < smallestEntry) {
    return fail(`its section headers have ${entrySize} bytes each, expected ${smallestEntry}`);
  }
  const zeroth = await readRange(source, tableOffset, entrySize);
  if (zeroth.length < entrySize) {
    return fail(
      `its section headers should be at byte ${tableOffset}, and it ends at byte ${source.size}: it is cut off. ` +
        'Copy it again',
    );
  }
  // Numbers that do not fit 16 bits stand in the header of section 0 (gABI, "Sections", SHN_LORESERVE).
  const overflow = new SectionReader(new ByteCursor(zeroth, isLittle), wordSize).read();
  const wantedCount = countInHeader === 0 ? overflow.size : countInHeader;
  const nameIndex = nameIndexInHeader === 0xffff ? overflow.link : nameIndexInHeader;
  const problems = new DebugProblems();
  const fitting = Math.floor((source.size - tableOffset) / entrySize);
  const count = Math.min(wantedCount, fitting, MOST_SECTIONS);
  if (count < wantedCount) {
    problems.add('', tableOffset, `${wantedCount} section headers are announced; ${count} were read`);
  }
  const raw = readHeaders(
    await readRange(source, tableOffset, count * entrySize),
    entrySize,
    isLittle,
    wordSize,
  );
  const names = await sectionNames(source, raw[nameIndex]);
  const isRelocatable = type === RELOCATABLE;
  const base = isRelocatable ? 0n : lowestCode(raw);
  let free = 0;
  const sections = raw.map((section, index): ElfSection => {
    const isLoaded = (section.flags & SectionFlag.Alloc) !== 0;
    let address = 0;
    if (isLoaded && isRelocatable) {
      address = free;
      const end = free + section.size;
      free = Math.ceil(end / SECTION_GAP) * SECTION_GAP + SECTION_GAP;
    } else if (isLoaded) {
      address = Number(BigInt.asIntN(64, section.address - base));
    }
    return {
      index,
      name: stringAt(names, section.name),
      type: section.type,
      isCode: isLoaded && (section.flags & SectionFlag.Execute) !== 0,
      isCompressed: (section.flags & SectionFlag.Compressed) !== 0,
      address,
      offset: section.offset,
      size: section.size,
      link: section.link,
      info: section.info,
    };
  });
  return { source, isLittle, wordSize, machine, isRelocatable, base, sections, problems };
}

/** The first section of this name that has bytes. */
export function sectionNamed(elf: ElfFile, name: string): ElfSection | null {
  return elf.sections.find((section) => section.name === name && section.type !== SectionType.NoBits) ?? null;
}

/** Bytes of a section that the file really has: less than its size where it was cut off. */
export function sizeInFile(elf: ElfFile, { offset, size }: ElfSection): number {
  return Math.min(size, Math.max(0, elf.source.size - offset));
}

/** The address as a number of {@link ElfFile.base}. */
export function relativeAddress(elf: ElfFile, address: bigint): number {
  return Number(BigInt.asIntN(64, address - elf.base));
}

/** The address of 64 bits that a number of {@link ElfFile.base} stands for. */
export function absoluteAddress(elf: ElfFile, address: number): bigint {
  return BigInt.asUintN(elf.wordSize * 8, BigInt(address) + elf.base);
}

interface RawSection {
  readonly name: number;
  readonly type: number;
  readonly flags: number;
  readonly address: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

class SectionReader {
  constructor(
    private readonly cursor: ByteCursor,
    private readonly wordSize: 4 | 8,
  ) {}

  read(): RawSection {
    const { cursor, wordSize } = this;
    const name = cursor.u32();
    const type = cursor.u32();
    // All flags that matter are in the lower half.
    const flags = Number(this.big() & 0xffffffffn);
    const address = this.big();
    const offset = cursor.word(wordSize);
    const size = cursor.word(wordSize);
    const link = cursor.u32();
    const info = cursor.u32();
    return { name, type, flags, address, offset, size, link, info };
  }

  private big(): bigint {
    return this.wordSize === 8 ? this.cursor.big64() : BigInt(this.cursor.u32());
  }
}

function readHeaders(bytes: Uint8Array, entrySize: number, isLittle: boolean, wordSize: 4 | 8): RawSection[] {
  const headers: RawSection[] = [];
  for (let at = 0; at + entrySize <= bytes.length; at += entrySize) {
    const entry = new ByteCursor(bytes.subarray(at, at + entrySize), isLittle);
    headers.push(new SectionReader(entry, wordSize).read());
  }
  return headers;
}

/** Names of a million sections have some 30 MB. */
const LARGEST_NAMES = 1 << 26;

async function sectionNames(source: RangeSource, section: RawSection | undefined): Promise<Uint8Array> {
  if (section === undefined || section.type === SectionType.NoBits) return new Uint8Array(0);
  return readRange(source, section.offset, Math.min(section.size, LARGEST_NAMES));
}

function lowestCode(sections: readonly RawSection[]): bigint {
  const wanted = SectionFlag.Alloc | SectionFlag.Execute;
  let lowest: bigint | null = null;
  for (const { flags, size, address } of sections) {
    if ((flags & wanted) !== wanted || size === 0) continue;
    if (lowest === null || address < lowest) lowest = address;
  }
  return lowest ?? 0n;
}

function hex(bytes: Uint8Array): string {
  const shown = Array.from(bytes.subarray(0, 4), (byte) => byte.toString(16).padStart(2, '0'));
  return shown.length === 0 ? 'nothing (it is empty)' : shown.join(' ');
}
