/** Long work in words. */
import type { ProgressReport } from '../engine/protocol';

const PHASES: Readonly<Record<ProgressReport['phase'], string>> = {
  reading: 'Reading',
  analysing: 'Finding the holders in',
  indexing: 'Looking up functions in',
};

/**
 * `Reading trace.txt: 45 %, 120 MB/s`
 *
 * @param name of what is worked on
 * @param milliseconds since the work began
 */
export function progressText(name: string, report: ProgressReport, milliseconds: number): string {
  const { phase, done, total, unit } = report;
  if (total === 0) return `${PHASES[phase]} ${name}`;
  const percent = `${Math.floor((100 * done) / total)} %`;
  const rate = Math.round(done / 1000 / Math.max(1, milliseconds));
  return `${PHASES[phase]} ${name}: ${percent}${unit === 'bytes' && rate > 0 ? `, ${rate} MB/s` : ''}`;
}
