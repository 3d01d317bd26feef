import { ZSTDDecoder } from 'zstddec/stream';
import { contentSizeAt, contentSizeSize, dictionaryIdSize, isSingleSegment, ZSTD_MAGIC } from '../zstdFrame';

/** What the WebAssembly of zstddec exports, as far as it is used here. Places and sizes are bytes of its memory. */
interface Library {
  readonly memory: WebAssembly.Memory;
  /** 0 when there is no memory left. */
  readonly malloc: (size: number) => number;
  readonly free: (at: number) => void;
  /** Takes one frame behind the other; what it returns when it fails is more than `contentSize`. */
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
 * Decompresses blocks that lie one behind the other into `target`. False when it cannot: each is to be decompressed by
 * itself then, which tells the good ones from the damaged ones.
 *
 * zstddec itself allocates memory for each block three times. At 40 kB a block, as in a trace.dat, that took a fifth of
 * the time, and the memory it handed out kept the garbage collector busy.
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
  if (library === null || !sayTheirSizes(blocks, ends, sizes)) return false;
  const total = target.length;
  if (Math.max(total, blocks.length) > MOST_AT_ONCE) return false;
  const framesAt = frames.place(library, blocks.length);
  const contentAt = contents.place(library, total);
  if (framesAt === 0 || contentAt === 0) return false;
  new Uint8Array(library.memory.buffer, framesAt, blocks.length).set(blocks);
  if (library.ZSTD_decompress(contentAt, total, framesAt, blocks.length) !== total) return false;
  target.set(new Uint8Array(library.memory.buffer, contentAt, total));
  return true;
}

/** Whether each block is a frame that says its size: libzstd checks what a frame says, and where the next content begins. */
function sayTheirSizes(blocks: Uint8Array, ends: Int32Array, sizes: Int32Array): boolean {
  const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.length);
  let start = 0;
  for (const [index, end] of ends.entries()) {
    if (contentSize(view, start, end) !== sizes[index]) return false;
    start = end;
  }
  return true;
}

/** Bytes that the frame in `[start, end)` says to stand for, or null. */
function contentSize(view: DataView, start: number, end: number): number | null {
  if (start + 5 > end || view.getUint32(start, true) !== ZSTD_MAGIC) return null;
  const descriptor = view.getUint8(start + 4);
  const at = start + (isSingleSegment(descriptor) ? 5 : 6) + dictionaryIdSize(descriptor);
  return at + contentSizeSize(descriptor) > end ? null : contentSizeAt(view, at, descriptor);
}

function libraryIn(exports: Readonly<Record<string, unknown>>): Library | null {
  const { memory, malloc, free, ZSTD_decompress } = exports;
  if (!(memory instanceof WebAssembly.Memory)) return null;
  if (!isNumeric(malloc) || !isNumeric(free) || !isNumeric(ZSTD_decompress)) return null;
  return { memory, malloc, free, ZSTD_decompress };
}

function isNumeric(value: unknown): value is (...numbers: number[]) => number {
  return typeof value === 'function';
}
