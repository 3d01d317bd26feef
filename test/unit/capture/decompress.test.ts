/** Captures compressed with zstd and xz; `page_owner.zst` and `page_owner.xz` were written by the command line tools. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { ByteSource } from '../../../src/capture/byteSource';
import { compressionOf } from '../../../src/capture/decompress';
import type { Capture } from '../../../src/capture/eventTable';
import { openCapture } from '../../../src/capture/openCapture';
import { ProblemList } from '../../../src/capture/problemList';
import { allocationText } from './support/describeAllocations';
import { captureText } from './support/describeCapture';
import { damagedBinary } from './support/mutation';
import { below, seededRandom } from './support/random';
import { FIXTURES, memorySource, readOnlySource, textBytes } from './support/sources';

const DUMPS = path.join(FIXTURES, 'dumps');
const TEXT = textBytes(path.join(DUMPS, 'page_owner.gz'));
const ZSTD = new Uint8Array(readFileSync(path.join(DUMPS, 'page_owner.zst')));
const XZ = new Uint8Array(readFileSync(path.join(DUMPS, 'page_owner.xz')));

const read = (content: Uint8Array, chunkSize = 1 << 20): Promise<Capture> =>
  openCapture(memorySource(content), { chunkSize });

const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

async function* chunksOf(content: Uint8Array, chunkSize: number): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < content.length; at += chunkSize)
    yield Promise.resolve(content.subarray(at, at + chunkSize));
}

/** The content, the largest chunk of it, and the problems. */
async function unpack(
  content: Uint8Array,
  chunkSize = 1 << 20,
): Promise<{ bytes: Uint8Array; largest: number; problems: ProblemList }> {
  const problems = new ProblemList();
  const parts: Uint8Array[] = [];
  for await (const part of compressionOf(content)!.decompress(chunksOf(content, chunkSize), problems))
    parts.push(part);
  return { bytes: join(...parts), largest: Math.max(0, ...parts.map(({ length }) => length)), problems };
}

/** A zstd frame (RFC 8878) of the given blocks, with a window of 2^windowLog bytes and no checksum. */
function zstdFrame(blocks: readonly Uint8Array[], windowLog = 21): Uint8Array {
  return join(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3), ...blocks);
}

/** Uncompressed blocks of at most 128 kB. */
function rawBlocks(content: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = [];
  for (let at = 0; at < content.length || at === 0; at += 1 << 17) {
    const part = content.subarray(at, at + (1 << 17));
    const isLast = at + part.length >= content.length;
    const header = (part.length << 3) | (isLast ? 1 : 0);
    blocks.push(Uint8Array.of(header, header >>> 8, header >>> 16), part);
  }
  return blocks;
}

/** `count` blocks that each stand for 128 kB of one byte. */
function repeatedBlocks(count: number, byte: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => {
    const header = (1 << 20) | 2 | (i === count - 1 ? 1 : 0);
    return Uint8Array.of(header, header >>> 8, header >>> 16, byte);
  });
}

const skippable = (content: Uint8Array): Uint8Array =>
  join(Uint8Array.of(0x50, 0x2a, 0x4d, 0x18, content.length, 0, 0, 0), content);

test('a compressed dump reads like the plain one', async (t) => {
  const plain = allocationText(await read(TEXT));
  for (const [name, content, compression] of [
    ['zstd', ZSTD, 'zstd'],
    ['xz', XZ, 'xz'],
    ['zstd in uncompressed blocks', zstdFrame(rawBlocks(TEXT)), 'zstd'],
    ['zstd in two frames, the first to be skipped', join(skippable(Uint8Array.of(1, 2)), ZSTD), 'zstd'],
  ] as const) {
    await t.test(name, async () => {
      for (const chunkSize of [7, 1000, 1 << 20]) {
        if (chunkSize === 7 && content.length > 50_000) continue;
        const capture = await read(content, chunkSize);
        assert.deepEqual(capture.problems, []);
        assert.deepEqual(capture.facts[0], ['compression', compression]);
        assert.equal(allocationText(capture), plain);
      }
    });
  }
});

