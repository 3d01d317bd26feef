import type { StartDecompression } from './traceDat/decompressionThread';

/** What other threads than the reading one can take over. */
export interface OtherThreads {
  /** Null where there is none to be had. */
  readonly startDecompression: StartDecompression | null;
  /** Null where no other thread can do that. */
  readonly clearMemory: ClearMemory | null;
}

/**
 * Writes zeros over memory that nobody has used yet, and resolves when nothing more will be written; some of it may be left
 * out. The system hands memory out page by page at the first write, which takes the thread that writes 0.1 to 10 µs
 * each time: with the table of a large capture up to a third of all reading.
 */
export type ClearMemory = (memory: readonly Uint8Array[]) => Promise<void>;
