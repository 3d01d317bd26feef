/** Real trace.dat recordings, against trace-cmd, against the text printed from them, and with reads of all sizes. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { ABSENT, EventKind, NONE, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { assertConsistent, captureText, eventText, stackText, summaryText } from './support/describeCapture';
import * as events from './support/memoryEvents';
import { ByteWriter } from './support/perfDataWriter';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, memorySource, SHARED, textBytes, withFile } from './support/sources';
import { recordData, writeTraceDat, type RecordText } from './support/traceDatWriter';

/** Larger recordings take trace-cmd half a minute. */
const LARGEST_COMPARED = 16 << 20;

function recordings(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((file) => path.join(folder, String(file)))
    .filter((file) => /\.dat(\.gz)?$/.test(file) && statSync(file).size <= LARGEST_COMPARED)
    .sort();
}

async function open(file: string, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await withFile(file, (source) => openCapture(source, { chunkSize }));
  assertConsistent(capture, { isInFileOrder: false });
  return capture;
}

const fixtures = recordings(FIXTURES);
const shared = recordings(SHARED);

/** What trace-cmd says of one event. */
interface Reported {
  readonly comm: string;
  readonly pid: number;
  readonly cpu: number;
  /** ns or ticks */
  readonly time: bigint;
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
  /** Function and address, innermost first; null where no stack follows. */
  stack: string[] | null;
}

/** `trace-cmd report -t`, its stacks attached by CPU and task. */
async function reportOf(file: string): Promise<{ reported: Reported[]; stacks: number; lost: number }> {
  const reported: Reported[] = [];
  const newest = new Map<string, Reported[]>();
  let stacks = 0;
  let lost = 0;
  let frames: string[] | null = null;
  const child = spawn('trace-cmd', ['report', '-t', '-i', file], { stdio: ['ignore', 'pipe', 'ignore'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const dropped = /^CPU:(\d+) \[(?:(\d+) )?EVENTS DROPPED\]$/.exec(line);
    if (dropped) lost += Number(dropped[2] ?? 0);
    const match = /^(?:(\S+):\s+)?\s*(.+)-(\d+)\s+\[(\d+)\]\s*([\d.]+): (\S+):\s*(.*)$/.exec(line);
    if (!match) {
      const frame = /^=> (.*)$/.exec(line.trim());
      if (frame) frames?.push(frame[1]!);
      continue;
    }
    const [, instance = '', comm, pid, cpu, time, name, text] = match;
    const key = `${instance}/${cpu!}/${pid!}`;
    if (name === 'kernel_stack') {
      stacks++;
      frames = [];
      const event = newest.get(key)?.pop();
      if (event) event.stack = frames;
      continue;
    }
    const fields = new Map([...text!.matchAll(/([a-z_]+)=(\S+)/g)].map((field) => [field[1]!, field[2]!]));
    const event: Reported = {
      comm: comm!.trim(),
      pid: Number(pid),
      cpu: Number(cpu),
      time: BigInt(time!.replace('.', '')),
      name: name!,
      fields,
      stack: null,
    };
    reported.push(event);
    newest.set(key, [...(newest.get(key) ?? []), event].slice(-4));
  }
  return { reported, stacks, lost };
}

function compareWithReport(
  capture: Capture,
  { reported, stacks, lost }: Awaited<ReturnType<typeof reportOf>>,
): void {
  const { events: table, symbols } = capture;
  assert.equal(table.length, reported.length);
  assert.equal(capture.stackRecords, stacks);
  assert.equal(capture.lost, lost);
  const numbers = [
    ['count', table.count],
    ['mapcount', table.mapcount],
    ['val', table.val],
    ['ret', table.ret],
    ['mt', table.migratetype],
    ['order', table.order],
  ] as const;
  for (const [row, expected] of reported.entries()) {
    const where = `event ${row}, ${expected.name} at ${expected.time}`;
    assert.equal(capture.timeBase + BigInt(table.time[row]!), expected.time, where);
    assert.equal(table.cpu[row], expected.cpu, where);
    assert.equal(symbols.taskPid(table.task[row]!), expected.pid, where);
    assert.equal(symbols.taskComm(table.task[row]!), expected.comm, where);
    assert.equal(symbols.string(table.name[row]!), expected.name, where);
    const stack = table.stack[row]!;
    const frames =
      stack === NONE
        ? null
        : Array.from(
            symbols.stackFrames(stack),
            (frame) => `${symbols.frameFunction(frame)} (${symbols.frameAddress(frame)!.toString(16)})`,
          );
    assert.deepEqual(frames, expected.stack, where);
    const kind = table.kind[row]!;
    if (kind === EventKind.Other) continue;
    const pfn = expected.fields.get('pfn') ?? expected.fields.get('start_pfn');
    const isFailed = kind === EventKind.PageAlloc && Number(pfn) === 0;
    if (pfn !== undefined) assert.equal(table.pfn[row], isFailed ? NONE : Number(pfn), where);
    if (kind >= EventKind.CmaAllocStart) continue;
    for (const [key, column] of numbers) {
      const value = expected.fields.get(key);
      if (value !== undefined && value !== 'ARRAY')
        assert.equal(column[row], Number(value), `${where}: ${key}`);
    }
  }
}

const hasTraceCmd = spawnSync('trace-cmd', ['--version'], { stdio: 'ignore' }).error === undefined;
const skip = hasTraceCmd ? false : 'trace-cmd is not installed';

test('trace-cmd report agrees, event by event', { skip }, async (t) => {
  if (shared.length === 0) t.diagnostic(`${SHARED} is not there: only the fixtures are compared`);
  for (const file of [...fixtures, ...shared]) {
    if (file.endsWith('.gz')) continue;
    await t.test(file, async () => {
      const capture = await open(file);
      assert.deepEqual(capture.problems, []);
      compareWithReport(capture, await reportOf(file));
    });
  }
});

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
      const value = address(0xffffffff81000000n + BigInt(below(random, 0x2fff)));
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
  const folder = mkdtempSync(path.join(os.tmpdir(), 'trace-dat-'));
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
            assert.deepEqual(capture.problems, []);
            assert.ok(capture.gaps.length > 0);
            compareWithReport(capture, await reportOf(file));
          },
        );
      }
    }
  }
  rmSync(folder, { recursive: true });
});

