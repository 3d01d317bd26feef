/** Compressed files of debug info (.ko.xz, .ko.zst, vmlinux.xz): their content, which is read by ranges. */
import { byteChunks, joined, takeHead } from '../capture/byteChunks';
import type { ByteSource } from '../capture/byteSource';
import { COMPRESSION_HEAD, compressionOf, contentChunks } from '../capture/decompress';
import { ProblemList } from '../capture/problemList';
import { DebugFileError } from '../source/elf/debugProblems';
import type { RangeSource } from '../source/elf/rangeSource';
import type { RequestOptions } from './protocol';
import { pauseFor } from './turns';
import { ELF_MAGIC, isElf } from './vmlinuxSymbols';

/** Bytes read of a file to find out what is in it. */
const LOOK = 1 << 14;
const PIECE = 1 << 24;
/** Bytes of a content that is kept in memory at most. */
const LARGEST_IN_MEMORY = 2 ** 30;

/**
 * The content of a file that is compressed, in chunks; null when it is not.
 *
 * @param largest bytes of the content at most
 * @param onProgress told of the compressed bytes that were read
 */
export async function contentOf(
  source: ByteSource,
  largest: number,
  onProgress: RequestOptions['onProgress'],
): Promise<AsyncGenerator<Uint8Array, void> | null> {
  const compression = compressionOf(await source.read(0, COMPRESSION_HEAD));
  if (compression === null) return null;
  const problems = new ProblemList();
  const tell = (done: number, total: number): void => {
    onProgress?.({ phase: 'unpacking', done, total, unit: 'bytes', rowsAtEnd: false });
  };
  const chunks = compression.decompress(byteChunks(source, { onProgress: tell }, problems), problems);
  return checked(chunks, problems, source.name, largest);
}

/** @throws DebugFileError when the data is damaged, or has more bytes than may be */
async function* checked(
  chunks: AsyncGenerator<Uint8Array, void>,
  problems: ProblemList,
  name: string,
  largest: number,
): AsyncGenerator<Uint8Array, void> {
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > largest) {
      const limit = `${Math.round(largest / 2 ** 20)} MB`;
      throw new DebugFileError(
        `${name} has more than ${limit} when decompressed. Decompress it and choose the result`,
      );
    }
    yield chunk;
  }
  const [problem] = problems.kept;
  // What an ELF file has is told at its end: a part of it is of no use.
  if (problem !== undefined) throw new DebugFileError(`${name}: ${problem.message}`);
}

/** Whether a file is compressed, and what is in it begins as an ELF file does. */
export async function isPackedElf(source: ByteSource): Promise<boolean> {
  const { chunks, compression } = await contentChunks(source, { chunkSize: LOOK }, new ProblemList());
  const head = compression === null ? [] : await takeHead(chunks, ELF_MAGIC.length);
  await chunks.return();
  return isElf(joined(head));
}

/**
 * The content of a compressed file in memory, for where there are no files to unpack it to.
 *
 * @throws DebugFileError when it is damaged or too large, CancelledError, what `file.read` throws
 */
export async function unpackInMemory(
  file: ByteSource,
  { signal, onProgress }: RequestOptions,
): Promise<RangeSource> {
  const pause = pauseFor(signal);
  const content = new PieceMemory(file.name);
  const chunks = await contentOf(file, LARGEST_IN_MEMORY, onProgress);
  for await (const chunk of chunks ?? []) {
    content.append(chunk);
    await pause();
  }
  return content;
}

/** Bytes that grow without being moved: twice a vmlinux would be too much for a browser. */
class PieceMemory implements RangeSource {
  size = 0;
  private readonly pieces: Uint8Array[] = [];

  constructor(readonly name: string) {}

  append(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const at = this.size % PIECE;
      if (at === 0) this.pieces.push(new Uint8Array(PIECE));
      const part = bytes.subarray(from, from + PIECE - at);
      this.pieces.at(-1)!.set(part, at);
      from += part.length;
      this.size += part.length;
    }
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    for (let filled = 0; filled < bytes.length;) {
      const from = offset + filled;
      const piece = this.pieces[Math.floor(from / PIECE)]!;
      const part = piece.subarray(from % PIECE, (from % PIECE) + bytes.length - filled);
      bytes.set(part, filled);
      filled += part.length;
    }
    return Promise.resolve(bytes);
  }
}
