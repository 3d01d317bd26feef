import { BLANK, COLON, HASH, MINUS, NEWLINE, asciiText, isDigit, startsWith } from './ascii';
import { AllocationTableBuilder } from './allocationTableBuilder';
import { DmesgPageDumps, isPageLine } from './dmesgPageDumps';
import { DmesgPrefix } from './dmesgPrefix';
import { eventKindOf } from './eventNames';
import { EventKind, type KernelIdentity, type TimeGoesBack } from './eventTable';
import { isFrameLine } from './ftraceStackFrames';
import { FtraceTaskLine } from './ftraceTaskLine';
import { FtraceTextReader } from './ftraceText';
import { grown } from './growingColumn';
import { LineByLineReader } from './lineByLineReader';
import { LineWindow } from './lineWindow';
import { countOtherEvents } from './otherEvents';
import type { TextReader } from './textReader';

/** Of the lines of a kernel log at least one in so many has a prefix that only such logs have. */
const LINES_PER_PREFIX = 8;
/** Reasons of dumps that are named among the facts. */
const NAMED_REASONS = 8;

const FTRACE_BEGINS = 'Dumping ftrace buffer:';
const FTRACE_RULE = '---------------------------------';
const FTRACE_EMPTY = '   (ftrace buffer empty)';
/** Begins a trace that was written into the log as it stands in the file: print_trace_header() of kernel/trace/trace.c. */
const TRACER = '# tracer: ';
/**
 * `%16s-%-7d` and, of ftrace_dump() and latency-format, `%8.8s-%-7d` of kernel/trace/trace_output.c: where one of these has
 * its dash. Nearly all other lines have none there, and need no look at the rest.
 */
const COMM_COLUMNS = [16, 8];
/** Longest name of an event that the analysis uses, with its system and the colon. */
const LONGEST_NAME = 64;
const EVENT_NAME = /^([a-z]\w*(?::\w+)?): /;
const DUMPED = 'page dumped because: ';

/** Whether a text begins like a kernel log, or has a page dump among its first lines. */
export function isDmesg(head: Uint8Array): boolean {
  const prefix = new DmesgPrefix();
  let lines = 0;
  let withPrefix = 0;
  for (let at = 0; at < head.length;) {
    const end = head.indexOf(NEWLINE, at);
    if (end < 0) break;
    prefix.read(head, at, end);
    const text = prefix.textStart;
    if (startsWith(head, text, 'page:') && isPageLine(head, text, end)) return true;
    if (startsWith(head, text, DUMPED) || startsWith(head, text, FTRACE_BEGINS)) return true;
    if (end > at) lines++;
    if (prefix.isPresent) withPrefix++;
    at = end + 1;
  }
  return withPrefix > 0 && withPrefix * LINES_PER_PREFIX >= lines;
}

/** What part of an ftrace buffer dump is being read (ftrace_dump() of kernel/trace/trace.c). */
const enum FtracePart {
  None,
  /** Behind its heading; its first rule comes now. */
  Heading,
  /** Between its rules. */
  Events,
}

/**
 * Reads the kernel's log, from dmesg, syslog, a journal or a serial console, for page dumps
 * ({@link DmesgPageDumps}) and for the ftrace buffer that the kernel prints when it dies (ftrace_dump_on_oops).
 * Everything else in it is passed over.
 */
export class DmesgReader extends LineByLineReader implements TextReader {
  readonly allocations = new AllocationTableBuilder();
  readonly format = 'dmesg';
  readonly facts = new Map<string, string>();
  /** Lines with a prefix or a page dump in them. */
  ownLines = 0;

  /** Reads the lines of an ftrace buffer, bare of their prefix; its table takes the page dumps too. */
  private readonly ftrace = new FtraceTextReader();
  private readonly ftraceLines = new LineWindow(this.ftrace, 0);
  private readonly ftracePlaces = new LinePlaces();
  private ftracePart = FtracePart.None;
  private ftraceDumps = 0;
  /** Lines of ftrace that no heading stands before. */
  private hasBareFtrace = false;
  private hasUnmarkedFtrace = false;
  private readonly taskLine = new FtraceTaskLine();
  private readonly prefix = new DmesgPrefix();
  private lineOffset = 0;
  private readonly dumps = new DmesgPageDumps(
    this.ftrace.table,
    this.ftrace.symbols,
    this.allocations,
    (message) => {
      this.problems.add(this.lineOffset, this.line, message);
    },
  );
  private baseNanoseconds = 0n;

