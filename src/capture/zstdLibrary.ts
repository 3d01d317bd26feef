import { ZSTDDecoder } from 'zstddec/stream';
import { isNumericFunction } from './numericFunction';

/** What the WebAssembly of zstddec exports, as far as it is used here. Places and sizes are bytes of its memory. */
export interface ZstdLibrary {
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

/** Set when the library is there, which is one for all decoders. */
let library: ZstdLibrary | null = null;

/** Hands out the library, which zstddec keeps for itself. */
class OpenDecoder extends ZSTDDecoder {
  /** Called as a function: there is no `this`. */
  override _init(result: WebAssembly.WebAssemblyInstantiatedSource): void {
    super._init(result);
    library = libraryIn(result.instance.exports);
  }
}

/**
 * A decoder of streams, and the library behind it; null where that lacks something. Every decoder is made here: zstddec
 * tells only the first one of its library, whichever it is.
 */
export async function openZstd(): Promise<{ decoder: ZSTDDecoder; library: ZstdLibrary | null }> {
  const decoder = new OpenDecoder();
  await decoder.init();
  return { decoder, library };
}

function libraryIn(exports: Readonly<Record<string, unknown>>): ZstdLibrary | null {
  const { memory, malloc, free, ZSTD_decompress } = exports;
  if (!(memory instanceof WebAssembly.Memory)) return null;
  if (!isNumericFunction(malloc) || !isNumericFunction(free) || !isNumericFunction(ZSTD_decompress))
    return null;
  return { memory, malloc, free, ZSTD_decompress };
}
