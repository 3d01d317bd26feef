import {
  BLANK,
  CLOSE_BRACKET,
  COLON,
  COMMA,
  DOT,
  GREATER,
  LESS,
  MINUS,
  OPEN_BRACKET,
  PLUS,
  ZERO,
  isDigit,
  startsWith,
} from './ascii';
import { NumberScanner } from './numberScanner';
import { behindQuote } from './quotedLines';

/** How far into a line the words of a log daemon, `Nov 23 05:46:12 host kernel: `, may reach. */
const LONGEST_DAEMON_HEAD = 160;
/** Between a bracket that is a time and its end: `[Mon Nov 23 05:46:12 2026]`. */
const LONGEST_BRACKET = 32;
const KERNEL = ' kernel: ';
/** Columns of a line of logcat between its time and its level: `root     0     0`, where `-v uid` asks for the first. */
const MOST_LOGCAT_COLUMNS = 3;
/** logcat pads its tag to so many characters (logprint.cpp of liblog). */
const LOGCAT_TAG = 8;

const UPPER_A = 0x41;
const UPPER_C = 0x43;
const UPPER_T = 0x54;
const UPPER_Z = 0x5a;
const SEMICOLON = 0x3b;

/**
 * Reads what stands before the text of a kernel message. The result stays in the fields. Any of these, together
 * or alone, or none:
 *
 * - `<4>` (dmesg --raw), `kern  :warn  : ` (dmesg -x), `4,1234,56789,-;` (/dev/kmsg, netconsole; time in µs)
 * - `[  123.456789] ` (print_time() of kernel/printk/printk.c), `[Mon Nov 23 05:46:12 2026] ` and
 *   `[  +0.000012] ` (dmesg -T, -e), which have no time of the kernel's clock; with dmesg -d `<    0.000012>` is in the
 *   bracket too, or alone (print_record() of util-linux, sys-utils/dmesg.c)
 * - `[    T1] `, `[    C0] ` (CONFIG_PRINTK_CALLER): the task or CPU that printed it
 * - `Nov 23 05:46:12 host kernel: `, `2026-11-23T05:46:12+00:00 host kernel: ` (syslog, journalctl),
 *   `Mon 2026-11-23 05:46:12 UTC host kernel: `, `1795412772.123456 host kernel: ` (journalctl -o short-full, short-unix),
 *   `2026-11-23T05:46:12,345678+00:00 ` (dmesg --time-format iso)
 * - `11-23 05:46:12.345     0     0 W         : ` (logcat -b kernel, its threadtime format): logd keeps the kernel's time
 *   to itself, and makes a tag of what stands before the first colon of the text
 */
export class DmesgPrefix {
  /** Whether anything of the above was there. */
  isPresent = false;
  /** Index of the message's text; the blank that indents a frame is part of the text. */
  textStart = 0;
  /**
   * Where the tag of logcat ends that the text begins with, padded with blanks, and where the text goes on behind it; -1
   * where the text stands as the kernel wrote it.
   */
  tagEnd = -1;
  behindTag = -1;
  /** Time in ns of the kernel's clock, NaN where there is none. */
  time = NaN;
  /** Task that printed the message, or -1. */
  callerPid = -1;
  /** CPU that printed the message outside of a task, or -1. */
  callerCpu = -1;
  private readonly scanner = new NumberScanner();

