/** `page-holders resolve` on the small programs of the fixtures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from './support/runCli';
import { smallTree } from './support/smallTree';

const VMLINUX = 'test/fixtures/debugInfo/dwarf4.elf';

const resolve = (args: readonly string[], input: string) => runCli(['resolve', ...args], input);

test('a kernel log: lines behind the frames, all else as it was', async () => {
  const log = [
    '[    1.000000] Call Trace:',
    '[    1.000001]  outer+0xa/0x10',
    '[    1.000002] RIP: 0010:caller+0x8/0x80',
    '[    1.000003] Kernel panic - not syncing',
    '',
  ].join('\n');
  const { status, output, errors } = await resolve(['--vmlinux', VMLINUX], log);
  assert.equal(errors, '');
  assert.equal(status, 0);
  const lines = output.split('\n');
  assert.equal(lines[0], '[    1.000000] Call Trace:');
  assert.match(lines[1]!, /^\[ {4}1\.000001\] {2}outer\+0xa\/0x10 \(\/build\/sample\/main\.c:37/);
  assert.match(output, /RIP: 0010:caller\+0x8\/0x80 \(\/build\/sample\/main\.c:\d+/);
  assert.match(output, /\n\[ {4}1\.000003\] Kernel panic - not syncing\n$/);
});

test('names alone: the call, through inlined functions and jumps', async () => {
  const { output } = await resolve(['--vmlinux', VMLINUX], ' => same\n => caller\n\n => other\n => outer\n');
  assert.match(output, /\n => caller \(\/build\/sample\/main\.c:23\)\n/);
  assert.match(output, /\n => outer \(\/build\/sample\/main\.c:37\)\n/);
});

test('a tree without debug info: the call, found by the names of the stack', async () => {
  const input = 'trace:\n => page_cache_pipe_buf_release\n => pipe_read\n';
  const { status, output, errors } = await resolve(['--tree', smallTree('linux')], input);
  assert.equal(errors, '');
  assert.equal(status, 0);
  const innermost = ' => page_cache_pipe_buf_release (fs/pipe.c:1, the function only)';
  assert.equal(output, `trace:\n${innermost}\n => pipe_read (fs/pipe.c:9)\n`);
});

test('what cannot be used is said, and ends with 2', async () => {
  const nothing = await resolve([], '');
  assert.equal(nothing.status, 2);
  assert.match(nothing.errors, /expected --vmlinux FILE or --tree DIR/);
  const text = await resolve(['--vmlinux', 'package.json'], '');
  assert.equal(text.status, 2);
  assert.match(text.errors, /--vmlinux package\.json: expected an ELF file, which begins with 7f 45 4c 46/);
  const missing = await resolve(['--vmlinux', 'no/such/vmlinux'], '');
  assert.equal(missing.status, 2);
  assert.match(missing.errors, /no\/such\/vmlinux cannot be opened/);
});
