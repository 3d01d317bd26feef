/**
 * What the `compile_commands.json` of a kernel tree says of its configuration: which files are compiled, and for which
 * architecture. scripts/clang-tools/gen_compile_commands.py writes it, as `make compile_commands.json` does: an array of
 * objects with `directory`, `file` and `command`. Commands are skipped unread: nothing of them is ever run.
 */
import { readPieces } from './treeAccess';
import type { FileStamp, KernelTree } from './treeAccess';
import { parentOf } from './treeWalk';

export const COMPILE_COMMANDS = 'compile_commands.json';

/** Of a kernel tree: what is compiled in the configuration that was built last. */
export interface CompileCommands {
  /** Paths in the tree, without headers and without files that another one includes. */
  readonly files: ReadonlySet<string>;
  /** Folders in the tree that hold any of them. */
  readonly folders: ReadonlySet<string>;
  /** Folder below arch/, or null when none of it is compiled. */
  readonly architecture: string | null;
  readonly stamp: FileStamp;
}

/** An allmodconfig of 6.1 makes 60 MB of 29,000 files. */
const LARGEST = 256 * 1024 * 1024;
const MOST_FILES = 400_000;
/** PATH_MAX (include/uapi/linux/limits.h). */
const LONGEST_PATH = 4096;

/** null when there is none, when it is not one, or when its files are not of this tree. Never rejects. */
export async function readCompileCommands(tree: KernelTree): Promise<CompileCommands | null> {
  const stamp = await tree.stat(COMPILE_COMMANDS);
  if (stamp === null || stamp.size > LARGEST) return null;
  const scanner = new CommandScanner();
  for await (const bytes of readPieces(tree, COMPILE_COMMANDS, stamp.size)) {
    if (!scanner.take(bytes)) break;
  }
  return inTree(tree.name, scanner.paths, stamp);
}

/** Those for a capture of an architecture; null for a capture of another one than was built last. */
export function compiledFor(
  compiled: CompileCommands | null,
  architecture: string | null,
): CompileCommands | null {
  return architecture === null || compiled?.architecture === architecture ? compiled : null;
}

/**
 * A tree is often built elsewhere than where it is read (a container, another machine), so that its root is told by
 * init/main.c, which every kernel compiles.
 */
function inTree(root: string, paths: readonly string[], stamp: FileStamp): CompileCommands | null {
  const found = filesBelowFirst([root, ...rootsOf(paths)], paths);
  if (found === null) return null;
  const folders = new Set([...found].map(parentOf));
  return { files: found, folders, architecture: architectureOf(found), stamp };
}

/** Of the first root that has any. */
function filesBelowFirst(roots: readonly string[], paths: readonly string[]): ReadonlySet<string> | null {
  for (const root of roots) {
    const files = below(root, paths);
    if (files.size > 0) return files;
  }
  return null;
}

/** The shortest first. Each has a file of the paths below it. */
function rootsOf(paths: readonly string[]): readonly string[] {
  const ends = '/init/main.c';
  return paths
    .filter((path) => path.endsWith(ends))
    .map((path) => path.slice(0, -ends.length))
    .sort((a, b) => a.length - b.length);
}

function below(root: string, paths: readonly string[]): ReadonlySet<string> {
  const start = `${root.replace(/\/+$/, '')}/`;
  return new Set(paths.filter((path) => path.startsWith(start)).map((path) => path.slice(start.length)));
}

/** The one with most files: x86 compiles some of arch/x86 for user mode Linux too, and no kernel compiles two. */
function architectureOf(files: ReadonlySet<string>): string | null {
  const counts = new Map<string, number>();
  for (const file of files) {
    const name = /^arch\/(\w+)\//.exec(file)?.[1];
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0] ?? null;
}

const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Finds `file` and `directory` of the objects in the outermost array, in pieces cut anywhere. */
class CommandScanner {
  readonly paths: string[] = [];
  private depth = 0;
  private inString = false;
  private isEscaped = false;
  /** Bytes of the string that is being read, its quotes left out; longer ones are cut and not taken. */
  private readonly text = new Uint8Array(LONGEST_PATH);
  private length = 0;
  private isKept = false;
  private key = '';
  private isValue = false;
  private file: string | null = null;
  private directory = '';

  /** False when nothing more is to be read. */
  take(bytes: Uint8Array): boolean {
    for (const byte of bytes) {
      if (this.inString) this.takeInString(byte);
      else if (!this.takeOutside(byte)) return false;
    }
    return true;
  }

  private takeInString(byte: number): void {
    if (!this.isEscaped && byte === QUOTE) {
      this.inString = false;
      if (this.isKept) this.endString();
      return;
    }
    this.isEscaped = !this.isEscaped && byte === BACKSLASH;
    if (!this.isKept) return;
    if (this.length < LONGEST_PATH) this.text[this.length++] = byte;
    else this.isKept = false;
  }

  private takeOutside(byte: number): boolean {
    switch (byte) {
      case QUOTE:
        this.inString = true;
        this.isKept = this.depth === 2 && (!this.isValue || this.key === 'file' || this.key === 'directory');
        this.length = 0;
        break;
      case COLON:
        this.isValue = true;
        break;
      case COMMA:
        if (this.depth === 2) this.isValue = false;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (this.depth === 0 && byte !== OPEN_BRACKET) return false;
        this.depth++;
        this.isValue = false;
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (this.depth === 2) this.endObject();
        this.depth--;
        if (this.depth <= 0 || this.paths.length >= MOST_FILES) return false;
        break;
    }
    return true;
  }

  private endString(): void {
    const text = stringOf(this.text.subarray(0, this.length));
    if (!this.isValue) this.key = text;
    else if (this.key === 'file') this.file = text;
    else this.directory = text;
  }

  private endObject(): void {
    const { file, directory } = this;
    this.file = null;
    this.directory = '';
    if (file === null || file === '') return;
    this.paths.push(plainPath(file.startsWith('/') ? file : `${directory}/${file}`));
  }
}

function stringOf(bytes: Uint8Array): string {
  const text = new TextDecoder().decode(bytes);
  if (!bytes.includes(BACKSLASH)) return text;
  try {
    return String(JSON.parse(`"${text}"`));
  } catch {
    return '';
  }
}

/** Without `.` and `..`. */
function plainPath(path: string): string {
  if (!/\/\.{0,2}\//.test(path)) return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return `/${parts.join('/')}`;
}
