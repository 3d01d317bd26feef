import { EventKind, type EventTable } from './eventTable';

/** More than there are kinds of events. */
const KINDS = 32;

/**
 * Counts the gets and puts of each instance in a text that names them, as `trace-cmd report` does. What two buffers recorded
 * of one event stands twice there: times in microseconds, and lines without their depth of interruption, do not tell them
 * from two events that are alike.
 */
export class InstanceEvents {
  private readonly counts: Int32Array;

  /** @param instances most of them, the top level among them */
  constructor(private readonly instances: number) {
    this.counts = new Int32Array(instances * KINDS);
  }

  /** The instance has another event. */
  count(instance: number, kind: EventKind): void {
    this.counts[instance * KINDS + kind]!++;
  }

  /** The instances that have gets or puts of a kind that other buffers have, too. */
  sharing({ kind, length }: EventTable): readonly number[] {
    const { counts, instances } = this;
    if (counts.every((count) => count === 0)) return [];
    const all = new Int32Array(KINDS);
    for (let row = 0; row < length; row++) all[kind[row]!]!++;
    const found: number[] = [];
    for (let instance = 0; instance < instances; instance++) {
      for (let of = EventKind.PageRefSet; of <= EventKind.PinPut; of++) {
        const own = counts[instance * KINDS + of]!;
        if (own === 0 || own === all[of]) continue;
        found.push(instance);
        break;
      }
    }
    return found;
  }
}
