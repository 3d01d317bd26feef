import {
  BLANK,
  COLON,
  HASH,
  MINUS,
  NEWLINE,
  RETURN,
  TAB,
  asciiText,
  countLines,
  isDigit,
  lineEndOf,
  startsWith,
} from './ascii';
import { eventKindOf } from './eventNames';
import {
  EventKind,
  NO_CPU,
  NONE,
  type KernelIdentity,
  type TimeGoesBack,
  type UncertainFlags,
} from './eventTable';
import { EventTableBuilder } from './eventTableBuilder';
import { excerpt } from './excerpt';
import { FtraceFields } from './ftraceFields';
import { FtraceTaskLine } from './ftraceTaskLine';
import { GapRecorder } from './gapRecorder';
import { KindsByName } from './kindsByName';
import { LineByLineReader } from './lineByLineReader';
import { countOtherEvents } from './otherEvents';
import { PerfScriptFrames, isFrame, isKernelFrame, isSourceLine, namesKernel } from './perfScriptFrames';
import { OTHER_RECORD, PerfScriptLine } from './perfScriptLine';
import { StackBlockCache } from './stackBlockCache';
import { LONGEST_STACK, stackEnd } from './stackLines';
import { SymbolTableBuilder } from './symbolTableBuilder';
import type { TextReader } from './textReader';
import { TimeOrder } from './timeOrder';
import { TimeSinceFirst } from './timeSinceFirst';

/** Bytes of a header line that are looked at: a command line can be long. */
const LONGEST_TEXT = 4096;
/** How far into a line without a time the name of a record is looked for, behind a task and a CPU. */
const LONGEST_COLUMNS = 64;

const EXPECTED_LINE =
  'expected "comm pid [cpu] time: event: fields", a frame, an empty line or a "#" header line';

/** Lines of `perf script --header` that say something to people (print_header_info() of tools/perf/util/header.c). */
const HEADER_FACTS: ReadonlyMap<string, string> = new Map([
  ['captured on', 'captured on'],
  ['hostname', 'hostname'],
  ['os release', 'kernel'],
  ['arch', 'architecture'],
  ['perf version', 'perf version'],
  ['cmdline', 'command'],
  ['cpudesc', 'CPU'],
  ['nrcpus online', 'CPUs'],
  ['total memory', 'memory'],
  ['clockid', 'clock'],
]);

/** Where the reader stands in a record. */
const enum Place {
  /** Between records: frames that come now have lost their event. */
  Outside,
  /** Behind the first line: the kernel's frames come now. */
  Head,
  /** Behind the kernel's frames. */
  Kernel,
  /** Behind as many bytes of the kernel's frames as are read. */
  LongStack,
  /** Among the frames of the process, which end with an empty line. */
  User,
}

/**
 * Reads what `perf script` prints, line by line, into columns: a first line ({@link PerfScriptLine}), the frames
 * of the kernel, innermost first, those of the process, and an empty line. Knows nothing of files and chunks:
 * {@link read} takes any run of whole lines.
 */
export class PerfScriptReader extends LineByLineReader implements TextReader {
  readonly table = new EventTableBuilder();
  readonly symbols = new SymbolTableBuilder();
  readonly gapRecorder = new GapRecorder();
  stackRecords = 0;
  orphanStacks = 0;
  /** Records with frames of the process. */
  userStacks = 0;
  /** Header lines and losses: what only this kind of text has, beside its records. */
  ownLines = 0;
  readonly format = 'perf-script';
  readonly isTicks = false;
  resolution = 1e9;
  readonly facts = new Map<string, string>();

  private readonly head = new PerfScriptLine();
  private readonly fields = new FtraceFields(this.table, this.symbols, this.facts);
  private readonly frames = new PerfScriptFrames(this.symbols);
  private readonly blocks = new StackBlockCache();
  private place = Place.Outside;
  /** Event of the record that is being read; NONE where there is none, or where no more is to be said of its frames. */
  private row = NONE;
  /** By CPU: text block of its newest stack, for guessing the next one, and time of its newest event. */
  private previousBlocks = new Int32Array(64).fill(NONE);
  private lastTimes = new Float64Array(64).fill(NaN);
  private readonly kinds = new KindsByName(this.symbols, eventKindOf);
  /** String id of what stands for the name of a task that is not known, as in ftrace. */
  private readonly unknownComm = this.symbols.internText('<...>');
  private unnamed = NONE;
  private readonly times = new TimeSinceFirst();
  private readonly timeOrder = new TimeOrder();

