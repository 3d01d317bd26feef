/** Frames in all the texts that people have: traces, perf script, kernel logs. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { frameInText, frameOnLine, stackAround, type Lines } from '../../../src/views/frameLines';
import { sourcePreview } from '../../../src/views/sourcePreview';

function linesOf(text: string): Lines {
  const lines = text.split('\n');
  return { count: lines.length, at: (line) => lines[line]! };
}

/** What is underlined: the name, and behind a bar the offset. */
function shown(text: string): string | null {
  const found = frameInText(text);
  if (found === null) return null;
  const { start, nameEnd, end, frame } = found;
  const module = frame.module === null ? '' : ` of ${frame.module}`;
  return `${text.slice(start, nameEnd)}|${text.slice(nameEnd, end)}${module}`;
}

const FRAMES: readonly (readonly [text: string, shown: string | null])[] = [
  [' => do_syscall_64', 'do_syscall_64|'],
  [' => copy_page_range+0x124e/0x17f0', 'copy_page_range|+0x124e/0x17f0'],
  [' => ext4_da_write_begin+0xbf/0x2d0 [ext4] <ffffffffc053858f>', 'ext4_da_write_begin|+0xbf/0x2d0 of ext4'],
  [' => release_pages <ffffffffbe22174a>', 'release_pages|'],
  ['=> get_page_from_freelist (ffffffff81277673)', 'get_page_from_freelist|'],
  ['=> __page_ref_set+0xbe  (ffffffff81277673)', '__page_ref_set|+0xbe'],
  [' => try_to_unmap_one.isra.0+0x1a/0x2b', 'try_to_unmap_one.isra.0|+0x1a/0x2b'],
  ['\tffffffffbe2bf783 __page_ref_set+0x43 ([kernel.kallsyms])', '__page_ref_set|+0x43'],
  ['\tffffffffc053858f ext4_da_write_begin+0xbf ([ext4])', 'ext4_da_write_begin|+0xbf of ext4'],
  ['\t            2aa4 get_pages_in+0xe5 (/bin/pagelab)', null],
  ['\t    7ffd1b7f3a0c __vdso_gettimeofday+0xc ([vdso])', null],
  ['[   12.345678]  dump_stack_lvl+0x44/0x5c', 'dump_stack_lvl|+0x44/0x5c'],
  ['[   12.345678][  T123]  ? show_regs+0x60/0x70', 'show_regs|+0x60/0x70'],
  ['[   12.345678] RIP: 0010:migrate_pages+0x12/0x34 [mod]', 'migrate_pages|+0x12/0x34 of mod'],
  ['pc : migrate_pages+0x12/0x34', 'migrate_pages|+0x12/0x34'],
  ['bash-412 [001] d.... 1.5: page_ref_mod: pfn=0x12c02 flags= count=2', null],
  ['a => b => c, as mathematicians have it', null],
  [' => 0x0', null],
  ["=> [unknown/kretprobe'd] (ffffffff81277673)", null],
];

for (const [text, expected] of FRAMES) {
  test(`the frame in: ${text.trim()}`, () => {
    assert.equal(shown(text), expected);
  });
}

test('a name behind an arrow is a frame in a trace, elsewhere only among others', () => {
  const alone = linesOf('Options:\n => verbose\nend');
  assert.notEqual(frameOnLine(alone, 1, true), null);
  assert.equal(frameOnLine(alone, 1, false), null);
  for (const text of [' <stack trace>\n => do_exit', ' => do_exit\n => do_group_exit']) {
    assert.notEqual(frameOnLine(linesOf(text), 1, false), null, text);
  }
  assert.notEqual(frameOnLine(linesOf(' => do_exit+0x1/0x2'), 0, false), null);
});

test('the stack of a frame is what is printed around it, innermost first, without doubtful addresses', () => {
  const log = linesOf(
    [
      '[1.0] Call Trace:',
      '[1.0]  <TASK>',
      '[1.0]  dump_stack_lvl+0x44/0x5c',
      '[1.0]  ? __warn+0x1/0x2',
      '[1.0]  migrate_pages+0x3/0x4',
      '[1.0]  cma_alloc+0x5/0x6 [cma_test]',
      '[1.0]  </TASK>',
    ].join('\n'),
  );
  const around = stackAround(log, 4);
  assert.deepEqual(
    around?.stack.map((frame) => frame.function),
    ['dump_stack_lvl', 'migrate_pages', 'cma_alloc'],
  );
  assert.equal(around.index, 1);
  assert.equal(around.stack[2]!.module, 'cma_test');
  const doubtful = stackAround(log, 3);
  assert.deepEqual(
    doubtful?.stack.map((frame) => frame.function),
    ['__warn'],
  );
  assert.equal(stackAround(log, 0), null);
});

test('stacks of a perf script end where its programs begin', () => {
  const perf = linesOf(
    [
      'owner 696 [000] 321.9: page_ref:page_ref_set: pfn=0x1',
      '\tffffffffbe2bf783 __page_ref_set+0x43 ([kernel.kallsyms])',
      '\tffffffffbe277673 get_page_from_freelist+0xf83 ([kernel.kallsyms])',
      '\t            2aa4 get_pages_in+0xe5 (/bin/pagelab)',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    stackAround(perf, 2)?.stack.map((frame) => frame.function),
    ['__page_ref_set', 'get_page_from_freelist'],
  );
  assert.equal(stackAround(perf, 3), null);
});

test('the frame of a line is found however long the line is', () => {
  const warnings = 'WARNING: '.repeat(1 << 17);
  assert.equal(shown(`${warnings} dump_stack_lvl+0x44/0x5c`), 'dump_stack_lvl|+0x44/0x5c');
  assert.equal(frameInText('WARNING: CPU: 0 PID: 1 at a.c:1 f+0x4/0x5')?.frame.isInterrupted, true);
});

test('a preview has the lines around with their numbers, and marks the one that is meant', () => {
  const text = Array.from({ length: 20 }, (_, index) => `\tline ${index + 1};`).join('\n');
  assert.equal(
    sourcePreview(text, 10),
    ['   7      line 7;', '   8      line 8;', '   9      line 9;', '→ 10      line 10;']
      .concat(['  11      line 11;', '  12      line 12;', '  13      line 13;'])
      .join('\n'),
  );
  assert.match(sourcePreview(text, 1)!, /^→ 1 {6}line 1;\n/);
  assert.match(sourcePreview(text, 20)!, /→ 20 {6}line 20;$/);
  assert.equal(sourcePreview(text, 21), null);
  assert.equal(sourcePreview(text, 0), null);
});