/** What the two forms of one recording share: the text has times in microseconds and no module names. */
function sharedText(capture: Capture, row: number): string {
  const { events: table, symbols } = capture;
  const stack = table.stack[row]!;
  const frames =
    stack === NONE ? [] : [...symbols.stackFrames(stack)].map((frame) => symbols.frameFunction(frame));
  const text = eventText(capture, row).replace(/^\S+ /, '');
  // The text prints a pointer where the recording has no name for it, and both leave it out.
  return `${text} < ${frames.join(' < ')}`;
}

test('the text that trace-cmd printed says the same', async (t) => {
  const folders = [...new Set([...fixtures, ...shared].map((file) => path.dirname(file)))];
  for (const folder of folders) {
    const text = ['report.txt', 'report.txt.gz']
      .map((name) => path.join(folder, name))
      .find((file) => existsSync(file));
    if (text === undefined) continue;
    await t.test(folder, async () => {
      const binary = await open(path.join(folder, 'trace.dat'));
      const printed = await open2(text);
      assert.equal(binary.events.length, printed.events.length);
      assert.equal(binary.stackRecords, printed.stackRecords);
      assert.equal(binary.lost, printed.lost);
      for (let row = 0; row < binary.events.length; row++) {
        assert.equal(sharedText(binary, row), sharedText(printed, row), `event ${row}`);
        const time = Number(binary.timeBase + BigInt(binary.events.time[row]!) - printed.timeBase);
        assert.ok(Math.abs(time - printed.events.time[row]!) <= printed.resolution, `event ${row}`);
      }
    });
  }
});

const open2 = (file: string): Promise<Capture> => openCapture(memorySource(textBytes(file)));

