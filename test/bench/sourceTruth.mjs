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
const starts = new Map();
for (const { frames } of stacks) {
  const asked = frames.map((frame) => ({ function: frame.function, offset: null, module: frame.module }));
  const locations = await resolver.resolveStack(asked);
  for (const [position, frame] of frames.entries()) {
    if (!frame.truth) continue;
    const truth = await inTree(frame.truth);
    const inner = frames[position - 1]?.function ?? null;
    const one = judge({ ...frame, truth }, inner, locations[position]);
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

/**
 * The same lines as the tree has them, which may be of another stable version than the kernel: functions move as a whole.
 * Where one changed above a line of its own, that line stays a wrong one.
 */
async function inTree(truth) {
  const moved = [];
  for (const one of truth) {
    if (!starts.has(one.file)) {
      starts.set(one.file, (await resolver.sourceFile(one.file))?.functions ?? []);
    }
    const name = one.function.replace(/\..*/, '');
    const [own, ...others] = starts.get(one.file).filter((each) => each.function === name);
    const isKnown = own !== undefined && others.length === 0 && one.start > 0;
    moved.push({ ...one, line: isKnown ? one.line - one.start + own.line : one.line });
  }
  return moved;
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
    rows: lineRight ? location.inlined.map((row) => inlinedRow(row, frame.truth)) : [],
    claimed:
      inner !== null && (location.certainty === 'one-call-site' || location.certainty === 'one-of-several'),
    text: `${frame.function} <- ${inner}: ${location.file}:${location.line} ${chain(location.inlined)}\n    true: ${chain(frame.truth)} in ${outermost.file}\n    ${location.note}`,
  };
}

/** Of a row of an inlined function whether it is said to be sure, is right, and is right or names what is. */
function inlinedRow({ file, line, others = [] }, truth) {
  const isTrue = (place) => truth.some((one) => one.file === place.file && one.line === place.line);
  const isRight = isTrue({ file, line });
  return { isSure: others.length === 0, isRight, isNamed: isRight || others.some(isTrue) };
}

function report(all) {
  for (const what of options.show) {
    const wrong = all.filter((one) =>
      what === 'file'
        ? !one.fileRight
        : what === 'inlined'
          ? one.claimed && one.rows.some((row) => !row.isNamed)
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
  const inlined = all.filter(({ certainty }) => certainty === 'one-call-site').flatMap((one) => one.rows);
  const [sure, several] = [true, false].map((isSure) => inlined.filter((row) => row.isSure === isSure));
  console.log(`${sure.length} sure rows of inlined functions: right ${percent(sure, (row) => row.isRight)}`);
  console.log(
    `${several.length} of several: right ${percent(several, (row) => row.isRight)}, named ${percent(several, (row) => row.isNamed)}`,
  );
  const claimed = all.filter((one) => one.claimed);
  console.log(`${all.length} distinct frames: file right ${percent(all, (one) => one.fileRight)}`);
  console.log(`${claimed.length} with a claimed line: right ${percent(claimed, (one) => one.lineRight)}`);
}

function percent(all, test) {
  return all.length === 0 ? '-' : `${((100 * all.filter(test).length) / all.length).toFixed(2)} %`;
}
