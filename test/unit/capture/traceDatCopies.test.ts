/** A hit of a tracepoint that several ring buffers of a trace.dat recorded is one event. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { NONE, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { doubtTexts } from '../../../src/engine/captureDoubts';
import { assertConsistent, rowTexts, stackText } from './support/describeCapture';
import { assertSameCapture, inRecordLoop, withoutRecordLoop } from './support/loops';
import * as events from './support/memoryEvents';
import { ByteWriter } from './support/perfDataWriter';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';
import {
  recordData,
  writeTraceDat,
  type EventText,
  type RecordText,
  type TraceDatText,
} from './support/traceDatWriter';

const SOFTIRQ = 0x10;
const HARDIRQ = 0x08;

/** One call of a tracepoint. */
interface Hit {
  readonly event?: EventText;
  readonly pfn?: number;
  readonly val?: number;
  readonly count?: number;
  readonly pid?: number;
  readonly flags?: number;
  readonly values?: Readonly<Record<string, number | bigint | Uint8Array>>;
  readonly tail?: Uint8Array;
}

function record(time: number, hit: Hit = {}): RecordText {
  const { event = events.PAGE_REF_MOD, pfn = 0x12f93, val = 1, count = 2, pid = 130, flags = 0, tail } = hit;
  const values = hit.values ?? { pfn, val, count };
  return { time: BigInt(time), data: recordData({}, event, pid, values, { flags, ...(tail && { tail }) }) };
}

function stack(time: number, function_: number, { pid = 130, flags = 0 }: Hit = {}): RecordText {
  const tail = new ByteWriter(true).u64(0xffffffff81001004n + BigInt(function_)).done();
  return { time: BigInt(time), data: recordData({}, events.KERNEL_STACK, pid, { size: 1 }, { flags, tail }) };
}

const MARKER: EventText = {
  system: 'ftrace',
  name: 'print',
  id: 5,
  fields: [
    { declaration: 'unsigned long ip', size: 8 },
    { declaration: 'char buf[8]', size: 8 },
  ],
  print: '"%s", REC->buf',
};

type Buffers = readonly (readonly RecordText[])[];

/** A file in which CPU 0 of each buffer has these records. */
function fileOf(buffers: Buffers, more: Partial<TraceDatText> = {}): Uint8Array {
  return writeTraceDat({
    version: 7,
    pageSize: 256,
    events: [...events.ALL_EVENTS, MARKER],
    kallsyms: 'ffffffff81001000 T get_page\nffffffff81001100 T put_page\nffffffff81001200 T last\n',
    buffers: buffers.map((records, index) => ({
      name: index === 0 ? '' : `instance${index}`,
      clock: 'local',
      cpus: [records],
    })),
    ...more,
  });
}

async function read(bytes: Uint8Array, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await openCapture(memorySource(bytes), { chunkSize });
  assertConsistent(capture, { isInFileOrder: false });
  return capture;
}

const readBuffers = (...buffers: Buffers): Promise<Capture> => read(fileOf(buffers));

function column(capture: Capture, name: 'time' | 'pfn' | 'count' | 'val'): number[] {
  return [...capture.events[name].subarray(0, capture.events.length)];
}

function stacks(capture: Capture): string[] {
  return [...capture.events.stack.subarray(0, capture.events.length)].map((id) =>
    id === NONE ? '-' : stackText(capture, id).replace(/\+.*/, ''),
  );
}

/** Rows, and copies left out. */
function numbers(capture: Capture): [number, number] {
  return [capture.events.length, capture.copiesLeftOut ?? 0];
}

/** Gets and puts of three pages, each with its stack, in each of some buffers. */
function recordedBy(buffers: number, hits = 30): RecordText[][] {
  const all: RecordText[][] = Array.from({ length: buffers }, () => []);
  for (let i = 0; i < hits; i++) {
    for (const [buffer, records] of all.entries()) {
      const time = 1000 + i * 500 + buffer * 60;
      const hit = { pfn: 0x100 + (i % 3), val: i % 2 === 0 ? 1 : -1, count: 3 - (i % 2), pid: 130 + (i % 2) };
      records.push(record(time, hit), stack(time + 1, i, hit));
    }
  }
  return all;
}