  protected override record(bytes: Uint8Array, at: number): number {
    const lineEnd = bytes.indexOf(NEWLINE, at);
    this.lineOffset = this.fileOffset + at;
    this.logLine(bytes, at, lineEnd);
    return lineEnd + 1;
  }

  get table(): FtraceTextReader['table'] {
    return this.ftrace.table;
  }

  get symbols(): FtraceTextReader['symbols'] {
    return this.ftrace.symbols;
  }

  get gapRecorder(): FtraceTextReader['gapRecorder'] {
    return this.ftrace.gapRecorder;
  }

  get stackRecords(): number {
    return this.dumps.stackRecords + this.ftrace.stackRecords;
  }

  get orphanStacks(): number {
    return this.ftrace.orphanStacks;
  }

  get unprintedStacks(): number {
    return this.ftrace.unprintedStacks;
  }

  get isTicks(): boolean {
    return this.hasFtrace && this.ftrace.isTicks;
  }

  get resolution(): number {
    return this.hasFtrace ? this.ftrace.resolution : 1000;
  }

  get timeBase(): bigint {
    return this.hasFtrace ? this.ftrace.timeBase : this.baseNanoseconds;
  }

  /** As {@link Capture.timeGoesBack}, of ftrace buffers: page dumps are judged one by one. */
  get timeGoesBack(): TimeGoesBack | null {
    const found = this.ftrace.timeGoesBack;
    return found && { ...found, line: this.ftracePlaces.line[found.line - 1]! };
  }

  /** The log ends here. */
  finish(): void {
    this.dumps.finish();
    this.ftraceLines.finish();
    this.placeFtrace();
    this.rebase();
    this.allocations.sort();
    if (this.table.length > 0) return;
    this.problems.addForFile(
      0,
      'a kernel log in which no page is dumped, expected the output of dump_page() ("page:… refcount:… mapcount:…") or ' +
        'an ftrace buffer ("Dumping ftrace buffer:"); choose the trace, or a log that reaches back far enough',
    );
  }

  factList(): (readonly [string, string])[] {
    const facts: (readonly [string, string])[] = [...this.facts];
    const { rows, reasons } = this.dumps;
    if (rows.length > 0) facts.push(['page dumps', String(rows.length)]);
    if (reasons.size > 0) {
      const named = [...reasons].sort((a, b) => b[1] - a[1]).slice(0, NAMED_REASONS);
      const rest = reasons.size - named.length;
      const texts = named.map(([reason, count]) => `${reason} (${count})`);
      facts.push(['dumped because', texts.join(', ') + (rest > 0 ? ` and ${rest} more reasons` : '')]);
    }
    if (this.ftraceDumps > 0) facts.push(['ftrace buffers printed', String(this.ftraceDumps)]);
    if (this.ftraceDumps > 0 || this.hasBareFtrace) {
      facts.push(...this.ftrace.factList());
      if (this.hasFtrace && rows.length > 0) {
        facts.push([
          'times',
          'of the ftrace buffer, which has its own clock; page dumps have none beside it',
        ]);
      }
    }
    return facts;
  }

  get kernel(): KernelIdentity | null {
    const { release } = this.dumps;
    return release === null ? null : { release, buildId: null };
  }

  otherEvents(): Map<string, number> {
    return countOtherEvents(this.table, this.symbols);
  }

  private get hasFtrace(): boolean {
    return this.table.length > this.dumps.rows.length;
  }

