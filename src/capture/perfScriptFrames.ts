import {
  BLANK,
  CLOSE_PARENTHESIS,
  DOT,
  HEX_VALUE,
  LOWER_X,
  MINUS,
  NEWLINE,
  OPEN_BRACKET,
  OPEN_PARENTHESIS,
  PLUS,
  SLASH,
  TAB,
  ZERO,
  startsWith,
} from './ascii';
import { NumberScanner } from './numberScanner';
import type { SymbolTableBuilder } from './symbolTableBuilder';

/** More frames than perf keeps of a call chain (sysctl kernel.perf_event_max_stack, 127 by default). */
const MOST_FRAMES = 1024;

const INLINED = '(inlined)';
/** Objects in brackets that are not modules: kernel images and guests. */
const NO_MODULES = ['kernel', 'guest.', 'unknown'];
/** In brackets, but of the process, or of nobody knows what. */
const USER_OBJECTS = ['unknown', 'vdso', 'vsyscall', 'stack', 'heap', 'anon', 'uprobes'];

/**
 * Whether the line at `at` is a frame of the kernel: `<TAB>ffffffff812bf783 __page_ref_set+0x43 ([kernel.kallsyms])`.
 *
 * perf prints the address of a kernel frame, and the offset in the file of a user frame
 * (sample__fprintf_callchain() of tools/perf/util/evsel_fprintf.c). Where kernel addresses begin with 0xff (x86,
 * arm64, riscv) the address tells; elsewhere the object behind the symbol. An address of which perf knows
 * nothing may be rubbish that was found by following the frame pointers of a process.
 */
export function isKernelFrame(bytes: Uint8Array, at: number): boolean {
  let i = at;
  let byte = bytes[i]!;
  while (byte === BLANK || byte === TAB) byte = bytes[++i]!;
  const start = i;
  let value = HEX_VALUE[byte]!;
  if (i === at || value > 15) return false;
  while (value < 16) value = HEX_VALUE[bytes[++i]!]!;
  if (bytes[i]! > BLANK) return false;
  const digits = i - start;
  if (digits === 16 && startsWith(bytes, start, 'ff')) return !startsWith(bytes, start, 'ffffffffff600');
  const end = lineTextEnd(bytes, i);
  const opening = objectStart(bytes, i, end);
  // Printed without objects (-F -dso): the upper half of a 32-bit address space.
  if (opening < 0) return digits === 8 && HEX_VALUE[bytes[start]!]! >= 8 && bytes[at] === TAB;
  return isKernelObject(bytes, opening + 1, end - 1);
}

/** Whether the line at `at` names the kernel or a module as the object of its frame. */
export function namesKernel(bytes: Uint8Array, at: number): boolean {
  const end = lineTextEnd(bytes, at);
  const opening = objectStart(bytes, at, end);
  return opening >= 0 && isKernelObject(bytes, opening + 1, end - 1);
}

/** Whether the line at `at` has the form of a frame, be it of the kernel or of the process. */
export function isFrame(bytes: Uint8Array, at: number): boolean {
  let i = at;
  while (bytes[i] === BLANK || bytes[i] === TAB) i++;
  const start = i;
  while (HEX_VALUE[bytes[i]!]! < 16) i++;
  return start > at && i > start && bytes[i]! <= BLANK;
}

/** `  mm/rmap.c:1234` (-F +srcline) stands on a line of its own behind its frame. */
export function isSourceLine(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === BLANK && bytes[at + 1] === BLANK && bytes[at + 2]! > BLANK;
}

function lineTextEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (bytes[end] !== NEWLINE) end++;
  while (end > at && bytes[end - 1]! <= BLANK) end--;
  return end;
}

function isKernelObject(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === OPEN_BRACKET) return !USER_OBJECTS.some((name) => startsWith(bytes, start + 1, name));
  return moduleEnd(bytes, start, end) >= 0;
}

/** Turns the kernel's frame lines of a record of `perf script` into a stack id. */
export class PerfScriptFrames {
  private readonly scanner = new NumberScanner();
  private readonly frames = new Int32Array(MOST_FRAMES);

  constructor(private readonly symbols: SymbolTableBuilder) {}

  /** The stack id of the frame lines in `bytes[start, end)`; `end` is behind the last line end. */
  lines(bytes: Uint8Array, start: number, end: number): number {
    let length = 0;
    for (let at = start; at < end;) {
      let lineEnd = at;
      while (bytes[lineEnd] !== NEWLINE) lineEnd++;
      if (length < MOST_FRAMES && !isSourceLine(bytes, at))
        this.frames[length++] = this.frame(bytes, at, lineEnd);
      at = lineEnd + 1;
    }
    return this.symbols.internStack(this.frames, length);
  }

