/** The symbols of a kernel or module: functions by name and by address. */
import { addressBaseOf, readAddress } from './addressBase';
import { ByteCursor, stringAt } from './byteCursor';
import { Machine, sizeInFile, SectionType, type ElfFile } from './elfFile';
import { readRange } from './rangeSource';
import { sortedBy } from './sortedBy';

const enum SymbolType {
  None = 0,
  Function = 2,
  IndirectFunction = 10,
}

const UNDEFINED = 0;
const ABSOLUTE = 0xfff1;
const EXTENDED_INDEX = 0xffff;
const FIRST_RESERVED = 0xff00;
/** SHT_SYMTAB_SHNDX: section numbers that do not fit 16 bits. */
const INDEX_SECTION = 18;

/** A kernel with everything in it has some 400 000 symbols, with 30 MB of names. */
const MOST_SYMBOLS = 1 << 24;
const LARGEST_NAMES = 1 << 28;

/** A symbol of the table, by its position there. */
export type SymbolId = number;

export class SymbolTable {
  /** Symbols of code, by address. */
  private byAddress: Uint32Array | null = null;
  /** Open addressing from the hash of a name to a symbol of it; 0 is free. */
  private byName: Uint32Array | null = null;
  /** By symbol, the next one of its name; 0 ends. */
  private sameName: Uint32Array | null = null;

  private constructor(
    private readonly elf: ElfFile,
    readonly count: number,
    private readonly values: Float64Array,
    private readonly sizes: Float64Array,
    private readonly sections: Uint32Array,
    private readonly info: Uint8Array,
    private readonly nameOffsets: Uint32Array,
    private readonly names: Uint8Array,
  ) {}

  /** Reads .symtab; a table without symbols where the file has none. */
  static async read(elf: ElfFile): Promise<SymbolTable> {
    const section = elf.sections.find(({ type }) => type === SectionType.SymbolTable);
    const size = elf.wordSize === 8 ? 24 : 16;
    const there = section ? sizeInFile(elf, section) : 0;
    const count = Math.min(Math.floor(there / size), MOST_SYMBOLS);
    if (section && count * size < section.size) {
      elf.problems.add(section.name, count * size, `the rest of its ${section.size} bytes was not read`);
    }
    const bytes = section ? await readRange(elf.source, section.offset, count * size) : new Uint8Array(0);
    const strings = section && elf.sections[section.link];
    const names = strings
      ? await readRange(elf.source, strings.offset, Math.min(strings.size, LARGEST_NAMES))
      : new Uint8Array(0);
    const indices = elf.sections.find(({ type, link }) => type === INDEX_SECTION && link === section?.index);
    const extended = indices
      ? await readRange(elf.source, indices.offset, Math.min(indices.size, 4 * count))
      : null;
    return SymbolTable.fromBytes(elf, bytes, names, extended);
  }

  private static fromBytes(
    elf: ElfFile,
    bytes: Uint8Array,
    names: Uint8Array,
    extended: Uint8Array | null,
  ): SymbolTable {
    const entry = elf.wordSize === 8 ? 24 : 16;
    const count = Math.floor(bytes.length / entry);
    const values = new Float64Array(count);
    const sizes = new Float64Array(count);
    const sections = new Uint32Array(count);
    const info = new Uint8Array(count);
    const nameOffsets = new Uint32Array(count);
    const cursor = new ByteCursor(bytes, elf.isLittle);
    const indices = extended && new ByteCursor(extended, elf.isLittle);
    const base = addressBaseOf(elf.base);
    for (let i = 0; i < count; i++) {
      nameOffsets[i] = cursor.u32();
      let section: number;
      if (elf.wordSize === 8) {
        info[i] = cursor.u8();
        cursor.skip(1);
        section = cursor.u16();
        values[i] = readAddress(cursor, 8, base);
        sizes[i] = cursor.u64();
      } else {
        values[i] = readAddress(cursor, 4, base);
        sizes[i] = cursor.u32();
        info[i] = cursor.u8();
        cursor.skip(1);
        section = cursor.u16();
      }
      if (section === EXTENDED_INDEX && indices !== null) {
        indices.position = 4 * i;
        section = indices.u32();
      } else if (section >= FIRST_RESERVED) {
        section = ABSOLUTE;
      }
      sections[i] = section;
      if (isThumb(elf, info[i]! & 15)) values[i]! -= values[i]! % 2;
      if (elf.isRelocatable) values[i]! += elf.sections[section]?.address ?? 0;
    }
    return new SymbolTable(elf, count, values, sizes, sections, info, nameOffsets, names);
  }

  /** Address of a symbol; 0 for one that is not in the table. */
  valueAt(symbol: SymbolId): number {
    return this.values[symbol] ?? 0;
  }

  /** Bytes; 0 when the table does not say, as for most code in assembly. */
  sizeAt(symbol: SymbolId): number {
    return this.sizes[symbol] ?? 0;
  }

  nameAt(symbol: SymbolId): string {
    return symbol < this.count ? stringAt(this.names, this.nameOffsets[symbol]!) : '';
  }

  /** Whether the name is as short as those of a kernel are; only hostile files have longer ones. */
  hasKernelName(symbol: SymbolId): boolean {
    return lengthAt(this.names, this.nameOffsets[symbol] ?? 0) < LONGEST_NAME;
  }

  /** Number of the section it is in. */
  sectionAt(symbol: SymbolId): number {
    return this.sections[symbol] ?? UNDEFINED;
  }

