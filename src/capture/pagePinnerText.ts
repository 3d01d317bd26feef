import {
  BLANK,
  CLOSE_BRACKET,
  DOT,
  HEX_VALUE,
  LOWER_X,
  NEWLINE,
  OPEN_BRACKET,
  ZERO,
  countLines,
  isDigit,
  startsWith,
  textBehind,
} from './ascii';
import { EventKind, Mapping, NO_CPU, NONE, PageFlag } from './eventTable';
import { EventTableBuilder } from './eventTableBuilder';
import { excerpt } from './excerpt';
import { GapRecorder } from './gapRecorder';
import { LineByLineReader } from './lineByLineReader';
import { NumberScanner } from './numberScanner';
import { PageFlagTexts } from './pageFlagTexts';
import { isIndented, PrintedFrames } from './printedFrames';
import { RowReorder } from './reorderRows';
import { stackEnd } from './stackLines';
import { SymbolTableBuilder } from './symbolTableBuilder';
import type { TextReader } from './textReader';
import { atOnce } from './turns';

/** Lines looked at to tell the format: more than a record has (PAGE_PINNER_STACK_DEPTH is 16). */
const HEAD_LINES = 50;

/** What the first line of a record says, in its words. */
enum Heading {
  /** A put of a page that failed to move; microseconds since the failure. android13-5.15 and later. */
  AtLeast = 'At least, pinned for',
  FreedAt = 'Freed at',
  FailureAt = 'Failure detected at',
  /** A long pin ended; microseconds since it began. android12-5.10, longterm_pinner. */
  PinnedFor = 'Page pinned for',
  /** A failure, or what happened to the page afterwards. android12-5.10, alloc_contig_failed; older: see below. */
  PinnedTs = 'Page pinned ts',
}

const HEADINGS = Object.values(Heading);

const FLAGS = ' Flags ';

/** Of android12-5.10 the innermost frames tell a failure and a free from a put. */
const MARKING = /mark_migration_failed|^(__alloc_contig_migrate_range|alloc_contig_range)$/;
const FREEING = /^__reset_page_pinner$/;
/** The caller of a failure that gives its reason. */
const CONTIG = /^(__)?alloc_contig_/;

const EXPECTED_LINE =
  'expected "At least, pinned for", "Freed at", "Failure detected at", "Page pinned", "PFN", frames or an empty line';

/** Whether a text begins like a file of page_pinner. */
export function isPagePinner(head: Uint8Array): boolean {
  for (let at = 0, lines = 0; at < head.length && lines < HEAD_LINES; lines++) {
    if (headingAt(head, at) !== null) return true;
    const newline = head.indexOf(NEWLINE, at);
    if (newline < 0) return false;
    at = newline + 1;
  }
  return false;
}

function headingAt(bytes: Uint8Array, at: number): Heading | null {
  for (const heading of HEADINGS) {
    if (!startsWith(bytes, at, heading)) continue;
    const value = at + heading.length + 1;
    if (bytes[value - 1] === BLANK && (bytes[value] === OPEN_BRACKET || isDigit(bytes[value]!)))
      return heading;
  }
  return null;
}

/**
 * Reads the files of Android's page_pinner (/sys/kernel/debug/page_pinner/*, mm/page_pinner.c of the common
 * kernels) into events: a failure is a PinFailure, a put a PinPut (its count is after the put, as in
 * put_page_testzero()), the free behind the last put a PageFree. A record is a first line, the page, up to 16 frames
 * and an empty line, and says neither task nor CPU. The kernel prints the newest record first; the rows have the
 * oldest first. Three generations:
 *
 * - `Page pinned ts 12 us count 1` / `PFN 34 Block 5 type CMA Flags 0x…(…)`
 * - `Page pinned for 12 us` or `Page pinned ts [   12.345678]` / `PFN 0x34 Block 5 count 2 mapcount 1 mapping … Flags …`
 * - `At least, pinned for 12 us`, `Freed at [   12.345678]`, `Failure detected at [   12.345678]` / the same
 */
