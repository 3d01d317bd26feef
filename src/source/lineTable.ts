/** Line numbers of byte offsets, made when first asked for. */
export class LineTable {
  private starts: Int32Array | null = null;
  private count = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** 1-based line of the byte at `offset`. */
  lineAt(offset: number): number {
    const starts = this.starts ?? this.build();
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  private build(): Int32Array {
    let starts = new Int32Array(Math.max(16, this.bytes.length >> 4));
    let count = 1;
    let newline = this.bytes.indexOf(10);
    while (newline >= 0) {
      if (count === starts.length) {
        const longer = new Int32Array(count * 2);
        longer.set(starts);
        starts = longer;
      }
      starts[count++] = newline + 1;
      newline = this.bytes.indexOf(10, newline + 1);
    }
    this.starts = starts;
    this.count = count;
    return starts;
  }
}
