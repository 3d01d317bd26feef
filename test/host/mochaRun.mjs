import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import { logFolder } from './paths.mjs';
import { closeSuite } from './report.mjs';

/**
 * Runs the *.test.mjs of a folder, which drive a workbench as a person would, and ends the process with 0 when all is
 * good. The first argument of the command line is a text in the name of the tests to run, or `--again` for the files of
 * which a test failed in the last run: then all is good when those that failed there do not fail here. One that fails
 * here alone was good there.
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
  const failedFile = path.join(logFolder, `${suite}-failed.json`);
  const isAgain = process.argv[2] === '--again';
  const before = isAgain && existsSync(failedFile) ? JSON.parse(readFileSync(failedFile, 'utf8')) : null;
  rmSync(failedFile, { force: true });
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
        resolve(isGood || (before !== null && before.every(({ name }) => passed.has(name))));
      });
      runner.on('pass', (test) => passed.add(test.fullTitle()));
      // A hook has no name that could pass, and the root's no file.
      runner.on('fail', (test) => {
        failed.push({ name: test.fullTitle(), file: test.file ? path.basename(test.file) : null });
        mkdirSync(logFolder, { recursive: true });
        writeFileSync(failedFile, JSON.stringify(failed));
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
