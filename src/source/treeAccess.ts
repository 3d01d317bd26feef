/**
 * The only way the source room touches files, so that the same code runs over a Node folder, over
 * `vscode.workspace.fs`, and over a tree in memory in tests. Paths are relative to the tree's root,
 * `/` separated, without a leading `/` and without `.` or `..`; the root itself is the empty string.
 */
export interface KernelTree {
  /** What people call it: a path or URI, used in messages only. */
  readonly name: string;
  /** Each file is far away: who asks for places is not kept waiting for a walk over the tree. */
  readonly isFar?: boolean;
  /**
   * Entries of a folder, in any order; empty when there is no such folder or it cannot be read. A symbolic link that
   * stays in the tree is what it leads to; others are left out, as is what is neither file nor folder, so that no walk
   * leaves the tree.
   */
  list(folder: string): Promise<readonly TreeEntry[]>;
  /** Links out of the tree that were met so far, the first ones; absent where links are not looked into. */
  linksOut?(): readonly LinkOut[];
  /**
   * Reads a whole file, or null when it does not exist, cannot be read, lies outside the tree, or is
   * larger than `limit` bytes.
   */
  read(path: string, limit: number): Promise<Uint8Array | null>;
  /**
   * Reads up to `length` bytes at `offset`; a shorter result means that the file ends there, null what it means for
   * {@link read}. Absent where files can be read whole only: what is too large for that is then not used.
   */
  readRange?(path: string, offset: number, length: number): Promise<Uint8Array | null>;
  /** Size and time of a file without its bytes, or null when there is no such file. */
  stat(path: string): Promise<FileStamp | null>;
}

export interface TreeEntry {
  readonly name: string;
  readonly kind: 'file' | 'folder';
  /** Path in the tree that a symbolic link leads to, with no link on the way; absent for all others. */
  readonly target?: string;
}

/** A symbolic link that is not followed, as it leads out of the tree. */
export interface LinkOut {
  readonly path: string;
  readonly kind: TreeEntry['kind'];
  /** Absolute path. */
  readonly target: string;
}

/** What tells that a file is still the one that was read. */
export interface FileStamp {
  /** Bytes. */
  readonly size: number;
  /** Modification time in ms since 1970, as the file system gives it. */
  readonly modified: number;
  /** Path of the file in the tree with no symbolic link on the way, where the one asked for has one. */
  readonly target?: string;
}

/** Files of a kernel tree are far smaller (the largest .c of 6.1 has 1.7 MB); larger ones are not source text. */
export const SOURCE_FILE_LIMIT = 4 * 1024 * 1024;

/** Reads under way at once: enough to keep Node's four I/O threads busy. */
export const PARALLEL_READS = 8;

/** Bytes that are read at once of a large file. */
const PIECE = 1024 * 1024;
/** Of a file that can only be read whole. */
const LARGEST_WHOLE = 64 * 1024 * 1024;

/** The bytes of a file that may be too large to be kept, in order; fewer than `size` when it cannot be read further. */
export async function* readPieces(
  tree: KernelTree,
  path: string,
  size: number,
): AsyncGenerator<Uint8Array, void> {
  if (tree.readRange === undefined) {
    const bytes = await tree.read(path, Math.min(size, LARGEST_WHOLE));
    if (bytes !== null) yield bytes;
    return;
  }
  for (let offset = 0; offset < size;) {
    const bytes = await tree.readRange(path, offset, Math.min(PIECE, size - offset));
    if (bytes === null || bytes.length === 0) return;
    offset += bytes.length;
    yield bytes;
  }
}
