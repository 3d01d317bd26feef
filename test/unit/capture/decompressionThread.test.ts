/** Compressed captures with a thread that decompresses ahead: what is read must not depend on whether it helps, and when. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { openCapture } from '../../../src/capture/openCapture';
import type { Capture } from '../../../src/capture/eventTable';
import type { OtherThreads } from '../../../src/capture/otherThreads';
import { CHUNK_HEAD } from '../../../src/capture/traceDat/compressedCpuData';
import {
  decompressBlocks,
  isDecompressed,
  noProgress,
  sharedBytes,
  type Batch,
  type DecompressionThread,
  type StartDecompression,
} from '../../../src/capture/traceDat/decompressionThread';
import { decompressorOf, type Decompressor } from '../../../src/capture/traceDat/decompressor';
import { decompressionIn } from '../../../src/engine/node/decompressionThread';
import { captureText } from './support/describeCapture';
import * as events from './support/memoryEvents';
import { ByteWriter } from './support/perfDataWriter';
import { below, seededRandom } from './support/random';
import { inRecordLoop } from './support/loops';
import { FIXTURES, memorySource, textBytes } from './support/sources';
import { recordData, storedZstd, writeTraceDat, type RecordText } from './support/traceDatWriter';

const SCRIPT = path.resolve('dist/decompression.js');
const RECORDING = textBytes(path.join(FIXTURES, 'f_dat_v7_zstd', 'trace.dat'));
const MANY_CHUNKS = recordingOfManyChunks();

/** A recording of two CPUs with some 24 chunks each: far more than are asked for ahead. */
function recordingOfManyChunks(): Uint8Array {
  const pageRef = events.pageRefEvent('page_ref_mod', 616, { flags: events.flagsArgument(['locked']) });
  const cpus = [0, 1].map((cpu) =>
    Array.from({ length: 1200 }, (_, index): RecordText[] => {
      const time = BigInt(1000 + 2 * index + cpu);
      const data = recordData({}, pageRef, 100 + cpu, { pfn: 7 * index, count: 1, val: -1 });
      const tail = new ByteWriter(true).u64(0xffffffff81001000n + BigInt(index)).done();
      const stack = recordData({}, events.KERNEL_STACK, 100 + cpu, { size: 1 }, { tail });
      return [
        { time, data },
        { time, data: stack },
      ];
    }).flat(),
  );
  return writeTraceDat({
    version: 7,
    compression: 'zstd',
    pagesInChunk: 1,
    events: [pageRef, events.KERNEL_STACK],
    buffers: [{ name: '', cpus }],
  });
}

/** What a thread is like that the reader must not depend on. */
interface Ways {
  /** How many questions it answers before it fails. */
  readonly failsAt: number;
  /** Turns that it takes for each answer, at most. */
  readonly turns: number;
  /** How many blocks of each batch it begins and never does; 0 where it does all. */
  readonly leaves: number;
}

/** A thread on this one that takes its time, or does less than it should. */
class SlowThread implements DecompressionThread {
  isOver = false;
  asked = 0;
  private readonly decompressor: Promise<Decompressor | null>;

  constructor(
    compression: string,
    private readonly ways: Ways,
  ) {
    this.decompressor = decompressorOf(compression);
  }

  async decompress(batch: Batch): Promise<void> {
    const { failsAt, turns, leaves } = this.ways;
    if (++this.asked >= failsAt) this.isOver = true;
    const decompressor = await this.decompressor;
    assert.ok(decompressor);
    for (let turn = below(seededRandom(this.asked), turns + 1); turn > 0; turn--) await nextTurn();
    if (this.isOver) return;
    if (leaves === 0) {
      decompressBlocks(batch, decompressor);
      return;
    }
    for (let block = 0; block < leaves; block++) beginNext(batch);
    await nextTurn();
  }

  end(): void {
    this.isOver = true;
  }
}

