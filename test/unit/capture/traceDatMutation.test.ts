/**
 * Damaged trace.dat files: nothing throws, hangs or takes memory without bound, tables stay consistent, and what
 * is lost is counted.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { campaign, MUTATIONS, test } from './support/campaign';
import { eventText, stackText } from './support/describeCapture';
import { BINARY_BOUND, examine, UNPACKED_BOUND } from './support/examine';
import * as events from './support/memoryEvents';
import { damagedBinary, repeatedUpTo } from './support/mutation';
import { ByteWriter } from './support/perfDataWriter';
import { below, pick, seededRandom } from './support/random';
import { assertSameCapture, inRecordLoop, withoutRecordLoop } from './support/loops';
import { FIXTURES, memorySource, textBytes } from './support/sources';
import { recordData, writeTraceDat, type RecordText, type TraceDatText } from './support/traceDatWriter';

/** Bytes of a file that repeats itself. */
const LARGE = 400_000;

/** Short formats: most damage is to hit numbers and records. */
const FLAGS = events.flagsArgument([
  'locked',
  'uptodate',
  'lru',
  'workingset',
  'error',
  'slab',
  'swapbacked',
]);
const PAGE_REF_MOD = events.pageRefEvent('page_ref_mod', 616, { flags: FLAGS });
const EVENTS = [PAGE_REF_MOD, events.KERNEL_STACK, events.MIGRATE_PAGES];

