/**
 * Damaged perf.data and perf script text: nothing throws or hangs, tables stay consistent and within bounds that
 * follow from the file's size, and every loss is counted with its place. `MUTATIONS=200000` runs it for longer.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { assertConsistent, captureText, eventText } from './support/describeCapture';
import { mixedRecords, recording } from './support/perfRecording';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';

/** Inputs of random damage, for text and for perf.data each. */
const MUTATIONS = Number(process.env['MUTATIONS'] ?? 20_000);

const TEXT = textBytes(path.join(FIXTURES, 'f_perf/perf.txt.gz'));
const KMEM_TEXT = textBytes(path.join(FIXTURES, 'perf/kmem-zstd.txt.gz'));
const TEXTS = [TEXT.subarray(0, 8000), KMEM_TEXT.subarray(0, 8000)];

const KINDS = [true, false].flatMap((little) =>
  [true, false].flatMap((pipe) => [0, 100, 3000].map((piece) => ({ little, pipe, piece }))),
);
const SYNTHETIC = KINDS.map((kind) => recording(kind, mixedRecords(kind.little)));
const RECORDED = ['multi', 'kmem-zstd', 'kmem-pipe'].map((name) =>
  textBytes(path.join(FIXTURES, `perf/${name}.perf.data.gz`)),
);

async function read(bytes: Uint8Array, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await openCapture(memorySource(bytes), { chunkSize });
  const { events } = capture;
  // Rows of a perf.data stand in order of time, not of the file.
  const offset = capture.format === 'perf-data' ? Float64Array.from(events.offset.keys()) : events.offset;
  assertConsistent({ ...capture, events: { ...events, length: events.length, offset } });
  for (const problem of capture.problems) {
    assert.ok(problem.offset >= 0 && problem.offset <= bytes.length, problem.message);
  }
  return capture;
}

/** A compressed record of 16 bytes can stand for 128 kB: such files may grow. */
function assertBounded(capture: Capture, bytes: Uint8Array): void {
  const largest = bytes.length * (capture.facts.some(([name]) => name === 'compression') ? 2000 : 1);
  assert.ok(
    capture.events.length * 20 <= largest + 20,
    `${capture.events.length} events of ${bytes.length} bytes`,
  );
  assert.ok(capture.symbols.stringCount <= largest + 1000);
}

function mutated(random: () => number, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  if (bytes.length < 8) return bytes;
  const at = below(random, bytes.length);
  const length = below(random, Math.min(400, bytes.length - at));
  const copy = Uint8Array.from(bytes);
  switch (below(random, 8)) {
    case 0:
    case 1:
      copy[at]! ^= 1 << below(random, 8);
      return copy;
    case 2:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 3:
      return joined(bytes.subarray(0, at + length), bytes.subarray(at));
    case 4: {
      const other = pick(random, others);
      const from = below(random, other.length);
      return joined(bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at));
    }
    case 5:
      return copy.fill(pick(random, [0, 10, 0x7f, 0xff]), at, at + below(random, 24));
    case 6: {
      // A size, a count or an offset that is absurd.
      const place = Math.min(bytes.length - 8, at - (at % 8));
      const value = pick(random, [
        0n,
        7n,
        0xffffn,
        1n << 31n,
        1n << 53n,
        (1n << 64n) - 1n,
        BigInt(bytes.length),
      ]);
      new DataView(copy.buffer).setBigUint64(place, value, random() < 0.8);
      return copy;
    }
    default:
      return copy.subarray(0, at);
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
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

test('text with random damage', async () => {
  const random = seededRandom(20260605);
  for (let round = 0; round < MUTATIONS; round++) {
    const seed = pick(random, TEXTS);
    const start = below(random, seed.length - 2500);
    let bytes: Uint8Array = seed.subarray(start, start + 2500);
    for (let times = 1 + below(random, 4); times > 0; times--) bytes = mutated(random, bytes, TEXTS);
    if (bytes.length < 8) continue;
    const capture = await read(bytes, pick(random, [300, 1 << 20, 1 << 20, 1 << 20]));
    assertBounded(capture, bytes);
    if (round % 50 === 0)
      assert.equal(captureText(await read(bytes, 37)), captureText(await read(bytes)), `round ${round}`);
  }
});

test('a perf.data cut off at every 64th byte', async () => {
  for (const bytes of [...RECORDED, ...SYNTHETIC]) {
    const whole = await read(bytes);
    // Of a large file every 64th byte of its end, and fewer before.
    const step = bytes.length > 30_000 ? 1472 : 64;
    for (let length = 16; length < bytes.length; length += step) {
      const capture = await read(bytes.subarray(0, length));
      assert.ok(capture.events.length <= whole.events.length);
      // A pipe may end anywhere between two records; a file says how long it is.
      const isPipe = capture.facts.some(([, value]) => value === 'a pipe');
      assert.ok(isPipe || capture.problemCount > whole.problemCount - 1, `${length}`);
    }
  }
});

test('a perf.data with random damage', async () => {
  const random = seededRandom(20261123);
  let told = 0;
  for (let round = 0; round < MUTATIONS; round++) {
    let bytes: Uint8Array = pick(random, SYNTHETIC);
    for (let times = 1 + below(random, 4); times > 0; times--) bytes = mutated(random, bytes, SYNTHETIC);
    if (bytes.length < 8) continue;
    const capture = await read(bytes, pick(random, [500, 1 << 20, 1 << 20, 1 << 20]));
    assertBounded(capture, bytes);
    if (capture.problems.some(({ message }) => !message.includes('but not their names'))) told++;
    if (round % 50 === 0)
      assert.equal(captureText(await read(bytes, 61)), captureText(await read(bytes)), `round ${round}`);
  }
  assert.ok(told > MUTATIONS / 3, `${told} of ${MUTATIONS} damaged files have a problem`);
});

test('a real perf.data with random damage', async () => {
  const random = seededRandom(7);
  for (let round = 0; round < MUTATIONS / 40; round++) {
    let bytes: Uint8Array = pick(random, RECORDED);
    for (let times = 1 + below(random, 6); times > 0; times--) bytes = mutated(random, bytes, RECORDED);
    if (bytes.length < 8) continue;
    assertBounded(await read(bytes), bytes);
  }
});

test('bytes of no kind behind the mark of a perf.data', async () => {
  const random = seededRandom(11);
  for (let round = 0; round < MUTATIONS / 10; round++) {
    const bytes = Uint8Array.from({ length: 200 + below(random, 2000) }, () =>
      random() < 0.5 ? 0 : below(random, 256),
    );
    bytes.set(new TextEncoder().encode(random() < 0.5 ? 'PERFILE2' : '2ELIFREP'));
    if (random() < 0.5) bytes.set([16, 0, 0, 0, 0, 0, 0, 0], 8);
    assertBounded(await read(bytes), bytes);
  }
});
