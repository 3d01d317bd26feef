/** Text of `perf script`: a real recording against a second reader, the forms of a line, and bad input. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { EventKind, NO_CPU, NONE, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { PerfScriptLine } from '../../../src/capture/perfScriptLine';
import {
  assertConsistent,
  captureText,
  eventText,
  rowTexts,
  stackText,
  summaryText,
} from './support/describeCapture';
import { FIXTURES, SHARED, memorySource, textBytes } from './support/sources';

const TEXT = path.join(FIXTURES, 'f_perf/perf.txt.gz');

async function read(text: string | Uint8Array, chunkSize?: number): Promise<Capture> {
  const capture = await openCapture(memorySource(text), chunkSize === undefined ? {} : { chunkSize });
  assertConsistent(capture);
  return capture;
}

test('a real recording', async () => {
  const capture = await read(textBytes(TEXT));
  assert.equal(
    summaryText(capture),
    [
      'perf-script clock=ns resolution=1000 base=321996783000',
      'events=104 with-stack=104 stack-records=104 orphans=0 lost=0 distinct-stacks=23 frames=86 tasks=9',
      'cma:cma_alloc_busy_retry=3 cma:cma_alloc_finish=3 cma:cma_alloc_start=3 kmem:mm_page_alloc=1' +
        ' migrate:mm_migrate_pages=15 migrate:mm_migrate_pages_start=15 page_isolation:test_pages_isolated=3' +
        ' page_ref:page_ref_mod=15 page_ref:page_ref_mod_and_test=28 page_ref:page_ref_mod_unless=17 page_ref:page_ref_set=1',
      'fact page flags: enum pageflags of Linux 4.20 to 6.5, as anonymous pages show',
      'fact user stacks (left out): 99',
      'problems=0',
    ].join('\n'),
  );
  assert.equal(
    eventText(capture, 4),
    '3129628000 [0] owner-696 page_ref:page_ref_mod_unless PageRefModUnless pfn=0x12e8d' +
      ' flags=uptodate|lru|mappedtodisk|swapbacked mapping=Anonymous count=2 mapcount=1 val=1 ret=1 mt=4',
  );
  assert.equal(
    stackText(capture, capture.events.stack[4]!),
    '__page_ref_mod_unless+0x45 <ffffffffbe2bf325> < try_get_folio+0xb6 <ffffffffbe246176>' +
      ' < internal_get_user_pages_fast+0x65e <ffffffffbe2485fe> < __iov_iter_get_pages_alloc+0xe9 <ffffffffbe3fc989>' +
      ' < iov_iter_get_pages2+0x19 <ffffffffbe3fd0e9> < __do_sys_vmsplice+0x2ed <ffffffffbe3033fd>' +
      ' < do_syscall_64+0x34 <ffffffffbe70dd34> < entry_SYSCALL_64_after_hwframe+0x6e <ffffffffbe800126>',
  );
});

/** A second reader: regular expressions, a record at a time. */
function compareWithNaive(capture: Capture, text: string): void {
  const { events, symbols } = capture;
  let row = 0;
  for (const block of text.split(/\n\n/)) {
    const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    const head = /^(.*?) +(?:\d+\/)?(\d+) +\[(\d+)\] +(\d+)\.(\d+): +(\S+): (.*)$/.exec(lines[0] ?? '');
    if (!head) continue;
    const [, comm, tid, cpu, seconds, fraction, name, fields] = head;
    const where = lines[0]!;
    assert.equal(symbols.taskComm(events.task[row]!), comm, where);
    assert.equal(symbols.taskPid(events.task[row]!), Number(tid), where);
    assert.equal(events.cpu[row], Number(cpu), where);
    assert.equal(symbols.string(events.name[row]!), name, where);
    const time = BigInt(seconds!) * 1000000000n + BigInt(fraction!.padEnd(9, '0'));
    assert.equal(capture.timeBase + BigInt(events.time[row]!), time, where);
    for (const [key, column] of [
      ['pfn', events.pfn],
      ['count', events.count],
      ['val', events.val],
      ['ret', events.ret],
    ] as const) {
      const value = new RegExp(`\\b${key}=(-?\\w+)`).exec(fields!)?.[1];
      if (value === undefined || name!.startsWith('cma:') || value === 'fail' || value === 'success')
        continue;
      assert.equal(column[row], Number(value), `${where} ${key}`);
    }
    const frames = lines
      .slice(1)
      .map((line) => /^\t *([0-9a-f]+) (\S+?)(?:\+0x([0-9a-f]+))? \(\[kernel\.kallsyms\]\)$/.exec(line))
      .filter((frame) => frame !== null)
      .map(([, address, symbol, offset]) => `${symbol}+0x${offset} <${address}>`);
    assert.equal(stackText(capture, events.stack[row]!), frames.join(' < '), where);
    row++;
  }
  assert.equal(row, events.length);
}

