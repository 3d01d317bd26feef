/** Whether a file is still what it was when it was opened. */
import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

export interface FileState {
  /** Bytes. */
  readonly size: number;
  /** ns since 1970. */
  readonly modified: bigint;
  /** Device and inode: another file of the same name has others. */
  readonly identity: string;
}

export function fileState({ size, mtimeNs, dev, ino }: BigIntStats): FileState {
  return { size: Number(size), modified: mtimeNs, identity: `${dev.toString()}:${ino.toString()}` };
}

/** What happened to the file at `path` since it was `before`, to continue "the file"; null when nothing did. */
export async function changeOf(path: string, before: FileState): Promise<string | null> {
  let now: FileState;
  try {
    now = fileState(await stat(path, { bigint: true }));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' ? 'was deleted or moved away' : `cannot be looked at any more (${String(code)})`;
  }
  if (now.identity !== before.identity) return 'was replaced by another one';
  if (now.size > before.size) return `grew beyond its ${before.size} bytes`;
  if (now.size < before.size) return `was cut below its ${before.size} bytes`;
  return now.modified === before.modified ? null : 'was written to';
}
