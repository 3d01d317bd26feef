/** Bytes that the text readers look for. */
export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const RETURN = 0x0d;
export const BLANK = 0x20;
export const HASH = 0x23;
export const OPEN_PARENTHESIS = 0x28;
export const CLOSE_PARENTHESIS = 0x29;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const DOT = 0x2e;
export const SLASH = 0x2f;
export const ZERO = 0x30;
export const COLON = 0x3a;
export const LESS = 0x3c;
export const EQUALS = 0x3d;
export const GREATER = 0x3e;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const PIPE = 0x7c;
export const LOWER_X = 0x78;

/** Value of each byte as a hexadecimal digit, 255 where it is none. */
export const HEX_VALUE = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 10; digit++) HEX_VALUE[ZERO + digit] = digit;
for (let digit = 10; digit < 16; digit++) {
  HEX_VALUE[0x41 + digit - 10] = digit;
  HEX_VALUE[0x61 + digit - 10] = digit;
}

export function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Whether `text` (ASCII) stands at `at`. */
export function startsWith(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The index behind `text` in `bytes[start, end)`, or -1; `end` itself where the text is the end. */
export function textBehind(bytes: Uint8Array, start: number, end: number, text: string): number {
  const first = text.charCodeAt(0);
  for (let at = start; at < end; at++) {
    if (bytes[at] === first && startsWith(bytes, at, text)) return Math.min(end, at + text.length);
  }
  return -1;
}

/** Index of the line end of the line that `at` is in. */
export function lineEndOf(bytes: Uint8Array, at: number): number {
  return bytes.indexOf(NEWLINE, at);
}

/** How many lines end in `bytes[start, end)`. */
export function countLines(bytes: Uint8Array, start: number, end: number): number {
  let lines = 0;
  for (let i = start; i < end; i++) if (bytes[i] === NEWLINE) lines++;
  return lines;
}

/** `bytes[start, end)`, at most `longest` of them, one character each. */
export function asciiText(bytes: Uint8Array, start: number, end: number, longest: number): string {
  const stop = Math.min(end, start + longest);
  let text = '';
  for (let i = start; i < stop; i++) text += String.fromCharCode(bytes[i]!);
  return text;
}
