/** Pieces of code by their addresses, and what each is of. */

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

export class CodePieces {
  private readonly lows: Float64Array;
  private readonly highs: Float64Array;
  private readonly owners: Float64Array;
  /** By piece, the highest end of it and all before it. */
  private readonly reach: Float64Array;

  /**
   * @param pieces one after the other: first address, address behind, and what the piece is of. Where several hold an
   *   address, the one that begins last counts, and of those that begin together the last one.
   */
  constructor(pieces: readonly number[]) {
    const count = pieces.length / 3;
    const order = Array.from({ length: count }, (_, i) => i * 3).sort((a, b) => pieces[a]! - pieces[b]!);
    this.lows = Float64Array.from(order, (at) => pieces[at]!);
    this.highs = Float64Array.from(order, (at) => pieces[at + 1]!);
    this.owners = Float64Array.from(order, (at) => pieces[at + 2]!);
    this.reach = new Float64Array(count);
    let highest = -Infinity;
    for (let i = 0; i < count; i++) this.reach[i] = highest = Math.max(highest, this.highs[i]!);
  }

  /** What the piece with an address is of, or -1. */
  find(address: number): number {
    const { lows, highs, owners, reach } = this;
    // Pieces overlap only in odd files; `reach` ends the search where none before can hold the address.
    for (let i = firstAbove(lows, address) - 1; i >= 0 && reach[i]! > address; i--) {
      if (highs[i]! > address) return owners[i]!;
    }
    return -1;
  }

  forEach(visit: (low: number, high: number, owner: number) => void): void {
    for (let i = 0; i < this.lows.length; i++) visit(this.lows[i]!, this.highs[i]!, this.owners[i]!);
  }
}
