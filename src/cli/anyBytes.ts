/**
 * Lines of text in which any bytes may stand, as in the log of a serial line: a byte that is no UTF-8 becomes half a
 * surrogate pair, which text never has alone, and that becomes the byte again.
 */
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';

const NEWLINE = 0x0a;
/** U+DC00 and the byte, which is at least 0x80. */
const OF_BYTE = 0xdc00;
const LONE = /[\udc80-\udcff]/u;
const LONE_OR_TEXT = /[\udc80-\udcff]|[^\udc80-\udcff]+/gu;
const LONGEST_SEQUENCE = 4;

/**
 * The lines without their `\n`; one that ends with `\r\n` keeps the `\r`. Begins to read with the first line that is
 * asked for: lines that come before have no listener and are lost.
 */
export async function* linesOf(input: Readable): AsyncGenerator<string, void> {
  let begun: Buffer[] = [];
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    let start = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      const rest = bytes.subarray(start, end);
      yield textOf(begun.length === 0 ? rest : Buffer.concat([...begun, rest]));
      begun = [];
      start = end + 1;
    }
    if (start < bytes.length) begun.push(bytes.subarray(start));
  }
  if (begun.length > 0) yield textOf(Buffer.concat(begun));
}

/** The bytes of text that has come from {@link linesOf}, or that has none of its own. */
export function bytesOf(text: string): string | Uint8Array {
  if (!LONE.test(text)) return text;
  const pieces = text.match(LONE_OR_TEXT) ?? [];
  return Buffer.concat(
    pieces.map((piece) => (LONE.test(piece) ? Buffer.of(piece.charCodeAt(0) - OF_BYTE) : Buffer.from(piece))),
  );
}

function textOf(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = sequenceAt(bytes, at);
    text +=
      length === 0 ? String.fromCharCode(OF_BYTE + bytes[at]!) : bytes.toString('utf8', at, at + length);
    at += Math.max(1, length);
  }
  return text;
}

/** Bytes of the character at a place; 0 where there is none. */
function sequenceAt(bytes: Buffer, at: number): number {
  for (let length = 1; length <= LONGEST_SEQUENCE && at + length <= bytes.length; length++) {
    if (isUtf8(bytes.subarray(at, at + length))) return length;
  }
  return 0;
}
