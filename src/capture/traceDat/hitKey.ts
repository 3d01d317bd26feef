import { tellsOfReferences, type EventKind } from '../eventTable';
import type { EventField, EventFormat } from './eventFormat';

/** Bytes of a hit that are compared: the arguments of all events of pages, and nearly all of the others. */
export const KEY_SIZE = 64;

/**
 * What the page_ref events, and those of the page_pin_owner RFCs, read from the page when they are recorded: each buffer
 * reads it anew, and another CPU may have changed it meanwhile (TP_fast_assign of include/trace/events/page_ref.h). All
 * else is an argument of the tracepoint, which all buffers are given alike.
 */
const READ_FROM_PAGE: ReadonlySet<string> = new Set(['flags', 'count', 'mapcount', 'mapping', 'mt']);

/** Which bytes of an event's records are those of the hit of its tracepoint, the same in each buffer that recorded it. */
export class HitKey {
  readonly id: number;
  /** Beginning and end of each piece of the record, in turn; what lies between is padding with anything in it. */
  private readonly pieces: Int32Array;
  /** Fields that say where a text is in the record. */
  private readonly texts: readonly EventField[];

  constructor(format: EventFormat, kind: EventKind) {
    this.id = format.id;
    const readsPage = tellsOfReferences(kind);
    const fields = format.fields.filter(
      ({ name }) => !name.startsWith('common_') && !(readsPage && READ_FROM_PAGE.has(name)),
    );
    this.pieces = Int32Array.from(fields.flatMap(({ offset, size }) => [offset, offset + size]));
    this.texts = fields.filter(({ storage, size }) => isText(storage) && size === 4);
  }

  /** Puts them `into` one behind the other, and returns how many there are; those that are more than fit are left out. */
  write(view: DataView, at: number, length: number, littleEndian: boolean, into: Uint8Array): number {
    const { pieces, texts } = this;
    let written = 0;
    for (let i = 0; i < pieces.length; i += 2) {
      written = copied(view, at, pieces[i]!, Math.min(pieces[i + 1]!, length), into, written);
    }
    for (const { offset, size, storage } of texts) {
      if (offset + size > length) continue;
      // The length in the upper half, the distance in the lower one (include/trace/trace_events.h, __data_loc, __rel_loc).
      const place = view.getUint32(at + offset, littleEndian);
      const start = (place & 0xffff) + (storage === 'rel-loc' ? offset + size : 0);
      written = copied(view, at, start, Math.min(start + (place >>> 16), length), into, written);
    }
    return written;
  }
}

function isText(storage: EventField['storage']): boolean {
  return storage === 'data-loc' || storage === 'rel-loc';
}

function copied(
  view: DataView,
  record: number,
  from: number,
  to: number,
  into: Uint8Array,
  written: number,
): number {
  const end = Math.min(to, from + into.length - written);
  let next = written;
  for (let i = from; i < end; i++) into[next++] = view.getUint8(record + i);
  return next;
}
