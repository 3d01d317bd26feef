// Drives a workbench that runs in the browser alone, as a person would: mocha over test/web/*.test.mjs.
// usage: node test/web/run.mjs [text in the name of the tests to run]
import { readdirSync } from 'node:fs';
import path from 'node:path';
import Mocha from 'mocha';
import { closeSuite } from '../host/report.mjs';
import { screenshot } from '../ui/workbench.mjs';
import { startWebWorkbench, stopWebWorkbench } from './webWorkbench.mjs';

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
  await startWebWorkbench();
  await mocha.loadFilesAsync();
  good = await new Promise((resolve) => {
    const runner = mocha.run(() => {
      const { passes, failures, pending } = runner.stats;
      resolve(closeSuite('web', passes, failures, pending));
    });
  });
} catch (error) {
  console.error(error);
} finally {
  await stopWebWorkbench();
}
process.exit(good ? 0 : 1);
