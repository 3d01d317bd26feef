/** Files made for the test: both versions and byte orders, 32 and 64 bits, every form of record and option. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { assertConsistent, eventText, rowTexts, stackText } from './support/describeCapture';
import * as events from './support/memoryEvents';
import { ByteWriter } from './support/perfDataWriter';
import { memorySource } from './support/sources';
import { recordData, writeTraceDat, type RecordText, type TraceDatText } from './support/traceDatWriter';

type Shape = Pick<Required<TraceDatText>, 'version' | 'littleEndian' | 'longSize' | 'compression'>;

const LRU = 1 << 4;
const SWAPBACKED = 1 << 19;

async function read(bytes: Uint8Array, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await openCapture(memorySource(bytes), { chunkSize });
  assertConsistent(capture, { isInFileOrder: false });
  return capture;
}

function messages(capture: Capture): string[] {
  return capture.problems.map((problem) => problem.message);
}

const UNAME = [5, new TextEncoder().encode('Linux host 6.1.192-pagelab x86_64\0')] as const;

const base = (shape: Partial<Shape>): Omit<TraceDatText, 'buffers'> => ({
  version: 7,
  ...shape,
  events: events.ALL_EVENTS,
  kallsyms: shape.longSize === 4 ? KALLSYMS_32 : KALLSYMS_64,
  printk: '0xffffffff81dec778 : "contig_range"\n0x81dec778 : "contig_range"\n',
  commandLines: '130 pinner\n131 pipe reader\n',
  options: [UNAME],
});

const KALLSYMS_64 = [
  '0000000000000000 A fixed_percpu_data',
  'ffffffff81000000 T _text',
  'ffffffff81001000 T get_page',
  'ffffffff81001000 T get_page_alias',
  'ffffffff81001080 t put_page',
  'ffffffff81001100 D some_data',
  'ffffffffc0002000 t ext4_two\t[ext4]',
  'ffffffffc0001000 t ext4_one\t[ext4]',
  '',
].join('\n');
const KALLSYMS_32 = KALLSYMS_64.replace(/^0{16}|ffffffff/gm, (found) =>
  found.startsWith('0') ? '00000000' : '',
);

const PAGE_REF = {
  pfn: 0x12f93,
  flags: (1n << 54n) | BigInt(SWAPBACKED | LRU),
  count: 2,
  mapcount: -1,
  mapping: 0xffff888003d81b61n,
  mt: 5,
  val: -1,
};

/** Records of every kind of field, with the values that the test expects. */
function allRecords(shape: Partial<Shape>): RecordText[] {
  const data = (
    event: (typeof events.ALL_EVENTS)[number],
    pid: number,
    values: Record<string, number | bigint | Uint8Array>,
    more = {},
  ): Uint8Array => recordData(shape, event, pid, values, more);
  const stack = (...addresses: bigint[]): Uint8Array => {
    const out = new ByteWriter(shape.littleEndian ?? true);
    for (const address of addresses) {
      if (shape.longSize === 4) out.u32(Number(address & 0xffffffffn));
      else out.u64(address);
    }
    return out.done();
  };
  const name = new TextEncoder().encode('reserved\0');
  const nameOffset = shape.longSize === 4 ? 32 : 48;
  return [
    { time: 1000n, data: data(events.PAGE_REF_MOD, 130, PAGE_REF) },
    {
      time: 1001n,
      data: data(
        events.KERNEL_STACK,
        130,
        { size: 3 },
        {
          tail: stack(0xffffffff81001044n, 0xffffffffc0001010n, 0xffffffff00000010n, 0n, 0n, 0n, 0n, 0n),
        },
      ),
    },
    {
      time: 1500n,
      data: data(events.PAGE_REF_FREEZE, 131, { ...PAGE_REF, val: 1, ret: 0, mapping: 0xffff888003a0b510n }),
      paddingBefore: 12,
    },
    // A stack longer than the array of its format, in a record that needs a word for its length.
    {
      time: 1501n,
      data: data(
        events.KERNEL_STACK,
        131,
        { size: 20 },
        {
          tail: stack(...Array.from({ length: 20 }, (_, i) => 0xffffffff81001081n + BigInt(i))),
        },
      ),
    },
    { time: 1502n, data: data(events.USER_STACK, 131, { tgid: 131 }, { tail: stack(1n, 2n) }) },
    {
      time: 300_000_000_000n,
      data: data(
        events.CMA_ALLOC_FINISH,
        0,
        { name: (9 << 16) | nameOffset, pfn: 0x12800, count: 16, errorno: -16 },
        { tail: name },
      ),
    },
    {
      time: 300_000_000_001n,
      data: data(
        events.CMA_RELEASE,
        0,
        { name: (9 << 16) | (shape.longSize === 4 ? 8 : 20), pfn: 0x12800, count: 4 },
        { tail: name },
      ),
      longForm: true,
    },
    {
      time: 300_000_000_002n,
      stamp: 'absolute',
      data: data(events.MIGRATE_PAGES, 7, { succeeded: 3, failed: 1, mode: 2, reason: 6 }),
    },
    { time: 300_000_000_003n, data: data(events.MIGRATE_PAGES, 7, { mode: 9, reason: 8 }) },
    {
      time: 300_000_000_004n,
      data: data(events.TEST_PAGES_ISOLATED, 7, { start_pfn: 0x12800, end_pfn: 0x13000, fin_pfn: 0x12f93 }),
    },
    {
      time: 300_000_000_005n,
      data: data(events.REPORT_PINNERS, 7, {
        ...PAGE_REF,
        mapping: 0,
        reason: 0xffffffff81dec778n,
        err: -11,
      }),
    },
    {
      time: 300_000_000_006n,
      data: data(events.REPORT_PINNERS, 7, {
        ...PAGE_REF,
        mapping: 0xffff888003d81b62n,
        reason: 0x1234n,
        err: -11,
      }),
    },
    {
      time: 300_000_000_007n,
      data: data(events.COMPACTION_BEGIN, 7, { zone_start: 1, zone_end: 0x20000, sync: 1 }),
    },
    { time: 300_000_000_008n, data: data(events.MEMORY_FAILURE, 7, { pfn: 0x12fe8, type: 14, result: 3 }) },
    { time: 300_000_000_009n, data: data(events.MM_PAGE_ALLOC, 7, { pfn: 0x777, order: 9, migratetype: 1 }) },
    { time: 300_000_000_010n, data: data(events.MM_PAGE_ALLOC, 7, { pfn: -1n, order: 0, migratetype: 1 }) },
    { time: 300_000_000_011n, data: data(events.SCHED_SWITCH, 7, { prev_comm: name, prev_pid: 7 }) },
    {
      time: 300_000_000_012n,
      data: data(events.CMA_ALLOC_INFO, 7, { pfn: -1n, count: 16, nr_migrated: 3, err_mig: 2, err_test: 5 }),
    },
  ];
}

