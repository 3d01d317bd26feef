/** What a build left in a kernel tree, as the engine uses it. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { locateBeforeWalk } from '../../../src/engine/frameLocator';
import { NOT_YET_SEARCHED } from '../../../src/engine/frames';
import { KernelSource } from '../../../src/engine/kernelSource';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { smallTree } from '../cli/support/smallTree';

const host = nodeHost(null);
const frame = (name: string) => ({ function: name, offset: null, module: null });

test('until the tree is walked its tags answer, and say so; then the index does', async () => {
  const root = smallTree('taggedLinux');
  mkdirSync(path.join(root, 'lib'), { recursive: true });
  for (const file of ['mm/pin.c', 'lib/pin.c']) {
    copyFileSync(path.join('test/fixtures/tags', file), path.join(root, file));
  }
  copyFileSync('test/fixtures/tags/universal.tags', path.join(root, 'tags'));
  writeFileSync(
    path.join(root, 'compile_commands.json'),
    JSON.stringify(['init/main.c', 'mm/pin.c'].map((file) => ({ directory: '/b', file: `/b/${file}` }))),
  );
  const source = await KernelSource.open(root, host);
  assert.deepEqual(
    source.facts.helps.map(([name]) => name),
    ['compile_commands.json', 'tags'],
  );
  assert.match(source.facts.helps[0]![1], /^2 compiled files/);

  const stack = [frame('pin_one'), frame('pin_many'), frame('pipe_read')];
  const [inner, early, unknown] = await locateBeforeWalk(source, stack);
  assert.equal(inner!.certainty, 'function-only');
  assert.deepEqual([early!.file, early!.line, early!.certainty], ['mm/pin.c', 13, 'one-of-several']);
  assert.match(early!.note, /tags file.*still being indexed/);
  assert.equal(unknown, NOT_YET_SEARCHED);

  source.want(stack);
  await source.lookUp();
  const [, settled] = await locateBeforeWalk(source, stack);
  assert.deepEqual([settled!.line, settled!.certainty, settled!.note], [13, 'one-call-site', '']);
});

test('without tags nothing is claimed before the walk', async () => {
  const source = await KernelSource.open(smallTree('untaggedLinux'), host);
  assert.deepEqual(source.facts.helps, []);
  assert.deepEqual(await locateBeforeWalk(source, [frame('pipe_read')]), [NOT_YET_SEARCHED]);
});

const noCscope =
  spawnSync('cscope', ['--version']).error === undefined ? false : 'no cscope here: npm test installs it';

test('a cross-reference of cscope answers where there are no tags', { skip: noCscope }, async () => {
  const root = smallTree('cscopeLinux');
  copyFileSync('test/fixtures/tags/mm/pin.c', path.join(root, 'mm/pin.c'));
  execFileSync('cscope', ['-b', '-q', '-k', '-f', 'cscope.out', 'mm/pin.c'], { cwd: root });
  const source = await KernelSource.open(root, host);
  assert.deepEqual(
    source.facts.helps.map(([name]) => name),
    ['cscope.out'],
  );
  const [, early] = await locateBeforeWalk(source, [frame('pin_one'), frame('pin_many')]);
  assert.deepEqual([early!.file, early!.line, early!.certainty], ['mm/pin.c', 13, 'one-of-several']);
  assert.match(early!.note, /cscope\.out file.*still being indexed/);
});
