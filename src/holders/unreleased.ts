/**
 * Pages that nobody let go of, without a mark: those on which more long-lived references were taken than dropped by the
 * end of the capture, and those that no owner has any more but that are still there.
 */
import { ABSENT, Mapping, type EventTable } from '../capture/eventTable';
import { pageState } from './pageState';
import type { CaptureIndex } from './captureIndex';
import { countChange, endsLife, isPageRef } from './countChange';
import { ACCOUNTED_KINDS, isLongKind } from './kindRules';
import type { LedgerReference } from './ledgerReference';
import type { MapcountBase } from './mapcountBase';
import type { PageNature } from './pageNature';

/**
 * The PFNs that are worth a look, found without replaying any page: for every page the balance of gets and puts of
 * kinds that last. A page may be here that has no such reference. One that has is left out only where another was put of
 * which the get came before the capture, and which weighs no more than it.
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

/** Whether a reference that lasts by its kind is open on a page at the end of the capture. */
export function isUnreleased(open: readonly LedgerReference[]): boolean {
  return open.some(({ kind, nameless }) => isLongKind(kind) && !nameless);
}

/** Whether nothing but references that are no ownership is left. */
export function isOrphaned(open: readonly LedgerReference[], pool: number): boolean {
  if (pool > 0 || open.length === 0) return false;
  return open.every(({ kind, nameless }) => !nameless && !ACCOUNTED_KINDS.has(kind));
}

/**
 * Whether an event shows that somebody owns the page, whatever was made of its gets and puts. The mapping pointer alone
 * says that of no anonymous page: it stays there until the page is freed (mm/rmap.c).
 */
export function hasOwner(
  events: EventTable,
  row: number,
  nature: PageNature | null,
  mapcounts: MapcountBase,
): boolean {
  const { mappings, cached, swapCache, ofDriver } = pageState(events, row, nature, mapcounts);
  return mappings > 0 || cached === true || swapCache || ofDriver;
}
