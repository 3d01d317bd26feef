/**
 * How long work lets others have a turn: a cancel that waits, a question about what is there already. Work that waits
 * for a file has such turns by itself; what runs over many rows, or reads out of memory, is done in steps.
 */

/**
 * Called between two steps of work. Returns a promise when it is time for others, else nothing; the promise is
 * rejected when the work is to end.
 */
export type Pause = () => Promise<void> | undefined;

/** Rows between two steps: a millisecond or two of work. */
export const ROWS_A_STEP = 1 << 16;

/** Rows of one page between two steps: what is made of each takes about a microsecond. */
export const ROWS_OF_PAGE_A_STEP = 1 << 12;

/** Things made between two steps, each in some microseconds. */
const MADE_A_STEP = 1 << 10;

/** What `make` makes of each, in steps. */
export function* eachInSteps<T, R>(items: readonly T[], make: (item: T) => R): Generator<void, R[]> {
  const made: R[] = [];
  for (const item of items) {
    if (made.length % MADE_A_STEP === 0) yield;
    made.push(make(item));
  }
  return made;
}

/** Does work in steps, with a pause between them. */
export async function inTurns<T>(steps: Generator<void, T>, pause: Pause | undefined): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await pause?.();
  }
}

/** Does all steps of work at once. */
export function atOnce<T>(steps: Generator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