/** The rows of {@link allRecords} on a 64-bit kernel. */
const EXPECTED = [
  '0 [0] pinner-130 page_ref_mod PageRefMod pfn=0x12f93 flags=lru|swapbacked mapping=Anonymous count=2 mapcount=-1 val=-1 mt=5' +
    ' < get_page+0x44/0x80 <ffffffff81001044> < ext4_one+0x10/0x1000 [ext4] <ffffffffc0001010>' +
    ' < 0xffffffff00000010 <ffffffff00000010>',
  '500 [0] pipe reader-131 page_ref_freeze PageRefFreeze pfn=0x12f93 flags=lru|swapbacked mapping=File count=2 mapcount=-1 val=1 ret=0 mt=5 < ' +
    Array.from(
      { length: 20 },
      (_, i) => `put_page+0x${(i + 1).toString(16)}/0x80 <${(0xffffffff81001081n + BigInt(i)).toString(16)}>`,
    ).join(' < '),
  '299999999000 [0] <idle>-0 cma_alloc_finish CmaAllocFinish pfn=0x12800 end=0x12810 pages=16 error=-16 label=reserved result=fail < -',
  '299999999001 [0] <idle>-0 cma_release CmaRelease pfn=0x12800 end=0x12804 pages=4 label=reserved < -',
  '299999999002 [0] <...>-7 mm_migrate_pages MigratePages pages=3 failed=1 reason=contig_range label=MIGRATE_SYNC < -',
  '299999999003 [0] <...>-7 mm_migrate_pages MigratePages pages=0 failed=0 reason=other_number label=0x9 < -',
  '299999999004 [0] <...>-7 test_pages_isolated TestPagesIsolated pfn=0x12800 end=0x13000 fin=0x12f93 result=fail < -',
  '299999999005 [0] <...>-7 report_page_pinners PinFailure pfn=0x12f93 flags=lru|swapbacked mapping=Null count=2 mapcount=-1 mt=5 error=-11 reason=contig_range < -',
  '299999999006 [0] <...>-7 report_page_pinners PinFailure pfn=0x12f93 flags=lru|swapbacked mapping=Movable count=2 mapcount=-1 mt=5 error=-11 < -',
  '299999999007 [0] <...>-7 mm_compaction_begin CompactionBegin pfn=0x1 end=0x20000 label=sync < -',
  '299999999008 [0] <...>-7 memory_failure_event MemoryFailure pfn=0x12fe8 label=clean LRU page result=Recovered < -',
  '299999999009 [0] <...>-7 mm_page_alloc PageAlloc pfn=0x777 mt=1 order=9 < -',
  '299999999010 [0] <...>-7 mm_page_alloc PageAlloc mt=1 order=0 < -',
  '299999999011 [0] <...>-7 sched_switch Other < -',
  '299999999012 [0] <...>-7 cma_alloc_info CmaAllocInfo pages=16 failed=2 isolation=0 test=5 label= < -',
];

