/** Writes an export to a file that is there whole or not at all. */
import { open, rename, rm, stat } from 'node:fs/promises';
import { ExportError, inputError } from '../errors';
import { fileIdentity } from './fileIdentity';
import { systemReason } from './systemReason';

/**
 * @param path a file there is replaced, when all pieces are written
 * @param inputs files that must stay what they are
 * @returns how many bytes it has
 * @throws ExportError when it cannot be written; nothing is left behind then
 */
export async function writePieces(
  path: string,
  pieces: AsyncIterable<string>,
  inputs: readonly string[],
): Promise<number> {
  await refuseOther(path);
  await refuseInput(path, inputs);
  // A name that nobody can have put there before: what it would lead to is not to be written.
  const unfinished = `${path}.${crypto.randomUUID()}`;
  let bytes = 0;
  try {
    const file = await open(unfinished, 'wx');
    try {
      for await (const piece of pieces) {
        // A single write may leave the rest out, as on a full disk.
        await file.appendFile(piece);
        bytes += Buffer.byteLength(piece);
      }
    } finally {
      await file.close();
    }
    await rename(unfinished, path);
    return bytes;
  } catch (error) {
    await rm(unfinished, { force: true }).catch(() => undefined);
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
    throw new ExportError(`${path} cannot be written: ${systemReason(error)}. Choose another place.`);
  }
}

/**
 * A link is replaced by the file; one that leads to a device, as the device itself, would be missed.
 *
 * @throws ExportError when something other than a file is there
 */
async function refuseOther(path: string): Promise<void> {
  const there = await stat(path).catch(() => null);
  if (there === null || there.isFile()) return;
  const what = there.isDirectory()
    ? 'is a folder. Name a file in it'
    : 'is no regular file. Choose another place';
  throw new ExportError(`${path} ${what}.`);
}

/**
 * A capture often cannot be recorded again.
 *
 * @param inputs files that the export is made from
 * @throws ExportError when the export would replace one of them, by whichever of its names
 */
export async function refuseInput(path: string, inputs: readonly string[]): Promise<void> {
  const identity = await fileIdentity(path);
  for (const input of inputs) {
    if ((await fileIdentity(input)) === identity) throw inputError(path, input);
  }
}
