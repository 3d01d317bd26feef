/** Bytes of a member's end: the checksum and the length of its content (RFC 1952, section 2.3.1). */
const TRAILER = 8;
/** So few bytes behind a member nobody takes for the beginning of another one. */
const MOST_BEHIND = 3;

/** The last bytes of a gzip file, in which the end of its last member is looked for. */
export class GzipTail {
  /** Those up to the last one that is not zero. */
  private readonly bytes = new Uint8Array(TRAILER + MOST_BEHIND);
  /** How many zeros stand behind them. */
  private zeros = 0;

  /** The next bytes of the file. */
  push(piece: Uint8Array): void {
    const { bytes } = this;
    let end = piece.length;
    while (end > 0 && piece[end - 1] === 0) end--;
    if (end === 0) {
      this.zeros += piece.length;
      return;
    }
    const moved = Math.min(bytes.length, this.zeros + end);
    bytes.copyWithin(0, moved);
    bytes.fill(0, bytes.length - moved);
    const start = Math.max(0, end - bytes.length);
    bytes.set(piece.subarray(start, end), bytes.length - (end - start));
    this.zeros = piece.length - end;
  }

  /**
   * Where the end of a member of this content is: `last`, with nothing but zeros behind it, or `followed` by a few bytes;
   * `absent` where it is not found.
   */
  endOfMember(checksum: number, length: number): 'last' | 'followed' | 'absent' {
    // Its own last bytes may be zeros.
    const all = new Uint8Array(this.bytes.length + Math.min(this.zeros, TRAILER));
    all.set(this.bytes);
    const view = new DataView(all.buffer);
    for (let at = all.length - TRAILER; at >= 0; at--) {
      if (view.getUint32(at, true) !== checksum || view.getUint32(at + 4, true) !== length) continue;
      return at + TRAILER >= this.bytes.length ? 'last' : 'followed';
    }
    return 'absent';
  }
}
