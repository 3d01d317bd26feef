import { readdirSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import { closeSuite } from './report.mjs';

/**
 * Runs the *.test.mjs of a folder, which drive a workbench as a person would, and ends the process with 0 when all is
 * good. The first argument of the command line is a text in the name of the tests to run.
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
  if (process.argv[2]) mocha.grep(process.argv[2]);
  for (const file of readdirSync(folder).sort()) {
    if (file.endsWith('.test.mjs')) mocha.addFile(path.join(folder, file));
  }

  let good = false;
  try {
    await start();
    await mocha.loadFilesAsync();
    good = await new Promise((resolve) => {
      const runner = mocha.run(() => {
        const { passes, failures, pending } = runner.stats;
        resolve(closeSuite(suite, passes, failures, pending));
      });
    });
  } catch (error) {
    console.error(error);
  } finally {
    await stop();
  }
  process.exit(good ? 0 : 1);
}
