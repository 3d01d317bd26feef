import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeKernelTree } from '../../../src/source/kernelTree';
import { MemoryTree } from './memoryTree';

test('a kernel tree has a version', async () => {
  assert.deepEqual(await describeKernelTree(new MemoryTree({})), {
    isKernelTree: true,
    version: '6.1.7-rc1',
  });
});

test('a version without sublevel', async () => {
  const tree = new MemoryTree({ Makefile: 'VERSION = 7\nPATCHLEVEL = 0\nSUBLEVEL =\nEXTRAVERSION =\n' });
  assert.deepEqual(await describeKernelTree(tree), { isKernelTree: true, version: '7.0' });
});

test('another folder says what is missing and what to do', async () => {
  const facts = await describeKernelTree(new MemoryTree({ Makefile: 'all:\n', 'src/a.c': '' }, false));
  assert.ok(!facts.isKernelTree);
  assert.match(facts.message, /^memory is not a kernel source tree: it has no Kconfig, arch\/, fs\//);
  assert.match(facts.message, /Choose the folder/);
});

test('a Makefile without a version', async () => {
  const facts = await describeKernelTree(new MemoryTree({ Makefile: new Uint8Array([0, 255, 0]) }));
  assert.ok(!facts.isKernelTree);
  assert.match(facts.message, /VERSION and PATCHLEVEL/);
});

test('an empty folder', async () => {
  assert.equal((await describeKernelTree(new MemoryTree({}, false))).isKernelTree, false);
});
