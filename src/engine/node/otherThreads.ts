import os from 'node:os';
import type { OtherThreads } from '../../capture/otherThreads';
import { clearMemory } from './clearMemory';
import { decompressionIn } from './decompressionThread';

/**
 * @param decompressionScript path of the bundled thread that decompresses; null for none
 * @returns null on a machine with one processor, where a thread would only take turns with the one that reads
 */
export function otherThreadsOf(decompressionScript: string | null): OtherThreads | null {
  if (os.availableParallelism() < 2) return null;
  const startDecompression = decompressionScript === null ? null : decompressionIn(decompressionScript);
  return { startDecompression, clearMemory };
}
