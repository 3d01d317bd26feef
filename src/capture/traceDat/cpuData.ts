import { ChunkMemory, type Allocate } from './chunkMemory';
import type { CpuRange } from './fileOptions';
import type { FileRanges } from './fileRanges';

/** A run of ring buffer pages in memory. */
export interface PageSpan {
  readonly bytes: Uint8Array;
  /** Offset in the file of the first byte, or of the compressed block that it came from. */
  readonly fileOffset: number;
  /** Bytes of the file for a byte of the span: 1, or less where the block is compressed. */
  readonly fileScale: number;
  /** Pages are missing before it. */
  readonly isAfterLoss: boolean;
}

/** The pages of one CPU, span after span. */
export interface CpuData {
  /** Events are missing behind the end; known when the end is reached. */
  readonly isCutOff: boolean;
  /** The next span, or null at the end. The span before is no longer good then. */
  next(): Promise<PageSpan | null>;
  /** Like {@link next}, where that has to wait for nothing; else null. */
  nextInMemory?(): PageSpan | null;
  /** Has another thread prepare the first spans, where there is one. */
  askAhead?(): Promise<void>;
}

/** Pages that stand in the file as they are. The next span is already being read while one is worked on. */
export class FlatCpuData implements CpuData {
  readonly isCutOff: boolean;
  private at: number;
  private readonly end: number;
  private ahead: Promise<Uint8Array> | null = null;
  private readonly memory: ChunkMemory;

  /** @param spanSize bytes of a span, a multiple of the page size */
  constructor(file: FileRanges, range: CpuRange, spanSize: number, allocate: Allocate) {
    this.memory = new ChunkMemory(file, spanSize, 0, allocate);
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
    return { bytes, fileOffset, fileScale: 1, isAfterLoss: false };
  }
}
