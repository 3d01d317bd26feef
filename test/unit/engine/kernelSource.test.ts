import assert from 'node:assert/strict';
import { test } from 'node:test';
import { IndexStore } from '../../../src/engine/indexStore';
import { KernelSource } from '../../../src/engine/kernelSource';
import type { SourceLocation } from '../../../src/source/location';
import { MemoryTree } from '../source/memoryTree';
import { brief, frameOf } from '../source/resolving';

const STACK = ['inner', 'helper'].map(frameOf);
const FILES = {
  'mm/a.c': 'static int helper(void)\n{\n\tinner();\n\treturn 0;\n}\n',
  'mm/b.c': 'void inner(void)\n{\n}\n',
  'mm/c.c': 'int unrelated;\n',
};
const SECOND = 'static int helper(void)\n{\n\tinner();\n\treturn 1;\n}\n';

/** A store as one session after the other sees it. */
function store(): IndexStore {
  const texts = new Map<string, string>();
  return new IndexStore({
    read: (name) => {
      const text = texts.get(name);
      return text === undefined ? Promise.reject(new Error('none')) : Promise.resolve(text);
    },
    write: (name, text) => {
      texts.set(name, text);
      return Promise.resolve();
    },
  });
}

function openIn(tree: MemoryTree, index: IndexStore): Promise<KernelSource> {
  return KernelSource.open('memory', { openTree: () => Promise.resolve(tree), index });
}

async function locate(source: KernelSource, stack = STACK): Promise<readonly SourceLocation[]> {
  source.want(stack);
  return source.locate(stack);
}

test('a second function of the name, written since the last session, makes the line doubtful', async () => {
  const tree = new MemoryTree(FILES);
  const index = store();
  const sure = 'one-call-site mm/a.c:3';
  assert.equal(brief((await locate(await openIn(tree, index)))[1]), sure);
  tree.reads = [];
  assert.equal(brief((await locate(await openIn(tree, index)))[1]), sure);
  assert.ok(!tree.reads.includes('mm/c.c'), 'an unchanged tree is not read again');
  tree.write('mm/c.c', SECOND);
  const [, helper] = await locate(await openIn(tree, index));
  assert.match(brief(helper), /^one-of-several /);
});

test('a function that was looked up in vain is found once a file defines it', async () => {
  const tree = new MemoryTree(FILES);
  const index = store();
  const stack = [frameOf('newfunc')];
  assert.equal((await locate(await openIn(tree, index), stack))[0]!.file, null);
  tree.write('mm/new.c', 'int newfunc(void)\n{\n}\n');
  assert.equal((await locate(await openIn(tree, index), stack))[0]!.file, 'mm/new.c');
});

test('when more is looked up in a tree that changed, what is known is looked up again', async () => {
  const tree = new MemoryTree({ ...FILES, 'mm/d.c': 'int further(void)\n{\n\treturn 0;\n}\n' });
  const source = await openIn(tree, store());
  assert.equal(brief((await locate(source))[1]), 'one-call-site mm/a.c:3');
  tree.write('mm/c.c', SECOND);
  await locate(source, [frameOf('further')]);
  assert.match(brief((await source.locateKnown(STACK))?.[1]), /^one-of-several /);
});
