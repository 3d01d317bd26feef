import { NONE } from '../eventTable';
import type { ProblemList } from '../problemList';
import { StackMatcher } from '../stackMatcher';
import { ByteOrder, byteOrderOf } from './byteOrder';
import type { CaptureClock } from './clock';
import type { CpuData, PageSpan } from './cpuData';
import { cpuName } from './cpuName';
import type { PageHeader, RecordHeader } from './metadata';
import type { TracepointHits } from './tracepointHits';

/** The commit word of a page (libtraceevent src/kbuffer-parse.c, kernel/trace/ring_buffer.c). */
const COMMIT_MASK = (1 << 27) - 1;
const MISSING_EVENTS = 1 << 31;
const MISSING_STORED = 1 << 30;

/** How pages and records are laid out in the whole file. */
export interface RingLayout {
  readonly littleEndian: boolean;
  readonly page: PageHeader;
  readonly record: RecordHeader;
  readonly clock: CaptureClock;
}

/** What is known of the events missing before a record: nothing missing, or how many. */
export const NOTHING_MISSING = 0;
/** Events are missing, but nobody counted them. */
export const UNCOUNTED = -1;

/** Bytes of a head and a word, the least that a record takes. */
const SMALLEST_RECORD = 8;

const NO_BYTES = new Uint8Array(0);

/**
 * Walks the records of one CPU of one ring buffer. After {@link advance} says true, `at`, `length` and `time`
 * are those of the next record; when it says false, {@link load} brings more pages.
 */
export class CpuCursor {
  /** Text block of the newest stack of this CPU, for guessing the next one. */
  previousBlock = NONE;
  bytes: Uint8Array = NO_BYTES;
  view: DataView = new DataView(NO_BYTES.buffer);
  /** Index of the record's data, which begins with `common_type`. */
  at = 0;
  /** Bytes of the record's data. */
  length = 0;
  /** As in {@link EventTable.time}. */
  time = NaN;
  /** Events missing before this record: a number, {@link NOTHING_MISSING} or {@link UNCOUNTED}. */
  missing = NOTHING_MISSING;
  /** Time of the last record before the missing ones, NaN when there is none. */
  timeBeforeMissing = NaN;
  /** True behind the last record. */
  isDone = false;
  /** The newest event, which waits for its stack, or NONE; those before it are with the matcher. */
  waitingRow = NONE;
  waitingPid = 0;
  waitingContext = 0;
  /** Hits that other buffers may have recorded on this CPU, too; null where none has records of it. */
  hits: TracepointHits | null = null;
  /** Number of the buffer among those of {@link hits}. */
  buffer = 0;

  // For the record loop: the page, the records in it, and the page behind. Indexes in `bytes`.
  /** Another number for each page. */
  pageNumber = 0;
  pageStart = 0;
  dataEnd = 0;
  nextPage = 0;
  /** Heads of the record, and of the one behind it. */
  recordStart = 0;
  nextRecord = 0;
  /** Offset in the file of the first byte in memory, and bytes of the file for each byte there. */
  spanOffset = 0;
  spanScale = 1;

  /** What the time of the next record is counted from, before conversion, as distance to the clock's base. */
  stamp = 0;

  private readonly matcher = new StackMatcher();
  private pageStampHigh = 0;
  private isInZeros = false;
  private readonly byteOrder: ByteOrder;
  private readonly clock: CaptureClock;
  /** Null where times can be taken as they are. */
  private readonly conversion: CaptureClock | null;
  private readonly record: RecordHeader;
  /** Where a record's type and time are in its head, as if the head were a number. */
  private readonly typeShift: number;
  private readonly typeMask: number;
  private readonly deltaShift: number;
  private readonly deltaMask: number;
  /** Its records are laid out, and have times, as the record loop takes them. */
  readonly isForLoop: boolean;