  /** Only `perf script --header` says it. */
  get kernel(): KernelIdentity | null {
    const release = this.facts.get('kernel');
    return release === undefined ? null : { release, buildId: null };
  }

  /** As {@link Capture.uncertainFlags}. */
  get uncertainFlags(): UncertainFlags | null {
    return this.fields.flagNumbers.uncertain;
  }

  /** Time of the first event in the capture's own clock, in ns. */
  get timeBase(): bigint {
    return this.times.base;
  }

  /** As {@link Capture.timeGoesBack}. */
  get timeGoesBack(): TimeGoesBack | null {
    return this.timeOrder.goesBack(this.table.length, this.isTicks);
  }

  /** What the text says about itself, for people. */
  factList(): (readonly [string, string])[] {
    const facts: (readonly [string, string])[] = [...this.facts];
    const { source } = this.fields.flagNumbers;
    if (source !== null) facts.push(['page flags', source]);
    if (this.userStacks > 0) facts.push(['user stacks (left out)', String(this.userStacks)]);
    return facts;
  }

  /** How many events of names that the analysis does not use there are, by name. */
  otherEvents(): Map<string, number> {
    return countOtherEvents(this.table, this.symbols);
  }

  /** It may have been the first line of a record: the frames behind it are not those of the record before. */
  override overlongLine(offset: number, length: number): void {
    super.overlongLine(offset, length);
    this.place = Place.Outside;
  }

  /** Reads one line, or the frames of the kernel of one record; -1 when those may go on behind `end`. */
  protected override record(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    const first = bytes[at]!;
    if (first === TAB) return this.frameLines(bytes, at, end, last);
    if (first === NEWLINE) {
      this.place = Place.Outside;
      this.line++;
      return at + 1;
    }
    const line = this.head;
    if (line.read(bytes, at)) return line.isOtherRecord ? this.otherRecord(bytes, at) : this.event(bytes, at);
    return this.otherLine(bytes, at, end, last);
  }

  private event(bytes: Uint8Array, at: number): number {
    const { head: line, table } = this;
    const isNamed = line.nameEnd > line.nameStart;
    const name = isNamed ? this.symbols.internBytes(bytes, line.nameStart, line.nameEnd) : this.unnamedId();
    const kind = isNamed ? this.kinds.of(name) : EventKind.Other;
    const time = this.time();
    const isUnknown = bytes[line.commStart] === COLON && isUnknownComm(bytes, line.commStart, line.commEnd);
    const comm = isUnknown ? this.unknownComm : this.symbols.internBytes(bytes, line.commStart, line.commEnd);
    const task = this.symbols.internTask(comm, line.tid);
    const cpu = line.cpu < 0 ? NO_CPU : line.cpu;
    const row = table.append(time, cpu, task, kind, name, this.fileOffset + at);
    let lineEnd = line.textStart;
    if (kind === EventKind.Other) {
      while (bytes[lineEnd] !== NEWLINE) lineEnd++;
    } else {
      lineEnd = this.fields.read(bytes, lineEnd, row, kind);
    }
    this.place = Place.Head;
    this.row = row;
    if (kind !== EventKind.Other && this.fields.missing !== '') this.problem(at, this.fields.problemOf(row));
    this.passed(cpu, time);
    this.line++;
    return lineEnd + 1;
  }

  /** Frames at `at`: what they are follows from where the reader stands in the record. */
  private frameLines(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    if (this.place === Place.Outside) {
      this.place = Place.User;
      this.row = NONE;
      this.stackRecords++;
      this.orphanStacks++;
      this.problem(at, 'frames without the first line of their record; expected that line before them');
    } else if (this.place === Place.Head && isKernelFrame(bytes, at)) {
      return this.kernelFrames(bytes, at, end, last);
    } else if (this.place !== Place.User) {
      if (isKernelFrame(bytes, at)) {
        // More of them follow, of which no more is to be said.
        this.row = NONE;
        this.problem(
          at,
          this.place === Place.LongStack
            ? `a stack of more than ${LONGEST_STACK} bytes, expected 127 frames; the rest was skipped`
            : 'a frame of the kernel behind a line that is none, expected its frames one behind the other; the rest of ' +
                'the stack was skipped',
        );
      }
      this.place = Place.User;
      this.userStacks++;
    } else if (this.row !== NONE && bytes[at + 1] !== BLANK && namesKernel(bytes, at)) {
      this.row = NONE;
      this.problem(
        at,
        'a frame of the kernel after those of the process, expected the innermost frame first: print with the ' +
          'call-graph order "callee"',
      );
    }
    return this.skipLine(bytes, at);
  }

