import os from 'node:os';
import path from 'node:path';

/** Where the XDG base directory specification wants caches; it says of a relative path to take no notice. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: base } = process.env;
  const isUsable = base !== undefined && path.isAbsolute(base);
  return path.join(isUsable ? base : path.join(os.homedir(), '.cache'), 'page-holders');
}
