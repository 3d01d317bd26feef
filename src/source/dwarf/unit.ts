/** One unit of .debug_info: what its root says, and its functions. */
import { readAddress, zeroAddress } from '../elf/addressBase';
import { ByteCursor, stringAt } from '../elf/byteCursor';
import type { Now } from '../elf/rangeSource';
import type { Abbreviations, FormSizes } from './abbreviations';
import { CodePieces } from './codePieces';
import { FLAT_LANGUAGES, Form, Slot, Tag, UnitType } from './constants';
import type { DwarfSections } from './dwarfSections';
import { EntryReader } from './entryReader';
import { readInitialLength } from './initialLength';
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

/** The header at the begin of `bytes`, or what is wrong with it. */
export function readUnitHeader(bytes: Uint8Array, isLittle: boolean, offset: number): UnitHeader | string {
  const cursor = new ByteCursor(bytes, isLittle);
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
  if (cursor.isOverrun || length < cursor.position) return 'a unit header that is cut off';
  if (length > LARGEST_UNIT) return `a unit of ${length} bytes`;
  if (addressSize !== 4 && addressSize !== 8) return `addresses of ${addressSize} bytes, expected 4 or 8`;
  const headerLength = cursor.position;
  return { offset, length, headerLength, version, type, addressSize, offsetSize, abbreviationsOffset };
}

/** The attributes of an entry that say where its code is: values and forms. */
interface CodeAttributes {
  readonly entry: number;
  readonly low: number;
  readonly lowForm: number;
  readonly high: number;
  readonly highForm: number;
  readonly ranges: number;
  readonly rangesForm: number;
}

function codeAttributesOf({
  start,
  values,
  forms,
}: Pick<EntryReader, 'start' | 'values' | 'forms'>): CodeAttributes {
  return {
    entry: start,
    low: values[Slot.LowPc]!,
    lowForm: forms[Slot.LowPc]!,
    high: values[Slot.HighPc]!,
    highForm: forms[Slot.HighPc]!,
    ranges: values[Slot.Ranges]!,
    rangesForm: forms[Slot.Ranges]!,
  };
}

/** What the root entry of a unit says; null or a form of 0 where it does not. */
interface Root {
  readonly code: CodeAttributes;
  readonly hasChildren: boolean;
  readonly language: number | null;
  readonly lineTable: number | null;
  readonly directory: number;
  readonly directoryForm: number;
  readonly stringOffsets: number | null;
  readonly addresses: number | null;
  readonly rangeLists: number | null;
  readonly isSplit: boolean;
}

function readRoot(reader: EntryReader): Root {
  if (reader.next()) reader.read();
  const valueOf = (slot: Slot): number | null => (reader.has(slot) ? reader.values[slot]! : null);
  return {
    code: codeAttributesOf(reader),
    hasChildren: reader.hasChildren,
    language: valueOf(Slot.Language),
    lineTable: valueOf(Slot.StmtList),
    directory: reader.values[Slot.CompDir]!,
    directoryForm: reader.forms[Slot.CompDir]!,
    stringOffsets: valueOf(Slot.StrOffsetsBase),
    addresses: valueOf(Slot.AddrBase),
    rangeLists: valueOf(Slot.RnglistsBase),
    isSplit: reader.has(Slot.DwoName),
  };
}

export class Unit {
  private rangeContext: RangeContext;
  private readonly reader: EntryReader;
  /** By entry of this unit, what nameOf found for it. */
  readonly names = new Map<number, string | null>();
  /** Pieces of its functions, each with where the entry of the function is in the unit. */
  private functions: Now<CodePieces> | null = null;
  private lines: Now<LineTable | null> | null = null;

  private readonly root: Root;

