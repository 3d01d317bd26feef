import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createSourceIndex,
  freshSourceIndex,
  missingSymbols,
  type IndexProgress,
  type SourceIndex,
} from '../../../src/source/sourceIndex';
import type { StackFrame } from '../../../src/source/location';
import { pathHasModule } from '../../../src/source/modulePath';
import { createSourceResolver } from '../../../src/source/resolveStack';
import { MemoryTree } from './memoryTree';
import { brief, frameOf } from './resolving';

const FILES = {
  'mm/a.c': 'int alpha(void)\n{\n\treturn 0;\n}\n',
  'mm/b.c': 'static int beta(void)\n{\n\treturn alpha();\n}\n',
  'drivers/x/gamma.c': 'int gamma_probe(void)\n{\n\treturn 0;\n}\nstatic int beta(void)\n{\n\treturn 1;\n}\n',
  'Documentation/alpha.c': 'int alpha(void)\n{\n}\n',
  'tools/alpha.c': 'int alpha(void)\n{\n}\n',
  'arch/arm64/alpha.c': 'int alpha(void)\n{\n}\n',
  'arch/x86/alpha.mod.c': 'int alpha(void)\n{\n}\n',
};

const symbols = (...names: string[]) => names.map(frameOf);

function places(index: SourceIndex, key: string): string[] {
  const [, found = []] = index.definitions.find(([name]) => name === key) ?? [];
  return found.map((place) => `${index.files[place.file]!.path}:${place.line}`);
}

test('a symbol is found in the folders that hold kernel code, of its architecture only', async () => {
  const index = await createSourceIndex(new MemoryTree(FILES), { symbols: symbols('alpha', '__x64_sys_x') });
  assert.equal(index.architecture, 'x86');
  assert.equal(index.version, '6.1.7-rc1');
  assert.deepEqual(places(index, 'alpha'), ['mm/a.c:1']);
});

test('all architectures are read when nothing says which', async () => {
  const index = await createSourceIndex(new MemoryTree(FILES), { symbols: symbols('alpha') });
  assert.equal(index.architecture, null);
  assert.deepEqual(places(index, 'alpha'), ['arch/arm64/alpha.c:1', 'mm/a.c:1']);
});

test('drivers are read only when something is missing, and then also for namesakes of static functions', async () => {
  const tree = new MemoryTree(FILES);
  assert.deepEqual(places(await createSourceIndex(tree, { symbols: symbols('beta') }), 'beta'), ['mm/b.c:1']);
  assert.ok(!tree.reads.includes('drivers/x/gamma.c'));
  const index = await createSourceIndex(tree, { symbols: symbols('beta', 'gamma_probe') });
  assert.deepEqual(places(index, 'gamma_probe'), ['drivers/x/gamma.c:1']);
  assert.deepEqual(places(index, 'beta'), ['drivers/x/gamma.c:5', 'mm/b.c:1']);
});

test('what takes the place of a weak function is looked for in the network, and not in all drivers', async () => {
  const tree = new MemoryTree({
    'kernel/bpf/core.c': 'int __weak skb_copy_bits(void)\n{\n\treturn -EFAULT;\n}\n',
    'net/core/skbuff.c': 'int skb_copy_bits(void)\n{\n}\n',
    'drivers/x.c': 'int x;\n',
  });
  const index = await createSourceIndex(tree, { symbols: symbols('skb_copy_bits') });
  assert.deepEqual(places(index, 'skb_copy_bits'), ['kernel/bpf/core.c:1', 'net/core/skbuff.c:1']);
  assert.ok(!tree.reads.includes('drivers/x.c'));
});

test('a module that the capture names is looked for among the drivers', async () => {
  const index = await createSourceIndex(new MemoryTree(FILES), { symbols: symbols('beta [gamma]') });
  assert.deepEqual(places(index, 'beta'), ['drivers/x/gamma.c:5', 'mm/b.c:1']);
});

test('a symbol that is nowhere is looked for everywhere, and is no error', async () => {
  const index = await createSourceIndex(new MemoryTree(FILES), { symbols: symbols('nowhere') });
  assert.deepEqual(places(index, 'nowhere'), []);
  assert.ok(index.folders.includes('drivers'));
  assert.deepEqual(missingSymbols(new Set(index.symbols), symbols('nowhere', '0xffffffff81234567')), []);
});

