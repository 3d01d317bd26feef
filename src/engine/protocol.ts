/**
 * What crosses between the engine and those who ask it: plain data only, so that the engine can sit in a worker.
 *
 * Trees are asked for by node id and range; a node carries words, never markup. Ids are paths (`c1/0x12f98/m0/…`)
 * and stay the same when a tree is asked for again.
 */
import type { PfnRange } from '../holders/model';
import type { Certainty, InlinedFrame, OutsideTree, SourceLine } from '../source/location';
import type { PathMapping } from '../source/sourcePaths';
import type { EventRequests } from './eventProtocol';
import type { Comparison } from './comparing/compareCaptures';
import type { ExportFormat } from './exporting/exportFormats';
import type { FileChange } from './fileState';
import type { HoldersQuery, Kind } from './holdersQuery';
import type { PageNumbers } from './wording';
import type { FileMethod } from './workspaceFiles';

/** What a tree row is; views choose its icon and menu by it. */
export type NodeKind =
  | 'capture'
  /** A file that only names frames of captures. */
  | 'symbol-file'
  | 'page'
  | 'mark'
  | 'role'
  | 'holder-kind'
  | 'code-path'
  | 'attempt'
  | 'task'
  /** A page below a holder or a task. */
  | 'held-page'
  /** A folded part of the whole: pages never released, those that nobody held. */
  | 'section'
  /** What a filter leaves out. */
  | 'left-out'
  | 'reference'
  /** Events that a row rests on, and one of them. */
  | 'events'
  | 'event'
  | 'acquired'
  | 'released'
  | 'frames'
  | 'frame'
  | 'allocation'
  | 'note'
  /** That frames have no names: a vmlinux or kallsyms gives them. */
  | 'missing-names'
  | 'fact'
  | 'problem';

/** How a row stands to the question "who holds it". */
export type NodeMood =
  /** Held at the mark and still held at the end of the capture. */
  | 'still-held'
  /** Held at the mark, released later. */
  | 'held'
  /** Nothing to blame. */
  | 'plain'
  /** Something is missing or not certain. */
  | 'doubt';

/** A tooltip as plain text; the view escapes it. */
export interface Tooltip {
  readonly title: string;
  readonly rows: readonly (readonly [name: string, value: string])[];
  readonly notes: readonly string[];
}

/**
 * Where a frame leads. Paths are relative to the kernel tree, `/` separated, unless `outside` says otherwise; lines are
 * 1-based.
 */
export interface FrameTarget {
  readonly function: string;
  readonly file: string | null;
  readonly line: number | null;
  /** Absent for a file of the kernel tree. One of the `build` is not on this machine, as far as is known. */
  readonly outside?: OutsideTree;
  readonly certainty: Certainty;
  /** The debug info may be of another build than the kernel that ran: {@link note} says why. */
  readonly isDoubtful?: true;
  /** It is inlined into the frame behind it: no stack has it. */
  readonly isInlined?: true;
  /** Functions that are inlined between this frame and the one that it called, innermost first, as far as there is one way. */
  readonly inlined: readonly InlinedFrame[];
  /** Every place that may be meant, best first; one place when the frame is not ambiguous. */
  readonly candidates: readonly SourcePlace[];
  /** The kernel tree is still to be looked through: this stack, of which the last frame is meant, is to be asked for then. */
  readonly pending?: readonly PrintedFrame[];
  /** Why nothing better is known; empty when there is nothing to say. */
  readonly note: string;
}

export interface SourcePlace extends SourceLine {
  readonly function: string;
}

export interface TreeNode {
  readonly id: string;
  readonly kind: NodeKind;
  readonly mood: NodeMood;
  /** Carries the answer and can be read alone. */
  readonly label: string;
  /** The numbers. */
  readonly description: string;
  readonly tooltip: Tooltip;
  /** Label and description for screen readers, without signs that are read aloud badly. */
  readonly spoken: string;
  readonly hasChildren: boolean;
  /** Whether it opens together with its parent. */
  readonly expanded: boolean;
  /** Present on frames that lead somewhere, or say why they do not. */
  readonly frame: FrameTarget | null;
  /** 1-based line of the capture's text that a problem speaks of, else null. */
  readonly captureLine: number | null;
  /** Where the capture editor shows what this row speaks of; null for a row that speaks of no event and no page. */
  readonly place: CapturePlace | null;
  /** The file or folder that the row stands for, else null. */
  readonly file: RowFile | null;
}

export interface RowFile {
  /** As it is named to the engine. */
  readonly path: string;
  /** Whether a text editor can show it. */
  readonly isText: boolean;
}

