/** Compressed captures with a thread that decompresses ahead: what is read must not depend on whether it helps, and when. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { openCapture } from '../../../src/capture/openCapture';
import type { Capture } from '../../../src/capture/eventTable';
import type { OtherThreads } from '../../../src/capture/otherThreads';
import {
  decompressBatch,
  type Batch,
  type BatchContent,
  type DecompressionThread,
  type StartDecompression,
} from '../../../src/capture/traceDat/decompressionThread';
import { decompressorOf, type Decompressor } from '../../../src/capture/traceDat/decompressor';
import { decompressionIn } from '../../../src/engine/node/decompressionThread';
import { captureText } from './support/describeCapture';
import { below, seededRandom } from './support/random';
import { inRecordLoop } from './support/recordLoop';
import { FIXTURES, memorySource, textBytes } from './support/sources';
import { storedZstd } from './support/traceDatWriter';

const SCRIPT = path.resolve('dist/decompression.js');
const RECORDING = textBytes(path.join(FIXTURES, 'f_dat_v7_zstd', 'trace.dat'));

/** A thread on this one that takes its time: some turns to start, some for each answer. */
class SlowThread implements DecompressionThread {
  isEnded = false;
  asked = 0;
  private turnsToStart: number;
  private readonly decompressor: Promise<Decompressor | null>;

  constructor(compression: string, { turnsToStart, failsAt }: { turnsToStart: number; failsAt: number }) {
    this.turnsToStart = turnsToStart;
    this.failsAt = failsAt;
    this.decompressor = decompressorOf(compression);
  }

  private readonly failsAt: number;

  get isReady(): boolean {
    return !this.isEnded && this.asked < this.failsAt && this.turnsToStart-- <= 0;
  }

  async decompress(batch: Batch, memory: Uint8Array | null): Promise<BatchContent | null> {
    const isLast = ++this.asked >= this.failsAt;
    const decompressor = await this.decompressor;
    for (let turn = below(seededRandom(this.asked), 3); turn >= 0; turn--) await nextTurn();
    // Whoever still looks at memory that was given away finds rubbish there.
    memory?.fill(0xaa);
    const content = decompressBatch(batch, memory, decompressor);
    batch.bytes.fill(0xaa);
    return isLast ? null : content;
  }

