/** That the kernel tree is of another version, in the words of reports and as a row of the Captures view. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kernelTreeRow } from '../../../src/engine/captureTree';
import { treeDoubt } from '../../../src/engine/treeDoubt';

const NO_VMLINUX = { vmlinux: null, release: null };
const capture = (release: string | null) => ({ what: 'capture', release });

test('a tree of another version than the capture: lines may be shifted', () => {
  const tree = { version: '6.1.176' };
  assert.equal(
    treeDoubt(tree, capture('6.1.192-pagelab'), NO_VMLINUX),
    'the tree is Linux 6.1.176, the capture is of 6.1.192-pagelab: lines may be shifted',
  );
  for (const release of ['6.1.176-pagelab', '6.1.0-43-amd64', null]) {
    assert.equal(treeDoubt(tree, capture(release), NO_VMLINUX), '');
  }
  assert.equal(treeDoubt({ version: null }, capture('6.1.192'), NO_VMLINUX), '');
  assert.equal(treeDoubt(null, capture('6.1.192'), NO_VMLINUX), '');
});

test('with debug info, lines are those of its own source', () => {
  const vmlinux = { vmlinux: '/boot/vmlinux', release: '6.1.192-pagelab' };
  assert.equal(
    treeDoubt({ version: '6.1.176' }, capture(null), vmlinux),
    'the tree is Linux 6.1.176, the vmlinux is of 6.1.192-pagelab: ' +
      'its lines are those of its own source, and may be shifted in this tree',
  );
  assert.equal(treeDoubt({ version: '6.1.192' }, capture(null), vmlinux), '');
});

test('the row of the tree says it once', async () => {
  const tree = { root: '/src/linux', version: '6.1.176', helps: [] };
  const row = kernelTreeRow(tree, null, ['the tree is another']);
  assert.equal(row.node.mood, 'doubt');
  assert.equal(row.node.description, '6.1.176, not the version of the kernel · functions not looked up yet');
  const below = await row.children!();
  assert.deepEqual(
    below.map(({ node }) => node.label),
    ['The tree is another'],
  );
  const plain = kernelTreeRow(tree, null, []);
  assert.equal(plain.node.mood, 'plain');
  assert.equal(plain.children, null);
});

test('how many functions were found is said where some were looked for', () => {
  const tree = { root: '/src/linux', version: '6.1.176', helps: [] };
  const description = (asked: number): string =>
    kernelTreeRow(tree, { asked, unknown: [], linksOut: '' }, []).node.description;
  assert.equal(description(2), '6.1.176 · 2 of 2 functions found');
  assert.equal(description(0), '6.1.176', 'a capture without stacks has none');
});

test('a folder that was chosen and is no kernel tree is not passed over in silence', () => {
  const row = kernelTreeRow(null, null, [], '/day is no kernel tree: it has no Kconfig.');
  assert.deepEqual([row.node.label, row.node.description], ['No kernel tree', 'what is chosen is none']);
  assert.equal(row.node.tooltip.title, '/day is no kernel tree: it has no Kconfig.');
});
