/** .debug_line: which line an address is of (DWARF 2 to 5; DWARF 5, section 6.2). */
import { readAddress, type AddressBase } from '../elf/addressBase';
import { ByteCursor, stringAt } from '../elf/byteCursor';
import type { Now } from '../elf/rangeSource';
import { fixedSize, type FormSizes } from './abbreviations';
import { firstAbove } from './codePieces';
import { ExtendedLineOpcode, Form, LineContent, LineOpcode } from './constants';
import { readInitialLength } from './initialLength';

/** Where a line table gets strings that stand in other sections. */
export interface LineStrings {
  /** .debug_str */
  str(offset: number): Now<string>;
  /** .debug_line_str */
  lineStr(offset: number): Now<string>;
}

export interface LineRow {
  /** Index into the files of the table. */
  readonly file: number;
  /** 1-based; 0 where the code belongs to no line. */
  readonly line: number;
  /** 1-based; 0 where it is not known. */
  readonly column: number;
}

/** Columns of rows while a program runs; one program after another uses the same memory. */
class RowBuffer {
  addresses = new Uint32Array(1 << 14);
  files = new Uint32Array(1 << 14);
  lines = new Uint32Array(1 << 14);
  columns = new Uint16Array(1 << 14);

  grow(): void {
    const length = this.addresses.length * 2;
    this.addresses = widened(this.addresses, new Uint32Array(length));
    this.files = widened(this.files, new Uint32Array(length));
    this.lines = widened(this.lines, new Uint32Array(length));
    this.columns = widened(this.columns, new Uint16Array(length));
  }
}

function widened<T extends Uint32Array | Uint16Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

const ROWS = new RowBuffer();

interface Sequence {
  /** Address of its first row; the addresses of its rows count from here. */
  readonly start: number;
  readonly end: number;
  readonly firstRow: number;
  readonly endRow: number;
}

/** Columns are kept in 16 bits. */
const COLUMN_MASK = 0xffff;
/** Longer sequences are damage: no kernel has 2 GB of code. */
const LONGEST_SEQUENCE = 2 ** 31;

/** Rows of a whole program, by the addresses of their sequences. */
class RowTable {
  /** @param sequences those of the rows that are in ROWS now */
  constructor(private readonly sequences: Sequence[]) {
    const count = sequences[sequences.length - 1]?.endRow ?? 0;
    this.addresses = ROWS.addresses.slice(0, count);
    this.files = ROWS.files.slice(0, count);
    this.lines = ROWS.lines.slice(0, count);
    this.columns = ROWS.columns.slice(0, count);
    // Sequences of code that the linker dropped begin at 0 or -1: they end far from all others.
    sequences.sort((a, b) => a.end - b.end);
  }

  readonly addresses: Uint32Array;
  readonly files: Uint32Array;
  readonly lines: Uint32Array;
  readonly columns: Uint16Array;

  find(address: number): LineRow | null {
    let low = 0;
    let high = this.sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sequences[middle]!.end <= address) low = middle + 1;
      else high = middle;
    }
    const sequence = this.sequences[low];
    return sequence === undefined ? null : findRow(this, sequence, address);
  }
}

type RowColumns = Pick<RowTable, 'addresses' | 'files' | 'lines' | 'columns'>;

function findRow(rows: RowColumns, sequence: Sequence, address: number): LineRow | null {
  if (address < sequence.start || address >= sequence.end) return null;
  const wanted = address - sequence.start;
  const row = firstAbove(rows.addresses, wanted, sequence.firstRow, sequence.endRow) - 1;
  if (row < sequence.firstRow) return null;
  const line = rows.lines[row]!;
  return { file: rows.files[row]!, line: line < LONGEST_SEQUENCE ? line : 0, column: rows.columns[row]! };
}

/** Look-ups for which the program is run up to the address; from then on its rows are kept. */
const RUNS_WITHOUT_TABLE = 2;

export class LineTable {
  private rows: RowTable | null = null;
  private runs = 0;

  private constructor(
    private readonly cursor: ByteCursor,
    private readonly header: LineHeader | null,
    private readonly program: number,
    private readonly base: AddressBase,
  ) {}

