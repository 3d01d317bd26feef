/**
 * What one pass over all events of a capture finds, so that everything else looks at few of them: the rows of each
 * page, the moments at which one failed to move, the pages that may have been left with a reference, and how mapcounts
 * are printed.
 */
import { EventKind, NONE, type Capture, type EventTable } from '../capture/eventTable';
import { grown } from '../capture/growingColumn';
import { ROWS_A_STEP } from '../capture/turns';
import { countChange, isFree, replacesLife } from './countChange';
import type { AttemptRecord } from './attempts';
import { EvidenceFinder, type Moment } from './evidence';
import { mapcountBase, type MapcountBase } from './mapcountBase';
import { PageRows, tellsOfPage } from './pageRows';
import { StackTrait, type StackSites } from './stackSites';

export interface CaptureIndex {
  readonly rows: PageRows;
  readonly moments: readonly Moment[];
  readonly attempts: readonly AttemptRecord[];
  /**
   * By number of a page: gets less puts of kinds that last, in its last life. A put whose get came before the capture
   * does not count against later gets.
   */
  readonly longBalance: Int32Array;
  /** Of all allocations; 0 where none has one. */
  readonly largestOrder: number;
  readonly mapcount: MapcountBase;
}

/** Made in steps of a few milliseconds. */
export function* indexCapture(capture: Capture, sites: StackSites): Generator<void, CaptureIndex> {
  const { length } = capture.events;
  const pass = new IndexPass(capture, sites);
  for (let row = 0; row < length; row += ROWS_A_STEP) {
    yield;
    pass.take(row, Math.min(row + ROWS_A_STEP, length));
  }
  return pass.finished();
}

class IndexPass {
  private readonly rows: PageRows;
  private readonly events: EventTable;
  private readonly evidence: EvidenceFinder;
  private balance = new Int32Array(1 << 10);
  private largestOrder = 0;
  private readonly printed = { minusOne: false, zeroWhenFresh: false };

  constructor(
    private readonly capture: Capture,
    private readonly sites: StackSites,
  ) {
    this.events = capture.events;
    this.rows = new PageRows(this.events.length);
    this.evidence = new EvidenceFinder(capture, sites);
  }

  /** Over millions of rows: typed arrays alone, and what a stack says in bits. */
  take(from: number, to: number): void {
    const { kind: kinds, pfn: pfns, stack: stacks, mapcount: mapcounts } = this.events;
    for (let row = from; row < to; row++) {
      const kind = kinds[row]!;
      if (kind === EventKind.Other) continue;
      const mapcount = mapcounts[row]!;
      if (mapcount === 0 ? !this.printed.zeroWhenFresh : mapcount === -1) this.noteMapcount(row, mapcount);
      const pfn = pfns[row]!;
      const page = pfn >= 0 && tellsOfPage(kind) ? this.rows.add(row, pfn) : NONE;
      if (page >= this.balance.length) this.balance = grown(this.balance, new Int32Array(page * 2));
      if (kind > EventKind.PageRefUnfreeze) {
        this.noteOther(row, kind, page);
        continue;
      }
      const traits = this.sites.traitsOf(stacks[row]!);
      if ((traits & StackTrait.concernsMoving) !== 0 || kind === EventKind.PageRefFreeze)
        this.evidence.pageRef(row, kind);
      if (page !== NONE) this.weigh(row, page, traits);
    }
  }

  finished(): CaptureIndex {
    const { rows, evidence, largestOrder, printed } = this;
    return {
      rows,
      moments: evidence.finished(),
      attempts: evidence.attempts,
      longBalance: this.balance,
      largestOrder,
      mapcount: mapcountBase(this.capture.facts, printed),
    };
  }

  private noteMapcount(row: number, mapcount: number): void {
    const { kind, val } = this.events;
    if (mapcount === -1) this.printed.minusOne = true;
    else if (kind[row] === EventKind.PageRefSet && val[row] === 1) this.printed.zeroWhenFresh = true;
  }

  private noteOther(row: number, kind: number, page: number): void {
    if (kind === EventKind.PageAlloc)
      this.largestOrder = Math.max(this.largestOrder, this.events.order[row]!);
    else if (kind > EventKind.PageFreeBatched || kind === EventKind.PinFailure)
      this.evidence.otherEvent(row, kind);
    else if (page !== NONE && isFree(kind)) this.balance[page] = 0;
  }

  private weigh(row: number, page: number, traits: number): void {
    const before = this.balance[page]!;
    if (before > 0 && replacesLife(this.events, row)) this.balance[page] = 0;
    else if ((traits & (StackTrait.takesLong | StackTrait.dropsLong)) !== 0) {
      const change = countChange(this.events, row);
      if (change > 0 && (traits & StackTrait.takesLong) !== 0) this.balance[page] = before + 1;
      else if (change < 0 && before > 0 && (traits & StackTrait.dropsLong) !== 0)
        this.balance[page] = before - 1;
    }
  }
}
