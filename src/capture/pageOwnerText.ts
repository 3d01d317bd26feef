import { BLANK, NEWLINE, ZERO, countLines, isDigit, startsWith, textBehind } from './ascii';
import { HIGHEST_ORDER } from './allocationTable';
import { AllocationTableBuilder } from './allocationTableBuilder';
import { NONE, PageFlag } from './eventTable';
import { EventTableBuilder } from './eventTableBuilder';
import { excerpt } from './excerpt';
import { GapRecorder } from './gapRecorder';
import { LineByLineReader } from './lineByLineReader';
import { NumberScanner } from './numberScanner';
import { PageFlagTexts } from './pageFlagTexts';
import { PageOwnerLine } from './pageOwnerLine';
import { isIndented, PrintedFrames } from './printedFrames';
import { StackBlockCache } from './stackBlockCache';
import { stackEnd } from './stackLines';
import { SymbolTableBuilder } from './symbolTableBuilder';
import type { TextReader } from './textReader';

/** Lines looked at to tell the format: more than a record has (a stack depot keeps 64 frames). */
const HEAD_LINES = 100;

const ALLOCATED = 'Page allocated via order ';
const MIGRATED = 'Page has been migrated, last migrate reason: ';
const CHARGED = 'Charged ';
const SLAB = 'Slab cache page';
/** First bytes of `stack_count:` and `nr_base_pages:`. */
const FIRST_OF_COUNT = 0x73;
const FIRST_OF_PAGES = 0x6e;
const EXPECTED_LINE =
  'expected "Page allocated via order", "PFN", frames, "Page has been migrated", "Charged" or an empty line';

/** The letters of `Flags` up to 4.5, one a flag. C is PageCompound, which no longer has a flag of its own. */
const FLAG_LETTERS: ReadonlyMap<number, number> = new Map(
  Object.entries({
    K: PageFlag.locked,
    E: PageFlag.error,
    R: PageFlag.referenced,
    U: PageFlag.uptodate,
    D: PageFlag.dirty,
    L: PageFlag.lru,
    A: PageFlag.active,
    S: PageFlag.slab,
    W: PageFlag.writeback,
    C: PageFlag.head,
    B: PageFlag.owner_priv_1,
    M: PageFlag.mappedtodisk,
  }).map(([letter, bit]) => [letter.charCodeAt(0), bit]),
);

/** Whether a text begins like a page_owner dump, page_owner_stacks/show_stacks, or what page_owner_sort prints. */
export function isPageOwner(head: Uint8Array): boolean {
  const scanner = new NumberScanner();
  let afterFrame = false;
  for (let at = 0, lines = 0; at < head.length && lines < HEAD_LINES; lines++) {
    if (startsWith(head, at, ALLOCATED) && isDigit(head[at + ALLOCATED.length]!)) return true;
    if (isTimesLine(head, at, scanner)) return true;
    const numberStart = totalNumber(head, at);
    if (numberStart > 0 && isDigit(head[numberStart]!) && (afterFrame || lines === 0)) return true;
    afterFrame = head[at] === BLANK;
    const newline = head.indexOf(NEWLINE, at);
    if (newline < 0) return false;
    at = newline + 1;
  }
  return false;
}

/** Where the reader stands. */
const enum Place {
  Outside,
  Record,
  /** In a record that could not be read: its lines are passed over up to the empty one. */
  Skipped,
}

/**
 * Reads dumps of page_owner (/sys/kernel/debug/page_owner, mm/page_owner.c) into an {@link AllocationTable}:
 * two lines, the stack, optional lines, an empty line. Knows nothing of files and chunks: {@link read} takes any
 * run of whole lines.
 */
export class PageOwnerReader extends LineByLineReader implements TextReader {
  readonly table = new EventTableBuilder();
  readonly symbols = new SymbolTableBuilder();
  readonly allocations = new AllocationTableBuilder();
  readonly gapRecorder = new GapRecorder();
  readonly stackRecords = 0;
  readonly orphanStacks = 0;
  /** Records read. */
  ownLines = 0;
  readonly format = 'page-owner';
  readonly isTicks = false;
  readonly resolution = 1;
  readonly timeBase = 0n;
  readonly facts = new Map<string, string>();

