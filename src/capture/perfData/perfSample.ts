import { ByteOrder, byteOrderOf } from '../traceDat/byteOrder';
import { ReadBit, SampleBit, type PerfAttribute } from './perfAttribute';

/**
 * Reads one sample (PERF_RECORD_SAMPLE). The result stays in the fields, so that a hot path makes no object.
 * Offsets are in the bytes that were read.
 */
export class PerfSample {
  /** Thread id; -1 where the sample has none. */
  tid = -1;
  /** -1 where the sample has none. */
  cpu = -1;
  hasTime = false;
  /** Upper and lower 32 bits, as signed numbers: V8 keeps those in fields as they are. */
  timeHigh = 0;
  timeLow = 0;
  /** Where the addresses of the call chain begin, and how many there are. */
  chainStart = 0;
  chainLength = 0;
  /** Where the tracepoint's own record begins, and its size in bytes; 0 where there is none. */
  rawStart = 0;
  rawSize = 0;
  private readonly byteOrder: ByteOrder;

  constructor(littleEndian: boolean) {
    this.byteOrder = byteOrderOf(littleEndian);
  }

  /**
   * Reads the sample whose data, behind the record's header, is `[at, end)`.
   *
   * @returns null, or the part that does not fit in the record
   */
  read(view: DataView, at: number, end: number, attribute: PerfAttribute): string | null {
    const { layout, sampleType } = attribute;
    const little = this.byteOrder === ByteOrder.Little;
    this.chainLength = this.rawSize = 0;
    let next = at + layout.fixedSize;
    if (next > end) return 'its ids and time';
    this.tid = layout.tid < 0 ? -1 : view.getInt32(at + layout.tid + 4, little);
    this.cpu = layout.cpu < 0 ? -1 : view.getInt32(at + layout.cpu, little);
    this.hasTime = layout.time >= 0;
    if (this.hasTime) {
      this.timeHigh = view.getInt32(at + layout.time + (little ? 4 : 0), little);
      this.timeLow = view.getInt32(at + layout.time + (little ? 0 : 4), little);
    }
    if ((sampleType & SampleBit.read) !== 0) {
      next += readSize(view, next, end, attribute.readFormat, little);
      if (next > end) return 'its counts';
    }
    if ((sampleType & SampleBit.callchain) !== 0) {
      if (next + 8 > end) return 'its call chain';
      const length = view.getUint32(next + (little ? 0 : 4), little);
      const high = view.getUint32(next + (little ? 4 : 0), little);
      if (high !== 0 || length > (end - next - 8) >> 3) {
        return `a call chain of ${longAt(view, next, little)} addresses`;
      }
      next += 8;
      this.chainStart = next;
      this.chainLength = length;
      next += length * 8;
    }
    if ((sampleType & SampleBit.raw) !== 0) {
      if (next + 4 > end) return 'its tracepoint record';
      const size = view.getUint32(next, little);
      next += 4;
      if (size > end - next) return `a tracepoint record of ${size} bytes`;
      this.rawStart = next;
      this.rawSize = size;
    }
    return null;
  }
}

/** Bytes of the counts of PERF_SAMPLE_READ; more than are there when they do not fit. */
function readSize(view: DataView, at: number, end: number, format: number, little: boolean): number {
  const times = ((format & ReadBit.enabled) !== 0 ? 8 : 0) + ((format & ReadBit.running) !== 0 ? 8 : 0);
  const value = 8 + ((format & ReadBit.id) !== 0 ? 8 : 0) + ((format & ReadBit.lost) !== 0 ? 8 : 0);
  if ((format & ReadBit.group) === 0) return value + times;
  if (at + 8 > end) return end - at + 1;
  return 8 + times + longAt(view, at, little) * value;
}

/** An unsigned 64-bit number; beyond 2^53 it is only known to be large. */
export function longAt(view: DataView, at: number, little: boolean): number {
  return (
    view.getUint32(at + (little ? 4 : 0), little) * 0x100000000 +
    view.getUint32(at + (little ? 0 : 4), little)
  );
}
