// Runs unit tests, out/unit/*.test.js, as many files at a time as there are processors.
// usage: node test/unit/run.mjs [damage|rest]
//   damage  those that read many damaged files, *Mutation.test.js; rest: all others; both when nothing is said
import { readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { outFolder } from '../host/paths.mjs';

/** Hold answers against limits of some milliseconds: nothing runs beside them. */
const ALONE = ['engineClient.test.js'];

const isOfDamage = (name) => name.endsWith('Mutation.test.js');

function runFiles(names, concurrency) {
  const files = names.map((name) => path.join(outFolder, 'unit', name));
  return new Promise((resolve) => {
    const tests = run({ files, concurrency });
    tests.on('test:fail', () => (process.exitCode = 1));
    tests.on('end', resolve);
    tests.compose(spec).pipe(process.stdout, { end: false });
  });
}

const names = readdirSync(path.join(outFolder, 'unit'))
  .filter((name) => name.endsWith('.test.js'))
  .sort();
const [wanted] = process.argv.slice(2);
// They take longest: begun last, one of them would end alone.
const ofDamage = wanted === 'rest' ? [] : names.filter(isOfDamage);
const rest = wanted === 'damage' ? [] : names.filter((name) => !isOfDamage(name));
const alone = rest.filter((name) => ALONE.includes(name));
const together = rest.filter((name) => !ALONE.includes(name));
if (alone.length > 0) await runFiles(alone, 1);
await runFiles([...ofDamage, ...together], os.availableParallelism());