  /** Reads the line in `bytes[lineStart, end)`; a line end follows at `end`. */
  read(bytes: Uint8Array, lineStart: number, end: number): void {
    // In a mail; that alone does not make a line one of a log.
    const start = bytes[lineStart] === GREATER ? Math.min(end, behindQuote(bytes, lineStart)) : lineStart;
    this.time = NaN;
    this.callerPid = this.callerCpu = this.tagEnd = this.behindTag = -1;
    let at = this.daemonHead(bytes, start, end);
    if (at === start) at = this.logcatHead(bytes, start, end);
    at = this.level(bytes, at);
    if (startsWith(bytes, at, 'kern  :') && bytes[at + 13] === COLON && bytes[at + 14] === BLANK) at += 15;
    at = this.message(bytes, at, end);
    while (at < end && bytes[at] === OPEN_BRACKET) {
      const behind = this.bracket(bytes, at + 1, end);
      if (behind < 0) break;
      // A blank belongs to each bracket that has no other bracket behind it.
      at = bytes[behind] === BLANK ? behind + 1 : behind;
    }
    // journalctl -o short-monotonic: the host follows the time.
    if (at > start && !Number.isNaN(this.time)) {
      let host = at;
      while (host < end && bytes[host]! > BLANK) host++;
      if (host > at && startsWith(bytes, host, KERNEL)) at = host + KERNEL.length;
    }
    this.textStart = Math.min(at, end);
    this.isPresent = at > start;
  }

  private daemonHead(bytes: Uint8Array, start: number, end: number): number {
    const first = bytes[start]!;
    const isDate = isDigit(first) && bytes[start + 4] === 0x2d && bytes[start + 10] === UPPER_T;
    const isName = first >= UPPER_A && first <= UPPER_Z && bytes[start + 3] === BLANK;
    const isMonth = isName && bytes[start + 6] === BLANK;
    const isDayOfWeek = isName && isDigit(bytes[start + 4]!) && bytes[start + 8] === MINUS;
    const isUnixTime = isDigit(first) && bytes[start + 10] === DOT && bytes[start + 17] === BLANK;
    if (!isDate && !isMonth && !isDayOfWeek && !isUnixTime) return start;
    const stop = Math.min(end, start + LONGEST_DAEMON_HEAD);
    for (let i = start; i < stop; i++) {
      if (bytes[i] === BLANK && startsWith(bytes, i, KERNEL)) return i + KERNEL.length;
    }
    // Without a daemon only dmesg itself prints a date, down to the microsecond.
    if (!isDate || bytes[start + 19] !== COMMA) return start;
    let behind = start + 20;
    while (behind < end && bytes[behind]! > BLANK) behind++;
    return bytes[behind] === BLANK ? behind + 1 : start;
  }

  /** Of the kernel's lines alone, which are of task 0. */
  private logcatHead(bytes: Uint8Array, start: number, end: number): number {
    // `logcat -v year` has it in front.
    const date = bytes[start + 4] === MINUS ? start + 5 : start;
    const isHead = isDigit(bytes[start]!) && bytes[date + 2] === MINUS && bytes[date + 5] === BLANK;
    if (!isHead || bytes[date + 8] !== COLON || bytes[date + 14] !== DOT) return start;
    let at = behindWord(bytes, date + 6, end);
    let zeros = 0;
    for (let column = 0; column <= MOST_LOGCAT_COLUMNS; column++) {
      while (at < end && bytes[at] === BLANK) at++;
      const word = at;
      at = behindWord(bytes, at, end);
      if (at !== word + 1) zeros = 0;
      else if (bytes[word] === ZERO) zeros++;
      else return zeros >= 2 && bytes[at] === BLANK ? this.logcatTag(bytes, at + 1, end) : start;
    }
    return start;
  }

  /** The index behind an empty tag, else that of the tag. */
  private logcatTag(bytes: Uint8Array, at: number, end: number): number {
    const colon = at + LOGCAT_TAG;
    if (colon + 1 >= end || bytes[colon] !== COLON || bytes[colon + 1] !== BLANK) return at;
    let tagEnd = colon;
    while (tagEnd > at && bytes[tagEnd - 1] === BLANK) tagEnd--;
    if (tagEnd === at) return colon + 2;
    this.tagEnd = tagEnd;
    this.behindTag = colon + 2;
    return at;
  }

