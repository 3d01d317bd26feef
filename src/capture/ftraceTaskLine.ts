import {
  BLANK,
  CLOSE_BRACKET,
  CLOSE_PARENTHESIS,
  COLON,
  DOT,
  MINUS,
  NEWLINE,
  OPEN_BRACKET,
  OPEN_PARENTHESIS,
  PLUS,
  TAB,
  ZERO,
  isDigit,
} from './ascii';
import { NO_CPU } from './eventTable';
import { UNKNOWN_CONTEXT } from './stackMatcher';

/** `%16s-%-7d` of kernel/trace/trace_output.c: the comm ends here whatever bytes it holds. */
const COMM_COLUMN = 16;
/** How far into a line the dash between comm and pid is looked for: an instance's name may stand before. */
const LONGEST_HEAD = 512;
/** Flag characters: 5 in mainline, up to 8 with vendor columns; nothing sensible is longer. */
const LONGEST_FLAGS = 24;
/** Flag columns can be apart from each other, but not in more than this many groups. */
const MOST_FLAG_GROUPS = 3;
/** Decimal digits that a float64 always holds exactly. */
const EXACT_DIGITS = 15;

const LOWER_U = 0x75;
const LOWER_S = 0x73;

/** Context of the hardirq/softirq flag character: 0 task, 1 softirq, 2 hardirq, 3 NMI. Others say nothing. */
const CONTEXT = new Int8Array(256).fill(UNKNOWN_CONTEXT);
CONTEXT[LOWER_S] = 1;
for (const hard of 'hH') CONTEXT[hard.charCodeAt(0)] = 2;
for (const nmi of 'zZ') CONTEXT[nmi.charCodeAt(0)] = 3;

/**
 * Reads what stands before the text of an event: `comm-pid (tgid) [cpu] flags time: `. The result stays in
 * the fields. All variants: no tgid, no flags or any number of them, `[cpu]time:` without a blank (tick
 * clocks), latency form `comm-pid cpuflags time:`, an instance's name before the comm, `(+138)` behind the
 * time (trace-cmd report --ts-diff).
 */
export class FtraceTaskLine {
  instanceStart = 0;
  /** Equal to `instanceStart` when the line is of the top buffer. */
  instanceEnd = 0;
  commStart = 0;
  commEnd = 0;
  pid = 0;
  cpu = 0;
  context = UNKNOWN_CONTEXT;
  /** The time is `seconds` s + `nanoseconds` ns; for a tick clock `seconds` · 10^9 + `nanoseconds` ticks. */
  seconds = 0;
  nanoseconds = 0;
  isTicks = false;
  /** Finest step that the time stamp can show, in ns; 1 for ticks. */
  resolution = 1;
  /** Index of the event's text. */
  textStart = 0;
  /** {@link readNext}: instance, comm, pid and CPU are those of the line before. */
  isRepeated = false;
  /** Where the line before begins, and how long its head is up to the `]`; 0 when it cannot be compared with. */
  private previousStart = 0;
  private headLength = 0;
  private newestHeadEnd = 0;

  /** Lines read before are no longer where they were. */
  forgetPrevious(): void {
    this.headLength = 0;
  }

  /**
   * As {@link read}, for lines that follow each other in the buffer of `text`. An event and its stack, and most
   * lines of a CPU, begin alike: a compare saves reading the same comm, pid and CPU again.
   */
  readNext(bytes: Uint8Array, text: DataView, lineStart: number): boolean {
    const length = this.headLength;
    if (length > 0 && isSame(text, this.previousStart, lineStart, length)) {
      if (this.flagsAndTime(bytes, lineStart + length)) {
        const moved = lineStart - this.previousStart;
        this.commStart += moved;
        this.commEnd += moved;
        this.instanceStart = this.instanceEnd = lineStart;
        this.previousStart = lineStart;
        this.isRepeated = true;
        return true;
      }
    }
    this.isRepeated = false;
    this.headLength = 0;
    if (!this.read(bytes, lineStart)) return false;
    // In another column a dash further left may be the right one, which only the whole line tells.
    if (this.commEnd === lineStart + COMM_COLUMN && this.instanceEnd === lineStart) {
      this.previousStart = lineStart;
      this.headLength = this.newestHeadEnd - lineStart;
    }
    return true;
  }

