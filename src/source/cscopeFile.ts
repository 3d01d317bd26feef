/**
 * The cross-reference of cscope in a kernel tree, as `make cscope` writes it: `cscope.out` with the inverted index that
 * `-q` puts beside it, in which a name is found by three small reads whatever its size (half a gigabyte for a whole
 * kernel). Without that index it could only be read from end to end, and is not used.
 *
 * The formats are those of cscope 15 on a 64-bit little-endian machine (its src/invlib.c, invlib.h and build.c): numbers
 * are C's `long`, 8 bytes each. Of what stands in the three files nothing is believed: what does not fit leads nowhere.
 */
import type { KernelTree } from './treeAccess';
import { pathInTree, textOf, type Tag, type TreeTags } from './treeTags';

const CSCOPE = 'cscope.out';
/** The index and its postings: with `-f cscope.out`, as the kernel's scripts/tags.sh says, and without. */
const INDEX_NAMES = [
  ['cscope.out.in', 'cscope.out.po'],
  ['cscope.in.out', 'cscope.po.out'],
] as const;

/** `cscope 15 $HOME/linux -q 0000339106 0058659060`: folder, options, number of symbols, where the list of files is. */
const HEADER = /^cscope 15 (\S.*?)(?: -[cT])* -q \d{10} (\d{10})(?: -[cT])*\n/;
const LONGEST_HEADER = 1024;

const LONG = 8;
/** Of the index: version, status, size of a block, begin and size of the list of first terms, begin of the blocks. */
const PARAMETERS = 7 * LONG;
const LARGEST_BLOCK = 1 << 20;
/** The first terms of all blocks: 16 kB for 700,000 names. */
const LARGEST_TERM_LIST = 1 << 24;
/** In a block: number of items, the next block and the one before; then two numbers an item. */
const BLOCK_HEAD = 3 * LONG;
const ITEM = 2 * LONG;
/** Of a reference: its line in the cross-reference, the function that it is in, then the file and the type in one number. */
const POSTING = 3 * LONG;
/** mutex_lock() has 20,000 references in a kernel; definitions stand anywhere among them. */
const MOST_POSTINGS = 1 << 19;
const POSTINGS_A_READ = 1 << 14;
/** `$` function definition, `#` macro definition (cscope's src/lookup.h). */
const DEFINITIONS = ['$', '#'].map((type) => type.charCodeAt(0));
const MOST_TAGS = 64;
/** The list of all files of a kernel has 3 MB. */
const LARGEST_FILE_LIST = 1 << 25;
/** A line of the cross-reference begins with its number in the source. */
const NUMBER = /^([1-9]\d{0,6}) /;

interface InvertedIndex {
  readonly name: string;
  readonly postings: string;
  readonly blocksAt: number;
  readonly blockSize: number;
  /** First term of each block, ascending. */
  readonly firstTerms: readonly string[];
}

export class CscopeFile implements TreeTags {
  readonly name = CSCOPE;
  private files: Promise<readonly string[]> | null = null;

  private constructor(
    private readonly tree: KernelTree,
    private readonly index: InvertedIndex,
    private readonly roots: readonly string[],
    private readonly listAt: number,
    private readonly size: number,
  ) {}

  /** null when there is none, or none with an inverted index of this format. Never rejects. */
  static async open(tree: KernelTree): Promise<CscopeFile | null> {
    const stamp = await tree.stat(CSCOPE);
    if (stamp === null) return null;
    const head = await read(tree, CSCOPE, 0, LONGEST_HEADER);
    const [, folder = '', listAt] = HEADER.exec(textOf(head)) ?? [];
    if (listAt === undefined) return null;
    for (const [name, postings] of INDEX_NAMES) {
      const index = await openIndex(tree, name, postings);
      if (index === null) continue;
      const roots = [folder.replace(/\/+$/, ''), tree.name].filter((root) => root.startsWith('/'));
      return new CscopeFile(tree, index, roots, Number(listAt), stamp.size);
    }
    return null;
  }

  async find(name: string): Promise<readonly Tag[]> {
    const found: Tag[] = [];
    for await (const { line, file } of this.definitions(name)) {
      const path = pathInTree((await this.fileList())[file] ?? '', this.roots);
      const number = NUMBER.exec(textOf(await read(this.tree, CSCOPE, line, 16)))?.[1];
      if (path === null || number === undefined) continue;
      found.push({ file: path, line: Number(number), text: null });
      if (found.length >= MOST_TAGS) break;
    }
    return found;
  }

