/**
 * Every trace.dat recording against `trace-cmd report`, event by event, and what ours has beyond it: the names of page
 * flags, whole stacks, reasons. COMPARE_BIG=1 takes in recordings of millions of events, minutes each.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ABSENT, EventKind, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { assertConsistent, eventText } from './support/describeCapture';
import * as events from './support/memoryEvents';
import { ByteWriter } from './support/perfDataWriter';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, SHARED, textBytes, traceDatFiles, withFile } from './support/sources';
import { compareWithTraceCmd, FRAMES_OF_FORMAT, ReportComparison } from './support/traceCmdReport';
import { recordData, writeTraceDat, type RecordText } from './support/traceDatWriter';

/** Larger recordings take trace-cmd half a minute, and reading what it prints minutes. */
const LARGEST_COMPARED = 16 << 20;
const COMPARE_BIG = process.env['COMPARE_BIG'] === '1';

const hasTraceCmd = spawnSync('trace-cmd', ['--version'], { stdio: 'ignore' }).error === undefined;
const skip = hasTraceCmd ? false : 'trace-cmd is not installed: only what it printed earlier is compared';

const folder = mkdtempSync(path.join(os.tmpdir(), 'trace-cmd-report-'));
after(() => {
  rmSync(folder, { recursive: true });
});

async function open(file: string): Promise<Capture> {
  const capture = await withFile(file, (source) => openCapture(source));
  assertConsistent(capture, { isInFileOrder: false });
  assert.deepEqual(capture.problems, []);
  return capture;
}

/** trace-cmd reads no gzip. */
function unpacked(file: string): string {
  if (!file.endsWith('.gz')) return file;
  const target = path.join(folder, path.basename(file, '.gz'));
  writeFileSync(target, textBytes(file));
  return target;
}

const all = [...traceDatFiles(FIXTURES), ...traceDatFiles(SHARED)];
const compared = all.filter((file) => COMPARE_BIG || statSync(file).size <= LARGEST_COMPARED);

/** Reports kept beside the fixtures: printed in ns, in microseconds, in ticks, and without plugins. */
const STORED: readonly (readonly [string, number])[] = [
  ['f_dat_v7_zstd/report-ns.txt.gz', Infinity],
  ['f_dat_v7_zstd/report-noplugins.txt', FRAMES_OF_FORMAT],
  ['f_dat_tsc/report.txt', Infinity],
  ['f_dat_instance/report.txt.gz', Infinity],
  ['a_reader/report.txt.gz', Infinity],
  ['d_hard/report.txt', Infinity],
];

for (const [file, frames] of STORED) {
  test(`${file}, as trace-cmd printed it, agrees event by event`, async () => {
    const report = path.join(FIXTURES, file);
    const comparison = new ReportComparison(await open(path.join(path.dirname(report), 'trace.dat')), frames);
    for (const line of new TextDecoder().decode(textBytes(report)).trimEnd().split('\n'))
      comparison.line(line);
    const { cutStacks, unnamedFlags } = comparison.end();
    assert.ok(unnamedFlags > 0);
    assert.equal(cutStacks > 0, frames !== Infinity);
  });
}

test('trace-cmd report agrees, event by event', { skip }, async (t) => {
  if (!existsSync(SHARED)) t.diagnostic(`${SHARED} is not there: only the fixtures are compared`);
  for (const file of all) {
    if (!compared.includes(file)) t.diagnostic(`${file} is left out: COMPARE_BIG=1 compares it too`);
  }
  const reasons = new Set<string>();
  for (const file of compared) {
    await t.test(file, async (each) => {
      const counted = await compareWithTraceCmd(await open(file), unpacked(file));
      each.diagnostic(`${counted.events} events, ${counted.stacks} stacks`);
      for (const reason of counted.reasons.keys()) reasons.add(reason);
    });
  }
  if (!existsSync(SHARED)) return;
  for (const reason of ['contig_range', 'longterm_pin', 'memory_failure', 'memory_hotplug', 'compaction']) {
    assert.ok(reasons.has(reason), `no migration for ${reason} was compared`);
  }
});

test('without its plugins trace-cmd cuts stacks: ours go on', { skip }, async (t) => {
  for (const file of traceDatFiles(FIXTURES)) {
    await t.test(file, async () => {
      const { cutStacks, stacks } = await compareWithTraceCmd(await open(file), unpacked(file), ['-N']);
      assert.ok(cutStacks > 0, `none of ${stacks} stacks has more than ${FRAMES_OF_FORMAT} frames`);
    });
  }
});

test('flags that trace-cmd prints as a number have names', async () => {
  const capture = await open(path.join(FIXTURES, 'f_dat_v7_zstd/trace.dat'));
  const { events: table } = capture;
  const named = new Set<string>();
  for (let row = 0; row < table.length; row++) {
    for (const name of /flags=(\S+)/.exec(eventText(capture, row))?.[1]?.split('|') ?? []) named.add(name);
    assert.ok(table.count[row] === ABSENT || table.mapping[row] !== 0);
  }
  assert.ok(named.has('lru') && named.has('swapbacked') && named.has('uptodate'));
});

