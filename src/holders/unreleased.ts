/**
 * Pages that nobody let go of, without a mark: those on which more long-lived references were taken than dropped by the
 * end of the capture, and those that no owner has any more but that are still there.
 */
import { ABSENT, Mapping, type EventTable } from '../capture/eventTable';
import type { CaptureIndex } from './captureIndex';
import { countChange, endsLife, isPageRef } from './countChange';
import { ACCOUNTED_KINDS, isLongKind } from './kindRules';
import type { LedgerReference } from './ledgerReference';

/**
 * The PFNs that are worth a look, found without replaying any page: for every page the balance of gets and puts of
 * kinds that last. A page may be here that has no such reference; none that has one is left out.
 */
export function unreleasedCandidates(
  events: EventTable,
  { rows, longBalance }: Pick<CaptureIndex, 'rows' | 'longBalance'>,
): readonly number[] {
  const candidates: number[] = [];
  for (let page = 0; page < rows.length; page++) {
    const last = rows.lastOfPage(page);
    if (!isPageRef(events.kind[last]!) || endsLife(events, last)) continue;
    if (longBalance[page]! > 0 || isWithoutOwner(events, last)) candidates.push(rows.pfnOf(page));
  }
  return candidates;
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
