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

/** PFNs, both ends included. */
export interface PfnRange {
  readonly first: number;
  readonly last: number;
}

/** One attempt to move pages: a CMA allocation, a compaction run, an offlining, a soft offline, … */
export interface Attempt {
  /** Index in {@link HolderAnalysis.attempts}. */
  readonly id: number;
  /** For people: "CMA allocation", "compaction", "memory offlining". */
  readonly what: string;
  /** enum migrate_reason's name, or null where the capture does not say. */
  readonly reason: string | null;
  /** Task id in the capture's symbols. */
  readonly task: number;
  /** First and last row of the event table that are known to belong to it. */
  readonly firstRow: number;
  readonly lastRow: number;
  /** Name of the CMA area. */
  readonly area: string | null;
  readonly requestedPages: number | null;
  /** What it tried to empty: all ranges of its retries together. */
  readonly range: PfnRange | null;
  /** Ranges that cma_alloc gave up before it took the next, or calls of migrate_pages behind the first. */
  readonly retries: number;
  /** Calls of migrate_pages, and how many pages they moved and failed to move, as they counted them. */
  readonly migrateCalls: number;
  readonly migrated: number;
  readonly failed: number;
  /** How many ranges each step gave up, where Android's cma_alloc_info says it. */
  readonly failedSteps: FailedSteps | null;
  /** It is known by the report of a page that failed to move, which does not say which one. */
  readonly isOfUnnamedPage: boolean;
  /** null where no event says how it ended. */
  readonly result: 'failed' | 'succeeded' | null;
  /** In the kernel's words: the status of a compaction, `Recovered` of a memory failure. */
  readonly resultText: string | null;
  /** Negative errno, or null. */
  readonly error: number | null;
}

/** Steps of alloc_contig_range(): pageblocks were not isolated, pages did not migrate, or were in use after all. */
export interface FailedSteps {
  readonly isolation: number;
  readonly migration: number;
  readonly test: number;
}

/** Why a page did not move at a mark. */
export type MarkCause =
  /** More references than migration accounts for. */
  | 'references'
  /** It could not be isolated: not on an LRU list, unevictable, under writeback, unmovable. */
  | 'isolation'
  /** The count is what migration expects, but its buffer heads are in use (b_count), or may be. */
  | 'buffers'
  /** The count is what migration expects, but the page was under writeback, which the attempt did not wait for. */
  | 'writeback'
  /** The page was poisoned: the event marks it, nothing tried to move it. */
  | 'poisoned'
  | 'unknown';

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
  /** Row and time of the last of {@link evidence}. */
  readonly lastRow: number;
  readonly lastTime: number;
  /** enum migrate_reason's name, or null where the capture does not say. */
  readonly reason: string | null;
  /** Why the kernel dumped the page, in its own words: `migration failure`; null where it did not. */
  readonly dumpedBecause: string | null;
  readonly source: MarkSource;
  /** Negative errno, or null. */
  readonly error: number | null;
  /** Task id of the attempt in the capture's symbols. */
  readonly task: number;
  /** Index in {@link HolderAnalysis.attempts}. */
  readonly attempt: number;
  /** Tail pages that its evidence names, ascending, where the page is the head of their folio. */
  readonly tailPfns: readonly number[];
  readonly cause: MarkCause;
  /** For people: "on no LRU list", "perhaps busy buffer heads"; null where the sum says it all. */
  readonly causeDetail: string | null;
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
  /** An interrupt did it: {@link task} is what ran on that CPU, and has no part in it. */
  readonly inInterrupt?: true;
}

/** A rule of a person. */
interface NamingRule {
  readonly label: string;
  /** For people: `.page-holders.json`, `the setting pageHolders.kindRules`. */
  readonly source: string;
}