  /**
   * @param bytes those of the table, its length field included
   * @param isLittle byte order
   * @param directory DW_AT_comp_dir of the unit
   */
  static read(
    bytes: Uint8Array,
    isLittle: boolean,
    addressSize: number,
    base: AddressBase,
    directory: string | null,
  ): LineTable {
    const cursor = new ByteCursor(bytes, isLittle);
    const header = LineHeader.read(cursor, addressSize, directory);
    return new LineTable(cursor, header, cursor.position, base);
  }

  /** Bytes it keeps, about. */
  get size(): number {
    return this.cursor.end + (this.rows?.addresses.length ?? 0) * 14 + 1000;
  }

  /** Whether the table could not be read: its header is damaged, or of a version that is not known. */
  get isDamaged(): boolean {
    return this.header === null;
  }

  /** The row of an address, or null when the table has none for it. */
  find(address: number): LineRow | null {
    if (this.header === null) return null;
    if (this.rows !== null) return this.rows.find(address);
    this.cursor.position = this.program;
    this.cursor.isOverrun = false;
    if (this.runs++ < RUNS_WITHOUT_TABLE) {
      return runProgram(this.cursor, this.header, this.base, address).row;
    }
    this.rows = new RowTable(runProgram(this.cursor, this.header, this.base, null).sequences);
    return this.rows.find(address);
  }

  /**
   * The path of a file as the compiler had it, made absolute with the unit's directory where that is known; null for
   * a number that the table does not have.
   */
  path(file: number, strings: LineStrings): Now<string | null> {
    return this.header?.path(file, strings) ?? null;
  }
}

const enum StringKind {
  Inline,
  Str,
  LineStr,
  Unknown,
}

/** A list of files or directories. It is walked only when one of them is asked for: few of hundreds ever are. */
interface EntryList {
  /** Where its first entry is. */
  readonly start: number;
  /** As the file claims. */
  readonly count: number;
  /** What fields an entry has, and their forms; DWARF 2 to 4 have names, and files a directory and two numbers more. */
  readonly contents: readonly number[];
  readonly forms: readonly number[];
}

interface Entry {
  readonly kind: StringKind;
  readonly offset: number;
  readonly directory: number;
}

class LineHeader {
  private readonly paths = new Map<number, string | null>();

  private constructor(
    private readonly cursor: ByteCursor,
    readonly sizes: FormSizes,
    readonly minimumInstruction: number,
    readonly lineBase: number,
    readonly lineRange: number,
    readonly opcodeBase: number,
    readonly opcodeLengths: Uint8Array,
    private readonly directories: EntryList,
    private readonly files: EntryList,
    private readonly directory: string | null,
  ) {}

  /** Leaves the cursor at the program; null when the header is damaged or of a version that is not known. */
  static read(cursor: ByteCursor, unitAddressSize: number, directory: string | null): LineHeader | null {
    const { offsetSize } = readInitialLength(cursor);
    const version = cursor.u16();
    if (version < 2 || version > 5) return null;
    let addressSize = unitAddressSize;
    if (version >= 5) {
      addressSize = cursor.u8();
      cursor.skip(1);
    }
    const headerLength = cursor.word(offsetSize);
    const program = cursor.position + headerLength;
    const minimumInstruction = cursor.u8();
    if (version >= 4) cursor.skip(1);
    cursor.skip(1);
    const lineBase = cursor.i8();
    const lineRange = cursor.u8();
    const opcodeBase = cursor.u8();
    const opcodeLengths = new Uint8Array(Math.max(1, opcodeBase));
    for (let i = 1; i < opcodeBase; i++) opcodeLengths[i] = cursor.u8();
    if (cursor.isOverrun || program > cursor.end || (addressSize !== 4 && addressSize !== 8)) return null;
    const sizes = { version, addressSize, offsetSize };
    const [directories, files] =
      version >= 5 ? readLists(cursor, sizes, program) : readOldLists(cursor, program);
    cursor.position = program;
    cursor.isOverrun = false;
    return new LineHeader(
      cursor,
      sizes,
      minimumInstruction,
      lineBase,
      lineRange,
      opcodeBase,
      opcodeLengths,
      directories,
      files,
      directory,
    );
  }