/** A 32-bit kernel has other addresses, everything else is the same. */
function in32Bits(row: string): string {
  return row.replaceAll('ffffffff00000010', '10').replaceAll('<ffffffff', '<').replaceAll('0xffffffff', '0x');
}

test('every version, byte order, word size and compression', async (t) => {
  for (const version of [6, 7] as const) {
    for (const littleEndian of [true, false]) {
      for (const longSize of [4, 8] as const) {
        for (const compression of version === 6 ? (['none'] as const) : (['none', 'zlib', 'zstd'] as const)) {
          const shape = { version, littleEndian, longSize, compression };
          await t.test(JSON.stringify(shape), async () => {
            const bytes = writeTraceDat({
              ...base(shape),
              pageSize: 256,
              buffers: [{ name: '', clock: 'mono', cpus: [allRecords(shape), []] }],
            });
            const capture = await read(bytes);
            assert.deepEqual(messages(capture), []);
            assert.deepEqual(rowTexts(capture), longSize === 8 ? EXPECTED : EXPECTED.map(in32Bits));
            assert.equal(capture.format, 'trace-dat');
            assert.equal(capture.clock, 'ns');
            assert.equal(capture.timeBase, 1000n);
            assert.equal(capture.stackRecords, 2);
            assert.deepEqual([...capture.otherEvents], [['sched_switch', 1]]);
            const facts = new Map(capture.facts);
            assert.equal(facts.get('clock'), 'mono');
            assert.equal(facts.get('user stacks (left out)'), '1');
            assert.equal(facts.get('byte order'), littleEndian ? undefined : 'big endian');
            for (const chunkSize of [1, 7, 64, 1000]) {
              const small = await read(bytes, chunkSize);
              assert.deepEqual(rowTexts(small), rowTexts(capture));
              assert.deepEqual(messages(small), []);
            }
          });
        }
      }
    }
  }
});

