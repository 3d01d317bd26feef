/** Ctrl+C: it ends the reading where something of what was read can be told, and the program elsewhere and the second time. */
export class Interruption {
  /** Of the work of now. */
  private stop: (() => Promise<string | null>) | null = null;
  private hasStoppedWork = false;

  /** Whether it ended the reading. */
  get hasStopped(): boolean {
    return this.hasStoppedWork;
  }

  /**
   * Does work that can be ended before its time, and then resolves with what it has.
   *
   * @param stop ends it and says what for whoever pressed Ctrl+C; null where it cannot be ended now
   */
  async during<T>(stop: () => Promise<string | null>, work: () => Promise<T>): Promise<T> {
    this.stop = stop;
    try {
      return await work();
    } finally {
      this.stop = null;
    }
  }

  /** Ctrl+C was pressed: resolves to what is told of that; to null where the program should end. */
  async press(): Promise<string | null> {
    if (this.hasStoppedWork) return null;
    const told = (await this.stop?.()) ?? null;
    this.hasStoppedWork = told !== null;
    return told;
  }
}
