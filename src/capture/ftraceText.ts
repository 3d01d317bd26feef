import {
  BLANK,
  COLON,
  HASH,
  LESS,
  NEWLINE,
  RETURN,
  TAB,
  ZERO,
  asciiText,
  countLines,
  isDigit,
  lineEndOf,
  startsWith,
} from './ascii';
import { ByteInterner } from './byteInterner';
import { DEFAULT_OPTIONS } from './detectFormat';
import { EntryCount } from './entryCount';
import {
  EventKind,
  NONE,
  type JoinedTraces,
  type KernelIdentity,
  type MissingEntries,
  type TimeGoesBack,
  type UncertainFlags,
} from './eventTable';
import { eventKindOf } from './eventNames';
import { EventTableBuilder } from './eventTableBuilder';
import { excerpt } from './excerpt';
import { FtraceFields } from './ftraceFields';
import { FtraceStackFrames, isFrameLine } from './ftraceStackFrames';
import { FtraceTaskLine } from './ftraceTaskLine';
import { GapRecorder } from './gapRecorder';
import { InstanceEvents } from './instanceEvents';
import { KindsByName } from './kindsByName';
import { LineByLineReader } from './lineByLineReader';
import { countOtherEvents } from './otherEvents';
import { StackBlockCache } from './stackBlockCache';
import { stackEnd } from './stackLines';
import { StackMatcher } from './stackMatcher';
import { SymbolTableBuilder } from './symbolTableBuilder';
import type { TextReader } from './textReader';
import { TimeOrder } from './timeOrder';
import { TimeSinceFirst } from './timeSinceFirst';

/** More instances than a sensible recording has share one record of what waits for a stack. */
const MOST_INSTANCES = 64;
/** The least key of an instance's matchers. */
const FIRST_OF_INSTANCES = 0x10000;

/** What a name stands for, beside the kinds of events. */
const KERNEL_STACK = 100;
const USER_STACK = 101;

const EXPECTED_LINE = 'expected "task-pid [cpu] flags time: event: fields", frames or a "#" header line';

/** print_event_info() of kernel/trace/trace.c. */
const ENTRIES_LINE = /^# entries-in-buffer\/entries-written: (\d+)\/(\d+)(?:\s+#P:(\d+))?/;
/** The same numbers with options/latency-format: print_trace_header() of kernel/trace/trace.c. */
const LATENCY_LINE = /^# latency: \d+ us, #(\d+)\/(\d+), CPU#\d+ \|(?:.* #P:(\d+)\)$)?/;

/**
 * With options/fields, print_event_fields() of kernel/trace/trace_output.c (6.4 and later) prints this, and the number
 * of the type, in place of what the tracers' own records hold: stacks, and what trace_marker was given.
 */
const UNPRINTED = 'UNKNOWN TYPE ';
/** TRACE_STACK of enum trace_type in kernel/trace/trace.h, as a digit. */
const STACK_TYPE = ZERO + 4;

/** Events that the kernel writes for a stack, as trace-cmd report names them; kernel_stack_rel is announced. */
function recordKindOf(name: string): number {
  if (/^kernel_(rel_)?stack(_rel)?$/.test(name)) return KERNEL_STACK;
  if (name === 'user_stack') return USER_STACK;
  return eventKindOf(name);
}

/**
 * Reads the text that the kernel (`trace`, `trace_pipe`) and `trace-cmd report` print, line by line, into
 * columns.
 */
export class FtraceTextReader extends LineByLineReader implements TextReader {
  readonly table = new EventTableBuilder();
  readonly symbols = new SymbolTableBuilder();
  readonly gapRecorder = new GapRecorder();
  stackRecords = 0;
  orphanStacks = 0;
  userStacks = 0;
  /** Stacks of which the text only says that they were recorded. */
  unprintedStacks = 0;
  /** Stacks of which the text prints fewer frames than the record had. */
  cutStacks = 0;
  /** Lines that only ftrace text has: headers, losses, stack heads. */
  ownLines = 0;
  isTraceCmd = false;
  isTicks = false;
  resolution = 1;
  readonly facts = new Map<string, string>();

