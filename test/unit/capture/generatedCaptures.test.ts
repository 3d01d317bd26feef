import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import {
  contentOf,
  repeated,
  writePerfDataOfTrace,
  writeRepeated,
} from '../../bench/generator/repeatCapture';
import { NONE, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { memorySource } from '../support/traceText';

const TIMES = 3;

/** Names of functions are not in a perf.data. */
const NAMES_MISSING = 'addresses of kernel functions but not their names';

async function read(name: string, bytes: Uint8Array): Promise<Capture> {
  return openCapture(memorySource(name, bytes));
}

async function collected(parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Uint8Array> {
  const list: Uint8Array[] = [];
  for await (const part of parts) list.push(part);
  return new Uint8Array(Buffer.concat(list));
}

for (const file of [
  'test/fixtures/a_reader/trace.dat',
  'test/fixtures/f_dat_instance/trace.dat',
  'test/fixtures/f_dat_tsc/trace.dat',
  'test/fixtures/a_reader/report.txt.gz',
  'test/fixtures/f_dat_tsc/report.txt',
  'test/fixtures/f_dat_v7_zstd/report-ns.txt.gz',
  'test/fixtures/f_raw_tgid/trace.txt',
  'test/fixtures/f_raw_symaddr/trace.txt.gz',
  'test/fixtures/f_raw_overwritten/trace.txt.gz',
  'test/fixtures/perf/multi.perf.data.gz',
]) {
  test(`${file} repeated is a capture of the same events, later and on other pages`, async () => {
    const bytes = contentOf(file);
    const once = await read(file, bytes);
    const all = await read(file, await collected(repeated(bytes, file, TIMES)));
    assert.equal(all.format, once.format);
    assert.deepEqual(
      all.problems.filter(({ message }) => !message.includes(NAMES_MISSING)),
      [],
    );
    const { length } = once.events;
    assert.ok(length > 0);
    assert.equal(all.events.length, length * TIMES);
    assert.equal(all.stackRecords, once.stackRecords * TIMES);
    assert.equal(all.lost, once.lost * TIMES);
    // The same code paths: nothing new to intern.
    assert.equal(all.symbols.stackCount, once.symbols.stackCount);

    const table = all.events;
    const span = table.time[length - 1]! - table.time[0]!;
    const step = table.time[length]! - table.time[0]!;
    const move = firstMove(all, length);
    assert.ok(step > span, 'the second round begins behind the first');
    for (let row = 0; row < length; row++) {
      assert.equal(table.kind[row], once.events.kind[row]);
      assert.equal(table.pfn[row], once.events.pfn[row]);
      for (let round = 1; round < TIMES; round++) {
        const repeat = round * length + row;
        assert.equal(table.time[repeat]! - table.time[row]!, step * round);
        assert.equal(table.kind[repeat], table.kind[row]);
        assert.equal(table.count[repeat], table.count[row]);
        assert.equal(table.stack[repeat], table.stack[row]);
        const pfn = table.pfn[row]!;
        assert.equal(table.pfn[repeat], pfn === NONE ? NONE : pfn + round * move);
      }
    }
    assert.ok(move > 0 && move % 1024 === 0, 'pages keep their alignment');
  });
}

/** By how much the first event's page with a PFN moves from one round to the next. */
function firstMove({ events }: Capture, length: number): number {
  const row = events.pfn.findIndex((pfn) => pfn !== NONE);
  return events.pfn[row + length]! - events.pfn[row]!;
}

test('a text without events is refused with a reason', () => {
  assert.throws(
    () => [...(repeated(new TextEncoder().encode('nothing\n'), 'x', 2) as Generator)],
    /no line of it/,
  );
});

test('trace-cmd reads a repeated trace.dat without a complaint', async (t) => {
  if (spawnSync('trace-cmd', ['--version']).error) {
    t.skip('trace-cmd is not installed');
    return;
  }
  const folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-generated-'));
  try {
    const from = 'test/fixtures/a_reader/trace.dat';
    const to = path.join(folder, 'trace.dat');
    await writeRepeated(from, { events: 500 }, to);
    const report = spawnSync('trace-cmd', ['report', to], { encoding: 'utf8' });
    assert.equal(report.status, 0);
    assert.equal(report.stderr, '');
    const capture = await read(to, contentOf(to));
    assert.ok(capture.events.length >= 500);
    const printed = report.stdout.split('\n').filter((line) => /-\d+ +\[\d+\].*: /.test(line));
    const events = printed.filter((line) => !line.includes(' kernel_stack: '));
    assert.equal(events.length, capture.events.length);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('events of a trace.dat as a perf.data are the same events, in order of time', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'page-holders-generated-'));
  try {
    const trace = 'test/fixtures/a_reader/trace.dat';
    const to = path.join(folder, 'perf.data');
    await writePerfDataOfTrace(trace, 'test/fixtures/perf/multi.perf.data.gz', 1_000_000, to);
    const expected = await read(trace, contentOf(trace));
    const capture = await read(to, contentOf(to));
    const { length } = expected.events;
    assert.ok(length > 0);
    assert.equal(capture.events.length, length);
    assert.equal(capture.timeBase, expected.timeBase);
    assert.equal(capture.stackRecords, expected.stackRecords);
    for (let row = 0; row < length; row++) {
      for (const column of ['time', 'cpu', 'kind', 'pfn', 'count', 'val', 'flags'] as const) {
        assert.equal(capture.events[column][row], expected.events[column][row], `${column} of row ${row}`);
      }
      const comm = expected.symbols.taskComm(expected.events.task[row]!);
      const task = capture.events.task[row]!;
      assert.equal(capture.symbols.taskPid(task), expected.symbols.taskPid(expected.events.task[row]!));
      assert.equal(capture.symbols.taskComm(task), comm === '<idle>' ? 'swapper' : comm);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
