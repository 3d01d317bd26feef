import type { ByteSource } from './byteSource';
import type { ProblemList } from './problemList';
import type { Pause } from './turns';

/** Bytes that a decompressed file may always take, and how far beyond it may grow with its size. */
const FREE_SIZE = 1 << 26;
const HIGHEST_RATIO = 64;
/** Largest file held in memory, in bytes. */
const LARGEST_SIZE = 2 ** 31;

/**
 * Collects a stream into a source of its own: a format that is read by ranges, not from front to back, cannot
 * be read out of a compressed stream.
 *
 * @param compressedSize size of the compressed file in bytes, which bounds what its content may take
 */
export async function collectSource(
  name: string,
  compressedSize: number,
  chunks: AsyncGenerator<Uint8Array, void>,
  problems: ProblemList,
  pause?: Pause,
): Promise<ByteSource> {
  const bound = Math.min(LARGEST_SIZE, FREE_SIZE + compressedSize * HIGHEST_RATIO);
  const parts: Uint8Array[] = [];
  /** Offset of each part. */
  const starts: number[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    if (size + chunk.length > bound) {
      problems.add(
        size,
        null,
        `the decompressed file is larger than ${bound} bytes; what comes after that was not read. Decompress it to a ` +
          'file first and open that',
      );
      break;
    }
    await pause?.();
    if (chunk.length === 0) continue;
    parts.push(chunk);
    starts.push(size);
    size += chunk.length;
  }
  return {
    name,
    size,
    read: (offset, length) => Promise.resolve(rangeOf(parts, starts, size, offset, length)),
  };
}

function rangeOf(
  parts: readonly Uint8Array[],
  starts: readonly number[],
  size: number,
  offset: number,
  length: number,
): Uint8Array {
  const end = Math.min(size, offset + length);
  if (offset >= end) return new Uint8Array(0);
  let index = partAt(starts, offset);
  const within = offset - starts[index]!;
  if (within + (end - offset) <= parts[index]!.length)
    return parts[index]!.subarray(within, within + end - offset);
  const bytes = new Uint8Array(end - offset);
  for (let at = offset; at < end; index++) {
    const part = parts[index]!.subarray(at - starts[index]!, end - starts[index]!);
    bytes.set(part, at - offset);
    at += part.length;
  }
  return bytes;
}

/** Index of the part that holds the byte at `offset`. */
function partAt(starts: readonly number[], offset: number): number {
  let first = 0;
  let behind = starts.length;
  while (first < behind) {
    const middle = (first + behind) >>> 1;
    if (starts[middle]! <= offset) first = middle + 1;
    else behind = middle;
  }
  return first - 1;
}
