import { ZSTDDecoder } from 'zstddec/stream';
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

/** Content that is decompressed at once, at most. What is larger are single blocks: there is nothing to be won. */
const MOST_AT_ONCE = 1 << 23;

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

/** libzstd as WebAssembly. */
export async function zstdDecoder(): Promise<ZSTDDecoder> {
  const decoder = new OpenDecoder();
  await decoder.init();
  return decoder;
}

/** A part of the library's memory, which stays for the next batch. */
class Room {
  private at = 0;
  private size = 0;

  /** Place of `size` bytes, or 0. */
  place({ malloc, free }: Library, size: number): number {
    if (size <= this.size) return this.at;
    free(this.at);
    this.at = malloc(size);
    this.size = this.at === 0 ? 0 : size;
    return this.at;
  }
}

const frames = new Room();
const contents = new Room();

/**
 * Decompresses blocks that lie one behind the other into `target`. False when it cannot, or one of them is damaged: each
 * is to be decompressed by itself then, which tells the good ones from the damaged ones.
 *
 * zstddec itself allocates memory for each block three times. At 40 kB a block, as in a trace.dat, that took a third of
 * the time, and the memory it handed out kept the garbage collector busy. The blocks are given to libzstd one by one, as
 * those of trace-cmd do not say how many bytes they stand for.
 *
 * @param ends where each block ends in `blocks`
 * @param sizes bytes that each stands for, all of them as many as `target` has
 */
export function decompressZstdBlocks(
  blocks: Uint8Array,
  ends: Int32Array,
  sizes: Int32Array,
  target: Uint8Array,
): boolean {
  if (library === null || Math.max(target.length, blocks.length) > MOST_AT_ONCE) return false;
  const framesAt = frames.place(library, blocks.length);
  const contentAt = contents.place(library, target.length);
  if (framesAt === 0 || contentAt === 0) return false;
  new Uint8Array(library.memory.buffer, framesAt, blocks.length).set(blocks);
  let start = 0;
  let at = 0;
  for (const [index, end] of ends.entries()) {
    const size = sizes[index]!;
    const found = library.ZSTD_decompress(contentAt + at, size, framesAt + start, end - start);
    if (found !== size) return false;
    start = end;
    at += size;
  }
  target.set(new Uint8Array(library.memory.buffer, contentAt, target.length));
  return true;
}

function libraryIn(exports: Readonly<Record<string, unknown>>): Library | null {
  const { memory, malloc, free, ZSTD_decompress } = exports;
  if (!(memory instanceof WebAssembly.Memory)) return null;
  if (!isNumericFunction(malloc) || !isNumericFunction(free) || !isNumericFunction(ZSTD_decompress))
    return null;
  return { memory, malloc, free, ZSTD_decompress };
}
