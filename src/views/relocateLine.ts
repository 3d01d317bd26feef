/** Finds a line again in a text that may have been changed since it was read. */
import type { Lines } from './frameLines';

/** How far from where it was a line is looked for. */
const FARTHEST = 500;

/**
 * The line nearest to where it was that says the same.
 *
 * @param was 0-based
 * @param text without the blanks around it
 * @returns null when there is none near it
 */
export function relocatedLine(lines: Lines, was: number, text: string): number | null {
  for (let distance = 0; distance <= FARTHEST; distance++) {
    for (const line of distance === 0 ? [was] : [was - distance, was + distance]) {
      if (line >= 0 && line < lines.count && lines.at(line).trim() === text) return line;
    }
  }
  return null;
}
