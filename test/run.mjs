// npm test: every test, after installing what they need. All of it runs, whatever fails, unless the build does.
import { runBeside, runVisible } from './host/command.mjs';
import { ensureCodeOss } from './host/codeOss.mjs';
import { ensureCodeServer } from './host/codeServer.mjs';
import { ensureTools } from './host/debian.mjs';
import { packageExtension } from './host/extensionPackage.mjs';
import { ensureKernelTree } from './host/kernelTree.mjs';
import { repository } from './host/paths.mjs';

const node = process.execPath;
const started = Date.now();
const failed = [];
/** Failed at first, and good when they were run again. */
const goodAgain = [];

async function stage(name, command, args, env = {}) {
  console.log(`\n── ${name}`);
  const begun = Date.now();
  const status = await runVisible(command, args, { cwd: repository, env: { ...process.env, ...env } });
  return closeStage(name, begun, status);
}

function closeStage(name, begun, status) {
  const seconds = Math.round((Date.now() - begun) / 1000);
  console.log(`── ${name}: ${status === 0 ? 'good' : 'failed'} after ${seconds} s`);
  if (status !== 0) failed.push(name);
  return status === 0;
}

/** Ends when all stages beside the others have. */
let besides = Promise.resolve();

/**
 * A stage that computes alone, beside those that wait for windows, which leave a third of two processors idle: it gets
 * what nothing else wants, after the stages beside that were asked for before. What it prints comes whole, at its end.
 */
function stageBeside(name, command, args, env = {}) {
  besides = besides.then(async () => {
    const begun = Date.now();
    const { status, output } = await runBeside(command, args, {
      cwd: repository,
      env: { ...process.env, ...env },
    });
    console.log(`\n── ${name}\n${output}`);
    closeStage(name, begun, status);
  });
}

async function finish() {
  await besides;
  const seconds = Math.round((Date.now() - started) / 1000);
  if (goodAgain.length > 0) console.log(`\nFailed at first, good when run again: ${goodAgain.join(', ')}`);
  if (failed.length === 0) {
    console.log(`\nAll tests are good after ${seconds} s.`);
    process.exit(0);
  }
  console.error(`\nFailed after ${seconds} s: ${failed.join(', ')}`);
  process.exit(1);
}

/** Downloads and compiles side by side: most of it waits for the network. Throws what failed, all of it. */
async function prepare() {
  const results = await Promise.allSettled([
    ensureTools('browser', 'compiler', 'symbolizer', 'unpacker'),
    ensureCodeServer('newest'),
    ensureCodeServer('floor'),
    ensureCodeOss(),
    ensureKernelTree(),
  ]);
  const reasons = results.filter(({ status }) => status === 'rejected').map(({ reason }) => reason.message);
  if (reasons.length > 0) throw new Error([...new Set(reasons)].join('\n\n'));
  return results.at(-1).value;
}

const installingPeers = ensureTools('traceCmd', 'shellcheck', 'cscope').catch((error) => error);
const preparing = prepare().then(
  (kernelTree) => ({ kernelTree }),
  (error) => ({ error }),
);
stageBeside('types', 'npm', ['run', '--silent', 'typecheck']);
stageBeside('lint', 'npm', ['run', '--silent', 'lint:code']);
stageBeside('format', 'npm', ['run', '--silent', 'lint:format']);
// Once for all that install it, and first: what it leaves in dist/ has no source maps.
const vsix = await packageExtension().catch((error) => {
  console.error(error.message);
  failed.push('package');
});
if (!(await stage('build', 'npm', ['run', '--silent', 'build'])) || vsix === undefined) await finish();

// Not beside the compilers: some unit tests watch the time.
const { kernelTree, error } = await preparing;
const env = { PAGE_HOLDERS_VSIX: vsix, ...(kernelTree ? { PAGE_HOLDERS_KERNEL_TREE: kernelTree } : {}) };
// Without it the unit tests compare with what it printed once alone, which must not pass for all of it.
const noPeers = await installingPeers;
if (noPeers) {
  console.error(
    `\nThe readers are not compared with trace-cmd itself, recording scripts not checked by shellcheck, and no cscope.out ` +
      `is made.\n${noPeers.message}`,
  );
  failed.push('installing trace-cmd, shellcheck and cscope');
}
await stage('unit tests', node, ['test/unit/run.mjs', 'rest'], env);
stageBeside('unit tests with damaged files', node, ['test/unit/run.mjs', 'damage'], env);

/**
 * In a workbench: name, what runs it, and what runs it again, which is all of it or the files of which a test failed. Not
 * side by side: two processors have enough to do with one, and took longer for all of them.
 */
const workbenches = [
  [
    'integration, newest VS Code',
    ['test/integration/run.mjs', 'newest'],
    ['test/integration/run.mjs', 'newest', '--again'],
  ],
  [
    'integration, oldest VS Code',
    ['test/integration/run.mjs', 'floor'],
    ['test/integration/run.mjs', 'floor', '--again'],
  ],
  ['user interface', ['test/ui/run.mjs'], ['test/ui/run.mjs', '--again']],
  [
    'user interface, oldest VS Code',
    ['test/ui/run.mjs', 'in German', 'floor'],
    ['test/ui/run.mjs', '--again', 'floor'],
  ],
  ['in a browser alone', ['test/web/run.mjs'], ['test/web/run.mjs', '--again']],
];

/**
 * People see what they asked for within seconds, and so wait these tests. A machine may be too slow for that once: what
 * failed has to be good in another workbench, and both is said.
 */
async function inWorkbench(name, args, again) {
  if (await stage(name, node, args, env)) return;
  if (!(await stage(`${name}, again`, node, again, env))) return;
  failed.splice(failed.indexOf(name), 1);
  goodAgain.push(name);
}

if (error) {
  console.error(
    `\nThe tests in VS Code cannot run: what they need could not be installed.\n${error.message}`,
  );
  failed.push('installing a VS Code to test in');
} else {
  for (const workbench of workbenches) await inWorkbench(...workbench);
}

await finish();
