import { lstatSync, statSync, type Stats } from 'node:fs';
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
 * a user in whose name we do not run, as under a `sudo` that keeps HOME, or in a folder that others made or may write to.
 */
export function codeFolder(): string | null {
  const folder = path.join(cacheFolder(), 'code');
  if (process.getuid === undefined) return folder;
  try {
    const base = cacheBase();
    // A cache on another disk is a link as a rule; below it nobody has a reason for one.
    const outer = statSync(base, { throwIfNoEntry: false }) ?? statSync(path.dirname(base));
    if (!isOursAlone(outer)) return null;
    const inner = [cacheFolder(), folder].map((each) => lstatSync(each, { throwIfNoEntry: false }));
    return inner.every((stats) => stats === undefined || isOursAlone(stats)) ? folder : null;
  } catch {
    // Where we may not look we cannot keep anything either.
    return null;
  }
}

const OF_GROUP_AND_OTHERS = 0o022;

function isOursAlone(stats: Stats): boolean {
  return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & OF_GROUP_AND_OTHERS) === 0;
}
