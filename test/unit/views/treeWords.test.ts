/** Numbers of flags and migratetypes are those of the kernel tree as it is. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import type { KernelTreeFacts } from '../../../src/engine/protocol';
import type { KernelTreeChoice } from '../../../src/views/kernelTreeChoice';
import { TreeWords } from '../../../src/views/treeWords';
import { editor } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

/** A kernel tree with that zone first. */
function write(migratetype: string): void {
  const put = (file: string, text: string): void => {
    editor.files.set(`/linux/${file}`, new TextEncoder().encode(text));
  };
  put('include/linux/page-flags.h', 'enum pageflags {\n\tPG_locked,\n\tPG_dirty,\n};\n');
  put('include/linux/mmzone.h', `enum migratetype {\n\t${migratetype},\n\tMIGRATE_TYPES\n};\n`);
  put('include/linux/migrate_mode.h', 'enum migrate_reason {\n\tMR_COMPACTION,\n};\n');
}

/** Words of the tree that the engine has, as often as it is told of it anew. */
function wordsOf(): { readonly words: TreeWords; readonly update: () => void } {
  const facts = (): KernelTreeFacts => ({ root: '/linux', version: '6.1.115', helps: [] });
  let current = facts();
  const choice: Pick<KernelTreeChoice, 'tree'> = { tree: () => Promise.resolve(current) };
  return {
    words: new TreeWords(choice),
    update: () => {
      current = facts();
    },
  };
}

const first = async (words: TreeWords): Promise<string | undefined> =>
  (await words.words()).migratetypes.get(0)?.name;

test('they are read once, and again when the tree is looked at again, as after git switch', async () => {
  const { words, update } = wordsOf();
  write('MIGRATE_ONE');
  assert.equal(await first(words), 'MIGRATE_ONE');
  write('MIGRATE_OTHER');
  assert.equal(await first(words), 'MIGRATE_ONE');
  update();
  assert.equal(await first(words), 'MIGRATE_OTHER');
});

test('headers that could not be read are read when they are asked for again', async () => {
  const { words } = wordsOf();
  assert.equal(await first(words), 'MIGRATE_UNMOVABLE');
  write('MIGRATE_ONE');
  assert.equal(await first(words), 'MIGRATE_ONE');
});
