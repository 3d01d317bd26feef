/**
 * What one pass over all events of a capture finds, so that everything else looks at few of them: the rows of each
 * page, the moments at which one failed to move, the pages that may have been left with a reference, and how mapcounts
 * are printed.
 */
import { EventKind, NONE, type Capture, type EventTable } from '../capture/eventTable';
import { grown } from '../capture/growingColumn';
import { ROWS_A_STEP } from '../capture/turns';
import { changeBy, isFree, isLastPut, isSet } from './countChange';
import type { AttemptRecord } from './attempts';
import { EvidenceFinder } from './evidence';
import { MapcountBase } from './mapcountBase';
import type { Moment } from './moment';
import type { OfflinedMemory } from './offlinedMemory';
import { PageRows } from './pageRows';
import { StackTrait, type StackSites } from './stackSites';

export interface CaptureIndex {
  readonly rows: PageRows;
  readonly moments: readonly Moment[];
  readonly attempts: readonly AttemptRecord[];
  /** In order of the capture. */
  readonly offlined: readonly OfflinedMemory[];
  /** Rows that tell of a page, or of an attempt to move pages. */
  readonly pageEvents: number;
  /**
   * By number of a page: what gets of kinds that last added to the count in its last life, less what puts took of it. A
   * put that takes more than they added is of a get that came before the capture, and does not count against these.
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
  // Small steps come first: a loop whose end was never seen is compiled anew when it gets there.
  for (let row = 0, step = 64; row < length; row += step, step = Math.min(2 * step, ROWS_A_STEP)) {
    yield;
    pass.take(row, Math.min(row + step, length));
  }
  return pass.finished();
}

const LASTING = StackTrait.takesLong | StackTrait.dropsLong;
/** What is more stays there: damaged bytes say any number, and a sum that wraps is no balance. */
const LARGEST_BALANCE = 0x7fff_ffff;

/**
 * Loops over millions of rows: over typed arrays alone, with what stacks say in bits, and small, so that they are
 * compiled at once. What few rows need is done behind them, a step at a time while their columns are near.
 */
class IndexPass {
  private readonly events: EventTable;
  private readonly rows: PageRows;
  private readonly evidence: EvidenceFinder;
  private balance = new Int32Array(1 << 10);
  private largestOrder = 0;
  private pageEvents = 0;
  private readonly printed = { minusOne: false, zeroWhenFresh: false };
  /** Of the step: the page of each row, and the rows that few have something to do with. */
  private readonly pages: Int32Array;
  private readonly rare: Int32Array;

  constructor(
    private readonly capture: Capture,
    private readonly sites: StackSites,
  ) {
    this.events = capture.events;
    const mostRows = Math.min(ROWS_A_STEP, this.events.length);
    this.pages = new Int32Array(mostRows);
    this.rare = new Int32Array(mostRows);
    this.rows = new PageRows(this.events);
    this.evidence = new EvidenceFinder(capture, sites, this.rows);
  }

  /** @param to at most {@link ROWS_A_STEP} rows behind `from` */
  take(from: number, to: number): void {
    this.rows.take(from, to, this.pages);
    if (this.rows.length > this.balance.length) {
      this.balance = grown(this.balance, new Int32Array(this.rows.length * 2));
    }
    const rare = this.weigh(from, to);
    for (let index = 0; index < rare; index++) this.evidence.take(this.rare[index]!);
  }

  /**
   * Gets and puts of kinds that last, and how mapcounts are printed.
   *
   * @returns how many rows of the step tell of attempts to move pages
   */
  private weigh(from: number, to: number): number {
    const { sites, balance, pages, rare } = this;
    const { traits: knownTraits } = sites;
    const {
      kind: kinds,
      stack: stacks,
      mapcount: mapcounts,
      order: orders,
      val: vals,
      count: counts,
      ret: rets,
    } = this.events;
    let { largestOrder } = this;
    let [known, found, minusOnes, freshZeros] = [0, 0, 0, 0];
    for (let row = from; row < to; row++) {
      const kind = kinds[row]!;
      if (kind === EventKind.Other) continue;
      known++;
      const page = pages[row - from]!;
      const mapcount = mapcounts[row]!;
      minusOnes += mapcount === -1 ? 1 : 0;
      rare[found] = row;
      if (kind > EventKind.PageRefUnfreeze) {
        found += kind === EventKind.PinFailure || kind > EventKind.PageFreeBatched ? 1 : 0;
        largestOrder = kind === EventKind.PageAlloc ? Math.max(largestOrder, orders[row]!) : largestOrder;
        if (page !== NONE && isFree(kind)) balance[page] = 0;
        continue;
      }
      const stack = stacks[row]!;
      let traits = stack < 0 ? StackTrait.known : knownTraits[stack]!;
      if (traits === 0) traits = sites.traitsOf(stack);
      found += kind === EventKind.PageRefFreeze || (traits & StackTrait.concernsIsolation) !== 0 ? 1 : 0;
      freshZeros += mapcount === 0 && isSet(kind, vals[row]!, counts[row]!) ? 1 : 0;
      if (page === NONE) continue;
      const ret = rets[row]!;
      if (isSet(kind, vals[row]!, counts[row]!) || isLastPut(kind, ret)) balance[page] = 0;
      if ((traits & LASTING) === 0) continue;
      const change = changeBy(kind, vals[row]!, ret);
      const added = balance[page]!;
      if (change > 0 && (traits & StackTrait.takesLong) !== 0) {
        balance[page] = Math.min(added + change, LARGEST_BALANCE);
      } else if (change < 0 && added + change >= 0 && (traits & StackTrait.dropsLong) !== 0) {
        balance[page] = added + change;
      }
    }
    this.pageEvents += known;
    this.largestOrder = largestOrder;
    this.printed.minusOne ||= minusOnes > 0;
    this.printed.zeroWhenFresh ||= freshZeros > 0;
    return found;
  }

  finished(): CaptureIndex {
    const { rows, evidence, pageEvents, largestOrder, printed } = this;
    return {
      rows,
      moments: evidence.finished(),
      attempts: evidence.attempts,
      offlined: evidence.offlined,
      pageEvents,
      longBalance: this.balance,
      largestOrder,
      mapcount: new MapcountBase(this.capture, printed),
    };
  }
}
