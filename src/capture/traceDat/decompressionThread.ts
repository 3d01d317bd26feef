import type { Decompressor } from './decompressor';

/** Compressed blocks one behind the other, in memory of their own. */
export interface Batch {
  readonly bytes: Uint8Array;
  /** Where each block ends in `bytes`, and how many bytes it stands for. */
  readonly ends: Int32Array;
  readonly sizes: Int32Array;
}

/** What the blocks of a batch stand for. */
export interface BatchContent {
  /** One behind the other, with room where one is damaged. */
  readonly bytes: Uint8Array;
  readonly isDamaged: readonly boolean[];
}

/** Decompresses while another thread works on what was decompressed before. */
export interface DecompressionThread {
  /** False while it starts, and when it has failed: blocks are decompressed sooner without it. */
  readonly isReady: boolean;
  /**
   * Both the batch and the memory belong to the thread from then on.
   *
   * @param memory of a content that is not needed any more, to be used again
   * @returns null when the thread has failed
   */
  decompress(batch: Batch, memory: Uint8Array | null): Promise<BatchContent | null>;
  end(): void;
}

/** Starts a thread for one way of compression, named as {@link decompressorOf} takes it. */
export type StartDecompression = (compression: string) => DecompressionThread;

/** What the thread itself does: decompresses blocks one after the other, into the given memory where it is enough. */
export function decompressBatch(
  { bytes, ends, sizes }: Batch,
  memory: Uint8Array | null,
  decompressor: Decompressor | null,
): BatchContent {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const room = memory !== null && memory.byteLength >= total ? memory : sharedBytes(total);
  if (decompressor?.decompressAll?.(bytes, ends, sizes, room.subarray(0, total)) === true) {
    return { bytes: room, isDamaged: Array.from(sizes, () => false) };
  }
  const isDamaged: boolean[] = [];
  let start = 0;
  let at = 0;
  for (const [index, end] of ends.entries()) {
    const size = sizes[index]!;
    const content = decompressor?.decompress(bytes.subarray(start, end), size) ?? null;
    if (content !== null) room.set(content, at);
    isDamaged.push(content === null);
    start = end;
    at += size;
  }
  return { bytes: room, isDamaged };
}

/** Memory that goes from thread to thread: what one hands over to the other keeps the garbage collectors of both busy. */
function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(length));
}
