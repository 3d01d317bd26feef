/** Zeros of the system, which it writes on a thread of Node's pool. */
import { open, readv } from 'node:fs';
import { promisify } from 'node:util';
import type { ClearMemory } from '../../capture/otherThreads';

/** Rejects where there is no such file, as on Windows. */
let device: Promise<number> | null = null;

export const clearMemory: ClearMemory = async (memory) => {
  device ??= promisify(open)('/dev/zero', 'r');
  await promisify(readv)(await device, memory);
};