  path(file: number, strings: LineStrings): Now<string | null> {
    const known = this.paths.get(file);
    if (known !== undefined) return known;
    // Numbers count from 1 before DWARF 5, and so do those of directories: 0 is the unit's own.
    const first = this.sizes.version >= 5 ? 0 : 1;
    const entry = this.entryAt(this.files, file - first);
    if (entry === null) return null;
    const name = this.text(entry, strings);
    const directoryEntry = this.entryAt(this.directories, entry.directory - first);
    const directory = directoryEntry === null ? '' : this.text(directoryEntry, strings);
    if (typeof name === 'string' && typeof directory === 'string') return this.keep(file, directory, name);
    return Promise.all([name, directory]).then(([its, where]) => this.keep(file, where, its));
  }

  private keep(file: number, directory: string, name: string): string | null {
    const path = name === '' ? null : joinPath(this.directory ?? '', joinPath(directory, name));
    this.paths.set(file, path);
    return path;
  }

  private entryAt(list: EntryList, row: number): Entry | null {
    if (!(row >= 0 && row < list.count)) return null;
    const { cursor } = this;
    cursor.position = list.start;
    cursor.isOverrun = false;
    for (let i = 0; ; i++) {
      const before = cursor.position;
      const entry = readEntry(cursor, list, this.sizes);
      if (i === row) return entry;
      // Entries without any bytes could be as many as the file likes to claim.
      if (cursor.position === before || cursor.isAtEnd) return null;
    }
  }

  private text({ kind, offset }: Entry, strings: LineStrings): Now<string> {
    switch (kind) {
      case StringKind.Inline:
        return stringAt(this.cursor.bytes, offset);
      case StringKind.Str:
        return strings.str(offset);
      case StringKind.LineStr:
        return strings.lineStr(offset);
      default:
        return '';
    }
  }
}

const OLD_DIRECTORY = { contents: [LineContent.Path], forms: [Form.String] };
const OLD_FILE = {
  contents: [LineContent.Path, LineContent.DirectoryIndex, 0, 0],
  forms: [Form.String, Form.Udata, Form.Udata, Form.Udata],
};

/** DWARF 2 to 4: two lists, each ended by an empty name. */
function readOldLists(cursor: ByteCursor, end: number): [EntryList, EntryList] {
  const directories = cursor.position;
  let directoryCount = 0;
  while (cursor.position < end && cursor.bytes[cursor.position] !== 0) {
    cursor.skipString();
    directoryCount++;
  }
  cursor.skip(1);
  const files = cursor.position;
  let fileCount = 0;
  while (cursor.position < end && cursor.bytes[cursor.position] !== 0) {
    cursor.skipString();
    for (let i = 0; i < 3; i++) cursor.skipLeb();
    fileCount++;
  }
  return [
    { start: directories, count: directoryCount, ...OLD_DIRECTORY },
    { start: files, count: fileCount, ...OLD_FILE },
  ];
}

/** DWARF 5: two lists, each behind a description of its entries. */
function readLists(cursor: ByteCursor, sizes: FormSizes, end: number): [EntryList, EntryList] {
  const directories = readDescription(cursor);
  // There are few directories; the files are behind them.
  for (let i = 0; i < directories.count && cursor.position < end; i++) {
    const before = cursor.position;
    readEntry(cursor, directories, sizes);
    if (cursor.position === before) break;
  }
  return [directories, readDescription(cursor)];
}

function readDescription(cursor: ByteCursor): EntryList {
  const contents: number[] = [];
  const forms: number[] = [];
  for (let fields = cursor.u8(); fields > 0; fields--) {
    contents.push(cursor.uleb());
    forms.push(cursor.uleb());
  }
  const count = cursor.uleb();
  return { start: cursor.position, count, contents, forms };
}

