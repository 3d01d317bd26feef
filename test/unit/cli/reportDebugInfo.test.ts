/** `page-holders report` with debug info: a small program of the fixtures stands for the kernel. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import type { Report } from '../../../src/engine/report';
import { traceText } from '../support/traceText';
import { runCli, scratch } from './support/runCli';
import { smallTree } from './support/smallTree';

const VMLINUX = 'test/fixtures/debugInfo/dwarf4.elf';
const PAGE = 'pfn=0x10 flags=uptodate|lru';

function traceFile(name: string, size: string): string {
  const file = path.join(scratch, name);
  const stack = ['other+0x5/0x9', `caller+0x97/${size}`, 'pipe_read', 'vfs_read'];
  const text = traceText([
    {
      task: 'cat-1',
      text: `page_ref_mod_unless: ${PAGE} count=3 mapcount=0 mapping=0 mt=1 val=1 ret=1`,
      stack,
    },
    {
      task: 'cma-2',
      text: `report_page_pinners: ${PAGE} count=3 mapcount=0 mapping=0 mt=1 reason=contig_range err=-11`,
    },
  ]);
  writeFileSync(file, text);
  return file;
}

async function frames(...args: readonly string[]) {
  const { status, output, errors } = await runCli(['report', ...args, '--format', 'json', '--pfn', '0x10']);
  assert.equal(status, 0, errors);
  const { captures, pages } = JSON.parse(output) as Report;
  const { debugInfo } = captures[0]!;
  assert.ok(debugInfo);
  return { debugInfo, stack: pages[0]!.references[0]!.acquired!.stack, errors };
}

test('lines are exact, with what is inlined, and what the vmlinux does not have is found in the tree', async () => {
  const trace = traceFile('same.txt', '0x9b');
  const { debugInfo, stack, errors } = await frames(
    trace,
    '--vmlinux',
    VMLINUX,
    '--tree',
    smallTree('linux'),
  );
  assert.equal(errors, '');
  const [other, caller, pipeRead] = stack;
  assert.deepEqual(
    [other!.file, other!.line, other!.certainty, other!.outside],
    ['/build/sample/other.c', 11, 'exact', 'build'],
  );
  assert.deepEqual([caller!.line, caller!.certainty, caller!.offset], [22, 'exact', 0x97]);
  assert.deepEqual(caller!.inlined, [
    { function: 'wrapped', file: '/build/sample/main.c', outside: 'build', line: 16 },
  ]);
  assert.deepEqual(
    [pipeRead!.file, pipeRead!.certainty, pipeRead!.outside],
    ['fs/pipe.c', 'function-only', undefined],
  );
  assert.equal(debugInfo.build, 'not-told');
  assert.equal(debugInfo.evidence, 'sizes of 2 of 2 functions equal');
});

test('text has a row for each inlined function, and speaks of no kernel tree where none is given', async () => {
  const given = [traceFile('text.txt', '0x9b'), '--vmlinux', VMLINUX];
  const { output } = await runCli(['report', ...given]);
  assert.doesNotMatch(output, /not in the kernel tree/);
  assert.equal((await frames(...given)).stack[0]!.outside, 'build', 'for scripts it is what it was');
  const withTree = await runCli(['report', ...given, '--tree', smallTree('others')]);
  assert.match(withTree.output, /main\.c:22 · exact · not in the kernel tree$/m);
  assert.match(
    output,
    /wrapped\s+\/build\/sample\/main\.c:16 · inlined, exact\n\s+caller\s+\/build\/sample\/main\.c:22 · exact/,
  );
});

test('a vmlinux of another build is said, in the report too', async () => {
  const { debugInfo, stack, errors } = await frames(traceFile('other.txt', '0x300'), '--vmlinux', VMLINUX);
  assert.match(
    errors,
    /another build: 1 of 2 functions have another size in the capture: lines are doubtful/,
  );
  assert.deepEqual([debugInfo.build, stack[1]!.doubtful], ['other-build', true]);
  assert.notEqual(stack[1]!.certainty, 'exact');
});

test('what cannot be used as a vmlinux ends with 2, and so do modules alone', async () => {
  const trace = traceFile('refused.txt', '0x9b');
  const text = await runCli(['report', trace, '--vmlinux', 'package.json']);
  assert.equal(text.status, 2);
  assert.match(text.errors, /--vmlinux package\.json: expected an ELF file/);
  const alone = await runCli(['report', trace, '--modules', 'test']);
  assert.equal(alone.status, 2);
  assert.match(alone.errors, /--modules DIR needs --vmlinux FILE/);
  for (const [modules, message] of [
    ['nowhere', /--modules nowhere does not exist; expected the folder in which the modules are\.\n$/],
    ['package.json', /--modules package\.json is no folder; expected the one in which the modules are\.\n$/],
  ] as const) {
    const { status, output, errors } = await runCli([
      'report',
      trace,
      '--vmlinux',
      VMLINUX,
      '--modules',
      modules,
    ]);
    assert.deepEqual([status, output], [2, '']);
    assert.match(errors, message);
  }
});
