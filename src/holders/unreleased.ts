/**
 * Pages that nobody let go of, without a mark: those on which more long-lived references were taken than dropped by the
 * end of the capture, and those that no owner has any more but that are still there.
 */
import { ABSENT, EventKind, Mapping, type EventTable } from '../capture/eventTable';
import { ROWS_A_STEP } from '../capture/turns';
import { countChange, isFree, isPageRef, reachesZero } from './countChange';
import { ACCOUNTED_KINDS, isLongKind } from './kindRules';
import type { LedgerReference } from './ledger';
import type { PageRows } from './pageRows';
import type { StackSites } from './stackSites';

/**
 * The PFNs that are worth a look, found without replaying any page: for every page the balance of gets and puts of
 * kinds that last. A page may be here that has no such reference; none that has one is left out.
 */
export function* unreleasedCandidates(
  events: EventTable,
  rows: PageRows,
  sites: StackSites,
): Generator<void, readonly number[]> {
  const balance = yield* longBalance(events, rows, sites);
  const candidates: number[] = [];
  for (let page = 0; page < rows.length; page++) {
    const last = rows.lastOf(page);
    if (!isPageRef(events.kind[last]!) || endsLifetime(events, last)) continue;
    if (balance[page]! > 0 || isWithoutOwner(events, last)) candidates.push(rows.pfns[page]!);
  }
  return candidates;
}

/** Gets less puts of kinds that last, by page; a put whose get came before the capture does not count against later ones. */
function* longBalance(events: EventTable, rows: PageRows, sites: StackSites): Generator<void, Int32Array> {
  const balance = new Int32Array(rows.length);
  for (let row = 0; row < events.length; row++) {
    if (row % ROWS_A_STEP === 0) yield;
    const change = countChange(events, row);
    const page = rows.pageAt(row);
    if (change === 0 || page < 0) continue;
    const site = sites.of(events.stack[row]!);
    if (change > 0 && site.takesLong) balance[page]!++;
    else if (change < 0 && site.dropsLong && balance[page]! > 0) balance[page]!--;
  }
  return balance;
}

function endsLifetime(events: EventTable, row: number): boolean {
  const kind = events.kind[row]!;
  if (isFree(kind) || reachesZero(events, row)) return true;
  return kind === EventKind.PageRefSet && events.val[row]! <= 0;
}

/** Not mapped and without a mapping, at a put: what is in use by the kernel itself is seldom put. */
function isWithoutOwner(events: EventTable, row: number): boolean {
  return (
    events.mapping[row] === Mapping.Null &&
    events.count[row] !== ABSENT &&
    events.count[row]! > 0 &&
    events.mapcount[row]! <= 0 &&
    countChange(events, row) < 0
  );
}

/** Whether what is open on a page at the end of the capture makes it worth listing. */
export function isUnreleased(open: readonly LedgerReference[], pool: number): boolean {
  if (open.some(({ kind, nameless }) => isLongKind(kind) && !nameless)) return true;
  return isOrphaned(open, pool);
}

/** Whether nothing but references that are no ownership is left. */
export function isOrphaned(open: readonly LedgerReference[], pool: number): boolean {
  if (pool > 0 || open.length === 0) return false;
  return open.every(({ kind, nameless }) => !nameless && !ACCOUNTED_KINDS.has(kind));
}