  private logLine(bytes: Uint8Array, at: number, lineEnd: number): void {
    const { prefix } = this;
    let end = lineEnd;
    while (end > at && bytes[end - 1]! < 0x20) end--;
    prefix.read(bytes, at, end);
    const text = prefix.textStart;
    if (prefix.isPresent) this.ownLines++;
    if (!this.ftraceLine(bytes, text, lineEnd)) {
      const dumps = this.dumps.rows.length;
      if (prefix.behindTag < 0) this.dumps.read(bytes, text, end, prefix, this.lineOffset);
      else this.taggedLine(bytes, end);
      if (this.dumps.rows.length > dumps && !prefix.isPresent) this.ownLines++;
    }
    this.line++;
  }

  /** A text whose begin logcat padded: `page    : refcount:3 …`. */
  private taggedLine(bytes: Uint8Array, end: number): void {
    const { textStart, tagEnd, behindTag } = this.prefix;
    const length = tagEnd - textStart + 2 + Math.max(0, end - behindTag);
    // A line end, and a few bytes that a look ahead may read.
    const text = new Uint8Array(length + 16).fill(NEWLINE);
    text.set(bytes.subarray(textStart, tagEnd));
    text.set([COLON, BLANK], tagEnd - textStart);
    text.set(bytes.subarray(behindTag, end), tagEnd - textStart + 2);
    this.dumps.read(text, 0, length, this.prefix, this.lineOffset);
  }

  /** Lines of an ftrace buffer; false for all others. */
  private ftraceLine(bytes: Uint8Array, text: number, lineEnd: number): boolean {
    switch (this.ftracePart) {
      case FtracePart.None:
        if (!startsWith(bytes, text, FTRACE_BEGINS)) return this.bareFtraceLine(bytes, text, lineEnd);
        this.ftracePart = FtracePart.Heading;
        this.ftraceDumps++;
        this.ownLines++;
        return true;
      case FtracePart.Heading:
        if (startsWith(bytes, text, FTRACE_RULE)) this.ftracePart = FtracePart.Events;
        else if (startsWith(bytes, text, FTRACE_EMPTY)) this.ftracePart = FtracePart.None;
        else return false;
        return true;
      case FtracePart.Events:
        if (startsWith(bytes, text, FTRACE_RULE)) {
          this.ftracePart = FtracePart.None;
          return true;
        }
        this.takeFtrace(bytes, text, lineEnd);
        return true;
    }
  }

  private takeFtrace(bytes: Uint8Array, text: number, lineEnd: number): void {
    this.ftracePlaces.add(lineEnd + 1 - text, this.lineOffset, this.line);
    this.ftraceLines.push(bytes.subarray(text, lineEnd + 1));
  }

  /**
   * A line of an ftrace buffer whose heading the log has lost, as it does when it is too small for all of the buffer, or
   * of a trace that somebody wrote to /dev/kmsg: messages of the kernel may stand between them.
   */
  private bareFtraceLine(bytes: Uint8Array, text: number, lineEnd: number): boolean {
    if (!this.prefix.isPresent) {
      this.unmarkedLine(bytes, text, lineEnd);
      return false;
    }
    if (!this.isBareFtrace(bytes, text, lineEnd)) return false;
    this.hasBareFtrace = true;
    this.takeFtrace(bytes, text, lineEnd);
    return true;
  }

  private isBareFtrace(bytes: Uint8Array, text: number, lineEnd: number): boolean {
    const { taskLine, hasBareFtrace } = this;
    const first = bytes[text]!;
    if (!hasBareFtrace) return this.beginsFtrace(bytes, text, lineEnd);
    if (first === HASH) return startsWith(bytes, text, TRACER) || isHeadLine(bytes, text);
    return isFrameLine(bytes, text) || isLoss(bytes, text) || taskLine.read(bytes, text);
  }

  private beginsFtrace(bytes: Uint8Array, text: number, lineEnd: number): boolean {
    const { taskLine } = this;
    if (bytes[text] === HASH) return startsWith(bytes, text, TRACER);
    if (!COMM_COLUMNS.some((column) => bytes[text + column] === MINUS)) return false;
    return taskLine.read(bytes, text) && isOfPages(bytes, taskLine.textStart, lineEnd);
  }

