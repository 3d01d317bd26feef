// What the extension host loads: runs every *.test.js beside it and writes mocha's JSON results to
// $PAGE_HOLDERS_RESULTS. $PAGE_HOLDERS_ONLY is a text in the name of the tests to run.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';

/** Rejects when a test failed: that is how the extension host gets its exit status. */
export async function run(): Promise<void> {
  const mocha = new Mocha({
    timeout: 60_000,
    ...(process.env['PAGE_HOLDERS_ONLY'] === undefined ? {} : { grep: process.env['PAGE_HOLDERS_ONLY'] }),
    reporter: 'json',
    reporterOptions: { output: process.env['PAGE_HOLDERS_RESULTS'] },
  });
  for (const file of readdirSync(__dirname).sort()) {
    if (file.endsWith('.test.js')) mocha.addFile(path.join(__dirname, file));
  }
  const failures = await new Promise<number>((resolve) => mocha.run(resolve));
  if (failures > 0) throw new Error(`${failures} failed`);
}
