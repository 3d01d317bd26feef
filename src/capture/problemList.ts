import type { Problem } from './eventTable';
import { LONGEST_LINE } from './lineWindow';

/** How many problems are kept with their message; the rest is only counted. */
const KEPT = 100;

/** Counts what could not be read, and keeps the first of it. */
export class ProblemList {
  readonly kept: Problem[] = [];
  count = 0;

  /** @param fileSize in bytes: what should be behind the end of the file has its place at the end */
  constructor(private readonly fileSize = Infinity) {}

  /** `offset` in bytes; `line` 1-based, null for binary files. */
  add(offset: number, line: number | null, message: string): void {
    this.keep({ offset, line, message });
  }

  /** Like {@link add}, for what concerns the whole file: kept even when that costs the last of those kept. */
  addForFile(offset: number, message: string): void {
    if (this.kept.length >= KEPT) this.kept.length = KEPT - 1;
    this.add(offset, null, message);
  }

  /** A line of text that was not kept because it has more than LONGEST_LINE bytes. */
  addOverlongLine(offset: number, line: number, length: number): void {
    this.add(
      offset,
      line,
      `a line of ${length} bytes, expected at most ${LONGEST_LINE}; the line was skipped`,
    );
  }

  /** The last line of a text ends at `offset` without a line end; it was read all the same. */
  addCutLastLine(offset: number, line: number): void {
    this.add(
      offset,
      line,
      'the file ends without a line end, expected one after the last line: that line may be cut off',
    );
  }

  private keep(problem: Problem): void {
    this.count++;
    if (this.kept.length >= KEPT) return;
    this.kept.push({ ...problem, offset: Math.min(problem.offset, this.fileSize) });
  }

  /** True while a message would still be kept: composing one for each of a million bad lines costs time. */
  get wanted(): boolean {
    return this.kept.length < KEPT;
  }
}