export class PagePinnerReader extends LineByLineReader implements TextReader {
  /** In the order of the file until {@link finish}. */
  readonly table = new EventTableBuilder();
  readonly symbols = new SymbolTableBuilder();
  readonly gapRecorder = new GapRecorder();
  stackRecords = 0;
  readonly orphanStacks = 0;
  /** Records read. */
  ownLines = 0;
  readonly format = 'page-pinner';
  readonly isTicks = false;
  readonly resolution = 1000;
  timeBase = 0n;
  readonly facts = new Map<string, string>();

  private readonly scanner = new NumberScanner();
  private readonly flagTexts = new PageFlagTexts();
  private readonly frames = new PrintedFrames(this.symbols);
  private readonly noTask = this.symbols.internTask(this.symbols.internText(''), -1);
  private readonly names = new Map(HEADINGS.map((heading) => [heading, this.symbols.internText(heading)]));
  private readonly headingCounts = new Map<Heading, number>();
  private readonly contigRange = this.symbols.internText('contig_range');
  private readonly stackKinds = new Map<number, { readonly kind: EventKind; readonly isContig: boolean }>();
  private hasPinnerCount = false;
  private hasRefcount = false;

  // The record that is being read.
  private heading: Heading | null = null;
  /** Offset in the file, and line. */
  private recordStart = 0;
  private recordLine = 0;
  /** µs of the boot clock, NaN where the first line has none. */
  private time = NaN;
  /** The first line has a time that could not be read: it is told once the record is known to be kept. */
  private isTimeUnread = false;
  /** String id of the first line where it says a duration, or NONE. */
  private label = NONE;
  private row = NONE;

  protected override record(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    return bytes[at] === BLANK ? this.stackLines(bytes, at, end, last) : this.otherLine(bytes, at);
  }

  /** A record that the end of the file cuts is told once, by what was lost of it. */
  override endsWithoutNewline(offset: number): void {
    const isLeftOut = this.heading !== null && this.row === NONE;
    const isTold = this.problems.kept.at(-1)?.line === this.line - 1;
    if (!isLeftOut && !isTold) super.endsWithoutNewline(offset);
  }

  /** Puts the rows in order of time: the other way round than the kernel printed them. */
  finish(): void {
    this.endRecord();
    const { length, time } = this.table;
    const order = Uint32Array.from({ length }, (_, index) => length - 1 - index);
    let newest = -Infinity;
    let timed = 0;
    let isInOrder = true;
    for (const row of order) {
      if (Number.isNaN(time[row]!)) continue;
      timed++;
      if (time[row]! < newest) isInOrder = false;
      newest = Math.max(newest, time[row]!);
    }
    if (!isInOrder && timed === length) {
      order.sort((a, b) => time[a]! - time[b]! || b - a);
    } else if (!isInOrder) {
      this.problems.addForFile(
        0,
        'the times do not fall from record to record, expected the newest first as the kernel prints them: the file ' +
          'holds several dumps, or was changed. The rows are those of the file in reverse order',
      );
    }
    atOnce(new RowReorder(this.table).steps(0, order));
    this.rebase();
  }

  factList(): (readonly [string, string])[] {
    const facts: (readonly [string, string])[] = [...this.facts];
    if (this.table.length === 0) return facts;
    facts.push(['clock', 'boot time; puts have no time of their own']);
    const count = (heading: Heading): number => this.headingCounts.get(heading) ?? 0;
    const failures = count(Heading.FailureAt) + count(Heading.FreedAt);
    if (this.hasPinnerCount && !this.hasRefcount) {
      facts.push([
        'page_pinner file',
        'pinner, longterm_pinner or alloc_contig_failed: of this generation they print alike, so whether a stack ' +
          'took the reference or dropped it is not known',
      ]);
    } else if (count(Heading.PinnedFor) > 0) {
      facts.push(['page_pinner file', 'longterm_pinner: the stacks are those that took the reference']);
    } else if (count(Heading.AtLeast) > 0 && failures === 0) {
      facts.push([
        'page_pinner file',
        'buffer, alloc_contig_failed or longterm_pinner: without a failure in it the content does not tell which, nor ' +
          'whether the stacks dropped the reference or took it (longterm_pinner)',
      ]);
    }
    return facts;
  }

  otherEvents(): Map<string, number> {
    return new Map();
  }

