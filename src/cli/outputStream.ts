/** Standard output or error, written no faster than it is read. */
import { once } from 'node:events';

import { systemReason } from '../engine/node/systemReason';
import { MAIL_COLUMNS } from '../engine/textReport';
import { visibleText } from '../engine/visibleText';

/** Below this, text is broken more than it can be read. */
const NARROWEST = 40;

/** The reader of the output went away. */
export class ClosedPipeError extends Error {
  override readonly name = 'ClosedPipeError';
}

/** The output cannot be written; the message says which and why. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
}

export class OutputStream {
  private failure: NodeJS.ErrnoException | null = null;

  /** @param name of the stream in messages */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly name: string,
  ) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      this.failure = error;
    });
  }

  /** Colours are wanted: a terminal that can, and no NO_COLOR (https://no-color.org). */
  get hasColours(): boolean {
    const { NO_COLOR, TERM } = process.env;
    return this.stream.isTTY && (NO_COLOR === undefined || NO_COLOR === '') && TERM !== 'dumb';
  }

  get isTerminal(): boolean {
    return this.stream.isTTY;
  }

  /** Columns of a line: those of the terminal; elsewhere, and on a serial line that tells none, as many as a mail has. */
  get columns(): number {
    const { isTTY, columns } = this.stream;
    return isTTY && columns > 0 ? Math.max(NARROWEST, columns) : MAIL_COLUMNS;
  }

  /**
   * Prints for people: nothing in it is a command to a terminal.
   *
   * @throws ClosedPipeError when nobody reads any more
   * @throws OutputError when it cannot be written for another reason
   */
  write(text: string): Promise<void> {
    return this.writeAsItIs(visibleText(text));
  }

  /**
   * Prints what has colours, or somebody else's lines: whoever gives it has made visible what a capture or the name of a
   * file has in it.
   *
   * @throws as {@link write}
   */
  async writeAsItIs(text: string | Uint8Array): Promise<void> {
    this.check();
    if (this.stream.write(text)) return;
    // The one that does not come must not go on listening: there are as many waits as writes.
    const waits = new AbortController();
    const { signal } = waits;
    await Promise.race([
      once(this.stream, 'drain', { signal }),
      once(this.stream, 'close', { signal }),
    ]).catch(() => undefined);
    waits.abort();
    this.check();
  }

  /** Prints as long as somebody reads it: whoever has seen enough (`| head`) wants no more than the exit status. */
  async whileRead(print: () => Promise<void>): Promise<void> {
    try {
      await print();
    } catch (error) {
      if (!(error instanceof ClosedPipeError)) throw error;
    }
  }

  private check(): void {
    if (this.failure === null) return;
    if (this.failure.code === 'EPIPE') throw new ClosedPipeError();
    throw new OutputError(`${this.name} cannot be written: ${systemReason(this.failure)}`);
  }
}
