/**
 * The answer as JSON, version 1: names and meanings here are a promise to scripts; they are added to, never renamed.
 *
 * Times are strings of whole ns (or clock ticks, where the capture counts those) in the capture's own clock, null
 * where the format has none.
 */
import { ABSENT, NO_CPU, type Capture } from '../capture/eventTable';
import { doubtTexts } from './captureDoubts';
import { isLostAtLeast } from './gapText';
import type {
  AccountingTerm,
  Attempt,
  Confidence,
  FailedSteps,
  Kind,
  Mark,
  MarkCause,
  MarkSource,
  Page,
  Reference,
  ReferenceEnd,
  Role,
  UnreleasedPage,
} from '../holders/model';
import type { Certainty, InlinedFrame, OutsideTree } from '../source/location';
import type { ReportAllocation, ReportAllocationGroup, ReportJoin, ReportNaming } from './allocationReport';
import type { CaptureFit } from './debugInfo';
import { sureInlined, type PlacedFrame, type PlacedStacks } from './frames';
import { timeSpan } from './heldTime';
import { isReferenceNotJudged, pfnText } from './pageFacts';
import type { CaptureFacts, DebugInfoFacts } from './protocol';
import { absoluteTime } from './timeText';
import { triedDoubts } from './triedAtAll';

export interface Report {
  readonly version: 1;
  readonly captures: readonly ReportCapture[];
  readonly attempts: readonly ReportAttempt[];
  readonly pages: readonly ReportPage[];
  /** Pages without a mark on which somebody still has a reference at the end of the capture. */
  readonly neverReleased: readonly ReportUnreleased[];
  /** Pages without a mark that were pinned for long and let go of, as Android's page_pinner says. */
  readonly pinned: readonly ReportUnreleased[];
  /** Pages without a mark that were asked for by PFN; their roles are as of the end of the capture. */
  readonly otherPages: readonly ReportUnreleased[];
  /** How much the filter leaves out. */
  readonly leftOut: ReportLeftOut;
  /** What page_owner dumps say by themselves, by stack; absent where none is among the captures. */
  readonly allocations?: readonly ReportAllocationGroup[];
}

export interface ReportLeftOut {
  readonly pages: number;
  /** Marks of other reasons on pages that are in the report. */
  readonly marks: number;
  readonly neverReleased: number;
  /** Pages that page_pinner tells of without a failure of theirs. */
  readonly pinned: number;
  /** References of pages that are in the report. */
  readonly references: number;
  /** Stacks of page_owner dumps of which no allocation is in the report. */
  readonly stacks: number;
  /** Pages that dumps tell of, as far as they say how many; of stacks that are in the report, too. */
  readonly allocatedPages: number;
}

export interface ReportAttempt {
  /** Index in `captures`. */
  readonly capture: number;
  readonly what: string;
  readonly reason: string | null;
  readonly task: ReportTask | null;
  readonly firstTimeNs: string | null;
  readonly lastTimeNs: string | null;
  readonly area: string | null;
  readonly requestedPages: number | null;
  /** PFNs, both ends included. */
  readonly range: { readonly first: string; readonly last: string } | null;
  readonly retries: number;
  readonly migrateCalls: number;
  readonly migrated: number;
  readonly failed: number;
  /** Ranges that each step gave up, where cma_alloc_info says it; absent without it. */
  readonly failedSteps?: FailedSteps;
  readonly result: Attempt['result'];
  readonly resultText: string | null;
  readonly error: number | null;
}

export interface ReportUnreleased {
  readonly capture: number;
  readonly pfn: string;
  readonly order: number;
  /** refcount after its last event, or null. */
  readonly count: number | null;
  readonly isOrphaned: boolean;
  readonly references: readonly ReportReference[];
}

/** One event of the capture, to be found again by its offset. */
export interface ReportEvent {
  readonly event: string;
  readonly timeNs: string | null;
  readonly task: ReportTask | null;
  readonly cpu: number | null;
  readonly count: number | null;
  readonly val: number | null;
  readonly ret: number | null;
  /** Byte offset in the (decompressed) file. */
  readonly offset: number;
}

