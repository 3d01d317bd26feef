/** Pieces of code by their addresses, and what each is of. */

import { sortedBy } from '../elf/sortedBy';

/** Index of the first number above `value` among those from `first` to before `end` of a list in rising order. */
export function firstAbove(sorted: ArrayLike<number>, value: number, first = 0, end = sorted.length): number {
  let low = first;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The numbers that a piece has in the table. */
const enum Column {
  Low,
  High,
  Owner,
  /** The highest end of the piece and all before it. */
  Reach,
  Count,
}

export class CodePieces {
  /** Piece after piece in the order of their begins, each with its columns. */
  private readonly table: Float64Array;
  private readonly count: number;

  /**
   * @param pieces one after the other: first address, address behind, and what the piece is of. Where several hold an
   *   address, the one that begins last counts, and of those that begin together the last one.
   */
  constructor(pieces: readonly number[]) {
    this.count = pieces.length / 3;
    this.table = new Float64Array(this.count * Column.Count);
    const order = isInOrder(pieces) ? null : orderOf(pieces);
    let highest = -Infinity;
    for (let i = 0; i < this.count; i++) {
      const from = 3 * (order === null ? i : order[i]!);
      const to = i * Column.Count;
      const high = pieces[from + 1]!;
      if (high > highest) highest = high;
      this.table[to + Column.Low] = pieces[from]!;
      this.table[to + Column.High] = high;
      this.table[to + Column.Owner] = pieces[from + 2]!;
      this.table[to + Column.Reach] = highest;
    }
  }

  /** What the piece with an address is of, or -1. */
  find(address: number): number {
    const { table } = this;
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (table[middle * Column.Count + Column.Low]! <= address) low = middle + 1;
      else high = middle;
    }
    // Pieces overlap only in odd files; where the reach ends, none before can hold the address.
    for (let i = low - 1; i >= 0 && table[i * Column.Count + Column.Reach]! > address; i--) {
      if (table[i * Column.Count + Column.High]! > address) return table[i * Column.Count + Column.Owner]!;
    }
    return -1;
  }

  forEach(visit: (low: number, high: number, owner: number) => void): void {
    for (let i = 0; i < this.count; i++) {
      const at = i * Column.Count;
      visit(this.table[at + Column.Low]!, this.table[at + Column.High]!, this.table[at + Column.Owner]!);
    }
  }
}

function isInOrder(pieces: readonly number[]): boolean {
  for (let i = 3; i < pieces.length; i += 3) if (pieces[i]! < pieces[i - 3]!) return false;
  return true;
}

/** A unit has some 25 functions: up to here putting each in its place takes less than memory for a real sort would. */
const FEW = 128;

function orderOf(pieces: readonly number[]): Uint32Array {
  const count = pieces.length / 3;
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  if (count > FEW) {
    const lows = new Float64Array(count);
    for (let i = 0; i < count; i++) lows[i] = pieces[3 * i]!;
    return sortedBy(order, lows);
  }
  for (let i = 1; i < count; i++) {
    const low = pieces[3 * i]!;
    let at = i;
    for (; at > 0 && pieces[3 * order[at - 1]!]! > low; at--) order[at] = order[at - 1]!;
    order[at] = i;
  }
  return order;
}
