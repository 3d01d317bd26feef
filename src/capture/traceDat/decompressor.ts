import { decompressZstdBlocks, zstdDecoder } from './zstdBlocks';

/** Turns a compressed block into its bytes. */
export interface Decompressor {
  /**
   * The `size` bytes that `block` stands for, or null when it is damaged or stands for another number of
   * bytes.
   */
  decompress(block: Uint8Array, size: number): Uint8Array | null;
  /**
   * Decompresses blocks that lie one behind the other into `target`, at once. False when it cannot, or one of them may be
   * damaged: each is to be decompressed by itself then.
   *
   * @param ends where each block ends in `blocks`
   * @param sizes bytes that each stands for, all of them as many as `target` has
   */
  readonly decompressAll?: typeof decompressZstdBlocks;
}

/**
 * Largest decompressed block in bytes. The metadata sections are compressed as one block each (event formats
 * of all systems 1 MB, kallsyms 3 to 20 MB), trace data in chunks of ten pages.
 */
const LARGEST_BLOCK = 1 << 27;
/** Every block may grow to this size in bytes; above, only as far as text and trace data really shrink. */
const FREE_SIZE = 1 << 22;
/** Trace data of big captures shrinks to a twelfth, kallsyms to a quarter. */
const HIGHEST_RATIO = 256;

/** Whether a block of `compressed` bytes may be believed to stand for `size` bytes. */
export function isBelievable(compressed: number, size: number): boolean {
  return size <= LARGEST_BLOCK && size <= FREE_SIZE + compressed * HIGHEST_RATIO;
}

const NONE: Decompressor = {
  decompress: (block, size) => (block.length === size ? block : null),
};

/**
 * The decompressor of the name that a file gives, or null when it is not known. trace-cmd knows `zstd` and
 * `zlib`; `none` stands for no compression.
 *
 * zstd is libzstd compiled to WebAssembly: 600 MB/s on trace data, where a decoder in JavaScript reaches 40. The same
 * build serves .zst files, so that it is in the bundle once.
 */
export async function decompressorOf(name: string): Promise<Decompressor | null> {
  if (name === 'none') return NONE;
  if (name === 'zlib') return zlibDecompressor();
  if (name !== 'zstd') return null;
  const decoder = await zstdDecoder();
  return {
    decompressAll: decompressZstdBlocks,
    decompress(block, size) {
      // The decoder takes a size of 0 as "not known", and it would then trust the block's own claim.
      if (size === 0) return new Uint8Array(0);
      try {
        const bytes = decoder.decode(block, size);
        return bytes.length === size ? bytes : null;
      } catch {
        return null;
      }
    },
  };
}

async function zlibDecompressor(): Promise<Decompressor> {
  // Not at the start of the program: it builds its tables when it is loaded.
  const { unzlibSync } = await import('fflate');
  return {
    decompress(block, size) {
      try {
        const bytes = unzlibSync(block, { out: new Uint8Array(size) });
        return bytes.length === size ? bytes : null;
      } catch {
        return null;
      }
    },
  };
}
