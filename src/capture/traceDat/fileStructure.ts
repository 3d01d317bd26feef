import type { ProblemList } from '../problemList';
import { HOW_TO_GET_ALL } from './adviceForCutFile';
import type { Decompressor } from './decompressor';
import { readFileHeader, type FileHeader } from './fileHeader';
import { FileOptions, type CpuRange } from './fileOptions';
import type { FileRanges } from './fileRanges';
import { TraceMetadata } from './metadata';
import { UnexpectedData } from './unexpectedData';
import { Version6Reader } from './version6';
import { Version7Reader } from './version7';

const NO_DECOMPRESSOR: Decompressor = { decompress: () => false };

/** A ring buffer and where its pages are. */
export interface RingBuffer {
  /** Empty for the top level, else that of the instance. */
  readonly name: string;
  /** Empty where the file does not name it. */
  readonly clock: string;
  readonly pageSize: number;
  /** The pages are in compressed chunks. */
  readonly isCompressed: boolean;
  readonly cpus: readonly CpuRange[];
}

/** Text of a latency tracer that stands in place of ring buffer pages. */
export interface TextRange {
  readonly offset: number;
  readonly size: number;
  readonly isCompressed: boolean;
}

/**
 * What a trace.dat holds and where: everything but the records themselves. A part that is damaged is left out
 * and listed as a problem; the others are read all the same.
 */
export class FileStructure {
  header: FileHeader | null = null;
  options = new FileOptions(true, false);
  readonly metadata = new TraceMetadata();
  readonly buffers: RingBuffer[] = [];
  readonly texts: TextRange[] = [];
  /** Sections that are there and could not be read, or not to their end: where they are in the file, by id. */
  readonly damagedSections = new Map<number, number>();
  /** Of version 7; finds every block damaged where the file is not compressed. */
  decompressor = NO_DECOMPRESSOR;
  /** Has names left to read. */
  private namesReader: Version7Reader | null = null;
  /** Something was expected behind the end of the file. */
  private endsEarly = false;

  constructor(
    private readonly file: FileRanges,
    private readonly problems: ProblemList,
  ) {}

  /** Reads the head of the file, which says how the rest is compressed. */
  async readHeader(): Promise<void> {
    await this.guarded(async () => {
      this.header = await readFileHeader(this.file);
    });
  }

  /** Reads all but names, which version 6 has before the rest; the head is not read again. */
  async read(): Promise<void> {
    if (this.header === null) await this.readHeader();
    const { header } = this;
    if (header === null) {
      if (this.endsEarly) this.noteNoEvents();
      return;
    }
    await this.guarded(async () => {
      this.options = new FileOptions(header.littleEndian, header.version === 7);
      if (header.version === 6) {
        await new Version6Reader(this.file, header, this, this.problems).read();
      } else {
        this.namesReader = new Version7Reader(this.file, header, this, this.problems);
        await this.namesReader.read();
      }
    });
    if (this.buffers.length + this.texts.length > 0) return;
    await this.readNames();
    this.noteNoEvents();
  }

  /** Reads what addresses, pids and string pointers stand for, where {@link read} did not come across it. */
  async readNames(): Promise<void> {
    await this.namesReader?.readNames();
    this.namesReader = null;
  }

  /** Name of the clock of the first buffer that has data; empty where the file does not name it. */
  get clock(): string {
    const [first] = this.buffers;
    const withData = this.buffers.find(({ cpus }) => cpus.some(({ size }) => size > 0));
    return (withData ?? first)?.clock ?? this.options.traceClock ?? '';
  }

  /** Runs one part of the reading; where the file is not as expected, that part ends with a problem. */
  async guarded(part: () => Promise<void>): Promise<boolean> {
    try {
      await part();
      return true;
    } catch (error) {
      if (!(error instanceof UnexpectedData)) throw error;
      if (error.isEnd) this.endsEarly = true;
      this.problems.add(error.offset, null, error.message);
      return false;
    }
  }

  /** Of a file that is cut off this is the first that is to be said: which part its end is in tells nobody what to do. */
  private noteNoEvents(): void {
    const { size } = this.file;
    this.problems.add(
      this.endsEarly ? 0 : size,
      null,
      `the file has ${size} bytes and ends before the data of the CPUs, so it has no events. ${HOW_TO_GET_ALL}`,
    );
  }
}
