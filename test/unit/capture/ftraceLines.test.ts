/** The forms of single lines and stacks: columns, values and frames that the recordings at hand do not have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_DETAILS, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { doubtTexts } from '../../../src/engine/captureDoubts';
import { assertConsistent, eventText, stackText } from './support/describeCapture';
import { memorySource } from './support/sources';

async function read(text: string): Promise<Capture> {
  const capture = await openCapture(memorySource(text));
  assertConsistent(capture);
  return capture;
}

/** The events of a text, each as `eventText`, when everything in it could be read. */
async function events(text: string): Promise<string[]> {
  const capture = await read(text);
  assert.deepEqual(capture.problems, []);
  return Array.from({ length: capture.events.length }, (_, row) => eventText(capture, row));
}

const SET = 'page_ref_set: pfn=0x12e8d flags=none count=1 mapcount=0 mapping=(nil) mt=4 val=1';
const SET_TEXT = 'page_ref_set PageRefSet pfn=0x12e8d flags=none mapping=Null count=1 mapcount=0 val=1 mt=4';

test('columns of the task line', async (t) => {
  const cases: readonly (readonly [string, string, string])[] = [
    ['five flags', '           owner-464     [003] d..2.   170.662992: ', '0 [3] owner-464'],
    ['four flags', '           owner-464     [003] d..2   170.662992: ', '0 [3] owner-464'],
    ['eight flags', '           owner-464     [003] dnL.H3.1   170.662992: ', '0 [3] owner-464'],
    ['flags in groups', '           owner-464     [003] d..2. ....   170.662992: ', '0 [3] owner-464'],
    ['no flags', '           owner-464     [003]   170.662992: ', '0 [3] owner-464'],
    ['tgid', '           owner-464     (    460) [003] d..2.   170.662992: ', '0 [3] owner-464'],
    ['unknown tgid', '           owner-464     (-------) [003] d..2.   170.662992: ', '0 [3] owner-464'],
    ['trace-cmd report', '           owner-464   [003]   170.662992: ', '0 [3] owner-464'],
    ['trace-cmd report -t', '           owner-464   [003]   170.662992123: ', '0 [3] owner-464'],
    ['trace-cmd report --ts-diff', '           owner-464   [003]   170.662992: (+138)   ', '0 [3] owner-464'],
    ['trace-cmd report -l', '   owner-464     3d..2.   170.662992: ', '0 [3] owner-464'],
    ['latency-format of the kernel', '   owner-464       3d..2.  7289us+: ', '0 [3] owner-464'],
    ['ticks without a blank', '           owner-464   [003]557998894404: ', '0 [3] owner-464'],
    ['no indentation', 'owner-464 [003] 170.662992: ', '0 [3] owner-464'],
    ['indented by a tab', '\t           owner-464     [003] d..2.   170.662992: ', '0 [3] owner-464'],
    ['indented by both', '  \t \t  kworker/0:1-23   [000]   170.662992: ', '0 [0] kworker/0:1-23'],
    [
      'a comm that begins with a tab',
      '\tabcdefghij-b-1c-464     [003] .....   170.6: ',
      '0 [3] \tabcdefghij-b-1c-464',
    ],
    ['an instance', 'pins:            owner-464   [003]   170.662992: ', '0 [3] owner-464'],
    ['idle', '          <idle>-0       [003] d.s2.   170.662992: ', '0 [3] <idle>-0'],
    ['unknown comm', '           <...>-395     [003] .....   170.662992: ', '0 [3] <...>-395'],
    [
      'comm with a dash and digits',
      '     kworker/0:1-23      [000] .....   170.662992: ',
      '0 [0] kworker/0:1-23',
    ],
  ];
  for (const [name, head, expected] of cases) {
    await t.test(name, async () => {
      assert.deepEqual(await events(`${head}${SET}\n`), [`${expected} ${SET_TEXT}`]);
    });
  }
});

