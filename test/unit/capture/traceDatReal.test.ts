/** Real trace.dat recordings, against the text printed from them, and with reads of all sizes. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { NONE, type Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import {
  assertConsistent,
  captureText,
  eventText,
  rowTexts,
  stackText,
  summaryText,
} from './support/describeCapture';
import {
  FIXTURES,
  memorySource,
  readOnlySource,
  SHARED,
  textBytes,
  traceDatFiles,
  withFile,
} from './support/sources';

async function open(file: string, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await withFile(file, (source) => openCapture(source, { chunkSize }));
  assertConsistent(capture, { isInFileOrder: false });
  return capture;
}

const fixtures = traceDatFiles(FIXTURES);
const shared = traceDatFiles(SHARED);

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
      const rows = withoutCopies(printed, binary.copiesLeftOut ?? 0);
      assert.equal(binary.events.length, rows.length);
      assert.equal(binary.stackRecords, printed.stackRecords);
      assert.equal(binary.lost, printed.lost);
      for (let row = 0; row < binary.events.length; row++) {
        const { first, withStack } = rows[row]!;
        assert.equal(sharedText(binary, row), sharedText(printed, withStack), `event ${row}`);
        const time = Number(binary.timeBase + BigInt(binary.events.time[row]!) - printed.timeBase);
        assert.ok(Math.abs(time - printed.events.time[first]!) <= printed.resolution, `event ${row}`);
      }
    });
  }
});

/** The rows of a text, in which an event that several buffers recorded stands as often; rows next to each other say so. */
function withoutCopies(printed: Capture, copies: number): { first: number; withStack: number }[] {
  const rows: { first: number; withStack: number }[] = [];
  const { length, stack } = printed.events;
  const said = (row: number): string => eventText(printed, row).replace(/^\S+ /, '');
  for (let row = 0; row < length; row++) {
    const before = rows.at(-1);
    const isCopy = copies > 0 && before !== undefined && said(before.first) === said(row);
    if (!isCopy) rows.push({ first: row, withStack: row });
    else if (stack[before.first] === NONE) before.withStack = row;
  }
  assert.equal(length - rows.length, copies);
  return rows;
}

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
  assert.deepEqual(rowTexts(version6), rowTexts(version7));
  assert.equal(new Map(version6.facts).get('compression'), 'gzip');
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
      ...readOnlySource(bytes),
      read: (offset: number, length: number) =>
        offset + length > limit
          ? Promise.reject(new Error('EIO'))
          : Promise.resolve(bytes.subarray(offset, offset + length)),
    };
    await assert.rejects(openCapture(source, { chunkSize: 512 }), /EIO/);
  }
});
