/** One unit of .debug_info: what its root says, and its functions. */
import { readAddress, zeroAddress } from '../elf/addressBase';
import { ByteCursor } from '../elf/byteCursor';
import { then, type Now } from '../elf/rangeSource';
import type { SectionPart } from '../elf/sectionWindow';
import type { Abbreviations } from './abbreviations';
import { CodePieces } from './codePieces';
import { FLAT_LANGUAGES, Form, Slot, Tag, UnitType } from './constants';
import type { DwarfSections } from './dwarfSections';
import type { EntryReader, EntryShapes } from './entryReader';
import type { FormSizes } from './forms';
import { innermostAt, type FunctionNode } from './functionTree';
import { InlineTree } from './inlineTree';
import { LONGEST_INITIAL_LENGTH, readInitialLength } from './initialLength';
import { LineTable } from './lineTable';
import { readRangeList, type AddRange, type RangeContext } from './rangeLists';

export interface UnitHeader extends FormSizes {
  /** Bytes from the begin of .debug_info. */
  readonly offset: number;
  /** Bytes of the unit, its length field included. */
  readonly length: number;
  /** Bytes before the root entry. */
  readonly headerLength: number;
  readonly type: number;
  readonly abbreviationsOffset: number;
}

/** Enough for every header. */
export const LONGEST_HEADER = 40;
/** A unit of this size in bytes or more is not read: the largest of a kernel has some 2 MB, Rust's 100 MB. */
const LARGEST_UNIT = 1 << 29;

/** The header of the unit that begins at an offset of .debug_info, which is in the part; or what is wrong with it. */
export function readUnitHeader(
  { cursor, start, length: available }: SectionPart,
  offset: number,
): UnitHeader | string {
  const begin = offset - start;
  cursor.goTo(begin, available);
  const { length, offsetSize } = readInitialLength(cursor);
  const version = cursor.u16();
  if (version < 2 || version > 5) return `DWARF version ${version}, expected 2 to 5`;
  let type: number = UnitType.Compile;
  let addressSize: number;
  let abbreviationsOffset: number;
  if (version >= 5) {
    type = cursor.u8();
    addressSize = cursor.u8();
    abbreviationsOffset = cursor.word(offsetSize);
    if (type === UnitType.Skeleton || type === UnitType.SplitCompile) cursor.skip(8);
    else if (type === UnitType.Type || type === UnitType.SplitType) cursor.skip(8 + offsetSize);
  } else {
    abbreviationsOffset = cursor.word(offsetSize);
    addressSize = cursor.u8();
  }
  const headerLength = cursor.position - begin;
  if (cursor.isOverrun || length < headerLength) return 'a unit header that is cut off';
  if (length > LARGEST_UNIT) return `a unit of ${length} bytes`;
  if (addressSize !== 4 && addressSize !== 8) return `addresses of ${addressSize} bytes, expected 4 or 8`;
  return { offset, length, headerLength, version, type, addressSize, offsetSize, abbreviationsOffset };
}

/** The attributes of an entry that say where its code is: values and forms. */
interface CodeAttributes {
  readonly low: number;
  readonly lowForm: number;
  readonly high: number;
  readonly highForm: number;
  readonly ranges: number;
  readonly rangesForm: number;
}

function codeAttributesOf({ values, forms }: EntryReader): CodeAttributes {
  return {
    low: values[Slot.LowPc]!,
    lowForm: forms[Slot.LowPc]!,
    high: values[Slot.HighPc]!,
    highForm: forms[Slot.HighPc]!,
    ranges: values[Slot.Ranges]!,
    rangesForm: forms[Slot.Ranges]!,
  };
}

/** A function of a unit by its entry: positions in the unit. */
export interface FunctionEntry {
  readonly start: number;
  /** Behind its children at the latest. */
  readonly end: number;
}