test('a trace that is indented as a whole has its head all the same', async (t) => {
  const trace = [
    '# tracer: nop',
    '#',
    '# entries-in-buffer/entries-written: 3/9   #P:2',
    '#',
    `       owner-464   [003]   170.662992: ${SET}`,
    '       owner-464   [003]   170.662993: <stack trace>',
    ' => __page_ref_set',
    'CPU:3 [LOST 2 EVENTS]',
    `       owner-464   [003]   170.662994: ${SET}`,
    '',
  ];
  const plain = await read(`${trace.join('\n')}\n`);
  assert.deepEqual([plain.problems, plain.facts.length, plain.gaps.length], [[], 4, 2]);
  for (const [name, indent] of [
    ['a tab', '\t'],
    ['blanks', '    '],
  ] as const) {
    await t.test(name, async () => {
      const { problems, facts, gaps, events, symbols } = await read(
        `${trace.map((line) => indent + line).join('\n')}\n`,
      );
      assert.deepEqual([problems, facts, gaps], [[], plain.facts, plain.gaps]);
      assert.deepEqual([events.length, symbols.taskComm(events.task[1]!)], [2, 'owner']);
    });
  }
});

test('the name of a task may begin as a frame does', async () => {
  const task = (comm: string): string => `${comm.padStart(16)}-12      [000] ...1.     1.00000`;
  const first = `${task('=> me')}1: ${SET}\n${task('=> me')}1: <stack trace>\n => __page_ref_set\n => outer\n`;
  // Behind a stack that is new, one that was there before, frames without a head, and frames in the line of the head.
  const again = first.replaceAll('=> me', '=> you');
  const inLine = `${task('=> me')}3: ${SET}\n${task('=> me')}3: kernel_stack:         <stack trace>\n=> __page_ref_set (ffffffff81000010)\n`;
  const text = `${first}${first}${again} => lonely\n${first}${inLine}${first}`;
  const capture = await read(text);
  const { events, symbols } = capture;
  assert.equal(events.length, 6);
  for (let row = 0; row < events.length; row++) {
    assert.match(symbols.taskComm(events.task[row]!), /^=> (?:me|you)$/);
    assert.ok(stackText(capture, events.stack[row]!).includes('__page_ref_set'), `row ${row}`);
  }
  assert.equal(capture.orphanStacks, 0);
});

test('the kernel that a recording script writes at the head', async () => {
  const text = `# kernel: 6.12.5-board\n# tracer: nop\n           owner-464     [003] d..2.   170.662992: ${SET}\n`;
  const { kernel, problems, facts } = await read(`${text}# cpu0 overrun: 4\n`);
  assert.deepEqual(kernel, { release: '6.12.5-board', buildId: null });
  assert.deepEqual(problems, []);
  assert.ok(facts.some(([name, value]) => name === 'kernel' && value === '6.12.5-board'));
});

test('what was overwritten stands in the header of latency-format too', async () => {
  const line = `           owner-464       3d..2.  7289us+: ${SET}\n`;
  for (const model of ['M:PREEMPT(none) VP:0, KP:0, SP:0 HP:0 #P:2', 'M:server VP:0, KP:0, SP:0 HP:0 #P:2']) {
    const capture = await read(`# tracer: nop\n#\n# latency: 0 us, #1/104, CPU#0 | (${model})\n${line}`);
    assert.equal(capture.lost, 103);
    assert.deepEqual(
      capture.gaps.map(({ cause, cpu, events }) => [cause, cpu, events]),
      [['overwritten', null, 103]],
    );
    assert.deepEqual(
      capture.facts.filter(([name]) => /entries|CPUs/.test(name)),
      [
        ['entries in buffer', '1'],
        ['entries written', '104'],
        ['CPUs', '2'],
      ],
    );
  }
  const single = await read(`# latency: 0 us, #1/1, CPU#0 | (M:server VP:0, KP:0, SP:0 HP:0)\n${line}`);
  assert.deepEqual([single.lost, single.gaps], [0, []]);
});

