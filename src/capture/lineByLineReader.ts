import type { LineReader } from './lineWindow';
import { ProblemList } from './problemList';

/**
 * What the readers of all formats of text have in common: the way through the lines, the number of the line, and the
 * problems. Knows nothing of files and chunks: {@link read} takes any run of whole lines.
 */
export abstract class LineByLineReader implements LineReader {
  readonly problems = new ProblemList();
  /** 1-based number of the line to be read next. */
  line = 1;

  /** Offset in the file of the first of the bytes that are being read. */
  protected fileOffset = 0;
  /** The bytes that are being read, for reading several at a time. */
  protected text: DataView = new DataView(new ArrayBuffer(0));

  /**
   * Reads the lines in `bytes[start, end)`, which ends behind a line end and has none of more than LONGEST_LINE bytes. A
   * few more bytes behind `end` must be readable, and `bytes` must begin where its buffer does. `fileOffset` is the offset
   * of `bytes[0]` in the file. Returns the index behind the last line read: less than `end` when the newest stack may go on
   * behind `end` and `last` is false.
   */
  read(bytes: Uint8Array, start: number, end: number, fileOffset: number, last: boolean): number {
    this.fileOffset = fileOffset;
    if (this.text.buffer !== bytes.buffer) this.text = new DataView(bytes.buffer);
    let at = start;
    while (at < end) {
      const next = this.record(bytes, at, end, last);
      if (next < 0) break;
      at = next;
    }
    return at;
  }

  /**
   * Reads the line at `at`, or several that belong together, and counts them in {@link line}. Returns the index behind
   * them, or -1 when they may go on behind `end` and `last` is false.
   */
  protected abstract record(bytes: Uint8Array, at: number, end: number, last: boolean): number;

  /** A line that was not kept because it is longer than LONGEST_LINE; `offset` in the file, `length` in bytes. */
  overlongLine(offset: number, length: number): void {
    this.problems.addOverlongLine(offset, this.line, length);
    this.line++;
  }

  /** The last line, read already, ends at `offset` in the file without a line end. */
  endsWithoutNewline(offset: number): void {
    this.problems.addCutLastLine(offset, this.line - 1);
  }

  /** Something at `at` of the bytes, in the line that is being read. */
  protected problem(at: number, message: string): void {
    this.problems.add(this.fileOffset + at, this.line, message);
  }
}
