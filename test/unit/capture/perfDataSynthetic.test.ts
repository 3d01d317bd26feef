/** perf.data files written by the test: byte orders, pipe, compression, layouts of a sample, disorder, damage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_CPU, NONE, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { doubtTexts } from '../../../src/engine/captureDoubts';
import { rowTexts } from './support/describeCapture';
import {
  ByteWriter,
  KERNEL_CONTEXT,
  SampleType,
  joinedBytes,
  record,
  stringFeature,
  type AttributeText,
} from './support/perfDataWriter';
import {
  CLOCK,
  PAGE_REF,
  Records,
  features,
  mixedRecords,
  pageRef,
  recording,
} from './support/perfRecording';
import { memorySource } from './support/sources';

const LITTLE = { little: true, pipe: false, piece: 0 };
const NO_NAMES = 'holds the addresses of kernel functions but not their names';

const read = (bytes: Uint8Array, chunkSize = 1 << 20): Promise<Capture> =>
  openCapture(memorySource(bytes), { chunkSize });

/** The problems but the one that every recording without kallsyms has. */
function problems(capture: Capture): string[] {
  return capture.problems.map((problem) => problem.message).filter((message) => !message.includes(NO_NAMES));
}

const KERNEL = '0xffffffff81000010 <ffffffff81000010> < 0xffffffff81000200 <ffffffff81000200>';
const PAGE = 'page_ref:page_ref_mod_and_test PageRefModAndTest pfn=0x10 flags=uptodate|lru mapping=Anonymous';
const MIXED = [
  `0 [0] shell-7 ${PAGE} count=2 mapcount=0 val=-1 ret=0 mt=4 < ${KERNEL}`,
  `220 [1] shell-8 ${PAGE} count=2 mapcount=0 val=-1 ret=0 mt=4 < ` +
    '0xffffffffc0500020 [dm_mod] <ffffffffc0500020> < bpf_prog_1234+0x4/0x40 [bpf] <ffffffffc0600004>',
  `230 [1] shell-7 cma:cma_alloc_start CmaAllocStart pages=64 label=reserved < ${KERNEL}`,
  `300 [0] worker-8 ${PAGE} count=2 mapcount=0 val=-1 ret=0 mt=4 < ${KERNEL}`,
  `400 [0] worker-8 ${PAGE} count=0 mapcount=0 val=-1 ret=1 mt=4 < ${KERNEL}`,
  `510 [1] shell-7 migrate:mm_migrate_pages_start MigratePagesStart reason=contig_range label=MIGRATE_SYNC < ${KERNEL}`,
  '520 [1] swapper-0 cpu-clock Other < -',
  `520 [0] <...>-99 ${PAGE} count=2 mapcount=0 val=-1 ret=0 mt=4 < -`,
];

test('the build-id of the kernel stands in the record of its map where perf had to look for none', async () => {
  const id = Uint8Array.from({ length: 20 }, (_, i) => i + 0xf0);
  for (const little of [true, false]) {
    for (const misc of [1, 1 | (1 << 14)]) {
      const map = new ByteWriter(little)
        .u32(-1)
        .u32(0)
        .u64(0xffffffff81000000n)
        .u64(1 << 24)
        .u64(0xffffffff81000000n);
      map.u8(id.length).zeros(3).raw(id).u32(5).u32(2).text('[kernel.kallsyms]_text\0').align(8);
      const records = mixedRecords(little);
      records.all.unshift(record(little, 10, map.done(), misc));
      const bytes = recording({ ...LITTLE, little }, records);
      const { kernel } = await read(bytes);
      const expected = 'f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff00010203';
      assert.equal(kernel?.buildId, misc === 1 ? null : expected);
    }
  }
});

