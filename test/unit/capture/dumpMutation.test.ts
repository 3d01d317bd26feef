/**
 * Damaged page_owner, page_pinner and kernel log texts: nothing throws or hangs, tables stay consistent and within a
 * bound that follows from the size of the text, chunks make no difference. `MUTATIONS=200000` runs it for longer.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { allocationText, assertConsistentAllocations } from './support/describeAllocations';
import { assertConsistent, captureText } from './support/describeCapture';
import { LOGS } from './support/dmesgTexts';
import { mutatedBytes } from './support/mutation';
import { BUFFER } from './support/pagePinnerTexts';
import { below, pick, seededRandom } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';

const MUTATIONS = Number(process.env['MUTATIONS'] ?? 20_000);
/** Bytes of a text that is damaged. */
const LENGTH = 1800;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

const SEEDS: Readonly<Record<string, readonly Uint8Array[]>> = {
  'page-owner': [textBytes(path.join(FIXTURES, 'dumps/page_owner.gz')).subarray(0, 30_000)],
  'page-pinner': [bytesOf(BUFFER.join('').repeat(3))],
  dmesg: LOGS.map(bytesOf),
};

async function read(bytes: Uint8Array, chunkSize = 1 << 20): Promise<Capture> {
  const capture = await openCapture(memorySource(bytes), { chunkSize });
  assertConsistent(capture, { isInFileOrder: capture.format !== 'page-pinner' });
  const { allocations, events, symbols } = capture;
  if (allocations) assertConsistentAllocations(capture);
  // The shortest lines of a record: `PFN 1 Flags `, `page: count:1`.
  const rows = events.length + (allocations?.length ?? 0) + (allocations?.totals.length ?? 0);
  assert.ok(rows <= bytes.length / 8, `${rows} rows of ${bytes.length} bytes`);
  assert.ok(symbols.stringCount + symbols.frameCount <= bytes.length + 100);
  assert.ok(capture.problemCount <= bytes.length + 2);
  analyseHolders(capture);
  return capture;
}

function everything(capture: Capture): string {
  return captureText(capture) + (capture.allocations ? allocationText(capture) : '');
}

for (const [format, seeds] of Object.entries(SEEDS)) {
  test(`${format}: random damage`, async () => {
    const random = seededRandom(20260605);
    let told = 0;
    for (let round = 0; round < MUTATIONS; round++) {
      const seed = pick(random, seeds);
      const start = below(random, Math.max(1, seed.length - LENGTH));
      let bytes = Uint8Array.from(seed.subarray(start, start + LENGTH));
      for (let times = 1 + below(random, 4); times > 0; times--) bytes = mutatedBytes(random, bytes, seeds);
      const capture = await read(bytes, 1 + below(random, 3000));
      told += capture.problemCount > 0 ? 1 : 0;
      if (round % 20 === 0)
        assert.equal(everything(await read(bytes, 37)), everything(capture), `round ${round}`);
    }
    // In a kernel log nearly every line may be another message.
    if (format !== 'dmesg')
      assert.ok(told > MUTATIONS / 2, `${told} of ${MUTATIONS} damaged texts have a problem`);
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
}
