import type { ProblemList } from '../problemList';
import { BATCHES_IN_MEMORY, CompressedCpuData, type Decompression } from './compressedCpuData';
import type { Allocate } from './chunkMemory';
import { FlatCpuData, type CpuData } from './cpuData';
import type { DecompressionThread } from './decompressionThread';
import { cpuName } from './cpuName';
import type { CpuRange } from './fileOptions';
import type { FileRanges } from './fileRanges';
import { LARGEST_PAGE, SMALLEST_PAGE, isPageSize } from './pageSize';
import type { FileStructure, RingBuffer, TextRange } from './fileStructure';

/** Bytes of pages held in memory at a time, for all CPUs of a buffer together. */
const SPANS_IN_MEMORY = 1 << 26;
/** Most bytes of content that a thread is asked for at a time: large enough for questions not to count, small enough for caches. */
const LARGEST_BATCH = 1 << 20;
/** As many as trace-cmd compresses together. */
const CHUNK_PAGES = 10;
/** Bytes of compressed chunks in memory at a time, for all CPUs of a buffer together, most of the time. */
const WINDOWS_IN_MEMORY = 1 << 26;
/** Windows of a CPU: the one that is read, and one that the thread works on; more where little shrinks. */
const USUAL_WINDOWS = 2;
/** How far all compressed chunks together may grow: big captures shrink to a twelfth. */
const FREE_GROWTH = 1 << 26;
const HIGHEST_GROWTH = 256;

/** Gives out the data of buffers, as far as it is in the file, and no byte of the file twice. */
export class BufferData {
  /** Asked for memory for spans, when the first one is; null where each gets memory of its own. */
  allocate: Allocate | null = null;
  /** Bytes that it will be asked for, at most. */
  wanted = 0;
  private bytesLeft: number;
  private readonly growth: { left: number };

  constructor(
    private readonly file: FileRanges,
    private readonly structure: FileStructure,
    private readonly problems: ProblemList,
    private readonly thread: DecompressionThread | null = null,
  ) {
    this.bytesLeft = file.size;
    this.growth = { left: FREE_GROWTH + file.size * HIGHEST_GROWTH };
  }

  /** Another thread decompresses. */
  get isWithThread(): boolean {
    return this.thread !== null;
  }

  /** The data of each CPU of a buffer that has any. */
  ofBuffer(buffer: RingBuffer): { range: CpuRange; data: CpuData }[] {
    const { pageSize } = buffer;
    if (!isPageSize(pageSize)) {
      this.problems.add(
        0,
        null,
        `pages of ${pageSize} bytes, expected ${SMALLEST_PAGE} to ${LARGEST_PAGE}; the events of buffer ` +
          `"${buffer.name}" cannot be read`,
      );
      return [];
    }
    // Two spans a CPU: one is worked on while the next is read. With a thread that decompresses, more wait for either.
    const isForThread = buffer.isCompressed && this.isWithThread;
    const spans = isForThread ? BATCHES_IN_MEMORY : 2;
    const largest = isForThread ? Math.min(LARGEST_BATCH, this.file.chunkSize) : this.file.chunkSize;
    const share = Math.min(largest, SPANS_IN_MEMORY / spans / Math.max(1, buffer.cpus.length));
    const spanSize = Math.max(1, Math.floor(share / pageSize)) * pageSize;
    const ranges = buffer.cpus.map((range) => this.inFile(range)).filter((range) => range.size > 0);
    for (const { size } of ranges) {
      if (isForThread) this.wanted += spans * (spanSize + CHUNK_PAGES * pageSize);
      else if (!buffer.isCompressed) this.wanted += spans * Math.min(spanSize, size);
    }
    const windowSize = Math.floor(
      Math.min(this.file.chunkSize, WINDOWS_IN_MEMORY / USUAL_WINDOWS / Math.max(1, buffer.cpus.length)),
    );
    return ranges.map((range) => ({
      range,
      data: this.dataOf(range, buffer.isCompressed, spanSize, windowSize),
    }));
  }

  /** The bytes of a text. */
  ofText({ offset, size, isCompressed }: TextRange): CpuData {
    return this.dataOf(
      this.inFile({ cpu: 0, offset, size, isCutOff: false }),
      isCompressed,
      this.file.chunkSize,
      this.file.chunkSize,
    );
  }

  private dataOf(range: CpuRange, isCompressed: boolean, spanSize: number, windowSize: number): CpuData {
    const allocate: Allocate = (length) => this.allocate?.(length) ?? null;
    if (!isCompressed) return new FlatCpuData(this.file, range, spanSize, allocate);
    const decompression: Decompression = {
      littleEndian: this.structure.header?.littleEndian ?? true,
      decompressor: this.structure.decompressor,
      thread: this.thread,
      budget: this.growth,
      allocate,
      batchSize: spanSize,
      windowSize,
    };
    return new CompressedCpuData(this.file, range, decompression, this.problems);
  }

  /** The part of a range that is in the file and was not given out yet. */
  private inFile({ cpu, offset, size, isCutOff }: CpuRange): CpuRange {
    const inFile = Math.max(0, Math.min(size, this.file.size - offset));
    if (inFile < size) {
      this.problems.add(
        offset,
        null,
        `the events of ${cpuName(cpu)} should take ${size} bytes from byte ${offset} on, but the file ends after ` +
          `${inFile}; it is cut off, copy it whole`,
      );
    }
    const free = Math.min(inFile, this.bytesLeft);
    if (free < inFile) {
      this.problems.add(
        offset,
        null,
        `the events of ${cpuName(cpu)} overlap those of others; ${inFile - free} bytes were not read again`,
      );
    }
    this.bytesLeft -= free;
    return { cpu, offset, size: free, isCutOff: isCutOff || free < size };
  }
}
