import type { ProblemList } from '../problemList';
import { longAt } from './perfSample';
import { RecordType, isRecordType } from './recordType';

/** struct perf_event_header: u32 type, u16 misc, u16 size. */
export const RECORD_HEADER = 8;
/** Header and size word of a record that announces data behind it (tracing data, AUX data). */
const ANNOUNCEMENT = 16;
/** Formats of all events of a kernel take 2 MB; more is not believed, in bytes. */
const LARGEST_TRACING_DATA = 1 << 26;
/** Records in a row that must look right before reading goes on behind a damaged place. */
const RECORDS_TO_TRUST = 4;

/** No record's size field can say more, in bytes. */
export const LARGEST_RECORD = 0xffff;

/**
 * Cuts a stream of chunks into records. {@link next} finds the next one, which stays in the fields. Where a
 * record's header cannot be right, the bytes up to the next run of plausible records are skipped and counted.
 */
export class RecordWindow {
  /** The bytes that the newest record lies in, and a view of all of them; good until the next `push`. */
  bytes: Uint8Array = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  /** The newest record is `bytes[at, at + size)`, its header included; tracing data behind it counts to it. */
  at = 0;
  size = 0;
  type = 0;
  misc = 0;

  /** Places at which no record began: what stood there is lost. */
  damages = 0;

  /** The bytes that wait are `bytes[start, end)`. */
  private start = 0;
  private end = 0;
  /** The bytes are in memory of the window's own, behind which more may be put. */
  private isOwn = false;
  /** Bytes of AUX data still to be skipped. */
  private skip = 0;
  /** Offset in the file of the damaged place behind which no record was found yet, or -1. */
  private damagedAt = -1;

  /**
   * @param fileOffset offset in the file of `bytes[0]`
   * @param isNested the bytes were decompressed from the record at `fileOffset`, which all offsets then name
   */
  constructor(
    private fileOffset: number,
    private readonly littleEndian: boolean,
    private readonly problems: ProblemList,
    private readonly isNested: boolean,
  ) {}

  /** Offset in the file of the newest record. */
  get recordOffset(): number {
    return this.offsetOf(this.at);
  }

  /** The bytes that come next were decompressed from the record at this offset. */
  setOrigin(fileOffset: number): void {
    this.fileOffset = fileOffset;
  }

  /**
   * The next bytes of the stream. Of the memory that they lie in, `room` bytes before them may be written over: the
   * beginning of a record that waits for them is put there, and nothing else is copied. The memory must stay as it is
   * until the next `push`.
   */
  push(chunk: Uint8Array, room: number): void {
    const skipped = Math.min(this.skip, chunk.length);
    this.skip -= skipped;
    if (skipped > 0 && !this.isNested) this.fileOffset += skipped;
    const rest = chunk.subarray(skipped);
    const waiting = this.end - this.start;
    if (waiting <= room) this.adopt(rest, waiting);
    else this.append(rest, waiting);
  }

  private adopt(rest: Uint8Array, waiting: number): void {
    const start = rest.byteOffset - waiting;
    const bytes = new Uint8Array(rest.buffer, start, waiting + rest.length);
    if (waiting > 0) bytes.set(this.bytes.subarray(this.start, this.end));
    this.bytes = bytes;
    this.view = new DataView(rest.buffer, start, bytes.length);
    this.isOwn = false;
    this.moveTo(waiting, rest.length);
  }

  /** Where there is no room before the next bytes, they go behind those that wait, in memory of its own. */
  private append(rest: Uint8Array, waiting: number): void {
    if (!this.isOwn || this.end + rest.length > this.bytes.length) {
      const wanted = waiting + rest.length;
      if (!this.isOwn || wanted > this.bytes.length) {
        const wider = new Uint8Array(Math.max(1 << 16, wanted * 2));
        wider.set(this.bytes.subarray(this.start, this.end));
        this.bytes = wider;
        this.view = new DataView(wider.buffer);
        this.isOwn = true;
      } else {
        this.bytes.copyWithin(0, this.start, this.end);
      }
      this.moveTo(waiting, 0);
    }
    this.bytes.set(rest, this.end);
    this.end += rest.length;
  }

  /** The bytes that wait are now the first ones, and `more` follow. */
  private moveTo(waiting: number, more: number): void {
    if (!this.isNested) this.fileOffset += this.start;
    this.start = 0;
    this.end = waiting + more;
  }

  /** Where the bytes begin that are not read yet, and where they end. */
  get unread(): number {
    return this.damagedAt >= 0 ? this.end : this.start;
  }
  get unreadEnd(): number {
    return this.end;
  }

