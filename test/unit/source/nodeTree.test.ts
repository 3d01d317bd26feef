import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { NodeTree } from '../../../src/engine/node/nodeTree';
import { describeKernelTree } from '../../../src/source/kernelTree';
import { createSourceIndex } from '../../../src/source/sourceIndex';
import { frameOf } from './resolving';

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

test('files and folders are listed and read; links out of the tree are left out, and told', async () => {
  const tree = await NodeTree.open(path.join(place, 'tree'));
  assert.deepEqual(await tree.list(''), [{ name: 'mm', kind: 'folder' }]);
  assert.deepEqual(await tree.list('mm'), [{ name: 'a.c', kind: 'file' }]);
  const file = await tree.read('mm/a.c', 100);
  assert.equal(new TextDecoder().decode(file ?? undefined), 'int a;\n');
  const stamp = await tree.stat('mm/a.c');
  assert.equal(stamp?.size, 7);
  assert.ok(stamp.modified > 0);
  assert.deepEqual(tree.linksOut(), [
    { path: 'out', kind: 'folder', target: path.join(place, 'outside') },
    { path: 'mm/link.c', kind: 'file', target: path.join(place, 'outside', 'secret.c') },
  ]);
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

test('a named pipe that stands for a source is read as nothing, and holds nobody up', async (t) => {
  const pipe = path.join(place, 'tree', 'mm', 'pipe.c');
  execFileSync('mkfifo', [pipe]);
  t.after(() => rm(pipe));
  const tree = await NodeTree.open(path.join(place, 'tree'));
  assert.equal(await tree.read('mm/pipe.c', 1000), null);
  assert.equal(await tree.readRange('mm/pipe.c', 0, 10), null);
  assert.equal(await tree.stat('mm/pipe.c'), null);
});

test('the root of all files is a tree like any other', async () => {
  const tree = await NodeTree.open('/');
  const relative = place.slice(1);
  const names = (await tree.list(`${relative}/tree/mm`)).map(({ name }) => name);
  // To here no link leads out of the tree.
  assert.deepEqual(names.sort(), ['a.c', 'link.c']);
  assert.equal((await tree.read(`${relative}/tree/mm/a.c`, 1000))?.length, 7);
});

test('a link that stays in the tree is what it leads to, by its own path', async () => {
  const root = path.join(place, 'linked');
  await mkdir(path.join(root, '.src', 'drivers', 'v'), { recursive: true });
  await writeFile(path.join(root, '.src', 'drivers', 'v', 'v.c'), 'int v;\n');
  await symlink('.src/drivers', path.join(root, 'drivers'));
  await symlink('v.c', path.join(root, '.src', 'drivers', 'v', 'w.c'));
  await symlink('../..', path.join(root, '.src', 'drivers', 'up'));
  await symlink('round', path.join(root, 'round'));
  await symlink('nowhere', path.join(root, 'broken'));
  const tree = await NodeTree.open(root);
  const entries = [...(await tree.list(''))].sort((a, b) => (a.name < b.name ? -1 : 1));
  assert.deepEqual(entries, [
    { name: '.src', kind: 'folder' },
    { name: 'drivers', kind: 'folder', target: '.src/drivers' },
  ]);
  assert.deepEqual(
    (await tree.list('drivers')).find(({ name }) => name === 'up'),
    { name: 'up', kind: 'folder', target: '' },
  );
  for (const file of ['drivers/v/v.c', 'drivers/v/w.c', '.src/drivers/v/w.c', 'drivers/up/drivers/v/v.c']) {
    assert.equal(new TextDecoder().decode((await tree.read(file, 100)) ?? undefined), 'int v;\n', file);
    assert.equal((await tree.stat(file))?.target, '.src/drivers/v/v.c', file);
  }
  assert.equal((await tree.stat('.src/drivers/v/v.c'))?.target, undefined);
  assert.deepEqual(tree.linksOut(), []);
});

test('functions behind links in the tree are found once, at the path without links', async () => {
  const root = path.join(place, 'farm');
  const text = (name: string): string => `int ${name}(void)\n{\n\treturn 0;\n}\n`;
  const files = {
    Makefile: 'VERSION = 6\nPATCHLEVEL = 1\n',
    Kconfig: '',
    '.src/mm/a.c': text('alpha'),
    '.src/vendor/b.c': text('beta'),
    'kernel/c.c': text('gamma'),
    'fs/d.c': text('delta'),
    'include/linux/mm.h': '',
    'arch/x86/Kconfig': '',
  };
  for (const [name, content] of Object.entries(files)) {
    await mkdir(path.join(root, path.dirname(name)), { recursive: true });
    await writeFile(path.join(root, name), content);
  }
  await symlink('.src/mm', path.join(root, 'mm'));
  await symlink('../.src/vendor', path.join(root, 'kernel', 'vendor'));
  await symlink('../.src/vendor', path.join(root, 'fs', 'vendor'));
  await symlink('../.src/vendor/b.c', path.join(root, 'fs', 'b.c'));
  await symlink('../kernel', path.join(root, 'fs', 'kernel'));
  await symlink('c.c', path.join(root, 'kernel', 'again.c'));
  await symlink('../..', path.join(root, '.src', 'vendor', 'round'));
  await symlink('..', path.join(root, 'fs', 'up'));
  await symlink(path.join(place, 'outside'), path.join(root, 'fs', 'out'));
  await symlink(path.join(place, 'outside'), path.join(root, 'Documentation'));
  const tree = await NodeTree.open(root);
  const names = ['alpha', 'beta', 'gamma', 'delta', 'secret'];
  const index = await createSourceIndex(tree, { symbols: names.map(frameOf) });
  const found = index.definitions.map(([name, places]) => [
    name,
    places.map(({ file }) => index.files[file]!.path),
  ]);
  assert.deepEqual(found, [
    ['alpha', ['.src/mm/a.c']],
    ['beta', ['.src/vendor/b.c']],
    ['delta', ['fs/d.c']],
    ['gamma', ['kernel/c.c']],
  ]);
  assert.deepEqual(index.linksOut, [{ path: 'fs/out', kind: 'folder', target: path.join(place, 'outside') }]);
});

test('a folder of a build says where its source is', async () => {
  const root = path.join(place, 'build');
  await mkdir(root);
  await symlink('../tree', path.join(root, 'source'));
  const facts = await describeKernelTree(await NodeTree.open(root));
  assert.ok(!facts.isKernelTree);
  assert.match(facts.message, /; source is a link that leads out of this one, to \S*\/tree\.$/);
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