  private readonly taskLine = new FtraceTaskLine();
  private readonly lineInStack = new FtraceTaskLine();
  private readonly fields = new FtraceFields(this.table, this.symbols, this.facts);
  private readonly frames = new FtraceStackFrames(this.symbols);
  private readonly blocks = new StackBlockCache();
  private readonly instanceNames = new ByteInterner();
  private instanceEvents: InstanceEvents | null = null;
  /** By instance (0 is the top buffer) · 2^16 + CPU. */
  private readonly matchers = new Map<number, StackMatcher>();
  private newestMatcher = new StackMatcher();
  private newestMatcherKey = -1;
  /** Task of the newest line, NONE when that line was no event. */
  private newestTask = NONE;
  private readonly recordKinds = new KindsByName(this.symbols, recordKindOf);
  private readonly unnamedIds = new Map<string, number>();
  private readonly times = new TimeSinceFirst();
  private readonly timeOrder = new TimeOrder();
  private readonly entryCount = new EntryCount();
  /** Lines that could not be read, each of which may be an entry of the ring buffer. */
  private unreadLines = 0;
  private unprintedRecords = 0;
  private joins = 0;
  private firstJoin = 0;
  /** Line of a head behind events, until an event comes behind it, too; 0 where there is none. */
  private newHead = 0;
  private clockProblem = false;

  /** Reads the lines in `bytes[start, end)`, see {@link LineByLineReader.read}. */
  override read(bytes: Uint8Array, start: number, end: number, fileOffset: number, last: boolean): number {
    this.taskLine.forgetPrevious();
    return super.read(bytes, start, end, fileOffset, last);
  }

  /** Slug for {@link Capture.format}. */
  get format(): string {
    return this.isTraceCmd ? 'trace-cmd-report' : 'ftrace';
  }

  /** Only a recording script says it. */
  get kernel(): KernelIdentity | null {
    const release = this.facts.get('kernel');
    return release === undefined ? null : { release, buildId: null };
  }

  /** As {@link Capture.uncertainFlags}. */
  get uncertainFlags(): UncertainFlags | null {
    return this.fields.flagNumbers.uncertain;
  }

  /** Time of the first event in the capture's own clock, in ns or ticks. */
  get timeBase(): bigint {
    return this.times.base;
  }

  /** As {@link Capture.timeGoesBack}. */
  get timeGoesBack(): TimeGoesBack | null {
    return this.timeOrder.goesBack(this.records, this.isTicks);
  }

  /** As {@link Capture.joinedTraces}. */
  get joinedTraces(): JoinedTraces | null {
    return this.joins === 0 ? null : { count: this.joins + 1, line: this.firstJoin };
  }

  /** As {@link Capture.missingEntries}. */
  missingEntries(): MissingEntries | null {
    return this.entryCount.end(this.entries, this.table);
  }

  /** As {@link Capture.uncomparedBuffers}. */
  get uncomparedBuffers(): readonly string[] {
    const sharing = this.instanceEvents?.sharing(this.table) ?? [];
    return sharing.map((instance) => new TextDecoder().decode(this.instanceNames.bytes(instance - 1)));
  }

  /** Records that were read: events, stacks, and those of which only that they were made is known. */
  private get records(): number {
    return this.table.length + this.stackRecords + this.userStacks + this.unprintedRecords;
  }

  /** Entries of the ring buffer that were met, at the most. */
  private get entries(): number {
    return this.records + this.unreadLines;
  }

  /** What the text says about itself, for people. */
  factList(): (readonly [string, string])[] {
    const facts: (readonly [string, string])[] = [...this.facts];
    const { source } = this.fields.flagNumbers;
    if (source !== null) facts.push(['page flags', source]);
    const instances: string[] = [];
    for (let id = 0; id < Math.min(this.instanceNames.size, MOST_INSTANCES); id++) {
      instances.push(new TextDecoder().decode(this.instanceNames.bytes(id)));
    }
    if (instances.length > 0) facts.push(['instances', instances.join(', ')]);
    if (this.userStacks > 0) facts.push(['user stacks (left out)', String(this.userStacks)]);
    if (this.cutStacks > 0) facts.push(['stacks that show 8 frames only', String(this.cutStacks)]);
    return facts;
  }