  private kernelFrames(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    const { blocks, table, row } = this;
    const name = table.name[row]!;
    const slot = this.cpuSlot(table.cpu[row]!);
    const previous = this.previousBlocks[slot]!;
    const guess = blocks.guess(previous, name);
    if (guess !== NONE) {
      const stop = at + blocks.length(guess);
      if (
        (stop < end || (stop === end && last)) &&
        blocks.matches(guess, this.text, at) &&
        (stop === end || !continuesKernel(bytes, stop))
      ) {
        this.previousBlocks[slot] = guess;
        return this.attach(at, stop, blocks.stack(guess), blocks.lines(guess));
      }
    }
    const blockEnd = stackEnd(bytes, at, end, last, continuesKernel);
    if (blockEnd < 0) return -1;
    let block = blocks.find(this.text, at, blockEnd);
    const lines = countLines(bytes, at, blockEnd);
    let stack: number;
    if (block === NONE) {
      stack = this.frames.lines(bytes, at, blockEnd);
      block = blocks.add(bytes, at, blockEnd, stack, lines, false);
    } else {
      stack = blocks.stack(block);
    }
    blocks.learn(previous, name, block);
    this.previousBlocks[slot] = block;
    return this.attach(at, blockEnd, stack, lines);
  }

  private attach(at: number, next: number, stack: number, lines: number): number {
    this.stackRecords++;
    this.table.stack[this.row] = stack;
    this.place = next - at < LONGEST_STACK ? Place.Kernel : Place.LongStack;
    this.line += lines;
    return next;
  }

  /** `PERF_RECORD_LOST lost 12` and the like, with the task and the time before it. */
  private otherRecord(bytes: Uint8Array, at: number): number {
    const line = this.head;
    this.place = Place.Outside;
    this.lostRecord(bytes, line.nameStart, line.cpu);
    return this.skipLine(bytes, at);
  }

  /** Takes the record at `at` where it is of lost events. */
  private lostRecord(bytes: Uint8Array, at: number, cpu: number): void {
    if (!startsWith(bytes, at, 'PERF_RECORD_LOST')) return;
    const lost = /^PERF_RECORD_LOST(?:_SAMPLES)?[: ]+lost (\d{1,15})/.exec(
      asciiText(bytes, at, lineEndOf(bytes, at), LONGEST_TEXT),
    );
    if (!lost) return;
    this.ownLines++;
    const known = cpu < 0 ? null : cpu;
    const from = known === null ? NaN : this.lastTimes[this.cpuSlot(known)]!;
    this.gapRecorder.add('lost', known, Number.isNaN(from) ? null : from, Number(lost[1]), this.table.length);
  }

  private otherLine(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    if (this.place !== Place.Outside) {
      if (isSourceLine(bytes, at)) return this.skipLine(bytes, at);
      // Copied through a mail or a terminal: blanks where the tab was.
      if (isFrame(bytes, at)) return this.frameLines(bytes, at, end, last);
    }
    const lineEnd = lineEndOf(bytes, at);
    let textEnd = lineEnd;
    while (textEnd > at && bytes[textEnd - 1]! <= 0x20) textEnd--;
    const record = recordAt(bytes, at, textEnd);
    if (textEnd === at) {
      this.place = Place.Outside;
    } else if (bytes[at] === HASH) {
      this.header(bytes, at, textEnd);
    } else if (record >= 0) {
      this.lostRecord(bytes, record, -1);
      this.place = Place.Outside;
    } else if (!this.writerLine(bytes, at, textEnd)) {
      const found = this.problems.wanted ? excerpt(bytes, at, textEnd) : '';
      this.problem(at, `not a line of perf script: ${found}; ${EXPECTED_LINE}`);
    }
    this.line++;
    return lineEnd + 1;
  }