  end(): void {
    this.isEnded = true;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const TIMES = [
  { turnsToStart: 0, failsAt: Infinity },
  { turnsToStart: 2, failsAt: Infinity },
  { turnsToStart: 0, failsAt: 2 },
  { turnsToStart: 1, failsAt: 1 },
];

function threadsWith(startDecompression: StartDecompression): { readonly otherThreads: OtherThreads } {
  return { otherThreads: { startDecompression, clearMemory: null } };
}

function described(capture: Capture): string {
  return `${captureText(capture)}\n${JSON.stringify(capture.problems)} ${capture.problemCount}`;
}

test('a recording is read the same with a thread, late, early or failing', async () => {
  for (const chunkSize of [1 << 9, 1 << 13, 1 << 20]) {
    const alone = described(await openCapture(memorySource(RECORDING), { chunkSize }));
    for (const times of TIMES) {
      const threads: SlowThread[] = [];
      const startDecompression = (compression: string): SlowThread => {
        threads.push(new SlowThread(compression, times));
        return threads.at(-1)!;
      };
      const read = (): Promise<Capture> =>
        openCapture(memorySource(RECORDING), { chunkSize, ...threadsWith(startDecompression) });
      assert.equal(described(await read()), alone);
      assert.equal(described(await inRecordLoop(read)), alone);
      const [thread] = threads;
      assert.equal(threads.length, 2);
      assert.equal(thread?.isEnded, true);
      if (times.turnsToStart === 0) assert.ok(thread.asked > 0);
    }
  }
});

test('the thread that ships decompresses into the memory of the record loop', async () => {
  const thread = decompressionIn(SCRIPT)('zstd');
  while (!thread.isReady) await nextTurn();
  const given: Uint8Array[] = [];
  const taken: Uint8Array[] = [];
  const watched: DecompressionThread = {
    get isReady() {
      return thread.isReady;
    },
    decompress: async (batch, memory) => {
      if (memory !== null) given.push(memory);
      const content = await thread.decompress(batch, memory);
      if (content !== null) taken.push(content.bytes);
      return content;
    },
    end: () => {
      thread.end();
    },
  };
  const capture = await inRecordLoop(() =>
    openCapture(memorySource(RECORDING), { chunkSize: 1 << 12, ...threadsWith(() => watched) }),
  );
  assert.ok(taken.length > 1);
  assert.deepEqual(
    taken.map(({ buffer }) => buffer === taken[0]!.buffer),
    taken.map(() => true),
  );
  assert.equal(given.length, taken.length);
  assert.equal(described(capture), described(await openCapture(memorySource(RECORDING))));
});

test('a damaged recording is read the same with a thread', async () => {
  const random = seededRandom(11);
  let damaged = 0;
  for (let round = 0; round < 150; round++) {
    const bytes = Uint8Array.from(RECORDING);
    for (let flips = 0; flips < 3; flips++) bytes[below(random, bytes.length)]! ^= 1 << below(random, 8);
    const alone = await openCapture(memorySource(bytes));
    const startDecompression = (compression: string): SlowThread =>
      new SlowThread(compression, TIMES[round % TIMES.length]!);
    const capture = await openCapture(memorySource(bytes), threadsWith(startDecompression));
    assert.equal(described(capture), described(alone), `round ${round}`);
    if (alone.problems.some(({ message }) => message.includes('does not decompress'))) damaged++;
  }
  assert.ok(damaged > 10, `only ${damaged} had a chunk that does not decompress`);
});

test('a recording without compression starts no thread', async () => {
  const bytes = textBytes(path.join(FIXTURES, 'f_dat_v7_zstd', 'trace-v6.dat.gz'));
  const startDecompression = (): never => assert.fail('a thread was started');
  assert.ok((await openCapture(memorySource(bytes), threadsWith(startDecompression))).events.length > 0);
});

test('who cancels ends the thread', async () => {
  const cancel = new AbortController();
  const threads: SlowThread[] = [];
  const reading = openCapture(memorySource(RECORDING), {
    chunkSize: 1 << 9,
    signal: cancel.signal,
    ...threadsWith((compression) => {
      threads.push(new SlowThread(compression, TIMES[0]!));
      cancel.abort(new Error('enough'));
      return threads[0]!;
    }),
  });
  await assert.rejects(reading, /enough/);
  assert.equal(threads[0]!.isEnded, true);
});

test('the thread that ships decompresses, says what is damaged, and gives up what it is asked when it ends', async (t) => {
  const thread = decompressionIn(SCRIPT)('zlib');
  t.after(() => {
    thread.end();
  });
  const { zlibSync } = await import('fflate');
  const contents = ['first', 'second one', 'third'].map((text) => new TextEncoder().encode(text));
  const blocks = contents.map((content) => zlibSync(content));
  blocks[1]![0]! ^= 0xff;
  const batch = (): Batch => ({
    bytes: Uint8Array.from(blocks.flatMap((block) => [...block])),
    ends: Int32Array.from(blocks, (_, index) =>
      blocks.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0),
    ),
    sizes: Int32Array.from(contents, ({ length }) => length),
  });
  while (!thread.isReady) await nextTurn();
  const content = await thread.decompress(batch(), null);
  assert.ok(content);
  assert.deepEqual(content.isDamaged, [false, true, false]);
  assert.equal(new TextDecoder().decode(content.bytes.subarray(0, 5)), 'first');
  assert.equal(new TextDecoder().decode(content.bytes.subarray(15)), 'third');
  const again = thread.decompress(batch(), content.bytes);
  assert.deepEqual((await again)?.isDamaged, [false, true, false]);
  const left = thread.decompress(batch(), null);
  thread.end();
  assert.equal(await left, null);
  assert.equal(thread.isReady, false);
  // It may be over between the question whether it is ready and what it is asked then.
  await nothingIn(300);
  assert.equal(await Promise.race([thread.decompress(batch(), null), nothingIn(1000)]), null);
});

const CONTENTS = ['first', 'second one', 'third'].map((text) => new TextEncoder().encode(text));

/** A batch of zstd blocks, each of which claims to stand for what its content has. */
function zstdBatch(blocks: readonly Uint8Array[]): Batch {
  let end = 0;
  return {
    bytes: Uint8Array.from(blocks.flatMap((block) => [...block])),
    ends: Int32Array.from(blocks, ({ length }) => (end += length)),
    sizes: Int32Array.from(CONTENTS, ({ length }) => length),
  };
}

test('zstd blocks are decompressed at once, or one by one where not all of them are good', async () => {
  const decompressor = await decompressorOf('zstd');
  assert.ok(decompressor?.decompressAll);
  const good = CONTENTS.map(storedZstd);
  const together = new Uint8Array(20);
  const { bytes, ends, sizes } = zstdBatch(good);
  assert.equal(decompressor.decompressAll(bytes, ends, sizes, together), true);
  assert.equal(new TextDecoder().decode(together), 'firstsecond onethird');

  const other = storedZstd(new TextEncoder().encode('another'));
  const magicOfNone = Uint8Array.from(good[1]!, (byte, index) => (index === 0 ? byte ^ 1 : byte));
  const cases: readonly [string, readonly Uint8Array[], readonly boolean[]][] = [
    ['no magic', [good[0]!, magicOfNone, good[2]!], [false, true, false]],
    ['a block too short', [good[0]!, good[1]!.subarray(0, 15), good[2]!], [false, true, false]],
    ['a block cut', [good[0]!, good[1]!.subarray(0, -1), good[2]!], [false, true, false]],
    ['of another size', [good[0]!, other, good[2]!], [false, true, false]],
    ['in another order', [good[1]!, good[0]!, good[2]!], [true, true, false]],
    ['nothing', [new Uint8Array(0), good[1]!, good[2]!], [true, false, false]],
  ];
  for (const [what, blocks, isDamaged] of cases) {
    const batch = zstdBatch(blocks);
    assert.equal(decompressor.decompressAll(batch.bytes, batch.ends, batch.sizes, together), false, what);
    const content = decompressBatch(batch, null, decompressor);
    assert.deepEqual(content.isDamaged, isDamaged, what);
    assert.equal(new TextDecoder().decode(content.bytes.subarray(15, 20)), 'third', what);
  }
});

test('zstd blocks that are large are decompressed one by one', async () => {
  const decompressor = await decompressorOf('zstd');
  assert.ok(decompressor?.decompressAll);
  const size = 5 << 20;
  const block = storedZstd(new Uint8Array(size).fill(7));
  const batch = {
    bytes: Uint8Array.from([...block, ...block]),
    ends: Int32Array.of(block.length, 2 * block.length),
    sizes: Int32Array.of(size, size),
  };
  assert.equal(
    decompressor.decompressAll(batch.bytes, batch.ends, batch.sizes, new Uint8Array(2 * size)),
    false,
  );
  const content = decompressBatch(batch, null, decompressor);
  assert.deepEqual(content.isDamaged, [false, false]);
  assert.ok(content.bytes.every((byte) => byte === 7));
});

/** Stands for an answer that does not come. */
function nothingIn(ms: number): Promise<'nothing'> {
  return new Promise((resolve) => {
    setTimeout(() => {
      resolve('nothing');
    }, ms);
  });
}

test('a script that cannot be run leaves the reader alone', async (t) => {
  const thread = decompressionIn(path.resolve('dist/no-such-script.js'))('zstd');
  t.after(() => {
    thread.end();
  });
  const content = await thread.decompress(
    { bytes: new Uint8Array(1), ends: Int32Array.of(1), sizes: Int32Array.of(1) },
    null,
  );
  assert.equal(content, null);
  assert.equal(thread.isReady, false);
});
