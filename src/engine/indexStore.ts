/** Keeps the places found in kernel trees in a folder of this machine, so that a tree is walked once. */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SourceIndex } from '../source/sourceIndex';

export class IndexStore {
  constructor(private readonly folder: string) {}

  /** The stored index of a tree; undefined when there is none or it cannot be read, for then it is made anew. */
  async load(tree: string): Promise<SourceIndex | undefined> {
    try {
      const stored: unknown = JSON.parse(await readFile(this.fileOf(tree), 'utf8'));
      return isSourceIndex(stored) ? stored : undefined;
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
      await writeFile(unfinished, JSON.stringify(index));
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

/** The store is this program's own; only a file of another make is told apart here, its version by the source room. */
function isSourceIndex(value: unknown): value is SourceIndex {
  return typeof value === 'object' && value !== null && 'format' in value && 'definitions' in value;
}
