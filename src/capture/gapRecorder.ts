import type { Gap } from './eventTable';

interface OpenGap {
  cpu: number | null;
  from: number | null;
  to: number | null;
  events: number | null;
  isAtLeast?: true;
  beforeRow: number;
  cause: Gap['cause'];
}

/** Stands for "the format does not say which CPU". */
const ANY_CPU = -1;

/** Collects the spans in which events are missing; a gap stays open until the next event of its CPU. */
export class GapRecorder {
  readonly gaps: Gap[] = [];
  /** Events lost, summed over the gaps that say how many. */
  lost = 0;
  private readonly open = new Map<number, OpenGap[]>();

  /** True while an event may close a gap: only then is {@link close} worth a call. */
  get hasOpen(): boolean {
    return this.open.size > 0;
  }

  /** `cpu` null where unknown; `from` is the time of the last event of that CPU, or null. */
  add(
    cause: Gap['cause'],
    cpu: number | null,
    from: number | null,
    events: number | null,
    beforeRow: number,
  ): void {
    this.lost += events ?? 0;
    const key = cpu ?? ANY_CPU;
    const open = this.open.get(key) ?? [];
    const same = open.find((gap) => gap.cause === cause);
    if (same) {
      // Nothing of that CPU came between: it is one gap (and a file full of such lines stays small).
      if ((events === null) !== (same.events === null)) same.isAtLeast = true;
      if (events !== null) same.events = (same.events ?? 0) + events;
      same.beforeRow = beforeRow;
      return;
    }
    const gap: OpenGap = { cpu, from, to: null, events, beforeRow, cause };
    this.gaps.push(gap);
    open.push(gap);
    this.open.set(key, open);
  }

  /** An event of `cpu` was read at `time` (NaN: unknown): what was open for that CPU ends here. */
  close(cpu: number, time: number): void {
    if (Number.isNaN(time)) return;
    for (const key of [cpu, ANY_CPU]) {
      for (const gap of this.open.get(key) ?? []) gap.to = time;
      this.open.delete(key);
    }
  }
}