test('what two or three buffers recorded is what one of them has', async () => {
  const [one] = recordedBy(1);
  const alone = await readBuffers(one!);
  assert.deepEqual(numbers(alone), [30, 0]);
  assert.equal(alone.copiesLeftOut, undefined);
  for (const buffers of [2, 3]) {
    for (const shape of [{ version: 6 }, { version: 7 }, { version: 7, compression: 'zstd' }] as const) {
      const bytes = fileOf(recordedBy(buffers), shape);
      const capture = await read(bytes);
      assert.deepEqual(numbers(capture), [30, 30 * (buffers - 1)]);
      assert.deepEqual(rowTexts(capture), rowTexts(alone));
      assert.equal(capture.stackRecords, 30);
      assert.equal(capture.orphanStacks, 0);
      assert.equal(capture.problemCount, 0);
      const facts = new Map(capture.facts);
      assert.equal(facts.get('copies of events in other buffers (left out)'), String(30 * (buffers - 1)));
      for (const chunkSize of [1, 7, 100, 300]) {
        assert.deepEqual(rowTexts(await read(bytes, chunkSize)), rowTexts(alone), `chunks of ${chunkSize}`);
      }
      assertSameCapture(await inRecordLoop(() => read(bytes)), await withoutRecordLoop(() => read(bytes)));
    }
  }
});

test('parts of a file have no copies either', async () => {
  const bytes = fileOf(recordedBy(2, 200));
  const lengths: number[] = [];
  const whole = await openCapture(memorySource(bytes), {
    chunkSize: 512,
    onPart: (rows, part) => {
      lengths.push(rows);
      if (rows < 20) return;
      const capture = part();
      assert.ok(capture.copiesLeftOut! >= rows - 2 && capture.copiesLeftOut! <= rows, String(rows));
    },
  });
  assert.ok(lengths.length > 10);
  assert.deepEqual(numbers(whole), [200, 200]);
});

test('the stack is that of whichever buffer recorded it', async () => {
  const plain = [record(1000), record(2000), record(3000)];
  const withStacks = [
    [record(1060), stack(1061, 0)],
    [record(2060), stack(2061, 0x100)],
    [record(3060), stack(3061, 0x200)],
  ].flat();
  for (const buffers of [
    [plain, withStacks],
    [withStacks, plain],
  ]) {
    const capture = await readBuffers(...buffers);
    assert.deepEqual(numbers(capture), [3, 3]);
    assert.deepEqual(column(capture, 'time'), [0, 1000, 2000]);
    assert.deepEqual(stacks(capture), ['get_page', 'put_page', 'last']);
    assert.equal(capture.stackRecords, 3);
  }
  // Where both have one, it is that of the row, whose event is the first.
  const both = await readBuffers([record(1000), stack(1001, 0)], [record(1060), stack(1061, 0x100)]);
  assert.deepEqual([stacks(both), both.stackRecords, both.orphanStacks], [['get_page'], 1, 0]);
});

test('one buffer may have a part of the events, or some that others have not', async () => {
  const all = [record(1000, { pfn: 1 }), record(2000, { pfn: 2 }), record(3000, { pfn: 1 })];
  const some = [record(1060, { pfn: 1 }), record(3060, { pfn: 1 }), record(3500, { pfn: 3 })];
  const capture = await readBuffers(all, some);
  assert.deepEqual(column(capture, 'pfn'), [1, 2, 1, 3]);
  assert.equal(capture.copiesLeftOut, 2);
  const disjoint = await readBuffers([record(1000, { pfn: 1 })], [record(1060, { pfn: 2 })]);
  assert.deepEqual(numbers(disjoint), [2, 0]);
});

test('events of one buffer that are alike are as many events', async () => {
  const twice = [record(1000), record(1500)];
  assert.deepEqual(numbers(await readBuffers(twice)), [2, 0]);
  assert.deepEqual(numbers(await readBuffers(twice, [record(1060), record(1560)])), [2, 2]);
  // One of the two was lost.
  assert.deepEqual(numbers(await readBuffers(twice, [record(1060)])), [2, 1]);
  const second = await readBuffers(
    [record(1000), stack(1001, 0), record(1500)],
    [record(1560), stack(1561, 0x100)],
  );
  assert.deepEqual(
    [numbers(second), stacks(second)],
    [
      [2, 1],
      ['get_page', 'put_page'],
    ],
  );
});

test('a clock that stands still leaves the order, which is the same in each buffer', async () => {
  const standing = (time: number): RecordText[] => [1, 1, 2, 1, 3, 3].map((pfn) => record(time, { pfn }));
  const capture = await readBuffers(
    [...standing(1000), ...standing(2000)],
    [...standing(1000), ...standing(2000)],
  );
  assert.deepEqual(column(capture, 'pfn'), [1, 1, 2, 1, 3, 3, 1, 1, 2, 1, 3, 3]);
  assert.equal(capture.copiesLeftOut, 12);
  // It goes on between the records of a hit: the second buffer has it a tick later, as it has the hit behind.
  const [one, other] = [
    [record(1000, { pfn: 1 }), record(1000, { pfn: 2 }), record(2000, { pfn: 3 })],
    [record(1000, { pfn: 1 }), record(2000, { pfn: 2 }), record(2000, { pfn: 3 })],
  ];
  assert.deepEqual(column(await readBuffers(one, other), 'pfn'), [1, 2, 3]);
  assert.deepEqual(column(await readBuffers(other, one), 'pfn'), [1, 2, 3]);
});

