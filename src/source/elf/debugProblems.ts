/** Something in a file with debug info that could not be read; the rest of it is used. */
export interface DebugProblem {
  /** Name of the section, or empty for the file itself. */
  readonly section: string;
  /** Bytes from the begin of the section (decompressed), or of the file. */
  readonly offset: number;
  readonly message: string;
}

/** How many problems are kept with their message; the rest is only counted. */
const KEPT = 100;

export class DebugProblems {
  readonly kept: DebugProblem[] = [];
  count = 0;

  add(section: string, offset: number, message: string): void {
    this.count++;
    if (this.kept.length < KEPT) this.kept.push({ section, offset, message });
  }
}

/** The file is not one that debug info can be read from. The message names it, the place, and what was expected. */
export class DebugFileError extends Error {
  override readonly name = 'DebugFileError';
}
