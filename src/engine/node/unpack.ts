/** Compressed files of debug info (.ko.xz, .ko.zst, vmlinux.xz), decompressed to where they can be read by ranges. */
import { randomUUID } from 'node:crypto';
import { openSync, unlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { byteChunks } from '../../capture/byteChunks';
import { compressionOf } from '../../capture/decompress';
import { ProblemList } from '../../capture/problemList';
import { DebugFileError } from '../../source/elf/debugProblems';
import type { RangeSource } from '../../source/elf/rangeSource';

/** Bytes by which a compressed file is known. */
const HEAD = 6;

/**
 * The content of a file that is compressed, in chunks; null when it is not.
 *
 * @param largest bytes of the content at most
 * @param onProgress called with the compressed bytes that were read, and how many there are
 */
export async function contentOf(
  source: RangeSource,
  largest: number,
  onProgress: (done: number, total: number) => void,
): Promise<AsyncGenerator<Uint8Array, void> | null> {
  const compression = compressionOf(await source.read(0, HEAD));
  if (compression === null) return null;
  const problems = new ProblemList();
  const chunks = compression.decompress(byteChunks(source, { onProgress }, problems), problems);
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

/**
 * A new file in the system's temporary folder, for reading and writing. It has no name any more when this returns, and
 * so is gone with its handle, whatever happens. A vmlinux has a gigabyte: too much for memory.
 *
 * @returns the handle
 */
export function nameless(): number {
  const place = path.join(os.tmpdir(), `page-holders-${randomUUID()}`);
  const handle = openSync(place, 'wx+', 0o600);
  // Windows keeps the name as long as the file is open; it clears that folder itself.
  if (process.platform !== 'win32') unlinkSync(place);
  return handle;
}