test('a second reader finds the same', async () => {
  const bytes = textBytes(TEXT);
  compareWithNaive(await read(bytes), new TextDecoder().decode(bytes));
});

for (const name of ['perf.txt', 'perf-symoff.txt', 'perf-header.txt']) {
  const file = path.join(SHARED, 'f_perf', name);
  test(
    `a second reader finds the same in ${name}`,
    { skip: !existsSync(file) && `${file} is absent` },
    async () => {
      const bytes = textBytes(file);
      const capture = await read(bytes);
      assert.equal(capture.problemCount, 0);
      compareWithNaive(capture, new TextDecoder().decode(bytes));
      const hasHeader = name === 'perf-header.txt';
      assert.equal(new Map(capture.facts).get('kernel'), hasHeader ? '6.1.192-pagelab' : undefined);
      assert.equal(new Map(capture.facts).get('clock'), hasHeader ? 'monotonic (1)' : undefined);
    },
  );
}

test('small chunks give the same as one chunk', async () => {
  const bytes = textBytes(TEXT);
  const piece = bytes.subarray(0, 6000);
  const whole = captureText(await read(piece, 1 << 20));
  for (let chunkSize = 1; chunkSize <= 64; chunkSize++) {
    assert.ok(captureText(await read(piece, chunkSize)) === whole, `chunks of ${chunkSize} bytes`);
  }
  const all = captureText(await read(bytes));
  for (const chunkSize of [251, 4099, 65536]) assert.ok(captureText(await read(bytes, chunkSize)) === all);
});

/** `comm|tid|cpu|seconds.nanoseconds|name|text` of a line, or null. */
function headOf(line: string): string | null {
  const bytes = new TextEncoder().encode(`${line}\n`);
  const head = new PerfScriptLine();
  if (!head.read(bytes, 0)) return null;
  const text = (start: number, end: number): string => new TextDecoder().decode(bytes.subarray(start, end));
  return [
    text(head.commStart, head.commEnd),
    head.tid,
    head.cpu,
    head.hasTime ? `${head.seconds}.${String(head.nanoseconds).padStart(9, '0')}` : 'none',
    text(head.nameStart, head.nameEnd),
    text(head.textStart, bytes.length - 1).trim(),
  ].join('|');
}

