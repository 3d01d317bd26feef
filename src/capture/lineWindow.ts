import { NEWLINE } from './ascii';

/** Bytes behind the lines that a reader may look at without finding anything there. */
const SLACK = 64;

/**
 * Longest line read, in bytes. The kernel composes a line in a buffer of a page or two (TRACE_SEQ_BUFFER_SIZE);
 * trace-cmd report -R prints five characters for each byte of a record of at most a page.
 */
export const LONGEST_LINE = 1 << 16;

/** What reads the lines; {@link LineByLineReader} says more of each. */
export interface LineReader {
  /**
   * Reads the lines in `bytes[start, end)`, none of them longer than {@link LONGEST_LINE}, and returns the index behind
   * the last one that it is done with.
   */
  read(bytes: Uint8Array, start: number, end: number, fileOffset: number, last: boolean): number;
  /** A line that was not kept because it is too long; `offset` in the file, `length` in bytes. */
  overlongLine(offset: number, length: number): void;
  /** The last line, read already, ends at `offset` in the file without a line end. */
  endsWithoutNewline(offset: number): void;
}

/** Hands the lines of a stream of chunks to the reader: the end of one chunk joins the beginning of the next. */
export class LineWindow {
  private buffer = new Uint8Array(1 << 16);
  /** The bytes that wait are `buffer[start, end)`; whole lines end at `linesEnd`. */
  private start = 0;
  private linesEnd = 0;
  private end = 0;
  /** Offset of `buffer[0]` in the file. */
  private fileOffset: number;
  /** Bytes so far of a line that is too long to be kept, or 0. */
  private overlong = 0;

  /** `skip`: bytes at the beginning of the file that belong to no line (a byte order mark). */
  constructor(
    private readonly reader: LineReader,
    private skip: number,
  ) {
    this.fileOffset = skip;
  }

  /** The next bytes of the file. */
  push(chunk: Uint8Array): void {
    const skipped = Math.min(this.skip, chunk.length);
    this.skip -= skipped;
    let rest = chunk.subarray(skipped);
    if (this.overlong > 0) {
      const newline = rest.indexOf(NEWLINE);
      this.overlong += newline < 0 ? rest.length : newline;
      if (newline < 0) return;
      this.endOverlong();
      this.fileOffset++;
      rest = rest.subarray(newline + 1);
    }
    this.append(rest);
    const newline = rest.lastIndexOf(NEWLINE);
    if (newline >= 0) {
      this.linesEnd = this.end - rest.length + newline + 1;
      this.read(false);
    }
    if (this.end - this.linesEnd > LONGEST_LINE) this.beginOverlong();
  }

  /** The file ends here. */
  finish(): void {
    if (this.overlong > 0) {
      this.endOverlong();
      return;
    }
    const isCut = this.end > this.linesEnd;
    if (isCut) {
      this.append(new Uint8Array([NEWLINE]));
      this.linesEnd = this.end;
    }
    this.read(true);
    if (isCut) this.reader.endsWithoutNewline(this.fileOffset + this.end - 1);
  }

  /** Nothing more is read, whatever follows in the file: a line that is not whole is no fault of it, and left out. */
  breakOff(): void {
    if (this.overlong === 0) this.read(true);
  }

  /**
   * Reads the whole lines that wait. One that is too long is left out here as where it comes in many chunks: what a reader
   * does and says at it must not depend on how the file was cut.
   */
  private read(last: boolean): void {
    const { buffer, linesEnd } = this;
    for (;;) {
      const at = overlongIn(buffer, this.start, linesEnd);
      if (at < 0) break;
      this.readTo(at, true);
      const lineEnd = buffer.indexOf(NEWLINE, at);
      this.reader.overlongLine(this.fileOffset + at, lineEnd - at);
      this.start = lineEnd + 1;
    }
    this.readTo(linesEnd, last);
  }

  private readTo(end: number, last: boolean): void {
    this.start = this.reader.read(this.buffer, this.start, end, this.fileOffset, last);
  }

  private beginOverlong(): void {
    this.read(true);
    this.overlong = this.end - this.linesEnd;
    this.fileOffset += this.linesEnd;
    this.start = this.linesEnd = this.end = 0;
  }

  private endOverlong(): void {
    this.reader.overlongLine(this.fileOffset, this.overlong);
    this.fileOffset += this.overlong;
    this.overlong = 0;
  }

  private append(chunk: Uint8Array): void {
    const waiting = this.end - this.start;
    const needed = waiting + chunk.length + SLACK;
    if (this.end + chunk.length + SLACK > this.buffer.length) {
      const kept = this.buffer.subarray(this.start, this.end);
      if (needed > this.buffer.length) {
        const wider = new Uint8Array(Math.max(needed, this.buffer.length * 2));
        wider.set(kept);
        this.buffer = wider;
      } else {
        this.buffer.copyWithin(0, this.start, this.end);
      }
      this.fileOffset += this.start;
      this.linesEnd -= this.start;
      this.end = waiting;
      this.start = 0;
    }
    this.buffer.set(chunk, this.end);
    this.end += chunk.length;
  }
}

/** Index of the first of the whole lines in `bytes[start, end)` that is too long, or -1: one look each {@link LONGEST_LINE}. */
function overlongIn(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; end - at > LONGEST_LINE;) {
    const newline = bytes.subarray(at, at + LONGEST_LINE + 1).lastIndexOf(NEWLINE);
    if (newline < 0) return at;
    at += newline + 1;
  }
  return -1;
}