export interface ReportCapture {
  readonly path: string;
  readonly format: string;
  readonly events: number;
  readonly stacks: number;
  readonly lost: number;
  /** More were lost than `lost` says: of some the writer says no number. */
  readonly lostAtLeast: boolean;
  /** Records not among `events`, as another ring buffer of the file recorded the same event; absent where there are none. */
  readonly copiesLeftOut?: number;
  /**
   * There may be more pages that failed to move than are reported: what would tell them is not in the capture, which has no
   * function names, stacks, or gets and puts. Absent where that is not so.
   */
  readonly pagesAtLeast?: true;
  /** What its times count, those named `…Ns` too: ns, or ticks of a clock of unknown rate. */
  readonly clock: Capture['clock'];
  /** What is missing from the capture, so that answers may be wrong, for people. */
  readonly doubts: readonly string[];
  readonly firstTimeNs: string | null;
  readonly lastTimeNs: string | null;
  readonly gaps: readonly {
    readonly cpu: number | null;
    readonly fromNs: string | null;
    readonly toNs: string | null;
    /** Null where the writer says no number. */
    readonly events: number | null;
    /** Only where more were lost than `events`. */
    readonly eventsAtLeast?: true;
  }[];
  readonly problems: readonly {
    readonly offset: number;
    readonly line: number | null;
    readonly message: string;
  }[];
  /** page_owner dumps that tell who allocated the pages of this capture. */
  readonly joins: readonly ReportJoin[];
  /** What the symbol files given with it did; empty for a capture that has names. */
  readonly names: readonly ReportNaming[];
  /** The vmlinux by which frames were looked up; absent without one. */
  readonly debugInfo?: ReportDebugInfo;
}

/** A vmlinux, and whether it is that of the capture. */
export interface ReportDebugInfo {
  readonly vmlinux: string;
  readonly release: string | null;
  readonly buildId: string | null;
  /** `other-build`: the lines are doubtful; `not-told`: the capture has nothing by which it could be told. */
  readonly build: 'same' | 'other-build' | 'not-told';
  /** What speaks against it; empty when nothing does. */
  readonly mismatch: string;
  /** Modules whose files are of another build, and what speaks against them: the lines of their functions are doubtful. */
  readonly otherModules: readonly { readonly module: string; readonly mismatch: string }[];
  /** What was compared, for people. */
  readonly evidence: string;
}

export interface ReportPage {
  /** Index in `captures`. */
  readonly capture: number;
  readonly pfn: string;
  readonly order: number;
  readonly marks: readonly ReportMark[];
  readonly references: readonly ReportReference[];
  readonly allocatedBy: readonly ReportAllocation[];
}

export interface ReportMark {
  /** Of the first event of `evidence`. */
  readonly timeNs: string | null;
  /** Of the last. */
  readonly lastTimeNs: string | null;
  readonly reason: string | null;
  /** Why the kernel dumped the page, in its own words; absent where it did not. */
  readonly dumpedBecause?: string;
  readonly source: MarkSource;
  readonly error: number | null;
  readonly task: ReportTask | null;
  readonly count: number | null;
  readonly expected: number | null;
  readonly held: number | null;
  readonly untraced: number | null;
  /** Index in `attempts`, or null. */
  readonly attempt: number | null;
  /** Tail pages that the events name, where `pfn` is the head of their folio; absent where they name the page itself. */
  readonly tailPfns?: readonly string[];
  readonly cause: MarkCause;
  /** The cause in few words, or null where the sum says it all. */
  readonly causeDetail: string | null;
  readonly expectedTerms: readonly AccountingTerm[];
  readonly notes: readonly string[];
  /** Every event that says so. */
  readonly evidence: readonly (ReportEvent & { readonly source: MarkSource; readonly what: string })[];
}