/** Begins a block, and leaves rubbish where its content should be. */
function beginNext({ content, contentEnds, progress }: Batch): void {
  const block = Atomics.add(progress, 0, 1);
  if (block < contentEnds.length) content.fill(0xaa, contentEnds[block - 1] ?? 0, contentEnds[block]);
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

const WAYS: readonly Ways[] = [
  { failsAt: Infinity, turns: 0, leaves: 0 },
  { failsAt: Infinity, turns: 3, leaves: 0 },
  { failsAt: 2, turns: 1, leaves: 0 },
  { failsAt: 1, turns: 0, leaves: 0 },
  { failsAt: Infinity, turns: 0, leaves: 2 },
];

function threadsWith(startDecompression: StartDecompression): { readonly otherThreads: OtherThreads } {
  return { otherThreads: { startDecompression, clearMemory: null } };
}

function described(capture: Capture): string {
  return `${captureText(capture)}\n${JSON.stringify(capture.problems)} ${capture.problemCount}`;
}

for (const [what, recording] of [
  ['a recording', RECORDING],
  ['one of many chunks', MANY_CHUNKS],
] as const) {
  test(`${what} is read the same with a thread, late, early, failing or doing a part`, async () => {
    for (const chunkSize of [1 << 9, 1 << 13, 1 << 20]) {
      const alone = described(await openCapture(memorySource(recording), { chunkSize }));
      for (const ways of WAYS) {
        const threads: SlowThread[] = [];
        const startDecompression = (compression: string): SlowThread => {
          threads.push(new SlowThread(compression, ways));
          return threads.at(-1)!;
        };
        const read = (): Promise<Capture> =>
          openCapture(memorySource(recording), { chunkSize, ...threadsWith(startDecompression) });
        assert.equal(described(await read()), alone);
        assert.equal(described(await inRecordLoop(read)), alone);
        const [thread] = threads;
        assert.equal(threads.length, 2);
        assert.equal(thread?.isOver, true);
        assert.ok(thread.asked > 0);
      }
    }
  });
}

test('the thread that ships decompresses into the memory of the record loop', async () => {
  const thread = decompressionIn(SCRIPT)('zstd');
  const batches: Batch[] = [];
  const watched: DecompressionThread = {
    get isOver() {
      return thread.isOver;
    },
    decompress: async (batch) => {
      batches.push(batch);
      await thread.decompress(batch);
    },
    end: () => {
      thread.end();
    },
  };
  const capture = await inRecordLoop(() =>
    openCapture(memorySource(MANY_CHUNKS), { chunkSize: 1 << 12, ...threadsWith(() => watched) }),
  );
  for (const { content } of batches) assert.equal(content.buffer, batches[0]!.content.buffer);
  const places = new Set(batches.map(({ content }) => content.byteOffset));
  assert.ok(places.size * 3 < batches.length, 'memory is used again');
  const windows = new Set(batches.map(({ blocks }) => blocks.buffer));
  assert.ok(windows.size * 2 < batches.length, 'and that of what was read');
  assert.equal(described(capture), described(await openCapture(memorySource(MANY_CHUNKS))));
});

test('a damaged recording is read the same with a thread', async () => {
  const random = seededRandom(11);
  let damaged = 0;
  for (let round = 0; round < 150; round++) {
    const bytes = Uint8Array.from(round % 2 === 0 ? RECORDING : MANY_CHUNKS);
    for (let flips = 0; flips < 3; flips++) bytes[below(random, bytes.length)]! ^= 1 << below(random, 8);
    const alone = await openCapture(memorySource(bytes));
    const startDecompression = (compression: string): SlowThread =>
      new SlowThread(compression, WAYS[round % WAYS.length]!);
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
      threads.push(new SlowThread(compression, WAYS[0]!));
      cancel.abort(new Error('enough'));
      return threads[0]!;
    }),
  });
  await assert.rejects(reading, /enough/);
  assert.equal(threads[0]!.isOver, true);
});

const CONTENTS = ['first', 'second one', 'third'].map((text) => new TextEncoder().encode(text));
const [FIRST, SECOND, THIRD] = [0, 1, 2];

/** Blocks as in a file, each of which claims to stand for what its content has. */
function batchOf(blocks: readonly Uint8Array[], contents = CONTENTS): Batch {
  let [end, contentEnd] = [0, 0];
  const ends = Int32Array.from(blocks, ({ length }) => (end += CHUNK_HEAD + length));
  const starts = ends.map((blockEnd, index) => blockEnd - blocks[index]!.length);
  const contentEnds = Int32Array.from(contents, ({ length }) => (contentEnd += length));
  const all = sharedBytes(end);
  for (const [index, block] of blocks.entries()) all.set(block, starts[index]);
  return {
    blocks: all,
    starts,
    ends,
    content: sharedBytes(contentEnd),
    contentEnds,
    progress: noProgress(blocks.length),
  };
}

function done(batch: Batch): boolean[] {
  return Array.from(batch.ends, (_, block) => isDecompressed(batch, block));
}

function textOf({ content }: Batch): string {
  return new TextDecoder().decode(content.slice());
}

