/** Events as cells of a list: what each column says of a row, in words. */
import { ABSENT, EventKind, NONE, NO_CPU, NO_DETAILS, type Capture } from '../capture/eventTable';
import type { EventKinds } from './eventFilter/eventKinds';
import type { EventColumn, EventColumnId } from './eventProtocol';
import { eventText } from './eventRows';
import { flagsText } from './printedFields';
import { pfnText } from './pageFacts';
import { taskText } from './taskText';
import { pointText } from './timeText';
import { counted, errorText, joined, sentence } from './wording';

function column(
  id: EventColumnId,
  label: string,
  about: string,
  width: number,
  { isNumber = false, isShown = true } = {},
): EventColumn {
  return { id, label, about, width, isNumber, isShown };
}

const NUMBER = { isNumber: true };
const NOT_SHOWN = { isShown: false };
const HIDDEN_NUMBER = { isNumber: true, isShown: false };

export const EVENT_COLUMNS: readonly EventColumn[] = [
  column('time', 'Time', 'Time by the clock of the capture', 14, NUMBER),
  column('cpu', 'CPU', 'CPU that recorded the event', 4, NUMBER),
  column('task', 'Task', 'Name and number of the task', 17),
  column('pfn', 'PFN', 'Page frame number that the event speaks of', 9, NUMBER),
  column('what', 'What', 'What the event did to the page', 30),
  column('kind', 'Kind', 'What the reference is for that the event takes or drops', 20),
  column('caller', 'Function', 'Innermost function of the stack that does not only count references', 28),
  column('event', 'Event', 'Name of the event', 22),
  column('count', 'Count', 'refcount that the event prints', 6, HIDDEN_NUMBER),
  column('mapcount', 'Mapcount', 'mapcount that the event prints', 9, HIDDEN_NUMBER),
  column('val', 'Val', 'Operand', 6, HIDDEN_NUMBER),
  column('ret', 'Ret', 'Result', 4, HIDDEN_NUMBER),
  column('flags', 'Flags', 'Page flags', 30, NOT_SHOWN),
  column('migratetype', 'MT', 'Number of the migratetype', 4, HIDDEN_NUMBER),
  column('order', 'Order', 'Order of an allocation or a free', 6, HIDDEN_NUMBER),
];

/** Texts of a row, in the order of {@link EVENT_COLUMNS}; empty where the capture says nothing. */
export function eventCells(capture: Capture, kinds: EventKinds, row: number): readonly string[] {
  return EVENT_COLUMNS.map(({ id }) => cellText(capture, kinds, row, id));
}

function cellText(capture: Capture, kinds: EventKinds, row: number, column: EventColumnId): string {
  const { events, symbols } = capture;
  switch (column) {
    case 'time':
      return timeText(capture, row);
    case 'cpu':
      return events.cpu[row] === NO_CPU ? '' : String(events.cpu[row]);
    case 'task':
      return taskText(capture, events.task[row]!) ?? '';
    case 'event':
      return symbols.string(events.name[row]!);
    case 'pfn':
      return events.pfn[row]! < 0 ? '' : pfnText(events.pfn[row]!);
    case 'what':
      return whatText(capture, row);
    case 'kind':
      return kinds.text(row);
    case 'caller':
      return kinds.caller(row);
    case 'count':
    case 'mapcount':
    case 'val':
    case 'ret':
      return events[column][row] === ABSENT ? '' : String(events[column][row]);
    case 'flags':
      return flagsText(events, row);
    case 'migratetype':
    case 'order':
      return events[column][row]! < 0 ? '' : String(events[column][row]);
  }
}

/** The name of an event that has nothing else to say: its own column is out of sight in most windows. */
function whatText(capture: Capture, row: number): string {
  // The first page of a range has a column of its own.
  return saidText(capture, row, (_, last) => `to ${last}`);
}

/** What an event says, as the beginning of a row; its name where it says nothing. */
export function saidText(capture: Capture, row: number, rangeText?: RangeText): string {
  const said = eventText(capture, row);
  if (said !== null) return sentence(said);
  const parts = detailParts(capture, row, rangeText);
  const [first] = parts;
  if (first === undefined) return capture.symbols.string(capture.events.name[row]!);
  const detail = joined(parts.map(({ text }) => text));
  // A name stays as it is: an area that is called "reserved" is no PageReserved.
  return first.isName ? detail : sentence(detail);
}

/** The time without its unit, which stands in no other row either; empty where the format has none. */
export function timeText({ events, timeBase, clock, resolution }: Capture, row: number): string {
  const time = events.time[row]!;
  if (!Number.isFinite(time)) return '';
  return pointText(time, timeBase, clock, resolution).replace(/ (?:s|ticks)$/, '');
}

type RangeText = (first: string, last: string) => string;

interface DetailPart {
  readonly text: string;
  /** As the kernel has it. */
  readonly isName: boolean;
}

/** What an event says that does not speak of one page alone: `cma1 · 0x12800 to 0x12fff · 2 moved · 1 failed · -EBUSY`. */
function detailParts(
  { events, symbols }: Capture,
  row: number,
  rangeText: RangeText = (first, last) => `${first} to ${last}`,
): readonly DetailPart[] {
  const detail = events.detail[row]!;
  if (detail === NO_DETAILS) return [];
  const { endPfn, finPfn, pages, failed, isolateFailed, testFailed } = events.details;
  const { error, reason, label, result } = events.details;
  const name = (id: number): readonly DetailPart[] =>
    id === NONE ? [] : [{ text: symbols.string(id), isName: true }];
  const words = (text: string | null): readonly DetailPart[] =>
    text === null ? [] : [{ text, isName: false }];
  const pfn = events.pfn[row]!;
  const end = endPfn[detail]!;
  return [
    ...name(label[detail]!),
    ...words(pfn >= 0 && end > pfn + 1 ? rangeText(pfnText(pfn), pfnText(end - 1)) : null),
    ...words(pages[detail] === ABSENT ? null : pagesText(events.kind[row]!, pages[detail]!)),
    ...words(isolateFailed[detail] === ABSENT ? null : `isolation failed ${isolateFailed[detail]!}`),
    ...words(failed[detail] === ABSENT ? null : failedText(events.kind[row]!, failed[detail]!)),
    ...words(testFailed[detail] === ABSENT ? null : `test failed ${testFailed[detail]!}`),
    ...name(reason[detail]!),
    ...name(result[detail]!),
    ...words(finPfn[detail]! < 0 ? null : `in use: ${pfnText(finPfn[detail]!)}`),
    ...words(error[detail] === ABSENT || error[detail] === 0 ? null : errorText(error[detail]!)),
  ];
}

function failedText(kind: number, failed: number): string {
  return kind === EventKind.CmaAllocInfo ? `migration failed ${failed}` : `${failed} failed`;
}

function pagesText(kind: number, pages: number): string {
  const isMoved = kind === EventKind.MigratePages || kind === EventKind.CompactionMigratePages;
  return isMoved ? `${pages} moved` : counted(pages, 'page');
}
