/** Which count a page has where an event reports another one than the sum of those before it. */
import { ABSENT, EventKind, NO_CPU, type EventTable } from '../capture/eventTable';
import { countChange, isPageRef, setsCount } from './countChange';
import { GUP_PIN_COUNTING_BIAS } from './ledgerReference';

/**
 * How many events CPUs may be out of step for; more than two were never seen. Counts go up and down by one all
 * the time, so that a longer look tells a race from a loss there; a pin's 1024 stands out at once.
 */
const RACE_WINDOW = 8;
const PIN_RACE_WINDOW = 2;

/**
 * How long after its change an event may be written, in ns: the processor that does both may be a virtual one that does not
 * run for a while.
 */
const LONGEST_DELAY = 100e6;

/**
 * CPUs that change one page at a time report each other's changes: a count has in it what another CPU has changed and
 * not written yet, and some events later sum and report agree again. A difference that stays, or that no event of
 * another CPU explains, means missing events (lost, filtered, or tracing was off).
 *
 * @param rows of the page, in file order
 * @param index of the event in them
 * @param sum of all changes up to the event, it included
 */
export function countAfter(events: EventTable, rows: ArrayLike<number>, index: number, sum: number): number {
  const reported = events.count[rows[index]!]!;
  if (reported === ABSENT || reported === sum) return sum;
  return agreesAgain(events, rows, index, sum) ? sum : reported;
}

/**
 * Whether one of the next few events of the lifetime reports what the sum says, and those of other CPUs up to it explain
 * the difference; also when none follows in the time that the event of another CPU may take to be written.
 */
function agreesAgain(events: EventTable, rows: ArrayLike<number>, index: number, count: number): boolean {
  const first = rows[index]!;
  const difference = events.count[first]! - count;
  const isLarge = Math.abs(difference) >= GUP_PIN_COUNTING_BIAS / 2;
  const window = isLarge ? PIN_RACE_WINDOW : RACE_WINDOW;
  const cpu = events.cpu[first]!;
  const latest = events.time[first]! + LONGEST_DELAY;
  let sum = count;
  let seen = 0;
  let ofOthers = 0;
  let end = events.length - 1;
  for (let next = index + 1; next < rows.length && seen < window; next++) {
    const row = rows[next]!;
    const kind = events.kind[row]!;
    if (kind === EventKind.PinFailure || kind === EventKind.PinPut) continue;
    const replaces =
      !isPageRef(kind) ||
      setsCount(events, row) ||
      kind === EventKind.PageRefUnfreeze ||
      (kind === EventKind.PageRefFreeze && events.ret[row] === 1);
    if (replaces) {
      end = row;
      break;
    }
    const change = countChange(events, row);
    sum += change;
    const isOther = cpu === NO_CPU || events.cpu[row] === NO_CPU || events.cpu[row] !== cpu;
    // A row without a time is never too late.
    if (isOther && !(events.time[row]! > latest) && change > 0 === difference > 0) ofOthers += change;
    if (events.count[row] === sum) return Math.abs(ofOthers) >= Math.abs(difference);
    if (events.count[row] !== ABSENT) seen++;
  }
  return seen === 0 && !(events.time[end]! > latest);
}
