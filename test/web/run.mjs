// Drives a workbench that runs in the browser alone, as a person would: mocha over test/web/*.test.mjs.
// usage: node test/web/run.mjs [text in the name of the tests to run, or --again for the files that failed in the last run]
import { runMocha } from '../host/mochaRun.mjs';
import { screenshot } from '../ui/workbench.mjs';
import { startWebWorkbench, stopWebWorkbench } from './webWorkbench.mjs';

await runMocha('web', import.meta.dirname, { start: startWebWorkbench, stop: stopWebWorkbench, screenshot });