function smallFile(shape: Partial<TraceDatText> & Pick<TraceDatText, 'version'>): Uint8Array {
  const cpus = [0, 1].map((cpu) => {
    const records: RecordText[] = [];
    for (let i = 0; i < 8; i++) {
      const time = BigInt(1000 + i * 100 + cpu * 37 + (i > 5 ? 1e10 : 0));
      const values = { pfn: 0x12800 + i, flags: 0x80014, count: i, mapping: 0xffff888003d81b61n, val: 1 };
      records.push({
        time,
        data: recordData(shape, PAGE_REF_MOD, 130 + cpu, values),
        ...(i === 3 && { lostBefore: 9 }),
        ...(i === 4 && { paddingBefore: 12, stamp: 'absolute' as const }),
      });
      const tail = new ByteWriter(shape.littleEndian ?? true);
      for (let frame = 0; frame < 3 + cpu; frame++) {
        if (shape.longSize === 4) tail.u32(0x81001000 + frame);
        else tail.u64(0xffffffff81001000n + BigInt(frame));
      }
      const stack = recordData(
        shape,
        events.KERNEL_STACK,
        130 + cpu,
        { size: 3 + cpu },
        { tail: tail.done() },
      );
      records.push({ time: time + 1n, data: stack });
    }
    const migrate = recordData(shape, events.MIGRATE_PAGES, 130, {
      succeeded: 1,
      failed: 2,
      mode: 2,
      reason: 6,
    });
    return [...records, { time: 20_000_000_000n, data: migrate }];
  });
  const text = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`);
  const number = (write: (out: ByteWriter) => ByteWriter): Uint8Array =>
    write(new ByteWriter(shape.littleEndian ?? true)).done();
  return writeTraceDat({
    pageSize: 256,
    events: EVENTS,
    kallsyms: '81000000 T _text\nffffffff81001000 T get_page\nffffffff81002000 t put_page\t[ext4]\n',
    modules: 'ext4 4096 1 - Live 0xffffffff81002000\n',
    printk: '0xffffffff81dec778 : "contig_range"\n',
    commandLines: '130 pinner\n131 pipe reader\n',
    options: [
      [5, text('Linux host 6.1.0 x86_64')],
      [7, text('0x10')],
      [2, text('CPU: 0\noverrun: 4\n')],
      [13, number((out) => out.text('vm\0').u64(7).u32(0))],
      [14, number((out) => out.u32(3_000_000_000).u32(31).u64(0))],
      [
        12,
        number((out) =>
          out.u64(7).u32(1).u32(1).u32(2).u64(0).u64(9e9).u64(5).u64(7).u64(1).u64(1).u64(0).u64(0),
        ),
      ],
    ],
    buffers: [
      { name: '', clock: 'mono', cpus },
      { name: 'pins', clock: 'mono', cpus },
    ],
    ...shape,
  });
}

const PLAIN = [
  smallFile({ version: 6 }),
  smallFile({ version: 7 }),
  smallFile({ version: 6, littleEndian: false, longSize: 4 }),
  smallFile({ version: 7, littleEndian: false, options: [] }),
  smallFile({
    version: 7,
    latencyText: '# tracer: nop\n  a-1 [000] 1.000001: cma_release: pfn=0x1 count=1\n',
  }),
];
const COMPRESSED = [
  smallFile({ version: 7, compression: 'zlib' }),
  smallFile({ version: 7, compression: 'zstd' }),
  smallFile({ version: 7, compression: 'zstd', pagesInChunk: 1 }),
];
const MADE = [...PLAIN, ...COMPRESSED];
const REAL = ['d_hard', 'f_dat_instance', 'f_dat_tsc', 'pd_soft'].map((name) =>
  textBytes(path.join(FIXTURES, name, 'trace.dat')),
);

async function read(bytes: Uint8Array, what: string): Promise<Capture> {
  const isPlain = !what.includes('compressed');
  // Small reads are slow; one file in eight is read so.
  const chunkSize = bytes.length % 8 === 0 ? 700 : 1 << 16;
  const { capture } = await examine(bytes, isPlain ? BINARY_BOUND : UNPACKED_BOUND, { chunkSize });
  // A record takes 8 bytes at least, and no byte is read as a record twice; compressed ones grow within bounds.
  const records = capture.events.length + capture.stackRecords;
  const grown = capture.facts.some(([name]) => name === 'compression') ? 2 ** 26 + bytes.length * 256 : 0;
  assert.ok(records * 8 <= bytes.length + grown, `${what}: ${records} records`);
  return capture;
}

/** What a file is called in messages. */
const nameOf = (index: number): string =>
  `${index >= PLAIN.length && index < MADE.length ? 'compressed' : ''} file ${index}`;

function rowsOf(capture: Capture): string[] {
  const first = capture.timeBase;
  return Array.from({ length: capture.events.length }, (_, row) => {
    const time = first + BigInt(capture.events.time[row]!);
    const text = eventText(capture, row).replace(/^\S+/, String(time));
    return `${text} < ${stackText(capture, capture.events.stack[row]!)}`;
  });
}

/** A copy that another buffer has is an event with its stack as well: what is left of a file may not tell that it is one. */
function recordsOf({ events, stackRecords, copiesLeftOut = 0 }: Capture): number {
  return events.length + 2 * copiesLeftOut + stackRecords;
}

test('cut off at every 64th byte: what is left is read, and the loss is said', async () => {
  for (const [index, bytes] of [...MADE, ...REAL].entries()) {
    const whole = await read(bytes, nameOf(index));
    const rows = new Set(rowsOf(whole));
    for (let length = 64; length < bytes.length; length += 64) {
      const what = `${nameOf(index)} cut to ${length}`;
      const capture = await read(bytes.subarray(0, length), what);
      const lost = recordsOf(whole) - recordsOf(capture);
      assert.ok(lost >= 0, what);
      if (lost > 0) assert.ok(capture.problemCount > 0, what);
      if (capture.stackRecords === whole.stackRecords && capture.problemCount === 0) {
        for (const row of rowsOf(capture)) assert.ok(rows.has(row), `${what}: ${row}`);
      }
    }
  }
});

const ABSURD = [0xffffffffffffffffn, 0x7fffffffn];
const PLACES = MADE.flatMap((bytes, index) =>
  Array.from({ length: Math.floor((bytes.length - 18 - index) / 19) }, (_, i) => ({
    index,
    at: 10 + index + i * 19,
  })),
);

campaign('absurd sizes and counts at every place of a trace.dat', {
  rounds: PLACES.length * ABSURD.length,
  make: (_random, round) => {
    const { index, at } = PLACES[Math.floor(round / ABSURD.length)]!;
    const copy = Uint8Array.from(MADE[index]!);
    new DataView(copy.buffer).setBigUint64(at, ABSURD[round % ABSURD.length]!, true);
    return copy;
  },
  examine: async (bytes) => (await read(bytes, 'compressed at times')).problemCount > 0,
});

for (const [name, seeds, part] of [
  ['trace.dat', PLAIN, 0.6],
  ['compressed trace.dat', COMPRESSED, 0.4],
] as const) {
  campaign(`${name} with random damage`, {
    rounds: MUTATIONS * part,
    make: (random) =>
      damagedBinary(random, random() < 0.01 ? pick(random, REAL) : pick(random, seeds), [...MADE, ...REAL]),
    examine: async (bytes) => (await read(bytes, 'compressed at times')).problemCount > 0,
    least: 0.25,
  });
}

campaign('damaged trace.dat files are read alike in the record loop and one record after the other', {
  rounds: MUTATIONS / 10,
  make: (random) => damagedBinary(random, pick(random, [...PLAIN, ...REAL]), [...MADE, ...REAL]),
  examine: async (bytes) => {
    const capture = await inRecordLoop(() => openCapture(memorySource(bytes)));
    assertSameCapture(capture, await withoutRecordLoop(() => openCapture(memorySource(bytes))));
    return capture.problemCount > 0;
  },
  least: 0.25,
});

campaign('a part of a trace.dat many times over takes time and memory in line with its size', {
  rounds: MUTATIONS / 400,
  make: (random) => {
    const repeated = repeatedUpTo(random, pick(random, [...MADE, ...REAL]), LARGE);
    return random() < 0.5 ? repeated : damagedBinary(random, repeated, MADE);
  },
  examine: async (bytes) => (await read(bytes, 'compressed at times')).events.length > 0,
});

test('each damaged chunk costs its own events only', async () => {
  const bytes = smallFile({ version: 7, compression: 'zlib', pagesInChunk: 1 });
  const whole = await read(bytes, 'whole compressed');
  const random = seededRandom(5);
  let checked = 0;
  for (let round = 0; round < 300; round++) {
    const copy = Uint8Array.from(bytes);
    const at = below(random, bytes.length);
    copy[at]! ^= 0x55;
    const capture = await read(copy, `compressed, byte ${at}`);
    const isChunk =
      capture.problems.length === 1 && capture.problems[0]!.message.includes('does not decompress');
    if (!isChunk || !capture.problems[0]!.message.includes('chunk')) continue;
    checked++;
    assert.ok(Math.abs(capture.problems[0]!.offset - at) < 300);
    assert.ok(capture.events.length + 8 >= whole.events.length, `byte ${at}`);
  }
  assert.ok(checked > 20);
});