test('the columns of a first line', () => {
  const cases: readonly (readonly [string, string | null])[] = [
    [
      'owner   696 [000]   321.996783: page_ref:page_ref_set: pfn=0x1',
      'owner|696|0|321.996783000|page_ref:page_ref_set|pfn=0x1',
    ],
    [
      'owner   695/696   [012]   321.996783319:   kmem:mm_page_free: pfn=1',
      'owner|696|12|321.996783319|kmem:mm_page_free|pfn=1',
    ],
    [
      '           owner   696 [000]   321.996783: page_ref:page_ref_set: pfn=0x1',
      'owner|696|0|321.996783000|page_ref:page_ref_set|pfn=0x1',
    ],
    [
      'npm run package  4093 [000]  5799.954846: kmem:mm_page_alloc: pfn=1',
      'npm run package|4093|0|5799.954846000|kmem:mm_page_alloc|pfn=1',
    ],
    [
      'CPU 0/KVM  4093 [000]  5799.954846: kmem:mm_page_alloc: pfn=1',
      'CPU 0/KVM|4093|0|5799.954846000|kmem:mm_page_alloc|pfn=1',
    ],
    ['a 1 2 [3] b 12 [000]  1.000001: x:y: z', 'a 1 2 [3] b|12|0|1.000001000|x:y|z'],
    [
      'kworker/0:1-mm_    23 [000]   325.199521: page_ref:page_ref_mod: val=1',
      'kworker/0:1-mm_|23|0|325.199521000|page_ref:page_ref_mod|val=1',
    ],
    ['perf-exec   700 [001] 1.5: x:y:', 'perf-exec|700|1|1.500000000|x:y|'],
    ['foo: bar:   700 [001] 1.500000: x:y: z', 'foo: bar:|700|1|1.500000000|x:y|z'],
    [':-1    -1 [000] 1.500000: x:y: z', ':-1|-1|0|1.500000000|x:y|z'],
    ['owner   696 [-01]   321.996783: x:y: z', 'owner|696|-1|321.996783000|x:y|z'],
    [
      'owner   696   321.996783: page_ref:page_ref_set: pfn=0x1',
      'owner|696|-1|321.996783000|page_ref:page_ref_set|pfn=0x1',
    ],
    [
      'owner   696   0   321.996783: page_ref:page_ref_set: pfn=0x1',
      'owner|696|0|321.996783000|page_ref:page_ref_set|pfn=0x1',
    ],
    [
      '   696 [000]   321.996783: page_ref:page_ref_set: pfn=0x1',
      '|696|0|321.996783000|page_ref:page_ref_set|pfn=0x1',
    ],
    ['owner   696 [000] K      321.996783: x:y: z', 'owner|696|0|321.996783000|x:y|z'],
    ['owner 696 [000] 2026-11-23 01:13:59.996783 321.996783: x:y: z', 'owner|696|0|321.996783000|x:y|z'],
    [
      'owner   696 [000]   321.996783:          1 page_ref:page_ref_set: pfn=0x1',
      'owner|696|0|321.996783000|page_ref:page_ref_set|pfn=0x1',
    ],
    ['owner   696 [000]   321.996783:     500000        cpu-clock: ', 'owner|696|0|321.996783000|cpu-clock|'],
    ['owner   696 [000] page_ref:page_ref_set: pfn=0x1', 'owner|696|0|none|page_ref:page_ref_set|pfn=0x1'],
    [
      'owner 12  696 [000] page_ref:page_ref_set: pfn=0x1',
      'owner 12|696|0|none|page_ref:page_ref_set|pfn=0x1',
    ],
    [
      'owner [000]   321.996783: page_ref:page_ref_set: pfn=0x1',
      'owner|-1|0|321.996783000|page_ref:page_ref_set|pfn=0x1',
    ],
    [
      'owner   321.996783: page_ref:page_ref_set: pfn=0x1',
      'owner|-1|-1|321.996783000|page_ref:page_ref_set|pfn=0x1',
    ],
    ['page_ref:page_ref_set: pfn=0x1', '|-1|-1|none|page_ref:page_ref_set|pfn=0x1'],
    ['owner   696 [000]   321.996783: pfn=0x12 count=1', 'owner|696|0|321.996783000||pfn=0x12 count=1'],
    // Not of perf: ftrace, trace-cmd report, and anything else.
    ['          owner-696     [000] .....   321.996783: page_ref_set: pfn=0x1', null],
    ['           owner-696   [000]   321.996783: page_ref:page_ref_set: pfn=0x1', null],
    ['# event : name = page_ref:page_ref_set, , id = { 10, 11 }, type = 2', null],
    ['hello world', null],
    ['', null],
    ['[  123.456789] page:0000000012345678 refcount:2', null],
  ];
  for (const [line, expected] of cases) assert.equal(headOf(line), expected, line);
});

const HEAD =
  'task   12 [003]   1.000001: page_ref:page_ref_mod: pfn=0x10 flags=0x8000e count=2 mapcount=0 mapping=0xffff888003a4c501 mt=1 val=1\n';

async function stackOf(frames: readonly string[]): Promise<string> {
  const capture = await read(`${HEAD}${frames.join('\n')}\n\n`);
  assert.deepEqual(capture.problems, []);
  return stackText(capture, capture.events.stack[0]!);
}