  private readonly head = new PageOwnerLine();
  private readonly scanner = new NumberScanner();
  private readonly flagTexts = new PageFlagTexts();
  private readonly frames = new PrintedFrames(this.symbols);
  private readonly blocks = new StackBlockCache();
  private readonly noComm = this.symbols.internText('');
  private readonly noTask = this.symbols.internTask(this.noComm, -1);
  /** Text block of the newest stack, for guessing the next one. */
  private previousBlock = NONE;

  // The record that is being read.
  private place = Place.Outside;
  /** Offset in the file. */
  private recordStart = 0;
  private recordLine = 0;
  /** Whether its first line, "Page allocated", was read. */
  private hasHead = false;
  /** Its row, once its page is known. */
  private row = NONE;
  private task = this.noTask;
  private gfpMask = NONE;
  private stack = NONE;
  private handle = 0;
  private allocationCount = -1;
  private pageCount = -1;

  protected override record(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    return bytes[at] === BLANK ? this.stackLines(bytes, at, end, last) : this.otherLine(bytes, at);
  }

  /** The last record ends here. */
  finish(): void {
    this.endRecord();
    this.allocations.sort();
  }

  factList(): (readonly [string, string])[] {
    const facts: (readonly [string, string])[] = [...this.facts];
    const { order, time, length, totals } = this.allocations;
    if (length > 0) {
      let pages = 0;
      let newest = NaN;
      for (let row = 0; row < length; row++) {
        pages += 2 ** order[row]!;
        if (!(time[row]! <= newest)) newest = Number.isNaN(time[row]!) ? newest : time[row]!;
      }
      facts.push(['allocations', String(length)], ['pages', String(pages)]);
      if (!Number.isNaN(newest))
        facts.push(['newest allocation', `${(newest / 1e9).toFixed(9)} s after boot`]);
    }
    if (totals.length > 0) facts.push(['stacks with a number of pages', String(totals.length)]);
    return facts;
  }

  otherEvents(): Map<string, number> {
    return new Map();
  }

  /** The frame lines from `at` on; -1 when they may go on behind `end`. */
  private stackLines(bytes: Uint8Array, at: number, end: number, last: boolean): number {
    const { blocks } = this;
    const guess = blocks.guess(this.previousBlock, this.gfpMask);
    if (guess !== NONE) {
      const stop = at + blocks.length(guess);
      if (
        (stop < end || (stop === end && last)) &&
        blocks.matches(guess, this.text, at) &&
        (stop === end || bytes[stop] !== BLANK)
      ) {
        this.attach(at, guess, blocks.stack(guess), blocks.lines(guess));
        return stop;
      }
    }
    const stop = stackEnd(bytes, at, end, last, isIndented);
    if (stop < 0) return -1;
    const lines = countLines(bytes, at, stop);
    let block = blocks.find(this.text, at, stop);
    let stack: number;
    if (block === NONE) {
      stack = this.frames.stack(bytes, at, stop);
      block = blocks.add(bytes, at, stop, stack, lines, false);
    } else {
      stack = blocks.stack(block);
    }
    blocks.learn(this.previousBlock, this.gfpMask, block);
    this.attach(at, block, stack, lines);
    return stop;
  }

  private attach(at: number, block: number, stack: number, lines: number): void {
    this.previousBlock = block;
    // show_stacks begins its records with the stack.
    if (this.place === Place.Outside) this.beginRecord(at);
    if (this.place === Place.Record && this.stack === NONE) {
      this.stack = stack;
      if (this.row !== NONE) this.allocations.stack[this.row] = stack;
    }
    this.line += lines;
  }

  private otherLine(bytes: Uint8Array, at: number): number {
    const lineEnd = bytes.indexOf(NEWLINE, at);
    let textEnd = lineEnd;
    while (textEnd > at && bytes[textEnd - 1]! <= BLANK) textEnd--;
    if (textEnd === at) this.endRecord();
    else if (startsWith(bytes, at, ALLOCATED)) this.headLine(bytes, at, textEnd);
    else if (this.place !== Place.Skipped) this.detailLine(bytes, at, textEnd);
    this.line++;
    return lineEnd + 1;
  }