/** An event, a page, or both. */
export interface CapturePlace {
  /** Row of the capture. */
  readonly row: number | null;
  readonly pfn: number | null;
}

/** A slice of the children of a node. */
export interface NodePage {
  readonly nodes: readonly TreeNode[];
  /** How many children there are in all. */
  readonly total: number;
}

export type TreeName = 'holders' | 'captures';

export interface ProgressReport {
  readonly phase: 'reading' | 'sorting' | 'analysing' | 'unpacking' | 'matching' | 'indexing';
  /** In {@link unit}, as the total; 0 when not known. */
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes' | 'files' | '';
  /** The format puts its events in order only behind the last: there is no part to show before. */
  readonly rowsAtEnd: boolean;
}

/** What a symbol file did for the open captures. */
export interface SymbolFileFacts {
  /** For people, a sentence each. */
  readonly says: readonly string[];
  /** It is of another kernel or boot than one of them. */
  readonly isRefused: boolean;
}

/** What a capture is and says of itself, for labels and messages. */
export interface CaptureFacts {
  readonly id: string;
  readonly path: string;
  readonly format: string;
  /**
   * What its first event is: a file that grew still begins with it, and one that begins with another has other events
   * in the same rows. Empty where there is none.
   */
  readonly beginning: string;
  readonly events: number;
  readonly stacks: number;
  readonly lost: number;
  /** Some of what was lost was not counted. */
  readonly lostAtLeast: boolean;
  readonly gaps: number;
  /** What is missing from the capture, so that answers may be wrong, a sentence each. */
  readonly doubts: readonly string[];
  readonly problems: number;
  /** Events that say something of a page or of moving pages. */
  readonly pageEvents: number;
  /** A trace without a single event. */
  readonly isEmpty: boolean;
  /** Attempts to move pages, those too that nothing kept from it. */
  readonly attempts: number;
  /** What of the capture could be looked through, to continue "in": the capture, or what it has kept. */
  readonly lookedThrough: string;
  /** That no attempt is seen and what follows, a sentence without capital letter and full stop; null where one is. */
  readonly notTried: string | null;
  /** Whether events of it can tell of pages that do not move: allocations alone, and who made them, cannot. */
  readonly tellsOfMoving: boolean;
  /** Allocations that a page_owner dump, or a kernel log with page dumps, tells of. */
  readonly allocations: number;
  /** Pages that failed to move or were poisoned, and how many of them somebody held. */
  readonly pages: number;
  readonly heldPages: number;
  /** Pages without a known holder whose count shows a reference too many. */
  readonly untracedPages: number;
  /** Pages without either, of whose references nothing tells who took them. */
  readonly unjudgedPages: number;
  /** Those of them that memory_failure() poisoned, and of which nothing says that they failed to move. */
  readonly poisoned: PageNumbers;
  /** There may be more pages that failed to move than {@link pages}: what would tell them is not in the capture. */
  readonly pagesAtLeast: boolean;
  /** What attempts report of failures that name no page, to continue a sentence; null where none does. */
  readonly unnamedFailures: string | null;
  /** Pages without a mark that somebody still holds at the end. */
  readonly unreleasedPages: number;
  /** Kinds of the references, with how many references each. */
  readonly kinds: readonly (readonly [kind: Kind, references: number])[];
  /** Reasons of the marks, `null` for marks whose reason the capture does not say; with how many pages each. */
  readonly reasons: readonly (readonly [reason: string | null, pages: number])[];
  /** The same for people: where no reason is said, why the kernel dumped the page. */
  readonly reasonTexts: readonly (readonly [text: string, pages: number])[];
  /** Part of the file that all this is from: from 0 to below 1 while it is being read, then 1. */
  readonly part: number;
  /** What happened to the file since it was read; null when nothing did. */
  readonly changed: FileChange | null;
  /** Of a symbol file, which has no events; null for a capture. */
  readonly symbolFile: SymbolFileFacts | null;
}

export interface KernelTreeFacts {
  readonly root: string;
  /** From the Makefile, e.g. `6.1.115`; null when it has none. */
  readonly version: string | null;
  /** Files of a build that help to find functions in it, and what they are used for. */
  readonly helps: readonly (readonly [name: string, use: string])[];
}

/** Debug info that was chosen; what is null is looked for where such files usually are. */
export interface DebugInfoChoice {
  /** Absolute path of a vmlinux. */
  readonly vmlinux: string | null;
  /** Absolute path of the folder with the modules. */
  readonly modules: string | null;
  /** From the machine that built the kernel to this one. */
  readonly sourcePathMap: readonly PathMapping[];
}

