import {
  BLANK,
  CLOSE_BRACKET,
  CLOSE_PARENTHESIS,
  LESS,
  LOWER_X,
  NEWLINE,
  OPEN_BRACKET,
  OPEN_PARENTHESIS,
  PLUS,
  SLASH,
  ZERO,
  startsWith,
} from './ascii';
import { NONE } from './eventTable';
import { NumberScanner } from './numberScanner';
import type { SymbolTableBuilder } from './symbolTableBuilder';

/** More frames than the kernel keeps of one stack (stack depot: 64, dump_stack: bounded by the stack's size). */
const MOST_FRAMES = 1024;

/** What scripts/decode_stacktrace.sh puts behind a function that is compiled into the next frame's. */
const INLINE = 'inline]';

/** Whether the line at `at` may be a frame of a dump in debugfs (stack_depot_snprint()), and is none of its words. */
export function isIndented(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === BLANK;
}

/**
 * Reads stack frames as printk and seq_printf print them, one a line, innermost first:
 *
 * - ` func+0x12/0x34`, ` func+0x12/0x34 [module]`, `[module 1a2b…]` with a build id (%pS, lib/vsprintf.c)
 * - ` [<ffffffff81234567>] func+0x12/0x34` (snprint_stack_trace() up to 4.x; s390, riscv), `[c00…] [c00…] func+…`
 *   (powerpc: stack pointer and address), `[<8010c058>] (func+0x20/0x24)` (arm up to 5.x)
 * - ` func+0x12/0x34 mm/rmap.c:12` and ` func mm/rmap.c:12 [inline]` (scripts/decode_stacktrace.sh, syzkaller)
 * - ` 0xffffffff81234567` where no symbol is known
 */
export class PrintedFrames {
  private readonly scanner = new NumberScanner();
  private readonly frames = new Int32Array(MOST_FRAMES);

  constructor(private readonly symbols: SymbolTableBuilder) {}

  /** The stack id of the lines in `bytes[start, end)`, or NONE if none is a frame; `end` is behind the last line end. */
  stack(bytes: Uint8Array, start: number, end: number): number {
    let length = 0;
    for (let at = start; at < end;) {
      const lineEnd = bytes.indexOf(NEWLINE, at);
      const frame = length < MOST_FRAMES ? this.frame(bytes, at, lineEnd) : -1;
      if (frame >= 0) this.frames[length++] = frame;
      at = lineEnd + 1;
    }
    return length === 0 ? NONE : this.symbols.internStack(this.frames, length);
  }

  /** The frame id of the text in `bytes[start, end)`, or -1 when it names nothing. */
  frame(bytes: Uint8Array, start: number, end: number): number {
    const { scanner, symbols } = this;
    let at = start;
    while (at < end && bytes[at]! <= BLANK) at++;

    let addressHigh = 0;
    let addressLow = 0;
    while (bytes[at] === OPEN_BRACKET) {
      const isMarked = bytes[at + 1] === LESS;
      scanner.hexadecimal(bytes, isMarked ? at + 2 : at + 1);
      if (!scanner.found || !startsWith(bytes, scanner.next, isMarked ? '>]' : ']')) break;
      addressHigh = scanner.high;
      addressLow = scanner.low;
      at = scanner.next + (isMarked ? 2 : 1);
      while (at < end && bytes[at]! <= BLANK) at++;
    }

    const isWrapped = bytes[at] === OPEN_PARENTHESIS;
    const name = isWrapped ? at + 1 : at;
    at = name;
    while (at < end && bytes[at]! > BLANK && bytes[at] !== PLUS) {
      if (isWrapped && bytes[at] === CLOSE_PARENTHESIS) break;
      at++;
    }
    const nameEnd = at;
    if (nameEnd <= name) return -1;

    let offset = -1;
    let size = -1;
    if (startsWith(bytes, at, '+0x')) {
      offset = this.smallHexadecimal(bytes, at + 3);
      at = scanner.next;
      if (bytes[at] === SLASH && bytes[at + 1] === ZERO && bytes[at + 2] === LOWER_X) {
        size = this.smallHexadecimal(bytes, at + 3);
        at = scanner.next;
      }
      if (offset < 0) size = -1;
    } else if (bytes[name] === ZERO && bytes[name + 1] === LOWER_X) {
      scanner.hexadecimal(bytes, name + 2);
      if (scanner.found && scanner.next === nameEnd) {
        addressHigh = scanner.high;
        addressLow = scanner.low;
      }
    }
    return symbols.internFrame({
      function: symbols.internBytes(bytes, name, nameEnd),
      offset,
      size,
      module: this.module(bytes, at, end),
      addressHigh,
      addressLow,
    });
  }

  /** String id of the module that `[module]` names behind the function, or -1. */
  private module(bytes: Uint8Array, start: number, end: number): number {
    let at = start;
    while (at < end && bytes[at] !== OPEN_BRACKET) at++;
    if (at >= end || startsWith(bytes, at + 1, INLINE)) return -1;
    const nameStart = at + 1;
    let nameEnd = nameStart;
    while (nameEnd < end && bytes[nameEnd]! > BLANK && bytes[nameEnd] !== CLOSE_BRACKET) nameEnd++;
    return nameEnd > nameStart ? this.symbols.internBytes(bytes, nameStart, nameEnd) : -1;
  }

  /** Hexadecimal digits that fit in 31 bits, or -1. */
  private smallHexadecimal(bytes: Uint8Array, at: number): number {
    this.scanner.hexadecimal(bytes, at);
    const { found, high, low } = this.scanner;
    return found && high === 0 && low >= 0 ? low : -1;
  }
}
