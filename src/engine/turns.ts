/** Lets the worker's messages, or the terminal's signals, in while it works. */
import type { Pause } from '../capture/turns';
import { CancelledError } from './errors';

/**
 * Longest run of work without a turn for others, in ms, as far as the steps of the work allow: so much later a cancel
 * is obeyed, and rows that are asked for meanwhile come. A turn costs some microseconds.
 */
const LONGEST_RUN = 15;

/** A pause for one piece of long work; it throws {@link CancelledError} once the signal is aborted. */
export function pauseFor(signal: AbortSignal | undefined): Pause {
  let runSince = performance.now();
  const turn = async (): Promise<void> => {
    if (signal?.aborted !== true) await nextTurn();
    runSince = performance.now();
    if (signal?.aborted === true) throw new CancelledError();
  };
  return () => (signal?.aborted !== true && performance.now() - runSince < LONGEST_RUN ? undefined : turn());
}

type SetImmediate = (turn: (value: unknown) => void) => unknown;

const immediate: unknown = Reflect.get(globalThis, 'setImmediate');
const nextTurn = typeof immediate === 'function' ? immediateTurns(immediate as SetImmediate) : messageTurns();

function immediateTurns(setImmediate: SetImmediate): () => Promise<unknown> {
  return () => new Promise((resolve) => setImmediate(resolve));
}

/** Turns behind the messages that wait, for browsers: they have no setImmediate, and their timers take 4 ms at least. */
function messageTurns(): () => Promise<unknown> {
  const { port1, port2 } = new MessageChannel();
  const waiting: ((value: unknown) => void)[] = [];
  port1.addEventListener('message', () => waiting.shift()?.(null));
  port1.start();
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}

/** Waits until work is done or has failed, but no longer than so many ms. The work goes on; its failure is for others. */
export function settledWithin(work: Promise<unknown>, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, patience);
    const settle = (): void => {
      clearTimeout(timer);
      resolve();
    };
    work.then(settle, settle);
  });
}
