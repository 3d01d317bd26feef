/** What a rule of the kind table says; the tables themselves are in rules/, by subject. */
import type { Kind } from './model';

/**
 * How much a function in a stack says about the kind.
 * - `direct`: only when it is the innermost frame that is no plumbing.
 * - `strong`: wherever it stands; the innermost strong frame wins.
 * - `weak`: only when no strong frame is found; the innermost weak frame wins.
 * - `fallback`: only when nothing else is found (GUP serves vmsplice, direct I/O, io_uring, madvise, …).
 */
export type Strength = 'direct' | 'strong' | 'weak' | 'fallback';

export const STRENGTHS: readonly Strength[] = ['direct', 'strong', 'weak', 'fallback'];

export type Sites = Readonly<Partial<Record<Strength, readonly string[]>>>;

export interface KindRule {
  readonly kind: Kind;
  /** What such a reference is called where the kind's own label is too coarse: "VFIO pin". */
  readonly label?: string;
  readonly acquire: Sites;
  readonly release: Sites;
  /** Kinds that a release of this rule may close, best first; references change their nature (domain: "turns into"). */
  readonly closes: readonly Kind[];
  /** Where such a reference is taken, for put-only captures: likeliest first. */
  readonly takenIn: readonly string[];
  /** Kernel files (of 6.1 unless a version is named) and what their functions do with the reference. */
  readonly restsOn: string;
  /** `recordings`: real captures reach it; `source`: it comes from reading the kernel alone. */
  readonly seenIn: 'recordings' | 'source';
  /** Held for long by design (FOLL_LONGTERM and its like): a class of its own, not a defect; still held. */
  readonly expectedLongTerm?: boolean;
  /** Set on rules that a person wrote. */
  readonly user?: UserRuleOrigin;
}

/** Where a rule that a person wrote stands, and what it calls the holder. */
interface UserRuleOrigin {
  /** For people: `.page-holders.json`, `the setting pageHolders.kindRules`. */
  readonly source: string;
  /** What holds the page, instead of the function; null for the function. */
  readonly holder: string | null;
}
