import { grown } from '../growingColumn';
import type { ProblemList } from '../problemList';
import type { Allocate } from './chunkMemory';
import type { CpuData, PageSpan } from './cpuData';
import {
  decompressBlocks,
  isDecompressed,
  noProgress,
  sharedBytes,
  type Batch,
  type DecompressionThread,
} from './decompressionThread';
import { isBelievable, type Decompressor } from './decompressor';
import type { CpuRange } from './fileOptions';
import type { FileRanges } from './fileRanges';
import { SequentialReader } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** Bytes of the number of chunks before the first. */
export const COUNT_SIZE = 4;
/** Bytes of the two sizes before each compressed chunk. */
export const CHUNK_HEAD = 8;

/** Batches that wait for the thread or for being read: with two, each of the threads waited for the other now and then. */
const ASKED_AHEAD = 4;
/** Of one CPU: those, the one that is read, and the memory of the one before. */
export const BATCHES_IN_MEMORY = ASKED_AHEAD + 2;

/** Nearly all batches shrink to less; trace data of big captures to a twelfth. */
const USUAL_RATIO = 4;

/** What all compressed data of a file share. */
export interface Decompression {
  readonly littleEndian: boolean;
  readonly decompressor: Decompressor;
  /** Decompresses what comes next; null when there is none. */
  readonly thread: DecompressionThread | null;
  /** Bytes that all chunks together may still grow to: a small damaged file must not fill the memory. */
  readonly budget: { left: number };
  /** Gives memory that is shared with the thread. */
  readonly allocate: Allocate;
  /** Bytes of content that the thread is asked for at a time: a chunk is small, and each question has its price. */
  readonly batchSize: number;
}

/** A compressed chunk, as it stands in the file. */
interface Chunk {
  /** Offset in the file. */
  readonly place: number;
  /** Good until more of the file is read. */
  readonly block: Uint8Array;
  /** Bytes of its content. */
  readonly size: number;
  /** The one before it was skipped. */
  readonly isAfterSkipped: boolean;
}

/** Chunks that the thread works on. */
interface AskedChunks {
  /** With their blocks in `blocks`. */
  readonly chunks: readonly Chunk[];
  readonly blocks: BlockMemory;
  readonly batch: Batch;
  /** The thread does nothing more with it. */
  readonly answer: Promise<void>;
}

/**
 * Pages in compressed chunks: a count, then for each chunk two sizes and a block (trace-cmd.dat.v7(5)). Whether a thread
 * helps or not, each chunk becomes one span.
 */
export class CompressedCpuData implements CpuData {
  private readonly reader: SequentialReader;
  private chunksLeft = -1;
  /** The chunk that was read last was skipped, or the rest of them cannot be read. */
  private isSkipped = false;
  /** The chunk that was given out last is damaged. */
  private isDamaged = false;
  /** Spans that are decompressed already, the next one last. */
  private readonly waiting: PageSpan[] = [];
  /** What the thread was asked for, the next one first. */
  private readonly asked: AskedChunks[] = [];
  /** Memory of the spans that were given out last. */
  private memory: Uint8Array | null = null;
  /** Memory of blocks that the thread is done with. */
  private readonly blockMemories: BlockMemory[] = [];
  /** Of the span that was decompressed without the thread. */
  private readonly own = new ReusedMemory();

  constructor(
    file: FileRanges,
    private readonly range: CpuRange,
    private readonly decompression: Decompression,
    private readonly problems: ProblemList,
  ) {
    // trace-cmd counts the chunks in the size that it writes, but not the number before them.
    const end = Math.min(range.offset + COUNT_SIZE + range.size, file.size);
    const window = new ReusedMemory();
    const windows = {
      chunkSize: file.chunkSize,
      read: (offset: number, length: number) => file.readInto(offset, window.take(length)),
    };
    this.reader = new SequentialReader(windows, range.offset, end, decompression.littleEndian);
  }

  get isCutOff(): boolean {
    return this.range.isCutOff || this.isSkipped || this.isDamaged;
  }

  async next(): Promise<PageSpan | null> {
    for (;;) {
      const span = this.waiting.pop();
      if (span !== undefined) return span;
      await this.askAhead();
      const asked = this.asked.shift();
      if (asked !== undefined) {
        await this.take(asked);
        continue;
      }
      const chunk = await this.nextChunk();
      if (chunk === null) return null;
      const decompressed = this.decompressed(chunk, this.own.take(chunk.size));
      if (decompressed !== null) return decompressed;
    }
  }

  async askAhead(): Promise<void> {
    const { thread } = this.decompression;
    while (thread?.isOver === false && this.asked.length < ASKED_AHEAD) {
      const blocks = this.blockMemories.pop() ?? new BlockMemory(this.decompression.batchSize / USUAL_RATIO);
      const chunks = await this.nextChunks(blocks);
      if (chunks.length === 0) {
        this.blockMemories.push(blocks);
        return;
      }
      let end = 0;
      const contentEnds = Int32Array.from(chunks, ({ size }) => (end += size));
      const content = this.memoryFor(end, chunks);
      const batch = { ...blocks.taken, content, contentEnds, progress: noProgress(chunks.length) };
      this.asked.push({ chunks, blocks, batch, answer: thread.decompress(batch) });
    }
  }

  /** Memory for `length` bytes of these chunks, and for others like them: of one size together, but for the last of them. */
  private memoryFor(length: number, chunks: readonly Chunk[]): Uint8Array {
    const { memory } = this;
    this.memory = null;
    if (memory !== null && memory.length >= length) return memory;
    const { allocate, batchSize } = this.decompression;
    const usual = chunks.reduce((largest, { size }) => Math.max(largest, size), 0) + batchSize;
    return allocate(usual) ?? sharedBytes(usual);
  }