test('lines of other output options under the head of ftrace', async () => {
  const head = '# tracer: nop\n#\n';
  for (const lines of [
    '3949 0 26436881400296 type: 653\n',
    '00000f6d 00000000 0000180b50ecc1e8 type: 653\n\n',
    'mm_page_alloc: page=000000001fb59d08 pfn=0x109d7c order=1 migratetype=0 gfp_flags=GFP_KERNEL\n',
    `              sh    3949   0 0 00000000 00000000 [627c2cbf8] 26436881.400ms (+0.030ms): ${SET}\n`,
  ]) {
    const { problems } = await read(head + lines);
    assert.match(
      problems[0]!.message,
      /^not a line of ftrace text: .*; check that it was recorded with the default output options \(context-info on;/,
    );
  }
  const line = `           owner-464     [003] d..2.   170.662992: ${SET}\n`;
  for (const text of [`${head}${line}3949 0\n`, `3949 0\n${line}`]) {
    const { problems } = await read(text);
    assert.match(problems[0]!.message, /or a "#" header line$/);
  }
});

test('with options/fields the records of stacks are no events, and it is said why there are no stacks', async () => {
  const head = '           owner-464     [003] d..2.   170.662992: ';
  const fields = 'page_ref_set: pfn=0x12e8d (77453) flags=0x0 (0) count=0x1 (1) mapcount=0x0 (0) val=0x1 (1)';
  const capture = await read(
    '# entries-in-buffer/entries-written: 4/4   #P:2\n' +
      `${head}${fields}\n${head}UNKNOWN TYPE 4\n${head}UNKNOWN TYPE 12\n${head}UNKNOWN TYPE 44\n`,
  );
  assert.deepEqual([capture.problems, capture.missingEntries], [[], undefined]);
  assert.deepEqual([capture.events.length, capture.otherEvents.size, capture.stackRecords], [1, 0, 0]);
  assert.equal(capture.unprintedStacks, 1);
  assert.match(
    doubtTexts(capture).join('\n'),
    /^1 stack not printed, as options\/fields was on: .*\(print or record again with options\/fields at 0\)$/m,
  );
  assert.equal((await read(`${head}${SET}\n`)).unprintedStacks, undefined);
});

test('a comm may hold any byte', async () => {
  for (const comm of [
    'a b',
    'a-1',
    'x-5 [000]',
    '[12]',
    'foo: bar',
    '(-------)',
    '-',
    '--1-',
    '  ',
    '#',
    '=> f',
    '1.5:',
  ]) {
    const line = `${comm.padStart(16)}-464     [003] d..2.   170.662992: ${SET}\n`;
    assert.deepEqual(await events(line), [`0 [3] ${comm.trimStart()}-464 ${SET_TEXT}`], comm);
  }
  const bytes = new TextEncoder().encode(`            ????-464     [003] .....   170.662992: ${SET}\n`);
  bytes.set([0xff, 0x01, 0xc3, 0x28], 12);
  const capture = await openCapture(memorySource(bytes));
  assert.equal(capture.problemCount, 0);
  assert.equal(capture.symbols.taskComm(0), '\ufffd\u0001\ufffd(');
});

test('times are exact, whatever the clock', async () => {
  const at = (time: string, name = 'x'): string => `           owner-1     [000] ..... ${time}: ${name}: \n`;
  const tai = await read(
    at('1732345678.123456789') + at('1732345679.123456788') + at('1732345678.123456780'),
  );
  assert.deepEqual([...tai.events.time.subarray(0, 3)], [0, 999999999, -9]);
  assert.equal(tai.timeBase, 1732345678123456789n);
  assert.equal(tai.resolution, 1);

  const ticks = await read(at('18446744073709551600') + at('18446744073709551615') + at('999999999999999'));
  assert.deepEqual([...ticks.events.time.subarray(0, 2)], [0, 15]);
  assert.equal(ticks.timeBase, 18446744073709551600n);
  assert.equal(ticks.clock, 'ticks');
  assert.equal(ticks.events.time[2], Number(999999999999999n - 18446744073709551600n));

  const micro = await read(at('    0.000001') + at('    5.000002'));
  assert.deepEqual([...micro.events.time.subarray(0, 2)], [0, 5000001000]);
  assert.equal(micro.resolution, 1000);

  const mixed = await read(at('1.000001') + at('12345') + at('12346') + at('2.000001'));
  assert.deepEqual([...mixed.events.time.subarray(0, 4)], [0, NaN, NaN, 1e9]);
  assert.equal(mixed.problemCount, 1);
  assert.match(mixed.problems[0]!.message, /ticks, expected seconds/);
});

const HEAD = '           owner-464     [003] .....   170.662992: ';

test('fields are found by key', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    [
      'page_ref_mod: page=00000000deadbeef val=-1024 pfn=0x10 mt=1 mapping=0xffff8881 count=3 mapcount=-1 flags=locked|0x8001e',
      'page_ref_mod PageRefMod pfn=0x10 flags=locked|referenced|uptodate|dirty|lru|swapbacked mapping=Hashed count=3 mapcount=-1 val=-1024 mt=1',
    ],
    // options/fields of the kernel: print_event_fields() in kernel/trace/trace_output.c
    [
      'page_ref_mod_and_test: pfn=0x12fff (77823) flags=0xa0004 (655364) count=0x2 (2) mapcount=0xffffffff (-1) mapping=0xffff93ccc662a5b1 (-118972) mt=0x4 (4) val=0xffffffff (-1) ret=0x0 (0)',
      'page_ref_mod_and_test PageRefModAndTest pfn=0x12fff flags=uptodate|mappedtodisk|swapbacked mapping=Anonymous count=2 mapcount=-1 val=-1 ret=0 mt=4',
    ],
    [
      'page_ref:page_ref_freeze: pfn=0x1 flags=uptodate|unknown_flag|hwpoison count=4 mapcount=0 mapping=ffff888003f0c1a2 mt=1 val=3 ret=0',
      'page_ref:page_ref_freeze PageRefFreeze pfn=0x1 flags=uptodate|hwpoison mapping=Movable count=4 mapcount=0 val=3 ret=0 mt=1',
    ],
    [
      'page_ref_unfreeze: pfn=0x1 flags=0x40000000000a0014 count=4 mapcount=0 mapping=00000000a1b2c3d4 mt=1 val=4',
      'page_ref_unfreeze PageRefUnfreeze pfn=0x1 flags=uptodate|lru|mappedtodisk|swapbacked mapping=Hashed count=4 mapcount=0 val=4 mt=1',
    ],
    [
      'folio_ref_set: pfn=0x1 flags=none count=1 mapcount=0 mapping=ff1100010203d4e3 mt=1 val=1',
      'folio_ref_set PageRefSet pfn=0x1 flags=none mapping=Anonymous count=1 mapcount=0 val=1 mt=1',
    ],
    [
      'page_ref_set: pfn=0x1 flags=none count=1 mapcount=0 mapping=(____ptrval____) mt=1 val=1',
      'page_ref_set PageRefSet pfn=0x1 flags=none mapping=Hashed count=1 mapcount=0 val=1 mt=1',
    ],
    [
      'page_ref_set: pfn=0x1 flags=none count=1 mapcount=0 mapping=ffff888003f0c1a8 mt=1 val=1',
      'page_ref_set PageRefSet pfn=0x1 flags=none mapping=File count=1 mapcount=0 val=1 mt=1',
    ],
    [
      'report_page_pinners: pfn=0x12f91 flags=lru count=1029 mapcount=1 mapping=0000000000000000 mt=5 reason=contig_range err=-11',
      'report_page_pinners PinFailure pfn=0x12f91 flags=lru mapping=Null count=1029 mapcount=1 mt=5 error=-11 reason=contig_range',
    ],
    [
      'report_page_pinners:  pfn=0x12f91 flags=lru count=4 mapcount=1 mapping=(nil) mt=5 reason=ffffffff81e0984b err=-11',
      'report_page_pinners PinFailure pfn=0x12f91 flags=lru mapping=Null count=4 mapcount=1 mt=5 error=-11',
    ],
    [
      'page_pinner_failure: pfn=0x1f flags=lru count=4 mapcount=1 mapping=(nil) mt=5',
      'page_pinner_failure PinFailure pfn=0x1f flags=lru mapping=Null count=4 mapcount=1 mt=5',
    ],
    ['mm_page_free: page=00000000e2ba1d3c pfn=123456 order=9', 'mm_page_free PageFree pfn=0x1e240 order=9'],
    ['mm_page_free: page=00000000e2ba1d3c pfn=12a456 order=0', 'mm_page_free PageFree pfn=0x12a456 order=0'],
    [
      'mm_page_alloc: page=(nil) pfn=0x0 order=10 migratetype=1 gfp_flags=GFP_KERNEL',
      'mm_page_alloc PageAlloc mt=1 order=10',
    ],
    [
      'cma_alloc: pfn=ffffffffffffffff page=(null) count=16 align=4',
      'cma_alloc CmaAllocFinish pages=16 result=fail',
    ],
    [
      'cma_alloc: pfn=12345 page=00000000e2ba1d3c count=16 align=4',
      'cma_alloc CmaAllocFinish pfn=0x12345 end=0x12355 pages=16 result=success',
    ],
    [
      'cma_alloc_busy_retry: name=linux,cma pfn=12e80 page=00000000e2ba1d3c count=256 align=8',
      'cma_alloc_busy_retry CmaAllocBusyRetry pfn=0x12e80 end=0x12f80 pages=256 label=linux,cma',
    ],
    [
      'cma_alloc_finish: name=reserved pfn=0x12f00 page=(nil) count=2048 align=0 errorno=-16',
      'cma_alloc_finish CmaAllocFinish pfn=0x12f00 end=0x13700 pages=2048 error=-16 label=reserved result=fail',
    ],
    [
      'cma_alloc_info: name=reserved pfn=0xffffffffffffffff count=16 align=0 nr_migrated=3 nr_reclaimed=0 nr_mapped=3 ' +
        'err_iso=0 err_mig=2 err_test=5',
      'cma_alloc_info CmaAllocInfo pages=16 failed=2 isolation=0 test=5 label=reserved',
    ],
    [
      'cma_alloc_start: name=reserved request_count=8 available_count=100 total_count=2048 align=3',
      'cma_alloc_start CmaAllocStart pages=8 label=reserved',
    ],
    [
      'test_pages_isolated: start_pfn=0x12800 end_pfn=0x13000 fin_pfn=0x12e8d ret=fail',
      'test_pages_isolated TestPagesIsolated pfn=0x12800 end=0x13000 fin=0x12e8d result=fail',
    ],
    [
      'test_pages_isolated: start_pfn=0x12800 end_pfn=0x13000 fin_pfn=0x13000',
      'test_pages_isolated TestPagesIsolated pfn=0x12800 end=0x13000 fin=0x13000 result=success',
    ],
    [
      'mm_migrate_pages_start: mode=2 reason=6',
      'mm_migrate_pages_start MigratePagesStart reason=contig_range label=MIGRATE_SYNC',
    ],
    [
      'mm_migrate_pages_start: mode=2 reason=9',
      'mm_migrate_pages_start MigratePagesStart reason=damon label=MIGRATE_SYNC',
    ],
    [
      'mm_migrate_pages: nr_succeeded=3 nr_failed=1 nr_thp_succeeded=0 mode=MIGRATE_SYNC reason=memory_hotplug',
      'mm_migrate_pages MigratePages pages=3 failed=1 reason=memory_hotplug label=MIGRATE_SYNC',
    ],
    [
      'mm_compaction_migratepages: nr_migrated=12 nr_failed=20',
      'mm_compaction_migratepages CompactionMigratePages pages=12 failed=20',
    ],
    [
      'mm_compaction_begin: zone_start=0x1000 migrate_pfn=0x1200 free_pfn=0x3fe00 zone_end=0x40000, mode=sync',
      'mm_compaction_begin CompactionBegin pfn=0x1000 end=0x40000 label=sync',
    ],
    [
      'mm_compaction_end: zone_start=0x1000 migrate_pfn=0x1200 free_pfn=0x3fe00 zone_end=0x40000, mode=sync status=complete',
      'mm_compaction_end CompactionEnd pfn=0x1000 end=0x40000 label=sync result=complete',
    ],
    [
      'memory_failure_event: pfn 0x12fe8: recovery action for clean LRU page: Failed',
      'memory_failure_event MemoryFailure pfn=0x12fe8 label=clean LRU page result=Failed',
    ],
    [
      'ras:memory_failure_event:  pfn 0x12fe8: recovery action for free buddy page: Delayed',
      'ras:memory_failure_event MemoryFailure pfn=0x12fe8 label=free buddy page result=Delayed',
    ],
    ['set_migration_pte: addr=7ff0, pte=efff order=0', 'set_migration_pte Other'],
    ['vfs_read <-ksys_read', 'function Other'],
    ['# 5 deadbeef', '(no event name) Other'],
  ];
  for (const [line, expected] of cases) {
    await t.test(line.slice(0, 70), async () => {
      assert.deepEqual(await events(`${HEAD}${line}\n`), [`0 [3] owner-464 ${expected}`]);
      assert.deepEqual(await events(`${HEAD}${line}\r\n`), [`0 [3] owner-464 ${expected}`], 'with CR LF');
    });
  }
});

