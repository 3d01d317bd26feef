/** Standard input as a file: captures are read by ranges, which a pipe does not have. */
import { createWriteStream, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

/** What stands for it among the captures of a command. */
export const STANDARD_INPUT = '-';

interface SpooledInput {
  readonly path: string;
  remove(): void;
}

/** @throws the system's error when it cannot be read, or there is no room for it in the folder of temporary files */
export async function spoolStandardInput(): Promise<SpooledInput> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'page-holders-'));
  const removeFolder = (): void => {
    rmSync(folder, { recursive: true, force: true });
  };
  // Ctrl+C ends the process while it reads.
  process.once('exit', removeFolder);
  const remove = (): void => {
    process.off('exit', removeFolder);
    removeFolder();
  };
  const file = path.join(folder, 'stdin');
  try {
    await pipeline(process.stdin, createWriteStream(file, { mode: 0o600 }));
    return { path: file, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
