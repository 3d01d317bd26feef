import type { ProblemList } from '../problemList';
import { inPlace, type Allocate } from './chunkMemory';
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
import { SequentialReader, type ReadableRange } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** Bytes of the number of chunks before the first. */
export const COUNT_SIZE = 4;
/** Bytes of the two sizes before each compressed chunk. */
export const CHUNK_HEAD = 8;

/** Batches that wait for the thread or for being read: with two, each of the threads waited for the other now and then. */
const ASKED_AHEAD = 4;
/** Of one CPU: those, the one that is read, and the memory of the one before. */
export const BATCHES_IN_MEMORY = ASKED_AHEAD + 2;

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
  /** Most bytes of the file that are read at a time, but for a larger chunk. */
  readonly windowSize: number;
}

/** A compressed chunk, as it stands in the file. */
interface Chunk {
  /** Offset in the file. */
  readonly place: number;
  /** Good until more of the file is read, or as long as its window is in use. */
  readonly block: Uint8Array;
  /** Bytes of its content. */
  readonly size: number;
  /** The one before it was skipped. */
  readonly isAfterSkipped: boolean;
}

/** Chunks that the thread works on. */
interface AskedChunks {
  /** With their blocks in `window`. */
  readonly chunks: readonly Chunk[];
  readonly window: BlockWindow;
  readonly batch: Batch;
  /** The thread does nothing more with it. */
  readonly answer: Promise<void>;
}

/**
 * Pages in compressed chunks: a count, then for each chunk two sizes and a block (trace-cmd.dat.v7(5)). Whether a thread
 * helps or not, each chunk becomes one span.
 */
export class CompressedCpuData implements CpuData {
  private readonly windows: BlockWindows;
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
    this.windows = new BlockWindows(file, decompression.windowSize, decompression.thread !== null);
    this.reader = new SequentialReader(this.windows, range.offset, end, decompression.littleEndian);
  }

  get isCutOff(): boolean {
    return this.range.isCutOff || this.isSkipped || this.isDamaged;
  }

  nextInMemory(): PageSpan | null {
    return this.waiting.pop() ?? null;
  }

  async next(): Promise<PageSpan | null> {
    for (;;) {
      const span = this.nextInMemory();
      if (span !== null) return span;
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
      const chunks = await this.nextChunks();
      if (chunks.length === 0) return;
      const { current: window } = this.windows;
      window.users++;
      let end = 0;
      const contentEnds = Int32Array.from(chunks, ({ size }) => (end += size));
      const batch = {
        blocks: window.bytes,
        starts: Int32Array.from(chunks, ({ block }) => block.byteOffset),
        ends: Int32Array.from(chunks, ({ block }) => block.byteOffset + block.length),
        content: this.memoryFor(end, chunks),
        contentEnds,
        progress: noProgress(chunks.length),
      };
      this.asked.push({ chunks, window, batch, answer: thread.decompress(batch) });
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

  /** The next chunk, and those behind it in the same window: as many as are decompressed together. */
  private async nextChunks(): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    let chunk = this.chunkInMemory() ?? (await this.nextChunk());
    for (let size = 0; chunk !== null; chunk = this.chunkInMemory()) {
      chunks.push(chunk);
      // All that is kept of it: chunks may stand for little or nothing in a damaged file.
      size += CHUNK_HEAD + chunk.block.length + chunk.size;
      if (size >= this.decompression.batchSize) break;
    }
    return chunks;
  }

  private async take({ chunks, window, batch, answer }: AskedChunks): Promise<void> {
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
    window.users--;
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

  /**
   * The next chunk if it is in memory as a whole, and can be believed. Of any other {@link nextChunk} says what it is; with
   * it alone, 98 of 100 chunks of 3 kB were waited for that were there.
   */
  private chunkInMemory(): Chunk | null {
    const { reader } = this;
    const { inMemory, place } = reader;
    if (this.chunksLeft <= 0 || inMemory < CHUNK_HEAD) return null;
    const compressed = reader.peekU32(0);
    const size = reader.peekU32(4);
    if (compressed === 0 || compressed > inMemory - CHUNK_HEAD) return null;
    if (!isBelievable(compressed, size) || size > this.decompression.budget.left) return null;
    reader.take(CHUNK_HEAD);
    const chunk = this.chunkOf(place, reader.take(compressed), size);
    this.chunksLeft--;
    this.isSkipped = false;
    return chunk;
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
    return this.chunkOf(place, await this.reader.bytes(compressed, 'a compressed chunk'), size);
  }

  private chunkOf(place: number, block: Uint8Array, size: number): Chunk {
    this.decompression.budget.left -= size;
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

/** A part of the file, from its beginning on in `bytes`. */
interface BlockWindow {
  bytes: Uint8Array;
  /** Batches that have blocks in it. */
  users: number;
}

/** Reads the file a window at a time, each into memory of one that nothing is in use of any more. */
class BlockWindows implements ReadableRange {
  /** The one that was read last. */
  current: BlockWindow = { bytes: new Uint8Array(0), users: 0 };
  private readonly windows = [this.current];

  /** @param isShared threads share the memory */
  constructor(
    private readonly file: FileRanges,
    readonly chunkSize: number,
    private readonly isShared: boolean,
  ) {}

  async read(offset: number, length: number): Promise<Uint8Array> {
    const window = this.windows.find(({ users }) => users === 0) ?? this.another();
    if (window.bytes.length < length) window.bytes = this.memory(length);
    this.current = window;
    const bytes = window.bytes.subarray(0, length);
    return inPlace(await this.file.readInto(offset, bytes), bytes);
  }

  private another(): BlockWindow {
    const window = { bytes: new Uint8Array(0), users: 0 };
    this.windows.push(window);
    return window;
  }

  private memory(length: number): Uint8Array {
    return this.isShared ? sharedBytes(length) : new Uint8Array(length);
  }
}
