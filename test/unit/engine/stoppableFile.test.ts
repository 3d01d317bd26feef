/** Captures whose reading was stopped: what was read by then is there, and it is said how far that was. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { doubtTexts } from '../../../src/engine/captureDoubts';
import { NodeFile } from '../../../src/engine/node/nodeFile';
import { readCapture } from '../../../src/engine/readCapture';
import { StoppableFile } from '../../../src/engine/stoppableFile';

const TEXT = 'media/sample/trace.txt';
const FILES = [
  TEXT,
  'test/fixtures/f_pipe/trace_pipe.txt',
  'test/fixtures/a_reader/report.txt.gz',
  'test/fixtures/a_reader/trace.dat',
  'test/fixtures/perf/kmem-pipe.perf.data.gz',
];

async function opened(path: string): Promise<StoppableFile> {
  return new StoppableFile(await NodeFile.open(path));
}

/** What is read of a file that is stopped when a share of it was passed. */
async function readUntil(path: string, share: number): Promise<Capture> {
  const file = await opened(path);
  const stopAt = (done: number): void => {
    if (done >= share * file.size) file.stop();
  };
  const capture = await openCapture(file, { chunkSize: 1000, onProgress: stopAt });
  await file.close();
  return capture;
}

const rows = ({ events, symbols, timeBase }: Capture): string[] =>
  Array.from(
    { length: events.length },
    (_, row) => `${timeBase} ${events.time[row]} ${symbols.string(events.name[row]!)} ${events.pfn[row]}`,
  );

for (const path of FILES) {
  test(`${path}: the further it is read, the more is there, and nothing else`, async () => {
    const whole = await readUntil(path, 2);
    const all = new Set(rows(whole));
    let before = 0;
    for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
      const part = await readUntil(path, share);
      assert.ok(part.events.length >= before, `${share}: ${part.events.length} events, ${before} before`);
      // Times of a trace.dat count from the first one that is read.
      if (part.timeBase === whole.timeBase) for (const row of rows(part)) assert.ok(all.has(row), row);
      before = part.events.length;
      if (path.includes('.txt')) assert.equal(part.problemCount, whole.problemCount);
    }
    assert.ok(before <= whole.events.length);
  });
}

test('what was stopped is judged as it is, and says how far it was read', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'page-holders-stopped-')), 'many.txt');
  writeFileSync(path, readFileSync(TEXT, 'utf8').repeat(500));
  const file = await NodeFile.open(path);
  const parts: number[] = [];
  let stopped: (() => boolean) | null = null as (() => boolean) | null;
  const { capture, part, analysis } = await readCapture(file, {
    rules: () => [],
    named: (read) => read,
    onPart: (soFar) => {
      parts.push(soFar.part);
      assert.equal(stopped?.(), true);
    },
    onStoppable: (stop) => {
      stopped = stop;
    },
  });
  await file.close();
  rmSync(dirname(path), { recursive: true });
  assert.equal(parts.length, 1);
  assert.equal(part, 1, 'nothing more is coming');
  assert.equal(stopped?.(), false, 'it is over');
  assert.ok(capture.stoppedAt! >= parts[0]! && capture.stoppedAt! < 0.9, `${capture.stoppedAt} read`);
  assert.equal(analysis.pages.length, 1);
  const [doubt] = doubtTexts(capture);
  assert.match(doubt!, /^Read to \d+ %: more pages and holders may be in the rest \(reading was stopped/);
});

test('one that was read to its end cannot be stopped any more', async () => {
  const file = await opened(TEXT);
  await file.read(0, file.size);
  assert.equal(file.stop(), false);
  assert.deepEqual([file.failure, file.partRead], [null, null]);
  await file.close();
});

test('one that nobody stops says nothing of itself', async () => {
  const file = await opened(TEXT);
  assert.deepEqual([file.failure, file.partRead], [null, null]);
  assert.equal((await file.read(0, 10)).length, 10);
  assert.equal(file.stop(), true);
  assert.equal(file.stop(), true);
  assert.deepEqual(file.failure, {
    offset: 10,
    message: 'was read no further, as reading was stopped',
  });
  assert.equal(file.partRead, 10 / file.size);
  assert.equal((await file.read(10, 10)).length, 0);
  assert.equal(await file.readInto?.(10, new Uint8Array(10)), 0);
  await file.close();
});