test('an event without a field that it needs is kept and reported', async () => {
  const capture = await read(
    `${HEAD}page_ref_mod: pfn=0x12 flags=none count=1 mapcount=0 mapping=(nil) mt=4 va\n`,
  );
  assert.equal(capture.events.pfn[0], 0x12);
  assert.equal(capture.problemCount, 1);
  assert.deepEqual(capture.problems[0], {
    offset: 0,
    line: 1,
    message: 'page_ref_mod without a readable "val="; expected it among its fields',
  });
});

test('frames of all writers', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    [' => copy_page_range', 'copy_page_range'],
    [' => copy_page_range+0x124e/0x17f0', 'copy_page_range+0x124e/0x17f0'],
    [
      ' => copy_page_range+0x124e/0x17f0 <ffffffffbe25391e>',
      'copy_page_range+0x124e/0x17f0 <ffffffffbe25391e>',
    ],
    [
      ' => ext4_getblk+0xd1/0x240 [ext4] <ffffffffc0532a51>',
      'ext4_getblk+0xd1/0x240 [ext4] <ffffffffc0532a51>',
    ],
    [' => ext4_getblk+0xd1/0x240 [ext4]', 'ext4_getblk+0xd1/0x240 [ext4]'],
    [' => ext4_getblk+0xd1/0x240 [ext4 1a2b3c4d]', 'ext4_getblk+0xd1/0x240 [ext4]'],
    [' => ext4_getblk [ext4]', 'ext4_getblk [ext4]'],
    [' => release_pages <ffffffffbe22174a>', 'release_pages <ffffffffbe22174a>'],
    ['=> release_pages (ffffffffbe22174a)', 'release_pages <ffffffffbe22174a>'],
    ['=> release_pages+0x19a  (ffffffffbe22174a)', 'release_pages+0x19a <ffffffffbe22174a>'],
    ['=> ffffffffc0532a51', '0xffffffffc0532a51 <ffffffffc0532a51>'],
    [' => 0xffffffffc0532a51', '0xffffffffc0532a51 <ffffffffc0532a51>'],
    ['\t=> release_pages', 'release_pages'],
    [" => [unknown/kretprobe'd]", "[unknown/kretprobe'd]"],
    [" => [unknown/kretprobe'd] <ffffffffbe22174a>", "[unknown/kretprobe'd] <ffffffffbe22174a>"],
    [' => [FTRACE TRAMPOLINE]', '[FTRACE TRAMPOLINE]'],
    [' => do_madvise.part.0.isra.0+0x5/0x10', 'do_madvise.part.0.isra.0+0x5/0x10'],
    [' => _RNvCs1_4core+0x10/0x20', '_RNvCs1_4core+0x10/0x20'],
    [' => facade', 'facade'],
    [' => decade', 'decade'],
    [' =>  spaced ', 'spaced'],
  ];
  for (const [line, expected] of cases) {
    await t.test(JSON.stringify(line), async () => {
      for (const end of ['\n', '\r\n']) {
        const capture = await read(
          `${HEAD}${SET}${end}${HEAD}<stack trace>${end}${line}${end} => outer${end}`,
        );
        assert.deepEqual(capture.problems, []);
        assert.equal(stackText(capture, capture.events.stack[0]!), `${expected} < outer`);
      }
    });
  }
});

