import { adler32 } from '../adler32';
import { zstdDecompressor } from './zstdBlocks';

/** Turns a compressed block into its bytes. */
export interface Decompressor {
  /**
   * Fills `target` with what `block` stands for. False when the block is damaged or stands for another number of bytes: in
   * `target` there may be anything then.
   */
  decompress(block: Uint8Array, target: Uint8Array): boolean;
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
  decompress(block, target) {
    if (block.length !== target.length) return false;
    target.set(block);
    return true;
  },
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
  return name === 'zstd' ? zstdDecompressor() : null;
}

/** Bytes of the checksum at the end of a zlib block. */
const CHECKSUM_SIZE = 4;

function hasChecksum(block: Uint8Array, content: Uint8Array): boolean {
  const at = block.length - CHECKSUM_SIZE;
  return at >= 0 && new DataView(block.buffer, block.byteOffset).getUint32(at) === adler32(content);
}

async function zlibDecompressor(): Promise<Decompressor> {
  // Not at the start of the program: it builds its tables when it is loaded.
  const { unzlibSync } = await import('fflate');
  return {
    decompress(block, target) {
      try {
        // It does not look at the checksum, and throws away what there is no room for.
        return unzlibSync(block, { out: target }).length === target.length && hasChecksum(block, target);
      } catch {
        return false;
      }
    },
  };
}
