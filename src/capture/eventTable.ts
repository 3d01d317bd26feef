/**
 * The events of a capture as columns: what every reader produces and the holder analysis consumes.
 *
 * One row an event, in the order of the file (clocks stand still in real recordings, so time is no order).
 * Everything that repeats (strings, tasks, frames, stacks) is interned once in {@link SymbolTable}.
 */
import type { AllocationTable } from './allocationTable';

/** What an event says about a page, or about an attempt to move pages. `Other` rows only carry a name, or a page dump. */
export enum EventKind {
  Other = 0,
  PageRefSet,
  PageRefMod,
  PageRefModAndTest,
  PageRefModAndReturn,
  PageRefModUnless,
  PageRefFreeze,
  PageRefUnfreeze,
  /**
   * page_pin_owner:report_page_pinners (RFC v2), page_pinner:page_pinner_failure (RFC v1), "Failure detected" of
   * Android's page_pinner, and dump_page() of a page that failed to migrate.
   */
  PinFailure,
  /** page_pin_owner_put, page_pinner_put and Android's page_pinner: a put of a marked page, count is after the put. */
  PinPut,
  PageAlloc,
  PageFree,
  PageFreeBatched,
  CmaAllocStart,
  CmaAllocBusyRetry,
  CmaAllocFinish,
  CmaRelease,
  /** Of Android's kernels: how often the steps of a cma_alloc() failed, behind its cma_alloc_finish. */
  CmaAllocInfo,
  TestPagesIsolated,
  MigratePagesStart,
  MigratePages,
  CompactionBegin,
  CompactionEnd,
  CompactionMigratePages,
  MemoryFailure,
}

/** Whether an event is of page_ref, page_pin_owner or page_pinner: it tells of the references of one page. */
export function tellsOfReferences(kind: EventKind): boolean {
  return kind >= EventKind.PageRefSet && kind <= EventKind.PinPut;
}

/** Absent number in an Int32 column. */
export const ABSENT = -0x80000000;
/** Absent PFN, and absent id of a string or stack. */
export const NONE = -1;
/** In {@link EventTable.detail}: the row of {@link EventDetails} that is there for all events without details. */
export const NO_DETAILS = 0;
/** In {@link EventTable.cpu}: the format does not say which CPU. */
export const NO_CPU = 0xffff;

/** Page flags, in the bit order of enum pageflags of 6.1 (include/linux/page-flags.h), as Int32 bits. */
export const PageFlag = {
  locked: 1 << 0,
  referenced: 1 << 1,
  uptodate: 1 << 2,
  dirty: 1 << 3,
  lru: 1 << 4,
  active: 1 << 5,
  workingset: 1 << 6,
  waiters: 1 << 7,
  error: 1 << 8,
  slab: 1 << 9,
  /** Also PG_swapcache on a swap-backed page, and PG_checked of some filesystems. */
  owner_priv_1: 1 << 10,
  arch_1: 1 << 11,
  reserved: 1 << 12,
  private: 1 << 13,
  private_2: 1 << 14,
  writeback: 1 << 15,
  head: 1 << 16,
  mappedtodisk: 1 << 17,
  reclaim: 1 << 18,
  swapbacked: 1 << 19,
  unevictable: 1 << 20,
  mlocked: 1 << 21,
  uncached: 1 << 22,
  hwpoison: 1 << 23,
} as const;

/** A number of enum migratetype (include/linux/mmzone.h), the same in all kernels that have CMA. */
export const MIGRATE_CMA = 4;

/** What the `mapping=` field of an event says. A hashed pointer (%p) tells only that there is one. */
export enum Mapping {
  Absent = 0,
  Null,
  /** Not null, but hashed or `(____ptrval____)`: anonymous or file cannot be told apart by it. */
  Hashed,
  /** A real pointer with PAGE_MAPPING_ANON set. */
  Anonymous,
  /** A real pointer without flag bits: page cache. */
  File,
  /** A real pointer with PAGE_MAPPING_MOVABLE only. */
  Movable,
}

/**
 * Extra fields of the rare events that are no page_ref. Row {@link NO_DETAILS} is of no event, and all its cells say
 * absent.
 */