test('where it stands still for more events than are remembered, it is said that some may count twice', async () => {
  const many = Array.from({ length: 700 }, (_, i) => record(1000, { pfn: i }));
  const capture = await readBuffers(many, many);
  assert.ok(capture.events.length > 700);
  assert.match(
    capture.problems[0]!.message,
    /events stand at a time at which the clock stood still for many/,
  );
  const fewer = await readBuffers(many.slice(0, 250), many.slice(0, 250));
  assert.deepEqual([numbers(fewer), fewer.problemCount], [[250, 250], 0]);
});

test('what another CPU changed between the records does not make them two', async () => {
  const capture = await readBuffers([record(1000, { count: 2 })], [record(1060, { count: 3 })]);
  assert.deepEqual([numbers(capture), column(capture, 'count')], [[1, 1], [2]]);
  const put = {
    event: events.PAGE_REF_FREEZE,
    values: { pfn: 7, val: 1, ret: 0, flags: 1, mapcount: 5, mt: 4 },
  };
  const later = { event: events.PAGE_REF_FREEZE, values: { pfn: 7, val: 1, ret: 0, flags: 3, mapping: 9 } };
  assert.deepEqual(numbers(await readBuffers([record(1000, put)], [record(1060, later)])), [1, 1]);
});

test('what a tracepoint was given tells hits apart', async () => {
  const { PAGE_REF_MOD, PAGE_REF_FREEZE, MM_PAGE_ALLOC, CMA_ALLOC_FINISH } = events;
  const named = (name: string): Hit => ({
    event: CMA_ALLOC_FINISH,
    values: { name: (9 << 16) | 48, pfn: 1, count: 1 },
    tail: new TextEncoder().encode(`${name}\0`),
  });
  const pairs: readonly (readonly [Hit, Hit])[] = [
    [{ pfn: 1 }, { pfn: 2 }],
    [{ val: 1 }, { val: -1 }],
    [{ pid: 130 }, { pid: 131 }],
    [{ flags: 0 }, { flags: SOFTIRQ }],
    [
      { event: PAGE_REF_MOD, values: { pfn: 1, val: 1 } },
      { event: PAGE_REF_FREEZE, values: { pfn: 1, val: 1 } },
    ],
    [
      { event: PAGE_REF_FREEZE, values: { pfn: 1, ret: 0 } },
      { event: PAGE_REF_FREEZE, values: { pfn: 1, ret: 1 } },
    ],
    [
      { event: MM_PAGE_ALLOC, values: { pfn: 1, order: 0 } },
      { event: MM_PAGE_ALLOC, values: { pfn: 1, order: 1 } },
    ],
    [named('reserved'), named('another1')],
  ];
  for (const [one, other] of pairs) {
    assert.deepEqual(numbers(await readBuffers([record(1000, one)], [record(1060, other)])), [2, 0]);
    assert.deepEqual(numbers(await readBuffers([record(1000, one)], [record(1060, one)])), [1, 1]);
  }
});

test('records of two CPUs are of two hits', async () => {
  const buffers = [
    { name: '', clock: 'local', cpus: [[record(1000)], []] },
    { name: 'pins', clock: 'local', cpus: [[], [record(1060)]] },
  ];
  assert.deepEqual(numbers(await read(fileOf([], { buffers }))), [2, 0]);
});

test('between the records of one hit there is none of another one, but of interrupts', async () => {
  const between = (hit: Hit): Promise<Capture> =>
    readBuffers([record(1000), record(1020, hit)], [record(1060)]);
  assert.deepEqual(numbers(await between({ pfn: 5 })), [3, 0]);
  assert.deepEqual(numbers(await between({ pfn: 5, flags: SOFTIRQ })), [2, 1]);
  assert.deepEqual(numbers(await between({ pfn: 5, flags: HARDIRQ })), [2, 1]);
  // A kernel in which probes may be preempted.
  assert.deepEqual(numbers(await between({ pfn: 5, pid: 131 })), [2, 1]);
  // An interrupt in each of the two buffers, in the midst of the first record's stack.
  const interrupt = { pfn: 9, flags: HARDIRQ };
  const nested = await readBuffers(
    [record(1000), record(1010, interrupt), stack(1012, 0x100, interrupt), stack(1030, 0)],
    [record(1020, interrupt), stack(1022, 0x100, interrupt), record(1040), stack(1041, 0)],
  );
  assert.deepEqual(
    [column(nested, 'pfn'), stacks(nested)],
    [
      [0x12f93, 9],
      ['get_page', 'put_page'],
    ],
  );
  assert.equal(nested.copiesLeftOut, 2);
});