  private headLine(bytes: Uint8Array, at: number, textEnd: number): void {
    const { head, symbols } = this;
    // page_owner_sort puts a line with the number of pages before the record.
    const isCounted = this.place === Place.Record && this.pageCount >= 0 && !this.hasHead;
    if (!isCounted) {
      this.endRecord();
      this.beginRecord(at);
    }
    this.hasHead = true;
    if (!head.read(bytes, at + ALLOCATED.length, textEnd) || head.order > HIGHEST_ORDER) {
      this.skipRecord(bytes, at, textEnd, `an order up to ${HIGHEST_ORDER} after "${ALLOCATED.trimEnd()}"`);
      return;
    }
    if (head.gfpEnd > head.gfpStart) this.gfpMask = symbols.internBytes(bytes, head.gfpStart, head.gfpEnd);
    const hasComm = head.commEnd > head.commStart;
    const comm = hasComm ? symbols.internBytes(bytes, head.commStart, head.commEnd) : this.noComm;
    this.task = symbols.internTask(comm, head.pid);
  }

  private detailLine(bytes: Uint8Array, at: number, textEnd: number): void {
    const { allocations, row, symbols } = this;
    if (this.hasHead) {
      if (startsWith(bytes, at, 'PFN ')) {
        this.pageLine(bytes, at, textEnd);
        return;
      }
      if (startsWith(bytes, at, MIGRATED)) {
        const reason = symbols.internBytes(bytes, at + MIGRATED.length, textEnd);
        if (row !== NONE) allocations.migrateReason[row] = reason;
        return;
      }
      if (startsWith(bytes, at, CHARGED)) {
        const memcg = symbols.internBytes(bytes, at + CHARGED.length, textEnd);
        if (row !== NONE) allocations.memcg[row] = memcg;
        return;
      }
      // Its memcg line follows, or the page's objects belong to many (print_page_owner_memcg()).
      if (startsWith(bytes, at, SLAB)) return;
    }
    if (this.totalLine(bytes, at)) return;
    const found = this.problems.wanted ? excerpt(bytes, at, textEnd) : '';
    this.problem(at, `not a line of page_owner: ${found}; ${EXPECTED_LINE}`);
  }

  /** `PFN 6658 type Movable Block 13 type CMA Flags 0x…(uptodate|lru|zone=1)`. */
  private pageLine(bytes: Uint8Array, at: number, textEnd: number): void {
    const { scanner, head, allocations, symbols } = this;
    if (this.row !== NONE) {
      this.problem(at, 'a second "PFN" in one record, expected one; it was left out');
      return;
    }
    scanner.pfn(bytes, at + 4, false);
    if (!scanner.found || scanner.value < 0) {
      this.skipRecord(bytes, at, textEnd, 'a page frame number after "PFN"');
      return;
    }
    const pfn = scanner.value;
    let next = scanner.next;
    // All versions end the line with the flags: without them it is cut off, and the number may be too.
    const flagsStart = textBehind(bytes, next, textEnd, ' Flags ');
    if (flagsStart < 0) {
      this.skipRecord(bytes, at, textEnd, 'a line that ends with "Flags"');
      return;
    }
    const row = allocations.append(pfn, head.order, this.task, this.recordStart);
    this.row = row;
    this.ownLines++;
    allocations.gfpMask[row] = this.gfpMask;
    allocations.tgid[row] = head.tgid;
    allocations.time[row] = head.time;
    allocations.freeTime[row] = head.freeTime;
    allocations.handle[row] = this.handle;
    allocations.stack[row] = this.stack;
    allocations.flags[row] =
      bytes[flagsStart] === ZERO
        ? this.flagTexts.namedBitsOf(bytes, flagsStart, textEnd)
        : flagsOfLetters(bytes, flagsStart, textEnd);

    if (startsWith(bytes, next, ' type ')) {
      const start = next + 6;
      next = wordEnd(bytes, start, textEnd);
      allocations.migratetype[row] = symbols.internBytes(bytes, start, next);
    }
    if (startsWith(bytes, next, ' Block ')) next = wordEnd(bytes, next + 7, textEnd);
    if (startsWith(bytes, next, ' type ')) {
      const start = next + 6;
      const end = wordEnd(bytes, start, textEnd);
      // Up to 4.5 it is a number, which says nothing without the configuration.
      if (!isDigit(bytes[start]!)) allocations.blockType[row] = symbols.internBytes(bytes, start, end);
    }
  }