test('the forms of a frame', async () => {
  const cases: readonly (readonly [string, string])[] = [
    ['\tffffffff812bf783 __page_ref_set+0x43 ([kernel.kallsyms])', '__page_ref_set+0x43 <ffffffff812bf783>'],
    ['\tffffffff812bf783 __page_ref_set ([kernel.kallsyms])', '__page_ref_set <ffffffff812bf783>'],
    ['\tffffffffc0511234 ext4_writepages+0x12 ([ext4])', 'ext4_writepages+0x12 [ext4] <ffffffffc0511234>'],
    [
      '\tffffffffc0511234 dm_x+0x12 (/lib/modules/6.1.0/kernel/drivers/md/dm-mod.ko.xz)',
      'dm_x+0x12 [dm_mod] <ffffffffc0511234>',
    ],
    ['\tffffffff812bf783 foo+0x43 (/usr/lib/debug/boot/vmlinux-6.1.0)', 'foo+0x43 <ffffffff812bf783>'],
    [
      '\tffffffff812bf783 foo.constprop.0.isra.1+0x43 ([kernel.vmlinux])',
      'foo.constprop.0.isra.1+0x43 <ffffffff812bf783>',
    ],
    ['\tffffffff812bf783 [unknown] ([kernel.kallsyms])', '0xffffffff812bf783 <ffffffff812bf783>'],
    ['\tffffffffc0511234 [unknown] ([ext4])', '0xffffffffc0511234 [ext4] <ffffffffc0511234>'],
    ['\tffffffffc0511234 [unknown] ([unknown])', '0xffffffffc0511234 <ffffffffc0511234>'],
    [
      '\tffffffffc0511234 bpf_prog_6deef7357e7b4530+0x9 (bpf_prog_6deef7357e7b4530)',
      'bpf_prog_6deef7357e7b4530+0x9 <ffffffffc0511234>',
    ],
    ['\tffffffff812bf783 folio_put (inlined)', 'folio_put <ffffffff812bf783>'],
    ['\tffffffff812bf783 folio_put+0x99 (inlined)', 'folio_put <ffffffff812bf783>'],
    ['\tffffffff812bf783 folio_put+0x99', 'folio_put+0x99 <ffffffff812bf783>'],
    ['\tffffffff812bf783', '0xffffffff812bf783 <ffffffff812bf783>'],
    ['        ffffffff812bf783 foo+0x43 ([kernel.kallsyms])', 'foo+0x43 <ffffffff812bf783>'],
    ['\tffffffff812bf783 foo+0x43 ([kernel.kallsyms])\r', 'foo+0x43 <ffffffff812bf783>'],
    ['\tc000000000212345 foo+0x43 ([kernel.kallsyms])', 'foo+0x43 <c000000000212345>'],
    ['\t        c0212345 foo+0x43 ([kernel.kallsyms])', 'foo+0x43 <c0212345>'],
    ['\t          1a2b3c foo+0x43 ([kernel.kallsyms])', 'foo+0x43 <1a2b3c>'],
    ['\t            2aa4 get_pages_in+0xe5 (/bin/pagelab)', '-'],
    ['\t        c0212345 foo+0x43 (/usr/lib/libc.so.6)', '-'],
    ['\tffffffffff600400 [unknown] ([vsyscall])', '-'],
    ['\tbe85ecbac12c8e13 [unknown] ([unknown])', '-'],
    ['\t7ffd1f5fe9c0 foo(int, char const*)+0x1 (/usr/bin/x y (deleted))', '-'],
  ];
  for (const [frame, expected] of cases) assert.equal(await stackOf([frame]), expected, frame);
});

