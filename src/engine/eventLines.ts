/** Events as lines of a terminal, or of JSON for programs. */
import type { Capture } from '../capture/eventTable';
import type { CaptureHeader, EventRow } from './eventProtocol';
import { pfnText } from './pageFacts';
import { absoluteTime } from './timeText';

/** One event below the other, in columns; what does not fit pushes the rest of its line. */
export function eventLine(
  { columns }: Pick<CaptureHeader, 'columns'>,
  { cells, isMark, gap }: EventRow,
): string {
  const shown = columns.map(({ isShown, isNumber, width }, index) => {
    if (!isShown) return null;
    const cell = cells[index]!;
    return isNumber ? cell.padStart(width) : cell.padEnd(width);
  });
  const line = shown
    .filter((cell) => cell !== null)
    .join('  ')
    .trimEnd();
  const before = gap === '' ? '' : `# ${gap}\n`;
  return `${before}${isMark ? '*' : ' '} ${line}`;
}

/**
 * One event as a JSON object without line breaks. Fields that the capture does not have are left out; `timeNs` is in
 * ns by the clock of the capture, or in its ticks where `clock` says so, as text: it may have more digits than a double.
 */
export function eventJson(
  { path, events, symbols, timeBase, clock }: Capture,
  { columns }: Pick<CaptureHeader, 'columns'>,
  { row, time, pfn, cells, isMark }: EventRow,
): string {
  const fields: Record<string, unknown> = { capture: path, row };
  for (const [index, { id, isNumber }] of columns.entries()) {
    const cell = cells[index]!;
    if (cell !== '' && id !== 'time' && id !== 'pfn') fields[id] = isNumber ? Number(cell) : cell;
  }
  const at = absoluteTime(time, timeBase);
  if (at !== null) fields['timeNs'] = String(at);
  if (at !== null && clock === 'ticks') fields['clock'] = clock;
  if (pfn >= 0) fields['pfn'] = pfnText(pfn);
  if (isMark) fields['isMark'] = true;
  const stack = events.stack[row]!;
  if (stack >= 0) {
    fields['stack'] = Array.from(symbols.stackFrames(stack), (frame) => symbols.frameFunction(frame));
  }
  return JSON.stringify(fields);
}