  /** The frame lines from `at` on; -1 when they may go on behind `end`. */
  private stackLines(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    const stop = stackEnd(bytes, at, end, last, isIndented);
    if (stop < 0) return -1;
    const lines = countLines(bytes, at, stop);
    const { table, row } = this;
    if (row === NONE) {
      if (this.heading === null) {
        this.problem(
          at,
          'frames without the lines before them, expected a first line and "PFN"; they were left out',
        );
      }
    } else if (table.stack[row] === NONE) {
      const stack = this.frames.stack(bytes, at, stop);
      table.stack[row] = stack;
      if (stack !== NONE) {
        this.stackRecords++;
        this.judge(row, stack);
      }
    }
    this.line += lines;
    return stop;
  }

  private otherLine(bytes: Uint8Array, at: number): number {
    const lineEnd = bytes.indexOf(NEWLINE, at);
    let textEnd = lineEnd;
    while (textEnd > at && bytes[textEnd - 1]! <= BLANK) textEnd--;
    const heading = headingAt(bytes, at);
    if (textEnd === at) {
      this.endRecord();
    } else if (heading !== null) {
      this.endRecord();
      this.firstLine(bytes, at, textEnd, heading);
    } else if (this.heading !== null && this.row === NONE && startsWith(bytes, at, 'PFN ')) {
      this.pageLine(bytes, at, textEnd, this.heading);
    } else {
      const found = this.problems.wanted ? excerpt(bytes, at, textEnd) : '';
      this.problem(at, `not a line of page_pinner: ${found}; ${EXPECTED_LINE}`);
    }
    this.line++;
    return lineEnd + 1;
  }

  private firstLine(bytes: Uint8Array, at: number, textEnd: number, heading: Heading): void {
    this.heading = heading;
    this.recordStart = this.fileOffset + at;
    this.recordLine = this.line;
    this.time = NaN;
    this.isTimeUnread = false;
    this.label = NONE;
    const value = at + heading.length + 1;
    if (bytes[value] === OPEN_BRACKET) {
      this.time = this.timeStamp(bytes, value + 1);
      this.isTimeUnread = Number.isNaN(this.time);
      return;
    }
    this.label = this.symbols.internBytes(bytes, at, textEnd);
    if (heading === Heading.PinnedTs) this.hasPinnerCount = true;
  }

  /** µs of `%5lu.%06lu]`, seconds and microseconds of ktime_get_boottime(), or NaN. */
  private timeStamp(bytes: Uint8Array, at: number): number {
    const { scanner } = this;
    let start = at;
    while (bytes[start] === BLANK) start++;
    const seconds = this.decimal(bytes, start);
    if (!(seconds >= 0 && seconds < 2 ** 32) || bytes[scanner.next] !== DOT) return NaN;
    const fraction = scanner.next + 1;
    const micros = this.decimal(bytes, fraction);
    const isWhole = scanner.next === fraction + 6 && bytes[scanner.next] === CLOSE_BRACKET;
    return isWhole && micros >= 0 ? seconds * 1e6 + micros : NaN;
  }

  /** The number at `at`, NaN where there is none; {@link NumberScanner.next} is behind it. */
  private decimal(bytes: Uint8Array, at: number): number {
    this.scanner.number(bytes, at);
    return this.scanner.found ? this.scanner.value : NaN;
  }

