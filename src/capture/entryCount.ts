import { NO_CPU, type EventTable, type MissingEntries } from './eventTable';

const NO_HEADER = -1;
const SEVERAL_CPUS = -2;

/**
 * Holds what a text has against the number of entries that its header says. An entry of the ring buffer is an event or
 * a stack, and prints one line with a task, whatever comes below it. Two things about the number, both in
 * kernel/trace/trace.c: get_total_entries() takes it over all CPUs, also for the head of per_cpu/cpuN/trace; and it is
 * that of the moment when the file is opened, so that a buffer which is still written to may print more.
 */
export class EntryCount {
  private counted = 0;
  private present = 0;
  private inBuffer = NO_HEADER;
  private written = 0;
  private startEntries = 0;
  private startRow = 0;
  /** Files of single CPUs, one behind the other, with the same numbers at their heads: they are one trace. */
  private isOfParts = false;
  private partEntries = 0;
  private readonly partCpus = new Set<number>();

  /** A header stands behind `entries` entries, those in `events` among them. */
  header(inBuffer: number, written: number, entries: number, events: EventTable): void {
    this.endFile(entries, events);
    if (inBuffer !== this.inBuffer || written !== this.written) this.endParts();
    this.inBuffer = inBuffer;
    this.written = written;
    this.startEntries = entries;
    this.startRow = events.length;
  }

  /** The text ends behind `entries` entries. Null where it has all that its headers count. */
  end(entries: number, events: EventTable): MissingEntries | null {
    this.endFile(entries, events);
    this.endParts();
    this.inBuffer = NO_HEADER;
    const { counted, present } = this;
    return present < counted ? { counted, present } : null;
  }

  private endFile(entries: number, events: EventTable): void {
    if (this.inBuffer === NO_HEADER) return;
    const present = entries - this.startEntries;
    // The CPU of a file without events is not known: it may be any.
    const cpu = events.length === this.startRow ? NO_CPU : onlyCpu(events, this.startRow);
    if (cpu === SEVERAL_CPUS || this.partCpus.has(cpu)) this.endParts();
    if (cpu === SEVERAL_CPUS) {
      this.add(present);
      return;
    }
    this.isOfParts = true;
    this.partEntries += present;
    if (cpu !== NO_CPU) this.partCpus.add(cpu);
  }

  private endParts(): void {
    if (this.isOfParts) this.add(this.partEntries);
    this.isOfParts = false;
    this.partEntries = 0;
    this.partCpus.clear();
  }

  private add(present: number): void {
    this.counted += this.inBuffer;
    this.present += Math.min(present, this.inBuffer);
  }
}

/** The CPU that all rows from `start` on are of; there is one. */
function onlyCpu({ cpu, length }: EventTable, start: number): number {
  for (let row = start + 1; row < length; row++) if (cpu[row] !== cpu[start]) return SEVERAL_CPUS;
  return cpu[start]!;
}
