/**
 * An event with its stack as `trace-cmd report` prints them: what kernel developers paste into mails, and what any tool
 * for traces reads back. It has the fields that the event table keeps, in the kernel's words and order; pointers are none
 * of them.
 */
import { EventKind, NONE, NO_CPU, NO_DETAILS, type Capture } from '../capture/eventTable';
import { timeText } from './eventCells';
import { pfnText } from './pageFacts';
import { printedFields } from './printedFields';
import { visibleLine } from './visibleText';

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
  if (capture.events.kind[row] === EventKind.MemoryFailure) return memoryFailureText(capture, row);
  return printedFields(capture, row)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

/** As TP_printk of memory_failure_event has it. */
function memoryFailureText({ events, symbols }: Capture, row: number): string {
  const detail = events.detail[row]!;
  const said = pfnText(events.pfn[row]!);
  if (detail === NO_DETAILS) return `pfn ${said}`;
  const text = (id: number): string => (id === NONE ? '' : symbols.string(id));
  const { label, result } = events.details;
  return `pfn ${said}: recovery action for ${text(label[detail]!)}: ${text(result[detail]!)}`;
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
