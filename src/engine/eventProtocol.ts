/**
 * What the capture editor and the command line ask of the events of a capture, and what they get: plain data, in
 * words that are ready to be shown. Times are numbers in the capture's unit (ns, or ticks) since its time base.
 */
import type { FilterProblem } from './eventFilter/filterSyntax';
import type { CaptureFacts, TreeNode } from './protocol';

export type { FilterProblem };

export type EventColumnId =
  | 'time'
  | 'cpu'
  | 'task'
  | 'event'
  | 'pfn'
  | 'what'
  | 'kind'
  | 'caller'
  | 'count'
  | 'mapcount'
  | 'val'
  | 'ret'
  | 'flags'
  | 'migratetype'
  | 'order';

export interface EventColumn {
  readonly id: EventColumnId;
  readonly label: string;
  /** What it says, in a sentence. */
  readonly about: string;
  /** Width that its texts need, in characters. */
  readonly width: number;
  readonly isNumber: boolean;
  /** Whether it is shown before anybody chooses. */
  readonly isShown: boolean;
}

/** What stands above everything else: what the capture is and says of itself. */
export interface CaptureHeader {
  readonly path: string;
  /** Part of the file that was read; 1 for the whole. */
  readonly part: number;
  readonly beginning: CaptureFacts['beginning'];
  readonly events: number;
  readonly facts: readonly HeaderFact[];
  /** It says who allocated pages, and no more. */
  readonly isOfAllocations: boolean;
  readonly columns: readonly EventColumn[];
  /** First and last time; null for a capture without times. */
  readonly span: TimeRange | null;
}

export interface HeaderFact {
  readonly name: string;
  readonly value: string;
  /** More about it, a line each. */
  readonly details: readonly string[];
  /** Something is missing or not certain. */
  readonly isDoubt: boolean;
  /** The Holders view has more of it. */
  readonly isOfHolders: boolean;
}

export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

/** How a filter is used: it leaves out the events that it does not ask for, or all are shown and those stand out. */
export type FilterUse = 'filter' | 'find';

export interface EventQuery {
  /** Id of the capture. */
  readonly capture: string;
  readonly filter: string;
  readonly use: FilterUse;
}

export interface EventRow {
  /** Row of the capture. */
  readonly row: number;
  readonly time: number;
  /** PFN that it is about: of the mark that rests on it, else the one that it names, or -1. */
  readonly pfn: number;
  /** Texts by column, in the order of {@link CaptureHeader.columns}. */
  readonly cells: readonly string[];
  /** It says that a page failed to move. */
  readonly isMark: boolean;
  /** Events are missing before it, in words; empty where none are. */
  readonly gap: string;
  /** The filter asks for it, where {@link FilterUse} is `find`. */
  readonly isMatch: boolean;
}

export interface EventWindow {
  readonly start: number;
  readonly rows: readonly EventRow[];
  /** How many rows there are to be shown, how many the filter asks for, and how many the capture has. */
  readonly shown: number;
  readonly matching: number;
  readonly total: number;
  /** What is wrong with the filter, which then leaves nothing out; null when it is understood. */
  readonly problem: FilterProblem | null;
  /** A test that finds events, `comm:cma*`, where the filter finds none and is close to it; else null. */
  readonly nearMiss: string | null;
}

/** A row and its place among those that are shown. */
export interface EventPlace {
  readonly index: number;
  readonly row: number;
  readonly time: number;
  readonly pfn: number;
}

/** What is known of one event. */
export interface EventDetails {
  readonly row: number;
  readonly time: number;
  readonly pfn: number;
  readonly title: string;
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Frames, innermost first; those of the tracer and those that only count references come first and are folded. */
  readonly frames: readonly StackRow[];
  /** None of those that are folded counts references. */
  readonly foldsTracerAlone: boolean;
  /** Why there are none; empty when there are. */
  readonly noFrames: string;
  /** Its page, and what the analysis says of it in few words; null where it speaks of none. */
  readonly page: string | null;
}

export interface StackRow {
  readonly node: TreeNode;
  readonly isPlumbing: boolean;
}

export interface TimelineTick {
  readonly time: number;
  readonly label: string;
}

/** Marks of one reason that fall on one column of the drawing. */
export interface TimelineMark {
  readonly time: number;
  /** Row and page of the first. */
  readonly row: number;
  readonly pfn: number;
  readonly count: number;
  readonly reason: string | null;
  readonly label: string;
}

export interface TimelineGap {
  /** null: from the beginning, to the end. */
  readonly from: number | null;
  readonly to: number | null;
  readonly label: string;
}

/** A span of time in which a reference on a page was held. */
export interface HeldSpan {
  readonly from: number;
  readonly to: number;
  /** The get, or the put, is not in the capture. */
  readonly isOpenBefore: boolean;
  readonly isOpenAfter: boolean;
  /** Its get and put, or that it has none, are not said by the capture to belong together. */
  readonly isAssumed: boolean;
  /** Row of the get, else of the put; -1 where neither is known. */
  readonly row: number;
  /** Place among the spans of its lane that are drawn one below the other, from 0. */
  readonly level: number;
  readonly label: string;
}

