/** A kernel tree in a folder of this machine. */
import * as fs from 'node:fs';
import path from 'node:path';
import type { FileStamp, KernelTree, LinkOut, TreeEntry } from '../../source/treeAccess';
import { READ_WITHOUT_WAITING } from './openFlags';

/** A last component that became a symbolic link is refused; Windows has no such flag. */
const OPEN_FLAGS = READ_WITHOUT_WAITING | (process.platform === 'win32' ? 0 : fs.constants.O_NOFOLLOW);

/** Nearly all sources are smaller (6.1: all but 700 of 57,000). */
const BUFFER_SIZE = 128 * 1024;

/**
 * A file system that takes longer for a stat, in ms, is asked from other threads, so that it does not hold up this one.
 * A local one takes 6 µs, and 25 by way of another thread (the 43,500 sources of linux-6.1 for x86).
 */
const QUICK_STAT = 0.1;
/** Stats before it is known how quick they are. */
const FIRST_STATS = 32;

/** A tree may be nothing but links; more of them say no more. */
const MOST_LINKS = 1000;

/**
 * Callbacks instead of promises of node:fs: an index reads tens of thousands of small files, and the promise
 * API takes up to twice the time for each (measured on fs/ of linux-6.1).
 */
export class NodeTree implements KernelTree {
  /** Not in use; there are as many as there were reads at once. */
  private readonly buffers: Uint8Array[] = [];
  private readonly realFolders = new Map<string, Promise<string | null>>();
  private readonly out = new Map<string, LinkOut>();
  /** Stats on this thread, and the ms that they took. */
  private stats = 0;
  private statTime = 0;

  private constructor(
    readonly name: string,
    private readonly root: string,
  ) {}

  /** `folder` may itself be a symbolic link; nothing that leads out of it is read. Throws when it does not exist. */
  static async open(folder: string): Promise<NodeTree> {
    const root = await fs.promises.realpath(folder);
    return new NodeTree(root, root);
  }

  async list(folder: string): Promise<readonly TreeEntry[]> {
    const place = await this.realFolder(folder);
    if (place === null) return [];
    const entries = await new Promise<readonly fs.Dirent[]>((resolve) => {
      fs.readdir(place, { withFileTypes: true }, (error, found) => {
        resolve(error ? [] : found);
      });
    });
    const plain = entries
      .filter((entry) => entry.isFile() || entry.isDirectory())
      .map((entry): TreeEntry => ({ name: entry.name, kind: entry.isFile() ? 'file' : 'folder' }));
    this.keepFolders(folder, place, plain);
    const links = entries.filter((entry) => entry.isSymbolicLink());
    if (links.length === 0) return plain;
    const followed = await Promise.all(
      links.map(async ({ name }): Promise<readonly TreeEntry[]> => {
        const found = await this.follow(path.join(place, name));
        return found === null ? [] : [{ name, kind: found.kind, target: this.pathOf(found.place) }];
      }),
    );
    return [...plain, ...followed.flat()];
  }

  /** Folders in a folder that are no links need not be asked for where they are: 4600 questions in linux-6.1. */
  private keepFolders(folder: string, place: string, entries: readonly TreeEntry[]): void {
    for (const { name, kind } of entries) {
      const below = folder === '' ? name : `${folder}/${name}`;
      if (kind !== 'folder' || !isPlainName(name) || this.realFolders.has(below)) continue;
      this.realFolders.set(below, Promise.resolve(path.join(place, name)));
    }
  }

  linksOut(): readonly LinkOut[] {
    return [...this.out.values()];
  }

  read(file: string, limit: number): Promise<Uint8Array | null> {
    return this.readOpened(file, (handle, done) => {
      this.readAll(handle, limit, done);
    });
  }

  readRange(file: string, offset: number, length: number): Promise<Uint8Array | null> {
    return this.readOpened(file, (handle, done) => {
      const bytes = new Uint8Array(length);
      fs.read(handle, bytes, 0, length, offset, (error, filled) => {
        done(error ? null : bytes.subarray(0, filled));
      });
    });
  }

  private async readOpened(
    file: string,
    read: (handle: number, done: (bytes: Uint8Array | null) => void) => void,
  ): Promise<Uint8Array | null> {
    const place = await this.realParent(file);
    if (place === null) return null;
    const handle = (await opened(place)) ?? (await this.openedLink(place));
    if (handle === null) return null;
    return new Promise((resolve) => {
      read(handle, (bytes) => {
        fs.close(handle, () => {
          resolve(bytes);
        });
      });
    });
  }

  /** Asked for last: hardly any source is a link. */
  private async openedLink(place: string): Promise<number | null> {
    const found = await this.follow(place);
    return found === null || found.place === place ? null : opened(found.place);
  }

