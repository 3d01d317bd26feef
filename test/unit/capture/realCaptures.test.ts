/** Every real recording, against a second reader that shares no code, and with chunks of all sizes. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { ABSENT, NONE, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { assertConsistent, captureText } from './support/describeCapture';
import { readNaively, type NaiveEvent } from './support/naiveReader';
import { FIXTURES, ftraceTexts, memorySource, SHARED, textBytes, withFile } from './support/sources';

function compareWithNaive(capture: Capture, text: string): void {
  const { events, symbols } = capture;
  const naive = readNaively(text);
  assert.equal(events.length, naive.events.length);
  assert.equal(capture.stackRecords, naive.stackRecords);
  assert.equal(capture.orphanStacks, naive.orphans);
  const columns = [
    ['count', events.count],
    ['mapcount', events.mapcount],
    ['val', events.val],
    ['ret', events.ret],
    ['order', events.order],
    ['mt', events.migratetype],
  ] as const;
  for (const [row, expected] of naive.events.entries()) {
    const where = `line ${expected.line}`;
    assert.equal(symbols.string(events.name[row]!), expected.name, where);
    assert.equal(symbols.taskPid(events.task[row]!), expected.pid, where);
    assert.equal(events.cpu[row], expected.cpu, where);
    const stack = events.stack[row]!;
    const frames =
      stack === NONE ? null : [...symbols.stackFrames(stack)].map((frame) => symbols.frameFunction(frame));
    assert.deepEqual(frames, expected.stack, where);
    const pfn = expected.fields.get('pfn');
    if (events.kind[row] === 0) continue;
    compareDetails(capture, row, expected);
    if (pfn !== undefined) assert.equal(events.pfn[row], Number(pfn), where);
    for (const [key, column] of columns) {
      const value = expected.fields.get(key);
      const isNumber = value !== undefined && /^-?\d+$/.test(value);
      const isCma = expected.name.startsWith('cma_');
      const absent = column instanceof Int8Array ? -1 : ABSENT;
      if (key !== 'mt' || value !== undefined) {
        const wanted = isNumber && !isCma ? Number(value) : absent;
        assert.equal(column[row], wanted, `${where} ${key}`);
      }
    }
  }
}

/** The details of a row as the fields that they come from. */
function compareDetails(capture: Capture, row: number, expected: NaiveEvent): void {
  const { events, symbols } = capture;
  const { details } = events;
  const detail = events.detail[row]!;
  const where = `line ${expected.line}`;
  const numbers = [
    ['end_pfn', details.endPfn],
    ['fin_pfn', details.finPfn],
    ['nr_succeeded', details.pages],
    ['nr_migrated', details.pages],
    ['nr_failed', details.failed],
    ['err', details.error],
    ['errorno', details.error],
  ] as const;
  for (const [key, column] of numbers) {
    const value = expected.fields.get(key);
    if (value !== undefined) assert.equal(column[detail], Number(value), `${where} ${key}`);
  }
  const words = [
    ['reason', details.reason, /^(?![0-9a-f]{8,}$)[a-z_]+$/],
    ['name', details.label, /./],
    ['mode', details.label, /^[A-Za-z_]+$/],
  ] as const;
  for (const [key, column, pattern] of words) {
    const value = expected.fields.get(key);
    if (value === undefined || !pattern.test(value)) continue;
    assert.equal(symbols.string(column[detail]!), value, `${where} ${key}`);
  }
  if (expected.name.startsWith('cma_')) {
    assert.equal(details.pages[detail], Number(expected.fields.get('count')), where);
  }
  if (expected.name === 'test_pages_isolated') {
    assert.equal(events.pfn[row], Number(expected.fields.get('start_pfn')), where);
    const result = details.endPfn[detail]! <= details.finPfn[detail]! ? 'success' : 'fail';
    assert.equal(symbols.string(details.result[detail]!), expected.fields.get('ret') ?? result, where);
  }
}

/** What the recordings themselves lost, as their truth says. */
function truthOf(folder: string, file: string): { lost: { count: number | null; events: boolean } } | null {
  const truth = path.join(folder, path.dirname(file), 'truth.json');
  return existsSync(truth) ? (JSON.parse(readFileSync(truth, 'utf8')) as { lost: never }) : null;
}

for (const folder of [FIXTURES, SHARED]) {
  const files = ftraceTexts(folder);
  test(
    `every text of ${folder} is read whole`,
    { skip: files.length === 0 && `${folder} is absent` },
    async (t) => {
      for (const file of files) {
        await t.test(file, async () => {
          const whole = path.join(folder, file);
          const capture = await withFile(whole, (source) => openCapture(source));
          assert.equal(capture.problemCount, 0, capture.problems[0]?.message);
          assert.equal(capture.format, file.includes('report') ? 'trace-cmd-report' : 'ftrace');
          assertConsistent(capture);
          compareWithNaive(capture, new TextDecoder().decode(textBytes(whole)));
          const lost = truthOf(folder, file)?.lost;
          if (lost) {
            assert.equal(capture.gaps.length > 0, lost.events);
            if (lost.count !== null) assert.equal(capture.lost, lost.count);
          }
        });
      }
    },
  );
}

/** Each chunk costs a turn of the event loop: of a large text the beginning has to do for the smallest sizes. */
const SMALL_PIECE = 5000;

test('small chunks give the same as one chunk', async (t) => {
  for (const file of ftraceTexts(FIXTURES)) {
    const bytes = textBytes(path.join(FIXTURES, file));
    const sizes = Array.from({ length: 64 }, (_, i) => i + 1);
    await t.test(`${file}, its beginning with chunks of 1 to 64 bytes`, async () => {
      await compareChunks(bytes.subarray(0, SMALL_PIECE), sizes);
    });
    await t.test(`${file}, whole`, async () => {
      await compareChunks(bytes, [997, 65536]);
    });
  }
});

async function compareChunks(bytes: Uint8Array, sizes: readonly number[]): Promise<void> {
  const whole = captureText(await openCapture(memorySource(bytes)));
  for (const chunkSize of sizes) {
    const pieces = captureText(await openCapture(memorySource(bytes), { chunkSize }));
    assert.ok(pieces === whole, `chunks of ${chunkSize} bytes`);
  }
}

test('gzipped text gives the same with small chunks', async () => {
  const file = path.join(FIXTURES, 'f_raw_tgid/trace.txt');
  const { gzipSync } = await import('node:zlib');
  const bytes = gzipSync(readFileSync(file));
  const whole = captureText(await openCapture(memorySource(bytes)));
  assert.match(whole, /fact compression: gzip/);
  for (const chunkSize of [1, 2, 3, 17, 64, 1000]) {
    assert.ok(
      captureText(await openCapture(memorySource(bytes), { chunkSize })) === whole,
      String(chunkSize),
    );
  }
});
