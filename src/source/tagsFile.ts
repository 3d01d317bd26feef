/**
 * The `tags` file of a kernel tree, as `make tags` or a person's own ctags wrote it. It is sorted, so that a name is
 * found by bisection in a file of any size: of 500 MB some twenty small reads. What it says is as old as it is, so that
 * all of it is only where to look. https://docs.ctags.io/en/latest/man/tags.5.html
 */
import type { KernelTree } from './treeAccess';
import { pathInTree, textOf, type Tag, type TreeTags } from './treeTags';

const TAGS = 'tags';

/** A line is read whole up to this: ctags cuts the text that it searches at 96 characters. */
const LONGEST_LINE = 8 * 1024;
/** Read at once at each step of the bisection; most lines have 100 bytes. */
const STEP = 512;
/** Between which the file is read on instead of halved. */
const SMALLEST_SPAN = 8 * 1024;
/** Bytes behind the first tag of a name. */
const MOST_READ = 64 * 1024;
/** Steps that are kept: the first ones are the same for all names. */
const MOST_KEPT = 4096;
const MOST_TAGS = 64;
/** Kinds that are no code: prototypes, external variables, members, types, enumerators, variables, labels. */
const NO_CODE =
  /^(?:[pxmsugtevlhz]|prototype|externvar|member|struct|union|enum|typedef|enumerator|variable|local|label|header)$/;

const NEWLINE = 0x0a;

interface Step {
  /** Where the first whole line behind the middle begins, and its name; null when none begins near. */
  readonly at: number;
  readonly name: string;
}

export class TagsFile implements TreeTags {
  readonly name = TAGS;
  private readonly steps = new Map<number, Step | null>();

  private constructor(
    private readonly tree: KernelTree,
    private readonly size: number,
    private readonly isFolded: boolean,
    private readonly root: string,
  ) {}

  /** null when there is none, it is not sorted, or no ctags wrote it. Never rejects. */
  static async open(tree: KernelTree): Promise<TagsFile | null> {
    const stamp = await tree.stat(TAGS);
    if (stamp === null || tree.readRange === undefined) return null;
    const head = await tree.readRange(TAGS, 0, Math.min(stamp.size, LONGEST_LINE));
    if (head === null) return null;
    const text = textOf(head);
    const sorted = /^!_TAG_FILE_SORTED\t([12])\t/m.exec(text)?.[1];
    if (sorted === undefined) return null;
    const root = /^!_TAG_PROC_CWD\t([^\t\n]+)\t/m.exec(text)?.[1] ?? tree.name;
    return new TagsFile(tree, stamp.size, sorted === '2', root.replace(/\/+$/, ''));
  }

  /** What is no code is left out, too. */
  async find(name: string): Promise<readonly Tag[]> {
    const wanted = this.sortKey(name);
    const from = await this.firstFrom(wanted);
    const bytes = (await this.tree.readRange?.(TAGS, from, MOST_READ)) ?? new Uint8Array(0);
    const found: Tag[] = [];
    for (const line of textOf(bytes).split('\n')) {
      const own = line.slice(0, Math.max(0, line.indexOf('\t')));
      // The first line may be cut, and `!_TAG_…` say what the file is.
      if (own === '' || own.startsWith('!_')) continue;
      if (this.sortKey(own) > wanted || found.length >= MOST_TAGS) break;
      const tag = own === name ? this.tagOf(line) : null;
      if (tag !== null) found.push(tag);
    }
    return found;
  }

  /** The begin of a line before the first one of a name, near to it. */
  private async firstFrom(wanted: string): Promise<number> {
    let low = 0;
    let high = this.size;
    while (high - low > SMALLEST_SPAN) {
      const middle = low + Math.floor((high - low) / 2);
      const step = await this.step(middle);
      if (step === null || step.at >= high) high = middle;
      else if (step.name < wanted) low = step.at;
      else high = middle;
    }
    return low;
  }

  private async step(middle: number): Promise<Step | null> {
    const known = this.steps.get(middle);
    if (known !== undefined) return known;
    const found = (await this.lineBehind(middle, STEP)) ?? (await this.lineBehind(middle, LONGEST_LINE));
    if (this.steps.size < MOST_KEPT) this.steps.set(middle, found);
    return found;
  }

  private async lineBehind(middle: number, length: number): Promise<Step | null> {
    const bytes = await this.tree.readRange?.(TAGS, middle, length);
    if (!bytes) return null;
    const begin = bytes.indexOf(NEWLINE) + 1;
    const end = bytes.indexOf(0x09, begin);
    if (begin === 0 || end < 0) return null;
    return { at: middle + begin, name: this.sortKey(textOf(bytes.subarray(begin, end))) };
  }

  /** `sort -f` compares in upper case. */
  private sortKey(name: string): string {
    return this.isFolded ? name.toUpperCase() : name;
  }

  private tagOf(line: string): Tag | null {
    const [, file = '', command = '', fields = ''] =
      /^[^\t]+\t([^\t]+)\t(\d+|\/(?:[^\\/]|\\.)*\/|\?(?:[^\\?]|\\.)*\?)(?:;"(.*))?$/.exec(line) ?? [];
    const path = pathInTree(file, [this.root, this.tree.name]);
    if (path === null) return null;
    const kind = /\tkind:(\w+)/.exec(fields)?.[1] ?? /^\t(\w+)(?:\t|$)/.exec(fields)?.[1];
    if (kind !== undefined && NO_CODE.test(kind)) return null;
    const number = /\tline:(\d{1,7})(?:\t|$)/.exec(fields)?.[1] ?? /^\d{1,7}$/.exec(command)?.[0];
    return {
      file: path,
      line: number === undefined ? null : Number(number),
      text: /^\d/.test(command) ? null : patternText(command),
    };
  }
}

/** `static int f(int *x)` of `/^static int f(int *x)$/`. */
function patternText(command: string): string {
  return command
    .slice(1, -1)
    .replace(/^\^/, '')
    .replace(/(?<!\\)\$$/, '')
    .replace(/\\(.)/g, '$1');
}