  /** `PFN 0x8d0c1 Block 282 count 2 mapcount 0 mapping 0x0 Flags 0x8000000000080014(uptodate|lru|swapbacked)`. */
  private pageLine(bytes: Uint8Array, at: number, textEnd: number, heading: Heading): void {
    const { scanner, table } = this;
    scanner.pfn(bytes, at + 4, false);
    const flagsStart = textBehind(bytes, scanner.next, textEnd, FLAGS);
    // Every generation ends the line with the flags: without them it is cut off, and the number may be too.
    if (!scanner.found || scanner.value < 0 || flagsStart < 0) {
      const found = this.problems.wanted ? excerpt(bytes, at, textEnd) : '';
      this.problem(
        at,
        `found ${found}, expected a page frame number after "PFN", and "Flags" at the end; the record was left out`,
      );
      this.heading = null;
      return;
    }
    let kind = EventKind.PinPut;
    if (heading === Heading.FailureAt) kind = EventKind.PinFailure;
    else if (heading === Heading.FreedAt) kind = EventKind.PageFree;
    const row = table.append(
      this.time,
      NO_CPU,
      this.noTask,
      kind,
      this.names.get(heading)!,
      this.recordStart,
    );
    this.row = row;
    this.ownLines++;
    this.headingCounts.set(heading, (this.headingCounts.get(heading) ?? 0) + 1);
    table.pfn[row] = scanner.value;
    if (this.isTimeUnread) {
      this.problems.add(
        this.recordStart,
        this.recordLine,
        `no time as "[   12.345678]" after "${heading}", expected one; the record is kept without it`,
      );
    }

    table.flags[row] = this.flagTexts.namedBitsOf(bytes, flagsStart, textEnd);
    for (let word = scanner.next; word < flagsStart - FLAGS.length; word++) {
      if (bytes[word] !== BLANK) continue;
      if (startsWith(bytes, word, ' count ')) {
        const count = this.decimal(bytes, word + 7);
        if (!Number.isNaN(count)) table.count[row] = count;
        this.hasRefcount = true;
      } else if (startsWith(bytes, word, ' mapcount ')) {
        const mapcount = this.decimal(bytes, word + 10);
        if (!Number.isNaN(mapcount)) table.mapcount[row] = mapcount;
      } else if (startsWith(bytes, word, ' mapping ')) {
        table.mapping[row] = mappingOf(bytes, word + 9, table.flags[row]);
      }
    }
    if (this.label !== NONE) {
      const detail = table.detailOf(row);
      table.details.label[detail] = this.label;
    }
  }

  private endRecord(): void {
    if (this.heading !== null && this.row === NONE) {
      this.problems.add(
        this.recordStart,
        this.recordLine,
        `"${this.heading}" without its page, expected a line "PFN" after it; the record was left out`,
      );
    }
    this.heading = null;
    this.row = NONE;
  }

  /** What a stack says of its record: whether of alloc_contig_failed it is the failure itself, and of its reason. */
  private judge(row: number, stack: number): void {
    const { table } = this;
    let says = this.stackKinds.get(stack);
    if (!says) {
      const names = [...this.symbols.stackFrames(stack)].map((frame) => this.symbols.frameFunction(frame));
      let kind = EventKind.PinPut;
      if (names.slice(0, 2).some((name) => MARKING.test(name))) kind = EventKind.PinFailure;
      else if (names[0] !== undefined && FREEING.test(names[0])) kind = EventKind.PageFree;
      says = { kind, isContig: names.some((name) => CONTIG.test(name)) };
      this.stackKinds.set(stack, says);
    }
    if (this.heading === Heading.PinnedTs && !Number.isNaN(table.time[row]!)) table.kind[row] = says.kind;
    if (table.kind[row] !== EventKind.PinFailure || !says.isContig) return;
    const detail = table.detailOf(row);
    table.details.reason[detail] = this.contigRange;
  }

  /** Makes the times, in µs, relative to the first one, in ns. */
  private rebase(): void {
    const { length, time } = this.table;
    const base = time.subarray(0, length).find((micros) => !Number.isNaN(micros));
    if (base === undefined) return;
    for (let row = 0; row < length; row++) time[row] = (time[row]! - base) * 1000;
    this.timeBase = BigInt(base) * 1000n;
  }
}

/**
 * `mapping %pS` of page_mapping(): null for an anonymous page outside the swap cache, the swap cache's for one
 * inside it, the file's for all others.
 */
function mappingOf(bytes: Uint8Array, start: number, flags: number): Mapping {
  let at = start;
  if (bytes[at] === ZERO && bytes[at + 1] === LOWER_X) at += 2;
  while (bytes[at] === ZERO) at++;
  if (HEX_VALUE[bytes[at]!]! > 15 && bytes[at]! <= BLANK) return Mapping.Null;
  const isSwapCache = (flags & PageFlag.swapbacked) !== 0 && (flags & PageFlag.owner_priv_1) !== 0;
  return isSwapCache ? Mapping.Anonymous : Mapping.File;
}
