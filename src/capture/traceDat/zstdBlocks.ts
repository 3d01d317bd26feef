import { openZstd, type ZstdLibrary } from '../zstdLibrary';
import type { Decompressor } from './decompressor';

/** Room that is kept from one block to the next, in bytes: for chunks of trace data, which have some 40 kB. */
const MOST_KEPT = 1 << 20;

/** A part of the library's memory. */
class Room {
  private at = 0;
  private size = 0;

  constructor(private readonly library: ZstdLibrary) {}

  /** Place of `size` bytes, or 0. */
  place(size: number): number {
    if (size <= this.size) return this.at;
    this.clear();
    this.at = this.library.malloc(size);
    this.size = this.at === 0 ? 0 : size;
    return this.at;
  }

  /** Gives back what is too much to keep. */
  shrink(): void {
    if (this.size > MOST_KEPT) this.clear();
  }

  private clear(): void {
    this.library.free(this.at);
    this.at = this.size = 0;
  }
}

/**
 * zstddec itself allocates memory for each block three times. At 40 kB a block, as in a trace.dat, that took a third of
 * the time, and the memory it handed out kept the garbage collector busy. What a block stands for is copied out at once,
 * while it is in the processor's caches.
 */
class ZstdDecompressor implements Decompressor {
  private readonly frames: Room;
  private readonly content: Room;

  constructor(private readonly library: ZstdLibrary) {
    this.frames = new Room(library);
    this.content = new Room(library);
  }

  decompress(block: Uint8Array, target: Uint8Array): boolean {
    const { memory, ZSTD_decompress } = this.library;
    const { length } = target;
    const frames = this.frames.place(block.length);
    const content = this.content.place(Math.max(1, length));
    if (frames === 0 || content === 0) return false;
    new Uint8Array(memory.buffer, frames, block.length).set(block);
    // Blocks of trace-cmd do not say how many bytes they stand for: fewer are found here.
    const isWhole = ZSTD_decompress(content, length, frames, block.length) === length;
    if (isWhole) target.set(new Uint8Array(memory.buffer, content, length));
    this.frames.shrink();
    this.content.shrink();
    return isWhole;
  }
}

/** libzstd as WebAssembly; null where it lacks something. */
export async function zstdDecompressor(): Promise<Decompressor | null> {
  const { library } = await openZstd();
  return library && new ZstdDecompressor(library);
}
