import { ZSTDDecoder } from 'zstddec/stream';
import type { Decompressor } from './decompressor';
import { isNumericFunction } from './numericFunction';

/** What the WebAssembly of zstddec exports, as far as it is used here. Places and sizes are bytes of its memory. */
interface Library {
  readonly memory: WebAssembly.Memory;
  /** 0 when there is no memory left. */
  readonly malloc: (size: number) => number;
  readonly free: (at: number) => void;
  /** Takes one frame behind the other, as many as there are; what it returns when it fails is more than `contentSize`. */
  readonly ZSTD_decompress: (
    content: number,
    contentSize: number,
    frames: number,
    framesSize: number,
  ) => number;
}

/** Room that is kept from one block to the next, in bytes: for chunks of trace data, which have some 40 kB. */
const MOST_KEPT = 1 << 20;

/** Set when the library is there, which is one for all decoders. */
let library: Library | null = null;

/** Hands out the library, which zstddec keeps for itself. */
class OpenDecoder extends ZSTDDecoder {
  /** Called as a function: there is no `this`. */
  override _init(result: WebAssembly.WebAssemblyInstantiatedSource): void {
    super._init(result);
    library = libraryIn(result.instance.exports);
  }
}

/** A part of the library's memory. */
class Room {
  private at = 0;
  private size = 0;

  constructor(private readonly library: Library) {}

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

  constructor(private readonly library: Library) {
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
  await new OpenDecoder().init();
  return library && new ZstdDecompressor(library);
}

function libraryIn(exports: Readonly<Record<string, unknown>>): Library | null {
  const { memory, malloc, free, ZSTD_decompress } = exports;
  if (!(memory instanceof WebAssembly.Memory)) return null;
  if (!isNumericFunction(malloc) || !isNumericFunction(free) || !isNumericFunction(ZSTD_decompress))
    return null;
  return { memory, malloc, free, ZSTD_decompress };
}
