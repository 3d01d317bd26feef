/**
 * Keeps the places found in kernel trees, so that a tree is walked once. A new version of this program walks it again:
 * it may find more.
 */
import { version } from '../../package.json';
import type { SourceIndex } from '../source/sourceIndex';

/** A folder of texts. Both reject where they cannot. */
export interface KeptTexts {
  read(name: string): Promise<string>;
  /** Whole or not at all: another window may read it now. */
  write(name: string, text: string): Promise<void>;
}

export class IndexStore {
  constructor(private readonly kept: KeptTexts) {}

  /** The stored index of a tree; undefined when there is none or it cannot be read, for then it is made anew. */
  async load(tree: string): Promise<SourceIndex | undefined> {
    try {
      const stored: unknown = JSON.parse(await this.kept.read(await nameOf(tree)));
      return isStored(stored) && stored.madeBy === version ? stored.index : undefined;
    } catch {
      return undefined;
    }
  }

  /** A cache that cannot be written costs time, never the answer. */
  async save(tree: string, index: SourceIndex): Promise<void> {
    try {
      await this.kept.write(await nameOf(tree), JSON.stringify({ madeBy: version, index } satisfies Stored));
    } catch {
      return;
    }
  }
}

async function nameOf(tree: string): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(tree)));
  const digits = [...hash.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `source-index-${digits.join('')}.json`;
}

interface Stored {
  readonly madeBy: string;
  readonly index: SourceIndex;
}

/** The store is written by this program alone; a file of its version has the form that its version gives. */
function isStored(value: unknown): value is Stored {
  return typeof value === 'object' && value !== null && 'madeBy' in value && 'index' in value;
}