test('the build-ids of modules stand in the records of their maps, or in the list of the files that samples hit', async () => {
  const mapped = Uint8Array.from({ length: 20 }, (_, i) => i + 0xa0);
  const listed = Uint8Array.from({ length: 20 }, (_, i) => i + 0xb0);
  const hex = (id: Uint8Array): string => Buffer.from(id).toString('hex');
  const entry = (little: boolean, misc: number, name: string): Uint8Array => {
    const content = new ByteWriter(little).u32(-1).raw(listed).u8(listed.length).zeros(3);
    return record(little, 67, content.text(`${name}\0`).align(8).done(), misc | (1 << 15));
  };
  for (const little of [true, false]) {
    const map = new ByteWriter(little).u32(-1).u32(0).u64(0xffffffffc0700000n).u64(0x1000).u64(0);
    map.u8(mapped.length).zeros(3).raw(mapped).u32(5).u32(2);
    map.text('/lib/modules/6.1.0-test/kernel/net/net-sample.ko.xz\0').align(8);
    const list = [
      entry(little, 1, '/lib/modules/6.1.0-test/kernel/drivers/md/dm-mod.ko'),
      entry(little, 1, '[ext4]'),
      entry(little, 2, '/home/user/mine.ko'),
    ];
    const records = mixedRecords(little);
    records.all.unshift(record(little, 10, map.done(), 1 | (1 << 14)));
    const own = new Map([...features(little), [2, joinedBytes(list)]]);
    const expected = new Map([
      ['net_sample', hex(mapped)],
      ['dm_mod', hex(listed)],
      ['ext4', hex(listed)],
    ]);
    const inFile = await read(recording({ ...LITTLE, little }, records, undefined, own));
    assert.deepEqual(inFile.moduleBuildIds, expected);
    records.all.push(...list);
    const inPipe = await read(recording({ ...LITTLE, little, pipe: true }, records));
    assert.deepEqual(inPipe.moduleBuildIds, expected);
  }
  assert.equal((await read(recording(LITTLE, mixedRecords(true)))).moduleBuildIds, undefined);
});

for (const little of [true, false]) {
  for (const pipe of [false, true]) {
    for (const piece of [0, 100, 3000]) {
      const name = `${little ? 'little' : 'big'}-endian, to a ${pipe ? 'pipe' : 'file'}, ${piece === 0 ? 'plain' : `zstd in pieces of ${piece} bytes`}`;
      test(`all that a recording says: ${name}`, async () => {
        const bytes = recording({ little, pipe, piece }, mixedRecords(little));
        for (const chunkSize of [1 << 20, 1, 7, 64]) {
          const capture = await read(bytes, chunkSize);
          assert.deepEqual(problems(capture), []);
          assert.deepEqual(rowTexts(capture), MIXED);
          assert.equal(capture.timeBase, 5_000_000_100n);
          assert.equal(capture.stackRecords, 6);
          assert.equal(capture.lost, 12);
          assert.deepEqual(capture.gaps, [
            { cpu: 1, from: 230, to: 510, events: 12, beforeRow: 5, cause: 'lost' },
          ]);
          const facts = new Map(capture.facts);
          assert.equal(facts.get('hostname'), 'box');
          assert.equal(facts.get('architecture'), little ? 'x86_64' : 's390x');
          assert.equal(facts.get('user stacks (left out)'), '2');
          assert.equal(facts.get('byte order'), little ? undefined : 'big endian');
          assert.equal(facts.get('compression'), piece > 0 ? 'zstd' : undefined);
        }
      });
    }
  }
}

/** Layouts of a sample with the ids in other places, or without them. */
const T = SampleType;
const LAYOUTS: readonly (readonly [string, Partial<AttributeText> & { sampleType: number }])[] = [
  ['only what is needed', { sampleType: T.tid | T.time | T.cpu | T.callchain | T.raw }],
  [
    'id between others',
    {
      sampleType: T.ip | T.tid | T.time | T.addr | T.id | T.streamId | T.cpu | T.period | T.callchain | T.raw,
    },
  ],
  [
    'counts',
    { sampleType: T.identifier | T.tid | T.time | T.cpu | T.read | T.callchain | T.raw, readFormat: 4 | 16 },
  ],
  [
    'counts with times',
    { sampleType: T.tid | T.time | T.cpu | T.read | T.callchain | T.raw, readFormat: 1 | 2 },
  ],
  [
    'counts of a group',
    {
      sampleType: T.identifier | T.tid | T.time | T.cpu | T.read | T.callchain | T.raw,
      readFormat: 1 | 2 | 4 | 8,
    },
  ],
  ['no trailer', { sampleType: T.tid | T.time | T.cpu | T.callchain | T.raw, sampleIdAll: false }],
];
for (const [name, layout] of LAYOUTS) {
  test(`layout of a sample: ${name}`, async () => {
    for (const little of [true, false]) {
      const attribute: AttributeText = { ...PAGE_REF, ids: [10], ...layout };
      const records = new Records(little)
        .comm(7, 'shell', 0, attribute)
        .pageRef(
          { tid: 7, time: 900, cpu: 3, chain: [KERNEL_CONTEXT, 0xffffffff81000010n] },
          0x10n,
          2,
          -1,
          attribute,
        );
      const capture = await read(recording({ little, pipe: false, piece: 0 }, records, [attribute]));
      assert.deepEqual(problems(capture), []);
      assert.deepEqual(rowTexts(capture), [
        `0 [3] shell-7 ${PAGE} count=2 mapcount=0 val=-1 ret=0 mt=4 < 0xffffffff81000010 <ffffffff81000010>`,
      ]);
    }
  });
}