/** Where the code of an entry ends that is in one piece, and says so by itself; null for any other. */
function plainEnd({ values, forms }: EntryReader): number | null {
  const highForm = forms[Slot.HighPc]!;
  if (forms[Slot.Ranges] !== 0 || forms[Slot.LowPc] !== Form.Addr) return null;
  if (highForm === Form.Addr) return values[Slot.HighPc]!;
  return highForm === 0 || isIndexed(highForm) ? null : values[Slot.LowPc]! + values[Slot.HighPc]!;
}

/** What the root entry of a unit says; null or a form of 0 where it does not. */
interface Root {
  readonly code: CodeAttributes;
  readonly hasChildren: boolean;
  readonly language: number | null;
  readonly lineTable: number | null;
  /** DW_AT_comp_dir where it stands in the entry itself. */
  readonly ownDirectory: string | null;
  readonly directory: number;
  readonly directoryForm: number;
  readonly stringOffsets: number | null;
  readonly addresses: number | null;
  readonly rangeLists: number | null;
  readonly isSplit: boolean;
}

function rootOf(reader: EntryReader): Root {
  const valueOf = (slot: Slot): number | null => (reader.has(slot) ? reader.values[slot]! : null);
  const directory = reader.values[Slot.CompDir]!;
  const directoryForm = reader.forms[Slot.CompDir]!;
  return {
    code: codeAttributesOf(reader),
    hasChildren: reader.hasChildren,
    language: valueOf(Slot.Language),
    lineTable: valueOf(Slot.StmtList),
    ownDirectory: directoryForm === Form.String ? reader.stringAt(directory) : null,
    directory,
    directoryForm,
    stringOffsets: valueOf(Slot.StrOffsetsBase),
    addresses: valueOf(Slot.AddrBase),
    rangeLists: valueOf(Slot.RnglistsBase),
    isSplit: reader.has(Slot.DwoName),
  };
}

/** Bytes in which nearly every entry is, without its children. */
const USUAL_ENTRY = 1 << 12;

/**
 * The reader with the attributes of the entry at a position of a unit; of a null entry, or one that is damaged, it has
 * none. Be done with it before anything is waited for.
 */
function entryAt(
  sections: DwarfSections,
  shapes: EntryShapes,
  position: number,
  end: number,
): Now<EntryReader> {
  const tryWith = (length: number): Now<EntryReader> =>
    then(sections.info.at(shapes.unitOffset + position, Math.min(length, end - position)), (part) => {
      const reader = sections.entries;
      reader.enter(shapes, part, position, end);
      if (reader.next()) reader.read();
      else reader.forget();
      return reader.isOverrun && length < end - position ? tryWith(Infinity) : reader;
    });
  return tryWith(USUAL_ENTRY);
}

/** Keeps what it found in the unit, not its bytes: those are read again where they are needed. */
export class Unit {
  private rangeContext: RangeContext;
  private readonly shapes: EntryShapes;
  /** By entry of this unit, what nameOf found for it. */
  readonly names = new Map<number, string | null>();
  /** Pieces of its functions, each with the index of the function. */
  private pieces: Now<CodePieces> | null = null;
  /** Start and end of the entry of one function after the other. */
  private functions: readonly number[] = [];
  private lines: Now<LineTable | null> | undefined;
  /** By start of the function: what is inlined into it; null when it was asked for once. */
  private readonly inlined = new Map<number, InlineTree | null>();
  private inlinedSize = 0;

  private constructor(
    private readonly sections: DwarfSections,
    readonly header: UnitHeader,
    private readonly abbreviations: Abbreviations,
    private readonly root: Root,
    shapes: EntryShapes,
  ) {
    const { isLittle, base } = sections;
    this.shapes = shapes;
    const { version, addressSize } = header;
    this.rangeContext = {
      section: sections.get(version >= 5 ? 'rnglists' : 'ranges'),
      isLittle,
      version,
      addressSize,
      base,
      unitLow: zeroAddress(base),
      indexedAddress: (index) => this.indexedAddress(index),
    };
  }

