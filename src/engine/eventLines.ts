/** Events as lines of a terminal, or of JSON for programs. */
import type { Capture } from '../capture/eventTable';
import type { CaptureHeader, EventRow } from './eventProtocol';
import { pfnText } from './pageFacts';
import { absoluteTime } from './timeText';
import { visibleJson, visibleLine } from './visibleText';

/** Between two cells of a line. */
const BETWEEN = '  ';
/** So much deeper than an event stands what its line has no room for. */
const CONTINUATION = ' '.repeat(6);

/**
 * One event below the other, in columns; what does not fit pushes the rest of its line.
 *
 * @param most columns of a terminal: cells that its line has no room for stand below, without columns
 */
export function eventLine(
  { columns }: Pick<CaptureHeader, 'columns'>,
  { cells, isMark, gap }: EventRow,
  most = Infinity,
): string {
  const shown = columns.flatMap(({ isShown, isNumber, width }, index) => {
    if (!isShown) return [];
    const cell = isNumber ? cells[index]! : visibleLine(cells[index]!);
    return [{ cell, padded: isNumber ? cell.padStart(width) : cell.padEnd(width) }];
  });
  let line = isMark ? '*' : ' ';
  let fitting = 0;
  for (const { cell, padded } of shown) {
    const longer = `${line}${fitting === 0 ? ' ' : BETWEEN}${padded}`;
    // Spaces behind the last one are no text.
    if (cell !== '' && longer.trimEnd().length > most) break;
    line = longer;
    fitting++;
  }
  // Some events have their name for a function, too.
  const rest = new Set(shown.slice(fitting).flatMap(({ cell }) => (cell === '' ? [] : [cell])));
  const before = gap === '' ? '' : `# ${gap}\n`;
  return `${before}${[line.trimEnd(), ...continued([...rest], most)].join('\n')}`;
}

/** Cells of which one that is longer than a line stays whole. */
function continued(cells: readonly string[], most: number): readonly string[] {
  const lines: string[] = [];
  for (const cell of cells) {
    const longer = `${lines.at(-1) ?? ''} \u00b7 ${cell}`;
    if (lines.length > 0 && longer.length <= most) lines[lines.length - 1] = longer;
    else lines.push(CONTINUATION + cell);
  }
  return lines;
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
  return visibleJson(fields);
}