  /** All symbols of this name that stand for a place in the file, code or not, in the order of the table. */
  named(name: string): SymbolId[] {
    const found: SymbolId[] = [];
    const table = (this.byName ??= this.indexNames());
    const wanted = new TextEncoder().encode(name);
    const mask = table.length - 1;
    for (let slot = hashOf(wanted, 0, wanted.length) & mask; ; slot = (slot + 1) & mask) {
      const first = table[slot]!;
      if (first === 0) break;
      if (!this.hasName(first, wanted)) continue;
      for (let symbol = first; symbol !== 0; symbol = this.sameName![symbol]!) found.push(symbol);
      break;
    }
    return found.reverse();
  }

  /** The symbol of the code at an address: the last one that begins there or before, in the same section. */
  codeAt(address: number): SymbolId | null {
    const sorted = (this.byAddress ??= this.sortByAddress());
    const low = this.firstBehind(sorted, address);
    let best: SymbolId | null = null;
    // Of several at one place, those that the address is within are better than those that ended before.
    for (let i = low - 1; i >= 0 && this.values[sorted[i]!] === this.values[sorted[low - 1]!]; i--) {
      const symbol = sorted[i]!;
      if (this.holds(symbol, address) && (best === null || this.rank(symbol) <= this.rank(best)))
        best = symbol;
    }
    return best;
  }

  /** The symbols of code, in the order of their addresses. */
  codeByAddress(): ArrayLike<SymbolId> & Iterable<SymbolId> {
    return (this.byAddress ??= this.sortByAddress());
  }

  /** How many bytes behind an address the next symbols of code begin, ascending; at most `limit` of them. */
  distancesBehind(address: number, limit: number): number[] {
    const sorted = (this.byAddress ??= this.sortByAddress());
    const distances: number[] = [];
    for (let i = this.firstBehind(sorted, address); i < sorted.length && distances.length < limit; i++) {
      const distance = this.values[sorted[i]!]! - address;
      if (distance !== distances.at(-1)) distances.push(distance);
    }
    return distances;
  }

  private firstBehind(sorted: Uint32Array, address: number): number {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.values[sorted[middle]!]! <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Functions before labels, and those with a size before those without. */
  private rank(symbol: SymbolId): number {
    const type = this.info[symbol]! & 15;
    return (type === SymbolType.None ? 2 : 0) + (this.sizes[symbol]! > 0 ? 0 : 1);
  }

  private holds(symbol: SymbolId, address: number): boolean {
    const size = this.sizes[symbol]!;
    if (size > 0) return address < this.values[symbol]! + size;
    const section = this.elf.sections[this.sections[symbol]!];
    return section !== undefined && address < section.address + section.size;
  }

  private sortByAddress(): Uint32Array {
    const code = this.elf.sections.map(({ isCode }) => isCode);
    const kept = new Uint32Array(this.count);
    let count = 0;
    for (let i = 1; i < this.count; i++) {
      const type = this.info[i]! & 15;
      const isFunction =
        type === SymbolType.Function || type === SymbolType.IndirectFunction || type === SymbolType.None;
      if (isFunction && code[this.sections[i]!] === true && !this.isMarker(i)) kept[count++] = i;
    }
    return sortedBy(kept.subarray(0, count), this.values);
  }

  /** Nameless symbols, and those that only say where code and data begin ($x, $d of arm; .L labels). */
  private isMarker(symbol: number): boolean {
    const first = this.names[this.nameOffsets[symbol]!] ?? 0;
    return first === 0 || first === 0x24 || first === 0x2e;
  }

  private indexNames(): Uint32Array {
    let slots = 1024;
    while (slots < this.count * 2) slots *= 2;
    const table = new Uint32Array(slots);
    const next = new Uint32Array(this.count);
    const mask = slots - 1;
    const { names, nameOffsets } = this;
    for (let i = 1; i < this.count; i++) {
      const start = nameOffsets[i]!;
      if (start === 0 || this.sections[i] === UNDEFINED || this.sections[i] === ABSOLUTE) continue;
      const length = lengthAt(names, start);
      let slot = hashOf(names, start, start + length) & mask;
      while (table[slot] !== 0 && !this.isSameName(table[slot]!, start, length)) slot = (slot + 1) & mask;
      next[i] = table[slot]!;
      table[slot] = i;
    }
    this.sameName = next;
    return table;
  }

  private isSameName(symbol: number, start: number, length: number): boolean {
    const other = this.nameOffsets[symbol]!;
    if (other === start) return true;
    for (let i = 0; i <= length; i++) {
      if (this.names[other + i] !== this.names[start + i]) return false;
    }
    return true;
  }

  private hasName(symbol: number, wanted: Uint8Array): boolean {
    const start = this.nameOffsets[symbol]!;
    for (let i = 0; i < wanted.length; i++) if (this.names[start + i] !== wanted[i]) return false;
    return (this.names[start + wanted.length] ?? 0) === 0;
  }
}

/**
 * The lowest bit of a function of 32-bit arm says that its code is Thumb, and is no part of the address (ELF for the Arm
 * Architecture, 5.5.3); kallsyms and debug info are without it.
 */
function isThumb({ machine }: ElfFile, type: number): boolean {
  return machine === Machine.Arm && (type === SymbolType.Function || type === SymbolType.IndirectFunction);
}

/** KSYM_NAME_LEN (include/linux/kallsyms.h); longer names of hostile data must not be walked for each symbol. */
const LONGEST_NAME = 512;

function lengthAt(names: Uint8Array, start: number): number {
  let end = start;
  while (end < names.length && end - start < LONGEST_NAME && names[end] !== 0) end++;
  return end - start;
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}