test('frames of the process end the stack, also those that look like the kernel', async () => {
  const kernel = '\tffffffff812bf783 foo+0x43 ([kernel.kallsyms])';
  const inner = '\tffffffff81200000 bar+0x1 ([kernel.kallsyms])';
  const user = '\t           f8350 write+0x10 (/usr/lib/libc.so.6)';
  const expected = 'foo+0x43 <ffffffff812bf783> < bar+0x1 <ffffffff81200000>';
  assert.equal(await stackOf([kernel, inner]), expected);
  assert.equal(await stackOf([kernel, inner, user]), expected);
  assert.equal(await stackOf([kernel, inner, user, '\tffe5a653984d15f9 [unknown] ([unknown])']), expected);
  assert.equal(
    await stackOf([kernel, '  mm/page_ref.c:12', inner, '  mm/swap.c:1 (inlined)', user]),
    expected,
  );
});

test('a stack goes on no further than its record', async () => {
  const frame = '\tffffffff812bf783 foo+0x43 ([kernel.kallsyms])\n';
  const text = `${HEAD}${frame}\n${HEAD}\n${HEAD}${frame}${frame}\n`;
  const capture = await read(text);
  assert.deepEqual(
    [...capture.events.stack.subarray(0, 3)].map((stack) =>
      stack === NONE ? 0 : capture.symbols.stackFrames(stack).length,
    ),
    [1, 0, 2],
  );
});

test('a task whose name is not known is told as in ftrace', async () => {
  const capture = await read(HEAD.replace('task', ':12'));
  assert.equal(capture.symbols.taskComm(capture.events.task[0]!), '<...>');
  assert.equal(capture.symbols.taskPid(capture.events.task[0]!), 12);
});

test('records without cpu and time', async () => {
  const capture = await read('task   12 page_ref:page_ref_mod: pfn=0x10 count=2 val=1\n\n'.repeat(2));
  assert.equal(capture.events.length, 2);
  assert.equal(capture.events.cpu[1], NO_CPU);
  assert.ok(Number.isNaN(capture.events.time[1]));
  assert.equal(capture.events.kind[1], EventKind.PageRefMod);
});

test('records of tasks between the events are none', async () => {
  const event = (time: string) =>
    `task   12 [003]   ${time}: page_ref:page_ref_mod: pfn=0x10 count=2 val=1\n\n`;
  // perf script --show-task-events: tasks that run already stand at the begin, of no time.
  const synthesized =
    '         swapper     0 [000]     0.000000: PERF_RECORD_FORK(12:12):(0:0)\n' +
    '            task     0 [000]     0.000000: PERF_RECORD_COMM: task:12/12\n';
  const between =
    '            task    12 [003]     1.000002: PERF_RECORD_FORK(13:13):(12:12)\n' +
    '         a:b c d    13 [003]     1.000003: PERF_RECORD_COMM exec: a:b c d:13/13\n' +
    '         a:b c d    13 [003]     1.000004: PERF_RECORD_EXIT(13:13):(12:12)\n';
  const capture = await read(synthesized.repeat(400) + event('1.000001') + between + event('1.000009'));
  assert.equal(capture.format, 'perf-script');
  assert.deepEqual(capture.problems, []);
  assert.deepEqual(rowTexts(capture), rowTexts(await read(event('1.000001') + event('1.000009'))));
  assert.equal(capture.timeBase, 1_000_001_000n);

  // perf script -F comm,tid,event,trace
  const bare = await read(
    'task   12 page_ref:page_ref_mod: pfn=0x10 count=2 val=1\n\n'.repeat(2) +
      'task   12 PERF_RECORD_COMM: task:12/12\nPERF_RECORD_FORK(13:13):(12:12)\ntask   12 PERF_RECORD_LOST lost 3\n',
  );
  assert.deepEqual(bare.problems, []);
  assert.equal(bare.events.length, 2);
  assert.equal(bare.lost, 3);
});

test('losses become gaps', async () => {
  const line = (time: string, text: string): string => `task   12 [003]   ${time}: ${text}\n`;
  const event = 'page_ref:page_ref_mod: pfn=0x10 count=2 val=1';
  const capture = await read(
    line('1.000001', event) +
      line('1.000005', 'PERF_RECORD_LOST lost 12') +
      line('1.000007', 'PERF_RECORD_COMM exec: foo:12/12') +
      line('1.000009', event) +
      'PERF_RECORD_LOST lost 3\n' +
      'Processed 1234 events and lost 5 chunks!\n\nCheck IO/CPU overload!\n\n',
  );
  assert.deepEqual(capture.problems, []);
  assert.equal(capture.events.length, 2);
  assert.equal(capture.lost, 15);
  assert.deepEqual(capture.gaps, [
    { cpu: 3, from: 0, to: 8000, events: 12, beforeRow: 1, cause: 'lost' },
    // Of the chunks it is not said how many events they had.
    { cpu: null, from: null, to: null, events: 3, beforeRow: 2, cause: 'lost', isAtLeast: true },
  ]);
});

