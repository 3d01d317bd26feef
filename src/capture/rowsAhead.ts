import type { EventTableBuilder } from './eventTableBuilder';
import type { ClearMemory } from './otherThreads';

/** Rows cleared at a time, a run: 2 MB, which take another thread 1 to 15 ms. */
const ROWS = 1 << 15;
/** The runs next to the newest row are left alone: they may be in use before the thread has come to them. */
const LEAD = 3;
/** How far ahead memory is asked for, in runs: what is never used should not be much. */
const FARTHEST = 6;

/** Has another thread ask the system for the memory of rows that will be used soon. */
export class RowsAhead {
  /** Behind the run that was cleared last, or is being cleared. */
  private end = 0;
  private clearing: Promise<void> | null = null;
  private hasFailed = false;

  constructor(
    private readonly table: EventTableBuilder,
    private readonly clear: ClearMemory,
    private readonly rows = ROWS,
  ) {}

  /**
   * To be called again and again between rows: asks for more where that is due. Returns what to wait for where the next
   * rows may be those that are being cleared: the thread is late.
   */
  advance(): Promise<void> | undefined {
    const { length, capacity } = this.table;
    if (this.clearing !== null) return length + 2 * this.rows > this.end ? this.clearing : undefined;
    const from = Math.max(this.end, length + LEAD * this.rows);
    const end = from + this.rows;
    if (this.hasFailed || end > capacity || from > length + FARTHEST * this.rows) return undefined;
    this.end = end;
    this.clearing = this.table
      .clearRows(from, end, this.clear)
      .catch(() => {
        // The rows are then asked for by being used.
        this.hasFailed = true;
      })
      .finally(() => (this.clearing = null));
    return undefined;
  }
}
