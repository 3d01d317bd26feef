import type { Problem } from './eventTable';

/** How many problems are kept with their message; the rest is only counted. */
const KEPT = 100;

/** Counts what could not be read, and keeps the first of it. */
export class ProblemList {
  readonly kept: Problem[] = [];
  count = 0;

  /** `offset` in bytes; `line` 1-based, null for binary files. */
  add(offset: number, line: number | null, message: string): void {
    this.count++;
    if (this.kept.length < KEPT) this.kept.push({ offset, line, message });
  }

  /** Like {@link add}, for what concerns the whole file: kept even when that costs the last of those kept. */
  addForFile(offset: number, message: string): void {
    if (this.kept.length >= KEPT) this.kept.length = KEPT - 1;
    this.add(offset, null, message);
  }

  /** True while a message would still be kept: composing one for each of a million bad lines costs time. */
  get wanted(): boolean {
    return this.kept.length < KEPT;
  }
}
