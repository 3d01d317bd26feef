/** Every capture whose truth is known, through the command line as a user runs it, held against that truth. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { knownCaptures, type KnownCapture } from '../../truth/captures';
import { check } from '../../truth/check.mjs';

/** Recordings beside the repository, where it is developed; a clone alone tests test/fixtures. */
const SHARED = '../shared/captures';

/** perf.data names no functions by itself; with the kallsyms of its machine it has a test of its own. */
const NAMELESS = 'perf.data';

function reportOf(file: string): unknown {
  const run = spawnSync(process.execPath, ['dist/page-holders.js', 'report', file, '--format', 'json'], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) as unknown;
}

function holdAgainstTruth({ file, truth, text }: KnownCapture): void {
  const result = check(JSON.parse(readFileSync(truth, 'utf8')), reportOf(file), { text });
  assert.deepEqual(result.problems, [], result.line);
}

const shipped = knownCaptures('test/fixtures');
const shared = knownCaptures(SHARED);

test('captures with known truth ship with the tests', () => {
  assert.ok(shipped.length >= 10, `only ${shipped.length} in test/fixtures`);
});

for (const capture of shipped.filter(({ file }) => !file.endsWith(NAMELESS))) {
  test(`truth of ${capture.file}`, () => {
    holdAgainstTruth(capture);
  });
}

test('truth of the recordings beside the repository', async (context) => {
  if (shared.length === 0) {
    context.skip(`no ${SHARED} here: the captures in test/fixtures were checked`);
    return;
  }
  for (const capture of shared.filter(({ file }) => !file.endsWith(NAMELESS))) {
    await context.test(capture.file, () => {
      holdAgainstTruth(capture);
    });
  }
});