test('the thread that ships decompresses what nobody has begun, and answers when it ends', async (t) => {
  const thread = decompressionIn(SCRIPT)('zlib');
  t.after(() => {
    thread.end();
  });
  const { zlibSync } = await import('fflate');
  const blocks = CONTENTS.map((content) => zlibSync(content));
  const batch = batchOf(blocks);
  beginNext(batch);
  await thread.decompress(batch);
  assert.deepEqual(done(batch), [false, true, true]);
  assert.equal(textOf(batch).slice(5), 'second onethird');
  blocks[SECOND]![0]! ^= 0xff;
  const damaged = batchOf(blocks);
  await thread.decompress(damaged);
  assert.deepEqual(done(damaged), [true, false, true]);
  const left = thread.decompress(batchOf(blocks));
  thread.end();
  await left;
  assert.equal(thread.isOver, true);
  // It may be over between the question whether it is and what it is asked then.
  await nothingIn(300);
  assert.equal(await Promise.race([thread.decompress(batchOf(blocks)), nothingIn(1000)]), undefined);
});

test('of zstd blocks those that are damaged are told from the others', async () => {
  const decompressor = await decompressorOf('zstd');
  assert.ok(decompressor);
  const good = CONTENTS.map(storedZstd);
  const other = storedZstd(new TextEncoder().encode('another'));
  const magicOfNone = Uint8Array.from(good[SECOND]!, (byte, index) => (index === 0 ? byte ^ 1 : byte));
  const cases: readonly [string, readonly Uint8Array[], readonly boolean[]][] = [
    ['all good', good, [true, true, true]],
    ['no magic', [good[FIRST]!, magicOfNone, good[THIRD]!], [true, false, true]],
    ['a block too short', [good[FIRST]!, good[SECOND]!.subarray(0, 15), good[THIRD]!], [true, false, true]],
    ['a block cut', [good[FIRST]!, good[SECOND]!.subarray(0, -1), good[THIRD]!], [true, false, true]],
    ['of another size', [good[FIRST]!, other, good[THIRD]!], [true, false, true]],
    ['in another order', [good[SECOND]!, good[FIRST]!, good[THIRD]!], [false, false, true]],
    ['nothing', [new Uint8Array(0), good[SECOND]!, good[THIRD]!], [false, true, true]],
  ];
  for (const [what, blocks, expected] of cases) {
    const batch = batchOf(blocks);
    decompressBlocks(batch, decompressor);
    assert.deepEqual(done(batch), expected, what);
    assert.equal(textOf(batch).slice(15), 'third', what);
  }
});

test('a zlib block is as good as its checksum says', async () => {
  const decompressor = await decompressorOf('zlib');
  assert.ok(decompressor);
  const { zlibSync } = await import('fflate');
  const random = seededRandom(3);
  const content = Uint8Array.from({ length: 20000 }, () => 200 + below(random, 56));
  for (const level of [0, 6] as const) {
    const block = zlibSync(content, { level });
    const target = new Uint8Array(content.length);
    assert.equal(decompressor.decompress(block, target), true);
    assert.deepEqual(target, content);
    // As it is stored, only the checksum tells.
    const other = Uint8Array.from(block);
    other[level === 0 ? 9000 : block.length - 1]! ^= 1;
    assert.equal(decompressor.decompress(other, target), false);
    assert.equal(decompressor.decompress(block, new Uint8Array(content.length - 1)), false, 'it has more');
    assert.equal(decompressor.decompress(block, new Uint8Array(content.length + 1)), false, 'it has less');
    assert.equal(decompressor.decompress(block.subarray(0, 3), target), false);
  }
});

test('zstd blocks may be large, and small ones again behind them', async () => {
  const decompressor = await decompressorOf('zstd');
  assert.ok(decompressor);
  const large = new Uint8Array(5 << 20).fill(7);
  const contents = [large, CONTENTS[FIRST]!, large];
  const batch = batchOf(contents.map(storedZstd), contents);
  decompressBlocks(batch, decompressor);
  assert.deepEqual(done(batch), [true, true, true]);
  for (const [index, content] of contents.entries()) {
    const start = batch.contentEnds[index - 1] ?? 0;
    assert.ok(Buffer.from(batch.content.slice(start, batch.contentEnds[index])).equals(content));
  }
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
  const batch = batchOf(CONTENTS.map(storedZstd));
  await thread.decompress(batch);
  assert.deepEqual(done(batch), [false, false, false]);
  assert.equal(thread.isOver, true);
});