export interface EventDetails {
  readonly length: number;
  /** PFN just behind the range (test_pages_isolated end_pfn; cma: pfn + count), NONE if absent. */
  readonly endPfn: Float64Array;
  /** test_pages_isolated fin_pfn: the first page still in use; NONE if absent. */
  readonly finPfn: Float64Array;
  /** Pages asked for (cma count), or mm_compaction_migratepages nr_migrated / mm_migrate_pages nr_succeeded. */
  readonly pages: Int32Array;
  /** nr_failed of mm_migrate_pages and mm_compaction_migratepages; ranges that did not migrate (err_mig of cma_alloc_info). */
  readonly failed: Int32Array;
  /** Ranges that could not be isolated, and that were still in use in the end: err_iso, err_test of cma_alloc_info. */
  readonly isolateFailed: Int32Array;
  readonly testFailed: Int32Array;
  /** References of dump_page() to a large folio that are pins (FOLL_PIN), ABSENT where the dump does not say. */
  readonly pins: Int32Array;
  /** 1 where dump_page() leaves out mappings of other pages of the folio: {@link EventTable.mapcount} is the least. */
  readonly isMapcountPart: Uint8Array;
  /** errno, negative (err= of report_page_pinners, errorno= of cma_alloc_finish), ABSENT if the event has none. */
  readonly error: Int32Array;
  /** String id of reason= (enum migrate_reason's name), or NONE; also NONE where the text is only a pointer. */
  readonly reason: Int32Array;
  /**
   * String id of name= (CMA area), mode=, the page type of memory_failure_event, why dump_page() was called, or what
   * page_pinner says of a duration; NONE if absent.
   */
  readonly label: Int32Array;
  /**
   * String id of the result: `success`/`fail` of test_pages_isolated and of cma_alloc_finish (whose page is null when
   * it failed), the status of a compaction, `Recovered`… of memory_failure_event.
   */
  readonly result: Int32Array;
}

export interface EventTable {
  /** Rows in use; the columns may be longer. */
  readonly length: number;
  /** ns (or clock ticks, see {@link Capture.clock}) since {@link Capture.timeBase}; NaN where the format has no time. */
  readonly time: Float64Array;
  /** {@link NO_CPU} where unknown. */
  readonly cpu: Uint16Array;
  /** Task id in {@link SymbolTable}. */
  readonly task: Int32Array;
  readonly kind: Uint8Array;
  /** String id of the event's name as printed (without its system where the text has none). */
  readonly name: Int32Array;
  /** First PFN the event speaks of, or NONE. */
  readonly pfn: Float64Array;
  /** {@link PageFlag} bits. */
  readonly flags: Int32Array;
  readonly count: Int32Array;
  /** Of a large folio in dump_page() that of all its pages, as far as {@link EventDetails.isMapcountPart} has it. */
  readonly mapcount: Int32Array;
  /** The operand as printed (`val=`); for page_ref_freeze the expected count. */
  readonly val: Int32Array;
  readonly ret: Int32Array;
  /** {@link Mapping}. */
  readonly mapping: Uint8Array;
  /** Migratetype number of the page's block or of an allocation, or -1; of dump_page() only {@link MIGRATE_CMA} is known. */
  readonly migratetype: Int8Array;
  /** Order of an allocation, of a free or of the folio of dump_page(), or -1. */
  readonly order: Int8Array;
  /** Stack id, or NONE. */
  readonly stack: Int32Array;
  /** Row of {@link EventDetails}, or {@link NO_DETAILS}. */
  readonly detail: Int32Array;
  readonly details: EventDetails;
  /** Byte offset of an event in the (decompressed) file. */
  offset(row: number): number;
}

/** Interned strings, tasks, frames and stacks. Ids are dense and start at 0. */
export interface SymbolTable {
  string(id: number): string;
  readonly stringCount: number;
  /** String id of a comm (`<...>` where the tracer did not know it). */
  taskComm(task: number): string;
  /** -1 where the format names no task. */
  taskPid(task: number): number;
  readonly taskCount: number;
  /** Name without suffixes such as `+0x12/0x34`; a bare address prints as `0x…`. */
  frameFunction(frame: number): string;
  /** Offset into the function in bytes, or -1 where the capture has none. */
  frameOffset(frame: number): number;
  /** Size of the function in bytes as printed, or -1. */
  frameSize(frame: number): number;
  /** Module name, or null for the kernel itself or where the text does not say. */
  frameModule(frame: number): string | null;
  /** Return address, or null. */
  frameAddress(frame: number): bigint | null;
  readonly frameCount: number;
  /** Frame ids of a stack, innermost (the tracer's own frame) first. */
  stackFrames(stack: number): Int32Array;
  readonly stackCount: number;
}

/** A span of a CPU's record in which events are missing. */
export interface Gap {
  /** null where the format does not say which CPU. */
  readonly cpu: number | null;
  /** Time of the last event of that CPU before the gap, as in {@link EventTable.time}; null at the beginning. */
  readonly from: number | null;
  /** Time of the first event after it; null when nothing follows. */
  readonly to: number | null;
  /** How many events were lost, or null where the record does not say. */
  readonly events: number | null;
  /** Of events of which a part was counted, and others were not. */
  readonly isAtLeast?: true;
  /** First row of the table that stands after the gap in the file. */
  readonly beforeRow: number;
  /**
   * `lost`: the writer said so; `overwritten`: the ring buffer wrapped before reading; `started`: the CPU's record begins
   * here; `joined`: another trace begins here in the same text.
   */
  readonly cause: 'lost' | 'overwritten' | 'started' | 'joined';
}

/** A text has several traces one behind the other, each with its own head. */
export interface JoinedTraces {
  readonly count: number;
  /** 1-based line in which the second begins. */
  readonly line: number;
}

