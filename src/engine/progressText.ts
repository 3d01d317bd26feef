/** Long work in words, for the sidebar and for a terminal. */
import type { ProgressReport } from './protocol';
import { counted } from './wording';

/** How work is said, in the language of whoever waits for it. */
export interface ProgressWords {
  /** What is done with what has that name. */
  readonly work: Readonly<Record<ProgressReport['phase'], (name: string) => string>>;
  readonly filesRead: (files: number) => string;
  readonly secondsLeft: (seconds: number) => string;
  readonly minutesLeft: (minutes: number) => string;
  /** Tells whoever waits for rows why there are none. */
  readonly withoutOrder: (work: string) => string;
}

const ENGLISH: ProgressWords = {
  work: {
    reading: (name) => `Reading ${name}`,
    sorting: (name) => `Sorting the events of ${name}`,
    analysing: (name) => `Finding the holders in ${name}`,
    unpacking: (name) => `Unpacking ${name}`,
    matching: (name) => `Comparing the captures with ${name}`,
    indexing: (name) => `Looking up functions in ${name}`,
  },
  filesRead: (files) => `${counted(files, 'file')} read`,
  secondsLeft: (seconds) => `${seconds} s left`,
  minutesLeft: (minutes) => `${minutes} min left`,
  withoutOrder: (work) => `${work}. Its events have no order before the last is read`,
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
    private readonly words: ProgressWords = ENGLISH,
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
    if (unit === 'files') parts.push(this.words.filesRead(done));
    const elapsed = this.now() - this.begun;
    if (total > 0 && done > 0 && elapsed >= SETTLING) {
      if (unit === 'bytes') parts.push(rateText(done / elapsed));
      parts.push(...this.leftText(((total - done) * elapsed) / done));
    }
    const what = [this.words.work[phase](this.name), ...(parts.length > 0 ? [parts.join(', ')] : [])].join(
      ': ',
    );
    return phase === 'reading' && rowsAtEnd ? this.words.withoutOrder(what) : what;
  }

  /** `3 s left`, `2 min left`; nothing where it is less than a second. */
  private leftText(milliseconds: number): readonly string[] {
    const seconds = Math.ceil(milliseconds / 1000);
    if (milliseconds < 1000) return [];
    const { secondsLeft, minutesLeft } = this.words;
    return [seconds < 100 ? secondsLeft(seconds) : minutesLeft(Math.round(seconds / 60))];
  }
}

/** @param bytes a millisecond */
function rateText(bytes: number): string {
  const megabytes = bytes / 1000;
  return `${megabytes < 10 ? megabytes.toFixed(1) : Math.round(megabytes)} MB/s`;
}
