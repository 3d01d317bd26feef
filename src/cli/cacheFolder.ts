import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Where the XDG base directory specification wants caches; it says of a relative path to take no notice. */
function cacheBase(): string {
  const { XDG_CACHE_HOME: base } = process.env;
  const isUsable = base !== undefined && path.isAbsolute(base);
  return isUsable ? base : path.join(os.homedir(), '.cache');
}

/** Where what was found out once is kept for later runs. */
export function cacheFolder(): string {
  return path.join(cacheBase(), 'page-holders');
}

/**
 * Where compiled code is kept for later runs; null where somebody else could put code there for us to run: in the home of
 * a user in whose name we do not run, as under a `sudo` that keeps HOME.
 */
export function codeFolder(): string | null {
  const base = cacheBase();
  const owner =
    statSync(base, { throwIfNoEntry: false }) ?? statSync(path.dirname(base), { throwIfNoEntry: false });
  const isOurs = process.getuid === undefined || owner?.uid === process.getuid();
  return isOurs ? path.join(cacheFolder(), 'code') : null;
}
