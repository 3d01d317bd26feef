/**
 * References that went although the capture has no put of them: the count of a page is lower than its events make it,
 * or its life is over. What is least sure to be there goes first, and is said to have gone unseen.
 */
import { NONE } from '../capture/eventTable';
import { GUP_PIN_COUNTING_BIAS, type LedgerReference } from './ledgerReference';
import type { Kind } from './model';
import { areOfOneGet, oldestOf, type Group, type OpenReferences } from './openReferences';
import type { UnseenReferences } from './unseenReferences';

/** What most likely went when the count says that something did: short uses first, owners last. */
const SHED_ORDER: readonly Kind[] = [
  'lru-batch',
  'page-cache-lookup',
  'writeback',
  'read',
  'unknown',
  'driver',
  'gup-get',
  'gup-pin',
  'direct-io',
  'io-uring',
  'buffer-head',
  'socket',
  'pipe-buffer',
  'isolation',
  'page-table',
  'swap-cache',
  'private-data',
  'page-cache',
  'allocation',
];

/** Whether one of these is there, the flags and the mapping of the page say, or that it is allocated. */
const SEEN_IN_STATE: ReadonlySet<Kind> = new Set<Kind>([
  'page-cache',
  'swap-cache',
  'private-data',
  'allocation',
]);

/** At an event whose own change is not what is missing. */
const FELL = 'the count is lower than the events make it';

/**
 * @param excess what the references weigh more than the count says
 * @param row the event that says so
 */
export function shed(open: OpenReferences, pool: UnseenReferences, excess: number, row: number): void {
  // One missing put is likelier than several, and a pin's weight names it.
  const isOne = excess > 1 || pool.weight === 0;
  const whole = isOne ? firstToShed(open, row, ({ weight }) => weight === excess) : null;
  if (whole !== null) {
    shedOne(open, whole, row);
    return;
  }
  let rest = shedPins(open, pool, excess, row);
  const fromPool = Math.min(pool.weight, rest);
  pool.drop(fromPool);
  rest -= fromPool;
  while (rest > 0) {
    const next =
      firstToShed(open, row, ({ weight }) => weight <= rest) ??
      firstToShed(open, row, () => true) ??
      firstToShed(open, NONE, () => true);
    if (next === null) return;
    shedOne(open, next, row);
    pool.add(next.weight - rest, row);
    rest -= next.weight;
  }
}

/**
 * That the count fell by about the weight of a pin is a pin that went, and some gets that are missing too, not a
 * thousand missing puts.
 *
 * @returns the excess that is left
 */
function shedPins(open: OpenReferences, pool: UnseenReferences, excess: number, row: number): number {
  let rest = excess;
  while (rest >= GUP_PIN_COUNTING_BIAS / 2) {
    const most = rest + GUP_PIN_COUNTING_BIAS / 2;
    const pin = firstToShed(
      open,
      row,
      ({ weight }) => weight % GUP_PIN_COUNTING_BIAS === 0 && weight <= most,
    );
    if (pin === null) return rest;
    shedOne(open, pin, row);
    pool.add(pin.weight - rest, row);
    rest = Math.max(0, rest - pin.weight);
  }
  return rest;
}

function shedOne(open: OpenReferences, reference: LedgerReference, row: number): void {
  const possible = open.where(
    (group) => !group.suspended && group.weight === reference.weight && !SEEN_IN_STATE.has(group.kind),
  );
  if (!areOfOneGet(possible)) {
    open.doubtOthers(possible, reference, 'a reference of this weight went without a put in the capture');
  }
  closeUnseen(open, reference, row, FELL);
}

/** What is most likely gone of what was taken before a row, or of all for NONE. */
function firstToShed(
  open: OpenReferences,
  row: number,
  isMeant: (group: Group) => boolean,
): LedgerReference | null {
  const groups = open.where(
    (group) => !group.suspended && isMeant(group) && group.all.oldest?.reference.acquireRow !== row,
  );
  for (const kind of SHED_ORDER) {
    const next = oldestOf(groups.filter((group) => group.kind === kind));
    if (next !== null) return next;
  }
  return null;
}

/** @param because how it is known that it went */
export function closeUnseen(
  open: OpenReferences,
  reference: LedgerReference,
  row: number,
  because: string,
): void {
  reference.releaseRow = row;
  reference.unseenBecause = because;
  reference.confidence = 'assumed';
  reference.evidence += `; its put is not in the capture: ${because}`;
  open.remove(reference);
}