  /**
   * @param order place among the cursors of the file: of two records of one time, the lower comes first
   * @param hasSharedClock false when its times cannot be compared with those of the others
   */
  constructor(
    readonly order: number,
    readonly cpu: number,
    readonly hasSharedClock: boolean,
    private readonly data: CpuData,
    readonly pageSize: number,
    readonly layout: RingLayout,
    private readonly problems: ProblemList,
  ) {
    const { littleEndian, clock, record } = layout;
    this.byteOrder = byteOrderOf(littleEndian);
    this.clock = clock;
    this.conversion = clock.isPlain ? null : clock;
    this.record = record;
    // The head is a C bit field: its first member is in the low bits of a little-endian word, and in the high bits
    // of a big-endian one.
    this.typeShift = littleEndian ? 0 : record.deltaBits;
    this.typeMask = (1 << record.typeBits) - 1;
    this.deltaShift = littleEndian ? record.typeBits : 0;
    this.deltaMask = (1 << record.deltaBits) - 1;
    const isWholeHead = record.typeBits + record.deltaBits === 32;
    this.isForLoop = littleEndian && isWholeHead && hasSharedClock && this.conversion === null;
  }

  /** Offset in the file of the record's head, or near it where the page came out of a compressed block. */
  get fileOffset(): number {
    return this.placeOf(this.recordStart);
  }

  /** Nothing about the record speaks against the record loop. */
  get isOrdinary(): boolean {
    return this.isForLoop && this.missing === NOTHING_MISSING && this.matcher.isIdle;
  }

  /** Bytes of a page up to its records and all else that its head is asked for. */
  get headSize(): number {
    const { timestampOffset, commitOffset, longSize, dataOffset } = this.layout.page;
    return Math.max(timestampOffset + 8, commitOffset + longSize, dataOffset);
  }

  /** Its records are held against those of other buffers. */
  compareHits(hits: TracepointHits, buffer: number): void {
    this.hits = hits;
    this.buffer = buffer;
  }

  /** The loop has read the records before the one whose head is at `recordStart`, and may have read that, too. */
  standOn(recordStart: number, at: number, length: number, nextRecord: number): void {
    this.recordStart = recordStart;
    this.at = at;
    this.length = length;
    this.nextRecord = nextRecord;
  }

  /** The loop has come to another page with records. */
  standIn(pageStart: number, dataEnd: number, turned: number): void {
    this.pageNumber += turned;
    this.pageStart = pageStart;
    this.dataEnd = dataEnd;
    this.nextPage = pageStart + this.pageSize;
    this.isInZeros = false;
    this.pageStampHigh = this.stampOf(pageStart).high;
  }

  /** Brings pages into memory until there is a record, or sets {@link isDone}. */
  async load(): Promise<void> {
    do {
      const span = await this.data.next();
      if (!span) {
        if (this.data.isCutOff) this.miss(0);
        this.isDone = true;
        return;
      }
      this.enter(span);
    } while (!this.advance());
  }

  /** Goes to the next record as {@link load} does, in pages that need not be waited for; false when it is not in these. */
  loadInMemory(): boolean {
    do {
      const span = this.data.nextInMemory?.() ?? null;
      if (span === null) return false;
      this.enter(span);
    } while (!this.advance());
    return true;
  }

  private enter({ bytes, fileOffset, fileScale, isAfterLoss }: PageSpan): void {
    if (isAfterLoss) this.miss(0);
    this.spanOffset = fileOffset;
    this.spanScale = fileScale;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.nextPage = this.nextRecord = this.dataEnd = 0;
  }

  /** The record was an event: its stack may follow. `context` as in {@link StackMatcher.event}. */
  waitForStack(row: number, pid: number, context: number): void {
    if (this.waitingRow !== NONE) this.matcher.event(this.waitingRow, this.waitingPid, this.waitingContext);
    this.waitingRow = row;
    this.waitingPid = pid;
    this.waitingContext = context;
  }

  /** The row of the event to which the stack of a task belongs, which waits no longer; NONE when it is gone. */
  takeWaiting(pid: number, context: number): number {
    const newest = this.waitingRow;
    this.waitingRow = NONE;
    const { matcher } = this;
    // Nearly always the stack follows its event at once. The matcher sorts out the rest.
    const isNewest = pid === this.waitingPid && context === this.waitingContext;
    if (newest !== NONE && isNewest && matcher.isIdle) return newest;
    if (newest !== NONE) matcher.event(newest, this.waitingPid, this.waitingContext);
    const row = matcher.find(pid, context);
    if (row !== NONE) matcher.settle(row);
    return row;
  }

