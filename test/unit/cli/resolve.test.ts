/** `page-holders resolve` on the small programs of the fixtures. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { runCli, scratch } from './support/runCli';
import { smallTree } from './support/smallTree';

const VMLINUX = 'test/fixtures/debugInfo/dwarf4.elf';

const resolve = (args: readonly string[], input: string) => runCli(['resolve', ...args], input);

test('a kernel log: lines behind the frames, all else as it was', async () => {
  const log = [
    '[    1.000000] Call Trace:',
    '[    1.000001]  outer+0xa/0x14',
    '[    1.000002] RIP: 0010:caller+0x8/0x9b',
    '[    1.000003] Kernel panic - not syncing',
    '',
  ].join('\n');
  const { status, output, errors } = await resolve(['--vmlinux', VMLINUX], log);
  assert.equal(errors, '');
  assert.equal(status, 0);
  const lines = output.split('\n');
  assert.equal(lines[0], '[    1.000000] Call Trace:');
  assert.match(lines[1]!, /^\[ {4}1\.000001\] {2}outer\+0xa\/0x14 \(\/build\/sample\/main\.c:37/);
  assert.match(output, /RIP: 0010:caller\+0x8\/0x9b \(\/build\/sample\/main\.c:\d+/);
  assert.match(output, /\n\[ {4}1\.000003\] Kernel panic - not syncing\n$/);
});

test('names alone: the call, through inlined functions and jumps', async () => {
  const { output } = await resolve(['--vmlinux', VMLINUX], ' => same\n => caller\n\n => other\n => outer\n');
  assert.match(output, /\n => caller \(\/build\/sample\/main\.c:23\)\n/);
  assert.match(output, /\n => outer \(\/build\/sample\/main\.c:37, one call site\)\n/);
});

test('a tree without debug info: the call, found by the names of the stack', async () => {
  const input = 'trace:\n => page_cache_pipe_buf_release\n => pipe_read\n';
  const { status, output, errors } = await resolve(['--tree', smallTree('linux')], input);
  assert.equal(errors, '');
  assert.equal(status, 0);
  const innermost = ' => page_cache_pipe_buf_release (fs/pipe.c:1, function only)';
  assert.equal(output, `trace:\n${innermost}\n => pipe_read (fs/pipe.c:9, one call site)\n`);
});

test('a tree without debug info: an inlined function with two lines that may be meant says both', async () => {
  const tree = smallTree('twoLines');
  const inlined =
    'static inline int middle(int x)\n{\n\tif (x)\n\t\treturn callee(1) + 1;\n\treturn callee(2) + 1;\n}\n';
  const caller = 'int caller(int x)\n{\n\treturn middle(x) + 1;\n}\n';
  writeFileSync(path.join(tree, 'fs/pipe.c'), `int callee(int x)\n{\n}\n${inlined}${caller}`);
  const { output } = await resolve(['--tree', tree], ' => callee\n => caller\n');
  assert.deepEqual(output.split('\n').slice(1), [
    ' => middle (fs/pipe.c:7, one of several) [inlined]',
    ' =>   or middle (fs/pipe.c:8)',
    ' => caller (fs/pipe.c:12, one call site)',
    '',
  ]);
});

test('a tree without debug info: two calls are one of several, a guess is not proven, definitions are all named', async () => {
  const tree = smallTree('twoCalls');
  const callee = '#ifdef A\nvoid callee(void)\n{\n}\n#else\nvoid callee(void)\n{\n}\n#endif\n';
  const caller = 'void caller(void)\n{\n\tcallee();\n\tother();\n\tcallee();\n\tother();\n}\n';
  const guess = 'void guess(void)\n{\n\tnr = ops->fn(1);\n}\nvoid set(void)\n{\n\tx->y = caller;\n}\n';
  writeFileSync(path.join(tree, 'fs/pipe.c'), `${callee}${caller}${guess}`);
  const { output } = await resolve(['--tree', tree], ' => callee\n => caller\n => guess\n');
  assert.deepEqual(output.split('\n'), [
    ' => callee (fs/pipe.c:2, function only)',
    ' =>   or callee (fs/pipe.c:6)',
    ' => caller (fs/pipe.c:12, one of several)',
    ' =>   or caller (fs/pipe.c:14)',
    ' => guess (fs/pipe.c:19, not proven)',
    '',
  ]);
});

test('a tree of another version than the kernel of the text is told once', async () => {
  const stack = ' => page_cache_pipe_buf_release\n => pipe_read\n';
  const of = (release: string): string =>
    `CPU: 1 PID: 1 Comm: init Not tainted ${release} #1\n${stack}`.repeat(2);
  const tree = smallTree('otherVersion');
  const doubt = 'the tree is Linux 6.1.192, the text is of 6.1.176-pagelab: lines may be shifted';
  assert.equal(
    (await resolve(['--tree', tree], of('6.1.176-pagelab'))).errors,
    `page-holders: --tree ${tree}: ${doubt}.\n`,
  );
  for (const release of ['6.1.192-pagelab', '6.1.0-43-amd64']) {
    assert.equal((await resolve(['--tree', tree], of(release))).errors, '', release);
  }
});

test('a text of many stacks costs no more a stack than one of few', { timeout: 30_000 }, async () => {
  // With a copy of all that came before for each frame this took minutes.
  const stack = 'trace:\n => page_cache_pipe_buf_release\n => pipe_read\n';
  const { status, output } = await resolve(['--tree', smallTree('manyStacks')], stack.repeat(100_000));
  assert.equal(status, 0);
  assert.equal(output.match(/ => pipe_read \(fs\/pipe\.c:9, one call site\)\n/g)?.length, 100_000);
});

test('a link out of the tree is told once, where functions were not found', async () => {
  const tree = smallTree('linked');
  mkdirSync(path.join(scratch, 'elsewhere'));
  symlinkSync('../../elsewhere', path.join(tree, 'fs/vendor'));
  const ask = (input: string) => resolve(['--tree', tree], input);
  const { errors } = await ask(' => page_cache_pipe_buf_release\n => vendor_read\n');
  assert.match(
    errors,
    /--tree \S*\/linked: fs\/vendor leads out of the kernel tree, to \S*\/elsewhere, and is not/,
  );
  assert.match(errors, /Choose the tree that has the files themselves/);
  assert.equal(errors.split('fs/vendor').length, 2);
  assert.equal((await ask(' => page_cache_pipe_buf_release\n => vendor_read\n')).errors, errors, 'as kept');
});

test('a vmlinux and a tree: names answer for what debug info leaves open, and for nothing else', async () => {
  const text = [
    ' outer+0xa/0x14',
    ' page_cache_pipe_buf_release+0x4/0x20 [pipes]',
    ' pipe_read+0x8/0x30 [pipes]',
    'between',
    ' => same',
    ' => caller',
    '',
    ' nobody+0x1/0x2',
    ' => page_cache_pipe_buf_release',
    ' => pipe_read',
  ].join('\n');
  const { status, output, errors } = await resolve(
    ['--vmlinux', VMLINUX, '--tree', smallTree('bothLinux')],
    `${text}\n`,
  );
  assert.equal(status, 0);
  const lines = output.split('\n');
  assert.match(lines[0]!, /^ outer\+0xa\/0x14 \(\/build\/sample\/main\.c:\d+\)$/);
  assert.equal(lines[1], ' page_cache_pipe_buf_release+0x4/0x20 [pipes] (fs/pipe.c:1, function only)');
  assert.equal(lines[2], ' pipe_read+0x8/0x30 [pipes] (fs/pipe.c:9, one call site)');
  assert.equal(lines[3], 'between');
  assert.match(output, /\n => caller \(\/build\/sample\/main\.c:23\)\n/);
  assert.match(output, /\n nobody\+0x1\/0x2\n/);
  assert.match(output, /\n => pipe_read \(fs\/pipe\.c:9, one call site\)\n$/);
  assert.match(
    errors,
    /1 of 8 frames has no line:\n.*dwarf4\.elf has no function nobody\. No definition of nobody in/,
  );
});

test('with a vmlinux of another build the source of the very kernel is nearer, where it has one call', async () => {
  const tree = smallTree('otherBuildLinux');
  writeFileSync(
    path.join(tree, 'fs/sample.c'),
    'int caller(int value)\n{\n\tvalue++;\n\tvalue++;\n\treturn same(value);\n}\nint same(int value)\n{\n\treturn 1;\n}\n',
  );
  const id = '0123456789abcdef0123456789abcdef01234567';
  const stack = ' => same\n => caller\n';
  const run = (release: string) =>
    resolve(
      ['--vmlinux', 'test/fixtures/debugInfo/links.elf', '--tree', tree],
      `[    1.0] CPU: 1 PID: 1 Comm: init Not tainted ${release} #1 ${id}\n${stack}`,
    );
  assert.match((await run('6.1.192-rt')).output, /\n => caller \(fs\/sample\.c:5, one call site\)\n/);
  for (const release of ['6.1.19', '6.1.1920', '5.10.0']) {
    assert.match(
      (await run(release)).output,
      /\n => caller \(\/build\/sample\/main\.c:23, doubtful\)\n/,
      release,
    );
  }
});

test('what is doubtful, or not found, is marked in its line and explained once at the end', async () => {
  const text = ' caller+0x8/0x4000\n outer+0xa/0x14\n nobody+0x1/0x2\n nobody+0x1/0x2\n';
  const { status, output, errors } = await resolve(['--vmlinux', VMLINUX], text);
  assert.equal(status, 0);
  assert.match(output, /^ caller\+0x8\/0x4000 \(\/build\/sample\/main\.c:\d+, doubtful\)$/m);
  assert.match(output, /^ outer\+0xa\/0x14 \([^,]*\)$/m);
  assert.match(output, /^ nobody\+0x1\/0x2$/m);
  assert.match(errors, /2 of 4 frames have no line:\n.* 2 × .*dwarf4\.elf has no function nobody\./);
  assert.match(errors, /1 of 4 frames has a doubtful line:\n.* 1 × .*caller has 0x4000 bytes in the trace/);
});

test('a text whose functions have other sizes is of another build, all of it', async () => {
  const text =
    ' caller+0x8/0x4000\n\n outer+0xa/0x4000\n\n same+0x1/0x4000\n\n other+0x1/0x4000\n\n outer+0xa/0x14\n';
  const { output, errors } = await resolve(['--vmlinux', VMLINUX], text);
  assert.match(output, /outer\+0xa\/0x14 \([^)]*, doubtful\)\n$/);
  assert.match(
    errors,
    /is of another build: 3 of 3 functions have another size in the text: lines are doubtful/,
  );
});

test('what shows another build makes the frames before it in its stack doubtful', async () => {
  const text = ' outer+0xa/0x14\n caller+0x8/0x4000\n same+0x1/0x4000\n other+0x1/0x4000\n';
  const { output } = await resolve(['--vmlinux', VMLINUX], text);
  assert.match(output, /^ outer\+0xa\/0x14 \([^)]*, doubtful\)$/m);
});

test('an offset beyond the function is no place in it', async () => {
  const { output, errors } = await resolve(['--tree', smallTree('linux')], ' pipe_read+0xffff/0x20\n');
  assert.equal(output, ' pipe_read+0xffff/0x20\n');
  assert.match(errors, /1 × The offset of pipe_read lies outside of it/);
});

test('what cannot be used is said, and ends with 2', async () => {
  const nothing = await resolve([], '');
  assert.equal(nothing.status, 2);
  assert.match(nothing.errors, /expected --vmlinux FILE, --tree DIR or --kallsyms FILE/);
  const text = await resolve(['--vmlinux', 'package.json'], '');
  assert.equal(text.status, 2);
  assert.match(text.errors, /--vmlinux package\.json: expected an ELF file, which begins with 7f 45 4c 46/);
  const missing = await resolve(['--vmlinux', 'no/such/vmlinux'], '');
  assert.equal(missing.status, 2);
  assert.match(missing.errors, /--vmlinux no\/such\/vmlinux does not exist\.\n$/);
  const module = await resolve(['--vmlinux', 'test/fixtures/debugInfo/dwarf5.ko'], ' outer+0xa/0x14\n');
  assert.equal(module.status, 2);
  assert.match(module.errors, /dwarf5\.ko is a module, expected the vmlinux of the kernel: .*--modules/);
});

test('a folder of modules that is not there is said', async () => {
  const { status, errors } = await resolve(['--vmlinux', VMLINUX, '--modules', 'no/such/modules'], '');
  assert.equal(status, 2);
  assert.equal(
    errors,
    'page-holders: --modules no/such/modules does not exist; expected the folder in which the modules are.\n',
  );
});

test('a text without any frame is as it was, and that is said', async () => {
  for (const text of ['hello\n', '']) {
    const { status, output, errors } = await resolve(['--vmlinux', VMLINUX], text);
    assert.equal(status, 0);
    assert.equal(output, text);
    assert.match(errors, /no frame of a stack was found, expected lines with "func\+0x1a\/0x2b"/);
  }
});

test('addresses alone have the lines of debug info, where the text says how far KASLR moved the kernel', async () => {
  const stack = ' => ffffffff81000000\n => ffffffff810000da\n';
  const nobody = await resolve(['--vmlinux', VMLINUX], stack);
  assert.equal(nobody.output, stack);
  assert.match(nobody.errors, /2 × Nothing tells where the kernel was in memory \(KASLR\)/);
  const { output } = await resolve(['--vmlinux', VMLINUX], `Kernel Offset: disabled\n${stack}`);
  assert.match(output, /\n => ffffffff810000da outer \(\/build\/sample\/main\.c:37\)\n/);
  const moved = '[<ffffffff9c0000da>]\n';
  const offset = 'Kernel Offset: 0x1b000000 from 0xffffffff81000000 (relocation range)\n';
  assert.match(
    (await resolve(['--vmlinux', VMLINUX], `${offset}${moved}`)).output,
    /\n\[<ffffffff9c0000da>\] outer \(\/build\/sample\/main\.c:37\)\n/,
  );
});

test('a panic says last how far KASLR moved the kernel, and each boot was moved anew', async () => {
  const panic = (offset: string, address: string): string =>
    [
      'Call Trace:',
      ` ? 0x${address}`,
      ` 0x${address}`,
      ' </TASK>',
      'Kernel panic - not syncing: Fatal exception',
      `Kernel Offset: 0x${offset} from 0xffffffff81000000 (relocation range: 0xffffffff80000000-0xffffffffbfffffff)`,
      '---[ end Kernel panic - not syncing: Fatal exception ]---',
      '',
    ].join('\n');
  const text = `${panic('1b000000', 'ffffffff9c0000da')}${panic('2b000000', 'ffffffffac0000da')}`;
  const { output, errors } = await resolve(['--vmlinux', VMLINUX], text);
  assert.equal(errors, '');
  assert.match(output, /\n \? 0xffffffff9c0000da outer \(\/build\/sample\/main\.c:37\)\n/);
  assert.match(output, /\n 0xffffffffac0000da outer \(\/build\/sample\/main\.c:37\)\n/);
  assert.equal(output.split('\n').length, text.split('\n').length);
  const untold = `Call Trace:\n 0xffffffffac0000da\n\nLinux version 6.1.1\n${panic('1b000000', 'ffffffff9c0000da')}`;
  const other = await resolve(['--vmlinux', VMLINUX], untold);
  assert.match(other.output, /^Call Trace:\n 0xffffffffac0000da\n\nLinux version 6\.1\.1\nCall Trace:\n/);
  assert.match(
    other.errors,
    /1 of 3 frames has no line:\n.* 1 × Nothing tells where the kernel was in memory/,
  );
});

/** The lines of an oops with a frame of the sample, on a kernel with that build-id. */
function oops(release: string, buildId: string): readonly string[] {
  return [
    `[    9.000000] CPU: 1 PID: 1 Comm: init Not tainted ${release} #1 ${buildId}`,
    '[    9.000001] Call Trace:',
    '[    9.000002]  outer+0xa/0x14',
    '[    9.000003] ---[ end trace 0000000000000000 ]---',
  ];
}

