/** The files and directories of a line table (DWARF 5, sections 6.2.4 and 6.2.4.1). */
import { stringAt, type ByteCursor } from '../elf/byteCursor';
import type { Now } from '../elf/rangeSource';
import { Form, LineContent } from './constants';
import { skipForm, type FormSizes } from './forms';

/** Where a line table gets strings that stand in other sections. */
export interface LineStrings {
  /** .debug_str */
  str(offset: number): Now<string>;
  /** .debug_line_str */
  lineStr(offset: number): Now<string>;
}

const enum StringKind {
  Inline,
  Str,
  LineStr,
  Unknown,
}

/** A list of files or directories as the header describes it. */
interface ListDescription {
  /** Where its first entry is in the table. */
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

/** Reads entries when they are asked for: few of hundreds ever are. */
class EntryList {
  /** Where entries begin, as far as the list was walked. */
  private readonly starts: number[];

  constructor(
    private readonly cursor: ByteCursor,
    private readonly description: ListDescription,
    private readonly sizes: FormSizes,
  ) {
    this.starts = [description.start];
  }

  at(row: number): Entry | null {
    const { cursor, starts, description } = this;
    if (!(row >= 0 && row < description.count)) return null;
    cursor.isOverrun = false;
    cursor.position = starts[Math.min(row, starts.length - 1)]!;
    for (let i = starts.length - 1; i < row; i++) {
      const before = cursor.position;
      skipEntry(cursor, description, this.sizes);
      // Entries without any bytes could be as many as the file likes to claim.
      if (cursor.position === before || cursor.isAtEnd) return null;
      starts.push(cursor.position);
    }
    return readEntry(cursor, description, this.sizes);
  }
}

export class LineFiles {
  private readonly paths = new Map<number, string | null>();
  /** By number, the directory with the slash behind it. */
  private readonly prefixes = new Map<number, string>();
  private readonly files: EntryList;
  private readonly directories: EntryList;

  private constructor(
    private readonly cursor: ByteCursor,
    private readonly sizes: FormSizes,
    /** DW_AT_comp_dir of the unit. */
    private readonly unitDirectory: string,
    [directories, files]: readonly [ListDescription, ListDescription],
  ) {
    this.directories = new EntryList(cursor, directories, sizes);
    this.files = new EntryList(cursor, files, sizes);
  }

  /**
   * Reads what describes the lists, which is at the cursor.
   *
   * @param end where they end at the latest
   */
  static read(cursor: ByteCursor, sizes: FormSizes, end: number, unitDirectory: string): LineFiles {
    const lists = sizes.version >= 5 ? readLists(cursor, sizes, end) : readOldLists(cursor, end);
    return new LineFiles(cursor, sizes, unitDirectory, lists);
  }

  /** The path of a file, absolute where the unit's directory is known; null for a number that is not in the list. */
  path(file: number, strings: LineStrings): Now<string | null> {
    const known = this.paths.get(file);
    if (known !== undefined) return known;
    const entry = this.files.at(file - this.first);
    if (entry === null) return null;
    const name = this.text(entry, strings);
    const prefix = this.prefix(entry.directory, strings);
    if (typeof name === 'string' && typeof prefix === 'string') return this.keep(file, prefix, name);
    return Promise.all([name, prefix]).then(([its, where]) => this.keep(file, where, its));
  }

  /** Numbers count from 1 before DWARF 5, and so do those of directories: 0 is the unit's own. */
  private get first(): number {
    return this.sizes.version >= 5 ? 0 : 1;
  }

  private keep(file: number, prefix: string, name: string): string | null {
    const path = name === '' ? null : name.includes('/') ? joinPath(prefix, name) : prefix + name;
    this.paths.set(file, path);
    return path;
  }

  private prefix(directory: number, strings: LineStrings): Now<string> {
    const known = this.prefixes.get(directory);
    if (known !== undefined) return known;
    const entry = this.directories.at(directory - this.first);
    const name = entry === null ? '' : this.text(entry, strings);
    const keep = (its: string): string => {
      const prefix = joinPath(this.unitDirectory, joinPath(its, 'x')).slice(0, -1);
      this.prefixes.set(directory, prefix);
      return prefix;
    };
    return typeof name === 'string' ? keep(name) : name.then(keep);
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
function readOldLists(cursor: ByteCursor, end: number): [ListDescription, ListDescription] {
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
function readLists(cursor: ByteCursor, sizes: FormSizes, end: number): [ListDescription, ListDescription] {
  const directories = readDescription(cursor);
  // There are few directories; the files are behind them.
  for (let i = 0; i < directories.count && cursor.position < end; i++) {
    const before = cursor.position;
    skipEntry(cursor, directories, sizes);
    if (cursor.position === before) break;
  }
  return [directories, readDescription(cursor)];
}

function readDescription(cursor: ByteCursor): ListDescription {
  const contents: number[] = [];
  const forms: number[] = [];
  for (let fields = cursor.u8(); fields > 0; fields--) {
    contents.push(cursor.uleb());
    forms.push(cursor.uleb());
  }
  const count = cursor.uleb();
  return { start: cursor.position, count, contents, forms };
}

function skipEntry(cursor: ByteCursor, { forms }: ListDescription, sizes: FormSizes): void {
  for (const form of forms) skipForm(cursor, form, sizes);
}

function readEntry(cursor: ByteCursor, { contents, forms }: ListDescription, sizes: FormSizes): Entry {
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
    skipForm(cursor, form, sizes);
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
      skipForm(cursor, form, sizes);
      return 0;
  }
}

/** `path` below `directory` unless it is absolute; `.` and `..` in it are resolved. */
function joinPath(directory: string, path: string): string {
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
