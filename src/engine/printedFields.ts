/** The fields of an event that the event table keeps, in the kernel's words and order. Pointers are none of them. */
import {
  ABSENT,
  EventKind,
  Mapping,
  NONE,
  NO_DETAILS,
  PageFlag,
  tellsOfReferences,
  type Capture,
  type EventTable,
} from '../capture/eventTable';
import { pfnText } from './pageFacts';

/** As the event's TP_printk has them: `count`, `4`. */
export type PrintedField = readonly [name: string, value: string];

export function printedFields(capture: Capture, row: number): readonly PrintedField[] {
  const { events } = capture;
  const own = tellsOfReferences(events.kind[row]!) ? pageFields(events, row) : otherFields(capture, row);
  return [...own, ...detailFields(capture, row)].filter(([, value]) => value !== '');
}

/** `uptodate|lru`; empty for an event that prints no flags, which is not to say that the page has none. */
export function flagsText({ kind, flags }: EventTable, row: number): string {
  const bits = flags[row]!;
  if (bits === ABSENT) return '';
  return tellsOfReferences(kind[row]!) || bits !== 0 ? flagNames(bits) : '';
}

function flagNames(flags: number): string {
  const names = Object.entries(PageFlag).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]));
  return names.length === 0 ? 'none' : names.join('|');
}

/** Those of an event that {@link tellsOfReferences}. */
function pageFields(events: EventTable, row: number): readonly PrintedField[] {
  const mapping: Mapping = events.mapping[row]!;
  return [
    ['pfn', pfn(events.pfn[row]!)],
    ['flags', flagsText(events, row)],
    ['count', number(events.count[row]!)],
    ['mapcount', number(events.mapcount[row]!)],
    ['mapping', mapping === Mapping.Null ? '(nil)' : ''],
    ['mt', typeNumber(events.migratetype[row]!)],
    ['val', number(events.val[row]!)],
    ['ret', number(events.ret[row]!)],
  ];
}

/** Those of events that speak of an allocation, or of a range of pages. */
function otherFields(capture: Capture, row: number): readonly PrintedField[] {
  const { events, symbols } = capture;
  const { details } = events;
  const detail = events.detail[row]!;
  const first = pfn(events.pfn[row]!);
  const end = detail === NO_DETAILS ? '' : pfn(details.endPfn[detail]!);
  switch (events.kind[row]!) {
    case EventKind.TestPagesIsolated:
      return [
        ['start_pfn', first],
        ['end_pfn', end],
        ['fin_pfn', detail === NO_DETAILS ? '' : pfn(details.finPfn[detail]!)],
      ];
    case EventKind.CompactionBegin:
    case EventKind.CompactionEnd:
      return [
        ['zone_start', first],
        ['zone_end', end],
      ];
    case EventKind.CmaAllocStart:
    case EventKind.CmaAllocBusyRetry:
    case EventKind.CmaAllocFinish:
    case EventKind.CmaRelease:
    case EventKind.CmaAllocInfo:
      return [
        ['name', detail === NO_DETAILS ? '' : text(symbols, details.label[detail]!)],
        ['pfn', first],
        ['page', hasFailed(capture, row) ? '(nil)' : ''],
        ['count', detail === NO_DETAILS ? '' : number(details.pages[detail]!)],
      ];
    default:
      return [
        ['pfn', first],
        ['flags', flagsText(events, row)],
        ['order', typeNumber(events.order[row]!)],
        ['migratetype', typeNumber(events.migratetype[row]!)],
      ];
  }
}

/** An allocation of CMA that failed has no page; of one that did not, the pointer is not kept. */
function hasFailed({ events, symbols }: Capture, row: number): boolean {
  const kind: EventKind = events.kind[row]!;
  if (kind !== EventKind.CmaAllocFinish) return false;
  return text(symbols, events.details.result[events.detail[row]!]!) === 'fail';
}

function detailFields({ events, symbols }: Capture, row: number): readonly PrintedField[] {
  const detail = events.detail[row]!;
  if (detail === NO_DETAILS) return [];
  const { pages, failed, isolateFailed, testFailed, error, reason, label, result } = events.details;
  const kind: EventKind = events.kind[row]!;
  const names = DETAIL_NAMES[kind] ?? {};
  const named = (name: string | undefined, value: string): PrintedField => [
    name ?? '',
    name === undefined ? '' : value,
  ];
  return [
    named(names.pages, number(pages[detail]!)),
    named(names.isolateFailed, number(isolateFailed[detail]!)),
    named(names.failed, number(failed[detail]!)),
    named(names.testFailed, number(testFailed[detail]!)),
    named(names.label, text(symbols, label[detail]!)),
    ['reason', text(symbols, reason[detail]!)],
    named(names.result, text(symbols, result[detail]!)),
    named(names.error, number(error[detail]!)),
  ];
}

type DetailNames = Partial<
  Record<'pages' | 'isolateFailed' | 'failed' | 'testFailed' | 'label' | 'result' | 'error', string>
>;

/** What the kernel calls them; those of a CMA area stand before, and a failure of its allocation is an error alone. */
const DETAIL_NAMES: Partial<Record<EventKind, DetailNames>> = {
  [EventKind.PinFailure]: { error: 'err' },
  [EventKind.MemoryFailure]: { label: 'type', result: 'result' },
  [EventKind.CmaAllocFinish]: { error: 'errorno' },
  [EventKind.CmaAllocInfo]: { isolateFailed: 'err_iso', failed: 'err_mig', testFailed: 'err_test' },
  [EventKind.TestPagesIsolated]: { result: 'ret' },
  [EventKind.MigratePagesStart]: { label: 'mode' },
  [EventKind.MigratePages]: { pages: 'nr_succeeded', failed: 'nr_failed', label: 'mode' },
  [EventKind.CompactionBegin]: { label: 'mode' },
  [EventKind.CompactionEnd]: { label: 'mode', result: 'status' },
  [EventKind.CompactionMigratePages]: { pages: 'nr_migrated', failed: 'nr_failed' },
};

function pfn(value: number): string {
  return value < 0 ? '' : pfnText(value);
}

function number(value: number): string {
  return value === ABSENT ? '' : String(value);
}

/** A migratetype or an order. */
function typeNumber(value: number): string {
  return value < 0 ? '' : String(value);
}

function text(symbols: Capture['symbols'], id: number): string {
  return id === NONE ? '' : symbols.string(id);
}
