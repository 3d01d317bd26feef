import { NO_CPU } from '../eventTable';

/** What a CPU is called in messages. */
export function cpuName(cpu: number): string {
  return cpu === NO_CPU ? 'a CPU whose number is lost' : `CPU ${cpu}`;
}
