import {
  BLANK,
  CLOSE_BRACKET,
  COLON,
  DOT,
  MINUS,
  NEWLINE,
  OPEN_BRACKET,
  SLASH,
  ZERO,
  isDigit,
  startsWith,
} from './ascii';

/** How far into a line the task and the time are looked for. A comm has 15 bytes, a prefix of perf a few more. */
const LONGEST_HEAD = 512;
/** Columns that may stand between cpu and time: record flags (-F +misc), date and time of day (-F +tod). */
const MOST_OTHER_COLUMNS = 3;
/** Begins what perf prints of a record that is no event. */
export const OTHER_RECORD = 'PERF_RECORD_';
/** Decimal digits that a float64 always holds exactly. */
const EXACT_DIGITS = 15;

/**
 * Reads the first line of a record of `perf script` (perf_sample__fprintf_start() and process_event() of
 * tools/perf/builtin-script.c): `comm pid/tid [cpu] time: period event: fields`. The result stays in the fields.
 * The columns are the user's choice (-F), so each of them may be missing; a comm may hold blanks, digits, dashes
 * and colons.
 */
export class PerfScriptLine {
  commStart = 0;
  /** Equal to `commStart` where the line names no task. */
  commEnd = 0;
  /** Thread id (what ftrace calls pid), -1 where the line has none. */
  tid = -1;
  /** -1 where the line has none. */
  cpu = -1;
  hasTime = false;
  seconds = 0;
  nanoseconds = 0;
  /** Finest step that the time can show, in ns. */
  resolution = 1;
  nameStart = 0;
  /** End of the event's name; equal to `nameStart` where the line has none. */
  nameEnd = 0;
  /** Index of the event's text, behind the name and its colon. */
  textStart = 0;
  /** A line about a record of another kind: `PERF_RECORD_COMM`, … (--show-task-events, --show-lost-events). */
  isOtherRecord = false;

  private next = 0;

  /** Reads the line at `lineStart`; false when it is no first line of a record. A line end must follow. */
  read(bytes: Uint8Array, lineStart: number): boolean {
    let start = lineStart;
    while (bytes[start] === BLANK) start++;
    this.commStart = start;
    if (this.task(bytes, start, start)) return this.event(bytes);
    const stop = start + LONGEST_HEAD;
    for (let i = start; i < stop && bytes[i] !== NEWLINE; i++) {
      if (bytes[i] !== BLANK) continue;
      const next = bytes[i + 1]!;
      if ((isDigit(next) || next === MINUS) && this.task(bytes, i + 1, i)) return this.event(bytes);
    }
    return this.freeColumns(bytes, start);
  }

  /** `pid/tid [cpu] … time:` at `at`, with the comm before. */
  private task(bytes: Uint8Array, at: number, commEnd: number): boolean {
    let i = this.taskNumber(bytes, at);
    if (i < 0) return false;
    let byte = bytes[i]!;
    while (byte === BLANK) byte = bytes[++i]!;
    if (byte === OPEN_BRACKET) {
      i = this.bracketedCpu(bytes, i);
      if (i < 0 || !this.timeBehindColumns(bytes, i)) return false;
    } else {
      this.cpu = -1;
      if (!this.time(bytes, i) && !this.bareCpuAndTime(bytes, i)) return false;
    }
    this.setCommEnd(bytes, commEnd);
    return true;
  }

  /** Reads `pid`, `pid/tid` or `-1` and returns the index of the blank behind it, or -1. */
  private taskNumber(bytes: Uint8Array, at: number): number {
    let i = this.integer(bytes, at);
    if (i >= 0 && bytes[i] === SLASH) i = this.integer(bytes, i + 1);
    return i >= 0 && bytes[i] === BLANK ? i : -1;
  }

  /** Reads an integer of at most 31 bits into `tid` and returns the index behind it, or -1. */
  private integer(bytes: Uint8Array, at: number): number {
    const isNegative = bytes[at] === MINUS;
    const first = isNegative ? at + 1 : at;
    let i = first;
    let value = 0;
    for (let byte = bytes[i]!; isDigit(byte); byte = bytes[++i]!) value = value * 10 + (byte - ZERO);
    if (i === first || i - first > 10 || value > 0x7fffffff) return -1;
    this.tid = isNegative ? -1 : value;
    return i;
  }

  /** Reads `[003]` and returns the index behind it, or -1. */
  private bracketedCpu(bytes: Uint8Array, at: number): number {
    // A cpu that perf does not know is -1, printed with %03d.
    if (startsWith(bytes, at, '[-01]')) {
      this.cpu = -1;
      return at + 5;
    }
    let i = at + 1;
    let cpu = 0;
    for (let byte = bytes[i]!; isDigit(byte); byte = bytes[++i]!) cpu = cpu * 10 + (byte - ZERO);
    if (i === at + 1 || i - at > 6 || bytes[i] !== CLOSE_BRACKET || cpu >= 0xffff) return -1;
    this.cpu = cpu;
    return i + 1;
  }

  private timeBehindColumns(bytes: Uint8Array, at: number): boolean {
    let i = at;
    for (let columns = 0; columns <= MOST_OTHER_COLUMNS; columns++) {
      while (bytes[i] === BLANK) i++;
      if (this.time(bytes, i)) return true;
      if (bytes[i] === OPEN_BRACKET) return false;
      while (bytes[i]! > BLANK) i++;
      if (bytes[i] !== BLANK) return false;
    }
    return false;
  }

