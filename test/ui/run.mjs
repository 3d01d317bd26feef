// Drives the real workbench as a person would, with the packaged .vsix installed and no test switches: mocha over
// test/ui/*.test.mjs. usage: node test/ui/run.mjs [text in the name of the tests to run]
import { runMocha } from '../host/mochaRun.mjs';
import { screenshot, startWorkbench, stopWorkbench } from './workbench.mjs';

await runMocha('ui', import.meta.dirname, { start: startWorkbench, stop: stopWorkbench, screenshot });
