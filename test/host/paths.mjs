import os from 'node:os';
import path from 'node:path';

export const repository = path.resolve(import.meta.dirname, '../..');

/**
 * What the tests install is kept here from run to run. It lies outside the repository because `vsce package`
 * and ESLint walk all that lies within.
 */
export const cacheFolder = path.join(
  process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'),
  'page-holders',
);

/** Screenshots and the logs of servers and installers. */
export const outFolder = path.join(repository, 'out');
export const logFolder = path.join(outFolder, 'log');
