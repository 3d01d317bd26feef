/** Whether an index is still that of its tree, which was edited meanwhile, or is on another branch. */
import { assemblyDefinitions } from './assembly';
import { cDefinitions } from './cDefinitions';
import type { IndexedFile, SourceIndex } from './indexData';
import { folderNow, type FolderNow, type ReadFolder, type StampedFile } from './readFolders';
import { sourceName } from './symbolName';
import { mentionsAny, tokenize } from './tokens';
import { PARALLEL_READS, SOURCE_FILE_LIMIT, type FileStamp, type KernelTree } from './treeAccess';
import { isCore, isHeader, NETWORK_ROOT, parentOf } from './treeWalk';
import { WantedKeys } from './wantedKeys';

export interface CheckOptions {
  readonly onProgress?: (foldersSeen: number, folders: number) => void;
  readonly signal?: AbortSignal;
}

/** Folders between two reports of progress. */
const BATCH = 64;

/**
 * Looks at every folder that was read. Whoever works on the kernel edits files all day, and a walk takes 20 s and more:
 * so a source that changed makes the index stale only when it had a part in it, or names something that is in it.
 */
export class IndexCheck {
  private readonly files: ReadonlyMap<string, IndexedFile>;
  private readonly known: ReadonlySet<string>;
  /** The walk came to the drivers, and so to every root folder. */
  private readonly hasDrivers: boolean;
  private readonly names = new WantedKeys();
  private readonly templates: SourceIndex['templates'];
  private isStale = false;

  constructor(
    private readonly tree: KernelTree,
    private readonly index: SourceIndex,
    private readonly options: CheckOptions,
  ) {
    this.files = new Map(index.files.map((file) => [file.path, file]));
    this.known = new Set(index.read.map(({ path }) => path));
    this.hasDrivers = index.read.some(({ path }) => path !== NETWORK_ROOT && isLateRoot(path));
    this.templates = index.templates;
    for (const name of index.symbols) for (const key of sourceName(name).keys) this.names.add(key);
    for (const [, callers] of index.jumps) for (const caller of callers) this.names.add(caller);
  }

  /** The index with the folders as they are now; null when it is stale. */
  async run(): Promise<SourceIndex | null> {
    const read: ReadFolder[] = [];
    const queue = this.index.read.values();
    const total = this.index.read.length;
    const checkOn = async (): Promise<void> => {
      for (const folder of queue) {
        this.options.signal?.throwIfAborted();
        if (this.isStale) return;
        read.push(await this.checkFolder(folder));
        if (read.length % BATCH === 0) this.options.onProgress?.(read.length, total);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, checkOn));
    for (const file of this.index.files) {
      if (this.isStale) return null;
      // What only compile_commands.json led to is in none of the folders.
      if (!this.known.has(parentOf(file.path))) await this.checkFile(file);
    }
    return this.isStale ? null : { ...this.index, read: read.sort((a, b) => (a.path < b.path ? -1 : 1)) };
  }

  private async checkFolder(folder: ReadFolder): Promise<ReadFolder> {
    const now = await folderNow(this.tree, folder, this.index.architecture);
    const { path, sources, headers } = now;
    if (sources === folder.sources && headers === folder.headers) return folder;
    if (await this.matters(now)) this.isStale = true;
    return { path, sources, headers };
  }

  /** Whether what is in a folder, of which something changed, may make another index. */
  private async matters({ path, files, folders }: FolderNow): Promise<boolean> {
    // What is in a new folder was never read.
    if (folders.some((each) => !this.known.has(each) && (this.hasDrivers || !isLateRoot(each)))) return true;
    const there = new Map(files);
    for (const file of this.files.values()) {
      if (parentOf(file.path) === path && !isSameStamp(there.get(file.path) ?? null, file)) return true;
    }
    for (const file of files) if (!this.files.has(file[0]) && (await this.hasPart(file))) return true;
    return false;
  }

  /** Whether a file, in which nothing was found when it was read, has something for the index now. */
  private async hasPart([path]: StampedFile): Promise<boolean> {
    const bytes = await this.tree.read(path, SOURCE_FILE_LIMIT);
    if (bytes === null) return false;
    if (mentionsAny(bytes, this.names.hashes)) return true;
    if (path.endsWith('.S')) return assemblyDefinitions(path, bytes).some(({ key }) => this.names.has(key));
    const tokens = tokenize(bytes);
    if (isHeader(path)) {
      const { definitions, templates } = cDefinitions(path, tokens);
      return definitions.length > 0 || templates.size > 0;
    }
    // Macros paste names together, which then stand nowhere in one piece.
    const { definitions } = cDefinitions(path, tokens, { templates: new Map(this.templates) });
    return definitions.some(({ key }) => this.names.has(key));
  }

  private async checkFile(file: IndexedFile): Promise<void> {
    if (!isSameStamp(await this.tree.stat(file.path), file)) this.isStale = true;
  }
}

function isLateRoot(folder: string): boolean {
  return folder !== '' && !folder.includes('/') && !isCore(folder);
}

export function isSameStamp(one: FileStamp | null, other: FileStamp | null): boolean {
  return one?.size === other?.size && one?.modified === other?.modified;
}
