/** Where the newest life of a page began or the last one ended, asked row by row while a capture is gone over. */
import { EventKind, NONE, type EventTable } from '../capture/eventTable';
import { countChange, replacesLife } from './countChange';
import type { PageRows } from './pageRows';

/** What was found of a page when it was last asked for. */
interface Found {
  askedAt: number;
  changedAt: number;
}

export class LifeChanges {
  /** By PFN. */
  private readonly found = new Map<number, Found>();

  constructor(
    private readonly events: EventTable,
    /** Those up to the row that is asked for. */
    private readonly rows: PageRows,
  ) {}

  /**
   * The newest event before one of a page behind which nothing counts that was open before it, or NONE. Each is asked for
   * behind the last of its page, so that no event of it is looked at twice, however often the page is isolated.
   */
  newestBefore(row: number): number {
    const { found, events } = this;
    const pfn = events.pfn[row]!;
    const known = found.get(pfn);
    const changed = this.newestBetween(known?.askedAt ?? 0, row);
    if (known === undefined) {
      found.set(pfn, { askedAt: row, changedAt: changed });
      return changed;
    }
    known.askedAt = row;
    if (changed !== NONE) known.changedAt = changed;
    return known.changedAt;
  }

  /** @param from first row that is looked at */
  private newestBetween(from: number, row: number): number {
    const { events, rows } = this;
    let isRaised = false;
    for (let each = rows.before(row); each !== NONE && each >= from; each = rows.before(each)) {
      if (replacesLife(events, each)) return each;
      if (raisesFromZero(events, each)) isRaised = true;
      else if (isFrozen(events, each)) {
        // Reclaim frees what it has frozen without a put (mm/vmscan.c __remove_mapping).
        if (!isRaised) return each;
        isRaised = false;
      }
    }
    return NONE;
  }
}

function isFrozen({ kind, ret }: EventTable, row: number): boolean {
  return kind[row] === EventKind.PageRefFreeze && ret[row] !== 0;
}

/** Splitting a huge page raises the count of its head by a get, others unfreeze (mm/huge_memory.c __split_huge_page). */
function raisesFromZero(events: EventTable, row: number): boolean {
  if (events.kind[row] === EventKind.PageRefUnfreeze) return true;
  const change = countChange(events, row);
  return change > 0 && events.count[row] === change;
}
