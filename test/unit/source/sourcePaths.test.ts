import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DebugFile } from '../../../src/source/debugFile';
import { SourcePaths } from '../../../src/source/sourcePaths';
import { MemoryTree } from './memoryTree';

const TREE = new MemoryTree({
  'init/main.c': '',
  'drivers/foo/foo.c': '',
  'include/linux/mm.h': '',
  'arch/x86/entry/entry_64.S': '',
});

/** @param main path of init/main.c in the debug info; null when it has none */
function paths(
  main: string | null,
  mappings: readonly { from: string; to: string }[] = [],
  isFileIn = () => Promise.resolve(true),
) {
  const kernel: Pick<DebugFile, 'symbolsNamed' | 'definitionAt'> = {
    symbolsNamed: () => Promise.resolve([{ name: 'start_kernel', address: 0n, size: 1 }]),
    definitionAt: () =>
      Promise.resolve({ function: 'start_kernel', file: main, line: main === null ? null : 1, column: null }),
  };
  return SourcePaths.create(kernel as DebugFile, {
    tree: TREE,
    root: '/tree',
    mappings,
    isFileIn,
  });
}

const BUILT = '/home/dev/linux/init/main.c';

test('what was built in the folder of the kernel is in the tree, wherever that is', async () => {
  const built = await paths(BUILT);
  assert.deepEqual(await built.place('/home/dev/linux/drivers/foo/foo.c'), { file: 'drivers/foo/foo.c' });
  assert.deepEqual(await built.place('/home/dev/linux/out/drivers/foo/foo.c'), { file: 'drivers/foo/foo.c' });
  assert.deepEqual(await built.place('./drivers/foo/foo.c'), { file: 'drivers/foo/foo.c' });
});

test('what was built elsewhere is no file of the tree, though one there has the same end', async () => {
  for (const main of [BUILT, 'init/main.c', './init/main.c', 'debian/build/init/main.c']) {
    const outside = { file: '/var/lib/dkms/foo/1.0/build/drivers/foo/foo.c', outside: 'build' };
    assert.deepEqual(await (await paths(main)).place(outside.file), outside, main);
  }
  const mapping = { from: '/var/lib/dkms/foo/1.0/build', to: '/tree' };
  const mapped = await paths(BUILT, [mapping]);
  assert.deepEqual(await mapped.place(`${mapping.from}/drivers/foo/foo.c`), { file: 'drivers/foo/foo.c' });
});

test('the headers of the kernel that a module was built with are those of the tree', async () => {
  const built = await paths(BUILT);
  for (const folder of [
    '/usr/src/linux-headers-6.1.0-13-common',
    '/usr/src/kernels/6.1.7-1.x86_64',
    '/lib/modules/6.1.7/build',
    '/usr/lib/modules/6.1.7/source',
  ]) {
    assert.deepEqual(await built.place(`${folder}/include/linux/mm.h`), { file: 'include/linux/mm.h' });
  }
  const own = { file: '/var/lib/dkms/foo/1.0/build/include/linux/mm.h', outside: 'build' };
  assert.deepEqual(await built.place(own.file), own);
});

test('without the folder of the build, or for assembly of one with relative paths, the end of a path tells', async () => {
  const unknown = await paths(null);
  assert.deepEqual(await unknown.place('/anywhere/drivers/foo/foo.c'), { file: 'drivers/foo/foo.c' });
  const relative = await paths('init/main.c');
  const entry = { file: 'arch/x86/entry/entry_64.S' };
  assert.deepEqual(await relative.place(`/build/linux/${entry.file}`), entry);
});

test('a path that could not be looked for is looked for again', async () => {
  const failures = [new Error('the connection was lost')];
  const isFileIn = () => {
    const failure = failures.pop();
    return failure === undefined ? Promise.resolve(true) : Promise.reject(failure);
  };
  const mapped = await paths(BUILT, [{ from: '/var/lib/dkms/foo/1.0/build', to: '/tree' }], isFileIn);
  const path = '/var/lib/dkms/foo/1.0/build/drivers/foo/foo.c';
  await assert.rejects(mapped.place(path), /connection/);
  assert.deepEqual(await mapped.place(path), { file: 'drivers/foo/foo.c' });
});
