/** Where the newest life of a page began or the last one ended, asked row by row while a capture is gone over. */
import { EventKind, NONE, type EventTable } from '../capture/eventTable';
import { grown } from '../capture/growingColumn';
import { countChange, replacesLife } from './countChange';
import type { PageRows } from './pageRows';

export class LifeChanges {
  /** By number of a page: the row that was asked for last, and what was found. */
  private askedAt = new Int32Array(0);
  private changedAt = new Int32Array(0);

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
    const page = this.rows.pageOf(this.events.pfn[row]!);
    if (page >= this.askedAt.length) this.widen();
    const changed = this.newestBetween(this.askedAt[page]!, row);
    this.askedAt[page] = row;
    if (changed !== NONE) this.changedAt[page] = changed;
    return this.changedAt[page]!;
  }

  private widen(): void {
    const room = 2 * this.rows.length;
    const known = this.askedAt.length;
    this.askedAt = grown(this.askedAt, new Int32Array(room));
    this.changedAt = grown(this.changedAt, new Int32Array(room)).fill(NONE, known);
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
