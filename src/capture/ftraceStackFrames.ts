import {
  BLANK,
  CLOSE_BRACKET,
  CLOSE_PARENTHESIS,
  EQUALS,
  GREATER,
  HEX_VALUE,
  LESS,
  LOWER_X,
  NEWLINE,
  OPEN_BRACKET,
  OPEN_PARENTHESIS,
  PLUS,
  RETURN,
  SLASH,
  TAB,
  ZERO,
  startsWith,
} from './ascii';
import { NumberScanner } from './numberScanner';
import type { SymbolTableBuilder } from './symbolTableBuilder';

/** More frames than any kernel writes (a stack record fits in one ring buffer page). */
const MOST_FRAMES = 1024;

/** Bytes of the address array that `trace-cmd report -R` prints for a stack. */
const ARRAY_MARK = 'ARRAY[';

/** Index of the `=>` when the line at `at` is a frame line, or -1. */
export function frameMark(bytes: Uint8Array, at: number): number {
  let i = at;
  let byte = bytes[i]!;
  while (byte === BLANK || byte === TAB) byte = bytes[++i]!;
  return byte === EQUALS && bytes[i + 1] === GREATER ? i : -1;
}

/**
 * Turns the text of a stack record into a stack id. All forms of kernel and trace-cmd:
 *
 * - ` => func`, ` => func+0x12/0x34`, each also with ` [module]` and ` <ffffffff81234567>` behind (trace,
 *   trace_pipe; kernel/trace/trace_output.c, seq_print_ip_sym)
 * - `=> func (ffffffff81234567)`, `=> func+0x12  (…)`, `=> ffffffff81234567` (trace-cmd report)
 * - `<TAB>=> func` padded with `=> 0x0` (trace-cmd report without plugins)
 * - `size=10 caller=ARRAY[7e, f9, …]` (trace-cmd report -R)
 */
export class FtraceStackFrames {
  /** Frames that the newest record said to have but did not print (trace-cmd report -R prints 8). */
  cut = 0;
  private readonly scanner = new NumberScanner();
  private readonly frames = new Int32Array(MOST_FRAMES);

  constructor(private readonly symbols: SymbolTableBuilder) {}

  /** The stack id of the frame lines in `bytes[start, end)`; `end` is behind the last line end. */
  lines(bytes: Uint8Array, start: number, end: number): number {
    let length = 0;
    let lastReal = 0;
    for (let at = start; at < end; ) {
      const mark = frameMark(bytes, at);
      let lineEnd = mark < 0 ? at : mark;
      while (bytes[lineEnd] !== NEWLINE) lineEnd++;
      at = lineEnd + 1;
      if (mark < 0 || length === MOST_FRAMES) continue;
      this.frames[length++] = this.frame(bytes, mark + 2, lineEnd);
      if (!this.isPadding) lastReal = length;
    }
    this.cut = 0;
    return this.symbols.internStack(this.frames, lastReal);
  }

