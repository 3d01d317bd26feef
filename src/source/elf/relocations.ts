/** Relocations of a .ko or .o: its debug sections hold no addresses until they are applied. */
import { ByteCursor } from './byteCursor';
import { sizeInFile, Machine, SectionType, type ElfFile, type ElfSection } from './elfFile';
import { readRange, then, type Now } from './rangeSource';
import type { SymbolTable } from './symbolTable';

/** How a relocation changes the bytes it is for. */
const enum Way {
  /** symbol + addend */
  Absolute,
  /** symbol + addend - place */
  Relative,
  /** what is there + symbol + addend (RISC-V, whose linker moves code) */
  Add,
  /** what is there - (symbol + addend) */
  Subtract,
  None,
}

/** In place of the size of a field: its own bytes tell it. */
const ULEB128 = 0;

interface Rule {
  readonly way: Way;
  /** Bytes. */
  readonly size: 1 | 2 | 4 | 8 | typeof ULEB128;
}

const absolute = (size: Rule['size']): Rule => ({ way: Way.Absolute, size });
const relative = (size: Rule['size']): Rule => ({ way: Way.Relative, size });
const none: Rule = { way: Way.None, size: 1 };

/** What compilers put into debug sections; numbers as in the ABI supplement of the architecture. */
const RULES: ReadonlyMap<number, ReadonlyMap<number, Rule>> = new Map<number, ReadonlyMap<number, Rule>>([
  // R_X86_64_NONE, 64, PC32, 32, 32S, DTPOFF64, DTPOFF32, PC64
  [
    Machine.X86_64,
    new Map([
      [0, none],
      [1, absolute(8)],
      [2, relative(4)],
      [10, absolute(4)],
      [11, absolute(4)],
      [17, none],
      [21, none],
      [24, relative(8)],
    ]),
  ],
  // R_AARCH64_NONE (0 and 256), ABS64, ABS32, ABS16, PREL64, PREL32
  [
    Machine.Aarch64,
    new Map([
      [0, none],
      [256, none],
      [257, absolute(8)],
      [258, absolute(4)],
      [259, absolute(2)],
      [260, relative(8)],
      [261, relative(4)],
    ]),
  ],
  // R_386_NONE, 32, PC32
  [
    Machine.I386,
    new Map([
      [0, none],
      [1, absolute(4)],
      [2, relative(4)],
    ]),
  ],
  // R_ARM_NONE, ABS32, REL32
  [
    Machine.Arm,
    new Map([
      [0, none],
      [2, absolute(4)],
      [3, relative(4)],
    ]),
  ],
  // R_PPC64_NONE, ADDR32, REL32, ADDR64, REL64
  [
    Machine.Ppc64,
    new Map([
      [0, none],
      [1, absolute(4)],
      [26, relative(4)],
      [38, absolute(8)],
      [44, relative(8)],
    ]),
  ],
  // R_390_NONE, 32, PC32, 64, PC64
  [
    Machine.S390,
    new Map([
      [0, none],
      [4, absolute(4)],
      [5, relative(4)],
      [22, absolute(8)],
      [23, relative(8)],
    ]),
  ],
  // R_RISCV_NONE, 32, 64, ADD8 to ADD64, SUB8 to SUB64, RELAX, SET8 to SET32, SET_ULEB128, SUB_ULEB128
  [
    Machine.RiscV,
    new Map<number, Rule>([
      [0, none],
      [1, absolute(4)],
      [2, absolute(8)],
      [33, { way: Way.Add, size: 1 }],
      [34, { way: Way.Add, size: 2 }],
      [35, { way: Way.Add, size: 4 }],
      [36, { way: Way.Add, size: 8 }],
      [37, { way: Way.Subtract, size: 1 }],
      [38, { way: Way.Subtract, size: 2 }],
      [39, { way: Way.Subtract, size: 4 }],
      [40, { way: Way.Subtract, size: 8 }],
      [51, none],
      [54, absolute(1)],
      [55, absolute(2)],
      [56, absolute(4)],
      [60, absolute(ULEB128)],
      [61, { way: Way.Subtract, size: ULEB128 }],
    ]),
  ],
]);

/** Bytes of the target section that one entry of the index stands for. */
const BLOCK = 1 << 16;
/** Bytes of relocations read at a time while the index is made. */
const WINDOW = 1 << 20;
const LARGEST_FIELD = 8;
/** Bytes of 64 bits. */
const LONGEST_ULEB128 = 10;

