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
  /** Samples read before the record. */
  rowsBefore = new Int32Array(256);
  kind = new Uint8Array(256);
  /** A tid, or a CPU (-1 where unknown). */
  subject = new Int32Array(256);
  /** String id of a comm, tid of a parent, or a number of samples. */
  value = new Float64Array(256);

  add(time: number, rowsBefore: number, kind: SideKind, subject: number, value: number): void {
    const index = this.length++;
    if (index === this.time.length) this.grow(index * 2);
    this.time[index] = time;
    this.rowsBefore[index] = rowsBefore;
    this.kind[index] = kind;
    this.subject[index] = subject;
    this.value[index] = value;
  }

  private grow(capacity: number): void {
    const { time, rowsBefore, kind, subject, value } = this;
    this.time = new Float64Array(capacity);
    this.rowsBefore = new Int32Array(capacity);
    this.kind = new Uint8Array(capacity);
    this.subject = new Int32Array(capacity);
    this.value = new Float64Array(capacity);
    this.time.set(time);
    this.rowsBefore.set(rowsBefore);
    this.kind.set(kind);
    this.subject.set(subject);
    this.value.set(value);
  }
}