/** A page_ref_mod at a time, on a page that tells which one it is. */
function mod(time: bigint, pfn: number, more: Partial<RecordText> = {}): RecordText {
  return { time, data: recordData({}, events.PAGE_REF_MOD, 130, { ...PAGE_REF, pfn }), ...more };
}

function pfns(capture: Capture): number[] {
  return [...capture.events.pfn.subarray(0, capture.events.length)];
}

test('CPUs and buffers of one clock are merged by time, the lower one first at the same time', async () => {
  for (const version of [6, 7] as const) {
    const bytes = writeTraceDat({
      ...base({ version }),
      buffers: [
        {
          name: '',
          clock: 'mono',
          cpus: [
            [mod(10n, 1), mod(30n, 5)],
            [mod(10n, 2), mod(20n, 4), mod(40n, 7)],
          ],
        },
        { name: 'pins', clock: 'mono', cpus: [[mod(10n, 3)], [mod(30n, 6), mod(50n, 8)]] },
      ],
    });
    const capture = await read(bytes);
    assert.deepEqual(messages(capture), []);
    assert.deepEqual(pfns(capture), [1, 2, 3, 4, 5, 6, 7, 8]);
    assert.deepEqual([...capture.events.cpu.subarray(0, 8)], [0, 1, 0, 1, 0, 1, 1, 1]);
    assert.equal(new Map(capture.facts).get('instances'), 'pins');
  }
});

test('the clock is that of the buffers with records, whatever the top level would have had', async () => {
  for (const [top, own, unit] of [
    ['local', 'x86-tsc', 'ticks'],
    ['x86-tsc', 'mono', 'ns'],
  ] as const) {
    const buffers = [
      { name: '', clock: top, cpus: [[]] },
      { name: 'pins', clock: own, cpus: [[mod(10n, 1), mod(30n, 5)]] },
    ];
    const capture = await read(writeTraceDat({ ...base({}), buffers }));
    assert.deepEqual(pfns(capture), [1, 5]);
    assert.equal(capture.clock, unit);
    assert.equal(new Map(capture.facts).get('clock'), own);
  }
});

test('pages of a ring buffer may be larger than any record', async () => {
  for (const version of [6, 7] as const) {
    for (const pageSize of [1 << 16, 1 << 17, 1 << 19]) {
      const buffers = [{ name: '', clock: 'local', cpus: [[mod(10n, 1), mod(30n, 5)]] }];
      const capture = await read(writeTraceDat({ ...base({}), version, pageSize, buffers }));
      assert.deepEqual(messages(capture), []);
      assert.deepEqual(pfns(capture), [1, 5]);
    }
  }
});

test('many CPUs', async () => {
  const cpus = Array.from({ length: 37 }, (_, cpu) =>
    Array.from({ length: 20 }, (_record, i) =>
      mod(BigInt(i * 37 + ((cpu * 11) % 37)), i * 37 + ((cpu * 11) % 37)),
    ),
  );
  const capture = await read(writeTraceDat({ ...base({}), buffers: [{ name: '', clock: 'mono', cpus }] }));
  assert.deepEqual(
    pfns(capture),
    Array.from({ length: 37 * 20 }, (_, i) => i),
  );
});

test('a buffer with another clock stands behind, without times', async () => {
  const bytes = writeTraceDat({
    ...base({}),
    buffers: [
      { name: '', clock: 'mono', cpus: [[mod(100n, 1), mod(200n, 2)]] },
      { name: 'ticks', clock: 'x86-tsc', cpus: [[mod(5n, 3)], [mod(4n, 4)]] },
    ],
  });
  const capture = await read(bytes);
  assert.deepEqual(pfns(capture), [1, 2, 4, 3]);
  assert.deepEqual([...capture.events.time.subarray(0, 4)], [0, 100, NaN, NaN]);
  assert.match(
    messages(capture).join(),
    /buffer "ticks" was recorded with the clock x86-tsc, the others with mono/,
  );
});