test('it survives JSON', async () => {
  const index = await createSourceIndex(new MemoryTree(FILES), { symbols: symbols('alpha', 'gamma_probe') });
  assert.deepEqual(JSON.parse(JSON.stringify(index)), index);
});

test('symbols are added to an index, and those it has are not looked up again', async () => {
  const tree = new MemoryTree(FILES);
  const previous = await createSourceIndex(tree, { symbols: symbols('alpha', '__x64_sys_x') });
  const kept = JSON.stringify(previous);
  assert.deepEqual(
    missingSymbols(new Set(previous.symbols), symbols('alpha', 'beta.isra.0')).map((one) => one.function),
    ['beta.isra.0'],
  );
  const index = await createSourceIndex(tree, { symbols: symbols('beta.isra.0', 'alpha'), previous });
  assert.deepEqual(places(index, 'alpha'), ['mm/a.c:1']);
  assert.deepEqual(places(index, 'beta'), ['mm/b.c:1']);
  assert.equal(index.architecture, 'x86');
  assert.equal(JSON.stringify(previous), kept);
  tree.reads = [];
  assert.deepEqual(await createSourceIndex(tree, { symbols: symbols('alpha'), previous: index }), index);
  assert.deepEqual(tree.reads, ['Makefile']);
});

test('symbols of another architecture widen the index to all', async () => {
  const tree = new MemoryTree(FILES);
  const previous = await createSourceIndex(tree, { symbols: symbols('alpha', '__x64_sys_x') });
  const index = await createSourceIndex(tree, { symbols: symbols('beta', '__arm64_sys_x'), previous });
  assert.equal(index.architecture, null);
  assert.deepEqual(index.symbols, ['__arm64_sys_x', '__x64_sys_x', 'alpha', 'beta']);
  assert.deepEqual(places(index, 'alpha'), ['arch/arm64/alpha.c:1', 'mm/a.c:1']);
});

test('of an index of all architectures a stack has the files of its own, or of the captures beside it', async () => {
  const files = {
    ...FILES,
    'arch/arm64/fork.c': 'int alpha(void);\nint ret(void)\n{\n\treturn alpha();\n}\n',
    'arch/x86/entry/fork.c': 'int alpha(void);\nint ret(void)\n{\n\n\treturn alpha();\n}\n',
    'arch/x86/um/fork.c': 'int alpha(void);\nint ret(void)\n{\n\n\n\treturn alpha();\n}\n',
  };
  const tree = new MemoryTree(files);
  const names = symbols('alpha', 'ret', 'do_syscall_64', '__arm64_sys_x');
  const previous = await createSourceIndex(tree, { symbols: symbols('ret') });
  const index = await createSourceIndex(tree, { symbols: names, previous });
  assert.equal(index.architecture, null);
  const stack = symbols('alpha', 'ret');
  const fileOf = async (frames: readonly StackFrame[], usual: string | null): Promise<string> => {
    const [, ret] = await createSourceResolver(tree, index, {}, usual).resolveStack(frames);
    return brief(ret);
  };
  const x86 = 'one-call-site arch/x86/entry/fork.c:5';
  const arm64 = 'one-call-site arch/arm64/fork.c:4';
  assert.equal(await fileOf([...stack, ...symbols('do_syscall_64')], null), x86);
  assert.equal(await fileOf([...stack, ...symbols('do_syscall_64')], 'arm64'), x86);
  assert.equal(await fileOf([...stack, ...symbols('__arm64_sys_x')], 'x86'), arm64);
  assert.equal(await fileOf(stack, 'x86'), x86);
  assert.equal(await fileOf(stack, 'arm64'), arm64);
  assert.match(await fileOf(stack, null), /^one-of-several /);
});

test('one made in steps equals one made at once', async () => {
  const tree = new MemoryTree(FILES);
  const once = await createSourceIndex(tree, {
    symbols: symbols('alpha', 'beta', 'gamma_probe'),
    architecture: 'x86',
  });
  const first = await createSourceIndex(tree, { symbols: symbols('alpha'), architecture: 'x86' });
  const steps = await createSourceIndex(tree, { symbols: symbols('gamma_probe', 'beta'), previous: first });
  assert.deepEqual(steps, once);
});