test('an order of page flags that is not certain is a doubt, and no place that could not be read', async () => {
  const named = features(true);
  const unnamed = new Map([...named].filter(([feature]) => feature !== 4));
  const of = (own: ReadonlyMap<number, Uint8Array>): Promise<Capture> =>
    read(recording(LITTLE, mixedRecords(true), undefined, own));
  const [certain, assumed] = [await of(named), await of(unnamed)];
  assert.equal(certain.uncertainFlags, undefined);
  assert.deepEqual(assumed.uncertainFlags, { order: '4.20 to 6.5', certainty: 'assumed' });
  assert.deepEqual(problems(assumed), problems(certain));
  assert.match(doubtTexts(assumed).join(), /Page flags are numbers of a kernel that is not named/);

  const more = Buffer.from(named.get(1)!).toString('latin1').replaceAll('1UL << 24', '1UL << 25');
  const miscounted = await of(new Map([...named, [1, Buffer.from(more, 'latin1')]]));
  assert.deepEqual(problems(miscounted), problems(certain));
  assert.match(
    doubtTexts(miscounted).join(),
    /The kernel has 25 page flags, 24 are known of Linux 4\.20 to 6\.5/,
  );
});

test('without times rows stand in the order of the file', async () => {
  const attribute: AttributeText = { ...PAGE_REF, sampleType: T.identifier | T.tid | T.raw };
  const records = new Records(true)
    .comm(7, 'before', 0, attribute)
    .pageRef({ tid: 7 }, 1n, 2, -1, attribute)
    .comm(7, 'after', 0, attribute)
    .pageRef({ tid: 7 }, 2n, 2, -1, attribute);
  const { events, symbols } = await read(recording(LITTLE, records, [attribute]));
  assert.deepEqual([...events.pfn.subarray(0, 2)], [1, 2]);
  assert.deepEqual([...events.cpu.subarray(0, 2)], [NO_CPU, NO_CPU]);
  assert.ok(Number.isNaN(events.time[0]));
  assert.deepEqual(
    [...events.task.subarray(0, 2)].map((task) => symbols.taskComm(task)),
    ['before', 'after'],
  );
});

test('any disorder ends in order of time, equal times in order of the file', async () => {
  const random = (seed: number): number => Math.abs(Math.imul(seed, 0x9e3779b1)) % 400;
  const times = Array.from({ length: 3000 }, (_, i) => 1000 + i + random(i));
  for (const order of [times, [...times].reverse(), times.map(() => 5), times.toSorted((a, b) => a - b)]) {
    const records = new Records(true);
    for (const [index, time] of order.entries()) records.pageRef({ time }, BigInt(index));
    const { events, timeBase } = await read(recording(LITTLE, records));
    const expected = order
      .map((time, index) => ({ time, index }))
      .sort((a, b) => a.time - b.time || a.index - b.index);
    assert.equal(events.length, expected.length);
    assert.deepEqual(
      [...events.pfn.subarray(0, events.length)],
      expected.map(({ index }) => index),
    );
    assert.deepEqual(
      [...events.time.subarray(0, events.length)].map((time) => Number(timeBase) + time),
      expected.map(({ time }) => time),
    );
  }
});

