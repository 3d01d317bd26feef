// How often the source room is right: resolves the stacks of the shared captures by name alone, and holds the
// places against the debug info of the kernel that made them.
//
//   node test/bench/sourceTruth.mjs [--calls N] [--tree DIR] [--shared DIR] [--work DIR] [--compiled FILE] [--show WHAT]…
//
// --compiled  a compile_commands.json of the traced kernel: how much it helps
// --calls N   N random calls of the whole kernel instead of the captures: stacks that nothing was tuned to
// --show      a certainty (lists its wrong lines), `file` (wrong files) or `inlined` (wrong inlined functions)
import { build } from 'esbuild';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { captureStacks } from './captureStacks.mjs';
import { bootOf, DebugInfo } from './debugInfo.mjs';

const { values: options } = parseArgs({
  options: {
    calls: { type: 'string' },
    compiled: { type: 'string' },
    seed: { type: 'string', default: '7' },
    tree: {
      type: 'string',
      default:
        process.env.PAGE_HOLDERS_KERNEL_TREE ??
        path.join(os.homedir(), '.cache/page-holders/linux-source-6.1'),
    },
    shared: { type: 'string', default: '../shared' },
    work: { type: 'string', default: path.join(os.tmpdir(), 'page-holders-source-truth') },
    show: { type: 'string', multiple: true, default: [] },
  },
});

for (const [what, folder] of [
  ['kernel tree', options.tree],
  ['captures and kernel', path.join(options.shared, 'kernel')],
]) {
  if (!existsSync(folder)) {
    console.error(`No ${what} at ${folder}: say where with --tree or --shared.`);
    process.exit(2);
  }
}

const { NodeTree, createSourceIndex, createSourceResolver, readCompileCommands } = await loadSourceRoom();
const stacks = stacksWithTruth();
const tree = await NodeTree.open(options.tree);
const symbols = stacks.flatMap((stack) => stack.frames);

const indexed = performance.now();
const compiled = await compileCommands();
const index = await createSourceIndex(tree, { symbols, compiled });
const resolved = performance.now();
const resolver = createSourceResolver(tree, index, { compiled });
const judged = new Map();
for (const { frames } of stacks) {
  const asked = frames.map((frame) => ({ function: frame.function, offset: null, module: frame.module }));
  const locations = await resolver.resolveStack(asked);
  for (const [position, frame] of frames.entries()) {
    if (!frame.truth) continue;
    const inner = frames[position - 1]?.function ?? null;
    const one = judge(frame, inner, locations[position]);
    judged.set(one.key, one);
  }
}
const done = performance.now();
report([...judged.values()]);
const seconds = (from, to) => `${((to - from) / 1000).toFixed(1)} s`;
console.log(`index ${seconds(indexed, resolved)}, ${stacks.length} stacks ${seconds(resolved, done)}`);

async function loadSourceRoom() {
  mkdirSync(options.work, { recursive: true });
  const outfile = path.join(path.resolve(options.work), 'sourceRoom.cjs');
  const contents = `export { NodeTree } from './src/engine/node/nodeTree';
    export { readCompileCommands } from './src/source/compileCommands';
    export { createSourceIndex } from './src/source/sourceIndex';
    export { createSourceResolver } from './src/source/resolveStack';`;
  const stdin = { contents, resolveDir: process.cwd() };
  await build({ stdin, outfile, bundle: true, platform: 'node', format: 'cjs', logLevel: 'warning' });
  return createRequire(import.meta.url)(outfile);
}

/** Those of the tree, or of --compiled as if it were there. */
async function compileCommands() {
  if (options.compiled === undefined) return readCompileCommands(tree);
  const bytes = readFileSync(options.compiled);
  return readCompileCommands({
    name: tree.name,
    read: () => Promise.resolve(bytes),
    stat: () => Promise.resolve({ size: bytes.length, modified: 0 }),
  });
}

function stacksWithTruth() {
  const debugInfo = new DebugInfo(path.join(options.shared, 'kernel'), path.resolve(options.work));
  if (options.calls !== undefined) return debugInfo.randomCalls(Number(options.calls), Number(options.seed));
  const captures = path.join(options.shared, 'captures');
  const all = [];
  for (const capture of readdirSync(captures)) {
    const boot = bootOf(capture);
    if (boot === null) continue;
    const ofCapture = captureStacks(path.join(captures, capture));
    debugInfo.addTruth(ofCapture, boot);
    all.push(...ofCapture);
  }
  return all;
}

/** The frame's own function is the outermost of the chain; a split function (.part, .cold) is there twice. */
function judge(frame, inner, location) {
  const outermost = frame.truth.at(-1);
  const base = (name) => name.replace(/\..*/, '');
  const own = frame.truth.filter((one) => base(one.function) === base(outermost.function));
  const isTrue = (place) => own.some((one) => one.file === place.file && one.line === place.line);
  const chain = (frames) => frames.map((one) => `${one.function}:${one.line}`).join(' < ');
  const lineRight = isTrue(location);
  return {
    key: JSON.stringify([frame.function, frame.truth, inner, location.file, location.line]),
    certainty: location.certainty,
    fileRight: location.file === outermost.file,
    lineRight,
    named: lineRight || location.candidates.some(isTrue),
    inlinedRight: chain(frame.truth.slice(0, -1)) === chain(location.inlined),
    claimed:
      inner !== null && (location.certainty === 'one-call-site' || location.certainty === 'one-of-several'),
    text: `${frame.function} <- ${inner}: ${location.file}:${location.line} ${chain(location.inlined)}\n    true: ${chain(frame.truth)} in ${outermost.file}\n    ${location.note}`,
  };
}

function report(all) {
  for (const what of options.show) {
    const wrong = all.filter((one) =>
      what === 'file'
        ? !one.fileRight
        : what === 'inlined'
          ? one.claimed && one.lineRight && !one.inlinedRight
          : one.certainty === what && !one.lineRight,
    );
    for (const one of wrong) console.log(`${one.certainty} ${one.text}`);
  }
  const rows = {};
  for (const certainty of ['exact', 'one-call-site', 'one-of-several', 'function-only', 'unknown']) {
    const of = all.filter((one) => one.certainty === certainty);
    if (of.length === 0) continue;
    rows[certainty] = {
      frames: of.length,
      'file right': percent(of, (one) => one.fileRight),
      'line right': percent(of, (one) => one.lineRight),
      'line named': percent(of, (one) => one.named),
    };
  }
  console.table(rows);
  const claimed = all.filter((one) => one.claimed);
  console.log(`${all.length} distinct frames: file right ${percent(all, (one) => one.fileRight)}`);
  console.log(`${claimed.length} with a claimed line: right ${percent(claimed, (one) => one.lineRight)}`);
}

function percent(all, test) {
  return all.length === 0 ? '-' : `${((100 * all.filter(test).length) / all.length).toFixed(2)} %`;
}