  private constructor(
    private readonly sections: DwarfSections,
    readonly header: UnitHeader,
    /** Those of the unit, or its first ones when only the root was asked for. */
    private readonly bytes: Uint8Array,
    private readonly abbreviations: Abbreviations,
  ) {
    const { isLittle, base } = sections;
    const cursor = new ByteCursor(bytes, isLittle);
    this.reader = new EntryReader(cursor, abbreviations, header, base, header.offset);
    this.root = readRoot(this.entriesFrom(header.headerLength));
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

  /** @param bytes from the begin of the unit to somewhere behind its root */
  static async open(
    sections: DwarfSections,
    header: UnitHeader,
    bytes: Uint8Array,
    abbreviations: Abbreviations,
  ): Promise<Unit> {
    const unit = new Unit(sections, header, bytes, abbreviations);
    const { low, lowForm } = unit.root.code;
    const unitLow = lowForm === 0 ? null : await unit.addressOf(low, lowForm);
    if (unitLow !== null) unit.rangeContext = { ...unit.rangeContext, unitLow };
    return unit;
  }

  /** Bytes it keeps in memory, about. */
  get size(): number {
    const lines = this.lines instanceof LineTable ? this.lines.size : 0;
    return this.bytes.length + lines + this.abbreviations.size + 2000;
  }

  /** Whether its entries are in a .dwo file, and here is but a skeleton. */
  get isSplit(): boolean {
    return this.root.isSplit;
  }

  get rootHasCode(): boolean {
    const { lowForm, highForm, rangesForm } = this.root.code;
    return rangesForm !== 0 || (lowForm !== 0 && highForm !== 0);
  }

  /** The reader of this unit's entries, before the one at a position. There is but one: nothing may wait for it. */
  entriesFrom(position: number): EntryReader {
    const { cursor } = this.reader;
    cursor.position = Math.min(position, cursor.end);
    cursor.isOverrun = false;
    return this.reader;
  }

  /** The pieces of code that the root names. */
  async addRootRanges(add: AddRange): Promise<void> {
    await this.addRanges(this.root.code, add);
  }

  /** The pieces of code of all functions of the unit. */
  async addFunctionRanges(add: AddRange): Promise<void> {
    (await (this.functions ??= this.readFunctions())).forEach(add);
  }

  /** The entry (position in the unit) of the function that an address is in, or -1. */
  functionAt(address: number): Now<number> {
    const functions = (this.functions ??= this.readFunctions());
    if (!(functions instanceof Promise)) return functions.find(address);
    return functions.then((read) => {
      this.functions = read;
      return read.find(address);
    });
  }

  lineTable(): Now<LineTable | null> {
    return (this.lines ??= this.readLines());
  }

  /** Whether an address is in the code of the entry that `reader` read. */
  entryHas({ values, forms, start }: EntryReader, address: number): Now<boolean> {
    if (forms[Slot.Ranges] === 0) {
      const [lowForm, highForm] = [forms[Slot.LowPc]!, forms[Slot.HighPc]!];
      if (lowForm === 0 || highForm === 0) return false;
      if (lowForm === Form.Addr && !isIndexed(highForm)) {
        const low = values[Slot.LowPc]!;
        const high = values[Slot.HighPc]!;
        return address >= low && address < (highForm === Form.Addr ? high : low + high);
      }
    }
    let isIn = false;
    const added = this.addRanges(codeAttributesOf({ values, forms, start }), (low, high) => {
      if (address >= low && address < high) isIn = true;
    });
    return added instanceof Promise ? added.then(() => isIn) : isIn;
  }

  private addRanges(pending: CodeAttributes, add: AddRange): Now<void> {
    const { lowForm, highForm, rangesForm } = pending;
    if (rangesForm !== 0) return this.addRangeList(pending.ranges, rangesForm, add);
    if (lowForm === 0 || highForm === 0) return;
    if (lowForm === Form.Addr) {
      if (highForm === Form.Addr) add(pending.low, pending.high);
      else if (!isIndexed(highForm)) add(pending.low, pending.low + pending.high);
      if (!isIndexed(highForm)) return;
    }
    return this.addIndexedRange(pending, add);
  }

  /** Value and form of an attribute as an address; null when it is none. */
  addressOf(value: number, form: number): Now<number | null> {
    if (form === Form.Addr) return value;
    return isIndexed(form) ? this.indexedAddress(value) : null;
  }

  /** Value and form of an attribute as a string; null when it is none, or stands in another file. */
  stringOf(value: number, form: number): Now<string | null> {
    switch (form) {
      case Form.String:
        return stringAt(this.bytes, value);
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

  private async addIndexedRange(pending: CodeAttributes, add: AddRange): Promise<void> {
    const low = await this.addressOf(pending.low, pending.lowForm);
    const high = await this.addressOf(pending.high, pending.highForm);
    if (low !== null) add(low, high ?? low + pending.high);
  }

  private addRangeList(value: number, form: number, add: AddRange): Now<void> {
    if (form === Form.Rnglistx) return this.addIndexedRangeList(value, add);
    const problem = readRangeList(this.rangeContext, value, add);
    if (problem instanceof Promise)
      return problem.then((said) => {
        this.tellRangeProblem(value, said);
      });
    this.tellRangeProblem(value, problem);
  }

  private async addIndexedRangeList(index: number, add: AddRange): Promise<void> {
    const { offsetSize } = this.header;
    const tableStart = this.root.rangeLists ?? (offsetSize === 8 ? 20 : 12);
    const { section } = this.rangeContext;
    const bytes = await section.near(tableStart + index * offsetSize, offsetSize);
    const offset = tableStart + new ByteCursor(bytes, this.sections.isLittle).word(offsetSize);
    this.tellRangeProblem(offset, await readRangeList(this.rangeContext, offset, add));
  }

  private tellRangeProblem(offset: number, problem: string | null): void {
    if (problem !== null) {
      this.sections.problem(this.header.version >= 5 ? 'rnglists' : 'ranges', offset, problem);
    }
  }

  private async indexedString(index: number): Promise<string | null> {
    const { offsetSize } = this.header;
    const header = this.header.version < 5 ? 0 : offsetSize === 8 ? 16 : 8;
    const start = this.root.stringOffsets ?? header;
    const bytes = await this.sections.get('str_offsets').near(start + index * offsetSize, offsetSize);
    const cursor = new ByteCursor(bytes, this.sections.isLittle);
    const offset = cursor.word(offsetSize);
    return cursor.isOverrun ? null : this.sections.str(offset);
  }

  private indexedAddress(index: number): Now<number | null> {
    const { addressSize, version } = this.header;
    const start = this.root.addresses ?? (version >= 5 ? 8 : 0);
    const bytes = this.sections.get('addr').near(start + index * addressSize, addressSize);
    const read = (from: Uint8Array): number | null => {
      const cursor = new ByteCursor(from, this.sections.isLittle);
      const address = readAddress(cursor, addressSize, this.sections.base);
      return cursor.isOverrun ? null : address;
    };
    return bytes instanceof Promise ? bytes.then(read) : read(bytes);
  }

  private readFunctions(): Now<CodePieces> {
    const pieces: number[] = [];
    const waiting: Promise<void>[] = [];
    for (const pending of this.scanFunctions()) {
      const added = this.addRanges(pending, (low, high) => {
        if (low < high) pieces.push(low, high, pending.entry);
      });
      if (added instanceof Promise) waiting.push(added);
    }
    if (waiting.length === 0) return new CodePieces(pieces);
    return Promise.all(waiting).then(() => new CodePieces(pieces));
  }

  /** Walks over the functions at the top of the unit; in languages that have namespaces also over those in there. */
  private scanFunctions(): readonly CodeAttributes[] {
    const found: CodeAttributes[] = [];
    if (!this.root.hasChildren) return found;
    const { language } = this.root;
    const isFlat = language !== null && FLAT_LANGUAGES.has(language);
    const reader = this.entriesFrom(this.header.headerLength);
    reader.next();
    reader.skip();
    const { cursor, forms } = reader;
    let depth = 1;
    while (depth > 0 && !cursor.isAtEnd) {
      if (!reader.next()) {
        depth--;
        continue;
      }
      if (reader.tag === Tag.Subprogram) {
        reader.read();
        if (forms[Slot.LowPc] !== 0 || forms[Slot.Ranges] !== 0) {
          found.push(codeAttributesOf(reader));
        }
        if (reader.hasChildren && !reader.goToSibling()) depth++;
      } else if (!isFlat && isScope(reader.tag)) {
        reader.skip();
        if (reader.hasChildren) depth++;
      } else if (reader.skipWithChildren()) {
        depth++;
      }
    }
    if (cursor.isOverrun) {
      this.sections.problem('info', this.header.offset + reader.start, 'an entry that is damaged or cut off');
    }
    return found;
  }

  private readLines(): Now<LineTable | null> {
    const { lineTable } = this.root;
    return lineTable === null ? null : this.loadLines(lineTable);
  }

  private async loadLines(offset: number): Promise<LineTable | null> {
    const section = this.sections.get('line');
    const head = new ByteCursor(await section.near(offset, 12), this.sections.isLittle);
    const { length } = readInitialLength(head);
    if (head.isOverrun || offset + length > section.size) {
      this.sections.problem(
        'line',
        offset,
        `a line table of ${length} bytes, which the section does not have`,
      );
      this.lines = null;
      return null;
    }
    const directory = await this.stringOf(this.root.directory, this.root.directoryForm);
    const bytes = await section.read(offset, length);
    const table = LineTable.read(
      bytes,
      this.sections.isLittle,
      this.header.addressSize,
      this.sections.base,
      directory,
    );
    if (table.isDamaged)
      this.sections.problem('line', offset, 'a line table that is damaged, or not of DWARF 2 to 5');
    this.lines = table;
    return table;
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
