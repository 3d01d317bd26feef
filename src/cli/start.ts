#!/usr/bin/env node
/**
 * The file that `page-holders` runs: the command line itself is beside it, so that Node can keep its compiled code from
 * one run to the next. Node 22.1 and later do; before, all of it is compiled at each start. With Node 24 `--version`
 * takes 55 in place of 71 ms, of which Node itself takes 34, and the report on a perf.data of 94 MB 375 in place of 416.
 */
import module, { createRequire } from 'node:module';
import path from 'node:path';
import { cacheFolder } from './cacheFolder';

interface CompilingModule {
  readonly builtinModules: readonly string[];
  /** Does nothing where the folder cannot be written. */
  readonly enableCompileCache?: (folder: string) => unknown;
}

const { enableCompileCache }: CompilingModule = module;
// Never the usual place: below /tmp others could put code there for us to run.
enableCompileCache?.(path.join(cacheFolder(), 'code'));
createRequire(__filename)('./cli.js');