/** The relocations of one section, applied to whatever part of it is read. */
export class Relocations {
  private isUnknownTold = false;

  private constructor(
    private readonly elf: ElfFile,
    private readonly target: ElfSection,
    private readonly symbols: SymbolTable,
    private readonly section: ElfSection,
    private readonly rules: ReadonlyMap<number, Rule>,
    /** By block of the target: how many relocations are for bytes before it. */
    private readonly before: Uint32Array,
    /** The relocations in the order of their places, where the file has them in another one. */
    private readonly sorted: Uint8Array | null,
  ) {}

  /** Those for `target`, which has `size` bytes when decompressed; null when it has none or the file's architecture is not known (a problem says so). */
  static async load(
    elf: ElfFile,
    target: ElfSection,
    size: number,
    symbols: SymbolTable,
  ): Promise<Relocations | null> {
    const section = elf.sections.find(
      ({ type, info }) => (type === SectionType.Rela || type === SectionType.Rel) && info === target.index,
    );
    if (!elf.isRelocatable || section === undefined) return null;
    const rules = RULES.get(elf.machine);
    if (rules === undefined) {
      const message = `relocations of machine ${elf.machine} are not known; its addresses stay 0`;
      elf.problems.add(section.name, 0, message);
      return null;
    }
    const entry = entrySize(elf, section);
    const count = Math.floor(sizeInFile(elf, section) / entry);
    const blocks = Math.min(Math.ceil(size / BLOCK), 1 << 22);
    const before = new Uint32Array(blocks + 1);
    let isSorted = true;
    let previous = 0;
    const perWindow = Math.floor(WINDOW / entry);
    for (let first = 0; first < count; first += perWindow) {
      const length = Math.min(perWindow, count - first) * entry;
      const cursor = new ByteCursor(
        await readRange(elf.source, section.offset + first * entry, length),
        elf.isLittle,
      );
      while (cursor.end - cursor.position >= entry) {
        const place = cursor.word(elf.wordSize);
        cursor.skip(entry - elf.wordSize);
        if (place < previous) isSorted = false;
        previous = place;
        const block = Math.floor(place / BLOCK);
        if (block < blocks) before[block + 1]!++;
      }
    }
    for (let block = 0; block < blocks; block++) before[block + 1]! += before[block]!;
    const sorted = isSorted ? null : await sortedEntries(elf, section, count);
    return new Relocations(elf, target, symbols, section, rules, before, sorted);
  }

  /** Applies those for `bytes`, which stand at `offset` of the section. */
  apply(bytes: Uint8Array, offset: number): Now<void> {
    const last = this.before.length - 1;
    const firstBlock = Math.max(0, Math.floor((offset - LARGEST_FIELD) / BLOCK));
    const endBlock = Math.ceil((offset + bytes.length) / BLOCK);
    const first = this.before[Math.min(firstBlock, last)]!;
    const end = this.before[Math.min(endBlock, last)]!;
    if (end <= first) return;
    const size = entrySize(this.elf, this.section);
    const entries =
      this.sorted?.subarray(first * size, end * size) ??
      readRange(this.elf.source, this.section.offset + first * size, (end - first) * size);
    return then(entries, (read) => {
      this.applyEntries(new ByteCursor(read, this.elf.isLittle), size, bytes, offset);
    });
  }

  private applyEntries(cursor: ByteCursor, size: number, bytes: Uint8Array, offset: number): void {
    const { wordSize } = this.elf;
    const hasAddend = this.section.type === SectionType.Rela;
    while (cursor.end - cursor.position >= size) {
      const next = cursor.position + size;
      const place = cursor.word(wordSize);
      if (place >= offset + bytes.length) return;
      if (place + LARGEST_FIELD > offset) {
        let symbol: number;
        let type: number;
        if (wordSize === 4) {
          const info = cursor.u32();
          symbol = info >>> 8;
          type = info & 0xff;
        } else if (this.elf.isLittle) {
          type = cursor.u32();
          symbol = cursor.u32();
        } else {
          symbol = cursor.u32();
          type = cursor.u32();
        }
        const addend = hasAddend ? signedWord(cursor, wordSize) : null;
        this.applyOne(bytes, place - offset, place, this.symbols.valueAt(symbol), type, addend);
      }
      cursor.position = next;
    }
  }