function readEntry(cursor: ByteCursor, { contents, forms }: EntryList, sizes: FormSizes): Entry {
  let kind = StringKind.Unknown;
  let offset = 0;
  let directory = 0;
  for (let field = 0; field < forms.length; field++) {
    const form = forms[field]!;
    if (contents[field] === LineContent.DirectoryIndex) {
      directory = readIndex(cursor, form, sizes);
      continue;
    }
    const isPath = contents[field] === LineContent.Path;
    if (isPath && (form === Form.LineStrp || form === Form.Strp)) {
      kind = form === Form.LineStrp ? StringKind.LineStr : StringKind.Str;
      offset = cursor.word(sizes.offsetSize);
      continue;
    }
    if (isPath && form === Form.String) {
      kind = StringKind.Inline;
      offset = cursor.position;
    }
    skipField(cursor, form, sizes);
  }
  return { kind, offset, directory };
}

function readIndex(cursor: ByteCursor, form: number, sizes: FormSizes): number {
  switch (form) {
    case Form.Udata:
      return cursor.uleb();
    case Form.Data1:
      return cursor.u8();
    case Form.Data2:
      return cursor.u16();
    case Form.Data4:
      return cursor.u32();
    default:
      skipField(cursor, form, sizes);
      return 0;
  }
}

function skipField(cursor: ByteCursor, form: number, sizes: FormSizes): void {
  switch (form) {
    case Form.String:
      cursor.skipString();
      return;
    case Form.Udata:
    case Form.Sdata:
    case Form.Strx:
      cursor.skipLeb();
      return;
    case Form.Block:
      cursor.skip(cursor.uleb());
      return;
    default: {
      const size = fixedSize(form, sizes);
      cursor.skip(size < 0 ? Infinity : size);
    }
  }
}

interface ExtendedOpcode {
  readonly code: number;
  /** Of ExtendedLineOpcode.SetAddress. */
  readonly address: number;
  /** Where the next opcode is. */
  readonly next: number;
}

function readExtended(
  cursor: ByteCursor,
  position: number,
  addressSize: number,
  base: AddressBase,
): ExtendedOpcode {
  cursor.position = position;
  const length = cursor.uleb();
  const next = cursor.position + length;
  const code = length > 0 ? cursor.u8() : 0;
  const isAddress = code === ExtendedLineOpcode.SetAddress;
  const size = length === 9 ? 8 : length === 5 ? 4 : addressSize;
  return { code, address: isAddress ? readAddress(cursor, size, base) : 0, next };
}

function skipOperands(cursor: ByteCursor, position: number, count: number): number {
  cursor.position = position;
  for (let i = 0; i < count; i++) cursor.skipLeb();
  return cursor.position;
}

interface ProgramResult {
  readonly sequences: Sequence[];
  /** Of the address that was wanted; null when none was, or no sequence has it. */
  readonly row: LineRow | null;
}

/**
 * Runs the program at the cursor. With an address wanted, up to its row, and nothing else is kept. Without one, to the
 * end: rows go into ROWS. Of rows with one address the last counts, and rows that say the same as the one before say
 * nothing: neither is kept.
 */
