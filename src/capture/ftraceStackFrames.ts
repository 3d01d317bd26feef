import {
  BLANK,
  CLOSE_BRACKET,
  CLOSE_PARENTHESIS,
  COMMA,
  EQUALS,
  GREATER,
  HEX_VALUE,
  LESS,
  LOWER_X,
  NEWLINE,
  OPEN_BRACKET,
  OPEN_PARENTHESIS,
  RETURN,
  TAB,
  ZERO,
  isDigit,
  startsWith,
} from './ascii';
import { NumberScanner } from './numberScanner';
import type { SymbolTableBuilder } from './symbolTableBuilder';

/** More frames than any kernel writes (a stack record fits in one ring buffer page). */
const MOST_FRAMES = 1024;

/** FTRACE_STACK_ENTRIES of kernel/trace/trace_entries.h: all that tools without the stack plugin print. */
const FIXED_FRAMES = 8;

/** Begins the address array that `trace-cmd report -R` prints for a stack. */
const ARRAY_MARK = 'ARRAY[';

/** What opens the suffix that ends with a given byte. */
const OPENING = new Map([
  [CLOSE_PARENTHESIS, OPEN_PARENTHESIS],
  [GREATER, LESS],
  [CLOSE_BRACKET, OPEN_BRACKET],
]);

/** Index of the `=>` when the line at `at` is a frame line, or -1. */
function frameMark(bytes: Uint8Array, at: number): number {
  let i = at;
  let byte = bytes[i]!;
  while (byte === BLANK || byte === TAB) byte = bytes[++i]!;
  return byte === EQUALS && bytes[i + 1] === GREATER ? i : -1;
}