export interface ReportTask {
  readonly comm: string;
  readonly pid: number;
}

export interface ReportReference {
  readonly kind: Kind;
  readonly role: Role;
  /** It was open at a mark of which only the count is judged: that it is expected is not known. Absent otherwise. */
  readonly notJudged?: true;
  readonly confidence: Confidence;
  readonly weight: number;
  /** How many puts dropped it, each a part; absent where one did, or none. */
  readonly parts?: number;
  /** What is left of {@link weight} where {@link parts} are gone; absent otherwise. */
  readonly weightLeft?: number;
  readonly holder: string;
  /** What such a reference is called; finer than the kind. */
  readonly label: string | null;
  /** Held for long by design. */
  readonly expectedLongTerm: boolean;
  /** The rule of a person that named it. */
  readonly rule: { readonly label: string; readonly source: string } | null;
  readonly acquired: ReportEnd | null;
  readonly released: ReportEnd | null;
  readonly deducedAcquire: readonly ReportSite[] | null;
  /** Why {@link deducedAcquire} is believed, for people. */
  readonly deducedBecause: string | null;
  readonly releasedUnseen: boolean;
  /** What Android's page_pinner says that it was held at least; absent where it says nothing. */
  readonly heldAtLeastNs?: number;
  /** Why the kind and the match are believed, for people. */
  readonly evidence: string;
  /** The events that it rests on, in order. */
  readonly events: readonly ReportEvent[];
  /** How many puts, or how many times unmapped and mapped again, it stands for. */
  readonly repeats: number;
}

export interface ReportEnd {
  readonly timeNs: string | null;
  readonly task: ReportTask | null;
  /** An interrupt did it: `task` is what ran on that CPU. */
  readonly inInterrupt: boolean;
  readonly stack: readonly ReportFrame[];
}

type ReportOutside = Exclude<OutsideTree, 'no-tree'>;

export interface ReportSite {
  readonly function: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly certainty: Certainty;
  /**
   * Absent for a file in the kernel tree; `build`: the path is as the debug info has it, `mapped`: an absolute path of
   * this machine.
   */
  readonly outside?: ReportOutside;
  /** The debug info is of another build than the kernel that ran. */
  readonly doubtful?: true;
}

export interface ReportFrame extends ReportSite {
  readonly offset: number | null;
  readonly module: string | null;
  readonly inlined: readonly ReportInlined[];
}

export interface ReportInlined extends Omit<InlinedFrame, 'outside'> {
  readonly outside?: ReportOutside;
}

export function reportCapture(
  capture: Capture,
  facts: CaptureFacts,
  joins: readonly ReportJoin[],
  names: readonly ReportNaming[],
  debugInfo: ReportDebugInfo | null,
): ReportCapture {
  const { events, timeBase } = capture;
  const span = timeSpan(capture);
  return {
    path: capture.path,
    format: capture.format,
    events: events.length,
    stacks: capture.stackRecords,
    lost: capture.lost,
    lostAtLeast: isLostAtLeast(capture),
    ...(capture.copiesLeftOut === undefined ? {} : { copiesLeftOut: capture.copiesLeftOut }),
    ...(facts.pagesAtLeast ? { pagesAtLeast: true } : {}),
    clock: capture.clock,
    doubts: [...doubtTexts(capture), ...triedDoubts(facts)],
    firstTimeNs: timeString(span?.first ?? NaN, timeBase),
    lastTimeNs: timeString(span?.last ?? NaN, timeBase),
    gaps: capture.gaps.map((gap) => ({
      cpu: gap.cpu,
      fromNs: timeString(gap.from ?? NaN, timeBase),
      toNs: timeString(gap.to ?? NaN, timeBase),
      events: gap.events,
      ...(gap.isAtLeast ? { eventsAtLeast: true } : {}),
    })),
    problems: capture.problems.map(({ offset, line, message }) => ({ offset, line, message })),
    joins,
    names,
    ...(debugInfo === null ? {} : { debugInfo }),
  };
}