test('reads of any size give the same', async () => {
  for (const file of fixtures) {
    const whole = captureText(await open(file));
    for (const chunkSize of [1, 3, 64, 1000, 4096, 65537]) {
      assert.equal(captureText(await open(file, chunkSize)), whole, `${file} in reads of ${chunkSize}`);
    }
  }
});

test('both versions of a file say the same', async () => {
  const folder = path.join(FIXTURES, 'f_dat_v7_zstd');
  const version7 = await open(path.join(folder, 'trace.dat'));
  const version6 = await open(path.join(folder, 'trace-v6.dat.gz'));
  assert.equal(version6.timeBase, version7.timeBase);
  const rows = (capture: Capture): string[] =>
    Array.from(
      { length: capture.events.length },
      (_, row) => `${eventText(capture, row)} < ${stackText(capture, capture.events.stack[row]!)}`,
    );
  assert.deepEqual(rows(version6), rows(version7));
  assert.equal(new Map(version6.facts).get('compression'), 'gzip');
});

test('what trace-cmd report leaves out is there: flags, the whole stack, the return address', async () => {
  const capture = await open(path.join(FIXTURES, 'f_dat_v7_zstd/trace.dat'));
  const { events: table } = capture;
  const named = new Set<string>();
  let deepest = 0;
  for (let row = 0; row < table.length; row++) {
    for (const name of /flags=(\S+)/.exec(eventText(capture, row))?.[1]?.split('|') ?? []) named.add(name);
    if (table.stack[row] !== NONE) {
      deepest = Math.max(deepest, capture.symbols.stackFrames(table.stack[row]!).length);
    }
    assert.ok(table.count[row] === ABSENT || table.mapping[row] !== 0);
  }
  assert.ok(named.has('lru') && named.has('swapbacked') && named.has('uptodate'));
  assert.ok(deepest > 8, 'frames beyond the 8 of the format');
});

test('what the fixtures say, small enough to read', async () => {
  // UPDATE_GOLDEN=1 writes it anew; look at the difference.
  let text = '';
  for (const file of fixtures)
    text += `# ${path.relative(FIXTURES, file)}\n${summaryText(await open(file))}\n\n`;
  const capture = await open(path.join(FIXTURES, 'd_hard/trace.dat'));
  for (let row = 0; row < capture.events.length; row++) {
    const frames = stackText(capture, capture.events.stack[row]!).split(' < ');
    text += `${eventText(capture, row)}\n${frames.map((frame) => `  ${frame}\n`).join('')}`;
  }
  const golden = 'test/unit/capture/golden/traceDat.txt';
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, text);
  assert.equal(text, readFileSync(golden, 'utf8'));
});

test('progress never goes back or beyond the file, and aborting ends the reading', async () => {
  const file = path.join(FIXTURES, 'f_dat_instance/trace.dat');
  await withFile(file, async (source) => {
    let last = 0;
    await openCapture(source, {
      chunkSize: 100,
      onProgress: (bytes, total) => {
        assert.ok(bytes >= last && bytes <= total);
        assert.equal(total, source.size);
        last = bytes;
      },
    });
    assert.equal(last, source.size);
  });
  for (const after of [1, 5, 50, 200]) {
    const abort = new AbortController();
    let calls = 0;
    const onProgress = (): void => {
      if (++calls === after) abort.abort(new Error('enough'));
    };
    await withFile(file, (source) =>
      assert.rejects(openCapture(source, { chunkSize: 100, onProgress, signal: abort.signal }), /enough/),
    );
  }
});

test('a failing read is passed on', async () => {
  const bytes = textBytes(path.join(FIXTURES, 'a_reader/trace.dat'));
  for (const limit of [5000, 10_000, 18_000]) {
    const source = {
      ...memorySource(bytes),
      read: (offset: number, length: number) =>
        offset + length > limit
          ? Promise.reject(new Error('EIO'))
          : Promise.resolve(bytes.subarray(offset, offset + length)),
    };
    await assert.rejects(openCapture(source, { chunkSize: 512 }), /EIO/);
  }
});
