/** How the command line starts: with the code of the run before where Node keeps it, without it wherever it must. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import test from 'node:test';
import { scratch } from './support/runCli';

const PROGRAM = path.resolve('dist/page-holders.js');
const SAMPLE = path.resolve('media/sample/trace.txt');

function report(cache: string, folder: string): { status: number | null; output: string; errors: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, 'report', SAMPLE], {
    cwd: folder,
    env: { ...process.env, XDG_CACHE_HOME: cache, HOME: path.join(scratch, 'home') },
    encoding: 'utf8',
  });
  return { status, output: stdout, errors: stderr };
}

function emptyFolder(name: string): string {
  const folder = path.join(scratch, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

test('compiled code is kept in the own cache folder, and the answer with it is the same', () => {
  const cache = emptyFolder('start');
  const code = path.join(cache, 'page-holders', 'code');
  const first = report(cache, scratch);
  assert.deepEqual([first.status, first.errors], [0, '']);
  assert.match(first.output, /^trace\.txt · 1 page failed to move, 1 held/);
  assert.equal(existsSync(code), 'enableCompileCache' in module);
  assert.deepEqual(report(cache, scratch), first);
});

test('a cache that is no folder, or damaged, changes nothing', () => {
  const folder = emptyFolder('damaged');
  const file = path.join(folder, 'file');
  writeFileSync(file, 'no folder');
  const first = report(file, scratch);
  assert.deepEqual([first.status, first.errors], [0, '']);

  const cache = emptyFolder('damaged/cache');
  report(cache, scratch);
  const code = path.join(cache, 'page-holders', 'code');
  const kept = existsSync(code) ? readdirSync(code, { recursive: true, withFileTypes: true }) : [];
  for (const entry of kept)
    if (entry.isFile()) writeFileSync(path.join(entry.parentPath, entry.name), 'damaged');
  assert.deepEqual(report(cache, scratch), first);
});

test('a relative cache folder counts for nothing: it would be below whatever folder one stands in', () => {
  const folder = emptyFolder('stranger');
  assert.equal(report('cache', folder).status, 0);
  assert.deepEqual(readdirSync(folder), []);
});