const X86 = { symbols: symbols('alpha'), architecture: 'x86' };

test('an index is stale once a file that matters changes, the version changes, or it is of another tree', async () => {
  const tree = new MemoryTree(FILES);
  const index = await createSourceIndex(tree, X86);
  assert.deepEqual(await freshSourceIndex(tree, index), index);
  assert.equal(await freshSourceIndex(tree, { ...index, format: 0 }), null);
  assert.equal(await freshSourceIndex(tree, { ...index, tree: 'elsewhere' }), null);
  tree.write('mm/a.c', '\n\nint alpha(void)\n{\n}\n');
  assert.equal(await freshSourceIndex(tree, index), null);
  const again = await createSourceIndex(tree, X86);
  tree.write('Makefile', 'VERSION = 6\nPATCHLEVEL = 2\n');
  assert.equal(await freshSourceIndex(tree, again), null);
});

const STALE: Readonly<Record<string, readonly [file: string, text: string]>> = {
  'a file in which nothing was found now defines the function': [
    'mm/c.c',
    'static int alpha(void)\n{\n\treturn 0;\n}\n',
  ],
  'one hands the function on': ['mm/c.c', 'struct ops o = { .get = alpha };\n'],
  'one ends with a jump to it': ['mm/c.c', 'int zeta(void)\n{\n\treturn alpha();\n}\n'],
  'a new file defines what was looked up in vain': ['mm/new.c', 'int nowhere(void)\n{\n}\n'],
  'a macro pastes the name of what was looked up in vain': ['mm/c.c', 'DEFINE_SHOWN(no);\n'],
  'a new folder comes': ['mm/new/a.c', 'int unrelated;\n'],
  'a header defines anything': ['include/linux/empty.h', 'static inline int f(void)\n{\n}\n'],
  'the assignment of its address goes': ['kernel/ops.c', 'int unrelated;\n'],
  'the jump to it goes': ['kernel/jump.c', 'int unrelated;\n'],
};

for (const [what, [file, text]] of Object.entries(STALE)) {
  test(`an index is stale when ${what}`, async () => {
    const tree = new MemoryTree({
      ...FILES,
      'mm/c.c': 'int unrelated;\n',
      'include/linux/empty.h': 'struct nothing;\n',
      'include/linux/shown.h': '#define DEFINE_SHOWN(n) int n##where(void) { return 0; }\n',
      'kernel/ops.c': 'struct ops o = { .get = alpha };\n',
      'kernel/jump.c': 'int eta(void)\n{\n\treturn alpha();\n}\n',
    });
    const index = await createSourceIndex(tree, { ...X86, symbols: symbols('alpha', 'nowhere') });
    assert.deepEqual(await freshSourceIndex(tree, index), index);
    tree.write(file, text);
    assert.equal(await freshSourceIndex(tree, index), null);
  });
}

test('a new folder at the root matters once the drivers were read', async () => {
  const tree = new MemoryTree(FILES);
  const index = await createSourceIndex(tree, { ...X86, symbols: symbols('nowhere') });
  tree.write('vendor/a.c', 'int unrelated;\n');
  assert.equal(await freshSourceIndex(tree, index), null);
});

test('a change that has no part in an index leaves it, and is looked at once', async () => {
  const tree = new MemoryTree({ ...FILES, 'mm/c.c': 'int unrelated;\n' });
  const index = await createSourceIndex(tree, X86);
  tree.write('mm/c.c', 'int other;\n');
  tree.write('mm/new.c', 'int third;\n');
  tree.write('drivers/x/gamma.c', 'int alpha(void)\n{\n}\n');
  tree.write('out/alpha.c', 'int alpha(void)\n{\n}\n');
  const fresh = await freshSourceIndex(tree, index);
  assert.deepEqual({ ...fresh, read: index.read }, index);
  assert.ok(tree.reads.includes('mm/c.c') && fresh !== null);
  tree.reads = [];
  assert.deepEqual(await freshSourceIndex(tree, fresh), fresh);
  assert.deepEqual(tree.reads, ['Makefile']);
});

