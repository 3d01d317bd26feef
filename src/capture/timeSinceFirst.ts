/** Times of a text relative to its first one, exact: whole seconds and rest are taken apart. */
export class TimeSinceFirst {
  /** False before the first time. */
  isBegun = false;
  private seconds = 0;
  private nanoseconds = 0;

  /** The first time, in ns or ticks. */
  get base(): bigint {
    return BigInt(this.seconds) * 1000000000n + BigInt(this.nanoseconds);
  }

  /** In ns or ticks; 0 for the first time, which it is from then on. */
  of(seconds: number, nanoseconds: number): number {
    if (!this.isBegun) {
      this.isBegun = true;
      this.seconds = seconds;
      this.nanoseconds = nanoseconds;
    }
    return (seconds - this.seconds) * 1e9 + (nanoseconds - this.nanoseconds);
  }
}