test('losses are counted once, whoever counts them', async () => {
  const at = (time: number): Records => new Records(true).pageRef({ time, cpu: 2 });
  const recordings = [
    [at(10).lost(5, 20, 2).lostSamples(5), 5, [[2, 0, null, 5]]],
    [
      at(10).lost(5, 20, 2).lostSamples(9),
      9,
      [
        [2, 0, null, 5],
        [null, null, null, 4],
      ],
    ],
    [at(10).lostSamples(9), 9, [[null, null, null, 9]]],
    [at(10).lostSamples(9, 11), 9, [[0, null, null, 9]]],
    // Left out by a filter, as somebody wanted it.
    [at(10).lostSamples(9, 0, 1 << 15), 0, []],
    [
      at(10)
        .side(5, new ByteWriter(true).u64(15).u64(10).u64(10).done(), { time: 15, cpu: 2 })
        .pageRef({ time: 30, cpu: 2 }),
      0,
      [[2, 0, 20, null]],
    ],
  ] as const;
  for (const [records, lost, gaps] of recordings) {
    const capture = await read(recording(LITTLE, records));
    assert.equal(capture.lost, lost);
    assert.deepEqual(
      capture.gaps.map(({ cpu, from, to, events }) => [cpu, from, to, events]),
      gaps,
    );
  }
  const { facts } = await read(
    recording(
      LITTLE,
      at(10)
        .lostSamples(4, 0, 1 << 15)
        .lostSamples(5, 0, 1 << 15),
    ),
  );
  assert.deepEqual(
    facts.filter(([name]) => name.startsWith('left out')),
    [['left out by a filter of perf', '9']],
  );
});

test('a second name and a new task of an old number', async () => {
  const records = new Records(true)
    .comm(7, 'old', 100)
    .pageRef({ tid: 7, time: 110 })
    .comm(7, 'exec', 120)
    .pageRef({ tid: 7, time: 130 })
    .fork(7, 50, 140)
    .pageRef({ tid: 7, time: 150 })
    .comm(7, 'new', 160)
    .pageRef({ tid: 7, time: 170 });
  const { events, symbols } = await read(recording(LITTLE, records));
  const comms = [...events.task.subarray(0, events.length)].map((task) => symbols.taskComm(task));
  assert.deepEqual(comms, ['old', 'exec', '<...>', 'new']);
});

/** A page_ref sample, and after it what is wrong; then one more, which must be read. */
function around(...damage: Uint8Array[]): Records {
  const records = new Records(true).pageRef({ time: 10 }, 1n);
  records.all.push(...damage);
  return records
    .pageRef({ time: 20 }, 2n)
    .pageRef({ time: 30 }, 3n)
    .pageRef({ time: 40 }, 4n)
    .pageRef({ time: 50 }, 5n);
}

test('a damaged place costs what it holds', async () => {
  const shortSample = record(true, 9, new ByteWriter(true).u64(10).u64(0).done());
  const longChain = record(
    true,
    9,
    new ByteWriter(true)
      .u64(10)
      .zeros(40)
      .u64(1n << 60n)
      .done(),
  );
  const unknownId = record(true, 9, new ByteWriter(true).u64(4711).zeros(100).done());
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [new Uint8Array(24), /no record begins here.* 24 bytes were skipped/],
    [new Uint8Array(19).fill(0xff), /no record begins here.* 19 bytes were skipped/],
    [shortSample, /a sample of 16 bytes has no room for its ids and time/],
    [longChain, /has no room for a call chain of 1152921504606847000 addresses/],
    [unknownId, /a sample of an event that the file does not describe/],
    [record(true, 9, new Uint8Array(4)), /a sample too short for its id/],
    [record(true, 3, new Uint8Array(4)), /a record of type 3 with 12 bytes is too short/],
    [record(true, 81, new Uint8Array(40).fill(7)), /damaged zstd data/],
  ];
  for (const [damage, message] of cases) {
    const capture = await read(recording(LITTLE, around(damage)));
    assert.deepEqual(
      [...capture.events.pfn.subarray(0, capture.events.length)],
      [1, 2, 3, 4, 5],
      String(message),
    );
    assert.equal(problems(capture).length, 1, String(message));
    assert.match(problems(capture)[0]!, message);
    // A record that is there but cannot be read is known to be one; behind other damage any number may be lost.
    const isUnknown = /no record begins|zstd/.test(message.source);
    assert.deepEqual(
      capture.gaps.map(({ cpu, events }) => [cpu, events]),
      isUnknown ? [[null, null]] : [],
    );
  }
});