  /** Reads the line at `lineStart`; false when it is no task line. A line end must follow somewhere. */
  read(bytes: Uint8Array, lineStart: number): boolean {
    this.instanceStart = this.instanceEnd = lineStart;
    let start = lineStart;
    let byte = bytes[start]!;
    while (byte === BLANK) byte = bytes[++start]!;

    const column = lineStart + COMM_COLUMN;
    if (start <= column && bytes[column] === MINUS && this.behindDash(bytes, column)) {
      if (!hasNewline(bytes, start, column)) return this.comm(start, column);
    }
    // Whoever quotes a trace may indent it. Whole, the line was read above: a comm may begin with a tab.
    if (byte === TAB) {
      while (byte === BLANK || byte === TAB) byte = bytes[++start]!;
    } else if (start === lineStart && this.instanceHead(bytes, lineStart)) {
      return true;
    }
    return this.leftmostDash(bytes, start);
  }

  private leftmostDash(bytes: Uint8Array, start: number): boolean {
    for (let i = start, stop = start + LONGEST_HEAD; i < stop && bytes[i] !== NEWLINE; i++) {
      if (bytes[i] === MINUS && i > start && this.behindDash(bytes, i)) return this.comm(start, i);
    }
    return false;
  }

  /** `pins:            owner-671`: the buffers of a report begin their lines so; the top one with blanks. */
  private instanceHead(bytes: Uint8Array, lineStart: number): boolean {
    let i = lineStart;
    const stop = lineStart + LONGEST_HEAD;
    while (i < stop && bytes[i] !== BLANK && bytes[i] !== NEWLINE) i++;
    if (i === lineStart || bytes[i] !== BLANK || bytes[i - 1] !== COLON) return false;
    const instanceEnd = i - 1;
    while (bytes[i] === BLANK) i++;
    if (!this.leftmostDash(bytes, i)) return false;
    this.instanceEnd = instanceEnd;
    return true;
  }

  private comm(start: number, end: number): true {
    this.commStart = start;
    this.commEnd = end;
    return true;
  }

  private behindDash(bytes: Uint8Array, dash: number): boolean {
    let i = dash + 1;
    let byte = bytes[i]!;
    let pid = 0;
    for (; isDigit(byte); byte = bytes[++i]!) pid = pid * 10 + (byte - ZERO);
    const digits = i - dash - 1;
    if (digits === 0 || digits > 10 || pid > 0x7fffffff || byte !== BLANK) return false;
    while (byte === BLANK) byte = bytes[++i]!;

    if (byte === OPEN_PARENTHESIS) {
      const stop = i + 16;
      while (i < stop && byte !== CLOSE_PARENTHESIS && byte !== NEWLINE) byte = bytes[++i]!;
      if (byte !== CLOSE_PARENTHESIS) return false;
      byte = bytes[++i]!;
      while (byte === BLANK) byte = bytes[++i]!;
    }

    const bracketed = byte === OPEN_BRACKET;
    if (bracketed) byte = bytes[++i]!;
    const cpuStart = i;
    let cpu = 0;
    for (; isDigit(byte); byte = bytes[++i]!) cpu = cpu * 10 + (byte - ZERO);
    if (i === cpuStart || i - cpuStart > 5 || cpu >= NO_CPU) return false;
    if (bracketed) {
      if (byte !== CLOSE_BRACKET) return false;
      i++;
    } else if (byte === BLANK || byte === NEWLINE || byte === COLON) {
      return false;
    }
    this.pid = pid;
    this.cpu = cpu;
    this.newestHeadEnd = bracketed ? i : 0;
    return this.flagsAndTime(bytes, i);
  }