test('lost events are gaps, and end the wait for a stack', async () => {
  const stack: RecordText = {
    time: 400n,
    lostBefore: -1,
    data: recordData(
      {},
      events.KERNEL_STACK,
      130,
      { size: 1 },
      { tail: new ByteWriter(true).u64(0xffffffff81001044n).done() },
    ),
  };
  const bytes = writeTraceDat({
    ...base({}),
    buffers: [
      {
        name: '',
        clock: 'mono',
        cpus: [
          [
            mod(100n, 1, { lostBefore: 7 }),
            mod(200n, 2, { lostBefore: 1321 }),
            mod(300n, 3),
            stack,
            mod(500n, 4),
          ],
          [mod(250n, 9)],
        ],
      },
    ],
  });
  const capture = await read(bytes);
  assert.deepEqual(
    capture.gaps.map(({ cpu, from, to, events: count, beforeRow, cause }) => ({
      cpu,
      from,
      to,
      count,
      beforeRow,
      cause,
    })),
    [
      { cpu: 0, from: null, to: 0, count: 7, beforeRow: 0, cause: 'lost' },
      { cpu: 0, from: 0, to: 100, count: 1321, beforeRow: 1, cause: 'lost' },
      { cpu: 0, from: 200, to: 300, count: null, beforeRow: 4, cause: 'lost' },
    ],
  );
  assert.equal(capture.lost, 1328);
  assert.equal(capture.orphanStacks, 1);
});

test('a stack belongs to the newest event of its task and context', async () => {
  const hardirq = 0x08;
  const at = (
    time: bigint,
    event: (typeof events.ALL_EVENTS)[number],
    pid: number,
    values: object,
    more = {},
  ): RecordText => ({
    time,
    data: recordData({}, event, pid, { ...values }, more),
  });
  const stackOf = (time: bigint, pid: number, address: bigint, flags: number): RecordText =>
    at(
      time,
      events.KERNEL_STACK,
      pid,
      { size: 1 },
      { flags, tail: new ByteWriter(true).u64(address).done() },
    );
  const capture = await read(
    writeTraceDat({
      ...base({}),
      buffers: [
        {
          name: '',
          cpus: [
            [
              at(1n, events.PAGE_REF_MOD, 130, { ...PAGE_REF, pfn: 1 }),
              at(2n, events.PAGE_REF_MOD, 130, { ...PAGE_REF, pfn: 2 }, { flags: hardirq }),
              stackOf(3n, 130, 0xffffffff81001002n, hardirq),
              stackOf(4n, 130, 0xffffffff81001001n, 0),
            ],
          ],
        },
      ],
    }),
  );
  assert.deepEqual(
    [0, 1].map((row) => stackText(capture, capture.events.stack[row]!).split(' ')[0]),
    ['get_page+0x1/0x80', 'get_page+0x2/0x80'],
  );
});

