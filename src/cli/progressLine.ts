/** One line on a terminal that says what goes on, and is gone when it is done. */
import { ProgressText } from '../engine/progressText';
import type { ProgressReport } from '../engine/protocol';
import { visibleLine } from '../engine/visibleText';

/** A line that changes more often cannot be read, in ms. */
const INTERVAL = 100;
/** Back to the first column, and erase the line (ECMA-48: CR, EL 2). */
const ERASE = '\r\x1b[2K';

/** What it is written to: standard error, in general. */
interface ProgressTerminal {
  readonly columns: number;
  write(text: string): unknown;
}

export class ProgressLine {
  private shownAt = -Infinity;
  private isShown = false;

  /** @param terminal null where nobody looks: in a file, a pipe or a CI log it would only be noise */
  constructor(private readonly terminal: ProgressTerminal | null) {}

  /** Shows how far the work on `name` is, as long as it goes on; rejects as `work` does. */
  async during<T>(
    name: string,
    work: (onProgress: (report: ProgressReport) => void) => Promise<T>,
  ): Promise<T> {
    const text = new ProgressText(visibleLine(name));
    try {
      return await work((report) => {
        this.show(text.of(report));
      });
    } finally {
      this.clear();
    }
  }

  /** Takes the line away: something else is written, or the program ends. */
  clear(): void {
    if (this.isShown) this.terminal?.write(ERASE);
    this.isShown = false;
    this.shownAt = -Infinity;
  }

  private show(text: string): void {
    const now = performance.now();
    if (this.terminal === null || now - this.shownAt < INTERVAL) return;
    this.shownAt = now;
    this.isShown = true;
    // A line that is wider than the terminal would wrap, and could not be taken away.
    this.terminal.write(ERASE + text.slice(0, Math.max(0, this.terminal.columns - 1)));
  }
}

/** The terminal of standard error, if it is one that can erase a line. */
export function progressTerminal(stream: NodeJS.WriteStream): ProgressTerminal | null {
  return stream.isTTY && process.env['TERM'] !== 'dumb' ? stream : null;
}