  static open(sections: DwarfSections, header: UnitHeader, abbreviations: Abbreviations): Now<Unit> {
    const { offset: unitOffset, headerLength } = header;
    const shapes = { abbreviations, sizes: header, base: sections.base, unitOffset };
    return then(entryAt(sections, shapes, headerLength, header.length), (reader) => {
      const unit = new Unit(sections, header, abbreviations, rootOf(reader), shapes);
      const { low, lowForm } = unit.root.code;
      const unitLow = lowForm === 0 ? null : unit.addressOf(low, lowForm);
      return then(unitLow, (address) => {
        if (address !== null) unit.rangeContext = { ...unit.rangeContext, unitLow: address };
        return unit;
      });
    });
  }

  /** Bytes it keeps in memory, about. */
  get size(): number {
    const lines = this.lines instanceof LineTable ? this.lines.size : 0;
    const functions = this.functions.length * 35 + this.inlined.size * 40 + this.inlinedSize;
    return lines + this.abbreviations.size + functions + 2000;
  }

  /** Whether its entries are in a .dwo file, and here is but a skeleton. */
  get isSplit(): boolean {
    return this.root.isSplit;
  }

  get rootHasCode(): boolean {
    const { lowForm, highForm, rangesForm } = this.root.code;
    return rangesForm !== 0 || (lowForm !== 0 && highForm !== 0);
  }

  /**
   * The reader with the attributes of the entry at a position; none for what is no entry. There is but one reader: be
   * done with it before anything is waited for.
   */
  entryAt(position: number): Now<EntryReader> {
    return entryAt(this.sections, this.shapes, position, this.header.length);
  }

  /** The reader before the entry at `start`, with all up to `end`. The same holds as for {@link entryAt}. */
  entriesFrom(start: number, end: number): Now<EntryReader> {
    const { sections, shapes, header } = this;
    return then(sections.info.at(header.offset + start, end - start), (part) => {
      sections.entries.enter(shapes, part, start, end);
      return sections.entries;
    });
  }

  /** The pieces of code that the root names. */
  async addRootRanges(add: AddRange): Promise<void> {
    await this.addRanges(this.root.code, add);
  }

  /** The pieces of code of all functions of the unit. */
  async addFunctionRanges(add: AddRange): Promise<void> {
    (await (this.pieces ??= this.readFunctions())).forEach(add);
  }

  /** The entry of the function that an address is in, or null. */
  functionAt(address: number): Now<FunctionEntry | null> {
    return then((this.pieces ??= this.readFunctions()), (pieces) => {
      this.pieces = pieces;
      const index = pieces.find(address);
      return index < 0 ? null : { start: this.functions[2 * index]!, end: this.functions[2 * index + 1]! };
    });
  }

  lineTable(): Now<LineTable | null> {
    if (this.lines === undefined) this.lines = this.readLines();
    return this.lines;
  }

  /** Whether an address is in the code of the entry that `reader` read. */
  entryHas(reader: EntryReader, address: number): Now<boolean> {
    const end = plainEnd(reader);
    if (end !== null) return address >= reader.values[Slot.LowPc]! && address < end;
    let isIn = false;
    const added = this.addEntryRanges(reader, (low, high) => {
      if (address >= low && address < high) isIn = true;
    });
    return then(added, () => isIn);
  }

  /** The pieces of code of the entry that `reader` read. */
  addEntryRanges(reader: EntryReader, add: AddRange): Now<void> {
    const { values, forms } = reader;
    const end = plainEnd(reader);
    if (end !== null) add(values[Slot.LowPc]!, end);
    else if (forms[Slot.Ranges] !== 0 || (forms[Slot.LowPc] !== 0 && forms[Slot.HighPc] !== 0)) {
      return this.addRanges(codeAttributesOf(reader), add);
    }
  }

  /** The innermost function that an address is of, within one of the unit. */
  innermostAt(entry: FunctionEntry, address: number): Now<FunctionNode> {
    const tree = this.inlined.get(entry.start);
    if (tree instanceof InlineTree) return tree.find(address);
    if (tree === undefined) {
      // Most functions are asked for once: to read all of one costs three times what the way to one address does.
      this.inlined.set(entry.start, null);
      return innermostAt(this, entry, address);
    }
    return InlineTree.read(this, entry).then((made) => {
      this.inlined.set(entry.start, made);
      this.inlinedSize += made.size;
      return made.find(address);
    });
  }

