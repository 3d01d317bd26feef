/** Damaged recordings: nothing throws or hangs, tables stay consistent, and what is lost is counted. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { assertConsistent, captureText, eventText } from './support/describeCapture';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';

const SEEDS = [
  'f_raw_tgid/trace.txt',
  'f_raw_symoffset/trace.txt.gz',
  'f_pipe/trace_pipe.txt',
  'f_pipe_lost/trace_pipe.txt.gz',
  'd_hard/report.txt',
  'f_dat_instance/report.txt.gz',
  'f_dat_tsc/report.txt',
  'f_dat_v7_zstd/report-raw.txt',
  'f_dat_v7_zstd/report-noplugins.txt',
  'p_splicefile/trace.txt',
].map((file) => textBytes(path.join(FIXTURES, file)).subarray(0, 12_000));

async function read(bytes: Uint8Array, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await openCapture(memorySource(bytes), { chunkSize });
  assertConsistent(capture);
  return capture;
}

test('cut off at every 64th byte: every line before is kept', async () => {
  for (const bytes of SEEDS) {
    const whole = await read(bytes);
    const texts = Array.from({ length: whole.events.length }, (_, row) => eventText(whole, row));
    for (let length = 64; length < bytes.length; length += 64) {
      const capture = await read(bytes.subarray(0, length));
      const rows = capture.events.length;
      for (let row = 0; row + 1 < rows; row++) assert.equal(eventText(capture, row), texts[row]);
      if (capture.format !== whole.format && rows + capture.stackRecords === 0) continue;
      assert.ok(bytes[length - 1] === 10 || capture.problemCount > 0);
    }
  }
});

test('begun at every 64th byte: every line behind is kept', async () => {
  for (const bytes of SEEDS) {
    const whole = await read(bytes);
    for (let start = 64; start < bytes.length; start += 64) {
      const capture = await read(bytes.subarray(start));
      const before = whole.events.offset
        .subarray(0, whole.events.length)
        .findIndex((offset) => offset >= start);
      if (before < 0) continue;
      // What is left of the line that was cut may itself still look like a line.
      const extra = capture.events.length - (whole.events.length - before);
      assert.ok(extra === 0 || extra === 1, `${start}`);
    }
  }
});

test('random damage', async () => {
  const random = seededRandom(20260605);
  let changed = 0;
  for (let round = 0; round < 2500; round++) {
    const seed = pick(random, SEEDS);
    const start = below(random, seed.length - 2000);
    let bytes = Uint8Array.from(seed.subarray(start, start + 2000));
    for (let times = 1 + below(random, 4); times > 0; times--) bytes = mutated(random, bytes);
    const capture = await read(bytes, 1 + below(random, 4000));
    changed += capture.problemCount > 0 ? 1 : 0;
    if (round % 5 === 0) {
      assert.equal(captureText(await read(bytes, 37)), captureText(await read(bytes)), `round ${round}`);
    }
  }
  assert.ok(changed > 1000, 'most damage leaves a trace');
});

test('each line that is replaced by garbage is one event or stack less, and one problem more', async () => {
  const random = seededRandom(3);
  for (const bytes of SEEDS) {
    const lines = new TextDecoder('latin1').decode(bytes).split('\n').slice(0, -1);
    const whole = await read(new TextEncoder().encode(`${lines.join('\n')}\n`));
    for (let round = 0; round < 40; round++) {
      const target = below(random, lines.length);
      if (!lines[target]!.includes(': page_ref')) continue;
      const damaged = [...lines];
      damaged[target] = pick(random, ['garbage', '\0\0\0', '  1) + 12.3 us  | }', 'é'.repeat(50)]);
      const capture = await read(new TextEncoder().encode(`${damaged.join('\n')}\n`));
      assert.equal(capture.events.length, whole.events.length - 1);
      assert.equal(capture.problemCount, whole.problemCount + 1);
      assert.ok(capture.problems.some(({ line }) => line === target + 1));
      assert.equal(capture.stackRecords, whole.stackRecords);
    }
  }
});

function mutated(random: () => number, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = below(random, bytes.length);
  const length = below(random, Math.min(300, bytes.length - at));
  const copy = Uint8Array.from(bytes);
  switch (below(random, 7)) {
    case 0:
      copy[at]! ^= 1 << below(random, 8);
      return copy;
    case 1:
      return join(bytes.subarray(0, at), bytes.subarray(at + length));
    case 2:
      return join(bytes.subarray(0, at + length), bytes.subarray(at));
    case 3: {
      const other = pick(random, SEEDS);
      const from = below(random, other.length - 300);
      return join(bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at));
    }
    case 4:
      return copy.fill(pick(random, [0, 10, 32, 0xff, 0x3d]), at, at + below(random, 20));
    case 5:
      return join(
        bytes.subarray(0, at),
        bytes.subarray(at).map((byte) => (byte === 10 ? 32 : byte)),
      );
    default: {
      const digits = new TextEncoder().encode(
        pick(random, ['99999999999999999999', '-', '0x', '18446744073709551615']),
      );
      return join(bytes.subarray(0, at), digits, bytes.subarray(at));
    }
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts.map((part) => Buffer.from(part))));
}
