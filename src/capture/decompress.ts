import { byteChunks, joined, putBack, takeHead, type ReadOptions } from './byteChunks';
import type { ByteSource } from './byteSource';
import { decompressXz, isXz } from './decompressXz';
import { decompressZstd, isZstd } from './decompressZstd';
import { gunzip, isGzip } from './gunzip';
import type { ProblemList } from './problemList';

/** A way of compression that is undone while the file is read. */
interface Compression {
  readonly name: string;
  /**
   * The content in chunks, none larger than a few times what was read of the compressed file. Damage ends the
   * stream and is a problem, with its offset in the content.
   *
   * @throws only what `compressed` throws
   */
  readonly decompress: (
    compressed: AsyncGenerator<Uint8Array, void>,
    problems: ProblemList,
  ) => AsyncGenerator<Uint8Array, void>;
}

/** Bytes that {@link compressionOf} looks at. */
export const COMPRESSION_HEAD = 6;

/** How a file is compressed by its first bytes; null when it is not. */
export function compressionOf(head: Uint8Array): Compression | null {
  if (isGzip(head)) return { name: 'gzip', decompress: gunzip };
  if (isZstd(head)) return { name: 'zstd', decompress: decompressZstd };
  if (isXz(head)) return { name: 'xz', decompress: decompressXz };
  return null;
}

/**
 * The content of a source that may be compressed, in chunks, and how it is compressed.
 *
 * @throws what `source.read` throws, and the signal's reason when aborted
 */
export async function contentChunks(
  source: ByteSource,
  options: ReadOptions,
  problems: ProblemList,
): Promise<{ readonly chunks: AsyncGenerator<Uint8Array, void>; readonly compression: Compression | null }> {
  const stored = byteChunks(source, options, problems);
  const taken = await takeHead(stored, COMPRESSION_HEAD);
  const whole = putBack(taken, stored);
  const compression = compressionOf(joined(taken));
  return { chunks: compression?.decompress(whole, problems) ?? whole, compression };
}
