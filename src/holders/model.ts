/** What the analysis says: plain data, with times as in the capture's event table. */

/** Stable slugs of the JSON report: added to, never renamed. */
export type Kind =
  | 'pipe-buffer'
  | 'gup-pin'
  | 'gup-get'
  | 'lru-batch'
  | 'page-table'
  | 'isolation'
  | 'page-cache'
  | 'page-cache-lookup'
  | 'swap-cache'
  | 'private-data'
  | 'buffer-head'
  | 'direct-io'
  | 'io-uring'
  | 'socket'
  | 'writeback'
  | 'read'
  | 'driver'
  | 'allocation'
  | 'unknown';

/** Role of a reference relative to the marks of its page. */
export type Role = 'held' | 'temporary' | 'expected' | 'earlier';

/** How a release was matched to its acquire, and how sure the kind is. */
export type Confidence = 'exact' | 'rule' | 'assumed';

/** Which evidence says that the page failed to move. */
export type MarkSource = 'report' | 'freeze' | 'isolation' | 'cma' | 'memory-failure' | 'derived';

/** One term of the accounting sum at a mark. */
export interface AccountingTerm {
  readonly kind: Kind;
  readonly count: number;
  /** For people: "isolation", "page cache", "2 mappings". */
  readonly label: string;
}

/** One event that says so; a mark joins those of one attempt that found the same holders. */
export interface MarkEvidence {
  readonly row: number;
  readonly source: MarkSource;
  /** For people: "refused at isolation", "freeze failed: count 3, expected 2". */
  readonly what: string;
}

/**
 * A moment at which the page failed to move. Evidence of one attempt joins in one mark as long as the same
 * references were open; {@link Mark.time} is the first, {@link Mark.source} the surest of it.
 */
export interface Mark {
  /** Row of the event table at which the page first failed. */
  readonly row: number;
  /** Time as in the event table; NaN where the format has none. */
  readonly time: number;
  /** enum migrate_reason's name, or null where the capture does not say. */
  readonly reason: string | null;
  readonly source: MarkSource;
  /** Negative errno, or null. */
  readonly error: number | null;
  /** Task id of the attempt in the capture's symbols. */
  readonly task: number;
  /** In order of the capture; migrate_pages tries ten times, alloc_contig_range five. */
  readonly evidence: readonly MarkEvidence[];
  /**
   * refcount at the mark, and its parts: count = expected + held + untraced. Null where no event gives a count;
   * the parts alone are null where references have no function names.
   */
  readonly count: number | null;
  readonly expected: number | null;
  readonly held: number | null;
  readonly untraced: number | null;
  readonly expectedTerms: readonly AccountingTerm[];
  /** What the sum could not know, and other things to say about this mark, for people. */
  readonly notes: readonly string[];
}

/** One end of a reference: the event that took or dropped it. */
export interface ReferenceEnd {
  readonly row: number;
  readonly time: number;
  readonly task: number;
  /** Stack id, or -1. */
  readonly stack: number;
}

export interface Reference {
  readonly kind: Kind;
  readonly role: Role;
  readonly confidence: Confidence;
  /** What it adds to the refcount: 1, or 1024 for a GUP pin of a small folio; 0 for an explanation that is no reference. */
  readonly weight: number;
  /** For people: what holds the page, e.g. "pipe buffer · vmsplice_to_pipe · pinner-210". */
  readonly holder: string;
  readonly acquired: ReferenceEnd | null;
  readonly released: ReferenceEnd | null;
  /** The put is missing: the count says that the reference went, {@link released} is null all the same. */
  readonly releasedUnseen: boolean;
  /** Functions in which such a reference is taken, when the capture does not show the get; best first. */
  readonly deducedAcquire: readonly string[];
  /** How often a migration took it away and gave it back (unmapped and mapped again), or how many puts one row stands for. */
  readonly repeats: number;
  /** Index in {@link Page.marks} of the marks at which it was open. */
  readonly openAt: readonly number[];
  /** Why the kind and the match are believed, for people. */
  readonly evidence: string;
}

export interface Page {
  /** PFN of the head page. */
  readonly pfn: number;
  readonly order: number;
  readonly marks: readonly Mark[];
  /** Held first, then temporary, expected, earlier; by time within a role. */
  readonly references: readonly Reference[];
}