function runProgram(
  cursor: ByteCursor,
  header: LineHeader,
  base: AddressBase,
  wanted: number | null,
): ProgramResult {
  const { lineBase, opcodeBase, minimumInstruction, opcodeLengths } = header;
  const { bytes, end } = cursor;
  const sequences: Sequence[] = [];
  // A range of 0 would divide by it: then no special opcode means anything.
  const range = Math.max(1, header.lineRange);
  const addressSteps = new Uint16Array(256);
  const lineSteps = new Int16Array(256);
  for (let opcode = opcodeBase; opcode < 256; opcode++) {
    addressSteps[opcode] = Math.floor((opcode - opcodeBase) / range) * minimumInstruction;
    lineSteps[opcode] = lineBase + ((opcode - opcodeBase) % range);
  }
  let { addresses, files, lines, columns } = ROWS;
  let count = 0;
  let firstRow = 0;
  let address = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let start = 0;
  let isInOrder = true;
  let previous = 0;
  const before = { file: 0, line: 0, column: 0 };
  let hasRow = false;
  let position = cursor.position;
  while (position < end) {
    const opcode = bytes[position++]!;
    let isRow = false;
    if (opcode >= opcodeBase) {
      address += addressSteps[opcode]!;
      line += lineSteps[opcode]!;
      isRow = true;
    } else {
      switch (opcode) {
        case 0: {
          const extended = readExtended(cursor, position, header.sizes.addressSize, base);
          if (extended.code === ExtendedLineOpcode.EndSequence) {
            if (wanted !== null && hasRow && wanted < address) return { sequences, row: { ...before } };
            hasRow = false;
            // Sequences in which addresses go back are damage; those without code say nothing.
            if (count > firstRow && isInOrder && address > start && address - start <= LONGEST_SEQUENCE) {
              sequences.push({ start, end: address, firstRow, endRow: count });
            } else {
              count = firstRow;
            }
            firstRow = count;
            isInOrder = true;
            previous = 0;
            address = 0;
            file = 1;
            line = 1;
            column = 0;
          } else if (extended.code === ExtendedLineOpcode.SetAddress) {
            address = extended.address;
          }
          if (extended.next > end) return { sequences, row: null };
          position = extended.next;
          break;
        }
        case LineOpcode.Copy:
          isRow = true;
          break;
        case LineOpcode.AdvancePc:
        case LineOpcode.AdvanceLine:
        case LineOpcode.SetFile:
        case LineOpcode.SetColumn: {
          let operand = bytes[position++] ?? 0;
          if (operand >= 0x80) {
            cursor.position = position - 1;
            operand = opcode === LineOpcode.AdvanceLine ? cursor.sleb() : cursor.uleb();
            position = cursor.position;
          } else if (opcode === LineOpcode.AdvanceLine && operand >= 0x40) {
            operand -= 0x80;
          }
          if (opcode === LineOpcode.SetColumn) column = operand;
          else if (opcode === LineOpcode.AdvanceLine) line += operand;
          else if (opcode === LineOpcode.AdvancePc) address += operand * minimumInstruction;
          else file = operand;
          break;
        }
        case LineOpcode.NegateStatement:
        case LineOpcode.SetBasicBlock:
          break;
        case LineOpcode.ConstAddPc:
          address += addressSteps[255]!;
          break;
        case LineOpcode.FixedAdvancePc:
          cursor.position = position;
          address += cursor.u16();
          position = cursor.position;
          break;
        default:
          position = skipOperands(cursor, position, opcodeLengths[opcode]!);
      }
    }
    if (!isRow) continue;
    if (wanted !== null) {
      // The row before is the one if it began early enough and this one begins too late.
      if (address > wanted) {
        if (hasRow) return { sequences, row: { ...before } };
      } else {
        hasRow = true;
        before.file = file;
        before.line = line > 0 && line < LONGEST_SEQUENCE ? line : 0;
        before.column = column & COLUMN_MASK;
      }
      continue;
    }
    if (count === firstRow) start = address;
    const distance = address - start;
    if (!(distance >= previous && distance <= LONGEST_SEQUENCE)) {
      isInOrder = false;
      continue;
    }
    previous = distance;
    if (count > firstRow && addresses[count - 1] === distance) count--;
    const last = count - 1;
    if (last >= firstRow && lines[last] === line && columns[last] === column && files[last] === file)
      continue;
    if (count === addresses.length) {
      ROWS.grow();
      ({ addresses, files, lines, columns } = ROWS);
    }
    addresses[count] = distance;
    files[count] = file;
    lines[count] = line;
    columns[count] = column;
    count++;
  }
  return { sequences, row: null };
}

/** `path` below `directory` unless it is absolute; `.` and `..` in it are resolved. */
export function joinPath(directory: string, path: string): string {
  const joined = path.startsWith('/') || directory === '' ? path : `${directory}/${path}`;
  if (!/(?:^|\/)\.{0,2}\//.test(joined.slice(1))) return joined;
  const parts: string[] = [];
  for (const part of joined.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else if (part !== '..' || !joined.startsWith('/')) parts.push(part);
  }
  return joined.startsWith('/') ? `/${parts.join('/')}` : parts.join('/');
}