/** The debug info in use, and what was looked at. */
export interface DebugInfoFacts {
  /** Null when there is none. */
  readonly vmlinux: string | null;
  /** False for one that was found by looking. */
  readonly isChosen: boolean;
  readonly release: string | null;
  readonly buildId: string | null;
  /** Folders in which modules are looked for. */
  readonly modules: readonly string[];
  /** Where a vmlinux was looked for, and what was there; empty when one was chosen. */
  readonly looked: readonly LookedPlace[];
}

/** Whether a vmlinux is that of the open captures: of another build it is when it is for one of them. */
export type VmlinuxFit = 'fits' | 'not-proven' | 'another-build';

export interface LookedPlace {
  readonly path: string;
  /** `no such file`, `of kernel 6.1.0-13-amd64, not 6.1.192`, `used`. */
  readonly found: string;
  readonly isMissing: boolean;
}

/** The frames of a stack as rows, inlined functions included. */
export interface StackRows {
  /** What the stack is of. */
  readonly title: string;
  readonly description: string;
  /** Innermost first. */
  readonly frames: readonly TreeNode[];
  /** Index of the first frame that is not of the tracer or of reference counting. */
  readonly first: number;
  /** Stands for the frames before it; null where there are none. */
  readonly folded: TreeNode | null;
}

/** Rules of the kind table that a person wrote, and what could not be used of them. */
export interface RuleFacts {
  /** Where rules in use come from, with how many each. */
  readonly sources: readonly (readonly [source: string, rules: number])[];
  /** One sentence each: the place, what was expected there and what to do. */
  readonly problems: readonly string[];
  /** The kernel tree has rules that were not read, because its folder is not trusted. */
  readonly isTreeWithheld: boolean;
}

/** How many functions of the open captures the kernel tree has. */
interface SymbolFacts {
  readonly asked: number;
  readonly found: number;
  /** Of links that may be why some were not, for people; empty for none. */
  readonly linksOut: string;
}

/** A frame of a printed stack: ` => func+0x12/0x34 [module]`. */
export interface PrintedFrame {
  readonly function: string;
  /** Offset into the function in bytes, or null. */
  readonly offset: number | null;
  readonly module: string | null;
  /** Size of the function in bytes, as in `func+0x12/0x34`; absent where it is not printed. */
  readonly size?: number | null;
  /** Return address; absent where it is not printed. */
  readonly address?: bigint | null;
  /** The processor was at this very place (`RIP:`): it is no return address. */
  readonly isInterrupted?: boolean;
}

/** What one capture says of a place in the source. */
export interface HeldInCapture {
  /** As it is called beside the others. */
  readonly name: string;
  readonly pages: number;
  /** Attempts to move pages that they blocked. */
  readonly attempts: number;
  /** `held 312 pages · 45 failed attempts`. */
  readonly label: string;
  readonly details: Tooltip['rows'];
}

/** References that somebody held when pages failed to move, and whose stacks go through one place of the source. */
export interface HeldThrough {
  /** `held 312 pages · 45 failed attempts`; of several captures in which the numbers differ `held pages in 2 captures`. */
  readonly label: string;
  /** At least one. */
  readonly captures: readonly HeldInCapture[];
  /**
   * The line without the blanks around it, as the engine read it: what is open in an editor may have been changed
   * since.
   */
  readonly text: string;
}

/** Lines are 1-based. */
export interface HeldFunction extends HeldThrough {
  readonly function: string;
  readonly line: number;
  readonly lastLine: number;
}

export interface HeldLine extends HeldThrough {
  readonly function: string;
  readonly line: number;
  /** The surest of the stacks that go through it. */
  readonly certainty: Certainty;
}

/** What is held through a source file, in order of its lines. */
export interface HeldLines {
  readonly functions: readonly HeldFunction[];
  readonly lines: readonly HeldLine[];
}

/** A mark where it stands in the text of its capture. */
export interface MarkInText {
  /** Byte at which its first event begins in the (decompressed) file. */
  readonly offset: number;
  /** The same of the first event of each further sort that says so. */
  readonly furtherOffsets: readonly number[];
  /** Of the head page. */
  readonly pfn: number;
  /** `PFN 0x12f98: held by 3`. */
  readonly label: string;
  readonly description: string;
  /** Id of its row in the holders tree grouped by page. */
  readonly node: string;
  /** Index in {@link CaptureMarks.attempts}, or null. */
  readonly attempt: number | null;
}

/** An attempt to move pages, from its first event to its last; offsets as of a mark. */
export interface AttemptInText {
  readonly label: string;
  readonly description: string;
  readonly from: number;
  readonly to: number;
}

