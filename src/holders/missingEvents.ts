import type { Gap } from '../capture/eventTable';

/** Where events are missing from a capture, so that what spans such a place is not taken for sure. */
export class MissingEvents {
  private readonly gaps: readonly Gap[];

  constructor(gaps: readonly Gap[]) {
    // A CPU whose record begins later than others lost nothing that is known.
    this.gaps = gaps.filter(({ cause }) => cause !== 'started').sort((a, b) => a.beforeRow - b.beforeRow);
  }

  /**
   * What is missing behind row `from` and up to row `to`, for people: "12 events of CPU 1 are missing"; null when
   * nothing is.
   */
  between(from: number, to: number): string | null {
    const first = this.firstBehind(from);
    const cpus = new Set<number>();
    let events: number | null = 0;
    let index = first;
    for (; index < this.gaps.length; index++) {
      const gap = this.gaps[index]!;
      if (gap.beforeRow > to) break;
      if (gap.cpu !== null) cpus.add(gap.cpu);
      events = events === null || gap.events === null ? null : events + gap.events;
    }
    if (index === first) return null;
    const many = events === null ? 'events' : events === 1 ? '1 event' : `${events} events`;
    const where = cpus.size === 0 ? '' : ` of CPU ${[...cpus].sort((a, b) => a - b).join(', ')}`;
    return `${many}${where} ${events === 1 ? 'is' : 'are'} missing`;
  }

  /** Index of the first gap that stands behind a row. */
  private firstBehind(row: number): number {
    let low = 0;
    let high = this.gaps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.gaps[middle]!.beforeRow <= row) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
