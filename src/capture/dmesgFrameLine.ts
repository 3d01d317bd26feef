import {
  BLANK,
  HEX_VALUE,
  LESS,
  LOWER_X,
  OPEN_BRACKET,
  OPEN_PARENTHESIS,
  PLUS,
  ZERO,
  startsWith,
} from './ascii';
import type { PrintedFrames } from './printedFrames';

/** More frames than the kernel prints of one stack. */
const MOST_FRAMES = 1024;

/** Lines between the parts of a stack that an interrupt or a fault has cut in two (arch/x86/kernel/dumpstack.c). */
const REGISTER_LINES = [
  ...['Code:', 'RSP:', 'RAX:', 'RDX:', 'RBP:', 'R10:', 'R13:', 'FS:', 'CS:', 'CR2:', 'DR0:', 'DR3:', 'PKRU:'],
  ...['EIP:', 'EAX:', 'ESI:', 'DS:'],
];
/** The function that was interrupted; 0010 is the kernel's code segment. */
const INTERRUPTED = 'RIP: 0010:';
/** Of kernels for arm: ` unwind_backtrace from show_stack+0x10/0x14`. */
const FROM = ' from ';
const SOURCE_ENDINGS = ['.c:', '.h:', '.S:', '.rs:'];
const QUESTION = 0x3f;
const SLASH_BYTE = 0x2f;

/**
 * Reads one line of a stack as show_stack() and stack_trace_print() print it, and adds its frame to `frames`.
 * Marks such as `<IRQ>`, registers, and addresses that the unwinder only guesses (`? func`) add none.
 *
 * @param isCallTrace false for the stacks of page_owner, which have frames alone
 * @returns false when the line is none of a stack: the stack ended before it
 */
export function readFrameLine(
  printed: PrintedFrames,
  frames: number[],
  bytes: Uint8Array,
  start: number,
  end: number,
  isCallTrace: boolean,
): boolean {
  let at = afterBlanks(bytes, start, end);
  const isIndented = at > start;
  if (isCallTrace) {
    if (startsWith(bytes, at, INTERRUPTED)) {
      if (frames.length > 0) add(frames, printed.frame(bytes, at + INTERRUPTED.length, end));
      return true;
    }
    if (startsWith(bytes, at, 'RIP:') || REGISTER_LINES.some((text) => startsWith(bytes, at, text)))
      return true;
    for (let behind = behindMark(bytes, at, end); behind > at; behind = behindMark(bytes, at, end)) {
      at = afterBlanks(bytes, behind, end);
      if (at >= end) return true;
    }
    const guess = behindAddress(bytes, at, end);
    if (bytes[guess] === QUESTION && bytes[guess + 1] === BLANK) return true;
  }
  if (!isFrame(bytes, at, end, isIndented)) return false;
  let from = at;
  while (from < end && !startsWith(bytes, from, FROM)) from++;
  if (from < end) {
    // The innermost function stands only here, as the one that was called.
    if (frames.length === 0) add(frames, printed.frame(bytes, at, from));
    at = from + FROM.length;
  }
  add(frames, printed.frame(bytes, at, end));
  return true;
}

/** Whether `bytes[at, end)` begins like the stack of a kernel for arm, which has no line before it. */
export function isUnwindBacktrace(bytes: Uint8Array, at: number, end: number): boolean {
  const stop = Math.min(end, at + 32);
  for (let i = at; i < stop; i++) if (startsWith(bytes, i, 'unwind_backtrace')) return true;
  return false;
}

function add(frames: number[], frame: number): void {
  if (frame >= 0 && frames.length < MOST_FRAMES) frames.push(frame);
}

function afterBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! <= BLANK) at++;
  return at;
}

/** The index behind `<TASK>`, `</IRQ>`, `<EOI>` and the like, or `at`. */
function behindMark(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== LESS) return at;
  for (let i = at + 1; i < end && i < at + 12; i++) {
    const byte = bytes[i]!;
    if (byte === 0x3e) return i + 1;
    if (byte !== SLASH_BYTE && byte !== 0x23 && (byte < 0x41 || byte > 0x5a)) return at;
  }
  return at;
}

/** The index behind `[<ffffffff81234567>] `, or `at`. */
function behindAddress(bytes: Uint8Array, at: number, end: number): number {
  if (bytes[at] !== OPEN_BRACKET || bytes[at + 1] !== LESS) return at;
  let i = at + 2;
  while (HEX_VALUE[bytes[i]!]! < 16) i++;
  return startsWith(bytes, i, '>] ') ? afterBlanks(bytes, i + 2, end) : at;
}

function isFrame(bytes: Uint8Array, start: number, end: number, isIndented: boolean): boolean {
  if (bytes[start] === OPEN_BRACKET) {
    let at = bytes[start + 1] === LESS ? start + 2 : start + 1;
    const digits = at;
    while (HEX_VALUE[bytes[at]!]! < 16) at++;
    return at - digits >= 8;
  }
  let at = bytes[start] === OPEN_PARENTHESIS ? start + 1 : start;
  const name = at;
  while (at < end && bytes[at]! > BLANK && bytes[at] !== PLUS) at++;
  if (at === name) return false;
  if (startsWith(bytes, at, '+0x')) {
    if (isIndented) return true;
    // Some log daemons cut the blank off: then only the full form is taken for a frame.
    let digits = at + 3;
    while (HEX_VALUE[bytes[digits]!]! < 16) digits++;
    return startsWith(bytes, digits, '/0x');
  }
  if (!isIndented) return false;
  if (bytes[name] === ZERO && bytes[name + 1] === LOWER_X) return true;
  for (; at < end; at++) {
    if (startsWith(bytes, at, FROM) || SOURCE_ENDINGS.some((text) => startsWith(bytes, at, text)))
      return true;
  }
  return false;
}