  private addRanges(pending: CodeAttributes, add: AddRange): Now<void> {
    const { lowForm, highForm, rangesForm } = pending;
    if (rangesForm !== 0) return this.addRangeList(pending.ranges, rangesForm, add);
    if (lowForm === 0 || highForm === 0) return;
    return then(this.addressOf(pending.low, lowForm), (low) =>
      then(this.addressOf(pending.high, highForm), (high) => {
        if (low !== null) add(low, high ?? low + pending.high);
      }),
    );
  }

  /** Value and form of an attribute as an address; null when it is none. */
  addressOf(value: number, form: number): Now<number | null> {
    if (form === Form.Addr) return value;
    return isIndexed(form) ? this.indexedAddress(value) : null;
  }

  /**
   * Value and form of an attribute as a string; null when it is none, or stands in another file. The entry must be the
   * one that was read last.
   */
  stringOf(value: number, form: number): Now<string | null> {
    switch (form) {
      case Form.String:
        return this.sections.entries.stringAt(value);
      case Form.Strp:
        return this.sections.str(value);
      case Form.LineStrp:
        return this.sections.lineStr(value);
      case Form.Strx:
      case Form.Strx1:
      case Form.Strx2:
      case Form.Strx3:
      case Form.Strx4:
      case Form.GnuStrIndex:
        return this.indexedString(value);
      default:
        return null;
    }
  }

  private addRangeList(value: number, form: number, add: AddRange): Now<void> {
    if (form === Form.Rnglistx) return this.addIndexedRangeList(value, add);
    return then(readRangeList(this.rangeContext, value, add), (problem) => {
      this.tellRangeProblem(value, problem);
    });
  }

  private addIndexedRangeList(index: number, add: AddRange): Now<void> {
    const { offsetSize } = this.header;
    const tableStart = this.root.rangeLists ?? (offsetSize === 8 ? 20 : 12);
    const { section } = this.rangeContext;
    return then(section.cursorAt(tableStart + index * offsetSize, offsetSize), (cursor) => {
      const offset = tableStart + cursor.word(offsetSize);
      return then(readRangeList(this.rangeContext, offset, add), (problem) => {
        this.tellRangeProblem(offset, problem);
      });
    });
  }

  private tellRangeProblem(offset: number, problem: string | null): void {
    if (problem !== null) {
      this.sections.problem(this.header.version >= 5 ? 'rnglists' : 'ranges', offset, problem);
    }
  }

  private indexedString(index: number): Now<string | null> {
    const { offsetSize } = this.header;
    const header = this.header.version < 5 ? 0 : offsetSize === 8 ? 16 : 8;
    const start = this.root.stringOffsets ?? header;
    const section = this.sections.get('str_offsets');
    return then(section.cursorAt(start + index * offsetSize, offsetSize), (cursor) => {
      const offset = cursor.word(offsetSize);
      return cursor.isOverrun ? null : this.sections.str(offset);
    });
  }

  private indexedAddress(index: number): Now<number | null> {
    const { addressSize, version } = this.header;
    const start = this.root.addresses ?? (version >= 5 ? 8 : 0);
    return then(this.sections.get('addr').cursorAt(start + index * addressSize, addressSize), (cursor) => {
      const address = readAddress(cursor, addressSize, this.sections.base);
      return cursor.isOverrun ? null : address;
    });
  }

  private readFunctions(): Now<CodePieces> {
    if (!this.root.hasChildren) return new CodePieces([]);
    const pieces: number[] = [];
    const { headerLength, length } = this.header;
    return then(this.entriesFrom(headerLength, length), (reader) => {
      const waiting = this.scanFunctions(reader, pieces);
      if (waiting.length === 0) return new CodePieces(pieces);
      return Promise.all(waiting).then(() => new CodePieces(pieces));
    });
  }