export function reportDebugInfo(
  { vmlinux, release, buildId }: DebugInfoFacts,
  fit: CaptureFit | null,
): ReportDebugInfo | null {
  if (vmlinux === null || fit === null) return null;
  const { mismatch, evidence, isProven } = fit;
  const otherModules = [...fit.otherModules].map(([module, differs]) => ({ module, mismatch: differs }));
  const build = mismatch !== '' ? 'other-build' : isProven ? 'same' : 'not-told';
  return { vmlinux, release, buildId, build, mismatch, otherModules, evidence };
}

/** Where a page stands in a report. */
export interface ReportPlace {
  /** Index in `captures`. */
  readonly capture: number;
  /** Index in `attempts` of the capture's first. */
  readonly firstAttempt: number;
}

/** @param references of the page that are reported */
export async function reportPage(
  { capture: index, firstAttempt }: ReportPlace,
  capture: Capture,
  page: Page,
  references: readonly Reference[],
  stacks: PlacedStacks,
  allocatedBy: readonly ReportAllocation[],
): Promise<ReportPage> {
  return {
    capture: index,
    pfn: pfnText(page.pfn),
    order: page.order,
    marks: page.marks.map((mark) => reportMark(capture, mark, firstAttempt)),
    references: await reportReferences(capture, references, stacks),
    allocatedBy,
  };
}

/** @param references of the page that are reported */
export async function reportUnreleased(
  index: number,
  capture: Capture,
  { pfn, order, count, isOrphaned }: UnreleasedPage,
  references: readonly Reference[],
  stacks: PlacedStacks,
): Promise<ReportUnreleased> {
  return {
    capture: index,
    pfn: pfnText(pfn),
    order,
    count,
    isOrphaned,
    references: await reportReferences(capture, references, stacks),
  };
}

export function reportAttempt(index: number, capture: Capture, attempt: Attempt): ReportAttempt {
  const { what, reason, area, requestedPages, range, retries, migrateCalls, migrated, failed } = attempt;
  const { failedSteps } = attempt;
  const { time } = capture.events;
  return {
    capture: index,
    what,
    reason,
    task: reportTask(capture, attempt.task),
    firstTimeNs: timeString(time[attempt.firstRow]!, capture.timeBase),
    lastTimeNs: timeString(time[attempt.lastRow]!, capture.timeBase),
    area,
    requestedPages,
    range: range === null ? null : { first: pfnText(range.first), last: pfnText(range.last) },
    retries,
    migrateCalls,
    migrated,
    failed,
    ...(failedSteps === null ? {} : { failedSteps }),
    result: attempt.result,
    resultText: attempt.resultText,
    error: attempt.error,
  };
}

async function reportReferences(
  capture: Capture,
  references: readonly Reference[],
  stacks: PlacedStacks,
): Promise<readonly ReportReference[]> {
  const reported: ReportReference[] = [];
  for (const reference of references) reported.push(await reportReference(capture, reference, stacks));
  return reported;
}

function reportEvent(capture: Capture, row: number): ReportEvent {
  const { events, symbols, timeBase } = capture;
  const cpu = events.cpu[row]!;
  return {
    event: symbols.string(events.name[row]!),
    timeNs: timeString(events.time[row]!, timeBase),
    task: reportTask(capture, events.task[row]!),
    cpu: cpu === NO_CPU ? null : cpu,
    count: present(events.count[row]!),
    val: present(events.val[row]!),
    ret: present(events.ret[row]!),
    offset: events.offset(row),
  };
}

function present(value: number): number | null {
  return value === ABSENT ? null : value;
}

