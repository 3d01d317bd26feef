// Drives the real workbench as a person would, with the packaged .vsix installed and no test switches: mocha over
// test/ui/*.test.mjs. usage: node test/ui/run.mjs [text in the name of the tests to run]
import { readdirSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import { closeSuite } from '../host/report.mjs';
import { screenshot, startWorkbench, stopWorkbench } from './workbench.mjs';

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
for (const file of readdirSync(import.meta.dirname).sort()) {
  if (file.endsWith('.test.mjs')) mocha.addFile(path.join(import.meta.dirname, file));
}

let good = false;
try {
  await startWorkbench();
  await mocha.loadFilesAsync();
  good = await new Promise((resolve) => {
    const runner = mocha.run(() => {
      const { passes, failures, pending } = runner.stats;
      resolve(closeSuite('ui', passes, failures, pending));
    });
  });
} catch (error) {
  console.error(error);
} finally {
  await stopWorkbench();
}
process.exit(good ? 0 : 1);