  /**
   * Walks over the functions at the top of the unit; in languages that have namespaces also over those in there. Adds
   * pieces of code as {@link CodePieces} takes them; some may have to be waited for.
   */
  private scanFunctions(reader: EntryReader, pieces: number[]): Promise<void>[] {
    const { language } = this.root;
    const isFlat = language !== null && FLAT_LANGUAGES.has(language);
    const waiting: Promise<void>[] = [];
    const functions: number[] = [];
    /** By depth, the function that entries there are children of: it ends with them. */
    const open: (number | undefined)[] = [];
    const { forms } = reader;
    reader.next();
    reader.skip();
    let depth = 1;
    while (depth > 0 && !reader.isAtEnd) {
      if (isFlat) reader.passPlain();
      if (!reader.next()) {
        const ended = open[depth];
        if (ended !== undefined) functions[2 * ended + 1] = reader.position;
        open[depth--] = undefined;
        continue;
      }
      if (reader.tag === Tag.Subprogram) {
        reader.read();
        const index = functions.length / 2;
        const hasCode = forms[Slot.LowPc] !== 0 || forms[Slot.Ranges] !== 0;
        const { start } = reader;
        const end = plainEnd(reader);
        if (end !== null) {
          const low = reader.values[Slot.LowPc]!;
          if (low < end) pieces.push(low, end, index);
        } else if (hasCode) {
          const added = this.addRanges(codeAttributesOf(reader), (low, high) => {
            if (low < high) pieces.push(low, high, index);
          });
          if (added instanceof Promise) waiting.push(added);
        }
        const mustDescend = reader.hasChildren && !reader.goToSibling();
        if (mustDescend) depth++;
        if (mustDescend && hasCode) open[depth] = index;
        if (hasCode) functions.push(start, mustDescend ? this.header.length : reader.position);
      } else if (!isFlat && isScope(reader.tag)) {
        reader.skip();
        if (reader.hasChildren) depth++;
      } else if (reader.skipWithChildren()) {
        depth++;
      }
    }
    if (reader.isOverrun) {
      this.sections.problem('info', this.header.offset + reader.start, 'an entry that is damaged or cut off');
    }
    this.functions = functions;
    return waiting;
  }

  private readLines(): Now<LineTable | null> {
    const { lineTable } = this.root;
    return lineTable === null ? null : this.loadLines(lineTable);
  }

  private loadLines(offset: number): Now<LineTable | null> {
    const section = this.sections.get('line');
    const keep = (table: LineTable | null): LineTable | null => (this.lines = table);
    return then(section.read(offset, LONGEST_INITIAL_LENGTH), (bytes) => {
      const head = new ByteCursor(bytes, this.sections.isLittle);
      const { length } = readInitialLength(head);
      if (head.isOverrun || offset + length > section.size) {
        const message = `a line table of ${length} bytes, which the section does not have`;
        this.sections.problem('line', offset, message);
        return keep(null);
      }
      const { ownDirectory, directory, directoryForm } = this.root;
      return then(ownDirectory ?? this.stringOf(directory, directoryForm), (its) =>
        then(section.read(offset, length), (whole) => {
          const { isLittle, base } = this.sections;
          const table = LineTable.read(whole, isLittle, this.header.addressSize, base, its);
          if (table.isDamaged) {
            this.sections.problem('line', offset, 'a line table that is damaged, or not of DWARF 2 to 5');
          }
          return keep(table);
        }),
      );
    });
  }
}

function isIndexed(form: number): boolean {
  switch (form) {
    case Form.Addrx:
    case Form.Addrx1:
    case Form.Addrx2:
    case Form.Addrx3:
    case Form.Addrx4:
    case Form.GnuAddrIndex:
      return true;
    default:
      return false;
  }
}

function isScope(tag: number): boolean {
  switch (tag) {
    case Tag.Namespace:
    case Tag.Module:
    case Tag.ClassType:
    case Tag.StructureType:
    case Tag.UnionType:
      return true;
    default:
      return false;
  }
}
