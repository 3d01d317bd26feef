/** The state of a file of this machine. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { changeBetween, GONE, unknownChange, type FileChange, type FileState } from '../fileState';

export function fileState({ size, mtimeNs, dev, ino }: BigIntStats): FileState {
  return { size: Number(size), modified: mtimeNs, identity: `${dev.toString()}:${ino.toString()}` };
}

/** What happened to the file at `path` since it was `before`; null when nothing did. */
export async function changeOf(path: string, before: FileState): Promise<FileChange | null> {
  try {
    return changeBetween(before, fileState(await stat(path, { bigint: true })));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' ? GONE : unknownChange(` (${String(code)})`);
  }
}
