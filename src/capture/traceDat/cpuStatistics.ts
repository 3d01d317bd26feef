/** What the CPUSTAT options say of one buffer. */
interface BufferStatistics {
  /** Empty for the top level. */
  readonly name: string;
  /** CPUs with events, in ascending order. */
  readonly activeCpus: readonly number[];
}

/**
 * The buffers of a recording by the texts of its CPUSTAT options: the top level first, then the instances in the
 * order in which trace-cmd writes their data (record_data() of tracecmd/trace-record.c). Each text is that of
 * per_cpu/cpuN/stats, taken when the recording ended; `Buffer: NAME` stands before those of an instance.
 */
export function bufferStatistics(texts: readonly string[]): BufferStatistics[] {
  const buffers: { name: string; activeCpus: number[] }[] = [{ name: '', activeCpus: [] }];
  for (const text of texts) {
    const name = /^Buffer: (\S+)$/m.exec(text)?.[1];
    if (name !== undefined) buffers.push({ name, activeCpus: [] });
    const cpu = numberBehind('CPU', text);
    const events = (numberBehind('entries', text) ?? 0) + (numberBehind('read events', text) ?? 0);
    if (cpu !== null && events > 0) buffers.at(-1)!.activeCpus.push(cpu);
  }
  return buffers;
}

function numberBehind(key: string, text: string): number | null {
  const match = new RegExp(`^${key}: (\\d{1,15})$`, 'm').exec(text);
  return match ? Number(match[1]) : null;
}
