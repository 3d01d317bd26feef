import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { NodeTree } from '../../../src/engine/node/nodeTree';

let place = '';

before(async () => {
  place = await mkdtemp(path.join(tmpdir(), 'node-tree-'));
  await mkdir(path.join(place, 'tree', 'mm'), { recursive: true });
  await mkdir(path.join(place, 'outside'));
  await writeFile(path.join(place, 'tree', 'mm', 'a.c'), 'int a;\n');
  await writeFile(path.join(place, 'outside', 'secret.c'), 'int secret;\n');
  await symlink(path.join(place, 'outside'), path.join(place, 'tree', 'out'));
  await symlink(path.join(place, 'outside', 'secret.c'), path.join(place, 'tree', 'mm', 'link.c'));
  await symlink(path.join(place, 'tree'), path.join(place, 'alias'));
});

after(() => rm(place, { recursive: true }));

test('files and folders are listed and read; links are left out', async () => {
  const tree = await NodeTree.open(path.join(place, 'tree'));
  assert.deepEqual(await tree.list(''), [{ name: 'mm', kind: 'folder' }]);
  assert.deepEqual(await tree.list('mm'), [{ name: 'a.c', kind: 'file' }]);
  const file = await tree.read('mm/a.c', 100);
  assert.equal(new TextDecoder().decode(file ?? undefined), 'int a;\n');
  const stamp = await tree.stat('mm/a.c');
  assert.equal(stamp?.size, 7);
  assert.ok(stamp.modified > 0);
});

test('no path leads out of the tree', async () => {
  const tree = await NodeTree.open(path.join(place, 'tree'));
  for (const file of [
    '../outside/secret.c',
    'mm/../../outside/secret.c',
    'out/secret.c',
    'mm/link.c',
    '/etc/passwd',
    'mm//a.c',
    './mm/a.c',
    'mm\\a.c',
  ]) {
    assert.equal(await tree.read(file, 1000), null, file);
    assert.equal(await tree.stat(file), null, file);
  }
  for (const folder of ['..', 'out', 'mm/..', '/']) assert.deepEqual(await tree.list(folder), [], folder);
});

test('a tree may be opened through a link, and has its real name', async () => {
  const tree = await NodeTree.open(path.join(place, 'alias'));
  assert.equal(path.basename(tree.name), 'tree');
  assert.notEqual(await tree.read('mm/a.c', 100), null);
});

test('a file of any size is read whole', async () => {
  const tree = await NodeTree.open(path.join(place, 'tree'));
  for (const size of [0, 1, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1, 500_000]) {
    const bytes = Uint8Array.from({ length: size }, (_, index) => index % 251);
    await writeFile(path.join(place, 'tree', 'mm', 'sized.c'), bytes);
    const read = await tree.read('mm/sized.c', 500_000);
    assert.ok(read && Buffer.from(read).equals(bytes), String(size));
    assert.equal(size === 0 || (await tree.read('mm/sized.c', size - 1)) === null, true);
  }
  await rm(path.join(place, 'tree', 'mm', 'sized.c'));
});

test('what is too large, absent or a folder is not read', async () => {
  const tree = await NodeTree.open(path.join(place, 'tree'));
  assert.equal(await tree.read('mm/a.c', 6), null);
  assert.equal(await tree.read('mm/b.c', 100), null);
  assert.equal(await tree.read('mm', 100), null);
  assert.deepEqual(await tree.list('nowhere'), []);
  await assert.rejects(NodeTree.open(path.join(place, 'nowhere')));
});
