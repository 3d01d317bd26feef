import type { AllocationTable } from './allocationTable';
import type {
  JoinedTraces,
  KernelIdentity,
  MissingEntries,
  SymbolTable,
  TimeGoesBack,
  UncertainFlags,
} from './eventTable';
import type { EventTableBuilder } from './eventTableBuilder';
import type { GapRecorder } from './gapRecorder';
import type { LineReader } from './lineWindow';
import type { ProblemList } from './problemList';

/** A reader of one format of text: takes the lines, and has the parts of a {@link Capture} ready when they end. */
export interface TextReader extends LineReader {
  readonly table: EventTableBuilder;
  readonly symbols: SymbolTable;
  /** Absent where the format says nothing of allocations. */
  readonly allocations?: AllocationTable;
  readonly problems: ProblemList;
  readonly gapRecorder: GapRecorder;
  readonly stackRecords: number;
  readonly orphanStacks: number;
  /** Lines that only this kind of text has: 0, and no events, mean that the text is none of it. */
  readonly ownLines: number;
  /** Slug for {@link Capture.format}. */
  readonly format: string;
  readonly isTicks: boolean;
  /** Finest step of a time stamp in ns, 1 for ticks. */
  readonly resolution: number;
  /** As {@link Capture.timeBase}. */
  readonly timeBase: bigint;
  readonly facts: Map<string, string>;
  /** As {@link Capture.kernel}. */
  readonly kernel?: KernelIdentity | null;
  /** As {@link Capture.unprintedStacks}. */
  readonly unprintedStacks?: number;
  /** As {@link Capture.timeGoesBack}. */
  readonly timeGoesBack?: TimeGoesBack | null;
  /** As {@link Capture.joinedTraces}. */
  readonly joinedTraces?: JoinedTraces | null;
  /** As {@link Capture.uncomparedBuffers}; empty where there is none. */
  readonly uncomparedBuffers?: readonly string[];
  /** As {@link Capture.uncertainFlags}. */
  readonly uncertainFlags?: UncertainFlags | null;
  /** What the text says about itself, for people. */
  factList(): readonly (readonly [string, string])[];
  /** How many events of names that the analysis does not use there are, by name. */
  otherEvents(): ReadonlyMap<string, number>;
  /** As {@link Capture.missingEntries}, of a text that ends behind the last line that was read. */
  missingEntries?(): MissingEntries | null;
  /** Called once behind the last line. */
  finish?(): void;
}