export interface Reference {
  readonly kind: Kind;
  readonly role: Role;
  readonly confidence: Confidence;
  /** What it adds to the refcount: 1, or 1024 for a GUP pin of a small folio; 0 for an explanation that is no reference. */
  readonly weight: number;
  /** How many puts dropped it, each a part, as those of the pages of a large folio; absent where one did, or none. */
  readonly parts?: number;
  /** Of {@link weight}, what is left at the end of the capture where {@link parts} are gone; absent where it is all or nothing. */
  readonly weightLeft?: number;
  /** What such a reference is called, where the kind's name is too coarse: "VFIO pin", "driver nvidia". */
  readonly label?: string;
  /** It is held for long by design (FOLL_LONGTERM and its like): a class of its own, not a defect; held all the same. */
  readonly expectedLongTerm?: boolean;
  /** The rule that a person wrote and that named it. */
  readonly userRule?: NamingRule;
  /**
   * Without gets: how many puts behind a mark, this one among them, may be what was too many there; absent where
   * nothing competes. One without function names may be that where it is the only one, too.
   */
  readonly rivals?: number;
  /** Why {@link deducedAcquire} is believed, for people. */
  readonly deducedBecause?: string;
  /** For people: what holds the page, e.g. "pipe buffer · vmsplice_to_pipe · pinner-210". */
  readonly holder: string;
  /** Function in which it was taken, or dropped where the get is not in the capture; empty without function names. */
  readonly site: string;
  readonly acquired: ReferenceEnd | null;
  readonly released: ReferenceEnd | null;
  /** The put is missing: the reference went all the same, and {@link released} is null. */
  readonly releasedUnseen: boolean;
  /** Of one without a put: another one's put may have been of it. */
  readonly mayBeGone?: true;
  /** How {@link releasedUnseen} is known, for people. */
  readonly unseenBecause?: string;
  /** What Android's page_pinner says with a put, or a pin that ended, that has no time, in ns. */
  readonly heldAtLeast?: number;
  /** Functions in which such a reference is taken, when the capture does not show the get; best first. */
  readonly deducedAcquire: readonly string[];
  /** How often a migration took it away and gave it back (unmapped and mapped again), or how many puts one row stands for. */
  readonly repeats: number;
  /** How often a migration unmapped the page and mapped it again meanwhile; absent where none did. */
  readonly remapped?: number;
  /** Index in {@link Page.marks} of the marks at which it was open; of what is held, of those at which it was too many. */
  readonly openAt: readonly number[];
  /** As {@link openAt}, of what is held: the marks at which it was open and accounted for, as one's isolation is against another. */
  readonly expectedAt?: readonly number[];
  /** Why the kind and the match are believed, for people. */
  readonly evidence: string;
  /** How many gaps of the record lie within its life, as far as that is known to go; absent where none does. */
  readonly gapsMeanwhile?: number;
  /** Rows of all events that it rests on, ascending: its get, its put, and where a migration took it away. */
  readonly rows: readonly number[];
}

export interface Page {
  /** PFN of the head page. */
  readonly pfn: number;
  readonly order: number;
  readonly marks: readonly Mark[];
  /** Held first, then temporary, expected, earlier; by time within a role. */
  readonly references: readonly Reference[];
}

/** A page without a mark whose references did not all go by the end of the capture; roles are as of the end. */
export interface UnreleasedPage extends Page {
  /** refcount after its last event, or null. */
  readonly count: number | null;
  /** Row of its last event. */
  readonly lastRow: number;
  /**
   * Nothing that owns pages has it any more (no mapping, no page cache, its allocation's reference is dropped): the
   * references that are left are all that keeps it from being freed.
   */
  readonly isOrphaned: boolean;
}

/** What the analysis found in a capture. */
export interface HolderAnalysis {
  /** In order of the capture: those that a page failed in, and those that report a failure without naming one. */
  readonly attempts: readonly Attempt[];
  /** Pages that failed to move, in order of PFN. */
  readonly pages: readonly Page[];
  /** Pages without a mark on which somebody still has a reference at the end, in order of PFN. */
  readonly unreleased: readonly UnreleasedPage[];
  /** Pages without a mark that were pinned for long and let go of, as page_pinner says, in order of PFN. */
  readonly pinned: readonly UnreleasedPage[];
}