  /** Records are missing here: what waited may have lost its stack. */
  forgetWaiting(): void {
    this.waitingRow = NONE;
    this.matcher.forget();
  }

  /** Goes to the next record in memory; false when there is none. */
  advance(): boolean {
    const little = this.byteOrder === ByteOrder.Little;
    for (;;) {
      const at = this.nextRecord;
      if (at + SMALLEST_RECORD > this.dataEnd) {
        if (!this.leavePage(at)) return false;
        continue;
      }
      const { view } = this;
      const head = view.getInt32(at, little);
      const type = (head >>> this.typeShift) & this.typeMask;
      const delta = (head >>> this.deltaShift) & this.deltaMask;
      let data = at + 4;
      let length = type << 2;
      if (type === 0) {
        length = view.getUint32(data, little) - 4;
        data += 4;
      } else if (type > this.record.largestData) {
        if (this.special(at, type, delta)) continue;
      }
      if (length <= 0 || length > this.dataEnd - data) {
        this.damaged(at, `a record of ${length} bytes where ${this.dataEnd - data} are left in the page`);
        continue;
      }
      const stamp = this.stamp + delta;
      this.stamp = stamp;
      this.recordStart = at;
      this.at = data;
      this.length = length;
      this.nextRecord = data + ((length + 3) & ~3);
      this.time = stamp;
      if (this.conversion !== null) this.time = this.conversion.convert(stamp, this.cpu);
      return true;
    }
  }

  /** Passes over what is no record of an event: padding and times. False for a type that is none of these. */
  private special(at: number, type: number, delta: number): boolean {
    const { deltaBits, padding, timeExtend, timeStamp } = this.record;
    const word = this.view.getUint32(at + 4, this.byteOrder === ByteOrder.Little);
    switch (type) {
      case timeExtend:
        this.stamp += word * 2 ** deltaBits + delta;
        this.nextRecord = at + 8;
        return true;
      case timeStamp:
        this.absoluteStamp(word, delta, deltaBits);
        this.nextRecord = at + 8;
        return true;
      case padding:
        this.stamp += delta;
        // A padding without a time fills the page and has no length (rb_null_event() in ring_buffer.c).
        if (delta === 0) this.nextRecord = this.dataEnd;
        else if (word < 4 || word > this.dataEnd - at) this.damaged(at, `a padding of ${word} bytes`);
        else this.nextRecord = at + 4 + ((word + 3) & ~3);
        return true;
      default:
        return false;
    }
  }

  /** No whole record is left in the page: goes to the next one. False when there is none in memory. */
  private leavePage(at: number): boolean {
    if (at < this.dataEnd) {
      this.pageTail(at);
      return true;
    }
    return this.turnPage();
  }

  /** Goes to the next page, which may hold no record; false when there is none in memory. */
  private turnPage(): boolean {
    const { view, bytes, pageSize } = this;
    const littleEndian = this.byteOrder === ByteOrder.Little;
    const { commitOffset, longSize, dataOffset } = this.layout.page;
    const start = this.nextPage;
    const available = Math.min(pageSize, bytes.length - start);
    if (available <= 0) return false;
    this.nextPage = start + available;
    this.pageNumber++;
    this.pageStart = start;
    if (available < pageSize) {
      this.problem(
        start,
        `${available} bytes of a page, expected ${pageSize}; the file is cut off, what is there was read`,
      );
    }
    this.nextRecord = this.dataEnd = start;
    if (available < this.headSize) return true;

    const { high, low } = this.stampOf(start);
    const lowWord = start + commitOffset + (littleEndian ? 0 : longSize - 4);
    const commit = view.getUint32(lowWord, littleEndian);
    const size = commit & COMMIT_MASK;
    if (size > pageSize - dataOffset) {
      this.problem(
        start,
        `a page with ${size} bytes of data, expected at most ${pageSize - dataOffset}; skipped`,
      );
      this.miss(0);
      return true;
    }
    if (size === 0 && high === 0 && low === 0) {
      this.unwritten(start);
      return true;
    }
    this.isInZeros = false;
    this.pageStampHigh = high;
    this.stamp = this.clock.relative(high, low);
    this.nextRecord = start + dataOffset;
    this.dataEnd = this.nextRecord + Math.min(size, available - dataOffset);
    if ((commit & MISSING_EVENTS) !== 0) {
      const count =
        (commit & MISSING_STORED) !== 0 ? this.storedCount(this.nextRecord + size, start + available) : 0;
      this.miss(count);
    }
    return true;
  }

