import type { Decompressor } from './decompressor';

/** Compressed blocks that are decompressed by whoever has the time, in memory that threads share. */
export interface Batch {
  /** The blocks, and what stands between them. */
  readonly blocks: Uint8Array;
  /** Where each block begins in `blocks`, and ends. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  /** Has room for what they stand for, one behind the other, and may have more. */
  readonly content: Uint8Array;
  /** Where that of each block ends in `content`. */
  readonly contentEnds: Int32Array;
  /** How many blocks were begun, then of each block whether it is in `content`. Of this batch alone. */
  readonly progress: Int32Array;
}

/** Decompresses while another thread works on what was decompressed before. */
export interface DecompressionThread {
  /** It has failed, or ended. */
  readonly isOver: boolean;
  /** Does {@link decompressBlocks}; resolves when that is done, or the thread is over. */
  decompress(batch: Batch): Promise<void>;
  end(): void;
}

/** Starts a thread for one way of compression, named as {@link decompressorOf} takes it. */
export type StartDecompression = (compression: string) => DecompressionThread;

const IS_DONE = 1;

/** The progress of a batch that nobody has begun. */
export function noProgress(blocks: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer((1 + blocks) * Int32Array.BYTES_PER_ELEMENT));
}

/** Decompresses the blocks that no other thread has begun, one after the other. */
export function decompressBlocks(
  { blocks, starts, ends, content, contentEnds, progress }: Batch,
  decompressor: Decompressor,
): void {
  for (;;) {
    const block = Atomics.add(progress, 0, 1);
    if (block >= ends.length) return;
    const compressed = blocks.subarray(starts[block], ends[block]);
    const target = content.subarray(block === 0 ? 0 : contentEnds[block - 1], contentEnds[block]);
    // Who sees that it is done sees its bytes, too.
    if (decompressor.decompress(compressed, target)) Atomics.store(progress, 1 + block, IS_DONE);
  }
}

/** Whether the content of a block is there; not while it is being decompressed, and never that of a damaged one. */
export function isDecompressed({ progress }: Batch, block: number): boolean {
  return Atomics.load(progress, 1 + block) === IS_DONE;
}

/** Memory that threads share: what one hands over to the other keeps the garbage collectors of both busy. */
export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}