  /** Most files fit into one buffer, and need no question for their size first. */
  private readAll(handle: number, limit: number, done: (bytes: Uint8Array | null) => void): void {
    const buffer = this.buffers.pop() ?? new Uint8Array(BUFFER_SIZE);
    fs.read(handle, buffer, 0, BUFFER_SIZE, 0, (error, length) => {
      const bytes = error || length > limit ? null : buffer.slice(0, length);
      this.buffers.push(buffer);
      if (bytes === null || length < BUFFER_SIZE) done(bytes);
      else readLarge(handle, limit, done);
    });
  }

  async stat(file: string): Promise<FileStamp | null> {
    const place = await this.realParent(file);
    if (place === null) return null;
    const status = this.isSlow ? await statusOf(place) : this.statusAtOnce(place);
    if (status === null) return null;
    const found = status.isSymbolicLink() ? await this.follow(place) : { place, status };
    if (found?.status.isFile() !== true) return null;
    const { size, mtimeMs: modified } = found.status;
    // Most have no link on the way: their paths are compared without being made anew.
    const isPlain = found.place.length === this.root.length + 1 + file.length && found.place.endsWith(file);
    const target = isPlain ? file : this.pathOf(found.place);
    return target === file ? { size, modified } : { size, modified, target };
  }

  private get isSlow(): boolean {
    return this.stats >= FIRST_STATS && this.statTime > this.stats * QUICK_STAT;
  }

  private statusAtOnce(place: string): fs.Stats | null {
    const begin = performance.now();
    try {
      return fs.lstatSync(place, { throwIfNoEntry: false }) ?? null;
    } catch {
      return null;
    } finally {
      this.stats++;
      this.statTime += performance.now() - begin;
    }
  }

  /** The path on this machine, or null for one that is not a plain path below the root. */
  private placeOf(relative: string): string | null {
    if (relative === '') return this.root;
    const parts = relative.split('/');
    if (!parts.every(isPlainName)) return null;
    return path.join(this.root, ...parts);
  }

  /** What {@link placeOf} is for a place with no link on the way to it. */
  private pathOf(place: string): string {
    return path.relative(this.root, place).split(path.sep).join('/');
  }

  private isInside(real: string): boolean {
    const inside = this.root.endsWith(path.sep) ? this.root : this.root + path.sep;
    return real === this.root || real.startsWith(inside);
  }

  /** The place of a folder without links on the way; null when it is none of the tree. */
  private realFolder(folder: string): Promise<string | null> {
    let real = this.realFolders.get(folder);
    if (real === undefined) {
      const place = this.placeOf(folder);
      real =
        place === null
          ? Promise.resolve(null)
          : fs.promises.realpath(place).then(
              (found) => (this.isInside(found) ? found : null),
              () => null,
            );
      this.realFolders.set(folder, real);
    }
    return real;
  }

  /** The place of a file without links on the way, which itself may be one; null when its folder is none of the tree. */
  private async realParent(file: string): Promise<string | null> {
    const end = file.lastIndexOf('/');
    const name = file.slice(end + 1);
    if (!isPlainName(name) || end === 0) return null;
    const folder = await this.realFolder(file.slice(0, Math.max(0, end)));
    return folder === null ? null : path.join(folder, name);
  }

  /** What a link leads to; null when it leads out of the tree, to nothing, or round in a circle. */
  private async follow(link: string): Promise<Followed | null> {
    const place = await fs.promises.realpath(link).catch(() => null);
    const status = place === null ? null : await statusOf(place);
    if (place === null || status === null || !(status.isFile() || status.isDirectory())) return null;
    const kind = status.isFile() ? 'file' : 'folder';
    if (this.isInside(place)) return { place, status, kind };
    if (this.out.size < MOST_LINKS) {
      const from = this.pathOf(link);
      this.out.set(from, { path: from, kind, target: place });
    }
    return null;
  }
}

interface Followed {
  readonly place: string;
  readonly status: fs.Stats;
  readonly kind: TreeEntry['kind'];
}

/** Of a part of a path that leads to what is in the folder before it. */
function isPlainName(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && !part.includes('\\');
}

function opened(place: string): Promise<number | null> {
  return new Promise((resolve) => {
    fs.open(place, OPEN_FLAGS, (error, handle) => {
      resolve(error ? null : handle);
    });
  });
}

function statusOf(place: string): Promise<fs.Stats | null> {
  return new Promise((resolve) => {
    fs.lstat(place, (error, status) => {
      resolve(error ? null : status);
    });
  });
}

function readLarge(handle: number, limit: number, done: (bytes: Uint8Array | null) => void): void {
  fs.fstat(handle, (error, status) => {
    if (error || status.size > limit) {
      done(null);
      return;
    }
    const bytes = new Uint8Array(status.size);
    fs.read(handle, bytes, 0, status.size, 0, (readError, length) => {
      done(readError ? null : bytes.subarray(0, length));
    });
  });
}