test('unused places at the end of a stack are no frames', async () => {
  const text = `${HEAD}${SET}\n${HEAD}kernel_stack:         \t=> a\n\t=> 0x0\n\t=> b\n\t=> 0x0\n\t=> 0x0\n`;
  const capture = await read(text);
  assert.equal(stackText(capture, capture.events.stack[0]!), 'a < 0x0 < b');
});

const line = (task: string, cpu: number, flags: string, text: string): string =>
  `${task.padStart(20)}     [00${cpu}] ${flags}   1.000000: ${text}\n`;
const event = (name: string): string => `${name}: pfn=0x1`;
const stack = (...frames: string[]): string =>
  `<stack trace>\n${frames.map((frame) => ` => ${frame}\n`).join('')}`;
const stackOf = (capture: Capture, row: number): string => stackText(capture, capture.events.stack[row]!);

test('a stack belongs to the newest waiting event of its task on its CPU', async (t) => {
  await t.test('lines of another CPU in between', async () => {
    const capture = await read(
      line('a-1', 0, '.....', event('x')) +
        line('b-2', 1, '.....', event('y')) +
        line('a-1', 0, '.....', stack('fx')) +
        line('b-2', 1, '.....', stack('fy')),
    );
    assert.deepEqual([stackOf(capture, 0), stackOf(capture, 1)], ['fx', 'fy']);
  });
  for (const [name, flags, interrupt] of [
    ['with flags', '.....', 'd.h1.'],
    ['without flags', '', ''],
  ] as const) {
    await t.test(`an interrupt between an event and its stack, ${name}`, async () => {
      const capture = await read(
        line('a-1', 0, flags, event('x')) +
          line('a-1', 0, interrupt, event('irq1')) +
          line('a-1', 0, interrupt, stack('f1')) +
          line('a-1', 0, interrupt, event('irq2')) +
          line('a-1', 0, interrupt, stack('f2')) +
          line('a-1', 0, flags, stack('fx')) +
          line('a-1', 0, flags, stack('gone')),
      );
      assert.deepEqual(
        [0, 1, 2].map((row) => stackOf(capture, row)),
        ['fx', 'f1', 'f2'],
      );
      assert.equal(capture.orphanStacks, 1);
    });
  }
  await t.test('the comm may become known in between', async () => {
    const capture = await read(line('<...>-1', 0, '.....', event('x')) + line('a-1', 0, '.....', stack('f')));
    assert.equal(stackOf(capture, 0), 'f');
  });
  await t.test('not to an event that went by without one', async () => {
    const capture = await read(
      line('a-1', 0, '.....', event('x')) +
        line('a-1', 0, '.....', event('y')) +
        line('a-1', 0, '.....', stack('fy')) +
        line('a-1', 0, '.....', stack('gone')),
    );
    assert.deepEqual([stackOf(capture, 0), stackOf(capture, 1), capture.orphanStacks], ['-', 'fy', 1]);
  });
  await t.test('not across a switch of tasks', async () => {
    const capture = await read(
      line('a-1', 0, '', event('x')) + line('b-2', 0, '', event('y')) + line('a-1', 0, '', stack('gone')),
    );
    assert.deepEqual([stackOf(capture, 0), capture.orphanStacks], ['-', 1]);
  });
  await t.test('not across lost events', async () => {
    const capture = await read(
      line('a-1', 0, '.....', event('x')) +
        'CPU:0 [LOST 5 EVENTS]\n' +
        line('a-1', 0, '.....', stack('gone')),
    );
    assert.deepEqual([stackOf(capture, 0), capture.orphanStacks, capture.lost], ['-', 1, 5]);
  });
  await t.test('not to an event of another instance', async () => {
    const capture = await read(
      `pins: ${line('a-1', 0, '', event('x'))}      ${line('a-1', 0, '', event('y'))}pins: ${line('a-1', 0, '', stack('fx'))}`,
    );
    assert.deepEqual([stackOf(capture, 0), stackOf(capture, 1)], ['fx', '-']);
  });
});