  /** The stack id of a record printed as `size=N caller=ARRAY[bytes]` in `bytes[start, end)`. */
  rawArray(bytes: Uint8Array, start: number, end: number): number {
    let size = -1;
    let at = start;
    for (; at < end && !startsWith(bytes, at, ARRAY_MARK); at++) {
      if (!startsWith(bytes, at, 'size=')) continue;
      this.scanner.number(bytes, at + 5);
      if (this.scanner.found) size = this.scanner.value;
    }
    const values: number[] = [];
    for (at += ARRAY_MARK.length; at < end && values.length < MOST_FRAMES * 8; ) {
      this.scanner.hexadecimal(bytes, at);
      if (!this.scanner.found) break;
      values.push(this.scanner.low & 0xff);
      at = this.scanner.next;
      while (bytes[at] === BLANK || bytes[at] === 0x2c) at++;
    }
    let length = 0;
    for (let i = 0; i + 8 <= values.length; i += 8) {
      const word = values.slice(i, i + 8);
      // A kernel address has its highest bits set: that end of the word tells the byte order.
      if (word[0] === 0xff && word[1] === 0xff && word[7] !== 0xff) word.reverse();
      const [b0, b1, b2, b3, b4, b5, b6, b7] = word as [
        number,
        number,
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      const low = b0 | (b1 << 8) | (b2 << 16) | (b3 << 24);
      const high = b4 | (b5 << 8) | (b6 << 16) | (b7 << 24);
      if (low === 0 && high === 0) break;
      this.frames[length++] = this.addressFrame(high, low);
    }
    this.cut = Math.max(0, Math.min(size, MOST_FRAMES) - length);
    return this.symbols.internStack(this.frames, length);
  }

  /** True when the newest frame was `0x0` or `0`: an unused place of the record's array. */
  private isPadding = false;

  /** Frame id of the text behind a `=>`. */
  private frame(bytes: Uint8Array, start: number, end: number): number {
    while (start < end && isBlank(bytes[start]!)) start++;
    while (end > start && isBlank(bytes[end - 1]!)) end--;
    this.isPadding = false;

    const scanner = this.scanner;
    let addressHigh = 0;
    let addressLow = 0;
    let module = -1;
    // Suffixes are taken off from the end: `(addr)` or `<addr>`, then `[module]`.
    for (;;) {
      const last = bytes[end - 1];
      const open =
        last === CLOSE_PARENTHESIS
          ? OPEN_PARENTHESIS
          : last === GREATER
            ? LESS
            : last === CLOSE_BRACKET
              ? OPEN_BRACKET
              : 0;
      if (open === 0) break;
      let at = end - 2;
      while (at > start && bytes[at] !== open) at--;
      // At the very start it is the name itself: `[unknown/kretprobe'd]`, `[FTRACE TRAMPOLINE]`.
      if (at <= start || bytes[at] !== open || !isBlank(bytes[at - 1]!)) break;
      if (open === OPEN_BRACKET) {
        let moduleEnd = at + 1;
        while (moduleEnd < end - 1 && !isBlank(bytes[moduleEnd]!)) moduleEnd++;
        module = this.symbols.internBytes(bytes, at + 1, moduleEnd);
      } else {
        const prefixed = bytes[at + 1] === ZERO && bytes[at + 2] === LOWER_X;
        scanner.hexadecimal(bytes, prefixed ? at + 3 : at + 1);
        if (!scanner.found || scanner.next !== end - 1) break;
        addressHigh = scanner.high;
        addressLow = scanner.low;
      }
      end = at;
      while (end > start && isBlank(bytes[end - 1]!)) end--;
    }

    let nameEnd = end;
    let offset = -1;
    let size = -1;
    for (let at = start; at < end; at++) {
      if (bytes[at] !== PLUS || bytes[at + 1] !== ZERO || bytes[at + 2] !== LOWER_X) continue;
      scanner.hexadecimal(bytes, at + 3);
      if (!scanner.found || scanner.high !== 0 || scanner.low < 0) break;
      const found = scanner.low;
      if (bytes[scanner.next] === SLASH && bytes[scanner.next + 1] === ZERO) {
        scanner.hexadecimal(bytes, scanner.next + 3);
        if (scanner.found && scanner.high === 0 && scanner.low >= 0) size = scanner.low;
      }
      if (scanner.next !== end) {
        size = -1;
        break;
      }
      offset = found;
      nameEnd = at;
      break;
    }

    if (offset < 0) {
      const bare = bareAddress(bytes, start, end);
      if (bare >= 0) {
        scanner.hexadecimal(bytes, bare);
        if (scanner.next === end) {
          this.isPadding = scanner.high === 0 && scanner.low === 0;
          return this.addressFrame(scanner.high, scanner.low);
        }
      }
    }
    return this.symbols.internFrame({
      function: this.symbols.internBytes(bytes, start, nameEnd),
      offset,
      size,
      module,
      addressHigh,
      addressLow,
    });
  }

  private addressFrame(high: number, low: number): number {
    const digits = ((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString(16);
    return this.symbols.internFrame({
      function: this.symbols.internText(`0x${digits}`),
      offset: -1,
      size: -1,
      module: -1,
      addressHigh: high,
      addressLow: low,
    });
  }
}

/** Where the digits begin when the text is an address and no name, or -1. */
function bareAddress(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] === ZERO && bytes[start + 1] === LOWER_X) return start + 2;
  // `dead` or `face` is a name, eight digits (a 32-bit kernel) are an address; a lone 0 is seq_print_ip_sym's.
  if (end - start === 1 && bytes[start] === ZERO) return start;
  if (end - start !== 8 && end - start !== 16) return -1;
  for (let i = start; i < end; i++) if (HEX_VALUE[bytes[i]!]! > 15) return -1;
  return start;
}

function isBlank(byte: number): boolean {
  return byte === BLANK || byte === TAB || byte === RETURN;
}