test('they are not far from each other', async () => {
  assert.deepEqual(numbers(await readBuffers([record(1000)], [record(1000 + 10e6)])), [1, 1]);
  assert.deepEqual(numbers(await readBuffers([record(1000)], [record(1001 + 10e6)])), [2, 0]);
});

test('text written to trace_marker is of the buffer that it was written to', async () => {
  const mark = { event: MARKER, values: { ip: 1, buf: new TextEncoder().encode('begin') } };
  assert.deepEqual(numbers(await readBuffers([record(1000, mark)], [record(1060, mark)])), [2, 0]);
});

test('of another clock nothing can be told: events stay, and it is said that they may count twice', async () => {
  const withClock = (clock: string, pids: readonly RecordText[]): Promise<Capture> =>
    read(
      fileOf([], {
        buffers: [
          { name: '', clock: 'local', cpus: [[record(1000), record(2000)]] },
          { name: 'pins', clock, cpus: [pids] },
        ],
      }),
    );
  const capture = await withClock('mono', [record(1060), record(2060)]);
  assert.deepEqual(numbers(capture), [4, 0]);
  assert.deepEqual(capture.uncomparedBuffers, ['pins']);
  assert.match(
    doubtTexts(capture).join('\n'),
    /^Events that buffer "pins" and another one both recorded count twice: who held a page, and how long, may be wrong \(clocks differ/m,
  );
  // Other events do not.
  const alloc = { event: events.MM_PAGE_ALLOC, values: { pfn: 1 } };
  assert.equal((await withClock('mono', [record(1060, alloc)])).uncomparedBuffers, undefined);
  const same = await withClock('local', [record(1060), record(2060)]);
  assert.deepEqual([numbers(same), same.uncomparedBuffers], [[2, 2], undefined]);
});

test('TSC ticks that are converted are compared as ns', async () => {
  const tsc = new ByteWriter(true)
    .u32(1 << 30)
    .u32(31)
    .u64(0)
    .done();
  const capture = await read(fileOf(recordedBy(2), { options: [[14, tsc]] }));
  assert.deepEqual(numbers(capture), [30, 30]);
});

test('random hits, filters and interrupts: as many events as hits that a buffer recorded', async () => {
  const random = seededRandom(11);
  for (let round = 0; round < 60; round++) {
    const count = 2 + below(random, 2);
    const buffers: RecordText[][] = Array.from({ length: count }, () => []);
    // What a buffer has is told by the page, as by a filter, and some have stacks.
    const pages = Array.from({ length: 6 }, () => Array.from({ length: count }, () => random() < 0.7));
    const hasStacks = Array.from({ length: count }, () => random() < 0.5);
    let time = 1000;
    let recorded = 0;
    let records = 0;
    let withStack = 0;
    const tick = (): number => (time += 1 + below(random, 50));
    const hit = (flags: number, pid: number): void => {
      const page = below(random, pages.length);
      const one = { pfn: page, val: pick(random, [1, -1]), flags, pid };
      const takers = pages[page]!.flatMap((takes, buffer) => (takes ? [buffer] : []));
      if (takers.length > 0) recorded++;
      if (takers.some((buffer) => hasStacks[buffer])) withStack++;
      records += takers.length;
      for (const buffer of takers) {
        buffers[buffer]!.push(record(tick(), { ...one, count: below(random, 9) }));
        if (flags === 0 && random() < 0.2) hit(HARDIRQ, pid);
        if (hasStacks[buffer]) buffers[buffer]!.push(stack(tick(), page, one));
      }
    };
    for (let i = 0; i < 80; i++) hit(0, pick(random, [130, 131]));
    if (buffers.filter(({ length }) => length > 0).length < 2) continue;
    const capture = await read(fileOf(buffers), 1 + below(random, 1000));
    assert.deepEqual(numbers(capture), [recorded, records - recorded], `round ${round}`);
    assert.equal(stacks(capture).filter((text) => text !== '-').length, withStack, `round ${round}`);
  }
});

test('the real recording with an instance has each request for CMA once, with its stack', async () => {
  const capture = await read(textBytes(path.join(FIXTURES, 'f_dat_instance/trace.dat')));
  assert.deepEqual(numbers(capture), [104, 9]);
  const cma = rowTexts(capture).filter((row) => /^\S+ \[\d\] \S+ cma_alloc_/.test(row));
  assert.equal(cma.length, 9);
  for (const row of cma) assert.match(row, / < trace_event_raw_event_cma_alloc_\w+\+.* < .*cma_alloc_write/);
});
