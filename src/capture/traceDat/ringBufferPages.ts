import type { OtherFormat } from '../detectFormat';

/** Bytes of a timestamp before the commit word, which is a `long` (events/header_page). */
const COMMIT_OFFSET = 8;
/** Of the commit word: bytes of data, and the two marks of missing events (include/linux/ring_buffer.h). */
const COMMIT_MASK = (1 << 27) - 1;
const MARKS = 3 * 2 ** 30;
/** Every event begins with its type, flags, preempt count and pid. */
const SMALLEST_EVENT = 8;
/** So many events that end where the page says do not come by chance; in a file of the usual name one is enough. */
const FEWEST_EVENTS = 3;
const USUAL_NAME = /\.cpu\d+$/;
/** Types of records that are no events (events/header_event). */
const PADDING = 29;

const MESSAGE =
  'these are the ring buffer pages of one CPU, as "trace-cmd record" keeps them beside trace.dat in a file .cpuN and ' +
  'leaves them behind when it is killed; the formats of the events are missing. Put the files of all CPUs together on the ' +
  'recorded machine, before it starts again, with "trace-cmd restore -o restored.dat $(ls -v trace.dat.cpu*)"; elsewhere, ' +
  'add "-i" and a whole trace.dat of that machine since its last start';

/** What a file of ring buffer pages without a head is, or null when the file is something else. */
export function ringBufferPages(name: string, head: Uint8Array): OtherFormat | null {
  const fewest = USUAL_NAME.test(name) ? 1 : FEWEST_EVENTS;
  const isPage = [true, false].some((littleEndian) =>
    [8, 4].some((longSize) => eventsInFirstPage(head, littleEndian, longSize) >= fewest),
  );
  return isPage ? { format: 'unknown', message: MESSAGE } : null;
}

/** The number of events in the page at the beginning; 0 unless its records end exactly where its head says. */
function eventsInFirstPage(head: Uint8Array, littleEndian: boolean, longSize: number): number {
  const dataOffset = COMMIT_OFFSET + longSize;
  if (head.length < dataOffset) return 0;
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const commit =
    longSize === 8
      ? Number(view.getBigUint64(COMMIT_OFFSET, littleEndian))
      : view.getUint32(COMMIT_OFFSET, littleEndian);
  const size = commit & COMMIT_MASK;
  const marks = commit - size;
  if (marks % 2 ** 30 !== 0 || marks > MARKS || dataOffset + size > head.length) return 0;
  return eventsIn(view, dataOffset, dataOffset + size, littleEndian);
}

/** The number of events between two places; 0 when a record does not fit. */
function eventsIn(view: DataView, start: number, end: number, littleEndian: boolean): number {
  let events = 0;
  let at = start;
  while (at + 8 <= end) {
    const word = view.getUint32(at, littleEndian);
    const type = littleEndian ? word & 31 : word >>> 27;
    const delta = littleEndian ? word >>> 5 : word & COMMIT_MASK;
    if (type > PADDING) {
      at += 8;
      continue;
    }
    // A padding without a time fills the page.
    if (type === PADDING && delta === 0) return events;
    const hasLength = type === 0 || type === PADDING;
    const length = hasLength ? view.getUint32(at + 4, littleEndian) : type * 4;
    if (type !== PADDING && length < SMALLEST_EVENT) return 0;
    if (type !== PADDING) events++;
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return at === end ? events : 0;
}