/** Problems as `line: message`, the message up to its first comma, semicolon or colon. */
const problemTexts = (capture: Capture): string[] =>
  capture.problems.map(({ line, message }) => `${line}: ${message.replace(/[,;:].*/, '')}`);

test('what cannot be read is counted with its place, and nothing else is lost by it', async () => {
  const frame = '\tffffffff812bf783 foo+0x43 ([kernel.kallsyms])\n';
  const user = '\t           f8350 write+0x10 (/usr/lib/libc.so.6)\n';
  const long = `${'x'.repeat(70_000)}\n`;
  const text = `${HEAD}${frame}\n${frame}\nrubbish\n${long}${HEAD}${user}${frame}\n${HEAD.replace('pfn=', 'qfn=')}\n${HEAD.trimEnd()}`;
  const capture = await read(text);
  assert.equal(capture.events.length, 4);
  assert.equal(capture.orphanStacks, 1);
  assert.deepEqual(problemTexts(capture), [
    '4: frames without the first line of their record',
    '6: not a line of perf script',
    '7: a line of 70000 bytes',
    '10: a frame of the kernel after those of the process',
    '12: page_ref',
    '14: the file ends without a line end',
  ]);
});

test('what is said of a line that is too long does not depend on the chunks it comes in', async () => {
  const frame = '\tffffffff812bf783 foo+0x43 ([kernel.kallsyms])\n';
  const longFrame = `\t${' '.repeat(70_000)}${frame.slice(1)}`;
  const user = '\t           f8350 write+0x10 (/usr/lib/libc.so.6)\n';
  const longEvent = HEAD.replace('count=', `x=${'1'.repeat(70_000)} count=`);
  const longStack = frame.repeat(6000);
  const texts: readonly (readonly [string, readonly string[]])[] = [
    [
      HEAD + frame + longFrame + frame + user,
      [`3: a line of ${longFrame.length - 1} bytes`, '4: frames without the first line of their record'],
    ],
    // Without frames there is no empty line behind an event.
    [
      HEAD + longEvent + frame,
      [`2: a line of ${longEvent.length - 1} bytes`, '3: frames without the first line of their record'],
    ],
    [
      HEAD + longStack + longFrame + user,
      [
        '5580: a stack of more than 262144 bytes',
        `6002: a line of ${longFrame.length - 1} bytes`,
        '6003: frames without the first line of their record',
      ],
    ],
  ];
  for (const [text, expected] of texts) {
    const whole = await read(`${text}\n${HEAD}${frame}\n`);
    assert.deepEqual(problemTexts(whole), expected);
    assert.equal(whole.events.length, 2);
    for (const chunkSize of [37, 70_000])
      assert.equal(captureText(await read(`${text}\n${HEAD}${frame}\n`, chunkSize)), captureText(whole));
  }
});

test('a line that is no frame cuts a stack, which is not said to be too long', async () => {
  const frame = '\tffffffff812bf783 foo+0x43 ([kernel.kallsyms])\n';
  const capture = await read(`${HEAD}${frame}rubbish\n${frame.repeat(3)}\n${HEAD}${frame}\n`);
  assert.deepEqual(problemTexts(capture), [
    '3: not a line of perf script',
    '4: a frame of the kernel behind a line that is none',
  ]);
  assert.equal(stackText(capture, capture.events.stack[0]!), 'foo+0x43 <ffffffff812bf783>');
});

test('ftrace text that quotes perf stays ftrace text', async () => {
  const text =
    '            sh-84      [000] .....    17.462829: tracing_mark_write: task   12 [003]   1.000001: a:b: c\n';
  assert.equal((await read(text.repeat(3))).format, 'ftrace');
});
