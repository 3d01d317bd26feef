/**
 * Keeps the places found in kernel trees in a folder of this machine, so that a tree is walked once. A new version of
 * this program walks it again: it may find more.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { version } from '../../package.json';
import type { SourceIndex } from '../source/sourceIndex';

export class IndexStore {
  constructor(private readonly folder: string) {}

  /** The stored index of a tree; undefined when there is none or it cannot be read, for then it is made anew. */
  async load(tree: string): Promise<SourceIndex | undefined> {
    try {
      const stored: unknown = JSON.parse(await readFile(this.fileOf(tree), 'utf8'));
      return isStored(stored) && stored.madeBy === version ? stored.index : undefined;
    } catch {
      return undefined;
    }
  }

  /** A cache that cannot be written costs time, never the answer. */
  async save(tree: string, index: SourceIndex): Promise<void> {
    const file = this.fileOf(tree);
    const unfinished = `${file}.${process.pid}`;
    try {
      await mkdir(this.folder, { recursive: true });
      await writeFile(unfinished, JSON.stringify({ madeBy: version, index } satisfies Stored));
      // Whole or not at all: another window may read it now.
      await rename(unfinished, file);
    } catch {
      return;
    }
  }

  private fileOf(tree: string): string {
    const name = createHash('sha256').update(tree).digest('hex').slice(0, 16);
    return path.join(this.folder, `source-index-${name}.json`);
  }
}

interface Stored {
  readonly madeBy: string;
  readonly index: SourceIndex;
}

/** The store is written by this program alone; a file of its version has the form that its version gives. */
function isStored(value: unknown): value is Stored {
  return typeof value === 'object' && value !== null && 'madeBy' in value && 'index' in value;
}