  /** All before `at`, the beginning of a record or the end of the bytes, was read. */
  passTo(at: number): void {
    if (this.damagedAt < 0) this.start = at;
  }

  /** Offset in the file of what is at index 0 of the bytes, and bytes of the file for each of them: 0 or 1. */
  get fileStart(): number {
    return this.fileOffset;
  }
  get fileStep(): number {
    return this.isNested ? 0 : 1;
  }

  /** Finds the next record; false when more bytes are needed. `last`: there are no more. */
  next(last: boolean): boolean {
    for (;;) {
      if (this.damagedAt >= 0 && !this.recover(last)) return false;
      const { start: at, end } = this;
      if (end - at < RECORD_HEADER) return false;
      const size = this.sizeAt(at);
      if (size < RECORD_HEADER || !isRecordType(this.typeAt(at))) {
        this.damagedAt = this.offsetOf(at);
        this.start = at + 1;
        continue;
      }
      if (end - at < size) return false;
      if (this.typeAt(at) === RecordType.auxTrace && size >= ANNOUNCEMENT) {
        this.start = at + size;
        this.skipData(longAt(this.view, at + RECORD_HEADER, this.littleEndian));
        continue;
      }
      return this.take(at, size, last);
    }
  }

  /** The stream ends here: reports what is left of a record. */
  finish(): void {
    if (this.damagedAt >= 0) {
      this.reportDamage(this.offsetOf(this.end));
    } else if (this.end > this.start || this.skip > 0) {
      const wanted =
        this.end - this.start >= RECORD_HEADER ? `${this.sizeAt(this.start)} bytes` : 'a header of 8 bytes';
      this.problems.add(
        this.offsetOf(this.start),
        null,
        `the recording ends inside a record: ${this.end - this.start} bytes are left, expected ${wanted}; the file is cut off`,
      );
    }
    this.start = this.end;
  }

  private take(at: number, recordSize: number, last: boolean): boolean {
    const { view, littleEndian: little } = this;
    let size = recordSize;
    const type = this.typeAt(at);
    if (type === RecordType.tracingData && size >= 12) {
      const announced = view.getUint32(at + RECORD_HEADER, little);
      if (announced > LARGEST_TRACING_DATA) {
        this.problems.add(
          this.offsetOf(at),
          null,
          `tracing data of ${announced} bytes, expected at most ${LARGEST_TRACING_DATA}; it was skipped`,
        );
        this.start = at + size;
        this.skipData(announced);
        return this.next(last);
      }
      size += announced;
      if (this.end - at < size && !last) return false;
      size = Math.min(size, this.end - at);
    }
    this.at = at;
    this.size = size;
    this.type = type;
    this.misc = view.getUint16(at + 4, little);
    this.start = at + size;
    return true;
  }

  private skipData(length: number): void {
    const here = Math.min(length, this.end - this.start);
    this.start += here;
    this.skip = length - here;
  }

  /** Moves on to the first run of plausible records; false when more bytes are needed for that. */
  private recover(last: boolean): boolean {
    while (this.end - this.start >= RECORD_HEADER) {
      const verdict = this.isPlausible(this.start, last);
      if (verdict === 'unknown') return false;
      if (verdict === 'yes') {
        this.reportDamage(this.offsetOf(this.start));
        this.damagedAt = -1;
        return true;
      }
      this.start++;
    }
    return false;
  }

  private isPlausible(start: number, last: boolean): 'yes' | 'no' | 'unknown' {
    let at = start;
    for (let records = 0; records < RECORDS_TO_TRUST; records++) {
      if (last && at === this.end && records > 0) return 'yes';
      if (this.end - at < RECORD_HEADER) return last ? 'no' : 'unknown';
      const size = this.sizeAt(at);
      const type = this.typeAt(at);
      if (size < RECORD_HEADER || !isRecordType(type)) return 'no';
      if (size % 8 !== 0 && type !== RecordType.compressed) return 'no';
      at += size;
    }
    return 'yes';
  }

  private reportDamage(end: number): void {
    this.damages++;
    this.problems.add(
      this.damagedAt,
      null,
      this.isNested
        ? 'no record begins here in the decompressed data, expected a type and a size of at least 8 bytes; reading ' +
            'goes on at the next place that looks like records'
        : `no record begins here, expected a type and a size of at least 8 bytes; ${end - this.damagedAt} bytes were ` +
            'skipped up to the next place that looks like records',
    );
  }

  private offsetOf(at: number): number {
    return this.isNested ? this.fileOffset : this.fileOffset + at;
  }

  private typeAt(at: number): number {
    return this.view.getUint32(at, this.littleEndian);
  }

  private sizeAt(at: number): number {
    return this.view.getUint16(at + 6, this.littleEndian);
  }
}
