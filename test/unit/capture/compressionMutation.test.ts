/**
 * Damaged gzip, zstd and xz files, and damaged kallsyms: nothing throws or hangs, what came before the damage is
 * kept, the loss is said with its place in the content, and memory stays within bounds.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { getHeapStatistics } from 'node:v8';
import { gunzipSync, gzipSync } from 'node:zlib';
import { compressionOf } from '../../../src/capture/decompress';
import { readKallsyms } from '../../../src/capture/kallsyms';
import { ProblemList } from '../../../src/capture/problemList';
import { campaign, test } from './support/campaign';
import { damagedBinary, damagedText } from './support/mutation';
import { below, pick } from './support/random';
import { FIXTURES, memorySource, textBytes } from './support/sources';

const fixture = (file: string): Uint8Array => new Uint8Array(readFileSync(path.join(FIXTURES, file)));
const TEXT = textBytes(path.join(FIXTURES, 'dumps/page_owner.gz')).subarray(0, 600);
const GZIP = new Uint8Array(gzipSync(TEXT));
const ZSTD = fixture('compressed/page_owner_part.zst');
const XZ = fixture('compressed/page_owner_part.xz');
const TWICE = [
  Buffer.concat([GZIP, GZIP]),
  Buffer.concat([ZSTD, ZSTD]),
  Buffer.concat([XZ, new Uint8Array(4), XZ]),
];
const ALL = [GZIP, ZSTD, XZ, ...TWICE];

/** A deflate stream shrinks to a thousandth at best; a zstd or xz block of one byte to much less. */
const HIGHEST_RATIO = { gzip: 1100, zstd: 1 << 16, xz: 1 << 14 };
/** fflate makes a buffer for each piece that it is given, in bytes; here they are small, and many. */
const GZIP_PIECE = 1 << 18;
/**
 * What a decompressor may take beside what it gives out, in bytes: those of zstd and xz have a memory of their own that
 * holds the largest window they accept (128 MB, 64 MB).
 */
const OWN_MEMORY = { gzip: 1 << 25, zstd: (1 << 27) + (1 << 26), xz: (1 << 26) + (1 << 25) };

async function* chunksOf(content: Uint8Array, chunkSize: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < content.length; at += chunkSize)
    yield Promise.resolve(content.subarray(at, at + chunkSize));
}

/** Unpacks a file chunk by chunk and holds the result against what is true of all. */
async function unpack(bytes: Uint8Array, chunkSize: number): Promise<{ content: Uint8Array; said: number }> {
  const compression = compressionOf(bytes)!;
  const before = getHeapStatistics().external_memory;
  const problems = new ProblemList();
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of compression.decompress(chunksOf(bytes, chunkSize), problems)) {
    parts.push(part);
    size += part.length;
    assert.ok(part.length <= 1 << 22, `a part of ${part.length} bytes`);
    if (size > 1 << 26) break;
  }
  const name = compression.name as keyof typeof HIGHEST_RATIO;
  assert.ok(size <= bytes.length * HIGHEST_RATIO[name], `${size} bytes of ${bytes.length}`);
  const taken = getHeapStatistics().external_memory - before;
  const ofPieces = name === 'gzip' ? Math.ceil(bytes.length / chunkSize) * GZIP_PIECE : 0;
  const most = Math.max(OWN_MEMORY[name], ofPieces) + 3 * size;
  assert.ok(taken <= most, `${taken} bytes of memory for ${size}`);
  assert.ok(problems.count <= 1);
  for (const { offset } of problems.kept) assert.equal(offset, size);
  return { content: Buffer.concat(parts), said: problems.count };
}

for (const [name, seeds, roundsOfWorker] of [
  ['gzip', [GZIP, TWICE[0]!], Infinity],
  // libzstd as WebAssembly keeps the memory of a damaged frame (decompressZstd.ts): a worker has its own.
  ['zstd', [ZSTD, TWICE[1]!], 100],
  ['xz', [XZ, TWICE[2]!], Infinity],
] as const) {
  campaign(`${name} with random damage`, {
    roundsOfWorker,
    make: (random) => {
      const bytes = damagedBinary(random, pick(random, seeds), ALL);
      // What is not of this kind any more is not read by this decompressor.
      return compressionOf(bytes)?.name === name ? bytes : seeds[0];
    },
    examine: async (bytes, random) => (await unpack(bytes, 1 + below(random, 4000))).said > 0,
    least: 0.3,
  });

  test(`${name} cut off at every 64th byte`, async () => {
    for (const seed of seeds) {
      for (let length = 64; length < seed.length; length += 64) {
        const { content, said } = await unpack(seed.subarray(0, length), 1000);
        // Cut between two parts of the file nothing shows it.
        assert.ok(said === 1 || content.length === TEXT.length, `${length}`);
        assert.ok(
          Buffer.concat([TEXT, TEXT]).subarray(0, content.length).equals(content),
          `${length} bytes of ${seed.length}`,
        );
      }
    }
  });
}

const KALLSYMS = gunzipSync(fixture('perf/multi.kallsyms.gz'));

async function readNames(bytes: Uint8Array, chunkSize: number): Promise<boolean> {
  const before = getHeapStatistics().external_memory;
  const problems = new ProblemList();
  const kallsyms = await readKallsyms(memorySource(bytes), { chunkSize }, problems);
  const taken = getHeapStatistics().external_memory - before;
  // Four columns of at most 16 bytes a line of at least 4, twice while they grow, and the text three times.
  assert.ok(taken <= (1 << 20) + bytes.length * 35, `${taken} bytes of memory for ${bytes.length}`);
  assert.equal(kallsyms === null, problems.count > 0);
  if (!kallsyms) return false;
  assert.ok(kallsyms.names.codeCount <= kallsyms.names.lineCount);
  assert.ok(kallsyms.names.lineCount <= bytes.length);
  for (const name of ['_text', 'ksys_read', '(*', '']) {
    const address = kallsyms.addressOf(name);
    assert.ok(address === null || (address >= 0n && address < 1n << 64n));
  }
  return true;
}

campaign('kallsyms with random damage', {
  make: (random) => {
    const start = below(random, KALLSYMS.length - 2000);
    return damagedText(random, KALLSYMS.subarray(start, start + 2000), [KALLSYMS]);
  },
  examine: (bytes, random) => readNames(bytes, 1 + below(random, 3000)),
  least: 0.5,
});

test('kallsyms cut off, or begun, at every 64th byte', async () => {
  for (let at = 64; at < Math.min(KALLSYMS.length, 8000); at += 64) {
    assert.ok(await readNames(KALLSYMS.subarray(0, at), 100));
    await readNames(KALLSYMS.subarray(at), 100);
  }
});