export interface TimelineLane {
  readonly pfn: number;
  readonly label: string;
  readonly spans: readonly HeldSpan[];
  /** How many spans are one below the other at most, and how many had no place. */
  readonly levels: number;
  readonly left: number;
}

/** The refcount of one page over time. */
export interface PageCounts {
  readonly pfn: number;
  readonly label: string;
  /** Times and counts of a step line, one after the other; few enough to be drawn. */
  readonly times: Float64Array;
  readonly counts: Float64Array;
  readonly changes: readonly CountChange[];
  /** What migration expected at each mark, and what the count was. */
  readonly expected: readonly ExpectedCount[];
}

export interface CountChange {
  readonly time: number;
  readonly row: number;
  readonly count: number;
  /** Above 0 for a get, below for a put. */
  readonly change: number;
}

export interface ExpectedCount {
  readonly time: number;
  readonly row: number;
  readonly count: number;
  readonly expected: number;
  readonly label: string;
}

export interface Timeline {
  readonly range: TimeRange;
  /** How much of the span it is, such as `110 ms of 3.22 s`; empty for the whole. */
  readonly part: string;
  /** First and last time of the capture. */
  readonly span: TimeRange;
  /** Events by column of the drawing: all, and those that the filter asks for. */
  readonly all: Uint32Array;
  readonly matching: Uint32Array;
  readonly ticks: readonly TimelineTick[];
  readonly marks: readonly TimelineMark[];
  readonly gaps: readonly TimelineGap[];
  /** The pages that were held longest. */
  readonly lanes: readonly TimelineLane[];
  readonly page: PageCounts | null;
}

/** Which events alone a menu can ask for. */
export type FilterWish =
  | { readonly type: 'page'; readonly pfn: number }
  /** Those of the task of this row. */
  | { readonly type: 'task'; readonly row: number }
  /** Those that are called as this row. */
  | { readonly type: 'events'; readonly row: number }
  /** Those that are not called as this row. */
  | { readonly type: 'other-events'; readonly row: number }
  /** Those that have it in their stack. */
  | { readonly type: 'function'; readonly name: string };

export interface FilterCompletion {
  /** What is put in place of the text from {@link FilterCompletions.start} to `end`. */
  readonly text: string;
  readonly about: string;
}

export interface FilterCompletions {
  readonly start: number;
  readonly end: number;
  readonly items: readonly FilterCompletion[];
}

/** Requests about events; part of the engine's. */
export interface EventRequests {
  readonly captureHeader: { request: { readonly capture: string }; answer: CaptureHeader };
  /** Rows of the list from `start` up to, not including, `end`. */
  readonly events: {
    request: EventQuery & { readonly start: number; readonly end: number };
    answer: EventWindow;
  };
  /** The place in the list of a row, or of the first at or behind a time; of the last before where none is behind. */
  readonly eventPlace: {
    request: EventQuery & { readonly at: { readonly row: number } | { readonly time: number } };
    answer: EventPlace | null;
  };
  /** The next row behind, or before, a row that the filter asks for; from the other end when there is no more. */
  readonly nextMatch: {
    request: EventQuery & { readonly row: number; readonly step: 1 | -1 };
    answer: EventPlace | null;
  };
  readonly eventDetails: {
    request: {
      readonly capture: string;
      readonly row: number;
      /** Whether to wait until all its functions are looked up in the kernel tree. */
      readonly waits: boolean;
    };
    answer: EventDetails;
  };
  /** null for a capture without times. */
  readonly timeline: {
    request: EventQuery & {
      /** null for the whole capture. */
      readonly range: TimeRange | null;
      /** Columns of the drawing, at most some thousand. */
      readonly columns: number;
      /** Page whose count is wanted. */
      readonly pfn: number | null;
    };
    answer: Timeline | null;
  };
  /**
   * The next mark behind an event, or before it, whether or not it is shown; the first, or the last, where `row` is null;
   * null where there is no more.
   */
  readonly nextMark: {
    request: { readonly capture: string; readonly row: number | null; readonly step: 1 | -1 };
    answer: TimelineMark | null;
  };
  /** What a span of time has in it, in a few lines: its times first, one for a span without length. */
  readonly describeSpan: { request: EventQuery & { readonly range: TimeRange }; answer: readonly string[] };
  /** The tests of a filter that ask for a span of time. */
  readonly spanFilter: {
    request: { readonly capture: string; readonly filter: string; readonly range: TimeRange };
    answer: string;
  };
  /** The filter with what is wished asked for, too. */
  readonly narrowedFilter: {
    request: { readonly capture: string; readonly filter: string; readonly wish: FilterWish };
    answer: string;
  };
  /** One event, as `page-holders events` prints it. */
  readonly eventText: { request: { readonly capture: string; readonly row: number }; answer: string };
  /** One event with its stack, as `trace-cmd report` prints them. */
  readonly eventWithStack: { request: { readonly capture: string; readonly row: number }; answer: string };
  readonly completeFilter: {
    request: { readonly capture: string; readonly filter: string; readonly offset: number };
    answer: FilterCompletions;
  };
}