  /** How many events of names that the analysis does not use there are, by name. */
  otherEvents(): Map<string, number> {
    return countOtherEvents(this.table, this.symbols);
  }

  override overlongLine(offset: number, length: number): void {
    this.unreadLines++;
    super.overlongLine(offset, length);
  }

  /** Reads one line, with the frame lines of a stack; -1 when those may go on behind `end`. */
  protected override record(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    const line = this.taskLine;
    if (!line.readNext(bytes, this.text, at)) return this.otherLine(bytes, at, end, last);
    if (!line.isRepeated) this.newestTask = NONE;

    const text = line.textStart;
    if (bytes[text] === LESS) {
      if (startsWith(bytes, text, '<stack trace')) return this.kernelStack(bytes, at, text, end, last);
      if (startsWith(bytes, text, '<user stack trace')) return this.userStack(bytes, at, text, end, last);
    }
    const nameEnd = eventNameEnd(bytes, text);
    const named = nameEnd > text;
    if (!named && startsWith(bytes, text, UNPRINTED)) return this.unprinted(bytes, at, text);
    const name = named ? this.symbols.internBytes(bytes, text, nameEnd) : this.unnamed(bytes, text);
    const kind = named ? this.recordKinds.of(name) : EventKind.Other;
    if (kind >= KERNEL_STACK) {
      let content = nameEnd + 1;
      while (bytes[content] === BLANK || bytes[content] === TAB) content++;
      this.isTraceCmd = true;
      return kind === KERNEL_STACK
        ? this.kernelStack(bytes, at, content, end, last)
        : this.userStack(bytes, at, content, end, last);
    }
    return this.event(bytes, at, named ? nameEnd + 1 : text, name, kind);
  }

  private event(bytes: Uint8Array, at: number, fieldsStart: number, name: number, kind: EventKind): number {
    const line = this.taskLine;
    const table = this.table;
    if (this.newHead > 0) this.joinTrace();
    const time = this.time(at);
    if (!line.isRepeated || this.newestTask === NONE) {
      const comm = this.symbols.internBytes(bytes, line.commStart, line.commEnd);
      this.newestTask = this.symbols.internTask(comm, line.pid);
    }
    const row = table.append(time, line.cpu, this.newestTask, kind, name, this.fileOffset + at);
    let lineEnd = fieldsStart;
    if (kind === EventKind.Other) {
      while (bytes[lineEnd] !== NEWLINE) lineEnd++;
    } else {
      lineEnd = this.fields.read(bytes, fieldsStart, row, kind);
    }
    if (kind !== EventKind.Other && this.fields.missing !== '') this.problem(at, this.fields.problemOf(row));
    this.matcher(bytes).event(row, line.pid, line.context);
    if (this.newestMatcherKey >= FIRST_OF_INSTANCES) this.countInInstance(kind);
    this.passed(line.cpu, time);
    this.line++;
    return lineEnd + 1;
  }

