/**
 * An event with its stack as `trace-cmd report` prints them: what kernel developers paste into mails, and what any tool
 * for traces reads back. It has the fields that the event table keeps, in the kernel's words and order; pointers are none
 * of them.
 */
import {
  ABSENT,
  EventKind,
  Mapping,
  NONE,
  NO_CPU,
  NO_DETAILS,
  type Capture,
  type EventTable,
} from '../capture/eventTable';
import { timeText } from './eventCells';
import { flagNames } from './eventRows';
import { pfnText } from './pageFacts';
import { visibleLine } from './visibleText';

type Field = readonly [name: string, value: string];

export function eventWithStack(capture: Capture, row: number): string {
  const { events, symbols } = capture;
  const prefix = prefixText(capture, row);
  const line = (name: string, fields: string): string =>
    `${prefix}${`${name}:`.padEnd(21)} ${fields}`.trimEnd();
  const event = line(symbols.string(events.name[row]!), fieldsText(capture, row));
  const stack = events.stack[row]!;
  if (stack === NONE) return visibleLine(event);
  // The record of the stack has a time of its own, some µs later, which nobody asks for.
  const frames = Array.from(symbols.stackFrames(stack), (frame) => `=> ${frameText(capture, frame)}`);
  return [event, line('kernel_stack', '<stack trace >'), ...frames].map(visibleLine).join('\n');
}

/** `       owner-404   [000]    95.483175: `, without what the format does not say. */
function prefixText(capture: Capture, row: number): string {
  const { events, symbols } = capture;
  const task = events.task[row]!;
  const cpu = events.cpu[row]!;
  const time = timeText(capture, row);
  const pid = task < 0 ? -1 : symbols.taskPid(task);
  const who = pid < 0 ? '' : `${symbols.taskComm(task).padStart(16)}-${String(pid).padEnd(5)} `;
  const where = cpu === NO_CPU ? '' : `[${String(cpu).padStart(3, '0')}] `;
  return time === '' ? `${who}${where}` : `${who}${where}${time.padStart(12)}: `;
}

function fieldsText(capture: Capture, row: number): string {
  const { events } = capture;
  const kind = events.kind[row]!;
  if (kind === EventKind.MemoryFailure) return memoryFailureText(capture, row);
  const ofPage = kind >= EventKind.PageRefSet && kind <= EventKind.PinPut;
  const isPrinted = ([, value]: Field): boolean => value !== '';
  return [...(ofPage ? pageFields(events, row) : otherFields(capture, row)), ...detailFields(capture, row)]
    .filter(isPrinted)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** Those of page_ref, page_pin_owner and page_pinner. */
function pageFields(events: EventTable, row: number): readonly Field[] {
  const mapping: Mapping = events.mapping[row]!;
  return [
    ['pfn', pfn(events.pfn[row]!)],
    ['flags', events.flags[row] === ABSENT ? '' : flagNames(events.flags[row]!)],
    ['count', number(events.count[row]!)],
    ['mapcount', number(events.mapcount[row]!)],
    ['mapping', mapping === Mapping.Null ? '(nil)' : ''],
    ['mt', typeNumber(events.migratetype[row]!)],
    ['val', number(events.val[row]!)],
    ['ret', number(events.ret[row]!)],
  ];
}

/** Those of events that speak of an allocation, or of a range of pages. */
function otherFields(capture: Capture, row: number): readonly Field[] {
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

function detailFields({ events, symbols }: Capture, row: number): readonly Field[] {
  const detail = events.detail[row]!;
  if (detail === NO_DETAILS) return [];
  const { pages, failed, isolateFailed, testFailed, error, reason, label, result } = events.details;
  const kind: EventKind = events.kind[row]!;
  const names = DETAIL_NAMES[kind] ?? {};
  const named = (name: string | undefined, value: string): Field => [
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
  [EventKind.CmaAllocFinish]: { error: 'errorno' },
  [EventKind.CmaAllocInfo]: { isolateFailed: 'err_iso', failed: 'err_mig', testFailed: 'err_test' },
  [EventKind.TestPagesIsolated]: { result: 'ret' },
  [EventKind.MigratePagesStart]: { label: 'mode' },
  [EventKind.MigratePages]: { pages: 'nr_succeeded', failed: 'nr_failed', label: 'mode' },
  [EventKind.CompactionBegin]: { label: 'mode' },
  [EventKind.CompactionEnd]: { label: 'mode', result: 'status' },
  [EventKind.CompactionMigratePages]: { pages: 'nr_migrated', failed: 'nr_failed' },
};

/** As TP_printk of memory_failure_event has it. */
function memoryFailureText({ events, symbols }: Capture, row: number): string {
  const detail = events.detail[row]!;
  const said = pfnText(events.pfn[row]!);
  if (detail === NO_DETAILS) return `pfn ${said}`;
  const { label, result } = events.details;
  return `pfn ${said}: recovery action for ${text(symbols, label[detail]!)}: ${text(symbols, result[detail]!)}`;
}

/** `iter_to_pipe+0x2a/0x1d0 [module]`; an address stands only where there is no name: mails are public. */
function frameText({ symbols }: Capture, frame: number): string {
  const offset = symbols.frameOffset(frame);
  const size = symbols.frameSize(frame);
  const module = symbols.frameModule(frame);
  const behind = offset < 0 ? '' : `+0x${offset.toString(16)}`;
  const of = offset < 0 || size < 0 ? '' : `/0x${size.toString(16)}`;
  // trace-cmd prints bare addresses without 0x.
  const name = symbols.frameFunction(frame).replace(/^0x(?=[0-9a-f]+$)/, '');
  return `${name}${behind}${of}${module === null ? '' : ` [${module}]`}`;
}

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
