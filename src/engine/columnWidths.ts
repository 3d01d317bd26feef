/** How wide the columns of the events of a capture are: as wide as what stands in them. */
import type { Capture } from '../capture/eventTable';
import { eventCells, EVENT_COLUMNS } from './eventCells';
import type { EventKinds } from './eventFilter/eventKinds';
import type { EventColumn } from './eventProtocol';

/** So many events tell of all. */
const MOST_SAMPLES = 2000;
/** In characters: no name may push all others out of sight. */
const WIDEST = 48;
/** The sign of a mark before what it says, and the space between two columns. */
const SIGN = 3;
const BETWEEN = 1;

const WHAT = EVENT_COLUMNS.findIndex(({ id }) => id === 'what');
const KIND = EVENT_COLUMNS.findIndex(({ id }) => id === 'kind');

/** @param marks rows that have a sign before what they say, and say more than others */
export function fittedColumns(
  capture: Capture,
  kinds: EventKinds,
  marks: ReadonlySet<number>,
): readonly EventColumn[] {
  const rows = sampledRows(capture.events.length, marks);
  const cells = rows.map((row) => eventCells(capture, kinds, row));
  const widest = EVENT_COLUMNS.map(({ label }, column) =>
    cells.reduce((most, texts) => Math.max(most, texts[column]!.length), label.length + 1),
  );
  const kind = Math.min(WIDEST, widest[KIND]!);
  // What is said of no reference goes on over the empty kind.
  widest[WHAT] = cells.reduce((most, texts, index) => {
    const sign = marks.has(rows[index]!) ? SIGN : 0;
    const room = texts[KIND] === '' ? kind + BETWEEN : 0;
    return Math.max(most, texts[WHAT]!.length + sign - room);
  }, EVENT_COLUMNS[WHAT]!.label.length);
  return EVENT_COLUMNS.map((column, index) => ({ ...column, width: Math.min(WIDEST, widest[index]!) }));
}

function sampledRows(count: number, marks: ReadonlySet<number>): readonly number[] {
  const step = Math.max(1, Math.ceil(count / MOST_SAMPLES));
  const evenly = Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
  return [...new Set([...evenly, ...[...marks].slice(0, MOST_SAMPLES)])];
}
