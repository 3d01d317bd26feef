import { joined } from '../byteChunks';
import type { ProblemList } from '../problemList';
import type { Allocate } from './chunkMemory';
import type { CpuData, PageSpan } from './cpuData';
import type { Batch, BatchContent, DecompressionThread } from './decompressionThread';
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

/** What all compressed data of a file share. */
export interface Decompression {
  readonly littleEndian: boolean;
  readonly decompressor: Decompressor;
  /** Decompresses what comes next, for as long as it is ready; null when there is none. */
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
  readonly block: Uint8Array;
  /** Bytes of its content. */
  readonly size: number;
  /** The one before it was skipped. */
  readonly isAfterSkipped: boolean;
}

/** Chunks that the thread works on. */
interface AskedChunks {
  readonly chunks: readonly Chunk[];
  readonly content: Promise<BatchContent | null>;
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

  constructor(
    file: FileRanges,
    private readonly range: CpuRange,
    private readonly decompression: Decompression,
    private readonly problems: ProblemList,
  ) {
    // trace-cmd counts the chunks in the size that it writes, but not the number before them.
    const end = Math.min(range.offset + COUNT_SIZE + range.size, file.size);
    this.reader = new SequentialReader(file, range.offset, end, decompression.littleEndian);
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
      const decompressed = this.decompressed(chunk);
      if (decompressed !== null) return decompressed;
    }
  }

  /** Gives the thread more to do. */
  private async askAhead(): Promise<void> {
    const { thread } = this.decompression;
    while (thread?.isReady === true && this.asked.length < ASKED_AHEAD) {
      const chunks = await this.nextChunks();
      if (chunks.length === 0) return;
      const content = thread.decompress(batchOf(chunks), this.memory ?? this.allocated(chunks));
      this.memory = null;
      this.asked.push({ chunks, content });
    }
  }

  /** Memory for these and for others like them: of one size together, but for the last of them. */
  private allocated(chunks: readonly Chunk[]): Uint8Array | null {
    const { allocate, batchSize } = this.decompression;
    return allocate(chunks.reduce((largest, { size }) => Math.max(largest, size), 0) + batchSize);
  }

  private async nextChunks(): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    for (let size = 0; size < this.decompression.batchSize;) {
      const chunk = await this.nextChunk();
      if (chunk === null) break;
      chunks.push(chunk);
      // All that is kept of it: chunks may stand for little or nothing in a damaged file.
      size += CHUNK_HEAD + chunk.block.length + chunk.size;
    }
    return chunks;
  }

  private async take({ chunks, content }: AskedChunks): Promise<void> {
    const found = await content;
    const spans: PageSpan[] = [];
    let at = 0;
    for (const [index, chunk] of chunks.entries()) {
      const bytes = found?.isDamaged[index] === false ? found.bytes.subarray(at, at + chunk.size) : null;
      const span = bytes === null ? this.decompressed(chunk) : this.spanOf(chunk, bytes);
      if (span !== null) spans.push(span);
      at += chunk.size;
    }
    this.memory = found?.bytes ?? null;
    this.waiting.push(...spans.reverse());
  }

  /** The span of a chunk, or null when it is damaged. */
  private decompressed(chunk: Chunk): PageSpan | null {
    const { place, block, size } = chunk;
    const bytes = this.decompression.decompressor.decompress(block, size);
    if (bytes !== null) return this.spanOf(chunk, bytes);
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

/** The blocks are copied: who sends a view to another thread sends all the memory behind it. */
function batchOf(chunks: readonly Chunk[]): Batch {
  const bytes = joined(chunks.map(({ block }) => block));
  let end = 0;
  const ends = Int32Array.from(chunks, ({ block }) => (end += block.length));
  return { bytes, ends, sizes: Int32Array.from(chunks, ({ size }) => size) };
}
