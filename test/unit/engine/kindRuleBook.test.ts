import assert from 'node:assert/strict';
import test from 'node:test';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { Engine } from '../../../src/engine/engine';

const SAMPLE = 'media/sample/trace.txt';
const RULE = { label: 'mine', kind: 'gup-pin', acquiredIn: ['process_vm_rw_core'], holder: 'our debugger' };

async function captureRows(engine: Engine): Promise<readonly string[]> {
  const { nodes } = await engine.children({
    tree: 'captures',
    node: null,
    start: 0,
    end: 9,
    query: DEFAULT_QUERY,
  });
  return nodes.map(({ label, description }) => `${label} | ${description}`);
}

test('rules of the settings judge open captures again, and go with the setting', async () => {
  const engine = new Engine();
  await engine.openCapture({ path: SAMPLE });
  const before = await engine.text({ node: null, query: DEFAULT_QUERY });
  const facts = await engine.setKindRules({ text: JSON.stringify([RULE]) });
  assert.deepEqual(facts, { sources: [['the setting pageHolders.kindRules', 1]], problems: [] });
  const after = await engine.text({ node: null, query: DEFAULT_QUERY });
  assert.match(
    after.replace(/\s+/g, ' '),
    /pvm-reader-226 · released [^(]* · our debugger .*by rule 'mine' of the setting pageHolders\.kindRules/,
  );
  assert.ok(
    (await captureRows(engine)).includes('1 rule of your own | 1 of the setting pageHolders.kindRules'),
  );
  await engine.setKindRules({ text: '[]' });
  assert.equal(await engine.text({ node: null, query: DEFAULT_QUERY }), before);
  assert.ok(!(await captureRows(engine)).some((row) => row.includes('of your own')));
});

test('mistakes in the settings are rows of the Captures view', async () => {
  const engine = new Engine();
  await engine.openCapture({ path: SAMPLE });
  const { problems } = await engine.setKindRules({ text: JSON.stringify([RULE, { label: 'empty' }]) });
  assert.equal(problems.length, 1);
  assert.match(problems[0]!, /^pageHolders\.kindRules\[1\]: names no function; add "acquiredIn"/);
  const row = (await captureRows(engine)).find((each) => each.startsWith('1 rule of your own'));
  assert.match(row ?? '', /1 mistake to mend$/);
});
