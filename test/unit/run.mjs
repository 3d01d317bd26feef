// Runs all unit tests, out/unit/*.test.js, as many files at a time as there are processors.
import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { outFolder } from '../host/paths.mjs';

/** Hold answers against limits of some milliseconds: nothing runs beside them. */
const ALONE = ['engineClient.test.js'];

/** The order of the tests' names, but for those that run longest: begun last, one of them would end alone. */
function longestFirst(names) {
  const isLong = (name) => name.endsWith('Mutation.test.js');
  return [...names.filter(isLong), ...names.filter((name) => !isLong(name))];
}

function runFiles(names, concurrency) {
  const files = names.map((name) => path.join(outFolder, 'unit', name));
  return new Promise((resolve) => {
    const tests = run({ files, concurrency });
    tests.on('test:fail', () => (process.exitCode = 1));
    tests.on('end', resolve);
    tests.compose(spec).pipe(process.stdout, { end: false });
  });
}

const names = readdirSync(path.join(outFolder, 'unit')).filter((name) => name.endsWith('.test.js'));
const together = names.filter((name) => !ALONE.includes(name));
await runFiles(ALONE, 1);
await runFiles(longestFirst(together.sort()), os.availableParallelism());
