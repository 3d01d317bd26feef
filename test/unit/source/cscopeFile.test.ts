/** The cross-reference of a real cscope, which `npm test` installs, over the sources of the tags fixtures and many more. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { CscopeFile } from '../../../src/source/cscopeFile';
import { emptySourceIndex } from '../../../src/source/sourceIndex';
import { createSourceResolver } from '../../../src/source/resolveStack';
import { seededRandom } from '../capture/support/random';
import { MemoryTree } from './memoryTree';
import { brief, frameOf } from './resolving';

const skip =
  spawnSync('cscope', ['--version']).error === undefined ? false : 'no cscope here: npm test installs it';
const FILES = ['cscope.out', 'cscope.out.in', 'cscope.out.po'] as const;
/** Of as many functions as need several blocks of the index. */
const MANY = 3000;
const DAMAGED = 3000;

class RangedTree extends MemoryTree {
  ranges: [name: string, length: number][] = [];

  readRange(file: string, offset: number, length: number): Promise<Uint8Array | null> {
    assert.ok(Number.isSafeInteger(offset) && offset >= 0 && length >= 0, `${file} ${offset} ${length}`);
    const bytes = this.files.get(file)?.bytes.subarray(offset, offset + length) ?? null;
    this.ranges.push([file, bytes?.length ?? 0]);
    return Promise.resolve(bytes);
  }
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-cscope-'));
after(() => {
  rmSync(folder, { recursive: true });
});

/** The tree with what `make cscope` leaves in it (scripts/tags.sh), or with other options. */
function crossReferenced(...options: readonly string[]): RangedTree {
  for (const name of FILES) rmSync(path.join(folder, name), { force: true });
  cpSync('test/fixtures/tags', folder, { recursive: true });
  const many = Array.from(
    { length: MANY },
    (_, number) => `int pad_${number}(void)\n{\n\treturn pin_many(0, 1);\n}\n`,
  );
  writeFileSync(path.join(folder, 'mm/many.c'), many.join(''));
  const sources = readdirSync(folder, { recursive: true })
    .map(String)
    .filter((name) => /\.[ch]$/.test(name));
  writeFileSync(path.join(folder, 'cscope.files'), `${options.join('\n')}\n${sources.sort().join('\n')}\n`);
  execFileSync('cscope', ['-b', '-f', 'cscope.out', '-i', 'cscope.files'], { cwd: folder });
  const names = [...sources, ...FILES];
  const there = names.filter((name) =>
    readdirSync(path.join(folder, path.dirname(name))).includes(path.basename(name)),
  );
  return new RangedTree(
    // A Buffer's slice is no copy.
    Object.fromEntries(there.map((name) => [name, Uint8Array.from(readFileSync(path.join(folder, name)))])),
  );
}

async function places(tree: RangedTree, ...names: string[]): Promise<string[]> {
  const tags = await CscopeFile.open(tree);
  const resolver = createSourceResolver(tree, emptySourceIndex(tree, '6.1', null), { tags });
  return (await resolver.resolveStack(names.map(frameOf))).map(brief);
}

test('where functions are, calls and prototypes left out', { skip }, async () => {
  const file = await CscopeFile.open(crossReferenced('-k', '-q'));
  const found = async (name: string): Promise<string[]> =>
    (await file!.find(name)).map((tag) => `${tag.file}:${tag.line}`);
  assert.deepEqual(await found('pin_many'), ['mm/pin.c:9']);
  assert.deepEqual(await found('pin_one'), ['lib/pin.c:1', 'mm/pin.c:4']);
  for (const number of [0, 1, 9, 1500, MANY - 1])
    assert.deepEqual(await found(`pad_${number}`), [`mm/many.c:${number * 4 + 1}`]);
  for (const name of ['', ' ', 'pad_', `pad_${MANY}`, 'zzz', 'Ω']) assert.deepEqual(await found(name), []);
});

test('places of a stack, none as sure as by an index, by a few small reads', { skip }, async () => {
  const tree = crossReferenced('-k', '-q');
  assert.deepEqual(await places(tree, 'pin_one', 'pin_many', 'pad_17'), [
    'function-only mm/pin.c:4',
    'one-of-several mm/pin.c:13',
    'one-of-several mm/many.c:71',
  ]);
  const size = tree.files.get('cscope.out')!.bytes.length;
  const read = tree.ranges
    .filter(([name]) => name === 'cscope.out')
    .reduce((sum, [, bytes]) => sum + bytes, 0);
  assert.ok(read < size / 10, `${read} of ${size} bytes`);
});

test('one without the inverted index is not used, nor what is none', { skip }, async () => {
  assert.equal(await CscopeFile.open(crossReferenced('-k')), null);
  const tree = crossReferenced('-k', '-q');
  tree.files.delete('cscope.out.in');
  assert.equal(await CscopeFile.open(tree), null);
  assert.equal(await CscopeFile.open(new RangedTree({ 'cscope.out': 'cscope 15 /linux -q 1 2\n' })), null);
  assert.equal(await CscopeFile.open(new RangedTree({})), null);
});

test('a source that changed since: the line is where it is now', { skip }, async () => {
  const tree = crossReferenced('-k', '-q');
  tree.write('lib/pin.c', '');
  tree.write('mm/pin.c', `\n\n\n${new TextDecoder().decode(tree.files.get('mm/pin.c')!.bytes)}`);
  assert.deepEqual(await places(tree, 'pin_one'), ['function-only mm/pin.c:7']);
});

test(
  `${DAMAGED} damaged ones lead nowhere or to what is there, and are not read without bound`,
  { skip },
  async () => {
    const tree = crossReferenced('-k', '-q');
    const originals = new Map(FILES.map((name) => [name, tree.files.get(name)!.bytes]));
    const random = seededRandom(7);
    const below = (limit: number): number => Math.floor(random() * limit);
    let [opened, found] = [0, 0];
    for (let round = 0; round < DAMAGED; round++) {
      for (const [name, bytes] of originals) tree.write(name, bytes);
      const name = FILES[below(FILES.length)]!;
      const bytes = originals
        .get(name)!
        .slice(0, random() < 0.2 ? below(originals.get(name)!.length) : undefined);
      // What stands at the beginning and the end leads to all the rest.
      const span = random() < 0.5 ? Math.min(bytes.length, 128) : bytes.length;
      for (let flips = below(8); flips >= 0 && span > 0; flips--) {
        const at = random() < 0.5 ? below(span) : bytes.length - 1 - below(span);
        bytes[at] = random() < 0.5 ? 0xff : below(256);
      }
      tree.write(name, bytes);
      tree.ranges = [];
      const file = await CscopeFile.open(tree);
      if (file === null) continue;
      opened++;
      for (const wanted of ['pin_many', 'pad_700', 'zzz']) {
        const tags = await file.find(wanted);
        if (tags.length > 0) found++;
        for (const tag of tags) assert.ok(tag.line! > 0 && !tag.file.startsWith('/'), `round ${round}`);
      }
      const read = tree.ranges.reduce((sum, [, length]) => sum + length, 0);
      const size = [...originals.values()].reduce((sum, { length }) => sum + length, 0);
      assert.ok(read < 4 * size, `round ${round}: ${read} bytes read of ${size}`);
    }
    assert.ok(opened > DAMAGED / 4 && found > DAMAGED / 4, `${opened} opened, ${found} found`);
  },
);
