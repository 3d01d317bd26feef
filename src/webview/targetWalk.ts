/** The way of keys through what is drawn in the timeline: from one thing to the next, in the order of time. */
import type { Target } from './timelinePaint';

interface Step {
  readonly target: Target;
  /** Which one of how many it is, from 1. */
  readonly place: number;
  readonly count: number;
}

/** Whether two drawings have the same thing, which may stand elsewhere now. */
export function isSame(one: Target, other: Target): boolean {
  const isSameRow = one.row >= 0 ? one.row === other.row : one.label === other.label;
  return one.kind === other.kind && one.pfn === other.pfn && isSameRow;
}

/**
 * The next thing of those that are drawn, or the one before; null where there is none.
 *
 * @param reached what the last step led to, or null before the first
 * @param begin time to begin at where that is not drawn; null: at the first, or at the last
 */
export function stepTo(
  targets: readonly Target[],
  direction: 1 | -1,
  reached: Target | null,
  begin: number | null,
): Step | null {
  // Those of one time keep the order of the drawing, from top to bottom.
  const inTime = targets.toSorted((one, other) => one.time - other.time);
  const ahead = direction > 0 ? inTime : inTime.toReversed();
  const at = reached === null ? -1 : ahead.findIndex((each) => isSame(each, reached));
  // Two things that are the same, such as references taken at once, are one: nobody is held up between them.
  const target =
    at >= 0 && reached !== null
      ? ahead.slice(at + 1).find((each) => !isSame(each, reached))
      : ahead.find(({ time }) => begin === null || (time - begin) * direction >= 0);
  if (target === undefined) return null;
  return { target, place: inTime.indexOf(target) + 1, count: inTime.length };
}