  private applyOne(
    bytes: Uint8Array,
    at: number,
    place: number,
    symbol: number,
    type: number,
    addend: number | null,
  ): void {
    const rule = this.rules.get(type);
    if (rule === undefined) {
      if (!this.isUnknownTold) {
        const message = `a relocation of type ${type} for machine ${this.elf.machine}, which is not known`;
        this.elf.problems.add(this.target.name, place, message);
      }
      this.isUnknownTold = true;
      return;
    }
    if (rule.way === Way.None) return;
    const { isLittle } = this.elf;
    const present = addend === null || rule.way >= Way.Add ? getField(bytes, at, rule.size, isLittle) : 0;
    const value = symbol + (addend ?? present);
    const result =
      rule.way === Way.Absolute
        ? value
        : rule.way === Way.Relative
          ? value - place
          : rule.way === Way.Add
            ? present + value
            : present - value;
    putField(bytes, at, rule.size, isLittle, result);
  }
}

function entrySize(elf: ElfFile, section: ElfSection): number {
  return elf.wordSize * (section.type === SectionType.Rela ? 3 : 2);
}

function signedWord(cursor: ByteCursor, wordSize: 4 | 8): number {
  if (wordSize === 4) return cursor.u32() | 0;
  return Number(BigInt.asIntN(64, cursor.big64()));
}

async function sortedEntries(elf: ElfFile, section: ElfSection, count: number): Promise<Uint8Array> {
  const size = entrySize(elf, section);
  const bytes = await readRange(elf.source, section.offset, count * size);
  const cursor = new ByteCursor(bytes, elf.isLittle);
  const there = Math.floor(bytes.length / size);
  const places = new Float64Array(there);
  for (let i = 0; i < there; i++) {
    cursor.position = i * size;
    places[i] = cursor.word(elf.wordSize);
  }
  const order = new Uint32Array(there).map((_, i) => i).sort((a, b) => places[a]! - places[b]!);
  const sorted = new Uint8Array(there * size);
  for (let i = 0; i < there; i++) {
    sorted.set(bytes.subarray(order[i]! * size, (order[i]! + 1) * size), i * size);
  }
  return sorted;
}

/** A field may reach over the end of what was read: only its bytes in there count. */
function getField(bytes: Uint8Array, at: number, size: Rule['size'], isLittle: boolean): number {
  if (size === ULEB128) return getUleb128(bytes, at);
  let value = 0;
  for (let i = 0; i < size; i++) {
    const byte = bytes[at + (isLittle ? size - 1 - i : i)] ?? 0;
    value = value * 256 + byte;
  }
  return value;
}

function putField(bytes: Uint8Array, at: number, size: Rule['size'], isLittle: boolean, value: number): void {
  if (size === ULEB128) {
    putUleb128(bytes, at, value);
    return;
  }
  let low = value % 2 ** 32;
  let high = Math.floor(value / 2 ** 32);
  if (low < 0) low += 2 ** 32;
  if (!Number.isFinite(high)) high = 0;
  for (let i = 0; i < size; i++) {
    const position = at + (isLittle ? i : size - 1 - i);
    const byte = i < 4 ? (low / 2 ** (8 * i)) & 0xff : (high >> (8 * (i - 4))) & 0xff;
    if (position >= 0 && position < bytes.length) bytes[position] = byte;
  }
}

function getUleb128(bytes: Uint8Array, at: number): number {
  const end = endOfUleb128(bytes, at);
  let value = 0;
  for (let i = end - 1; i >= at; i--) value = value * 128 + (bytes[i]! & 0x7f);
  return value;
}

/** Assemblers leave room with 0x80, and what is behind stays where it is: the length is kept (RISC-V psABI). */
function putUleb128(bytes: Uint8Array, at: number, value: number): void {
  const end = endOfUleb128(bytes, at);
  let rest = value;
  for (let i = at; i < end; i++) {
    const high = Math.floor(rest / 128);
    bytes[i] = (bytes[i]! & 0x80) | (rest - high * 128);
    rest = high;
  }
}

/** What begins before the bytes that were read has none here: nothing tells how long it is. */
function endOfUleb128(bytes: Uint8Array, at: number): number {
  if (at < 0) return at;
  const most = Math.min(bytes.length, at + LONGEST_ULEB128);
  let end = at;
  while (end < most) if (bytes[end++]! < 0x80) break;
  return end;
}