test('gets and puts that several buffers of a report have may count twice', async () => {
  const ofBuffer = (instance: string, text: string): string => `${instance}${line('a-1', 0, '', text)}`;
  const uncompared = async (...lines: string[]): Promise<readonly string[]> => {
    const capture = await read(lines.join(''));
    const names = capture.uncomparedBuffers ?? [];
    const isSaid = /buffer.* both recorded count twice.*open its trace\.dat/.test(doubtTexts(capture).join());
    assert.equal(isSaid, names.length > 0);
    return names;
  };
  const put = SET.replace('page_ref_set', 'page_ref_mod');
  const top = '      ';
  assert.deepEqual(await uncompared(ofBuffer(top, SET), ofBuffer('pins: ', SET)), ['pins']);
  assert.deepEqual(await uncompared(ofBuffer('one: ', SET), ofBuffer('two: ', SET)), ['one', 'two']);
  assert.deepEqual(
    await uncompared(ofBuffer(top, put), ofBuffer('pins: ', SET), ofBuffer('pins: ', SET)),
    [],
  );
  assert.deepEqual(await uncompared(ofBuffer(top, event('x')), ofBuffer('pins: ', event('x'))), []);
  assert.deepEqual(await uncompared(ofBuffer(top, SET), ofBuffer(top, SET)), []);
});