test('several frames or streams are read as one', async () => {
  const empty = zstdFrame(rawBlocks(new Uint8Array(0)));
  const frames = await unpack(join(ZSTD, empty, empty, skippable(Uint8Array.of(7)), ZSTD));
  assert.equal(frames.problems.count, 0);
  assert.ok(Buffer.from(frames.bytes).equals(Buffer.concat([TEXT, TEXT])));
  const streams = await unpack(join(XZ, new Uint8Array(8), XZ), 100);
  assert.equal(streams.problems.count, 0);
  assert.ok(Buffer.from(streams.bytes).equals(Buffer.concat([TEXT, TEXT])));
});

test('a trace.dat in a zstd file', async () => {
  const bytes = new Uint8Array(readFileSync(path.join(FIXTURES, 'a_reader/trace.dat')));
  const plain = await read(bytes);
  const packed = await read(zstdFrame(rawBlocks(bytes)), 4096);
  assert.deepEqual(packed.facts[0], ['compression', 'zstd']);
  assert.equal(captureText({ ...packed, facts: packed.facts.slice(1) }), captureText(plain));
});

test('a trace.dat with zstd inside, in a zstd file and after one', async () => {
  const bytes = new Uint8Array(readFileSync(path.join(FIXTURES, 'f_dat_v7_zstd/trace.dat')));
  const packed = await read(zstdFrame(rawBlocks(bytes)));
  const plain = await read(bytes);
  assert.deepEqual(plain.problems, []);
  assert.equal(plain.events.length, 114);
  assert.equal(captureText({ ...packed, facts: packed.facts.slice(1) }), captureText(plain));
});

test('a file that is cut off keeps what came before', async () => {
  for (const [content, name] of [
    [ZSTD, 'zstd'],
    [XZ, 'xz'],
  ] as const) {
    for (let length = 6; length < content.length; length += 311) {
      const { bytes, problems } = await unpack(content.subarray(0, length), 1000);
      assert.equal(problems.count, 1, `${name} ${length}`);
      assert.match(problems.kept[0]!.message, new RegExp(`the ${name} data ends at byte ${length}`));
      assert.ok(Buffer.from(TEXT).subarray(0, bytes.length).equals(bytes));
    }
  }
  const long = zstdFrame(rawBlocks(Buffer.concat([TEXT, TEXT, TEXT])));
  const { bytes } = await unpack(long.subarray(0, 600_000));
  assert.ok(bytes.length > 500_000);
});

test('damage ends the stream with a problem, and keeps nothing waiting', async () => {
  const random = seededRandom(9);
  // A damaged zstd frame keeps its window in memory (see release()), so there are fewer of them.
  for (const [content, rounds] of [
    [ZSTD, 200],
    [XZ, 1000],
  ] as const) {
    let damaged = 0;
    for (let round = 0; round < rounds; round++) {
      const bytes = damagedBinary(random, content, [ZSTD, XZ]);
      if (compressionOf(bytes) === null) continue;
      const { problems, largest } = await unpack(bytes, 1 + below(random, 12_000));
      damaged += problems.count;
      assert.ok(problems.count <= 1);
      assert.ok(largest <= 1 << 17);
    }
    assert.ok(damaged > rounds / 2, `${damaged} of ${rounds}`);
  }
});

const SHORT = TEXT.subarray(0, 2000);

test('zeros behind gzip data are padding, and what else stands there is said', async () => {
  const empty = gzipSync('');
  for (const content of [
    gzipSync(SHORT),
    join(gzipSync(SHORT.subarray(0, 500)), gzipSync(SHORT.subarray(500))),
    join(empty, gzipSync(SHORT)),
  ]) {
    for (const chunkSize of [3, 1000, 1 << 20]) {
      for (const zeros of [0, 1, 3, 4, 9, 512, 40_000]) {
        if (chunkSize === 3 && zeros > 512) continue;
        const { bytes, problems } = await unpack(join(content, new Uint8Array(zeros)), chunkSize);
        assert.deepEqual(problems.kept, [], `${zeros} zeros in chunks of ${chunkSize}`);
        assert.ok(Buffer.from(SHORT).equals(bytes));
      }
      for (const behind of [
        '\n',
        'abc',
        'garbage',
        `${'\0'.repeat(600)}garbage`,
        `garbage${'\0'.repeat(600)}`,
        '\x1f\x8b',
      ]) {
        const { bytes, problems } = await unpack(join(content, Buffer.from(behind, 'latin1')), chunkSize);
        assert.match(
          problems.kept[0]?.message ?? '',
          /^behind the end of the gzip data/,
          `${JSON.stringify(behind.slice(0, 9))} in chunks of ${chunkSize}`,
        );
        assert.equal(problems.count, 1);
        assert.ok(Buffer.from(SHORT).equals(bytes));
      }
    }
    for (const lost of [1, 4, 8]) {
      const { problems } = await unpack(content.subarray(0, -lost));
      assert.match(problems.kept[0]!.message, /^the gzip checksum does not match/);
    }
  }
  assert.equal((await unpack(join(gzipSync(SHORT), empty, new Uint8Array(512)))).problems.count, 0);
});