test('what is written into a file while the tree is read makes the index stale', async () => {
  const tree = new MemoryTree({ ...FILES, 'mm/c.c': 'int unrelated;\n' });
  tree.onRead = (path) => {
    if (path === 'mm/c.c') tree.write(path, 'int alpha(void)\n{\n}\n');
  };
  const index = await createSourceIndex(tree, X86);
  tree.onRead = () => undefined;
  assert.equal(await freshSourceIndex(tree, index), null);
});

test('the check can be cancelled', async () => {
  const tree = new MemoryTree(FILES);
  const index = await createSourceIndex(tree, X86);
  const reason = new Error('cancelled');
  await assert.rejects(freshSourceIndex(tree, index, { signal: AbortSignal.abort(reason) }), reason);
});

test('progress names the stage and counts; cancelling stops the walk', async () => {
  const progress: IndexProgress[] = [];
  const tree = new MemoryTree(FILES);
  await createSourceIndex(tree, { symbols: symbols('gamma_probe'), onProgress: (one) => progress.push(one) });
  assert.deepEqual(
    [...new Set(progress.map((one) => one.stage))],
    ['core headers', 'core sources', 'driver sources'],
  );
  const counts = progress.map((one) => one.filesRead);
  assert.deepEqual(
    counts,
    [...counts].sort((a, b) => a - b),
  );
  assert.ok(counts.at(-1)! > counts[0]!, 'of all stages, not of one');

  tree.reads = [];
  const abort = new AbortController();
  const reason = new Error('cancelled');
  tree.onRead = (path) => {
    if (path === 'mm/a.c') abort.abort(reason);
  };
  await assert.rejects(
    createSourceIndex(tree, { symbols: symbols('gamma_probe'), signal: abort.signal }),
    reason,
  );
  assert.ok(tree.reads.includes('mm/a.c') && !tree.reads.includes('drivers/x/gamma.c'));
});

test('a folder that is no kernel tree is refused with what is missing', async () => {
  const tree = new MemoryTree({ 'a.c': 'int alpha(void)\n{\n}\n' }, false);
  await assert.rejects(createSourceIndex(tree, { symbols: symbols('alpha') }), /is not a kernel source tree/);
});

test('files that are no text hurt nothing', async () => {
  const hostile: Record<string, string | Uint8Array> = {
    'mm/0.c': 'x'.repeat(3_000_000),
    'mm/1.c': new Uint8Array(100_000),
    'mm/2.c': '('.repeat(500_000),
    'mm/3.c': '/* never closed',
    'mm/4.c': 'char *s = "never closed\nint beta(void)\n{\n}\n',
    'mm/5.h': '#define A(x) '.repeat(50_000),
    'mm/6.S': `SYM_FUNC_START(${'y'.repeat(100_000)}`,
    'mm/7.c': Uint8Array.from({ length: 200_000 }, (_, index) => (index * 7919) % 256),
    'mm/8.c': 'int __proto__(void)\n{\n}\nint constructor(void)\n{\n}\n',
    'mm/9.c': `int alpha(void)\n{\n${'{ if (x) f(g(h('.repeat(20_000)}\n}\n`,
  };
  const index = await createSourceIndex(new MemoryTree(hostile), {
    symbols: symbols('alpha', 'beta', '__proto__', 'constructor', 'toString'),
    architecture: 'x86',
  });
  assert.deepEqual(places(index, 'alpha'), ['mm/9.c:1']);
  assert.deepEqual(places(index, 'beta'), ['mm/4.c:2']);
  assert.deepEqual(places(index, '__proto__'), ['mm/8.c:1']);
  assert.deepEqual(places(index, 'constructor'), ['mm/8.c:4']);
  assert.deepEqual(places(index, 'toString'), []);
});

test('a module is a folder or a file of its name', () => {
  assert.equal(pathHasModule('fs/ext4/inode.c', 'ext4'), true);
  assert.equal(pathHasModule('drivers/block/loop.c', 'loop'), true);
  assert.equal(pathHasModule('drivers/char/hw_random/virtio-rng.c', 'virtio_rng'), true);
  assert.equal(pathHasModule('fs/ext2/inode.c', 'ext4'), false);
});
