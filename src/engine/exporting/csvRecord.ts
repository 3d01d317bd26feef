/** Records as RFC 4180 has them: CRLF behind each, quotes doubled. */
import type { PlacedFrame } from '../frames';
import { visibleLine } from '../visibleText';

export type Field = string | number | null;

export function csvRecord(fields: readonly Field[]): string {
  return `${fields.map(quoted).join(',')}\r\n`;
}

/** Empty fields, from one column on up to another that comes behind them. */
export function emptyFields<Column extends string>(
  columns: readonly Column[],
  from: Column,
  to: Column,
): readonly Field[] {
  return columns.slice(columns.indexOf(from), columns.indexOf(to)).map(() => null);
}

/** Functions innermost first, as the kernel prints them. */
export function stackField(frames: readonly PlacedFrame[]): string {
  return frames.map((frame) => frame.function).join(' < ');
}

/**
 * Text of a capture or a file name: a spreadsheet takes a field for a formula that begins with one of these, and the
 * name of a task may be any bytes (https://owasp.org/www-community/attacks/CSV_Injection).
 */
function harmless(text: string): string {
  return /^[=+\-@\t]/.test(text) && !/^-\d+$/.test(text) ? `'${text}` : text;
}

function quoted(field: Field): string {
  if (field === null) return '';
  const text = typeof field === 'string' ? harmless(visibleLine(field)) : String(field);
  return /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