interface Truth {
  readonly attempts: readonly { readonly reason: string }[];
}

/** page_pin_owner records its reason as a `const char *`: the recording holds the address and not the text. */
const pinOwner = compared.filter((file) => path.basename(path.dirname(file)).startsWith('pd_'));

for (const file of pinOwner) {
  test(`${file}: the reason that trace-cmd prints as an address is known by the stack`, async () => {
    const capture = await open(file);
    if (hasTraceCmd) {
      const { addressesAsReason, reasons } = await compareWithTraceCmd(capture, file);
      assert.ok(addressesAsReason > 0 && reasons.size === 0);
    }
    const truth = JSON.parse(readFileSync(path.join(path.dirname(file), 'truth.json'), 'utf8')) as Truth;
    const expected = new Set(truth.attempts.map(({ reason }) => reason));
    assert.equal(expected.size, 1);
    const marks = analyseHolders(capture).pages.flatMap((page) => page.marks);
    assert.ok(marks.length > 0);
    for (const mark of marks) {
      assert.equal(capture.events.kind[mark.row], EventKind.PinFailure);
      assert.ok(mark.reason !== null && expected.has(mark.reason), `${mark.reason}`);
    }
  });
}

/** A file with every form of record and time stamp, at random. */
function randomFile(
  random: () => number,
  shape: { version: 6 | 7; littleEndian: boolean; longSize: 4 | 8 },
): Uint8Array {
  const address = (value: bigint): bigint => (shape.longSize === 4 ? value & 0xffffffffn : value);
  const cpus: RecordText[][] = [[], [], []];
  let time = 1000n;
  for (let i = 0; i < 500; i++) {
    time += BigInt(below(random, random() < 0.05 ? 4e9 : 1000));
    const cpu = below(random, 3);
    const values = {
      pfn: 0x12800 + i,
      flags: below(random, 1 << 24),
      count: i,
      mapcount: (i % 3) - 1,
      mt: 4,
      val: i - 5,
    };
    // trace-cmd overlooks losses before a page that does not begin with an event.
    const isPlain = random() < 0.7;
    cpus[cpu]!.push({
      time,
      data: recordData(shape, pick(random, [events.PAGE_REF_MOD, events.PAGE_REF_FREEZE]), 130 + cpu, values),
      ...(!isPlain && random() < 0.3 && { stamp: 'absolute' as const }),
      ...(!isPlain && random() < 0.3 && { paddingBefore: 8 + 4 * below(random, 9) }),
      ...(isPlain && random() < 0.03 && { lostBefore: random() < 0.5 ? -1 : 1 + below(random, 999) }),
      ...(random() < 0.1 && { longForm: true }),
    });
    if (random() < 0.2) continue;
    const tail = new ByteWriter(shape.littleEndian);
    const size = 1 + below(random, 30);
    for (let frame = 0; frame < size; frame++) {
      // A return address where a function begins is of the one before, which trace-cmd names after the one behind.
      const value = address(
        0xffffffff81000000n + BigInt(1 + below(random, 0xffe) + 0x1000 * below(random, 3)),
      );
      if (shape.longSize === 4) tail.u32(Number(value));
      else tail.u64(value);
    }
    const stack = recordData(shape, events.KERNEL_STACK, 130 + cpu, { size }, { tail: tail.done() });
    time += 1n;
    cpus[cpu]!.push({ time, data: stack });
  }
  const symbol = (value: bigint, name: string): string =>
    `${address(value)
      .toString(16)
      .padStart(shape.longSize * 2, '0')} T ${name}\n`;
  return writeTraceDat({
    ...shape,
    events: events.ALL_EVENTS,
    kallsyms:
      symbol(0xffffffff81000000n, '_text') +
      symbol(0xffffffff81001000n, 'get_page') +
      symbol(0xffffffff81002000n, 'put_page') +
      symbol(0xffffffff81003000n, '_etext'),
    commandLines: '130 pinner\n131 pipe reader\n',
    options: [
      [5, new TextEncoder().encode('Linux host 6.1.0 x86_64\0')],
      [7, new TextEncoder().encode('777\0')],
      [8, new ByteWriter(shape.littleEndian).u32(3).done()],
    ],
    buffers: [{ name: '', clock: 'mono', cpus }],
  });
}

test('trace-cmd report agrees on made files of both byte orders', { skip }, async (t) => {
  const random = seededRandom(8);
  for (const version of [6, 7] as const) {
    for (const littleEndian of [true, false]) {
      for (const longSize of [4, 8] as const) {
        await t.test(
          `version ${version}, ${littleEndian ? 'little' : 'big'} endian, ${longSize * 8} bits`,
          async () => {
            const file = path.join(folder, 'trace.dat');
            writeFileSync(file, randomFile(random, { version, littleEndian, longSize }));
            const capture = await open(file);
            assert.ok(capture.gaps.length > 0);
            await compareWithTraceCmd(capture, file);
          },
        );
      }
    }
  }
});
