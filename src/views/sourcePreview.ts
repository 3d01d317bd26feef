/** A few lines of a source file around a place, with the place marked. */

const AROUND = 3;
/** Tabs as wide as the kernel has them would push code out of a hover. */
const TAB = '    ';

/** @param line 1-based; null when there is no such line */
export function sourcePreview(text: string, line: number): string | null {
  const lines = text.split('\n', line + AROUND);
  if (line < 1 || line > lines.length) return null;
  const first = Math.max(1, line - AROUND);
  const shown = lines.slice(first - 1);
  const digits = String(first + shown.length - 1).length;
  return shown
    .map((each, index) => {
      const number = String(first + index).padStart(digits);
      const code = each.trimEnd().replaceAll('\t', TAB);
      return `${first + index === line ? '→' : ' '} ${number}  ${code}`.trimEnd();
    })
    .join('\n');
}