  private level(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== LESS) return at;
    this.scanner.number(bytes, at + 1);
    return this.scanner.found && bytes[this.scanner.next] === GREATER ? this.scanner.next + 1 : at;
  }

  /** `6,339,5140900,-,caller=T1;` of /dev/kmsg. */
  private message(bytes: Uint8Array, at: number, end: number): number {
    if (!isDigit(bytes[at]!)) return at;
    const { scanner } = this;
    let micros = 0;
    let next = at;
    for (let field = 0; field < 3; field++) {
      scanner.number(bytes, next);
      if (!scanner.found || bytes[scanner.next] !== COMMA) return at;
      micros = scanner.value;
      next = scanner.next + 1;
    }
    const flags = next;
    while (next < end && bytes[next] !== SEMICOLON) {
      if (bytes[next] === BLANK) return at;
      next++;
    }
    if (next >= end || !(micros >= 0 && micros < 2 ** 50)) return at;
    this.time = micros * 1000;
    for (let i = flags; i < next; i++) {
      if (startsWith(bytes, i, ',caller=')) this.caller(bytes, i + 8);
    }
    return next + 1;
  }

  /** What stands in a bracket, if it is a time or a caller; returns the index behind the bracket, or -1. */
  private bracket(bytes: Uint8Array, inside: number, end: number): number {
    const { scanner } = this;
    let at = inside;
    while (bytes[at] === BLANK) at++;
    if (isDigit(bytes[at]!)) {
      scanner.number(bytes, at);
      const seconds = scanner.value;
      const fraction = scanner.next + 1;
      if (bytes[scanner.next] === DOT) {
        scanner.number(bytes, fraction);
        const behind = behindDelta(bytes, scanner.next);
        if (scanner.next === fraction + 6 && bytes[behind] === CLOSE_BRACKET && seconds < 2 ** 32) {
          this.time = seconds * 1e9 + scanner.value * 1000;
          return behind + 1;
        }
      }
      return -1;
    }
    const delta = behindDelta(bytes, inside);
    if (delta > inside && bytes[delta] === CLOSE_BRACKET) return delta + 1;
    if (this.caller(bytes, at) && bytes[scanner.next] === CLOSE_BRACKET) return scanner.next + 1;
    return wallClock(bytes, inside, end);
  }

  /** `T123` or `C1`. */
  private caller(bytes: Uint8Array, at: number): boolean {
    const kind = bytes[at];
    if (kind !== UPPER_T && kind !== UPPER_C) return false;
    this.scanner.number(bytes, at + 1);
    if (!this.scanner.found || !(this.scanner.value >= 0 && this.scanner.value < 2 ** 31)) return false;
    if (kind === UPPER_T) this.callerPid = this.scanner.value;
    else this.callerCpu = this.scanner.value;
    return true;
  }
}

function behindWord(bytes: Uint8Array, at: number, end: number): number {
  let behind = at;
  while (behind < end && bytes[behind]! > BLANK) behind++;
  return behind;
}

/** The index behind `<    0.000012>` and a blank before it, or `at`. */
function behindDelta(bytes: Uint8Array, at: number): number {
  let i = bytes[at] === BLANK ? at + 1 : at;
  if (bytes[i] !== LESS) return at;
  i++;
  while (bytes[i] === BLANK || bytes[i] === MINUS || isDigit(bytes[i]!)) i++;
  if (bytes[i] !== DOT) return at;
  const fraction = i + 1;
  i = fraction;
  while (isDigit(bytes[i]!)) i++;
  return i === fraction + 6 && bytes[i] === GREATER ? i + 1 : at;
}

/**
 * The index behind `Mon Nov 23 05:46:12 2026]`, `Nov23 05:46]` or `  +0.000012]`, with what `dmesg -d` has before the
 * bracket's end, or -1.
 */
function wallClock(bytes: Uint8Array, inside: number, end: number): number {
  const stop = Math.min(end, inside + LONGEST_BRACKET);
  let hasDigit = false;
  let hasMark = false;
  for (let i = inside; i < stop; i++) {
    const byte = bytes[i]!;
    const close = behindDelta(bytes, i);
    if (bytes[close] === CLOSE_BRACKET) return hasDigit && hasMark ? close + 1 : -1;
    if (isDigit(byte)) hasDigit = true;
    else if (byte === COLON || byte === PLUS) hasMark = true;
    else if (byte !== BLANK && byte !== DOT && !isLetter(byte)) return -1;
  }
  return -1;
}

function isLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}