/** Whether the line of each frame of the sample is doubtful. */
function doubts(output: string): readonly boolean[] {
  return [...output.matchAll(/outer\+0xa\/0x14 \(.*\)/g)].map(([line]) => line.includes('doubtful'));
}

test('of several kernels in one log only the lines of those are doubtful that are of another build', async () => {
  const own = '894b65e4b0b4eb75c6c70f4ae9897fb9430fdce6';
  const other = '0123456789abcdef0123456789abcdef01234567';
  const log = [
    ...oops('6.1.1', own),
    ...oops('6.2.0', other),
    ' outer+0xa/0x14',
    // The stack before it is of the boot before.
    '[    0.000000] Linux version 6.1.1 (user@host) #1 SMP',
    ' outer+0xa/0x14',
    ...oops('6.2.0', other),
    ...oops('6.1.1', own),
  ];
  const { output, errors } = await resolve(['--vmlinux', VMLINUX], `${log.join('\n')}\n`);
  assert.deepEqual(doubts(output), [false, true, true, false, true, false]);
  assert.match(
    errors,
    /3 of 6 frames have a doubtful line:\n.* 3 × The line is doubtful: .*has build-id 894b/,
  );
  assert.doesNotMatch(errors, /: lines are doubtful/);

  const one = [...oops('6.2.0', other), '---[ end Kernel panic - not syncing ]---'];
  const all = await resolve(['--vmlinux', VMLINUX], `${one.join('\n')}\n`);
  assert.deepEqual(doubts(all.output), [true]);
  assert.match(
    all.errors,
    /dwarf4\.elf has build-id 894b\w+, the traced kernel 0123\w+: lines are doubtful\.\n$/,
  );
});