  /** Halves of a page's time stamp. */
  private stampOf(page: number): { readonly high: number; readonly low: number } {
    const littleEndian = this.byteOrder === ByteOrder.Little;
    const at = page + this.layout.page.timestampOffset;
    const first = this.view.getUint32(at, littleEndian);
    const second = this.view.getUint32(at + 4, littleEndian);
    return littleEndian ? { high: second, low: first } : { high: first, low: second };
  }

  /** The page is zeros: no clock of a running kernel stands at 0, and a page without events has a time. */
  private unwritten(start: number): void {
    if (this.isInZeros) return;
    this.isInZeros = true;
    this.problem(
      start,
      'zeros in place of pages, as after a copy that broke off or a crash; their events are lost, copy the file again',
    );
    this.miss(0);
  }

  /** Less than the smallest record, a head and a word, is left: fine only when it is a padding. */
  private pageTail(at: number): void {
    const left = this.dataEnd - at;
    const head = left < 4 ? 0 : this.view.getUint32(at, this.byteOrder === ByteOrder.Little);
    const type = (head >>> this.typeShift) & this.typeMask;
    if (type === this.record.padding) this.nextRecord = this.dataEnd;
    else
      this.damaged(at, `${left} bytes are left in a page, expected a record of at least ${SMALLEST_RECORD}`);
  }

  /** The number of missing events, stored as a `long` behind the data; 0 when it does not fit there. */
  private storedCount(at: number, end: number): number {
    const { longSize } = this.layout.page;
    if (at + longSize > end) return 0;
    const little = this.byteOrder === ByteOrder.Little;
    const low = this.view.getUint32(at + (little ? 0 : longSize - 4), little);
    if (longSize === 4) return low;
    const high = this.view.getUint32(at + (little ? 4 : 0), little);
    return high > 0xffff ? 0 : high * 2 ** 32 + low;
  }

  /**
   * An absolute time stamp has 59 bits; the upper 5 are those of the page's, and one more where it would be before the
   * stamp before it (rb_fix_abs_ts() of kernel/trace/ring_buffer.c).
   */
  private absoluteStamp(word: number, delta: number, deltaBits: number): void {
    const low = ((word << deltaBits) | delta) >>> 0;
    const upper = this.pageStampHigh & 0xf8000000;
    const high = ((word >>> (32 - deltaBits)) | upper) >>> 0;
    const stamp = this.clock.relative(high, low);
    const isOver = upper !== 0 && stamp < this.stamp;
    this.stamp = isOver ? this.clock.relative((high + 0x08000000) >>> 0, low) : stamp;
  }

  /** The rest of the page cannot be read: where a record ends tells where the next one begins. */
  private damaged(at: number, found: string): void {
    this.problem(at, `${found}; the rest of the page was skipped`);
    this.nextRecord = this.dataEnd;
    this.miss(0);
  }

  /** Events are missing here: `count` of them, 0 when nobody counted. */
  private miss(count: number): void {
    // The record before is still the one that `time` is of: the next one is not looked at yet.
    if (this.missing === NOTHING_MISSING) this.timeBeforeMissing = this.time;
    this.missing = count === 0 || this.missing === UNCOUNTED ? UNCOUNTED : this.missing + count;
  }

  private problem(at: number, message: string): void {
    this.problems.add(this.placeOf(at), null, `${cpuName(this.cpu)}: ${message}`);
  }

  private placeOf(at: number): number {
    const isFlat = this.spanScale === 1;
    return this.spanOffset + (isFlat ? at : Math.floor(at * this.spanScale));
  }
}