  /** `# hostname : box` of `perf script --header`. */
  private header(bytes: Uint8Array, at: number, end: number): void {
    const parts = /^# ?([a-z ]+?)\s*: (.*)$/.exec(asciiText(bytes, at, end, LONGEST_TEXT));
    const name = parts ? HEADER_FACTS.get(parts[1]!) : undefined;
    if (name !== undefined) this.ownLines++;
    if (name !== undefined && !this.facts.has(name)) this.facts.set(name, parts![2]!.trim());
  }

  /** What perf prints to its error output often stands in the same file. */
  private writerLine(bytes: Uint8Array, at: number, end: number): boolean {
    if (end - at > 256) return false;
    const text = asciiText(bytes, at, end, LONGEST_TEXT);
    // perf_session__warn_about_errors() of tools/perf/util/session.c.
    if (/^Processed \d+ (events and lost \d+ chunks|samples and lost [\d.]+%)!$/.test(text)) {
      this.gapRecorder.add('lost', null, null, null, this.table.length);
      return true;
    }
    return /^(Warning:|Check IO\/CPU overload!|No kallsyms or vmlinux with build-id [0-9a-f]+ was found)$/.test(
      text,
    );
  }

  private skipLine(bytes: Uint8Array, at: number): number {
    this.line++;
    return lineEndOf(bytes, at) + 1;
  }

  /** Time of the newest line relative to the first one, exact: whole seconds and rest are taken apart. */
  private time(): number {
    const line = this.head;
    if (!line.hasTime) return NaN;
    if (line.resolution < this.resolution) this.resolution = line.resolution;
    return this.times.of(line.seconds, line.nanoseconds);
  }

  private passed(cpu: number, time: number): void {
    const slot = this.cpuSlot(cpu);
    this.timeOrder.passed(time, this.lastTimes[slot]!, this.line);
    this.lastTimes[slot] = time;
    if (this.gapRecorder.hasOpen) this.gapRecorder.close(cpu, time);
  }

  /** Place of a CPU in the arrays by CPU. */
  private cpuSlot(cpu: number): number {
    const slot = cpu === NO_CPU ? 0 : cpu + 1;
    if (slot >= this.lastTimes.length) {
      const size = slot * 2;
      const times = new Float64Array(size).fill(NaN);
      times.set(this.lastTimes);
      this.lastTimes = times;
      const blocks = new Int32Array(size).fill(NONE);
      blocks.set(this.previousBlocks);
      this.previousBlocks = blocks;
    }
    return slot;
  }

  private unnamedId(): number {
    if (this.unnamed === NONE) this.unnamed = this.symbols.internText('(no event name)');
    return this.unnamed;
  }
}

/**
 * Whether the first lines of a file are what `perf script` prints. The text of an ftrace line (trace_marker), and
 * one that was cut, can look like a line of perf: the more frequent form wins.
 */
export function isPerfScript(head: Uint8Array): boolean {
  const line = new PerfScriptLine();
  const ftraceLine = new FtraceTaskLine();
  let perfLines = 0;
  let ftraceLines = 0;
  for (let at = 0, tries = 0; at < head.length && tries < 1000; tries++) {
    const lineEnd = head.indexOf(NEWLINE, at);
    if (lineEnd < 0) break;
    const isLine = head[at] !== TAB && head[at] !== NEWLINE && head[at] !== HASH;
    if (isLine && ftraceLine.read(head, at)) ftraceLines++;
    else if (isLine && line.read(head, at) && (line.isOtherRecord || line.nameEnd > line.nameStart))
      perfLines++;
    at = lineEnd + 1;
  }
  return perfLines > ftraceLines;
}

/** `:696`, of the tid, is how perf prints a task whose name it does not know. */
function isUnknownComm(bytes: Uint8Array, start: number, end: number): boolean {
  let i = start + 1;
  if (bytes[i] === MINUS) i++;
  while (i < end && isDigit(bytes[i]!)) i++;
  return i === end && end > start + 1;
}

/** Where a record that is no event is named in a line without a time (-F), or -1. */
function recordAt(bytes: Uint8Array, at: number, end: number): number {
  const stop = Math.min(end, at + LONGEST_COLUMNS);
  for (let i = at; i < stop; i++) {
    if ((i === at || bytes[i - 1] === BLANK) && startsWith(bytes, i, OTHER_RECORD)) return i;
  }
  return -1;
}

/** Whether the kernel's frames of a record go on with the line at `at`. */
function continuesKernel(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at]!;
  if (first === NEWLINE || first === RETURN) return false;
  return isKernelFrame(bytes, at) || isSourceLine(bytes, at);
}