test('times: TSC2NSEC, offsets, a guest shifted to its host', async () => {
  const option = (write: (out: ByteWriter) => void): Uint8Array => {
    const out = new ByteWriter(true);
    write(out);
    return out.done();
  };
  const at = async (
    times: readonly bigint[],
    options: readonly (readonly [number, Uint8Array])[],
    clock = 'x86-tsc',
  ): Promise<bigint[]> => {
    const records = times.map((time, i) => mod(time, i, { stamp: 'absolute' }));
    const capture = await read(
      writeTraceDat({
        ...base({}),
        options: [UNAME, ...options],
        buffers: [{ name: '', clock, cpus: [records] }],
      }),
    );
    assert.deepEqual(messages(capture), []);
    return times.map((_, row) => capture.timeBase + BigInt(capture.events.time[row]!));
  };
  const ticks = [579_330_498_978n, 579_330_498_979n, 579_565_825_839n, 999_579_565_825_839n];
  assert.deepEqual(await at(ticks, []), ticks);
  // The record has the lower 59 bits of the time, its page the upper ones of its first.
  const turn = 1n << 60n;
  const overTurn = [turn - 100n, turn + 50n, turn + 60n];
  assert.deepEqual(await at(overTurn, []), overTurn);
  const [mult, shift] = [3_435_973_836n, 33n - 1n];
  const tsc = option((out) => out.u32(Number(mult)).u32(Number(shift)).u64(0));
  assert.deepEqual(
    await at(ticks, [[14, tsc]]),
    ticks.map((time) => (time * mult) >> shift),
  );
  const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
  assert.deepEqual(
    await at(
      ticks,
      [
        [1, text('0x10')],
        [7, text('-5000')],
      ],
      'mono',
    ),
    ticks.map((time) => time + 16_000n - 5000n),
  );
  const shifts = option((out) => {
    out.u64(0x1234).u32(1).u32(1).u32(3);
    for (const value of [0n, 1000n, 2000n]) out.u64(value);
    for (const value of [100n, 300n, 200n]) out.u64(value);
    for (let i = 0; i < 3; i++) out.u64(1);
  });
  assert.deepEqual(await at([0n, 500n, 1500n, 2500n], [[12, shifts]], 'mono'), [100n, 700n, 1751n, 2651n]);
});

test('a wall clock keeps its nanoseconds', async () => {
  const first = 1_786_000_000_123_456_789n;
  const capture = await read(
    writeTraceDat({
      ...base({}),
      buffers: [{ name: '', clock: 'tai', cpus: [[mod(first, 1), mod(first + 1n, 2)]] }],
    }),
  );
  assert.equal(capture.timeBase, first);
  assert.deepEqual([...capture.events.time.subarray(0, 2)], [0, 1]);
});

test('what the options say', async () => {
  const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
  const guest = new ByteWriter(true).text('vm1\0').u64(0xabcd).u32(0).done();
  const capture = await read(
    writeTraceDat({
      ...base({}),
      options: [
        UNAME,
        [9, text('3.1.6')],
        [11, new ByteWriter(true).u64(0x64efb458aa8832d0n).done()],
        [13, guest],
        [2, text('CPU: 0\nentries: 0\noverrun: 12\ncommit overrun: 0\ndropped events: 3')],
        [2, text('CPU: 1\nentries: 0\noverrun: 1\ncommit overrun: 0\ndropped events: 0')],
        [999, text('of a younger trace-cmd')],
      ],
      buffers: [{ name: '', clock: 'x86-tsc', cpus: [[mod(1n, 1)]] }],
    }),
  );
  assert.deepEqual(messages(capture), []);
  const facts = new Map(capture.facts);
  assert.equal(facts.get('kernel'), 'Linux host 6.1.192-pagelab x86_64');
  assert.equal(facts.get('recorded by trace-cmd'), '3.1.6');
  assert.equal(facts.get('trace id'), '0x64efb458aa8832d0');
  assert.equal(facts.get('guest'), 'vm1 (trace id 0xabcd)');
  assert.equal(facts.get('overrun'), '13');
  assert.equal(facts.get('dropped events'), '3');
  assert.equal(capture.clock, 'ticks');
});

test('the text of a latency tracer', async () => {
  const latencyText =
    '# tracer: wakeup\n' +
    '  pinner-130   [001] d..2.    17.462833: page_ref_mod: pfn=0x12f93 flags=lru count=2 mapcount=0 mapping=(nil) mt=4 val=1\n';
  for (const shape of [{ version: 6 }, { version: 7 }, { version: 7, compression: 'zlib' }] as const) {
    const bytes = writeTraceDat({ ...base(shape), latencyText, buffers: [{ name: '', cpus: [[]] }] });
    const capture = await read(bytes, 100);
    assert.deepEqual(messages(capture), []);
    assert.deepEqual(pfns(capture), [0x12f93]);
    assert.equal(capture.format, 'trace-dat');
    assert.equal(new Map(capture.facts).get('tracer'), 'wakeup');
  }
});

