/** Which unit the code at an address is of. */
import { readAddress } from '../elf/addressBase';
import { ByteCursor } from '../elf/byteCursor';
import type { Now } from '../elf/rangeSource';
import type { SectionPart } from '../elf/sectionWindow';
import { CodePieces, firstAbove } from './codePieces';
import type { DwarfSections } from './dwarfSections';
import { readInitialLength } from './initialLength';
import { LONGEST_HEADER, readUnitHeader, type UnitHeader } from './unit';

/** Gives the pieces of code of a unit that .debug_aranges says nothing of. */
type UnitRanges = (header: UnitHeader, add: (low: number, high: number) => void) => Promise<void>;

/** Bytes of .debug_aranges read at a time. */
const WINDOW = 1 << 20;
/** No file has more; each costs a read. */
const MOST_UNITS = 1 << 20;

/** Pieces of code by their begins, and the units that they are of. */
export class UnitIndex {
  private sorted = new CodePieces([]);
  /** Pieces not yet sorted in: low, high, unit. */
  private pieces: number[] = [];
  private readonly announced = new Set<number>();
  /** Where the units known so far begin, in order. */
  private starts: number[] = [];
  private completed: Promise<void> | null = null;
  isComplete = false;

  private constructor(private readonly sections: DwarfSections) {}

  /** Reads .debug_aranges, if there is one. */
  static async open(sections: DwarfSections): Promise<UnitIndex> {
    const index = new UnitIndex(sections);
    await index.readAranges();
    index.sort();
    return index;
  }

  /** Offset in .debug_info of the unit that an address is of, or -1. */
  find(address: number): number {
    return this.sorted.find(address);
  }

  /** Where the first unit behind this offset begins, as far as known; else the end of .debug_info. */
  nextStart(offset: number): number {
    return this.starts[firstAbove(this.starts, offset)] ?? this.sections.get('info').size;
  }

  /** The begin of the unit that a place in .debug_info is in; all units must be known for it. */
  startBefore(offset: number): number {
    return this.starts[firstAbove(this.starts, offset) - 1] ?? -1;
  }

  /** Walks over all units and adds the code of those that .debug_aranges left out (Clang writes none). Once. */
  complete(ranges: UnitRanges): Promise<void> {
    this.completed ??= this.walkUnits(ranges);
    return this.completed;
  }

  private async walkUnits(ranges: UnitRanges): Promise<void> {
    const { size } = this.sections.get('info');
    const starts: number[] = [];
    for (let offset = 0; offset < size && starts.length < MOST_UNITS;) {
      const read: Now<SectionPart> = this.sections.info.at(offset, LONGEST_HEADER);
      const header = readUnitHeader(read instanceof Promise ? await read : read, offset);
      if (typeof header === 'string') {
        this.sections.problem('info', offset, `${header}; what follows it was not read`);
        break;
      }
      starts.push(offset);
      if (!this.announced.has(offset)) {
        await ranges(header, (low, high) => {
          if (low < high) this.pieces.push(low, high, offset);
        });
      }
      offset += header.length;
    }
    this.starts = starts;
    this.sort();
    this.isComplete = true;
  }

  private async readAranges(): Promise<void> {
    const section = this.sections.get('aranges');
    for (let offset = 0; offset < section.size;) {
      const bytes = await section.read(offset, WINDOW);
      let used = this.readSets(bytes, offset, offset + bytes.length >= section.size);
      if (used === 0) used = await this.readLongSet(bytes, offset);
      if (used === 0) return;
      offset += used;
    }
    this.starts = [...this.announced].sort((a, b) => a - b);
  }

  /** A set that is longer than a window; returns its length, or 0 when there is none. */
  private async readLongSet(head: Uint8Array, offset: number): Promise<number> {
    const section = this.sections.get('aranges');
    const cursor = new ByteCursor(head, this.sections.isLittle);
    const { length } = readInitialLength(cursor);
    if (cursor.isOverrun || offset + length > section.size || length <= head.length) {
      this.sections.problem('aranges', offset, `a set of ${length} bytes, which the section does not have`);
      return 0;
    }
    return this.readSets(await section.read(offset, length), offset, true);
  }

  /** Reads the sets that are whole in `bytes`, and returns how many bytes they have. */
  private readSets(bytes: Uint8Array, sectionOffset: number, isLast: boolean): number {
    const { isLittle, base } = this.sections;
    const cursor = new ByteCursor(bytes, isLittle);
    let used = 0;
    while (used < bytes.length) {
      cursor.position = used;
      const { length, offsetSize } = readInitialLength(cursor);
      if (cursor.isOverrun || length > bytes.length - used) {
        if (isLast && used > 0)
          this.sections.problem('aranges', sectionOffset + used, 'a set that is cut off');
        return isLast && used > 0 ? bytes.length : used;
      }
      cursor.end = used + length;
      const version = cursor.u16();
      const unit = cursor.word(offsetSize);
      const addressSize = cursor.u8();
      const segmentSize = cursor.u8();
      if (version === 2 && segmentSize === 0 && (addressSize === 4 || addressSize === 8)) {
        this.announced.add(unit);
        // The pairs are aligned to their size, from the begin of the set.
        const pair = 2 * addressSize;
        cursor.skip(pair - 1 - ((cursor.position - used - 1) % pair));
        while (cursor.position + pair <= cursor.end) {
          const low = readAddress(cursor, addressSize, base);
          const size = cursor.word(addressSize);
          if (size > 0) this.pieces.push(low, low + size, unit);
        }
      } else {
        this.sections.problem('aranges', sectionOffset + used, `a set of version ${version}, expected 2`);
      }
      used += length;
      cursor.end = bytes.length;
      cursor.isOverrun = false;
    }
    return used;
  }

  private sort(): void {
    const { pieces } = this;
    this.sorted.forEach((low, high, unit) => pieces.push(low, high, unit));
    this.sorted = new CodePieces(pieces);
    this.pieces = [];
  }
}
