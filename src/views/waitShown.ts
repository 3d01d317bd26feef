/** Shows that an answer is waited for, once that takes longer than a blink: answers mostly are there at once. */
import type { RequestOptions } from '../engine/protocol';
import { showWork } from './notifications';

/** Up to here nobody wonders whether the press was heard. */
const BLINK = 300;

/**
 * @param title what is done
 * @param ask asks the engine, with what cancels the request
 * @throws CancelledError where people wait no longer
 */
export async function waitShown<T>(title: string, ask: (options: RequestOptions) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const answer = ask({ signal: controller.signal });
  if (await isThereWithin(BLINK, answer)) return answer;
  return showWork(title, (cancel) => {
    cancel.onCancellationRequested(() => {
      controller.abort();
    });
    return answer;
  });
}

/** Whether an answer comes, or fails to, in that time. */
async function isThereWithin(milliseconds: number, answer: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, milliseconds);
  });
  const there = answer.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([there, late]);
  } finally {
    clearTimeout(timer);
  }
}