test('events without a format, and frames without symbols, are said', async () => {
  const unknown = recordData({}, { ...events.SCHED_SWITCH, id: 3000 }, 130, {});
  const stack = recordData(
    {},
    events.KERNEL_STACK,
    130,
    { size: 1 },
    { tail: new ByteWriter(true).u64(0xffffffffc0300010n).done() },
  );
  const buffers = [
    {
      name: '',
      clock: 'mono',
      cpus: [
        [
          { time: 1n, data: unknown },
          { time: 2n, data: unknown },
          { time: 3n, data: stack },
        ],
      ],
    },
  ];
  const hidden = KALLSYMS_64.replace(/^[0-9a-f]{16}/gm, '0000000000000000');
  const capture = await read(
    writeTraceDat({
      ...base({}),
      kallsyms: hidden,
      modules: 'ext4 1019904 1 - Live 0xffffffffc0300000\njbd2 1 0 - Live 0x0000000000000000\n',
      buffers,
    }),
  );
  assert.deepEqual([...capture.otherEvents], [['(event 3000)', 2]]);
  assert.deepEqual(rowTexts(capture), [
    '0 [0] pinner-130 (event 3000) Other < -',
    '1 [0] pinner-130 (event 3000) Other < 0xffffffffc0300010 [ext4] <ffffffffc0300010>',
  ]);
  assert.equal(capture.problemCount, 1);
  assert.match(messages(capture).join(), /type 3000, which the file does not describe/);
  assert.match(capture.missingNames ?? '', /kernel.kptr_restrict=0/);
});

test('page flags: the bit order of the kernel that recorded', async () => {
  const inOrder = (names: readonly string[], release: string | null, flags: string): Promise<string> =>
    read(
      writeTraceDat({
        version: 7,
        events: [events.pageRefEvent('page_ref_mod', 616, { flags: events.flagsArgument(names) })],
        ...(release !== null && {
          options: [[5, new TextEncoder().encode(`Linux host ${release} x86_64\0`)] as const],
        }),
        buffers: [
          {
            name: '',
            clock: 'mono',
            cpus: [[{ time: 1n, data: recordData({}, events.PAGE_REF_MOD, 1, { flags: BigInt(flags) }) }]],
          },
        ],
      }),
    ).then((capture) => {
      const { certainty = '' } = capture.uncertainFlags ?? {};
      return `${/flags=(\S+)/.exec(eventText(capture, 0))![1]!} ${messages(capture).join()}${certainty}`;
    });
  const names = events.FLAG_NAMES_6_1;
  assert.equal(await inOrder(names, '6.1.192', '0x80010'), 'lru|swapbacked ');
  // Without PG_uncached hwpoison moves down by one.
  const withoutUncached = names.filter((name) => name !== 'uncached');
  assert.equal(await inOrder(withoutUncached, '6.1.0', '0x400000'), 'hwpoison ');
  assert.equal(await inOrder(names, '6.5.0', '0x80010'), 'lru|swapbacked ');
  assert.equal(await inOrder(names, '6.6.0', '0x80062'), 'lru|writeback|head|swapbacked ');
  assert.equal(await inOrder(names, '6.8.0', '0x80062'), 'lru|writeback|head|swapbacked ');
  const gone = ['error', 'slab', 'mappedtodisk'];
  const younger = [...names.filter((name) => !gone.includes(name)), 'owner_2', 'dropbehind'];
  assert.equal(await inOrder(younger, null, '0x20120'), 'lru|active|swapbacked ');
  const older = names.filter((name) => name !== 'workingset' && name !== 'arch_2');
  assert.equal(await inOrder(older, '4.14.0', '0x40006'), 'referenced|error|swapbacked ');
  assert.equal(await inOrder(names, null, '0x10'), 'lru assumed');
  assert.equal(await inOrder([...names, 'vendor_flag'], '6.1.0', '0x10'), 'lru miscounted');
});
