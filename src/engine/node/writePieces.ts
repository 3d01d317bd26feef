/** Writes an export to a file that is there whole or not at all. */
import { open, rename, rm } from 'node:fs/promises';
import { ExportError } from '../errors';

/**
 * @param path a file there is replaced, when all pieces are written
 * @returns how many bytes it has
 * @throws ExportError when it cannot be written; nothing is left behind then
 */
export async function writePieces(path: string, pieces: AsyncIterable<string>): Promise<number> {
  const unfinished = `${path}.unfinished`;
  let bytes = 0;
  try {
    const file = await open(unfinished, 'w');
    try {
      for await (const piece of pieces) bytes += (await file.write(piece)).bytesWritten;
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    return bytes;
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new ExportError(`${path} cannot be written: ${error.message}. Choose another place.`);
  }
}
