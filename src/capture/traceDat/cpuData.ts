import type { ProblemList } from '../problemList';
import { ChunkMemory } from './chunkMemory';
import { isBelievable, type Decompressor } from './decompressor';
import type { CpuRange } from './fileOptions';
import type { FileRanges } from './fileRanges';
import { SequentialReader } from './sequentialReader';
import { UnexpectedData } from './unexpectedData';

/** A run of ring buffer pages in memory. */
export interface PageSpan {
  readonly bytes: Uint8Array;
  /** Offset in the file of the first byte, or of the compressed block that it came from. */
  readonly fileOffset: number;
  /** Bytes of the file for a byte of the span: 1, or less where the block is compressed. */
  readonly fileScale: number;
}

/** The pages of one CPU, span after span. */
export interface CpuData {
  /** Events are missing behind the end. */
  readonly isCutOff: boolean;
  /** The next span, or null at the end. The span before is no longer good then. */
  next(): Promise<PageSpan | null>;
}

/** Pages that stand in the file as they are. The next span is already being read while one is worked on. */
export class FlatCpuData implements CpuData {
  readonly isCutOff: boolean;
  private at: number;
  private readonly end: number;
  private ahead: Promise<Uint8Array> | null = null;
  private readonly memory: ChunkMemory;

  /** @param spanSize bytes of a span, a multiple of the page size */
  constructor(file: FileRanges, range: CpuRange, spanSize: number) {
    this.memory = new ChunkMemory(file, spanSize);
    this.isCutOff = range.isCutOff;
    this.at = range.offset;
    this.end = range.offset + range.size;
  }

  async next(): Promise<PageSpan | null> {
    const fileOffset = this.at;
    const bytes = await (this.ahead ?? this.memory.read(this.at, this.end));
    if (bytes.length === 0) return null;
    this.at += bytes.length;
    this.ahead = this.memory.read(this.at, this.end);
    return { bytes, fileOffset, fileScale: 1 };
  }
}

/** Bytes of the number of chunks before the first. */
const COUNT_SIZE = 4;
/** Bytes of the two sizes before each compressed chunk. */
const CHUNK_HEAD = 8;

/** Pages in compressed chunks: a count, then for each chunk two sizes and a block (trace-cmd.dat.v7(5)). */
export class CompressedCpuData implements CpuData {
  readonly isCutOff: boolean;
  private readonly reader: SequentialReader;
  private chunksLeft = -1;

  /**
   * @param budget bytes that all chunks of the file together may still grow to: a small damaged file must not
   * fill the memory
   */
  constructor(
    file: FileRanges,
    range: CpuRange,
    littleEndian: boolean,
    private readonly decompressor: Decompressor,
    private readonly problems: ProblemList,
    private readonly budget: { left: number },
  ) {
    this.isCutOff = range.isCutOff;
    // trace-cmd counts the chunks in the size that it writes, but not the number before them.
    const end = Math.min(range.offset + COUNT_SIZE + range.size, file.size);
    this.reader = new SequentialReader(file, range.offset, end, littleEndian);
  }

  async next(): Promise<PageSpan | null> {
    try {
      if (this.chunksLeft < 0) this.chunksLeft = await this.chunkCount();
      while (this.chunksLeft > 0) {
        this.chunksLeft--;
        const span = await this.chunk();
        if (span) return span;
      }
    } catch (error) {
      if (!(error instanceof UnexpectedData)) throw error;
      this.chunksLeft = 0;
      this.problems.add(error.offset, null, error.message);
    }
    return null;
  }

  /** trace-cmd writes the number behind the last chunk: where it was ended before, the chunks go on as far as they do. */
  private async chunkCount(): Promise<number> {
    return (await this.reader.u32('the number of compressed chunks')) || Infinity;
  }

  /** The next chunk, or null when it is damaged. */
  private async chunk(): Promise<PageSpan | null> {
    const place = this.reader.place;
    const compressed = await this.reader.u32('the compressed size of a chunk');
    const size = await this.reader.u32('the size of a chunk');
    if (!isBelievable(compressed, size)) {
      await this.reader.skip(compressed, 'a compressed chunk');
      this.problems.add(
        place,
        null,
        `a chunk of ${compressed} bytes claims to stand for ${size}; it was skipped`,
      );
      return null;
    }
    if (size > this.budget.left) {
      throw new UnexpectedData(
        place,
        'the chunks grow far beyond the size of the file; the rest was not read',
      );
    }
    const block = await this.reader.bytes(compressed, 'a compressed chunk');
    const bytes = this.decompressor.decompress(block, size);
    if (!bytes) {
      this.problems.add(
        place,
        null,
        `a chunk of ${compressed} bytes does not decompress to the ${size} bytes that it should; its events are lost`,
      );
      return null;
    }
    this.budget.left -= size;
    return { bytes, fileOffset: place, fileScale: (compressed + CHUNK_HEAD) / Math.max(1, size) };
  }
}
