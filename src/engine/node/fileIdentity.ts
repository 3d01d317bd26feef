/** Which names are of one file. */
import { stat } from 'node:fs/promises';
import path from 'node:path';

/** The same for all names of a file: paths, links. */
export async function fileIdentity(file: string): Promise<string> {
  const status = await stat(file, { bigint: true }).catch(() => null);
  // Some file systems do not number their files.
  return status === null || status.ino === 0n ? path.resolve(file) : `${status.dev} ${status.ino}`;
}
