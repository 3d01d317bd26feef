/**
 * Runs a script with the code that V8 compiled for it in an earlier run, for Node before 22.1, which does not do that by
 * itself. Debian 13 has Node 20.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';

/** What Node puts around each CommonJS module; on a line of its own, so that places in the script stay what they are. */
const WRAPPER = ['(function (exports, require, module, __filename, __dirname) {\n', '\n})'] as const;

/**
 * @param work what the script is run for: only the code of functions that a run calls is kept, and another sort of work
 *   would go without most of its own
 * @param folder where compiled code is kept. It is run, so that nobody else may be able to write there. Nothing is kept
 *   where it cannot be written.
 * @param release of the script: with its size, the time of its change and V8's own marks it tells one build from another
 */
export function runWithKeptCode(script: string, work: string, release: string, folder: string): void {
  const place = path.join(folder, nameOf(script, work, release));
  const cachedData = contentOf(place);
  const compiled = new vm.Script(WRAPPER.join(readFileSync(script, 'utf8')), {
    filename: script,
    lineOffset: -1,
    ...(cachedData === null ? {} : { cachedData }),
  });
  const module = { exports: {} };
  const run: unknown = compiled.runInThisContext();
  if (typeof run !== 'function') throw new TypeError(`${script} is no module`);
  run.call(module.exports, module.exports, createRequire(script), module, script, path.dirname(script));
  if (cachedData !== null && compiled.cachedDataRejected !== true) return;
  // Only at the end of a run are the functions compiled that a run needs.
  process.once('exit', () => {
    keep(place, compiled.createCachedData());
  });
}

/** V8 takes no code of another version of its own or for another processor, but never looks at more than the length of a script. */
function nameOf(script: string, work: string, release: string): string {
  const { size, mtimeMs } = statSync(script);
  const build = `${release}-${size}-${mtimeMs}-node-${process.versions.node}-${process.arch}`;
  return `${path.basename(script)}-${work}-${build}`;
}

function contentOf(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch {
    return null;
  }
}

/**
 * In one go, and on the disk before it has its name: V8 finds out that code is cut off, not that a part of it is zeros.
 * Where that fails the next run compiles all of it, as this one did.
 */
function keep(place: string, code: Buffer): void {
  try {
    const folder = path.dirname(place);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeOld(folder);
    const unfinished = `${place}.${process.pid}`;
    const file = openSync(unfinished, 'wx', 0o600);
    try {
      const isWhole = writeSync(file, code) === code.length;
      fsyncSync(file);
      if (isWhole) renameSync(unfinished, place);
    } finally {
      closeSync(file);
      rmSync(unfinished, { force: true });
    }
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error;
  }
}

/** Milliseconds after which code is removed: of another release most likely, and else it is made anew. */
const LONG_AGO = 30 * 24 * 3600 * 1000;

function removeOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    const file = path.join(folder, name);
    const stat = statSync(file);
    if (stat.isFile() && Date.now() - stat.mtimeMs > LONG_AGO) rmSync(file, { force: true });
  }
}
