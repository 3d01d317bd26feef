/**
 * Damaged perf.data and perf script text: nothing throws or hangs, tables stay consistent and within bounds that
 * follow from the file's size, and every loss is counted with its place.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { campaign, MUTATIONS, test } from './support/campaign';
import { captureText, eventText } from './support/describeCapture';
import { examine, TEXT_BOUND, UNPACKED_BOUND } from './support/examine';
import { assertSameCapture, inSampleLoop, withoutSampleLoop } from './support/loops';
import { damagedBinary, damagedText, hasLongLine, repeatedUpTo } from './support/mutation';
import { mixedRecords, recording } from './support/perfRecording';
import { below, pick } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';

const TEXT = textBytes(path.join(FIXTURES, 'f_perf/perf.txt.gz'));
const KMEM_TEXT = textBytes(path.join(FIXTURES, 'perf/kmem-zstd.txt.gz'));
const TEXTS = [TEXT.subarray(0, 8000), KMEM_TEXT.subarray(0, 8000)];

const WAYS = [true, false].flatMap((little) => [0, 100, 3000].map((piece) => ({ little, piece })));
const made = (pipe: boolean): Uint8Array[] =>
  WAYS.map(({ little, piece }) => recording({ little, pipe, piece }, mixedRecords(little)));
const FILES = made(false);
const PIPES = made(true);
const SYNTHETIC = [...FILES, ...PIPES];
const RECORDED = ['multi', 'kmem-zstd', 'kmem-pipe'].map((name) =>
  textBytes(path.join(FIXTURES, `perf/${name}.perf.data.gz`)),
);
/** Bytes of a file that repeats itself. */
const LARGE = 400_000;

async function read(bytes: Uint8Array, chunkSize = 1 << 20): Promise<Capture> {
  const { capture } = await examine(bytes, UNPACKED_BOUND, { chunkSize });
  const isCompressed = capture.facts.some(([name]) => name === 'compression');
  // A compressed record of 16 bytes can stand for 128 kB: such files may grow.
  const largest = bytes.length * (isCompressed ? 2000 : 1);
  const rows = capture.events.length;
  assert.ok(rows * 20 <= largest + 20, `${rows} events of ${bytes.length} bytes`);
  assert.ok(capture.symbols.stringCount <= largest + 1000);
  return capture;
}

test('text cut off at every 64th byte: every record before is kept', async () => {
  for (const bytes of TEXTS) {
    const whole = await read(bytes);
    for (let length = 64; length < bytes.length; length += 64) {
      const capture = await read(bytes.subarray(0, length));
      for (let row = 0; row + 1 < capture.events.length; row++) {
        assert.equal(eventText(capture, row), eventText(whole, row));
      }
      assert.ok(bytes[length - 1] === 10 || capture.problemCount > 0, `${length}`);
    }
  }
});

campaign('perf script text with random damage', {
  make: (random) => {
    const seed = pick(random, TEXTS);
    const start = below(random, seed.length - 2500);
    return damagedText(random, seed.subarray(start, start + 2500), TEXTS);
  },
  examine: async (bytes, random, round) => {
    const chunkSize = pick(random, [300, 1 << 20, 1 << 20, 1 << 20]);
    const { capture } = await examine(bytes, TEXT_BOUND, { chunkSize });
    assert.ok(capture.events.length * 16 <= bytes.length + 20);
    if (round % 50 === 0 || hasLongLine(bytes))
      assert.equal(captureText(await read(bytes, 37)), captureText(await read(bytes)), 'in chunks of 37');
    return capture.problemCount > 0;
  },
  least: 0.3,
});

test('a perf.data cut off at every 64th byte', async () => {
  for (const bytes of [...RECORDED, ...SYNTHETIC]) {
    const whole = await read(bytes);
    for (let length = 16; length < bytes.length; length += 64) {
      const capture = await read(bytes.subarray(0, length));
      assert.ok(capture.events.length <= whole.events.length);
      // A pipe may end anywhere between two records; a file says how long it is.
      const isPipe = capture.facts.some(([, value]) => value === 'a pipe');
      assert.ok(isPipe || capture.problemCount > whole.problemCount - 1, `${length}`);
    }
  }
});

for (const [name, seeds] of [
  ['a perf.data file', FILES],
  ['a perf.data of a pipe', PIPES],
] as const) {
  campaign(`${name} with random damage`, {
    rounds: MUTATIONS / 2,
    make: (random) => damagedBinary(random, pick(random, seeds), SYNTHETIC),
    examine: async (bytes, random, round) => {
      const capture = await read(bytes, pick(random, [500, 1 << 20, 1 << 20, 1 << 20]));
      if (round % 50 === 0)
        assert.equal(captureText(await read(bytes, 61)), captureText(await read(bytes)), 'in chunks of 61');
      return capture.problems.some(({ message }) => !message.includes('but not their names'));
    },
    least: 0.3,
  });
}

campaign('a real perf.data with random damage', {
  rounds: MUTATIONS / 40,
  make: (random) => damagedBinary(random, pick(random, RECORDED), RECORDED),
  examine: async (bytes) => (await read(bytes)).format === 'perf-data',
});

campaign('damaged perf.data files are read alike in the sample loop and one sample after the other', {
  rounds: MUTATIONS / 10,
  make: (random) => damagedBinary(random, pick(random, [...SYNTHETIC, ...RECORDED]), SYNTHETIC),
  examine: async (bytes, random) => {
    const options = { chunkSize: pick(random, [500, 1 << 20]) };
    const capture = await inSampleLoop(() => openCapture(memorySource(bytes), options));
    assertSameCapture(capture, await withoutSampleLoop(() => openCapture(memorySource(bytes), options)));
    return capture.problemCount > 0;
  },
  least: 0.25,
});

campaign('bytes of no kind behind the mark of a perf.data', {
  rounds: MUTATIONS / 20,
  make: (random) => {
    const bytes = Uint8Array.from({ length: 200 + below(random, 2000) }, () =>
      random() < 0.5 ? 0 : below(random, 256),
    );
    bytes.set(new TextEncoder().encode(random() < 0.5 ? 'PERFILE2' : '2ELIFREP'));
    if (random() < 0.5) bytes.set([16, 0, 0, 0, 0, 0, 0, 0], 8);
    return bytes;
  },
  examine: async (bytes) => (await read(bytes)).problemCount > 0,
});

campaign('a part of a file many times over takes time and memory in line with its size', {
  rounds: MUTATIONS / 400,
  make: (random) => {
    const isText = random() < 0.3;
    const seeds = isText ? TEXTS : [...SYNTHETIC, ...RECORDED];
    const repeated = repeatedUpTo(random, pick(random, seeds), LARGE);
    if (random() < 0.5) return repeated;
    return isText ? damagedText(random, repeated, seeds) : damagedBinary(random, repeated, seeds);
  },
  examine: async (bytes) => (await read(bytes)).events.length > 0,
});
