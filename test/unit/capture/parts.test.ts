/** What readers give of a capture while they read it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { CancelledError } from '../../../src/engine/errors';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { eventText } from './support/describeCapture';
import { FIXTURES, memorySource, textBytes } from './support/sources';

const fixture = (name: string): Uint8Array => textBytes(path.join(FIXTURES, name));

const READERS: readonly (readonly [string, Uint8Array])[] = [
  ['ftrace text', fixture('f_raw_default/trace.txt.gz')],
  ['text of trace-cmd report', fixture('a_reader/report.txt.gz')],
  ['gzipped text', gzipSync(fixture('a_reader/report.txt.gz'))],
  ['text of perf script', fixture('f_perf/perf.txt.gz')],
  ['trace.dat', fixture('a_reader/trace.dat')],
];

for (const [what, bytes] of READERS) {
  test(`${what}: a part is what the whole begins with, and can be analysed`, async () => {
    const parts: { rows: number; texts: readonly string[]; pages: readonly number[] }[] = [];
    const take = (rows: number, capture: Capture): Promise<void> => {
      assert.equal(capture.events.length, rows);
      // The stack of the newest events may still come.
      const settled = Math.max(0, rows - 64);
      const texts = Array.from({ length: settled }, (_, row) => eventText(capture, row));
      parts.push({ rows, texts, pages: analyseHolders(capture).pages.map(({ pfn }) => pfn) });
      return Promise.resolve();
    };
    const whole = await openCapture(memorySource(bytes), {
      chunkSize: 512,
      onPart: (rows, soFar) => (rows > (parts.at(-1)?.rows ?? 0) ? take(rows, soFar()) : undefined),
    });
    assert.ok(parts.length >= 2, `${parts.length} parts`);
    assert.ok(parts.some(({ rows }) => rows > 0 && rows < whole.events.length));
    for (const { texts } of parts) {
      for (const [row, text] of texts.entries()) assert.equal(text, eventText(whole, row), `row ${row}`);
    }
    const all = analyseHolders(whole).pages.map(({ pfn }) => pfn);
    for (const pfn of parts.at(-1)!.pages) assert.ok(all.includes(pfn));
  });
}

test('reading waits until a part was looked at', async () => {
  let isBusy = false;
  await openCapture(memorySource(fixture('a_reader/report.txt.gz')), {
    chunkSize: 4096,
    onProgress: (done, total) => {
      // The next chunk may have been asked for; none is taken.
      assert.ok(!isBusy || done === total);
    },
    onPart: async () => {
      isBusy = true;
      await new Promise((resolve) => setTimeout(resolve, 1));
      isBusy = false;
    },
  });
});

test('a short perf.data gives no part, and can be stopped while it sorts', async () => {
  const recording = fixture('perf/multi.perf.data.gz');
  const phases: string[] = [];
  const options = {
    chunkSize: 512,
    onPart: () => assert.fail('a part of what is not sorted'),
    onPhase: (phase: string) => void phases.push(phase),
  };
  await openCapture(memorySource(recording), options);
  assert.deepEqual(phases, ['sorting']);
  phases.length = 0;
  const pause = (): Promise<void> | undefined =>
    phases.includes('sorting') ? Promise.reject(new CancelledError()) : undefined;
  await assert.rejects(openCapture(memorySource(recording), { ...options, pause }), {
    name: 'CancelledError',
  });
});

test('what is decompressed into memory lets others have their turn', async () => {
  let pauses = 0;
  const pause = (): undefined => {
    pauses++;
  };
  await openCapture(memorySource(gzipSync(fixture('a_reader/trace.dat'))), { chunkSize: 64, pause });
  assert.ok(pauses > 3, `${pauses} pauses`);
});
