import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createSourceIndex, emptySourceIndex } from '../../../src/source/sourceIndex';
import { createSourceResolver } from '../../../src/source/resolveStack';
import { TagsFile } from '../../../src/source/tagsFile';
import { MemoryTree } from './memoryTree';
import { brief, frameOf } from './resolving';

const FIXTURES = 'test/fixtures/tags';

/** A tree whose files can be read by ranges; it counts those reads. */
class RangedTree extends MemoryTree {
  ranges = 0;

  readRange(file: string, offset: number, length: number): Promise<Uint8Array | null> {
    this.ranges++;
    return Promise.resolve(this.files.get(file)?.bytes.subarray(offset, offset + length) ?? null);
  }
}

/** The sources of the fixtures with one of their tags files. */
function fixtureTree(tags: string): RangedTree {
  const files: Record<string, Uint8Array> = { tags: readFileSync(path.join(FIXTURES, tags)) };
  for (const folder of ['include/linux', 'lib', 'mm']) {
    for (const name of readdirSync(path.join(FIXTURES, folder))) {
      files[`${folder}/${name}`] = readFileSync(path.join(FIXTURES, folder, name));
    }
  }
  return new RangedTree(files);
}

async function byTags(tree: RangedTree, architecture: string | null, ...names: string[]) {
  const tags = await TagsFile.open(tree);
  const index = emptySourceIndex(tree, '6.1', architecture);
  return createSourceResolver(tree, index, { tags }).resolveStack(names.map(frameOf));
}

for (const tags of ['universal.tags', 'exuberant.tags', 'folded.tags']) {
  test(`${tags}: where functions are, prototypes left out`, async () => {
    const file = await TagsFile.open(fixtureTree(tags));
    assert.deepEqual(
      (await file!.find('pin_many')).map((tag) => tag.file),
      ['mm/pin.c'],
    );
    assert.deepEqual(
      (await file!.find('pin_one')).map((tag) => tag.file),
      ['lib/pin.c', 'mm/pin.c'],
    );
    assert.deepEqual(
      (await file!.find('sys_pin')).map((tag) => tag.file),
      ['mm/pin.c'],
    );
    assert.deepEqual(await file!.find('pin'), []);
    assert.deepEqual(await file!.find('zzz'), []);
    assert.deepEqual(await file!.find('!_TAG_FILE_SORTED'), []);
  });

  test(`${tags}: places of a stack, none as sure as by an index`, async () => {
    const stack = ['pin_one', 'pin_many', '__x64_sys_pin'];
    const found = (await byTags(fixtureTree(tags), 'x86', ...stack)).map(brief);
    assert.deepEqual(found, [
      'function-only mm/pin.c:4',
      'one-of-several mm/pin.c:13',
      'one-of-several mm/pin.c:17 via __do_sys_pin:19 < __se_sys_pin:17',
    ]);
  });

  test(`${tags}: a function that a macro defines is where the macro stands`, async () => {
    const [found] = await byTags(fixtureTree(tags), null, 'pin_slow');
    assert.equal(brief(found), 'function-only include/linux/mm.h:2');
    assert.match(found!.note, /tags file.*a macro may define it/);
  });
}

test('one that is not sorted is not used, nor one that ctags did not write', async () => {
  assert.equal(await TagsFile.open(fixtureTree('unsorted.tags')), null);
  assert.equal(await TagsFile.open(new RangedTree({ tags: 'pin_one\tmm/pin.c\t1\n' })), null);
  assert.equal(await TagsFile.open(new RangedTree({})), null);
  assert.equal(await TagsFile.open(new MemoryTree({ tags: '!_TAG_FILE_SORTED\t1\t//\n' })), null);
});

test('a tags file older than the source: the line is where it is now', async () => {
  const tree = fixtureTree('folded.tags');
  const text = new TextDecoder().decode(tree.files.get('mm/pin.c')!.bytes);
  tree.write('mm/pin.c', `\n\n\n${text}`);
  tree.write('include/linux/mm.h', '\n\n#define pin_slow_much 1\n');
  const [inner, outer] = await byTags(tree, null, 'pin_one', 'pin_many');
  assert.equal(brief(inner), 'function-only mm/pin.c:7');
  assert.equal(brief(outer), 'one-of-several mm/pin.c:16');
  // The line of the tag has nothing of it any more.
  assert.equal(brief((await byTags(tree, null, 'pin_slow'))[0]), 'unknown -:-');
});