  private frame(bytes: Uint8Array, lineStart: number, lineEnd: number): number {
    let start = lineStart;
    while (bytes[start] === BLANK || bytes[start] === TAB) start++;
    this.scanner.hexadecimal(bytes, start);
    const addressHigh = this.scanner.high;
    const addressLow = this.scanner.low;
    start = this.scanner.next;
    while (start < lineEnd && bytes[start]! <= BLANK) start++;
    let end = trimmed(bytes, start, lineEnd);

    // The function is compiled into the next outer frame, whose address this is.
    const isInlined = end - start >= INLINED.length && startsWith(bytes, end - INLINED.length, INLINED);
    if (isInlined) end = trimmed(bytes, start, end - INLINED.length);
    let module = -1;
    const opening = objectStart(bytes, start, end);
    if (opening >= 0) {
      module = this.module(bytes, opening + 1, end - 1);
      end = trimmed(bytes, start, opening);
    }
    if (end === start || startsWith(bytes, start, '[unknown]') || startsWith(bytes, start, '[0x')) {
      return this.symbols.internFrame({
        function: this.symbols.internText(addressName(addressHigh, addressLow)),
        offset: -1,
        size: -1,
        module,
        addressHigh,
        addressLow,
      });
    }
    const plus = offsetStart(bytes, start, end);
    let offset = -1;
    if (plus >= 0) {
      this.scanner.hexadecimal(bytes, plus + 3);
      // Of an inlined function perf counts from the beginning of the function around it.
      if (!isInlined && this.scanner.high === 0 && this.scanner.low >= 0) offset = this.scanner.low;
      end = plus;
    }
    return this.symbols.internFrame({
      function: this.symbols.internBytes(bytes, start, end),
      offset,
      size: -1,
      module,
      addressHigh,
      addressLow,
    });
  }

  /** String id of the module of an object, `[ext4]` or `/lib/modules/…/ext4.ko.xz`, or -1. */
  private module(bytes: Uint8Array, start: number, end: number): number {
    if (bytes[start] === OPEN_BRACKET) {
      if (NO_MODULES.some((name) => startsWith(bytes, start + 1, name))) return -1;
      return this.symbols.internBytes(bytes, start + 1, end - 1);
    }
    const nameEnd = moduleEnd(bytes, start, end);
    if (nameEnd < 0) return -1;
    let nameStart = nameEnd;
    while (nameStart > start && bytes[nameStart - 1] !== SLASH) nameStart--;
    // The file of module dm_mod is dm-mod.ko.
    const name = bytes.slice(nameStart, nameEnd).map((byte) => (byte === MINUS ? 0x5f : byte));
    return this.symbols.internBytes(name, 0, name.length);
  }
}

/** What stands for the name of a function that is not known. */
export function addressName(high: number, low: number): string {
  return `0x${((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)).toString(16)}`;
}

function trimmed(bytes: Uint8Array, start: number, textEnd: number): number {
  let end = textEnd;
  while (end > start && bytes[end - 1]! <= BLANK) end--;
  return end;
}

/** Index of the parenthesis that opens the object at the end of a frame, ` (/lib/libc.so.6)`, or -1. */
function objectStart(bytes: Uint8Array, start: number, end: number): number {
  if (end <= start || bytes[end - 1] !== CLOSE_PARENTHESIS) return -1;
  for (let i = end - 2; i >= start; i--) {
    if (bytes[i] === OPEN_PARENTHESIS && (i === start || bytes[i - 1] === BLANK)) return i;
  }
  return -1;
}

/** Where a module's name ends in its path: at `.ko`, perhaps with `.xz` and the like behind; -1 for other files. */
function moduleEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = end - 3; i > start && end - i <= 8; i--) {
    if (startsWith(bytes, i, '.ko') && (i + 3 === end || bytes[i + 3] === DOT)) return i;
  }
  return -1;
}

/** Index of the `+0x12` at the end of a symbol, or -1. */
function offsetStart(bytes: Uint8Array, start: number, end: number): number {
  let i = end - 1;
  while (i > start && HEX_VALUE[bytes[i]!]! < 16) i--;
  if (i === end - 1 || i < start + 3 || bytes[i] !== LOWER_X) return -1;
  return bytes[i - 1] === ZERO && bytes[i - 2] === PLUS ? i - 2 : -1;
}
