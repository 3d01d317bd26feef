/** Which puts behind a mark may be the references too many at it, in captures that record puts alone. */
import { isLongKind } from './kindRules';
import { GUP_PIN_COUNTING_BIAS, type LedgerReference } from './ledgerReference';
import { PutsInOrder } from './putsInOrder';

/** Of the puts behind a mark, those that may be the references too many at it. */
export interface Candidates {
  /** As many as the sum allows, likeliest first chosen; in order of their rows. */
  readonly chosen: readonly LedgerReference[];
  /** Those of {@link chosen} that are so by choice: others of the same weight may be the holders in their place. */
  readonly doubtful: readonly LedgerReference[];
  /** How many puts there are to choose from, the doubtful among them; 0 when there is no choice. */
  readonly rivals: number;
  /** The first of these. */
  readonly named: readonly LedgerReference[];
}

/** More names than these are a list that nobody reads. */
const MOST_NAMED = 20;

/** The puts of a page that may be references too many at a mark, by what a mark asks of them. */
export class LastingPuts {
  private readonly pins: PutsOfWeight;
  private readonly others: PutsOfWeight;
  private readonly nameless: PutsInOrder;

  /** @param puts in order of their rows */
  constructor(puts: readonly LedgerReference[]) {
    const lasting = puts.filter((put) => !put.nameless && isLongKind(put.kind));
    this.pins = new PutsOfWeight(lasting, GUP_PIN_COUNTING_BIAS);
    this.others = new PutsOfWeight(lasting, 1);
    this.nameless = new PutsInOrder(puts.filter((put) => put.nameless));
  }

  /**
   * Has each of the puts that nothing names behind a row, up to another, compete for what no other explains.
   *
   * @returns how many these are
   */
  raiseNameless(row: number, last: number): number {
    const puts = this.nameless.count(row, last);
    if (puts > 0) this.nameless.raise(row, last, puts);
    return puts;
  }

  /**
   * The puts behind the mark that explain its surplus: pins by their weight, then the others.
   *
   * @param last row from which on no reference of the mark is left
   */
  candidatesAt(surplus: number, row: number, last: number): Candidates {
    const taken = [
      this.pins.take(Math.floor(surplus / GUP_PIN_COUNTING_BIAS), row, last),
      this.others.take(surplus % GUP_PIN_COUNTING_BIAS, row, last),
    ];
    const chosen = taken.flatMap((each) => each.chosen).sort((a, b) => a.releaseRow - b.releaseRow);
    const contested = taken.filter((each) => each.isContested);
    const doubtful = contested.flatMap((each) => each.chosen);
    const rivals = contested.reduce((sum, { puts }) => sum + puts, 0);
    for (const { ofWeight } of contested) ofWeight.all.raise(row, last, rivals);
    const named = contested.flatMap(({ ofWeight }) => ofWeight.all.between(row, last, MOST_NAMED));
    return { chosen, doubtful, rivals, named: named.slice(0, MOST_NAMED) };
  }

  /** Says at each put that competed how many did, the most of all marks. */
  sayRivals(): void {
    for (const puts of [this.pins.all, this.others.all, this.nameless]) {
      puts.eachRaised((put, rivals) => {
        put.rivals = rivals;
      });
    }
  }
}

/** What was taken of the puts of one weight for the surplus at a mark. */
interface Taken {
  readonly ofWeight: PutsOfWeight;
  readonly chosen: readonly LedgerReference[];
  /** How many puts there were. */
  readonly puts: number;
  /** There were more than were wanted. */
  readonly isContested: boolean;
}

/** Puts that drop as much: a mark that has so much too many takes any of them. */
class PutsOfWeight {
  readonly all: PutsInOrder;
  /** A put that a rule names as long-lived says more than one that none names; else the earlier one counts. */
  private readonly likelier: PutsInOrder;
  private readonly unlikelier: PutsInOrder;

  /** @param puts of any weight */
  constructor(puts: readonly LedgerReference[], weight: number) {
    const own = puts.filter((put) => put.weight === weight);
    this.all = new PutsInOrder(own);
    this.likelier = new PutsInOrder(own.filter(({ kind }) => kind !== 'unknown'));
    this.unlikelier = new PutsInOrder(own.filter(({ kind }) => kind === 'unknown'));
  }

  take(wanted: number, row: number, last: number): Taken {
    const puts = this.all.count(row, last);
    const first = this.likelier.between(row, last, wanted);
    const chosen = [...first, ...this.unlikelier.between(row, last, wanted - first.length)];
    return { ofWeight: this, chosen, puts, isContested: wanted > 0 && puts > wanted };
  }
}