test('what is gone, and paths out of the tree, lead nowhere', async () => {
  const lines = ['../x.c', '/etc/passwd', 'mm/none.c', './mm/here.c', '/build/linux/mm/there.c'];
  const tags = ['!_TAG_FILE_SORTED\t1\t//', '!_TAG_PROC_CWD\t/build/linux/\t//'];
  for (const file of lines) tags.push(`f\t${file}\t/^int f(void)$/;"\tf`);
  const source = 'int f(void)\n{\n}\n';
  const tree = new RangedTree({ tags: `${tags.join('\n')}\n`, 'mm/here.c': source, 'mm/there.c': source });
  const [found] = await byTags(tree, null, 'f');
  assert.equal(brief(found), 'function-only mm/here.c:1 or mm/there.c:1');
  assert.ok(!tree.reads.includes('/etc/passwd'));
});

test('of other architectures nothing is taken', async () => {
  const tags = '!_TAG_FILE_SORTED\t1\t//\nf\tarch/arm64/f.c\t1;"\tf\nf\tarch/x86/f.c\t1;"\tf\n';
  const source = 'int f(void)\n{\n}\n';
  const tree = new RangedTree({ tags, 'arch/arm64/f.c': source, 'arch/x86/f.c': source });
  assert.equal(brief((await byTags(tree, 'x86', 'f'))[0]), 'function-only arch/x86/f.c:1');
});

test('the index goes before the tags; these serve for what it has not', async () => {
  const tree = fixtureTree('universal.tags');
  tree.write('samples/pin/extra.c', 'static int extra(void)\n{\n\treturn pin_many(0, 1);\n}\n');
  const text = new TextDecoder().decode(tree.files.get('tags')!.bytes);
  tree.write(
    'tags',
    text.replace('mm.h\t', 'extra\tsamples/pin/extra.c\t/^static int extra(void)$/;"\tf\nmm.h\t'),
  );
  const stack = ['pin_one', 'pin_many', 'extra'].map(frameOf);
  const index = await createSourceIndex(tree, { symbols: stack });
  const tags = await TagsFile.open(tree);
  const found = await createSourceResolver(tree, index, { tags }).resolveStack(stack);
  assert.deepEqual(found.map(brief), [
    'function-only mm/pin.c:4',
    'one-call-site mm/pin.c:13',
    'one-of-several samples/pin/extra.c:3',
  ]);
});

test('every name of a large file is found, with few reads', async () => {
  const names: string[] = [];
  for (let i = 0; i < 40_000; i++) names.push(`f_${((i * 7919) % 40_000).toString(36)}${'x'.repeat(i % 40)}`);
  names.sort();
  const lines = names.map((name, i) => `${name}\tmm/f${i}.c\t/^int ${name}(${'y'.repeat(i % 200)}$/;"\tf`);
  const text = `!_TAG_FILE_FORMAT\t2\t//\n!_TAG_FILE_SORTED\t1\t//\n${lines.join('\n')}\n`;
  const tree = new RangedTree({ tags: text });
  const tags = await TagsFile.open(tree);
  for (let i = 0; i < names.length; i += 37) {
    const found = await tags!.find(names[i]!);
    assert.deepEqual(
      found.map((tag) => tag.file),
      [`mm/f${i}.c`],
    );
  }
  for (const i of [0, names.length - 1]) {
    assert.equal((await tags!.find(names[i]!)).length, 1);
  }
  tree.ranges = 0;
  await tags!.find(names[12_345]!);
  assert.ok(tree.ranges <= 20, `${tree.ranges} reads`);
});

test('damaged ones cost nothing but the answer', async () => {
  const whole = readFileSync(path.join(FIXTURES, 'universal.tags'));
  let state = 5;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * limit);
  };
  for (let round = 0; round < 300; round++) {
    const bytes = Uint8Array.from(whole.subarray(0, round % 3 === 0 ? below(whole.length) : whole.length));
    for (let flips = below(20); flips > 0; flips--) bytes[below(bytes.length)] = below(256);
    const tree = fixtureTree('universal.tags');
    tree.write('tags', bytes);
    for (const location of await byTags(tree, null, 'pin_one', 'pin_many', 'pin_slow')) {
      assert.ok(location.certainty !== 'exact' && location.certainty !== 'one-call-site');
    }
  }
  for (const text of ['\n'.repeat(100_000), 'a'.repeat(200_000), `${'a\t'.repeat(50_000)}\n`]) {
    const tags = await TagsFile.open(new RangedTree({ tags: `!_TAG_FILE_SORTED\t1\t//\n${text}` }));
    assert.deepEqual(await tags!.find('pin_one'), []);
  }
});
