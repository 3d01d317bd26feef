import { openSync, unlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * A new file in the system's temporary folder, for reading and writing. It has no name any more when this returns, and
 * so is gone with its handle, whatever happens. A vmlinux has a gigabyte: too much for memory.
 *
 * @returns the handle
 */
export function nameless(): number {
  const place = path.join(os.tmpdir(), `page-holders-${crypto.randomUUID()}`);
  const handle = openSync(place, 'wx+', 0o600);
  // Windows keeps the name as long as the file is open; it clears that folder itself.
  if (process.platform !== 'win32') unlinkSync(place);
  return handle;
}