  /** `content` is behind the record's name; the frames begin there or on the next line. */
  private kernelStack(bytes: Uint8Array, at: number, content: number, end: number, last: boolean): number {
    const line = this.taskLine;
    const matcher = this.matcher(bytes);
    const row = matcher.find(line.pid, line.context);
    const name = row === NONE ? NONE : this.table.name[row]!;
    const isInline = bytes[content] !== LESS && isFrameLine(bytes, content);
    let start = content;
    if (!isInline) {
      while (bytes[start] !== NEWLINE) start++;
      start++;
    }
    const isArray = bytes[content] !== LESS && !isInline;

    const guess = isArray ? NONE : this.blocks.guess(matcher.previousBlock, name);
    if (guess !== NONE) {
      const stop = start + this.blocks.length(guess);
      if (
        (stop < end || (stop === end && last)) &&
        this.blocks.matches(guess, this.text, start) &&
        (stop === end || !this.isFrame(bytes, stop))
      ) {
        this.attach(at, row, this.blocks.stack(guess), this.blocks.isCut(guess));
        matcher.previousBlock = guess;
        this.line += this.blocks.lines(guess) + (isInline ? 0 : 1);
        return stop;
      }
    }

    const blockStart = isArray ? content : start;
    const blockEnd = isArray ? start : stackEnd(bytes, start, end, last, this.isFrame);
    if (blockEnd < 0) return -1;
    let block = this.blocks.find(this.text, blockStart, blockEnd);
    let stack: number;
    const lines = countLines(bytes, blockStart, blockEnd);
    if (block === NONE) {
      stack = isArray
        ? this.frames.rawArray(bytes, blockStart, blockEnd)
        : this.frames.lines(bytes, blockStart, blockEnd, isInline);
      block = this.blocks.add(bytes, blockStart, blockEnd, stack, lines, this.frames.isCut);
      this.attach(at, row, stack, this.frames.isCut);
    } else {
      this.attach(at, row, this.blocks.stack(block), this.blocks.isCut(block));
    }
    if (!isArray) {
      this.blocks.learn(matcher.previousBlock, name, block);
      matcher.previousBlock = block;
    }
    this.line += lines + (isInline || isArray ? 0 : 1);
    return blockEnd;
  }

  /** A record that has no line of its own: it is no event, and of a stack only that there was one is known. */
  private unprinted(bytes: Uint8Array, at: number, text: number): number {
    const lineEnd = lineEndOf(bytes, text);
    const type = text + UNPRINTED.length;
    if (bytes[type] === STACK_TYPE && !isDigit(bytes[type + 1]!)) this.unprintedStacks++;
    this.unprintedRecords++;
    this.matcher(bytes);
    this.passed(this.taskLine.cpu, this.time(at));
    this.line++;
    return lineEnd + 1;
  }

  private attach(at: number, row: number, stack: number, isCut: boolean): void {
    this.stackRecords++;
    this.ownLines++;
    if (isCut) this.cutStacks++;
    if (row === NONE) {
      this.orphanStacks++;
    } else {
      this.table.stack[row] = stack;
      this.newestMatcher.settle(row);
    }
    this.passed(this.taskLine.cpu, this.time(at));
  }

  /** A task may have a name that begins as a frame does: its line is one of an event. */
  private readonly isFrame = (bytes: Uint8Array, at: number): boolean =>
    isFrameLine(bytes, at) && !this.lineInStack.read(bytes, at);

  /** User stacks are counted and kept apart: they say nothing of who in the kernel holds a page. */
  private userStack(bytes: Uint8Array, at: number, content: number, end: number, last: boolean): number {
    const lineEnd = lineEndOf(bytes, content);
    const inline = bytes[content] !== LESS && isFrameLine(bytes, content);
    const blockStart = inline ? content : lineEnd + 1;
    const blockEnd = stackEnd(bytes, blockStart, end, last, this.isFrame);
    if (blockEnd < 0) return -1;
    this.userStacks++;
    this.passed(this.taskLine.cpu, this.time(at));
    this.line += countLines(bytes, blockStart, blockEnd) + (inline ? 0 : 1);
    return blockEnd;
  }

  private otherLine(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    if (isFrameLine(bytes, at)) {
      const blockEnd = stackEnd(bytes, at, end, last, this.isFrame);
      if (blockEnd < 0) return -1;
      this.problem(at, 'stack frames without their head line; expected "<stack trace>" before them');
      this.line += countLines(bytes, at, blockEnd);
      return blockEnd;
    }
    const lineEnd = lineEndOf(bytes, at);
    const next = lineEnd + 1;
    let textEnd = lineEnd;
    while (textEnd > at && (bytes[textEnd - 1] === RETURN || bytes[textEnd - 1] === BLANK)) textEnd--;
    // Whoever quotes a trace may indent it.
    let text = at;
    while (text < textEnd && (bytes[text] === BLANK || bytes[text] === TAB)) text++;
    const known =
      text === textEnd ||
      (bytes[text] === HASH && this.header(bytes, text, textEnd)) ||
      this.writerLine(bytes, text, textEnd);
    if (!known) {
      this.unreadLines++;
      const found = this.problems.wanted ? excerpt(bytes, at, textEnd) : '';
      this.problem(at, `not a line of ftrace text: ${found}; ${this.expectedLine}`);
    }
    this.line++;
    return next;
  }