function reportMark(capture: Capture, mark: Mark, firstAttempt: number): ReportMark {
  const { reason, dumpedBecause, source, error, count, expected, held, untraced } = mark;
  const { attempt, tailPfns, cause, causeDetail, expectedTerms, notes, evidence } = mark;
  const timeNs = timeString(mark.time, capture.timeBase);
  return {
    timeNs,
    lastTimeNs: timeString(mark.lastTime, capture.timeBase),
    reason,
    ...(dumpedBecause === null ? {} : { dumpedBecause }),
    source,
    error,
    task: reportTask(capture, mark.task),
    count,
    expected,
    held,
    untraced,
    attempt: attempt < 0 ? null : firstAttempt + attempt,
    ...(tailPfns.length === 0 ? {} : { tailPfns: tailPfns.map(pfnText) }),
    cause,
    causeDetail,
    expectedTerms,
    notes,
    evidence: evidence.map((each) => ({
      source: each.source,
      what: each.what,
      ...reportEvent(capture, each.row),
    })),
  };
}

async function reportReference(
  capture: Capture,
  reference: Reference,
  stacks: PlacedStacks,
): Promise<ReportReference> {
  const { kind, role, confidence, weight, parts, weightLeft, holder } = reference;
  return {
    kind,
    role,
    ...(isReferenceNotJudged(reference) ? { notJudged: true } : {}),
    confidence,
    weight,
    ...(parts === undefined ? {} : { parts }),
    ...(weightLeft === undefined ? {} : { weightLeft }),
    holder,
    label: reference.label ?? null,
    expectedLongTerm: reference.expectedLongTerm === true,
    rule: reference.userRule ?? null,
    acquired: await reportEnd(capture, reference.acquired, stacks),
    released: await reportEnd(capture, reference.released, stacks),
    deducedAcquire: await deducedSites(reference, stacks),
    deducedBecause: reference.deducedBecause ?? null,
    releasedUnseen: reference.releasedUnseen,
    ...(reference.heldAtLeast === undefined ? {} : { heldAtLeastNs: reference.heldAtLeast }),
    evidence: reference.evidence,
    events: reference.rows.map((row) => reportEvent(capture, row)),
    repeats: reference.repeats,
  };
}

async function reportEnd(
  capture: Capture,
  end: ReferenceEnd | null,
  stacks: PlacedStacks,
): Promise<ReportEnd | null> {
  if (end === null) return null;
  return {
    timeNs: timeString(end.time, capture.timeBase),
    task: reportTask(capture, end.task),
    inInterrupt: end.inInterrupt === true,
    stack: (await stacks.frames(end.stack)).map(reportFrame),
  };
}

async function deducedSites(
  reference: Reference,
  stacks: PlacedStacks,
): Promise<readonly ReportSite[] | null> {
  if (reference.acquired !== null || reference.deducedAcquire.length === 0) return null;
  const placed = await stacks.definitions(reference.deducedAcquire);
  return placed.map(reportSite);
}

function reportSite({ function: name, location }: PlacedFrame): ReportSite {
  const { file, line, certainty, outside, isDoubtful } = location;
  return {
    function: name,
    file,
    line,
    certainty,
    ...reportOutside(outside),
    ...(isDoubtful === undefined ? {} : { doubtful: isDoubtful }),
  };
}

export function reportFrame(frame: PlacedFrame): ReportFrame {
  const { function: name, ...site } = reportSite(frame);
  const { offset, module } = frame;
  return { function: name, offset, module, ...site, inlined: sureInlined(frame).map(reportInlined) };
}

function reportInlined({ outside, ...inlined }: InlinedFrame): ReportInlined {
  return { ...inlined, ...reportOutside(outside) };
}

/** Whether there is a tree is known to whoever asked. */
function reportOutside(outside: OutsideTree | undefined): { readonly outside?: ReportOutside } {
  return outside === undefined ? {} : { outside: outside === 'no-tree' ? 'build' : outside };
}

export function reportTask(capture: Capture, task: number): ReportTask | null {
  if (task < 0) return null;
  const pid = capture.symbols.taskPid(task);
  return pid < 0 ? null : { comm: capture.symbols.taskComm(task), pid };
}

export function timeString(time: number, timeBase: bigint): string | null {
  return absoluteTime(time, timeBase)?.toString() ?? null;
}
