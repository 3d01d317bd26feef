import { lineEndOf } from './ascii';
import { LONGEST_LINE } from './lineWindow';

/** A stack's frame lines end here at the latest, in bytes, so that a window of text stays small. */
export const LONGEST_STACK = 1 << 18;

/**
 * Index behind the last frame line from `start` on: `start` where the first line is none, or too long to be one; -1 when
 * more of them may come behind `end`.
 */
export function stackEnd(
  bytes: Uint8Array,
  start: number,
  end: number,
  last: boolean,
  isFrameLine: (bytes: Uint8Array, at: number) => boolean,
): number {
  let at = start;
  while (at < end) {
    if (at - start >= LONGEST_STACK || !isFrameLine(bytes, at)) return at;
    const lineEnd = lineEndOf(bytes, at);
    if (lineEnd - at > LONGEST_LINE) return at;
    at = lineEnd + 1;
  }
  return last || at - start >= LONGEST_STACK ? at : -1;
}