  private async nextChunks(blocks: BlockMemory): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    for (let size = 0; size < this.decompression.batchSize;) {
      const chunk = await this.nextChunk();
      if (chunk === null) break;
      chunks.push({ ...chunk, block: blocks.add(chunk.block) });
      // All that is kept of it: chunks may stand for little or nothing in a damaged file.
      size += CHUNK_HEAD + chunk.block.length + chunk.size;
    }
    return chunks;
  }

  private async take({ chunks, blocks, batch, answer }: AskedChunks): Promise<void> {
    // Nothing can be read before it is there: what the thread has not begun is done here.
    decompressBlocks(batch, this.decompression.decompressor);
    if (!chunks.every((_, index) => isDecompressed(batch, index))) await answer;
    const spans: PageSpan[] = [];
    for (const [index, chunk] of chunks.entries()) {
      const end = batch.contentEnds[index]!;
      const span = isDecompressed(batch, index)
        ? this.spanOf(chunk, batch.content.subarray(end - chunk.size, end))
        : this.decompressed(chunk, new Uint8Array(chunk.size));
      if (span !== null) spans.push(span);
    }
    this.memory = batch.content;
    blocks.clear();
    this.blockMemories.push(blocks);
    this.waiting.push(...spans.reverse());
  }

  /** The span of a chunk, in `bytes`, or null when it is damaged. */
  private decompressed(chunk: Chunk, bytes: Uint8Array): PageSpan | null {
    const { place, block, size } = chunk;
    if (this.decompression.decompressor.decompress(block, bytes)) return this.spanOf(chunk, bytes);
    this.isDamaged = true;
    this.problems.add(
      place,
      null,
      `a chunk of ${block.length} bytes does not decompress to the ${size} bytes that it should; its events are lost`,
    );
    return null;
  }

  /** The next chunk that can be believed, or null at the end. */
  private async nextChunk(): Promise<Chunk | null> {
    try {
      if (this.chunksLeft < 0) this.chunksLeft = await this.chunkCount();
      while (this.chunksLeft > 0) {
        this.chunksLeft--;
        const chunk = await this.readChunk();
        this.isSkipped = chunk === null;
        if (chunk) return chunk;
      }
    } catch (error) {
      if (!(error instanceof UnexpectedData)) throw error;
      this.chunksLeft = 0;
      this.isSkipped = true;
      this.problems.add(error.offset, null, error.message);
    }
    return null;
  }

  /** trace-cmd writes the number behind the last chunk: where it was ended before, the chunks go on as far as they do. */
  private async chunkCount(): Promise<number> {
    return (await this.reader.u32('the number of compressed chunks')) || Infinity;
  }

  private async readChunk(): Promise<Chunk | null> {
    const { budget } = this.decompression;
    const place = this.reader.place;
    const compressed = await this.reader.u32('the compressed size of a chunk');
    const size = await this.reader.u32('the size of a chunk');
    if (compressed === 0) {
      throw new UnexpectedData(
        place,
        'a chunk of 0 bytes, as after a copy that broke off or a crash; the events from here on are lost, copy the file again',
      );
    }
    if (!isBelievable(compressed, size)) {
      await this.reader.skip(compressed, 'a compressed chunk');
      this.problems.add(
        place,
        null,
        `a chunk of ${compressed} bytes claims to stand for ${size}; it was skipped`,
      );
      return null;
    }
    if (size > budget.left) {
      throw new UnexpectedData(
        place,
        'the chunks grow far beyond the size of the file; the rest was not read',
      );
    }
    const block = await this.reader.bytes(compressed, 'a compressed chunk');
    budget.left -= size;
    return { place, block, size, isAfterSkipped: this.isSkipped };
  }

  private spanOf({ place, block, size, isAfterSkipped }: Chunk, bytes: Uint8Array): PageSpan {
    const isAfterLoss = isAfterSkipped || this.isDamaged;
    this.isDamaged = false;
    const fileScale = (block.length + CHUNK_HEAD) / Math.max(1, size);
    return { bytes, fileOffset: place, fileScale, isAfterLoss };
  }
}

/** Memory for one thing, then for the next: fresh memory each time costs more than reading into it. */
class ReusedMemory {
  private bytes = new Uint8Array(0);

  /** `length` bytes, good until the next ones are taken. */
  take(length: number): Uint8Array {
    if (this.bytes.length < length) this.bytes = new Uint8Array(length);
    return this.bytes.subarray(0, length);
  }
}

/** Blocks one behind the other, in memory that is used for one batch after the other. */
class BlockMemory {
  private bytes: Uint8Array;
  private used = 0;
  private ends: number[] = [];

  /** @param size bytes that are enough most of the time */
  constructor(size: number) {
    this.bytes = sharedBytes(size);
  }

  get taken(): Pick<Batch, 'blocks' | 'ends'> {
    return { blocks: this.bytes.subarray(0, this.used), ends: Int32Array.from(this.ends) };
  }

  /** Returns a copy of the block, good until {@link clear}. */
  add(block: Uint8Array): Uint8Array {
    const start = this.used;
    this.used += block.length;
    this.ends.push(this.used);
    if (this.used > this.bytes.length) this.bytes = grown(this.bytes, sharedBytes(this.used * 2));
    const copy = this.bytes.subarray(start, this.used);
    copy.set(block);
    return copy;
  }

  clear(): void {
    this.used = 0;
    this.ends = [];
  }
}
