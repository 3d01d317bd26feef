import { BLANK, GREATER, NEWLINE } from './ascii';
import type { LineReader } from './lineWindow';

/** Whether a text is quoted as in a mail: half of its lines or more begin with `>`. No line of a trace does. */
export function isQuoted(head: Uint8Array): boolean {
  let lines = 0;
  let quoted = 0;
  for (let at = 0; at < head.length;) {
    const end = head.indexOf(NEWLINE, at);
    if (end < 0) break;
    if (end > at) lines++;
    if (head[at] === GREATER) quoted++;
    at = end + 1;
  }
  return quoted > 0 && 2 * quoted >= lines;
}

/** The index behind `> `, `>>`, `> > ` at the beginning of a line, or `start`. A line end must follow somewhere. */
export function behindQuote(bytes: Uint8Array, start: number): number {
  let at = start;
  while (bytes[at] === GREATER) at += bytes[at + 1] === BLANK ? 2 : 1;
  return at;
}

/** Turns the marks of a quote before the lines of `bytes[start, end)` into blanks: what stands behind keeps its place. */
export function blankQuotes(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end;) {
    bytes.fill(BLANK, at, behindQuote(bytes, at));
    const lineEnd = bytes.indexOf(NEWLINE, at);
    if (lineEnd < 0) return;
    at = lineEnd + 1;
  }
}

/** Hands lines to a reader as if they were indented in place of quoted. */
export class QuotedLines implements LineReader {
  constructor(private readonly reader: LineReader) {}

  /** Lines that the reader was not done with come again, and have no marks any more. */
  read(bytes: Uint8Array, start: number, end: number, fileOffset: number, last: boolean): number {
    blankQuotes(bytes, start, end);
    return this.reader.read(bytes, start, end, fileOffset, last);
  }

  overlongLine(offset: number, length: number): void {
    this.reader.overlongLine(offset, length);
  }

  endsWithoutNewline(offset: number): void {
    this.reader.endsWithoutNewline(offset);
  }
}
