import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { Engine } from '../../../src/engine/engine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { captureRows } from './support/captureRows';

const SAMPLE = 'media/sample/trace.txt';
const RULE = { label: 'mine', kind: 'gup-pin', acquiredIn: ['process_vm_rw_core'], holder: 'our debugger' };

async function rowTexts(engine: Engine): Promise<readonly string[]> {
  return (await captureRows(engine)).map(({ label, description }) => `${label} | ${description}`);
}

test('rules of the settings judge open captures again, and go with the setting', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const before = await engine.text({ node: null, query: DEFAULT_QUERY });
  const facts = await engine.setKindRules({ text: JSON.stringify([RULE]) });
  assert.deepEqual(facts, {
    sources: [['the setting pageHolders.kindRules', 1]],
    problems: [],
    isTreeWithheld: false,
  });
  const after = await engine.text({ node: null, query: DEFAULT_QUERY });
  assert.match(
    after.replace(/\s+/g, ' '),
    /our debugger · pvm-reader-226 · released [^(]* .*by rule 'mine' of the setting pageHolders\.kindRules/,
  );
  assert.ok((await rowTexts(engine)).includes('1 rule of your own | 1 of the setting pageHolders.kindRules'));
  await engine.setKindRules({ text: '[]' });
  assert.equal(await engine.text({ node: null, query: DEFAULT_QUERY }), before);
  assert.ok(!(await rowTexts(engine)).some((row) => row.includes('of your own')));
});

const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-rules-'));
after(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function tree(name: string, rules: readonly object[]): string {
  const root = path.join(scratch, name);
  const files = ['Makefile', 'Kconfig', 'arch/x86/Kconfig', 'include/linux/mm.h', 'kernel/Makefile'];
  for (const file of [...files, 'mm/gup.c', 'fs/splice.c']) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), file === 'Makefile' ? 'VERSION = 6\nPATCHLEVEL = 1\n' : '');
  }
  writeFileSync(path.join(root, '.page-holders.json'), JSON.stringify({ rules }));
  return root;
}

test('rules of a tree that is not trusted are not read, which the Captures view says; once it is, they are', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const before = await engine.text({ node: null, query: DEFAULT_QUERY });
  const root = tree('strange', [RULE]);
  assert.equal((await engine.setKernelTree({ root, trusted: false }))?.root, root);
  assert.deepEqual(await engine.kindRules(), { sources: [], problems: [], isTreeWithheld: true });
  assert.ok(
    (await rowTexts(engine)).includes('Rules of the kernel tree are not read | its folder is not trusted'),
  );
  const untrusted = await engine.text({ node: null, query: DEFAULT_QUERY });
  assert.doesNotMatch(untrusted, /our debugger/);
  await engine.setKernelTree({ root, trusted: true });
  assert.ok((await rowTexts(engine)).includes('1 rule of your own | 1 of .page-holders.json'));
  assert.match(await engine.text({ node: null, query: DEFAULT_QUERY }), /our debugger/);
  await engine.setKernelTree({ root: null, trusted: false });
  assert.equal((await engine.kindRules()).isTreeWithheld, false);
  assert.equal(await engine.text({ node: null, query: DEFAULT_QUERY }), before);
});

test('of trees that are chosen at once the last is the one in use, with its rules', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const [first, last] = [tree('first', [RULE]), tree('last', [{ ...RULE, holder: 'the other one' }])];
  const chosen = await Promise.allSettled([
    engine.setKernelTree({ root: first, trusted: true }),
    engine.setKernelTree({ root: null, trusted: true }),
    engine.setKernelTree({ root: last, trusted: true }),
  ]);
  assert.deepEqual(
    chosen.map((each) => (each.status === 'rejected' ? String(each.reason) : each.value?.root)),
    ['CancelledError: Cancelled.', 'CancelledError: Cancelled.', last],
  );
  assert.match((await rowTexts(engine))[0]!, /\blast\b/);
  const text = await engine.text({ node: null, query: DEFAULT_QUERY });
  assert.match(text, /the other one/);
  assert.doesNotMatch(text, /our debugger/);
});

test('a tree that is chosen while one is looked at takes its place, however long that takes', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const slow = engine.setKernelTree({ root: tree('slow', [RULE]), trusted: true });
  const refused = assert.rejects(slow, { name: 'CancelledError' });
  // The first choice has begun.
  await new Promise((resolve) => setImmediate(resolve));
  await engine.setKernelTree({ root: null, trusted: true });
  await refused;
  assert.match((await rowTexts(engine))[0]!, /^No kernel tree|none/i);
  assert.deepEqual((await engine.kindRules()).sources, []);
});

test('mistakes in the settings are rows of the Captures view', async () => {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: SAMPLE });
  const { problems } = await engine.setKindRules({ text: JSON.stringify([RULE, { label: 'empty' }]) });
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /^pageHolders\.kindRules\[1\]: names no function; add "acquiredIn"/);
  const row = (await rowTexts(engine)).find((each) => each.startsWith('1 rule of your own'));
  assert.match(row ?? '', /1 mistake to mend$/);
});
