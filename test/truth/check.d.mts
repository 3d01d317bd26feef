export interface CheckOptions {
  /** Times of text captures have microseconds. */
  readonly text?: boolean;
  readonly namedOnly?: boolean;
  readonly toleranceMs?: number;
}

export interface CheckResult {
  readonly problems: readonly string[];
  readonly notes: readonly string[];
  /** `SCORE found a/b kinds c/d …` */
  readonly line: string;
}

/** Holds a report of `page-holders report --format json` against the known truth of a capture. */
export function check(truth: unknown, report: unknown, options?: CheckOptions): CheckResult;
