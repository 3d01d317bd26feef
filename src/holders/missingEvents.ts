import type { Gap } from '../capture/eventTable';
import { countBetween, firstBehind } from './lives';

/** Where events are missing from a capture, so that what spans such a place is not taken for sure. */
export class MissingEvents {
  /** Row before which each gap stands, ascending. */
  private readonly rows: Int32Array;
  /** Events that are missing in the gaps before each, as far as they are counted; one more than there are gaps. */
  private readonly events: Float64Array;
  /** How many of the gaps before each do not tell how many events are missing. */
  private readonly uncounted: Int32Array;
  /** By CPU, ascending: rows before which its own gaps stand. */
  private readonly rowsOfCpus: readonly (readonly [cpu: number, rows: Int32Array])[];

  constructor(gaps: readonly Gap[]) {
    // A CPU whose record begins later than others lost nothing that is known.
    const missing = gaps.filter(({ cause }) => cause !== 'started').sort((a, b) => a.beforeRow - b.beforeRow);
    const { length } = missing;
    this.rows = Int32Array.from(missing, ({ beforeRow }) => beforeRow);
    this.events = new Float64Array(length + 1);
    this.uncounted = new Int32Array(length + 1);
    const rowsOfCpus = new Map<number, number[]>();
    for (const [index, { events, cpu, beforeRow }] of missing.entries()) {
      const sum = this.events[index]! + (events ?? 0);
      // A count that no sum can be made with is one of damaged bytes.
      const isCounted = events !== null && sum <= Number.MAX_SAFE_INTEGER;
      this.events[index + 1] = isCounted ? sum : this.events[index]!;
      this.uncounted[index + 1] = this.uncounted[index]! + (isCounted ? 0 : 1);
      if (cpu === null) continue;
      const rows = rowsOfCpus.get(cpu);
      if (rows === undefined) rowsOfCpus.set(cpu, [beforeRow]);
      else rows.push(beforeRow);
    }
    this.rowsOfCpus = Array.from(rowsOfCpus, ([cpu, rows]) => [cpu, Int32Array.from(rows)] as const).sort(
      ([one], [other]) => one - other,
    );
  }

  /** How many gaps stand behind row `from` and up to row `to`. */
  gapsBetween(from: number, to: number): number {
    return countBetween(this.rows, from, to);
  }

  /**
   * What is missing behind row `from` and up to row `to`, for people: "12 events of CPU 1 are missing"; null when
   * nothing is.
   */
  between(from: number, to: number): string | null {
    const first = firstBehind(this.rows, from);
    const end = firstBehind(this.rows, to);
    if (end <= first) return null;
    const isCounted = this.uncounted[end] === this.uncounted[first];
    const events = isCounted ? this.events[end]! - this.events[first]! : null;
    const cpus = this.rowsOfCpus.filter(([, rows]) => countBetween(rows, from, to) > 0).map(([cpu]) => cpu);
    const many = events === null ? 'events' : events === 1 ? '1 event' : `${events} events`;
    const where = cpus.length === 0 ? '' : ` of CPU ${cpus.join(', ')}`;
    return `${many}${where} ${events === 1 ? 'is' : 'are'} missing`;
  }
}
