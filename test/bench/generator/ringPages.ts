import type { EventFormat } from '../../../src/capture/traceDat/eventFormat';
import type { TraceMetadata } from '../../../src/capture/traceDat/metadata';
import { isPage, PFN_FIELD } from './repetition';

/** Low bits of the commit word are the length of the page's data (kernel/trace/ring_buffer.c). */
const COMMIT_MASK = (1 << 27) - 1;
/** Types of records (include/linux/ring_buffer.h, enum ring_buffer_type). */
const LARGEST_DATA = 28;
const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
/** `type_len:5, time_delta:27`. */
const TYPE_BITS = 5;
const DELTA_BITS = 27;
/** The upper 5 bits of an absolute stamp are those of the page's. */
const STAMP_MASK = (1n << 59n) - 1n;

/** What changes from one time round to the next, as offsets in the bytes of one CPU's pages. */
export interface Changes {
  /** 64-bit time stamps at the heads of pages. */
  readonly pageStamps: number[];
  /** Records that hold an absolute time stamp. */
  readonly absoluteStamps: number[];
  /** Fields with a PFN, of 4 or 8 bytes. */
  readonly pages: { readonly at: number; readonly size: number }[];
  readonly firstTime: bigint | null;
  readonly lastTime: bigint | null;
  readonly events: number;
}

/**
 * Finds what changes in the ring-buffer pages of one CPU of a little-endian recording. Written apart from the
 * reader, so that one checks the other.
 *
 * @throws Error where a page or record is not as the kernel writes it
 */
export function findChanges(bytes: Uint8Array, pageSize: number, metadata: TraceMetadata): Changes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const layout = metadata.page;
  if (!layout) throw new Error('the file does not say how its pages are laid out');
  const fields = new PfnFields(metadata);
  const pageStamps: number[] = [];
  const absoluteStamps: number[] = [];
  const pages: { at: number; size: number }[] = [];
  let firstTime: bigint | null = null;
  let lastTime: bigint | null = null;
  let events = 0;
  for (let page = 0; page + pageSize <= bytes.length; page += pageSize) {
    pageStamps.push(page + layout.timestampOffset);
    let time = view.getBigUint64(page + layout.timestampOffset, true);
    const pageTime = time;
    const end = page + layout.dataOffset + (view.getUint32(page + layout.commitOffset, true) & COMMIT_MASK);
    if (end > page + pageSize) throw new Error(`the page at ${String(page)} is longer than a page`);
    for (let at = page + layout.dataOffset; at < end;) {
      const head = view.getUint32(at, true);
      const type = head & ((1 << TYPE_BITS) - 1);
      const delta = BigInt(head >>> TYPE_BITS);
      if (type === PADDING && delta === 0n) break;
      const word = at + 8 <= end ? view.getUint32(at + 4, true) : 0;
      if (type === TIME_EXTEND || type === TIME_STAMP) {
        const value = (BigInt(word) << BigInt(DELTA_BITS)) + delta;
        if (type === TIME_STAMP) absoluteStamps.push(at);
        time = type === TIME_STAMP ? (pageTime & ~STAMP_MASK) | value : time + value;
        at += 8;
        continue;
      }
      time += delta;
      if (type === PADDING) {
        at += 4 + word;
        continue;
      }
      if (type > LARGEST_DATA) throw new Error(`a record of type ${String(type)} at ${String(at)}`);
      const data = type === 0 ? at + 8 : at + 4;
      const length = type === 0 ? word - 4 : type * 4;
      if (length < 2 || data + length > end)
        throw new Error(`a record of ${String(length)} bytes at ${String(at)}`);
      for (const field of fields.of(view.getUint16(data, true))) {
        const place = { at: data + field.offset, size: field.size };
        if (field.offset + field.size <= length && isPage(pageNumber(view, place))) pages.push(place);
      }
      firstTime ??= time;
      lastTime = time;
      events++;
      at = data + ((length + 3) & ~3);
    }
  }
  return { pageStamps, absoluteStamps, pages, firstTime, lastTime, events };
}

/** The number in a field of 4 or 8 bytes. */
export function pageNumber(view: DataView, { at, size }: { at: number; size: number }): bigint {
  return size === 8 ? view.getBigUint64(at, true) : BigInt(view.getUint32(at, true));
}

/** Writes into `target` what `source` holds, later and on other pages. */
export function change(
  target: Uint8Array,
  source: Uint8Array,
  changes: Changes,
  later: bigint,
  further: bigint,
): void {
  target.set(source);
  const from = new DataView(source.buffer, source.byteOffset, source.length);
  const to = new DataView(target.buffer, target.byteOffset, target.length);
  for (const at of changes.pageStamps) to.setBigUint64(at, from.getBigUint64(at, true) + later, true);
  for (const at of changes.absoluteStamps) {
    const head = from.getUint32(at, true);
    const stamp = (BigInt(from.getUint32(at + 4, true)) << BigInt(DELTA_BITS)) + BigInt(head >>> TYPE_BITS);
    const moved = (stamp + later) & STAMP_MASK;
    const low = Number(moved & ((1n << BigInt(DELTA_BITS)) - 1n));
    to.setUint32(at, low * 2 ** TYPE_BITS + TIME_STAMP, true);
    to.setUint32(at + 4, Number(moved >> BigInt(DELTA_BITS)), true);
  }
  for (const place of changes.pages) {
    const moved = pageNumber(from, place) + further;
    if (place.size === 8) to.setBigUint64(place.at, moved, true);
    else to.setUint32(place.at, Number(moved), true);
  }
}

/** The fields with a PFN, by the id of their event. */
export class PfnFields {
  private readonly known = new Map<number, EventFormat['fields']>();

  constructor(private readonly metadata: TraceMetadata) {}

  of(event: number): EventFormat['fields'] {
    const known = this.known.get(event);
    if (known) return known;
    const fields = (this.metadata.format(event)?.fields ?? []).filter(
      ({ name, size, storage }) => PFN_FIELD.test(name) && storage === 'plain' && (size === 4 || size === 8),
    );
    this.known.set(event, fields);
    return fields;
  }
}
