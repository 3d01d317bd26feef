/** Long work in words, for the sidebar and for a terminal. */
import type { ProgressReport } from './protocol';

const PHASES: Readonly<Record<ProgressReport['phase'], string>> = {
  reading: 'Reading',
  sorting: 'Putting in order the events of',
  analysing: 'Finding the holders in',
  matching: 'Comparing the captures with',
  indexing: 'Looking up functions in',
};

/** Before that much time a rate says more of the start than of the work, in ms. */
const SETTLING = 500;

/** What is said of one piece of work, which may go through several phases. */
export class ProgressText {
  private phase: ProgressReport['phase'] | null = null;
  private begun = 0;

  /**
   * @param name of what is worked on
   * @param now the time in ms
   */
  constructor(
    private readonly name: string,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** `Reading trace.txt: 45 %, 120 MB/s, 3 s left` */
  of(report: ProgressReport): string {
    const { phase, done, total, unit, rowsAtEnd } = report;
    if (phase !== this.phase) {
      this.phase = phase;
      this.begun = this.now();
    }
    const parts = total === 0 ? [] : [`${Math.floor((100 * done) / total)} %`];
    const elapsed = this.now() - this.begun;
    if (total > 0 && done > 0 && elapsed >= SETTLING) {
      if (unit === 'bytes') parts.push(rateText(done / elapsed));
      parts.push(...leftText(((total - done) * elapsed) / done));
    }
    const what = `${PHASES[phase]} ${this.name}${parts.length > 0 ? `: ${parts.join(', ')}` : ''}`;
    // Whoever waits for rows is told why there are none.
    return phase === 'reading' && rowsAtEnd
      ? `${what}. Its events have no order before the last is read`
      : what;
  }
}

/** @param bytes a millisecond */
function rateText(bytes: number): string {
  const megabytes = bytes / 1000;
  return `${megabytes < 10 ? megabytes.toFixed(1) : Math.round(megabytes)} MB/s`;
}

/** `3 s left`, `2 min left`; nothing where it is less than a second. */
function leftText(milliseconds: number): readonly string[] {
  const seconds = Math.ceil(milliseconds / 1000);
  if (milliseconds < 1000) return [];
  return [seconds < 100 ? `${seconds} s left` : `${Math.round(seconds / 60)} min left`];
}