  /** Where the head is ftrace's and no line behind it was read, it is not the line that is to blame. */
  private get expectedLine(): string {
    const isAnyRead = this.table.length + this.stackRecords + this.unprintedRecords > 0;
    if (isAnyRead || !this.facts.has('tracer')) return EXPECTED_LINE;
    return `${EXPECTED_LINE}; check that it was ${DEFAULT_OPTIONS}`;
  }

  /** Lines of the head, and of the kernel in between, that begin with `#`. */
  private header(bytes: Uint8Array, at: number, end: number): boolean {
    const text = asciiText(bytes, at, end, 256);
    const started = /^#+ CPU (\d+) buffer started #+$/.exec(text);
    if (started) {
      this.gap('started', Number(started[1]), null);
      return true;
    }
    // Not of the kernel's own, which does not say it: record-script writes it.
    const kernel = /^# kernel: (\S+)$/.exec(text);
    if (kernel) this.fact('kernel', kernel[1]!);
    const tracer = /^# tracer: (.+)$/.exec(text);
    if (tracer) {
      this.traceBegins();
      this.fact('tracer', tracer[1]!);
    }
    const entries = ENTRIES_LINE.exec(text) ?? LATENCY_LINE.exec(text);
    if (entries) {
      const inBuffer = Number(entries[1]);
      const written = Number(entries[2]);
      this.entryCount.header(inBuffer, written, this.entries, this.table);
      this.fact('entries in buffer', String(inBuffer));
      this.fact('entries written', String(written));
      if (entries[3] !== undefined) this.fact('CPUs', entries[3]);
      if (inBuffer < written) {
        this.gapRecorder.add('overwritten', null, null, written - inBuffer, this.table.length);
      }
    }
    if (tracer ?? entries) this.ownLines++;
    return true;
  }

  /** Lines without a task: losses, and what trace-cmd report prints about the file. */
  private writerLine(bytes: Uint8Array, at: number, end: number): boolean {
    if (end - at > 256) return false;
    const text = asciiText(bytes, at, end, 256);
    // The kernel's and trace-cmd's words; the latter may put an instance's name or blanks before them.
    const lost =
      /^(?:\S+: *| +)?CPU:(\d+) \[(?:LOST )?(?:(\d+) )?EVENTS(?: DROPPED)?\]$/.exec(text) ??
      /^CPU (\d+): (\d+) MISSED EVENTS$/.exec(text);
    if (lost) {
      this.gap('lost', Number(lost[1]), lost[2] === undefined ? null : Number(lost[2]));
      return true;
    }
    const cpus = /^(?:\S+: *| +)?cpus=(\d+)$/.exec(text);
    if (cpus) {
      this.traceBegins();
      this.fact('CPUs', cpus[1]!);
      this.isTraceCmd = true;
      this.ownLines++;
      return true;
    }
    const version = /^version = (\d+)$/.exec(text);
    if (version) {
      this.fact('trace.dat version', version[1]!);
      this.isTraceCmd = true;
      this.ownLines++;
      return true;
    }
    return /^CPU:\d+ \[SUBBUFFER START\]$/.test(text);
  }

  private traceBegins(): void {
    if (this.table.length > 0) this.newHead = this.line;
    for (const matcher of this.matchers.values()) matcher.forget();
  }

  /**
   * Behind a head that came behind events is another trace: of other CPUs, of another time or of another boot, which
   * nothing tells. A page may have been freed and allocated in between, and what is printed twice happened once.
   */
  private joinTrace(): void {
    this.joins++;
    if (this.joins === 1) this.firstJoin = this.newHead;
    this.newHead = 0;
    const { length, time } = this.table;
    this.gapRecorder.add('joined', null, time[length - 1]!, null, length);
  }