test('functions of other sizes make the lines of their boot doubtful, and not those of the next', async () => {
  const text = [
    ' caller+0x8/0x4000\n same+0x1/0x4000\n other+0x1/0x4000\n outer+0xa/0x14\n',
    'Linux version 6.1.1\n outer+0xa/0x14\n',
  ].join('');
  const { output, errors } = await resolve(['--vmlinux', VMLINUX], text);
  assert.deepEqual(doubts(output), [true, false]);
  assert.match(errors, /4 of 5 frames have a doubtful line/);
});

test('a live text is not held back for where the kernel was in memory, if that does not come', async () => {
  const child = spawn(process.execPath, ['dist/page-holders.js', 'resolve', '--vmlinux', VMLINUX]);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value as string;
  child.stdin.write('begin\n => ffffffff9c0000da\nbehind\n');
  assert.equal(await next(), 'begin');
  // Nothing more comes.
  assert.deepEqual([await next(), await next()], [' => ffffffff9c0000da', 'behind']);
  child.stdin.write('Kernel Offset: 0x1b000000 from 0xffffffff81000000\n => ffffffff9c0000da\nend\n');
  assert.match(await next(), /^Kernel Offset/);
  assert.match(await next(), /^ => ffffffff9c0000da outer \(/);
  assert.equal(await next(), 'end');
  child.stdin.end();
  await once(child, 'close');
});

test('an offset behind the end of its function has no line, with debug info as without', async () => {
  const { output, errors } = await resolve(['--vmlinux', VMLINUX], ' outer+0x5a/0x14\n outer+0xa/0x14\n');
  assert.match(output, /^ outer\+0x5a\/0x14\n outer\+0xa\/0x14 \(\/build\/sample\/main\.c:37\)\n$/);
  assert.match(errors, /1 of 2 frames has no line:\n.* 1 × The offset of outer lies outside of it\./);
});

const KALLSYMS = [
  'ffffffff9c000020 T caller',
  'ffffffff9c0000d0 T outer',
  'ffffffff9c0000e4 T behind_outer',
  'ffffffffc0001000 t pipe_read\t[pipes]',
  'ffffffffc0001040 t page_cache_pipe_buf_release\t[pipes]',
  'ffffffffc0001080 t last\t[pipes]',
];

function kallsymsFile(name: string, lines: readonly string[]): string {
  const file = path.join(scratch, name);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

test('kallsyms do not come from where the stacks are', async () => {
  const { status, errors } = await resolve(['--kallsyms', '-'], ' => ffffffff9c0000da\n');
  assert.equal(status, 2);
  assert.match(errors, /resolve: --kallsyms -: stacks are read from standard input; expected a file\n/);
});

test('kallsyms name addresses alone, for debug info, for a tree, and without either', async () => {
  const kallsyms = kallsymsFile('kallsyms', KALLSYMS);
  const stack =
    ' => ffffffff9c0000da\n => ffffffff9c0000e4\n => ffffffffc0001048\n => ffffffffc0001008\n => 12\n';
  const alone = await resolve(['--kallsyms', kallsyms], stack);
  assert.equal(alone.status, 0);
  assert.deepEqual(alone.output.split('\n'), [
    ' => ffffffff9c0000da outer+0xa/0x14',
    // It returns to the end of outer, which calls as the last thing that it does.
    ' => ffffffff9c0000e4 outer+0x14/0x14',
    ' => ffffffffc0001048 page_cache_pipe_buf_release+0x8/0x40 [pipes]',
    ' => ffffffffc0001008 pipe_read+0x8/0x40 [pipes]',
    ' => 12',
    '',
  ]);
  const proven = await resolve(['--kallsyms', kallsyms, '--vmlinux', VMLINUX], stack);
  assert.match(proven.output, /^ => ffffffff9c0000da outer\+0xa\/0x14 \(\/build\/sample\/main\.c:37\)\n/m);
  const byName = await resolve(['--kallsyms', kallsyms, '--tree', smallTree('kallsymsLinux')], stack);
  assert.match(
    byName.output,
    /\n => ffffffffc0001008 pipe_read\+0x8\/0x40 \[pipes\] \(fs\/pipe\.c:9, one call site\)\n/,
  );
  for (const { errors } of [alone, proven, byName]) assert.doesNotMatch(errors, /kallsyms/);
});

test('what ends lines, and what goes back in them, stays', async () => {
  const input = 'progress 10%\rprogress 20%\r\n => outer+0xa/0x14\r\n\u2028end';
  const { output } = await resolve(['--vmlinux', VMLINUX], input);
  const place = '(/build/sample/main.c:37)';
  assert.equal(output, `progress 10%\rprogress 20%\r\n => outer+0xa/0x14 ${place}\r\n\u2028end\n`);
});

test('kallsyms of another boot, or without modules, are told', async () => {
  const other = kallsymsFile('otherKallsyms', KALLSYMS);
  const text = ' => caller <ffffffff8a000028>\n => outer <ffffffff8a0000da>\n => ffffffff9c0000da\n';
  const { status, errors } = await resolve(['--kallsyms', other], text);
  assert.equal(status, 0);
  assert.match(errors, /otherKallsyms: of 2 frames with a name and an address it names 0 the same/);
  const map = kallsymsFile('System.map', KALLSYMS.slice(0, 3));
  assert.match(
    (await resolve(['--kallsyms', map], text)).errors,
    /System\.map: has no modules, as the System\.map/,
  );
  const bad = await resolve(['--kallsyms', 'package.json'], text);
  assert.equal(bad.status, 2);
  assert.match(bad.errors, /--kallsyms package\.json.* has no symbols, expected "ffffffff81000000 T _text"/);
});
