import { countBetween, firstBehind } from './lives';
import type { LedgerReference } from './ledgerReference';

/** Puts of a page in order of their rows, of which those between two rows are found without a look at the others. */
export class PutsInOrder {
  private readonly rows: Int32Array;
  private readonly raised: Raise[] = [];

  /** @param puts by {@link LedgerReference.releaseRow}, ascending */
  constructor(private readonly puts: readonly LedgerReference[]) {
    this.rows = Int32Array.from(puts, ({ releaseRow }) => releaseRow);
  }

  /** How many stand behind a row, up to another. */
  count(row: number, last: number): number {
    return countBetween(this.rows, row, last);
  }

  /** Those behind a row, up to another, at most so many. */
  between(row: number, last: number, most: number): readonly LedgerReference[] {
    const from = firstBehind(this.rows, row);
    return this.puts.slice(from, from + Math.max(0, Math.min(most, this.count(row, last))));
  }

  /** Gives those behind a row, up to another, a value at least. */
  raise(row: number, last: number, value: number): void {
    this.raised.push({ from: firstBehind(this.rows, row), to: firstBehind(this.rows, last), value });
  }

  /** Every put that was raised, with the largest of its values. */
  eachRaised(take: (put: LedgerReference, value: number) => void): void {
    const { puts } = this;
    // The largest comes first, so that each put is met once: what is met is passed over from then on.
    const next = Int32Array.from({ length: puts.length + 1 }, (_, index) => index);
    for (const { from, to, value } of this.raised.sort((a, b) => b.value - a.value)) {
      for (let index = unmet(next, from); index < to; index = unmet(next, index)) {
        take(puts[index]!, value);
        next[index] = index + 1;
      }
    }
  }
}

/** Indexes of the puts that are raised, the second just behind the last. */
interface Raise {
  readonly from: number;
  readonly to: number;
  readonly value: number;
}

/** The first index from one on that leads to itself; the way there is made shorter. */
function unmet(next: Int32Array, from: number): number {
  let index = from;
  while (next[index] !== index) {
    next[index] = next[next[index]!]!;
    index = next[index]!;
  }
  return index;
}
