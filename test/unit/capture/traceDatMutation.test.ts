/**
 * Damaged trace.dat files: nothing throws, hangs or takes memory without bound, tables stay consistent, and what
 * is lost is counted. `MUTATIONS=1000000` makes the random part longer.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { assertConsistent, eventText, stackText } from './support/describeCapture';
import * as events from './support/memoryEvents';
import { ByteWriter } from './support/perfDataWriter';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';
import { recordData, writeTraceDat, type RecordText, type TraceDatText } from './support/traceDatWriter';

const RANDOM_INPUTS = Number(process.env['MUTATIONS'] ?? 16_000);
/** No input of a few kB may take longer, in ms, on however busy a machine. */
const LONGEST = 5_000;

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

const MADE = [
  smallFile({ version: 6 }),
  smallFile({ version: 7 }),
  smallFile({ version: 6, littleEndian: false, longSize: 4 }),
  smallFile({ version: 7, littleEndian: false, options: [] }),
  smallFile({ version: 7, compression: 'zlib' }),
  smallFile({ version: 7, compression: 'zstd' }),
  smallFile({
    version: 7,
    latencyText: '# tracer: nop\n  a-1 [000] 1.000001: cma_release: pfn=0x1 count=1\n',
  }),
];
const REAL = ['d_hard', 'f_dat_instance', 'f_dat_tsc', 'pd_soft'].map((name) =>
  textBytes(path.join(FIXTURES, name, 'trace.dat')),
);

async function read(bytes: Uint8Array, what: string): Promise<Capture> {
  const start = performance.now();
  let capture: Capture;
  try {
    capture = await openCapture(memorySource(bytes), { chunkSize: 500 + (bytes.length % 5) * 700 });
    assertConsistent(capture, { isInFileOrder: false });
  } catch (error) {
    assert.fail(`${what}: ${error instanceof Error ? error.stack : String(error)}`);
  }
  assert.ok(performance.now() - start < LONGEST, `${what}: too slow`);
  // A record takes 8 bytes at least, and no byte is read as a record twice; compressed ones grow within bounds.
  const records = capture.events.length + capture.stackRecords;
  const grown = capture.facts.some(([name]) => name === 'compression') ? 2 ** 26 + bytes.length * 256 : 0;
  assert.ok(records * 8 <= bytes.length + grown, `${what}: ${records} records`);
  return capture;
}

function rowsOf(capture: Capture): string[] {
  const first = capture.timeBase;
  return Array.from({ length: capture.events.length }, (_, row) => {
    const time = first + BigInt(capture.events.time[row]!);
    const text = eventText(capture, row).replace(/^\S+/, String(time));
    return `${text} < ${stackText(capture, capture.events.stack[row]!)}`;
  });
}

test('cut off at every 64th byte: what is left is read, and the loss is said', async () => {
  for (const [index, bytes] of [...MADE, ...REAL].entries()) {
    const whole = await read(bytes, `file ${index}`);
    const rows = new Set(rowsOf(whole));
    const step = index < MADE.length ? 64 : 64 * 7;
    for (let length = step; length < bytes.length; length += step) {
      const what = `file ${index} cut to ${length}`;
      const capture = await read(bytes.subarray(0, length), what);
      const lost = whole.events.length - capture.events.length + whole.stackRecords - capture.stackRecords;
      assert.ok(lost >= 0, what);
      if (lost > 0) assert.ok(capture.problemCount > 0, what);
      if (capture.stackRecords === whole.stackRecords && capture.problemCount === 0) {
        for (const row of rowsOf(capture)) assert.ok(rows.has(row), `${what}: ${row}`);
      }
    }
  }
});

test('absurd sizes and counts at every place', async () => {
  for (const [index, bytes] of MADE.entries()) {
    for (let at = 10 + index; at + 8 <= bytes.length; at += 13) {
      for (const value of [0xffffffffffffffffn, 0x7fffffffn]) {
        const copy = Uint8Array.from(bytes);
        new DataView(copy.buffer).setBigUint64(at, value, true);
        await read(copy, `file ${index} with ${value} at ${at}`);
      }
    }
  }
});

test('random damage', async () => {
  const random = seededRandom(20261123);
  let noticed = 0;
  for (let round = 0; round < RANDOM_INPUTS; round++) {
    let bytes = round % 100 === 0 ? pick(random, REAL) : pick(random, MADE);
    for (let times = 1 + below(random, 4); times > 0; times--) bytes = mutated(random, bytes);
    const capture = await read(bytes, `round ${round}`);
    if (capture.problemCount > 0) noticed++;
  }
  assert.ok(noticed > RANDOM_INPUTS / 4, `${noticed} of ${RANDOM_INPUTS} inputs had problems`);
});

test('each damaged chunk costs its own events only', async () => {
  const bytes = smallFile({ version: 7, compression: 'zlib', pagesInChunk: 1 });
  const whole = await read(bytes, 'whole');
  const random = seededRandom(5);
  let checked = 0;
  for (let round = 0; round < 300; round++) {
    const copy = Uint8Array.from(bytes);
    const at = below(random, bytes.length);
    copy[at]! ^= 0x55;
    const capture = await read(copy, `byte ${at}`);
    const isChunk =
      capture.problems.length === 1 && capture.problems[0]!.message.includes('does not decompress');
    if (!isChunk || !capture.problems[0]!.message.includes('chunk')) continue;
    checked++;
    assert.ok(Math.abs(capture.problems[0]!.offset - at) < 300);
    assert.ok(capture.events.length + 8 >= whole.events.length, `byte ${at}`);
  }
  assert.ok(checked > 20);
});

function mutated(random: () => number, bytes: Uint8Array): Uint8Array {
  const at = below(random, bytes.length);
  const length = below(random, Math.min(400, bytes.length - at));
  const copy = Uint8Array.from(bytes);
  switch (below(random, 8)) {
    case 0:
      copy[at]! ^= 1 << below(random, 8);
      return copy;
    case 1:
      return join(bytes.subarray(0, at), bytes.subarray(at + length));
    case 2:
      return join(bytes.subarray(0, at + length), bytes.subarray(at));
    case 3: {
      const other = pick(random, [...MADE, ...REAL]);
      const from = below(random, Math.max(1, other.length - 400));
      const spliced = other.subarray(from, from + length);
      return random() < 0.5
        ? join(bytes.subarray(0, at), spliced, bytes.subarray(at))
        : join(bytes.subarray(0, at), spliced, bytes.subarray(at + spliced.length));
    }
    case 4:
      return copy.fill(pick(random, [0, 0xff, 0x80, 0x7f, 1]), at, at + below(random, 20));
    case 5: {
      const view = new DataView(copy.buffer);
      if (at + 8 > copy.length) return copy;
      const value = pick(random, [2 ** 31, 2 ** 32 - 1, bytes.length, bytes.length + 1, at, 1]);
      view.setUint32(at & ~3, value, random() < 0.8);
      return copy;
    }
    case 6:
      return bytes.subarray(0, at);
    default: {
      const digits = copy.indexOf(0x3a, at);
      if (digits >= 0 && digits + 2 < copy.length) copy[digits + 1] = 0x30 + below(random, 10);
      return copy;
    }
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts.map((part) => Buffer.from(part))));
}
