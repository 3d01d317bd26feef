// Drives the real workbench as a person would, with the packaged .vsix installed and no test switches: mocha over
// test/ui/*.test.mjs. usage: node test/ui/run.mjs [text in the name of the tests to run, or --again] [newest|floor]
//   --again  the files of which a test failed in the last run
import { runMocha } from '../host/mochaRun.mjs';
import { screenshot, startWorkbench, stopWorkbench } from './workbench.mjs';

const host = process.argv[3] ?? 'newest';
const suite = host === 'newest' ? 'ui' : `ui-${host}`;
await runMocha(suite, import.meta.dirname, {
  start: () => startWorkbench(host),
  stop: stopWorkbench,
  screenshot,
});
