/**
 * Damaged ftrace text and trace-cmd report text, and the holder analysis over it: nothing throws or hangs, tables stay
 * consistent, memory stays within bounds, and what is lost is counted.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { campaign, MUTATIONS, test } from './support/campaign';
import { assertConsistent, captureText, eventText } from './support/describeCapture';
import { examine, TEXT_BOUND } from './support/examine';
import { damagedText, hasLongLine, repeatedUpTo } from './support/mutation';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';
import { eventsOfPage } from './support/textSeeds';

const beginningOf = (file: string): Uint8Array => textBytes(path.join(FIXTURES, file)).subarray(0, 12_000);

const FTRACE = [
  'f_raw_tgid/trace.txt',
  'f_raw_symoffset/trace.txt.gz',
  'f_raw_symaddr/trace.txt.gz',
  'f_pipe/trace_pipe.txt',
  'f_pipe_lost/trace_pipe.txt.gz',
  'p_splicefile/trace.txt',
].map(beginningOf);
const REPORT = [
  'd_hard/report.txt',
  'f_dat_instance/report.txt.gz',
  'f_dat_tsc/report.txt',
  'f_dat_v7_zstd/report-raw.txt',
  'f_dat_v7_zstd/report-noplugins.txt',
  'f_dat_v7_zstd/report-latency.txt.gz',
].map(beginningOf);
const SEEDS = [...FTRACE, ...REPORT];

/** Pages that fail to move, with pins, pipe buffers, failed freezes, puts alone and a poisoned page. */
const PAGES = [
  eventsOfPage('f_raw_symoffset/trace.txt.gz', 0x12f98, 9000),
  eventsOfPage('f_raw_tgid/trace.txt', 0x12e8d, 9000),
  eventsOfPage('p_shmem_reader/trace.txt.gz', 0x12f90, 9000),
  eventsOfPage('p_pin_shmem/trace.txt.gz', 0x12f90, 9000),
  eventsOfPage('a_reuse/report.txt.gz', 0x12fc6, 9000),
  eventsOfPage('b_multi/report.txt.gz', 0x12fb1, 12_000),
  eventsOfPage('b_pin/report.txt.gz', 0x12f98, 9000),
  eventsOfPage('c_jbd2/report.txt.gz', 0x12e81, 9000),
  eventsOfPage('d_soft/report.txt.gz', 0x12fe1, 9000),
];

/** Bytes of a text that is damaged. */
const LENGTH = 2000;
/** Bytes of a text that repeats itself. */
const LARGE = 600_000;

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
      let before = 0;
      while (before < whole.events.length && whole.events.offset(before) < start) before++;
      if (before === whole.events.length) continue;
      // What is left of the line that was cut may itself still look like a line.
      const extra = capture.events.length - (whole.events.length - before);
      assert.ok(extra === 0 || extra === 1, `${start}`);
    }
  }
});

for (const [format, seeds] of [
  ['ftrace text', FTRACE],
  ['trace-cmd report text', REPORT],
] as const) {
  campaign(`${format} with random damage`, {
    // One reader reads both.
    rounds: MUTATIONS / 2,
    make: (random) => {
      const seed = pick(random, seeds);
      const start = below(random, seed.length - LENGTH);
      return damagedText(random, seed.subarray(start, start + LENGTH), SEEDS);
    },
    examine: async (bytes, random, round) => {
      const { capture } = await examine(bytes, TEXT_BOUND, { chunkSize: 1 + below(random, 4000) });
      if (round % 40 === 0 || hasLongLine(bytes))
        assert.equal(captureText(await read(bytes, 37)), captureText(await read(bytes)), 'in chunks of 37');
      return capture.problemCount > 0;
    },
    least: 0.5,
  });
}

campaign('holders over text with random damage', {
  rounds: MUTATIONS * 0.4,
  make: (random) => damagedText(random, pick(random, PAGES), PAGES),
  examine: async (bytes) => (await examine(bytes, TEXT_BOUND)).pages.length > 0,
  least: 0.5,
});

campaign('a part of a text many times over takes time and memory in line with its size', {
  rounds: MUTATIONS / 400,
  make: (random) => {
    const seeds = [...SEEDS, ...PAGES];
    const repeated = repeatedUpTo(random, pick(random, seeds), LARGE);
    return random() < 0.5 ? repeated : damagedText(random, repeated, seeds);
  },
  examine: async (bytes) => (await examine(bytes, TEXT_BOUND)).capture.events.length > 0,
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