  /** Lines that count: of show_stacks and its kin, and of page_owner_sort. */
  private totalLine(bytes: Uint8Array, at: number): boolean {
    const { scanner } = this;
    const numberStart = totalNumber(bytes, at);
    if (numberStart > 0) {
      scanner.number(bytes, numberStart);
      if (!scanner.found) return false;
      if (this.place === Place.Outside) this.beginRecord(at);
      const first = bytes[at];
      if (first === FIRST_OF_COUNT) this.allocationCount = scanner.value;
      else if (first === FIRST_OF_PAGES) this.pageCount = scanner.value;
      else this.handle = scanner.value;
      if (this.row !== NONE) this.allocations.handle[this.row] = this.handle;
      return true;
    }
    if (!isTimesLine(bytes, at, scanner)) return false;
    this.endRecord();
    this.beginRecord(at);
    this.pageCount = scanner.value;
    scanner.number(bytes, at);
    this.allocationCount = scanner.value;
    return true;
  }

  private beginRecord(at: number): void {
    this.place = Place.Record;
    this.recordStart = this.fileOffset + at;
    this.recordLine = this.line;
    this.hasHead = false;
    this.row = this.stack = this.gfpMask = NONE;
    this.task = this.noTask;
    this.handle = 0;
    this.allocationCount = this.pageCount = -1;
  }

  private endRecord(): void {
    const { place, stack, handle, allocationCount, pageCount, hasHead } = this;
    this.place = Place.Outside;
    // What follows without a head of its own is not of this record.
    this.hasHead = false;
    if (place !== Place.Record || this.row !== NONE) return;
    const isCounted = allocationCount >= 0 || pageCount >= 0 || (!hasHead && handle > 0);
    if (isCounted) {
      this.ownLines++;
      this.allocations.totals.append(stack, allocationCount, pageCount, handle, this.recordStart);
      return;
    }
    this.problems.add(
      this.recordStart,
      this.recordLine,
      hasHead
        ? 'an allocation without its page, expected a line "PFN" after the first; it was left out'
        : `frames that belong to no allocation, expected "${ALLOCATED.trimEnd()}" before them or ` +
            '"nr_base_pages:" after them',
    );
  }

  private skipRecord(bytes: Uint8Array, at: number, textEnd: number, expected: string): void {
    this.place = Place.Skipped;
    const found = this.problems.wanted ? excerpt(bytes, at, textEnd) : '';
    this.problem(at, `found ${found}, expected ${expected}; the record was left out`);
  }
}

/** Where the number of a line `stack_count: 12`, `nr_base_pages: 34` or `handle: 56` begins, or -1. */
function totalNumber(bytes: Uint8Array, at: number): number {
  if (startsWith(bytes, at, 'stack_count: ')) return at + 13;
  if (startsWith(bytes, at, 'nr_base_pages: ')) return at + 15;
  if (startsWith(bytes, at, 'handle: ')) return at + 8;
  return -1;
}

/** Whether `12 times, 34 pages` of page_owner_sort stands at `at`; the number of pages is then in the scanner. */
function isTimesLine(bytes: Uint8Array, at: number, scanner: NumberScanner): boolean {
  if (!isDigit(bytes[at]!)) return false;
  scanner.number(bytes, at);
  if (!startsWith(bytes, scanner.next, ' times, ')) return false;
  scanner.number(bytes, scanner.next + 8);
  return scanner.found && startsWith(bytes, scanner.next, ' pages');
}

function flagsOfLetters(bytes: Uint8Array, start: number, end: number): number {
  let bits = 0;
  for (let i = start; i < end; i++) bits |= FLAG_LETTERS.get(bytes[i]!) ?? 0;
  return bits;
}

function wordEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! > BLANK) at++;
  return at;
}
