import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCompileCommands } from '../../../src/source/compileCommands';
import { createSourceIndex, freshSourceIndex } from '../../../src/source/sourceIndex';
import { createSourceResolver } from '../../../src/source/resolveStack';
import { MemoryTree } from './memoryTree';
import { brief, frameOf } from './resolving';

/** As scripts/clang-tools/gen_compile_commands.py writes it. */
function commands(files: readonly string[], root = '/build/linux'): string {
  return JSON.stringify(
    files.map((file) => ({
      command: `gcc -I./arch/x86/include '-DKBUILD_MODNAME="file"' -D"X(a)={\\"[,:" -c -o x.o ${root}/${file}`,
      directory: root,
      file: `${root}/${file}`,
    })),
    null,
    2,
  );
}

const read = (text: string, more: Record<string, string> = {}) =>
  readCompileCommands(new MemoryTree({ ...more, 'compile_commands.json': text }));

test('its files are those of the tree wherever that was built, and tell the architecture', async () => {
  const compiled = await read(commands(['init/main.c', 'mm/gup.c', 'arch/arm64/mm/fault.c']));
  assert.deepEqual([...compiled!.files], ['init/main.c', 'mm/gup.c', 'arch/arm64/mm/fault.c']);
  assert.equal(compiled!.architecture, 'arm64');
});

test('files relative to their directory, escapes, and an init/main.c of a program below', async () => {
  const text = JSON.stringify([
    { directory: '/k', file: 'tools/init/main.c', arguments: ['file', { file: 'no.c' }, ['directory']] },
    { file: './mm/../init/main.c', directory: '/k' },
    { file: '/k/mm/a\u0041.c', directory: '/elsewhere' },
    { file: '/usr/src/other.c', directory: '/elsewhere' },
    { directory: '/k' },
  ]).replace('aA', 'a\\u0041');
  const compiled = await read(text);
  assert.deepEqual([...compiled!.files], ['tools/init/main.c', 'init/main.c', 'mm/aA.c']);
});

test('many roots made to take time take little', { timeout: 20_000 }, async () => {
  const files = Array.from({ length: 60_000 }, (_, number) => `${number}/init/main.c`);
  assert.equal((await read(commands(files)))?.files.size, 1);
});

test('one of another project, or none, is not used', async () => {
  assert.equal(await read(commands(['src/driver.c'])), null);
  assert.equal(await readCompileCommands(new MemoryTree({})), null);
});

test('what is damaged ends where it is damaged', async () => {
  const whole = commands(['init/main.c', 'mm/gup.c', 'mm/cma.c']);
  for (let length = 0; length < whole.length; length++) {
    const compiled = await read(whole.slice(0, length));
    for (const file of compiled?.files ?? []) assert.match(file, /^(?:init\/main|mm\/gup|mm\/cma)\.c$/);
  }
  for (const text of [
    '{}',
    '[',
    ']',
    '[[[[',
    '"',
    '[{"file": "\\',
    `[{"file":"/${'x'.repeat(9000)}"}]`,
    '[{]}]',
  ]) {
    assert.equal(await read(text), null, text);
  }
});

test('pieces may be cut anywhere', async () => {
  const text = new TextEncoder().encode(commands(['init/main.c', 'mm/gup.c']));
  const tree = Object.assign(new MemoryTree({ 'compile_commands.json': text }), {
    readRange: (_path: string, offset: number) => Promise.resolve(text.subarray(offset, offset + 3)),
  });
  assert.deepEqual([...(await readCompileCommands(tree))!.files], ['init/main.c', 'mm/gup.c']);
});

const NAMESAKES = {
  'arch/x86/x.c': 'int x(void)\n{\n}\n',
  'mm/slow.c': 'int callee(void);\nstatic int caller(void)\n{\n\treturn callee();\n}\n',
  'mm/fast.c': 'static int caller(void)\n{\n\treturn callee();\n}\n',
  'mm/callee.c': 'int callee(void)\n{\n\treturn 0;\n}\n',
};

async function located(files: Record<string, string>, ...names: string[]) {
  const tree = new MemoryTree(files);
  const compiled = await readCompileCommands(tree);
  const index = await createSourceIndex(tree, { symbols: names.map(frameOf), compiled });
  const found = await createSourceResolver(tree, index, { compiled }).resolveStack(names.map(frameOf));
  return { tree, index, found: found.map(brief) };
}

test('of two definitions that fit, that of the compiled file is meant', async () => {
  const names = ['callee', 'caller', '__x64_sys_x'];
  const without = await located(NAMESAKES, ...names);
  assert.equal(without.found[1], 'one-of-several mm/fast.c:3 or mm/slow.c:4');
  const files = {
    ...NAMESAKES,
    'compile_commands.json': commands(['init/main.c', 'mm/slow.c', 'arch/x86/x.c']),
  };
  assert.equal((await located(files, ...names)).found[1], 'one-call-site mm/slow.c:4');
});

test('a capture of another architecture is not held against it', async () => {
  const files = {
    ...NAMESAKES,
    'compile_commands.json': commands(['init/main.c', 'mm/slow.c', 'arch/x86/x.c']),
  };
  const { found } = await located(files, 'callee', 'caller', '__arm64_sys_x');
  assert.equal(found[1], 'one-of-several mm/fast.c:3 or mm/slow.c:4');
});

test('it tells the architecture where the names do not', async () => {
  const files = { ...NAMESAKES, 'compile_commands.json': commands(['init/main.c', 'arch/x86/x.c']) };
  assert.equal((await located(files, 'callee')).index.architecture, 'x86');
});

test('compiled drivers are read before the others', async () => {
  const files = {
    'drivers/a/a.c': 'int probe(void)\n{\n}\n',
    'drivers/z/z.c': 'int probe(void)\n{\n}\n',
    'compile_commands.json': commands(['init/main.c', 'drivers/z/z.c']),
  };
  const { tree } = await located(files, 'probe');
  const drivers = tree.reads.filter((file) => file.startsWith('drivers/'));
  assert.equal(drivers[0], 'drivers/z/z.c');
});

test('what is compiled where hardly any kernel code is, is found', async () => {
  const files = { 'tools/lib/core.c': 'int core_relocate(void)\n{\n}\n' };
  assert.equal((await located(files, 'core_relocate')).found[0], 'unknown -:-');
  const compiled = { 'compile_commands.json': commands(['init/main.c', 'tools/lib/core.c']) };
  const { found } = await located({ ...files, ...compiled }, 'core_relocate');
  assert.equal(found[0], 'function-only tools/lib/core.c:1');
});

test('an index is stale when the compile commands are others', async () => {
  const files = { ...NAMESAKES, 'compile_commands.json': commands(['init/main.c']) };
  const { tree, index } = await located(files, 'callee');
  assert.notEqual(await freshSourceIndex(tree, index), null);
  tree.write('compile_commands.json', commands(['init/main.c', 'mm/slow.c']));
  assert.equal(await freshSourceIndex(tree, index), null);
});