export interface CaptureMarks {
  readonly attempts: readonly AttemptInText[];
  /** In order of the text, the first ones. */
  readonly marks: readonly MarkInText[];
  /** How many marks there are in all. */
  readonly total: number;
}

/** A page in a few lines. */
export interface PageInShort {
  /** `0x12f98 · held by 3`. */
  readonly label: string;
  readonly description: string;
  /** The parts of its refcount at the last mark; null where no mark has it. */
  readonly sum: string | null;
  /** Time of the last mark, `178.105962099 s`; null without one, and where the format has no times. */
  readonly markTime: string | null;
  /** Those at the last mark, with times as seen from it; of a page without marks, those at the end. */
  readonly holders: readonly string[];
  readonly moreHolders: number;
  /** How many held it at marks before the last one alone. */
  readonly heldAtOtherMarks: number;
  /** Id of its row in the holders tree grouped by page; null for a page that did not fail to move. */
  readonly node: string | null;
}

/** Every request, with what it takes and what it answers. */
interface EngineRequests extends EventRequests {
  /**
   * Fails with a CaptureError when the file cannot be read or is no capture. Reports progress, and parts: a capture
   * of which a part was told is there to be asked for its rows, and is gone again when the request fails.
   */
  readonly openCapture: {
    request: {
      readonly path: string;
      /** Id of an open capture whose place and rows the new one takes when it is read; no parts are shown then. */
      readonly replaces?: string;
    };
    answer: CaptureFacts;
  };
  /** Ends the reading of a capture of which there is a part: what was read by then is all of it. Answers whether it did. */
  readonly stopReading: { request: { readonly path: string }; answer: boolean };
  /** Looks at the files of all captures; answers what changed since the last look, and no more than that. */
  readonly checkFiles: { request: Readonly<Record<string, never>>; answer: readonly CaptureFacts[] };
  /** What all open files are, as of now: a symbol file changes what is found in the captures beside it. */
  readonly captureFacts: { request: Readonly<Record<string, never>>; answer: readonly CaptureFacts[] };
  readonly closeCapture: { request: { readonly id: string }; answer: null };
  /** Children of `node` (null: the roots) from `start` up to, not including, `end`. */
  readonly children: {
    request: {
      readonly tree: TreeName;
      readonly node: string | null;
      readonly start: number;
      readonly end: number;
      /** How the holders are shown; the captures tree does not look at it. */
      readonly query: HoldersQuery;
    };
    answer: NodePage;
  };
  /**
   * Chooses the kernel tree for all captures; null forgets it. Fails with a KernelTreeError when it is none, and with a
   * CancelledError when another is chosen meanwhile. Of a tree that is not `trusted` the kind rules are not read:
   * whoever wrote them would decide what the answer says.
   */
  readonly setKernelTree: {
    request: { readonly root: string | null; readonly trusted: boolean };
    answer: KernelTreeFacts | null;
  };
  /**
   * Chooses the vmlinux, the modules and the map of source paths for all captures. Fails with a DebugFileError when the
   * vmlinux cannot be used; it is looked for then as if none was chosen.
   */
  readonly setDebugInfo: { request: DebugInfoChoice; answer: DebugInfoFacts };
  /** The debug info in use, after looking for it where none was chosen. */
  readonly debugInfo: { request: Readonly<Record<string, never>>; answer: DebugInfoFacts };
  /** The vmlinux in use as far as it is known by now; null without one. */
  readonly vmlinuxInUse: {
    request: Readonly<Record<string, never>>;
    answer: { readonly path: string; readonly fit: VmlinuxFit } | null;
  };
  /** What speaks against the kernel tree being of the kernel of the open captures, each without a full stop. */
  readonly treeDoubts: { request: Readonly<Record<string, never>>; answer: readonly string[] };
  /**
   * Takes the rules of the settings, as JSON text of a list; they stand before those of the kernel tree's
   * `.page-holders.json`, which is read with the tree. Open captures are judged again.
   */
  readonly setKindRules: { request: { readonly text: string }; answer: RuleFacts };
  /** The rules in use, those of the kernel tree included. */
  readonly kindRules: { request: Readonly<Record<string, never>>; answer: RuleFacts };
  /**
   * Looks the functions of all captures up in the debug info and in the kernel tree, which takes seconds the first
   * time; rows of frames wait for it. Answers null without a tree. Reports progress.
   */
  readonly lookUpFunctions: { request: Readonly<Record<string, never>>; answer: SymbolFacts | null };
  /** The places of a printed stack, innermost frame first. */
  readonly resolveFrames: {
    request: {
      readonly stack: readonly PrintedFrame[];
      /** Frames likely to be asked for next: one walk over the kernel tree then finds all. */
      readonly others: readonly PrintedFrame[];
      /** Waits for no long walk over the kernel tree, which goes on: what it has not found yet is pending. */
      readonly atOnce?: true;
    };
    answer: readonly FrameTarget[];
  };
  /**
   * Functions and lines of a source file, named as in {@link FrameTarget}, through which pages are held; null without
   * a kernel tree, or when nothing is held there. Waits for the functions of the captures to be looked up.
   */
  readonly heldLines: { request: { readonly file: string }; answer: HeldLines | null };
  /** Where marks stand in the text of a capture; null for an id that is no capture. */
  readonly captureMarks: { request: { readonly id: string }; answer: CaptureMarks | null };
  /** What a capture says of a page in a few lines; null when it says nothing of its references. */
  readonly pageInShort: {
    request: { readonly id: string; readonly pfn: number };
    answer: PageInShort | null;
  };
  /** The stack that a row is of or lies in: that of a reference is where it was acquired. Null for rows without one. */
  readonly stackOf: {
    request: { readonly node: string; readonly query: HoldersQuery };
    answer: StackRows | null;
  };
  /** The stack of an event, by its row in the event table of a capture; null for one without. */
  readonly stackOfEvent: {
    request: { readonly capture: string; readonly row: number };
    answer: StackRows | null;
  };
  /**
   * The place that rows of the holders tree have of what an event is of: of the mark that rests on it, of the reference
   * that it took or dropped, or of its page alone, with no row. Null for an event of no page.
   */
  readonly placeOfEvent: {
    request: { readonly capture: string; readonly row: number };
    answer: CapturePlace | null;
  };
  /**
   * A row of a tree (of the holders unless another one is named) and what is below it as text for a mail; the whole tree
   * when `node` is null. Who cuts it says how many characters are `enough`: of a longer text it is at least one more.
   */
  readonly text: {
    request: {
      readonly tree?: TreeName;
      readonly node: string | null;
      readonly query: HoldersQuery;
      readonly enough?: number;
    };
    answer: string;
  };
  /**
   * Writes what the open captures say to a file, which is replaced when all of it is written. Fails with an
   * ExportError when it cannot be.
   */
  readonly exportFile: {
    request: { readonly format: ExportFormat; readonly query: HoldersQuery; readonly path: string };
    answer: { readonly bytes: number };
  };
  /**
   * PFNs of pages in a range of whose references an open capture tells, ascending and no more than `limit`; folios by
   * their head.
   */
  readonly pagesInRange: {
    request: { readonly range: PfnRange; readonly limit: number };
    answer: readonly number[];
  };
  /** What became of the holders of one open capture in another. Fails with a CompareError when one is not open. */
  readonly compare: {
    request: { readonly before: string; readonly after: string };
    answer: Comparison;
  };
}

