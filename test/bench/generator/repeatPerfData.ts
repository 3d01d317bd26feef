import { joined } from '../../../src/capture/byteChunks';
import type { ByteSource } from '../../../src/capture/byteSource';
import { TRACEPOINT, trailerOf, type PerfAttribute } from '../../../src/capture/perfData/perfAttribute';
import { PerfSample } from '../../../src/capture/perfData/perfSample';
import { RecordType } from '../../../src/capture/perfData/recordType';
import { PerfDataFrame } from './perfDataFrame';
import { Extent, isPage, pageStride, timeStride } from './repetition';
import { PfnFields, pageNumber } from './ringPages';

const RECORD_HEADER = 8;

/** One round of the recording, and where in it the times and pages are. */
interface Round {
  readonly bytes: Uint8Array;
  readonly times: readonly number[];
  readonly pages: readonly { at: number; size: number }[];
}

/**
 * Yields a perf.data in which all samples of `source` come `times` times. What perf says of the time before the
 * recording (names of running tasks, maps) comes once.
 *
 * @param source a little-endian perf.data that is no pipe's and not compressed; it is held in memory
 * @throws Error when it is another one, or damaged
 */
export async function* repeatPerfData(source: ByteSource, times: number): AsyncGenerator<Uint8Array> {
  const frame = await PerfDataFrame.read(source);
  const records = new RecordScan(frame);
  const once = records.scan(frame.start, frame.end, () => true);
  const again = records.scan(frame.start, frame.end, (time) => time !== 0n);
  if (records.samples === 0) throw new Error('it holds no sample');
  const stamps = new Extent();
  const pages = new Extent();
  const againView = new DataView(again.bytes.buffer);
  for (const at of again.times) stamps.add(againView.getBigUint64(at, true));
  for (const place of again.pages) pages.add(pageNumber(againView, place));
  const timeStep = timeStride(stamps, records.samples);
  const pageStep = pageStride(pages);

  const size = once.bytes.length + (times - 1) * again.bytes.length;
  yield frame.head(size);
  for (let round = 0n; round < times; round++) {
    yield changed(round === 0n ? once : again, round * timeStep, round * pageStep);
  }
  yield frame.tail(size);
}

/** Finds times and pages in records. Written apart from the reader's own loop, so that one checks the other. */
class RecordScan {
  samples = 0;
  private readonly sample = new PerfSample(true);

  private readonly view: DataView;
  private readonly fields: PfnFields;
  private readonly first: PerfAttribute;
  private readonly attributeOfId = new Map<bigint, PerfAttribute>();

  constructor({ view, metadata, events }: PerfDataFrame) {
    this.view = view;
    this.fields = new PfnFields(metadata);
    this.first = events[0]!.attribute;
    for (const { attribute, ids } of events) for (const id of ids) this.attributeOfId.set(id, attribute);
  }

  /** The records of `[start, end)` whose time is wanted; those without one count as of time 0, ends of rounds do not. */
  scan(start: number, end: number, isWanted: (time: bigint) => boolean): Round {
    const { view } = this;
    const parts: Uint8Array[] = [];
    const times: number[] = [];
    const pages: { at: number; size: number }[] = [];
    let length = 0;
    this.samples = 0;
    for (let at = start; at < end;) {
      const type = view.getUint32(at, true);
      const size = view.getUint16(at + 6, true);
      if (size < RECORD_HEADER || at + size > end) throw new Error(`no record at byte ${String(at)}`);
      if (type === RecordType.compressed || type === RecordType.compressed2 || type === RecordType.auxTrace) {
        throw new Error('it holds compressed records or AUX data, which cannot be repeated');
      }
      const timeAt = this.timeAt(at, size, type);
      const time = timeAt < 0 ? 0n : view.getBigUint64(timeAt, true);
      if (type === RecordType.finishedRound || isWanted(time)) {
        const move = length - at;
        if (time !== 0n) times.push(timeAt + move);
        if (type === RecordType.sample) {
          this.samples++;
          for (const place of this.pagesOf(at, size)) pages.push({ at: place.at + move, size: place.size });
        }
        parts.push(new Uint8Array(view.buffer, at, size));
        length += size;
      }
      at += size;
    }
    return { bytes: joined(parts), times, pages };
  }

  /** Where the time of a record is, or -1. */
  private timeAt(at: number, size: number, type: number): number {
    if (type >= RecordType.headerAttribute) return -1;
    if (type === RecordType.sample) {
      const { time } = this.attributeOf(at).layout;
      return time < 0 ? -1 : at + RECORD_HEADER + time;
    }
    const { time } = trailerOf(this.first);
    return time === 0 || size + time < RECORD_HEADER ? -1 : at + size + time;
  }

  private pagesOf(at: number, size: number): { at: number; size: number }[] {
    const { view, sample } = this;
    const attribute = this.attributeOf(at);
    if (attribute.type !== TRACEPOINT) return [];
    const missing = sample.read(view, at + RECORD_HEADER, at + size, attribute);
    if (missing !== null) throw new Error(`the sample at byte ${String(at)} has no room for ${missing}`);
    return this.fields
      .of(attribute.config)
      .map((field) => ({
        at: sample.rawStart + field.offset,
        size: field.size,
        end: field.offset + field.size,
      }))
      .filter((place) => place.end <= sample.rawSize && isPage(pageNumber(view, place)));
  }

  private attributeOf(at: number): PerfAttribute {
    const { id } = this.first.layout;
    if (id < 0) return this.first;
    return this.attributeOfId.get(this.view.getBigUint64(at + RECORD_HEADER + id, true)) ?? this.first;
  }
}

function changed({ bytes, times, pages }: Round, later: bigint, further: bigint): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  for (const at of times) view.setBigUint64(at, view.getBigUint64(at, true) + later, true);
  for (const place of pages) {
    const moved = pageNumber(view, place) + further;
    if (place.size === 8) view.setBigUint64(place.at, moved, true);
    else view.setUint32(place.at, Number(moved), true);
  }
  return copy;
}
