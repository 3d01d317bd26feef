import os from 'node:os';
import path from 'node:path';

/** Where the XDG base directory specification wants caches. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: base } = process.env;
  return path.join(
    base === undefined || base === '' ? path.join(os.homedir(), '.cache') : base,
    'page-holders',
  );
}