/** Times of a text run backwards by more than the clocks of CPUs are apart. */
export interface TimeGoesBack {
  /** 1-based line of the largest step back. */
  readonly line: number;
  /** The largest step back, in ns or ticks. */
  readonly largest: number;
  /** How often that happens. */
  readonly times: number;
  /** Again and again, on one and the same CPU: these are no times of a clock. */
  readonly isOften: boolean;
}

/** A text has fewer entries (events and stacks) of the ring buffer than its header says. */
export interface MissingEntries {
  /** As the header says, or all headers together. */
  readonly counted: number;
  /** How many of these the text has. */
  readonly present: number;
}

/** A place that could not be read. Nothing else is lost because of it. */
export interface Problem {
  /** Byte offset in the (decompressed) file. */
  readonly offset: number;
  /** 1-based line of a text file, null for binary ones. */
  readonly line: number | null;
  /** What was found, what was expected there, and what to do where that helps. */
  readonly message: string;
}

/** Everything that one file says. */
export interface Capture {
  readonly path: string;
  /** Slug: `ftrace`, `trace-cmd-report`, `trace-dat`, `perf-script`, `perf-data`, `page-owner`, `page-pinner`, `dmesg`. */
  readonly format: string;
  readonly clock: 'ns' | 'ticks';
  /** Finest step of a time stamp in ns (1000 for microseconds in text), 1 for ticks. */
  readonly resolution: number;
  /** Added to {@link EventTable.time} gives the capture's own clock, in ns or ticks. */
  readonly timeBase: bigint;
  readonly events: EventTable;
  readonly symbols: SymbolTable;
  /** Who allocated the pages; null where the format says nothing of it. */
  readonly allocations: AllocationTable | null;
  readonly gaps: readonly Gap[];
  /** Events that the writer says were lost, summed over what it counted. */
  readonly lost: number;
  /** The first problems in order of offset, capped; {@link problemCount} counts all. */
  readonly problems: readonly Problem[];
  readonly problemCount: number;
  /** What to give where frames are addresses without names, and why, for people; null where they have names. */
  readonly missingNames: string | null;
  /** Number of stack records read, attached or not. */
  readonly stackRecords: number;
  /** Stacks whose event is not in the capture (overwritten or lost). */
  readonly orphanStacks: number;
  /** Events of names that the analysis does not use, by name. */
  readonly otherEvents: ReadonlyMap<string, number>;
  /** Why nothing can be told of any event, though some are there; absent where that is not so. */
  readonly unreadable?: string;
  /** Names of the events that were recorded, whether or not one of them occurred; absent where the file does not say. */
  readonly recordedEvents?: readonly string[];
  /** Facts of the header for people, e.g. `["tracer", "nop"]`. */
  readonly facts: readonly (readonly [string, string])[];
  /** Where a symbol of the kernel stood in the recorded boot; absent where the file does not say. */
  readonly kernelReference?: { readonly symbol: string; readonly address: bigint };
  /** Which kernel was recorded; absent where the file does not say. */
  readonly kernel?: KernelIdentity;
  /** How page flags were read that the file has as numbers; absent where that is certain, or it has none. */
  readonly uncertainFlags?: UncertainFlags;
  /** By module, its GNU build-id in lower-case hexadecimal digits; absent where the file says none. */
  readonly moduleBuildIds?: ReadonlyMap<string, string>;
  /** Absent where the times of the file follow each other. */
  readonly timeGoesBack?: TimeGoesBack;
  /** Absent where the file is one trace. */
  readonly joinedTraces?: JoinedTraces;
  /** Absent where a text has all that its header counts, has no such header, or was not read to its end. */
  readonly missingEntries?: MissingEntries;
  /**
   * Records that were left out because another ring buffer of the file recorded the same event, which has its row; absent
   * where there are none.
   */
  readonly copiesLeftOut?: number;
  /**
   * Names of ring buffers (empty for that of the top level) whose events may be those of other buffers, and could not be
   * held against them; absent where there is none.
   */
  readonly uncomparedBuffers?: readonly string[];
  /** How many stacks were recorded that the kernel did not print, by options/fields; absent where it printed all. */
  readonly unprintedStacks?: number;
  /** Part of the file that was read when somebody stopped that, from 0 to 1; absent where nobody did. */
  readonly stoppedAt?: number;
}

/** How page flags were read that are numbers, in a text that does not say, or says wrongly, which kernel printed them. */
export type UncertainFlags = {
  /** Versions of Linux whose bit order was taken. */
  readonly order: string;
} & (
  | {
      /** `refuted`: the numbers have another one, and say nothing. */
      readonly certainty: 'assumed' | 'refuted';
    }
  | {
      /** The kernel has another number of flags than that order. */
      readonly certainty: 'miscounted';
      readonly inKernel: number;
      readonly known: number;
    }
);

/** What tells one build of a kernel from another; null for what the file does not say. */
export interface KernelIdentity {
  /** As `uname -r` has it. */
  readonly release: string | null;
  /** Of the GNU build-id note, in lower-case hexadecimal digits. */
  readonly buildId: string | null;
}