  /** Where the lines of a name's definitions begin in the cross-reference, and the numbers of their files. */
  private async *definitions(name: string): AsyncGenerator<{ line: number; file: number }, void> {
    const place = await this.postingsOf(name);
    if (place === null) return;
    const count = Math.min(place.count, MOST_POSTINGS);
    for (let first = 0; first < count; first += POSTINGS_A_READ) {
      const length = Math.min(POSTINGS_A_READ, count - first) * POSTING;
      const view = viewOf(await read(this.tree, this.index.postings, place.at + first * POSTING, length));
      if (view.byteLength < POSTING) return;
      for (let at = 0; at + POSTING <= view.byteLength; at += POSTING) {
        const fileAndType = view.getUint32(at + 2 * LONG, true);
        if (!DEFINITIONS.includes(fileAndType >>> 24)) continue;
        const line = longAt(view, at);
        if (line < this.size) yield { line, file: fileAndType & 0xffffff };
      }
    }
  }

  /** Where the references of a name are; null when it has none. */
  private async postingsOf(name: string): Promise<{ at: number; count: number } | null> {
    const { blocksAt, blockSize, firstTerms } = this.index;
    let block = firstTerms.length - 1;
    for (let low = 0; low <= block;) {
      const middle = (low + block) >> 1;
      if (firstTerms[middle]! <= name) low = middle + 1;
      else block = middle - 1;
    }
    if (block < 0) return null;
    const bytes = await read(this.tree, this.index.name, blocksAt + block * blockSize, blockSize);
    const view = viewOf(bytes);
    const items = Math.min(
      bytes.length < BLOCK_HEAD ? 0 : longAt(view, 0),
      Math.floor((bytes.length - BLOCK_HEAD) / ITEM),
    );
    for (let item = 0; item < items; item++) {
      const at = BLOCK_HEAD + item * ITEM;
      const [begin, size] = [view.getUint16(at, true), view.getUint8(at + 2)];
      const behind = begin + Math.ceil(size / LONG) * LONG;
      // An item without a name stands first, and has what comes after it in the file.
      if (size === 0 || size !== name.length || behind + LONG > bytes.length) continue;
      if (textOf(bytes.subarray(begin, begin + size)) !== name) continue;
      return { at: longAt(view, behind), count: longAt(view, at + LONG) };
    }
    return null;
  }

  private fileList(): Promise<readonly string[]> {
    this.files ??= this.readFileList();
    return this.files;
  }

  /** Folders of sources and of headers, each behind their number; then the files, behind their number and size. */
  private async readFileList(): Promise<readonly string[]> {
    const length = Math.min(this.size - this.listAt, LARGEST_FILE_LIST);
    const lines = textOf(await read(this.tree, CSCOPE, this.listAt, length)).split('\n');
    let next = 0;
    for (let folders = 0; folders < 2; folders++) next += 1 + countOf(lines[next]);
    return lines.slice(next + 2, next + 2 + countOf(lines[next]));
  }
}

async function openIndex(tree: KernelTree, name: string, postings: string): Promise<InvertedIndex | null> {
  const head = viewOf(await read(tree, name, 0, PARAMETERS));
  if (head.byteLength < PARAMETERS || longAt(head, 0) !== 1) return null;
  const parameter = (index: number): number => longAt(head, index * LONG);
  const [blockSize, listAt, listSize, blocksAt] = [parameter(2), parameter(3), parameter(4), parameter(5)];
  if (blockSize < BLOCK_HEAD || blockSize > LARGEST_BLOCK || listSize > LARGEST_TERM_LIST) return null;
  const list = await read(tree, name, listAt, listSize);
  // A number and as many offsets, of which the terms follow, each with a zero behind it.
  const count = list.length < LONG ? 0 : longAt(viewOf(list), 0);
  const terms = textOf(list.subarray(Math.min(list.length, (count + 1) * LONG))).split('\0');
  const firstTerms = terms.slice(0, count);
  if (firstTerms.length === 0 || firstTerms.length < count) return null;
  // The first block begins with a term that is empty.
  firstTerms[0] = '';
  return { name, postings, blocksAt, blockSize, firstTerms };
}

/** Nothing where a file says that something is, and cannot be. */
async function read(tree: KernelTree, name: string, offset: number, length: number): Promise<Uint8Array> {
  if (!Number.isSafeInteger(offset)) return new Uint8Array(0);
  return (await tree.readRange?.(name, offset, Math.max(0, length))) ?? new Uint8Array(0);
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A number of 64 bits; what no file is large enough for is `Infinity`. */
function longAt(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  return high > 0x1fffff ? Infinity : high * 2 ** 32 + view.getUint32(at, true);
}

function countOf(line: string | undefined): number {
  return /^\d{1,8}$/.test(line ?? '') ? Number(line) : 0;
}