test('records of kinds that are not known are passed over, as is AUX data', async () => {
  const auxiliary = joinedBytes([
    record(true, 71, new ByteWriter(true).u64(5000).u64(0).u64(0).zeros(16).done()),
    new Uint8Array(5000).fill(0xff),
  ]);
  for (const damage of [
    record(true, 25, new Uint8Array(64)),
    record(true, 120, new Uint8Array(8)),
    auxiliary,
  ]) {
    for (const chunkSize of [64, 1 << 20]) {
      const capture = await read(recording(LITTLE, around(damage)), chunkSize);
      assert.equal(capture.events.length, 5);
      assert.deepEqual(problems(capture), []);
    }
  }
});

test('a recording that perf could not finish', async () => {
  const bytes = recording(LITTLE, around());
  const view = new DataView(bytes.buffer);
  const dataEnd = Number(view.getBigUint64(40, true) + view.getBigUint64(48, true));

  // perf writes the size of the data, and what stands behind it, when it ends.
  const killed = bytes.slice(0, dataEnd);
  new DataView(killed.buffer).setBigUint64(48, 0n, true);
  let capture = await read(killed);
  assert.equal(capture.events.length, 5);
  assert.equal(capture.events.pfn[0], NONE);
  assert.match(problems(capture)[0]!, /perf was killed before it could finish the file/);

  capture = await read(bytes.slice(0, dataEnd - 10));
  assert.equal(capture.events.length, 4);
  assert.deepEqual(
    problems(capture).map((message) => message.replace(/[,:].*/, '')),
    [
      `the data ends at byte ${dataEnd} and the lists of features and formats after it`,
      'the recording does not say how event 2',
      'the recording ends inside a record',
      `the data ends at byte ${dataEnd - 10}`,
    ],
  );
});

test('sizes in the file are not believed', async () => {
  const bytes = recording(LITTLE, around());
  for (const [offset, value, message] of [
    [16, 1n << 40n, /attributes of 1099511627776 bytes, expected 80 to 4096/],
    [16, 0n, /attributes of 0 bytes/],
    [24, 1n << 60n, /./],
    [32, 1n << 60n, /attributes, expected at most 65536/],
    [40, 1n << 60n, /./],
    [48, 1n << 60n, /./],
  ] as const) {
    const changed = bytes.slice();
    new DataView(changed.buffer).setBigUint64(offset, value, true);
    const capture = await read(changed);
    assert.match(problems(capture).join('\n'), message, `offset ${offset}`);
  }
});

test('other beginnings are told apart', async () => {
  const old = await read(new TextEncoder().encode('PERFFILE'.padEnd(200, '\0')));
  assert.match(old.problems[0]!.message, /version 1, expected version 2/);
  const short = await read(new TextEncoder().encode('PERFILE2'));
  assert.equal(short.events.length, 0);
  assert.match(short.problems[0]!.message, /the size of the head should take 8 bytes/);
});

test('the files of perf record --threads say where their data is', async () => {
  const own = new Map([...features(true), [24, new ByteWriter(true).u64(1).done()]]);
  const capture = await read(recording(LITTLE, new Records(true).comm(1, 'x'), undefined, own));
  assert.match(capture.problems[0]!.message, /part of a directory that perf record --threads wrote/);
});

test('an event without its format keeps its place, and says so once', async () => {
  const own = new Map([[4, stringFeature(true, '6.1.0')]]);
  const capture = await read(recording(LITTLE, around(), undefined, own));
  assert.equal(capture.events.length, 5);
  assert.equal(capture.events.pfn[4], NONE);
  assert.deepEqual(problems(capture).length, 1);
  assert.match(problems(capture)[0]!, /does not say how event 2:0x269 \(id 617\) is laid out/);
});

test('a record smaller than its format is told', async () => {
  const records = new Records(true).add(PAGE_REF, { time: 5, raw: pageRef(true, 1n, 2, 1).slice(0, 20) });
  const capture = await read(recording(LITTLE, records));
  assert.match(problems(capture)[0]!, /page_ref_mod_and_test with a record of 20 bytes, expected 52/);
  assert.equal(capture.events.pfn[0], NONE);
});

test('names that perf gives in a pipe', async () => {
  const update = record(true, 78, new ByteWriter(true).u64(2).u64(16).text('my-clock\0').align(8).done());
  const records = new Records(true);
  records.all.push(update);
  records.add(CLOCK, { time: 5 });
  const capture = await read(
    recording({ little: true, pipe: true, piece: 0 }, records, undefined, new Map()),
  );
  assert.deepEqual([...capture.otherEvents], [['my-clock', 1]]);
});
