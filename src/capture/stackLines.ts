import { lineEndOf } from './ascii';

/** A stack's frame lines end here at the latest, in bytes, so that a window of text stays small. */
export const LONGEST_STACK = 1 << 18;

/** Index behind the last frame line from `start` on: `start` where the first line is none; -1 when more may come behind `end`. */
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
    at = lineEndOf(bytes, at) + 1;
  }
  return last || at - start >= LONGEST_STACK ? at : -1;
}