  private fact(name: string, value: string): void {
    if (!this.facts.has(name)) this.facts.set(name, value);
  }

  private gap(cause: 'lost' | 'started', cpu: number, events: number | null): void {
    this.ownLines++;
    let from: number | null = null;
    // Which buffer of a report the line speaks of is not said: no buffer's newest events can be trusted.
    const instances = Math.min(this.instanceNames.size, MOST_INSTANCES);
    for (let instance = 0; instance <= instances; instance++) {
      const matcher = this.matchers.get(instance * FIRST_OF_INSTANCES + cpu);
      if (!matcher) continue;
      matcher.forget();
      if (matcher.lastTime > (from ?? -Infinity)) from = matcher.lastTime;
    }
    this.gapRecorder.add(cause, cpu, from, events, this.table.length);
  }

  private matcher(bytes: Uint8Array): StackMatcher {
    const line = this.taskLine;
    let key = line.cpu;
    if (line.instanceEnd > line.instanceStart) {
      const instance = this.instanceNames.intern(bytes, line.instanceStart, line.instanceEnd) + 1;
      key += Math.min(instance, MOST_INSTANCES) * FIRST_OF_INSTANCES;
    }
    if (key !== this.newestMatcherKey) {
      let matcher = this.matchers.get(key);
      if (!matcher) {
        matcher = new StackMatcher();
        this.matchers.set(key, matcher);
      }
      this.newestMatcher = matcher;
      this.newestMatcherKey = key;
    }
    return this.newestMatcher;
  }

  private countInInstance(kind: EventKind): void {
    this.instanceEvents ??= new InstanceEvents(MOST_INSTANCES + 1);
    this.instanceEvents.count(Math.floor(this.newestMatcherKey / FIRST_OF_INSTANCES), kind);
  }

  private passed(cpu: number, time: number): void {
    const matcher = this.newestMatcher;
    this.timeOrder.passed(time, matcher.lastTime, this.line);
    matcher.lastTime = time;
    if (this.gapRecorder.hasOpen) this.gapRecorder.close(cpu, time);
  }

  /** Time of the line at `at` relative to the first one, exact: whole seconds and rest are taken apart. */
  private time(at: number): number {
    const line = this.taskLine;
    if (!this.times.isBegun) {
      this.isTicks = line.isTicks;
      this.resolution = line.resolution;
    }
    if (line.isTicks !== this.isTicks) {
      if (!this.clockProblem) {
        this.clockProblem = true;
        this.problem(
          at,
          `a time in ${line.isTicks ? 'ticks' : 'seconds'}, expected ${this.isTicks ? 'ticks' : 'seconds'} as in ` +
            'the first line; such events are kept without a time',
        );
      }
      return NaN;
    }
    if (line.resolution < this.resolution) this.resolution = line.resolution;
    return this.times.of(line.seconds, line.nanoseconds);
  }

  /** String id of what stands for a record without a name. */
  private unnamed(bytes: Uint8Array, at: number): number {
    const text = unnamedEvent(bytes, at);
    let id = this.unnamedIds.get(text);
    if (id === undefined) {
      id = this.symbols.internText(text);
      this.unnamedIds.set(text, id);
    }
    return id;
  }
}

/** End of the event's name: the colon behind it. `system:event:` is one name. `at` when there is none. */
function eventNameEnd(bytes: Uint8Array, at: number): number {
  for (let i = at; ; i++) {
    const byte = bytes[i]!;
    if (byte <= BLANK) return at;
    if (byte !== COLON) continue;
    const next = bytes[i + 1]!;
    if (next <= BLANK) return i;
  }
}

/** What to call a record without a name: other tracers and markers write into the same buffer. */
function unnamedEvent(bytes: Uint8Array, at: number): string {
  let i = at;
  while (bytes[i]! > BLANK) i++;
  return bytes[i] === BLANK && startsWith(bytes, i + 1, '<-') ? 'function' : '(no event name)';
}