export function isFrameLine(bytes: Uint8Array, at: number): boolean {
  return frameMark(bytes, at) >= 0;
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
  /** Whether the newest record had more frames than the text shows, or may have had. */
  isCut = false;
  private readonly scanner = new NumberScanner();
  // Parts of the newest frame.
  private offset = -1;
  private size = -1;
  private module = -1;
  private addressHigh = 0;
  private addressLow = 0;
  /** `0x0` or `0`: an unused place of the record's array. */
  private isPadding = false;
  private readonly frames = new Int32Array(MOST_FRAMES);

  constructor(private readonly symbols: SymbolTableBuilder) {}

  /**
   * The stack id of the frame lines in `bytes[start, end)`; `end` is behind the last line end. `isFixedArray`:
   * the writer printed the record's array (FIXED_FRAMES long by its format file) and not the whole record.
   */
  lines(bytes: Uint8Array, start: number, end: number, isFixedArray: boolean): number {
    let length = 0;
    let lastReal = 0;
    for (let at = start; at < end;) {
      const mark = frameMark(bytes, at);
      let lineEnd = mark < 0 ? at : mark;
      while (bytes[lineEnd] !== NEWLINE) lineEnd++;
      at = lineEnd + 1;
      if (mark < 0 || length === MOST_FRAMES) continue;
      this.frames[length++] = this.frame(bytes, mark + 2, lineEnd);
      if (!this.isPadding) lastReal = length;
    }
    this.isCut = isFixedArray && lastReal >= FIXED_FRAMES;
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
    for (at += ARRAY_MARK.length; at < end && values.length < MOST_FRAMES * 8;) {
      this.scanner.hexadecimal(bytes, at);
      if (!this.scanner.found) break;
      values.push(this.scanner.low & 0xff);
      at = this.scanner.next;
      while (bytes[at] === BLANK || bytes[at] === COMMA) at++;
    }
    let length = 0;
    for (let i = 0; i + 8 <= values.length; i += 8) {
      const word = values.slice(i, i + 8);
      // A kernel address has its highest bits set: that end of the word tells the byte order.
      if (word[0] === 0xff && word[1] === 0xff && word[7] !== 0xff) word.reverse();
      const low = word[0]! | (word[1]! << 8) | (word[2]! << 16) | (word[3]! << 24);
      const high = word[4]! | (word[5]! << 8) | (word[6]! << 16) | (word[7]! << 24);
      if (low === 0 && high === 0) break;
      this.frames[length++] = this.addressFrame(high, low);
    }
    this.isCut = size > length;
    return this.symbols.internStack(this.frames, length);
  }

  /** Frame id of the text behind a `=>`. */
  private frame(bytes: Uint8Array, textStart: number, textEnd: number): number {
    let start = textStart;
    let end = textEnd;
    while (start < end && isBlank(bytes[start]!)) start++;
    while (end > start && isBlank(bytes[end - 1]!)) end--;
    end = this.suffixes(bytes, start, end);

    const digits = bareAddress(bytes, start, end);
    if (digits >= 0) {
      this.scanner.hexadecimal(bytes, digits);
      if (this.scanner.found && this.scanner.next === end) {
        this.isPadding = this.scanner.high === 0 && this.scanner.low === 0;
        return this.addressFrame(this.scanner.high, this.scanner.low);
      }
    }
    this.isPadding = false;
    const nameEnd = this.offsetAndSize(bytes, start, end);
    return this.symbols.internFrame({
      function: this.symbols.internBytes(bytes, start, nameEnd),
      offset: this.offset,
      size: this.size,
      module: this.module,
      addressHigh: this.addressHigh,
      addressLow: this.addressLow,
    });
  }

  /** Takes `(address)`, `<address>` and `[module]` off the end and returns where the rest ends. */
  private suffixes(bytes: Uint8Array, start: number, textEnd: number): number {
    this.addressHigh = this.addressLow = 0;
    this.module = -1;
    let end = textEnd;
    for (;;) {
      const opening = OPENING.get(bytes[end - 1]!);
      if (opening === undefined) return end;
      let at = end - 2;
      while (at > start && bytes[at] !== opening) at--;
      // At the very start it is the name itself: `[unknown/kretprobe'd]`, `[FTRACE TRAMPOLINE]`.
      if (at <= start || !isBlank(bytes[at - 1]!)) return end;
      if (opening === OPEN_BRACKET) {
        // A build id may follow the module's name.
        let moduleEnd = at + 1;
        while (moduleEnd < end - 1 && !isBlank(bytes[moduleEnd]!)) moduleEnd++;
        this.module = this.symbols.internBytes(bytes, at + 1, moduleEnd);
      } else {
        const isPrefixed = bytes[at + 1] === ZERO && bytes[at + 2] === LOWER_X;
        this.scanner.hexadecimal(bytes, isPrefixed ? at + 3 : at + 1);
        if (!this.scanner.found || this.scanner.next !== end - 1) return end;
        this.addressHigh = this.scanner.high;
        this.addressLow = this.scanner.low;
      }
      end = at;
      while (end > start && isBlank(bytes[end - 1]!)) end--;
    }
  }

  /** Reads `+0x12/0x34` or `+0x12` at the end of a name and returns where the name ends. */
  private offsetAndSize(bytes: Uint8Array, start: number, end: number): number {
    this.offset = this.size = -1;
    let plus = start;
    while (plus < end && !startsWith(bytes, plus, '+0x')) plus++;
    if (plus === end) return end;
    const offset = this.positiveInteger(bytes, plus + 3);
    if (offset < 0) return end;
    const hasSize = startsWith(bytes, this.scanner.next, '/0x');
    const size = hasSize ? this.positiveInteger(bytes, this.scanner.next + 3) : -1;
    if (this.scanner.next !== end) return end;
    this.offset = offset;
    this.size = size;
    return plus;
  }

  /** Hexadecimal digits that fit in 31 bits, or -1. */
  private positiveInteger(bytes: Uint8Array, at: number): number {
    this.scanner.hexadecimal(bytes, at);
    const { found, high, low } = this.scanner;
    return found && high === 0 && low >= 0 ? low : -1;
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
  // `facade` is a name; eight digits (a 32-bit kernel) are an address; a lone 0 is seq_print_ip_sym's.
  if (end - start === 1 && bytes[start] === ZERO) return start;
  if (end - start !== 8 && end - start !== 16) return -1;
  let hasDigit = false;
  for (let i = start; i < end; i++) {
    if (HEX_VALUE[bytes[i]!]! > 15) return -1;
    if (isDigit(bytes[i]!)) hasDigit = true;
  }
  return hasDigit ? start : -1;
}

function isBlank(byte: number): boolean {
  return byte === BLANK || byte === TAB || byte === RETURN;
}
