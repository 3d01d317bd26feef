import { grown } from '../growingColumn';

/** What a record that is no sample says of a task, or of samples that are missing. */
export const enum SideKind {
  /** Task `subject` has the name `value`. */
  Comm,
  /** Task `subject` begins as a copy of task `value`. */
  Fork,
  /** `value` samples are missing on CPU `subject`. */
  Lost,
  /** `value` samples are missing on CPU `subject`, by the counters of the events themselves. */
  LostSamples,
  /** CPU `subject` dropped samples because there were too many. */
  Throttled,
}

/** Time of a record that has none: perf writes it before the samples that it concerns. */
export const BEFORE_ALL = -Infinity;

/**
 * Records beside the samples whose place in time matters, as columns: the recording of a busy machine has a
 * hundred thousand forks.
 */
export class SideRecords {
  length = 0;
  /** As {@link EventTable.time}; BEFORE_ALL or NaN where the record has none. */
  time = new Float64Array(256);
  /** Offset in the file, which says what stood before what where times do not. */
  offset = new Float64Array(256);
  kind = new Uint8Array(256);
  /** A tid, or a CPU (-1 where unknown). */
  subject = new Int32Array(256);
  /** String id of a comm, tid of a parent, or a number of samples. */
  value = new Float64Array(256);

  add(time: number, offset: number, kind: SideKind, subject: number, value: number): void {
    const index = this.length++;
    if (index === this.time.length) this.grow(index * 2);
    this.time[index] = time;
    this.offset[index] = offset;
    this.kind[index] = kind;
    this.subject[index] = subject;
    this.value[index] = value;
  }

  /** Record `from + i` becomes what record `from + order[i]` is. */
  reorder(from: number, order: Uint32Array): void {
    const { time, offset, kind, subject, value } = this;
    for (const column of [time, offset, kind, subject, value]) {
      const before = column.slice(from, from + order.length);
      for (let i = 0; i < order.length; i++) column[from + i] = before[order[i]!]!;
    }
  }

  private grow(capacity: number): void {
    this.time = grown(this.time, new Float64Array(capacity));
    this.offset = grown(this.offset, new Float64Array(capacity));
    this.kind = grown(this.kind, new Uint8Array(capacity));
    this.subject = grown(this.subject, new Int32Array(capacity));
    this.value = grown(this.value, new Float64Array(capacity));
  }
}
