import { readdirSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import { closeSuite } from './report.mjs';
import { isGoodNow, keepFailed, takeFailed } from './secondRun.mjs';

/**
 * Runs the *.test.mjs of a folder, which drive a workbench as a person would, and ends the process with 0 when all is
 * good. The first argument of the command line is a text in the name of the tests to run, or `--again` for the files of
 * which a test failed in the last run, judged as secondRun.mjs says.
 *
 * @param suite its name in the closing line
 * @param workbench how it is started and stopped, and how what is seen is kept when a test fails
 */
export async function runMocha(suite, folder, { start, stop, screenshot }) {
  const mocha = new Mocha({
    timeout: 120_000,
    reporter: 'spec',
    color: process.stdout.isTTY,
    rootHooks: {
      async afterEach() {
        if (this.currentTest.state === 'failed') await screenshot('FAILED').catch(() => undefined);
      },
    },
  });
  const isAgain = process.argv[2] === '--again';
  const before = takeFailed(suite, isAgain);
  const files =
    before && !before.some(({ file }) => file === null) ? before.map(({ file }) => file) : testFiles(folder);
  for (const name of new Set(files)) mocha.addFile(path.join(folder, name));
  if (process.argv[2] && !isAgain) mocha.grep(process.argv[2]);

  let good = false;
  try {
    await start();
    await mocha.loadFilesAsync();
    good = await new Promise((resolve) => {
      const passed = new Set();
      const failed = [];
      const runner = mocha.run(() => {
        const { passes, failures, pending } = runner.stats;
        const isGood = closeSuite(suite, passes, failures, pending);
        resolve(isGood || isGoodNow(before, passed));
      });
      runner.on('pass', (test) => passed.add(test.fullTitle()));
      // A hook has no name that could pass, and the root's no file.
      runner.on('fail', (test) => {
        failed.push({ name: test.fullTitle(), file: test.file ? path.basename(test.file) : null });
        keepFailed(suite, failed);
      });
    });
  } catch (error) {
    console.error(error);
  } finally {
    await stop();
  }
  process.exit(good ? 0 : 1);
}

const testFiles = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.test.mjs'))
    .sort();
