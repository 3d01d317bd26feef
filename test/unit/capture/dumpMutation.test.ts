/**
 * Damaged page_owner, page_pinner and kernel log texts: nothing throws or hangs, tables stay consistent and within a
 * bound that follows from the size of the text, chunks make no difference.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import type { Capture } from '../../../src/capture/eventTable';
import { campaign, MUTATIONS, test } from './support/campaign';
import { allocationText } from './support/describeAllocations';
import { captureText } from './support/describeCapture';
import { LOGS } from './support/dmesgTexts';
import { examine, TEXT_BOUND } from './support/examine';
import { damagedText, hasLongLine, repeatedUpTo } from './support/mutation';
import { BUFFER } from './support/pagePinnerTexts';
import { below, pick } from './support/random';
import { FIXTURES, textBytes } from './support/sources';

/** Bytes of a text that is damaged. */
const LENGTH = 1800;
/** Bytes of a text that repeats itself. */
const LARGE = 600_000;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const SEEDS: Readonly<Record<string, readonly Uint8Array[]>> = {
  'page-owner': [textBytes(path.join(FIXTURES, 'dumps/page_owner.gz')).subarray(0, 30_000)],
  'page-pinner': [bytesOf(BUFFER.join('').repeat(3))],
  dmesg: LOGS.map(bytesOf),
};

async function read(bytes: Uint8Array, chunkSize = 1 << 20): Promise<Capture> {
  const { capture } = await examine(bytes, TEXT_BOUND, { chunkSize });
  const { allocations, events } = capture;
  // The shortest lines of a record: `PFN 1 Flags `, `page: count:1`.
  const rows = events.length + (allocations?.length ?? 0) + (allocations?.totals.length ?? 0);
  assert.ok(rows <= bytes.length / 8, `${rows} rows of ${bytes.length} bytes`);
  return capture;
}

function everything(capture: Capture): string {
  return captureText(capture) + (capture.allocations ? allocationText(capture) : '');
}

for (const [format, seeds] of Object.entries(SEEDS)) {
  campaign(`${format}: random damage`, {
    make: (random) => {
      const seed = pick(random, seeds);
      const start = below(random, Math.max(1, seed.length - LENGTH));
      return damagedText(random, seed.subarray(start, start + LENGTH), seeds);
    },
    examine: async (bytes, random, round) => {
      const capture = await read(bytes, 1 + below(random, 3000));
      if (round % 40 === 0 || hasLongLine(bytes))
        assert.equal(everything(await read(bytes, 37)), everything(capture), 'in chunks of 37');
      return capture.problemCount > 0;
    },
    // In a kernel log nearly every line may be another message.
    least: format === 'dmesg' ? 0 : 0.5,
  });

  test(`${format}: cut off, or begun, at every 64th byte`, async () => {
    for (const seed of seeds) {
      const bytes = seed.subarray(0, 8000);
      for (let at = 64; at < bytes.length; at += 64) {
        const capture = await read(bytes.subarray(0, at));
        assert.ok(bytes[at - 1] === 10 || capture.problemCount > 0, `${at}`);
        await read(bytes.subarray(at));
      }
    }
  });

  campaign(`${format}: a part many times over takes time and memory in line with its size`, {
    rounds: MUTATIONS / 1000,
    make: (random) => {
      const repeated = repeatedUpTo(random, pick(random, seeds), LARGE);
      return random() < 0.5 ? repeated : damagedText(random, repeated, seeds);
    },
    examine: async (bytes) => (await read(bytes)).format === format,
  });
}
