import assert from 'node:assert/strict';
import test from 'node:test';
import { branch, LazyTree, type Branch } from '../../../src/engine/lazyTree';

function row(id: string, children: Branch['children'] = null): Branch {
  return branch({ id, kind: 'fact', label: `row ${id}` }, children);
}

test('rows are made once, when they are asked for', async () => {
  let made = 0;
  const tree = new LazyTree(() => [
    row('a', () => {
      made++;
      return [row('a/1'), row('a/2')];
    }),
  ]);
  await tree.page(null, 0, 10);
  assert.equal(made, 0);
  await tree.page('a', 0, 10);
  await tree.page('a', 0, 10);
  assert.equal(made, 1);
});

test('rows that could not be made are made when they are asked for again', async () => {
  let tries = 0;
  const tree = new LazyTree(() => [
    row('a', () => (++tries === 1 ? Promise.reject(new Error('The file is away')) : [row('a/1')])),
  ]);
  await assert.rejects(tree.page('a', 0, 10), /The file is away/);
  assert.equal((await tree.page('a', 0, 10)).total, 1);
});

test('a slice says how many rows there are in all', async () => {
  const tree = new LazyTree(() => Array.from({ length: 500 }, (_, index) => row(`r${index}`)));
  const page = await tree.page(null, 200, 203);
  assert.deepEqual(
    page.nodes.map((node) => node.id),
    ['r200', 'r201', 'r202'],
  );
  assert.equal(page.total, 500);
});

test('a row is found by its id in a tree that was never opened', async () => {
  const tree = new LazyTree(() => [
    row('c1', () => [row('c1/p', async () => Promise.resolve([row('c1/p/m')]))]),
    row('c10'),
  ]);
  assert.equal((await tree.find('c1/p/m'))?.node.label, 'row c1/p/m');
  assert.equal((await tree.find('c10'))?.node.label, 'row c10');
  assert.equal(await tree.find('c1/q'), undefined);
  assert.deepEqual(await tree.page('c2/p', 0, 10), { nodes: [], total: 0 });
});

test('what is spoken has no signs that are read aloud badly', () => {
  const { node } = branch({ id: 'x', kind: 'fact', label: 'a · b', description: '×2 · c' });
  assert.equal(node.spoken, 'a, b, times 2, c');
});