export type Method = keyof EngineRequests;
export type Request<M extends Method> = EngineRequests[M]['request'];
export type Answer<M extends Method> = EngineRequests[M]['answer'];

/** The engine as its users see it, in the same process or behind a worker. */
export type EngineApi = {
  readonly [M in Method]: (request: Request<M>, options?: RequestOptions) => Promise<Answer<M>>;
};

export interface RequestOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (report: ProgressReport) => void;
  /** Called when more of a capture that is being read can be shown. Without it no part is analysed. */
  readonly onPart?: (facts: CaptureFacts) => void;
}

/** A failure that is meant for people: its message says what was found, what was expected and what to do. */
export interface PlainError {
  readonly name: string;
  readonly message: string;
  /** For the log. */
  readonly stack: string | null;
}

export type ToEngine =
  | {
      readonly type: 'request';
      readonly id: number;
      readonly method: Method;
      readonly request: unknown;
      /** Whether somebody wants {@link RequestOptions.onPart}. */
      readonly wantsParts: boolean;
    }
  | { readonly type: 'cancel'; readonly id: number }
  | FileAnswer;

/** Asks the extension's host for a file of the editor's file systems; of ids of its own. */
export interface FileRequest {
  readonly type: 'file';
  readonly id: number;
  readonly method: FileMethod;
  readonly args: readonly unknown[];
}

export interface FileAnswer {
  readonly type: 'file';
  readonly id: number;
  readonly value: unknown;
  /** Null when it succeeded. */
  readonly error: PlainError | null;
}

export type FromEngine =
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'error'; readonly id: number; readonly error: PlainError }
  | { readonly type: 'progress'; readonly id: number; readonly report: ProgressReport }
  | { readonly type: 'part'; readonly id: number; readonly facts: CaptureFacts }
  | FileRequest;
