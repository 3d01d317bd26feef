import { UnexpectedData } from './unexpectedData';

/** Where a {@link SequentialReader} takes its bytes from. */
export interface ReadableRange {
  /** Bytes asked for at a time. */
  readonly chunkSize: number;
  /** The bytes of `[offset, offset + length)`, fewer where the data ends before, in memory that stays as it is. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Longest string that ends with NUL: names of systems, clocks and instances are far shorter. */
const LONGEST_STRING = 1 << 16;

/**
 * Reads numbers, strings and runs of bytes one after the other. Meeting the end of the data throws
 * {@link UnexpectedData}; sizes are checked against what is left before anything is allocated.
 */
export class SequentialReader {
  private window: Uint8Array = new Uint8Array(0);
  private view = new DataView(this.window.buffer);
  private windowStart: number;
  private at = 0;

  /**
   * @param start offset of the first byte; where that is behind `end` there is nothing to read
   * @param end offset behind the last byte that may be read
   * @param fileOffset offset in the file to name in messages when `source` is not the file itself
   */
  constructor(
    private readonly source: ReadableRange,
    start: number,
    private readonly end: number,
    private readonly littleEndian: boolean,
    private readonly fileOffset: number | null = null,
  ) {
    this.windowStart = Math.min(start, end);
  }

  /** A reader over bytes in memory that came from `fileOffset` of the file. */
  static overBytes(bytes: Uint8Array, littleEndian: boolean, fileOffset: number): SequentialReader {
    const source = {
      chunkSize: Math.max(1, bytes.length),
      read: (offset: number, length: number) => Promise.resolve(bytes.subarray(offset, offset + length)),
    };
    return new SequentialReader(source, 0, bytes.length, littleEndian, fileOffset);
  }

  /** Offset of the next byte in the source. */
  get position(): number {
    return this.windowStart + this.at;
  }

  /** Offset in the file to name in a message about the next byte. */
  get place(): number {
    return this.fileOffset ?? this.position;
  }

  /** Bytes left before the end. */
  get remaining(): number {
    return this.end - this.position;
  }

  /** Bytes that {@link peekU32} and {@link take} have, without waiting. */
  get inMemory(): number {
    return this.window.length - this.at;
  }

  /** The number `distance` bytes behind the next one. */
  peekU32(distance: number): number {
    return this.view.getUint32(this.at + distance, this.littleEndian);
  }

  /** The next `length` bytes, good as long as the reader's source is. */
  take(length: number): Uint8Array {
    const bytes = this.window.subarray(this.at, this.at + length);
    this.at += length;
    return bytes;
  }

  async u8(what: string): Promise<number> {
    await this.need(1, what);
    return this.window[this.at++]!;
  }

  async u16(what: string): Promise<number> {
    await this.need(2, what);
    const value = this.view.getUint16(this.at, this.littleEndian);
    this.at += 2;
    return value;
  }

  async u32(what: string): Promise<number> {
    await this.need(4, what);
    const value = this.view.getUint32(this.at, this.littleEndian);
    this.at += 4;
    return value;
  }

  /** An offset or size in the file; beyond 2^53 it is only known to be too large. */
  async u64(what: string): Promise<number> {
    return Number(await this.big(what));
  }

  async big(what: string): Promise<bigint> {
    await this.need(8, what);
    const value = this.view.getBigUint64(this.at, this.littleEndian);
    this.at += 8;
    return value;
  }

  /** The next `length` bytes, good as long as the reader's source is. */
  async bytes(length: number, what: string): Promise<Uint8Array> {
    await this.need(length, what);
    return this.take(length);
  }

  /** The next `length` bytes, or those that are left when there are fewer. */
  async upTo(length: number): Promise<Uint8Array> {
    return this.bytes(Math.max(0, Math.min(length, this.remaining)), 'data');
  }

  skip(length: number, what: string): Promise<void> {
    if (length > this.remaining) return Promise.reject(this.tooShort(length, what));
    if (this.at + length <= this.window.length) this.at += length;
    else this.setWindow(new Uint8Array(0), this.position + length);
    return Promise.resolve();
  }

  /** Text that ends with NUL, without it. */
  async string(what: string): Promise<string> {
    let isEnd = false;
    for (let length = 1; length <= LONGEST_STRING; length *= 2) {
      const wanted = Math.min(length, this.remaining);
      await this.need(wanted, what);
      const nul = this.window.subarray(this.at, this.at + wanted).indexOf(0);
      if (nul >= 0) {
        const text = decodeText(this.window.subarray(this.at, this.at + nul));
        this.at += nul + 1;
        return text;
      }
      isEnd = wanted < length && this.fileOffset === null;
      if (wanted < length) break;
    }
    throw new UnexpectedData(
      this.place,
      `${what} has no end mark, expected text that ends with a NUL byte`,
      isEnd,
    );
  }

  private async need(length: number, what: string): Promise<void> {
    if (this.at + length <= this.window.length) return;
    if (length > this.remaining) throw this.tooShort(length, what);
    const { position } = this;
    const wanted = Math.min(Math.max(length, this.source.chunkSize), this.end - position);
    // With what is left in the window: reading it again costs less than putting megabytes of kallsyms together.
    this.setWindow(await this.source.read(position, wanted), position);
    if (this.window.length < length) throw this.tooShort(length, what, this.window.length);
  }

  private setWindow(window: Uint8Array, start: number): void {
    this.window = window;
    this.view = new DataView(window.buffer, window.byteOffset, window.length);
    this.windowStart = start;
    this.at = 0;
  }

  private tooShort(length: number, what: string, left = this.remaining): UnexpectedData {
    return new UnexpectedData(
      this.place,
      `${what} should take ${length} bytes here, but only ${left} are left; the file is cut off or damaged`,
      this.fileOffset === null,
    );
  }
}

const decoder = new TextDecoder();

/** Bytes as UTF-8 text. */
export function decodeText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