  private flagsAndTime(bytes: Uint8Array, at: number): boolean {
    let i = at;
    this.context = UNKNOWN_CONTEXT;
    for (let groups = 0; ; groups++) {
      let byte = bytes[i]!;
      while (byte === BLANK) byte = bytes[++i]!;
      if (isDigit(byte) && this.time(bytes, i)) return true;
      if (groups === MOST_FLAG_GROUPS) return false;
      const stop = i + LONGEST_FLAGS;
      let context = 0;
      for (; byte !== BLANK && byte !== NEWLINE; byte = bytes[++i]!) {
        if (i === stop) return false;
        if (CONTEXT[byte]! > context) context = CONTEXT[byte]!;
      }
      if (byte === NEWLINE) return false;
      if (context > this.context) this.context = context;
    }
  }

  /** `17.462829:`, `212826213246:`, `7289us+: `. */
  private time(bytes: Uint8Array, start: number): boolean {
    let i = start;
    let byte = bytes[i]!;
    let whole = 0;
    for (; isDigit(byte); byte = bytes[++i]!) whole = whole * 10 + (byte - ZERO);
    const digits = i - start;
    if (byte === DOT) {
      const fractionStart = ++i;
      byte = bytes[i]!;
      let fraction = 0;
      for (; isDigit(byte); byte = bytes[++i]!) fraction = fraction * 10 + (byte - ZERO);
      const fractionDigits = i - fractionStart;
      if (byte !== COLON || fractionDigits === 0 || fractionDigits > 9 || digits > EXACT_DIGITS) return false;
      let step = 1;
      for (let digit = fractionDigits; digit < 9; digit++) step *= 10;
      this.seconds = whole;
      this.nanoseconds = fraction * step;
      this.resolution = step;
      this.isTicks = false;
      return this.text(bytes, i + 1);
    }
    if (byte === COLON) {
      if (digits > 20) return false;
      this.seconds = 0;
      this.nanoseconds = whole;
      if (digits > EXACT_DIGITS) this.splitTicks(bytes, start, i);
      this.resolution = 1;
      this.isTicks = true;
      return this.text(bytes, i + 1);
    }
    if (byte === LOWER_U && bytes[i + 1] === LOWER_S) {
      // kernel/trace/trace_output.c, lat_print_timestamp(): a mark for long delays before the colon.
      i += 2;
      if (bytes[i] !== COLON && bytes[i] !== NEWLINE) i++;
      if (bytes[i] !== COLON || digits > EXACT_DIGITS) return false;
      this.seconds = Math.floor(whole / 1e6);
      this.nanoseconds = (whole % 1e6) * 1000;
      this.resolution = 1000;
      this.isTicks = false;
      return this.text(bytes, i + 1);
    }
    return false;
  }

  private splitTicks(bytes: Uint8Array, start: number, end: number): void {
    let high = 0;
    let low = 0;
    let i = start;
    for (; i < end - 9; i++) high = high * 10 + (bytes[i]! - ZERO);
    for (; i < end; i++) low = low * 10 + (bytes[i]! - ZERO);
    this.seconds = high;
    this.nanoseconds = low;
  }

  private text(bytes: Uint8Array, at: number): true {
    let i = at;
    let byte = bytes[i]!;
    while (byte === BLANK || byte === TAB) byte = bytes[++i]!;
    if (byte === OPEN_PARENTHESIS && bytes[i + 1] === PLUS) {
      let end = i + 2;
      while (isDigit(bytes[end]!) || bytes[end] === DOT) end++;
      if (bytes[end] === CLOSE_PARENTHESIS) {
        i = end + 1;
        while (bytes[i] === BLANK) i++;
      }
    }
    this.textStart = i;
    return true;
  }
}

/** Whether `length` bytes at two places are the same. */
function isSame(text: DataView, first: number, second: number, length: number): boolean {
  if (second + length > text.byteLength) return false;
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    if (text.getInt32(first + i, true) !== text.getInt32(second + i, true)) return false;
  }
  for (; i < length; i++) if (text.getUint8(first + i) !== text.getUint8(second + i)) return false;
  return true;
}

function hasNewline(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] === NEWLINE) return true;
  return false;
}