test('user stacks are kept apart', async () => {
  const capture = await read(
    line('a-1', 0, '.....', event('x')) +
      line(
        'a-1',
        0,
        '.....',
        '<user stack trace>\n =>  <00007fd77245b687>\n => /lib/libc.so[+0x1234]\n',
      ).trimEnd() +
      '\n' +
      line('a-1', 0, '.....', stack('f')) +
      line('a-1', 0, '.....', event('y')) +
      line('a-1', 0, '.....', 'user_stack:  => 0x7fd77245b687\n\t=> 0x0\n').trimEnd() +
      '\n',
  );
  assert.deepEqual(capture.problems, []);
  assert.deepEqual([stackOf(capture, 0), stackOf(capture, 1)], ['f', '-']);
  assert.equal(capture.stackRecords, 1);
  assert.deepEqual(capture.facts.at(-1), ['user stacks (left out)', '2']);
});

test('losses become gaps with their times', async () => {
  const at = (cpu: number, time: string): string =>
    `               a-1       [00${cpu}] ..... ${time}: x: \n`;
  const capture = await read(
    '# tracer: nop\n# entries-in-buffer/entries-written: 10/110   #P:2\n' +
      at(0, '1.000000') +
      'CPU:0 [LOST 3 EVENTS]\n' +
      '##### CPU 1 buffer started ####\n' +
      at(1, '2.000000') +
      at(0, '3.000000') +
      'pins:     CPU:0 [5 EVENTS DROPPED]\n' +
      'CPU 0: 2 MISSED EVENTS\n' +
      'CPU:1 [EVENTS DROPPED]\n' +
      'CPU:1 [LOST EVENTS]\n' +
      'CPU:0 [SUBBUFFER START]\n' +
      at(0, '4.000000'),
  );
  assert.deepEqual(capture.problems, []);
  assert.deepEqual(capture.gaps, [
    { cpu: null, from: null, to: 0, events: 100, beforeRow: 0, cause: 'overwritten' },
    { cpu: 0, from: 0, to: 2e9, events: 3, beforeRow: 1, cause: 'lost' },
    { cpu: 1, from: null, to: 1e9, events: null, beforeRow: 1, cause: 'started' },
    { cpu: 0, from: 2e9, to: 3e9, events: 7, beforeRow: 3, cause: 'lost' },
    { cpu: 1, from: 1e9, to: null, events: null, beforeRow: 3, cause: 'lost' },
  ]);
  assert.equal(capture.lost, 110);
});

test('events that the analysis does not use are counted by name', async () => {
  const capture = await read(
    HEAD + 'sched_switch: a ==> b\n' + HEAD + 'sched:sched_switch: a ==> b\n' + HEAD + SET + '\n',
  );
  assert.deepEqual(
    [...capture.otherEvents],
    [
      ['sched_switch', 1],
      ['sched:sched_switch', 1],
    ],
  );
  assert.equal(capture.events.detail[0], NO_DETAILS);
});