test('something behind the end is a problem', async () => {
  const garbage = new TextEncoder().encode('garbage behind the end');
  for (const content of [ZSTD, XZ]) {
    const { bytes, problems } = await unpack(join(content, garbage));
    assert.ok(Buffer.from(TEXT).subarray(0, bytes.length).equals(bytes));
    assert.ok(bytes.length > TEXT.length * 0.8, `${bytes.length}`);
    assert.equal(problems.count, 1);
  }
});

test('what the decoders refuse is said with a way out', async () => {
  const wide = await read(zstdFrame(rawBlocks(TEXT), 28));
  assert.equal(wide.format, 'unknown');
  assert.equal(wide.problemCount, 1);
  assert.match(wide.problems[0]!.message, /window of at most 128 MB.*zstd -d --long=31/);
  // An index of checksums of a kind that is not known: bits 0 to 3 of the stream flags, with their own checksum.
  const flags = Uint8Array.of(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 0x0a, 0xe1, 0xfb, 0x0c, 0xa1);
  const sha256 = await read(join(flags, XZ.subarray(12)));
  assert.equal(sha256.format, 'unknown');
  assert.match(sha256.problems[0]!.message, /checksum.*xz -d/);
});

test('what is large only when it is unpacked takes no memory', async () => {
  const bomb = zstdFrame(repeatedBlocks(8000, 0x0a));
  let size = 0;
  let largest = 0;
  const problems = new ProblemList();
  for await (const part of compressionOf(bomb)!.decompress(chunksOf(bomb, 1 << 20), problems)) {
    size += part.length;
    largest = Math.max(largest, part.length);
  }
  assert.equal(size, 8000 * (1 << 17));
  assert.equal(largest, 1 << 17);
  assert.equal(problems.count, 0);
  // And where nobody wants the rest it is not unpacked.
  const capture = await read(zstdFrame(repeatedBlocks(8000, 0)));
  assert.match(capture.problems[0]!.message, /binary data/);
});

test('a stream that is left early keeps no other waiting', async () => {
  for (const content of [ZSTD, XZ]) {
    for (let times = 0; times < 5; times++) {
      const stream = compressionOf(content)!.decompress(chunksOf(content, 500), new ProblemList());
      await stream.next();
      await stream.return();
    }
    const captures = await Promise.all([read(content, 333), read(content, 444), read(content, 555)]);
    for (const capture of captures) assert.equal(capture.allocations!.length, 410);
  }
});

test('an error of the source is passed on, and so is an abort', async () => {
  for (const content of [ZSTD, XZ]) {
    const failing: ByteSource = {
      ...readOnlySource(content),
      read: (offset, length) =>
        offset > 3000
          ? Promise.reject(new Error('EIO'))
          : Promise.resolve(content.slice(offset, offset + length)),
    };
    await assert.rejects(openCapture(failing, { chunkSize: 1000 }), /EIO/);
    const controller = new AbortController();
    const reading = openCapture(memorySource(content), {
      chunkSize: 1000,
      signal: controller.signal,
      onProgress: (bytesRead) => {
        if (bytesRead > 4000) controller.abort(new Error('enough'));
      },
    });
    await assert.rejects(reading, /enough/);
    assert.equal((await read(content)).allocations!.length, 410);
  }
});
