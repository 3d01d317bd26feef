#!/usr/bin/env node
/**
 * The file that `page-holders` runs: the command line itself is beside it, so that its compiled code can be kept from one
 * run to the next. Node 22.1 and later do that by themselves. With Node 24 `--version` takes 55 in place of 71 ms, of
 * which Node itself takes 34, and the report on a perf.data of 94 MB 375 in place of 416; with Node 20 37 in place of
 * 53 ms, of which Node takes 20.
 */
import module, { createRequire } from 'node:module';
import path from 'node:path';
import { version } from '../../package.json';
import { codeFolder } from './cacheFolder';
import { findCommand } from './commandNames';
import { runWithKeptCode } from './keptCode';

interface CompilingModule {
  readonly builtinModules: readonly string[];
  /** Does nothing where the folder cannot be written. */
  readonly enableCompileCache?: (folder: string) => unknown;
}

const { enableCompileCache }: CompilingModule = module;
const script = path.join(__dirname, 'cli.js');

const INLINED_AT_MOST = '--max-inlined-bytecode-size-cumulative';
/** V8's own value, in bytes of bytecode. */
const USUALLY_INLINED = 920;
/** Milliseconds within which all threads have started. */
const START_TIME = 200;

// A process ends with 0 when nothing is left to wait for. To a script that would be an answer with nothing in it.
process.once('exit', (status) => {
  if (status !== 0 || process.exitCode !== undefined) return;
  process.stderr.write(
    `page-holders: ended before its work was done: ${script} is at fault, or not whole.\n`,
  );
  process.exitCode = 2;
});
if (enableCompileCache === undefined) inlineLess();
const folder = codeFolder();
if (folder !== null) enableCompileCache?.(folder);
if (folder !== null && enableCompileCache === undefined) {
  const work = findCommand(process.argv.slice(2))?.name ?? 'other';
  runWithKeptCode(script, work, version, folder);
} else {
  createRequire(__filename)(script);
}

/**
 * Before Maglev V8 compiles all that is hot with its slowest compiler, on threads that the reading ones share their cores
 * with: 0.8 of 3.3 s of CPU time for a report on 2.4 million events. With less inlining it is done sooner.
 *
 * V8 takes no code that was compiled under other flags, not even that of Node itself: a thread of it starts in 39 ms of CPU
 * time, and in 93 with this flag. So it is set when all have started, and set back before code is kept.
 */
function inlineLess(): void {
  setTimeout(() => {
    // Not at the start of the program: with it half of Node's streams are loaded.
    void import('node:v8').then(({ setFlagsFromString }) => {
      setFlagsFromString(`${INLINED_AT_MOST}=200`);
      process.prependOnceListener('exit', () => {
        setFlagsFromString(`${INLINED_AT_MOST}=${USUALLY_INLINED}`);
      });
    });
  }, START_TIME).unref();
}
