/** A kernel tree in a folder of this machine. */
import * as fs from 'node:fs';
import path from 'node:path';
import type { FileStamp, KernelTree, TreeEntry } from '../../source/treeAccess';

/** A last component that became a symbolic link is refused; Windows has no such flag. */
const OPEN_FLAGS = fs.constants.O_RDONLY | (process.platform === 'win32' ? 0 : fs.constants.O_NOFOLLOW);

/** Nearly all sources are smaller (6.1: all but 700 of 57,000). */
const BUFFER_SIZE = 128 * 1024;

/**
 * Callbacks instead of promises of node:fs: an index reads tens of thousands of small files, and the promise
 * API takes up to twice the time for each (measured on fs/ of linux-6.1).
 */
export class NodeTree implements KernelTree {
  /** Not in use; there are as many as there were reads at once. */
  private readonly buffers: Uint8Array[] = [];
  private readonly insideByFolder = new Map<string, Promise<boolean>>();

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
    const place = this.placeOf(folder);
    if (place === null || !(await this.isInside(place))) return [];
    return new Promise((resolve) => {
      fs.readdir(place, { withFileTypes: true }, (error, entries) => {
        // A symbolic link is neither file nor folder here.
        const kept = (error ? [] : entries).filter((entry) => entry.isFile() || entry.isDirectory());
        resolve(kept.map((entry) => ({ name: entry.name, kind: entry.isFile() ? 'file' : 'folder' })));
      });
    });
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
    const place = this.placeOf(file);
    if (place === null || !(await this.isInside(path.dirname(place)))) return null;
    return new Promise((resolve) => {
      fs.open(place, OPEN_FLAGS, (openError, handle) => {
        if (openError) {
          resolve(null);
          return;
        }
        read(handle, (bytes) => {
          fs.close(handle, () => {
            resolve(bytes);
          });
        });
      });
    });
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
    const place = this.placeOf(file);
    if (place === null || !(await this.isInside(path.dirname(place)))) return null;
    return new Promise((resolve) => {
      fs.lstat(place, (error, status) => {
        resolve(error || !status.isFile() ? null : { size: status.size, modified: status.mtimeMs });
      });
    });
  }

  /** The path on this machine, or null for one that is not a plain path below the root. */
  private placeOf(relative: string): string | null {
    if (relative === '') return this.root;
    const parts = relative.split('/');
    if (parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\\')))
      return null;
    return path.join(this.root, ...parts);
  }

  /** False when the folder is, or lies below, a symbolic link that leads out of the tree. */
  private isInside(folder: string): Promise<boolean> {
    let inside = this.insideByFolder.get(folder);
    if (!inside) {
      inside = fs.promises.realpath(folder).then(
        (real) => real === this.root || real.startsWith(this.root + path.sep),
        () => false,
      );
      this.insideByFolder.set(folder, inside);
    }
    return inside;
  }
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