  /** `perf script --latency` prints the cpu without brackets. */
  private bareCpuAndTime(bytes: Uint8Array, at: number): boolean {
    let i = at;
    let cpu = 0;
    for (let byte = bytes[i]!; isDigit(byte); byte = bytes[++i]!) cpu = cpu * 10 + (byte - ZERO);
    if (i === at || i - at > 5 || bytes[i] !== BLANK || cpu >= 0xffff) return false;
    while (bytes[i] === BLANK) i++;
    this.cpu = cpu;
    return this.time(bytes, i);
  }

  /** `321.996783:` or `321.996783319:` at `at`; `next` is then behind the colon. */
  private time(bytes: Uint8Array, at: number): boolean {
    let i = at;
    let byte = bytes[i]!;
    let seconds = 0;
    for (; isDigit(byte); byte = bytes[++i]!) seconds = seconds * 10 + (byte - ZERO);
    if (i === at || i - at > EXACT_DIGITS || byte !== DOT) return false;
    const fractionStart = ++i;
    byte = bytes[i]!;
    let fraction = 0;
    for (; isDigit(byte); byte = bytes[++i]!) fraction = fraction * 10 + (byte - ZERO);
    const digits = i - fractionStart;
    if (byte !== COLON || digits === 0 || digits > 9 || bytes[i + 1]! > BLANK) return false;
    let step = 1;
    for (let digit = digits; digit < 9; digit++) step *= 10;
    this.seconds = seconds;
    this.nanoseconds = fraction * step;
    this.resolution = step;
    this.hasTime = true;
    this.next = i + 1;
    return true;
  }

  /** The event's name behind the time; a period (-F +period) may stand before it. */
  private event(bytes: Uint8Array): true {
    let i = this.next;
    while (bytes[i] === BLANK) i++;
    let end = wordEnd(bytes, i);
    if (isInteger(bytes, i, end)) {
      i = end;
      while (bytes[i] === BLANK) i++;
      end = wordEnd(bytes, i);
    }
    // `PERF_RECORD_COMM: perf:12/12` is named like an event (perf_event__fprintf() of tools/perf/util/event.c).
    this.isOtherRecord = startsWith(bytes, i, OTHER_RECORD);
    const isNamed = end > i + 1 && bytes[end - 1] === COLON && !this.isOtherRecord;
    this.nameStart = i;
    this.nameEnd = isNamed ? end - 1 : i;
    this.textStart = isNamed ? end : i;
    return true;
  }

  /**
   * Whatever columns there are before a `system:event:`; the last number before the cpu, the time or the event
   * is the task.
   */
  private freeColumns(bytes: Uint8Array, lineStart: number): boolean {
    this.cpu = this.tid = -1;
    this.hasTime = false;
    let commEnd = -1;
    let taskAt = -1;
    const stop = lineStart + LONGEST_HEAD;
    for (let i = lineStart; i < stop && bytes[i] !== NEWLINE;) {
      const end = wordEnd(bytes, i);
      if (isTracepoint(bytes, i, end)) {
        if (commEnd < 0) commEnd = taskAt < 0 ? i : taskAt;
        this.setCommEnd(bytes, commEnd);
        this.next = i;
        return this.event(bytes);
      }
      const isCpu = bytes[i] === OPEN_BRACKET && this.bracketedCpu(bytes, i) === end;
      if (isCpu && commEnd < 0 && taskAt < 0 && isFtraceTask(bytes, lineStart, i)) return false;
      if (isCpu || this.time(bytes, i)) {
        if (commEnd < 0) commEnd = taskAt < 0 ? i : taskAt;
      } else if (commEnd < 0 && this.taskNumber(bytes, i) === end) {
        taskAt = i;
      } else if (commEnd < 0) {
        taskAt = this.tid = -1;
      }
      i = end;
      while (bytes[i]! <= BLANK && bytes[i] !== NEWLINE) i++;
    }
    return false;
  }

  private setCommEnd(bytes: Uint8Array, at: number): void {
    let end = at;
    while (end > this.commStart && bytes[end - 1] === BLANK) end--;
    this.commEnd = end;
  }
}

/** `comm-pid ` before the cpu is how ftrace and trace-cmd name a task. */
function isFtraceTask(bytes: Uint8Array, start: number, end: number): boolean {
  let i = end - 1;
  while (i > start && bytes[i] === BLANK) i--;
  const last = i;
  while (i > start && isDigit(bytes[i]!)) i--;
  return i < last && bytes[i] === MINUS;
}

function wordEnd(bytes: Uint8Array, at: number): number {
  let end = at;
  while (bytes[end]! > BLANK) end++;
  return end;
}

function isInteger(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (!isDigit(bytes[i]!)) return false;
  return end > start;
}

/** `system:event:`, in the letters that the kernel's TRACE_EVENT names are made of. */
function isTracepoint(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 4 || bytes[end - 1] !== COLON || isDigit(bytes[start]!)) return false;
  let colons = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === COLON) colons++;
    else if (!isWordByte(byte)) return false;
  }
  return colons >= 2 && bytes[start] !== COLON && bytes[end - 2] !== COLON;
}

function isWordByte(byte: number): boolean {
  return isDigit(byte) || (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f;
}