  /** A trace in the same file that the kernel did not write into its log: printed on the console, or put behind it. */
  private unmarkedLine(bytes: Uint8Array, text: number, lineEnd: number): void {
    if (this.hasUnmarkedFtrace || !this.beginsFtrace(bytes, text, lineEnd)) return;
    this.hasUnmarkedFtrace = true;
    this.problems.add(
      this.lineOffset,
      this.line,
      'lines of a trace without the prefix of the log, expected one before each line that the kernel wrote into it; they ' +
        'were left out, put them into a file of their own and open that beside the log',
    );
  }

  /** Turns offsets and lines in the bare text of the ftrace buffers into those of the file. */
  private placeFtrace(): void {
    const { ftrace, ftracePlaces: places, problems, table } = this;
    const dumps = this.dumps.rows;
    for (let row = 0, dump = 0; row < table.length; row++) {
      if (dumps[dump] === row) {
        dump++;
        continue;
      }
      const place = places.find(table.offset(row));
      table.offsetHigh[row] = 0;
      table.setOffset(row, places.offset[place]!);
    }
    for (const { offset, message } of ftrace.problems.kept) {
      const place = places.find(offset);
      problems.add(places.offset[place]!, places.line[place]!, message);
    }
    problems.count += ftrace.problems.count - ftrace.problems.kept.length;
    problems.kept.sort((a, b) => a.offset - b.offset);
  }

  /** Makes the times of the dumps relative to the first one. */
  private rebase(): void {
    const { table, hasFtrace } = this;
    const { rows } = this.dumps;
    const base = rows.map((row) => table.time[row]!).find((time) => !Number.isNaN(time)) ?? 0;
    for (const row of rows) table.time[row] = hasFtrace ? NaN : table.time[row]! - base;
    this.baseNanoseconds = BigInt(base);
  }
}

/** `# entries-in-buffer/…`, `#           TASK-PID`, `##### CPU 2 buffer started ####`. */
function isHeadLine(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at + 1]!;
  return next <= BLANK || next === HASH;
}

/** `CPU:1 [LOST 2 EVENTS]`; what begins a call trace is `CPU: 1 PID: 308`. */
function isLoss(bytes: Uint8Array, at: number): boolean {
  return startsWith(bytes, at, 'CPU:') && isDigit(bytes[at + 4]!);
}

/** Whether what stands behind the time is an event that tells of pages, or a stack: no other message is taken for one. */
function isOfPages(bytes: Uint8Array, at: number, end: number): boolean {
  if (startsWith(bytes, at, '<stack trace')) return true;
  const [, name] = EVENT_NAME.exec(asciiText(bytes, at, end, LONGEST_NAME)) ?? [];
  return name !== undefined && eventKindOf(name) !== EventKind.Other;
}

/** Where the lines of a text that was put together from parts of a file stand in that file. */
class LinePlaces {
  length = 0;
  /** Offset of each line in the file. */
  offset = new Float64Array(0);
  /** 1-based line of the file. */
  line = new Float64Array(0);
  /** Offset of each line in the text. */
  private start = new Float64Array(0);
  private textLength = 0;

  /** The next line of the text, `bytes` long, stands at `offset` in the file. */
  add(bytes: number, offset: number, line: number): void {
    const place = this.length++;
    if (place === this.start.length) {
      const capacity = Math.max(256, place * 2);
      this.offset = grown(this.offset, new Float64Array(capacity));
      this.line = grown(this.line, new Float64Array(capacity));
      this.start = grown(this.start, new Float64Array(capacity));
    }
    this.offset[place] = offset;
    this.line[place] = line;
    this.start[place] = this.textLength;
    this.textLength += bytes;
  }

  /** The line that holds the byte at `textOffset` of the text. */
  find(textOffset: number): number {
    let first = 0;
    let behind = this.length;
    while (first < behind) {
      const middle = (first + behind) >>> 1;
      if (this.start[middle]! <= textOffset) first = middle + 1;
      else behind = middle;
    }
    return first - 1;
  }
}
