/**
 * The answer as JSON, version 1: names and meanings here are a promise to scripts; they are added to, never renamed.
 *
 * Times are strings of whole ns (or clock ticks, where the capture counts those) in the capture's own clock, null
 * where the format has none.
 */
import type { Capture } from '../capture/eventTable';
import type {
  Confidence,
  Kind,
  Mark,
  MarkSource,
  Page,
  Reference,
  ReferenceEnd,
  Role,
} from '../holders/model';
import type { Certainty } from '../source/location';
import type { ReportAllocation, ReportAllocationGroup, ReportJoin, ReportNaming } from './allocationReport';
import { sureInlined, type PlacedFrame, type PlacedStacks } from './frames';
import { absoluteTime } from './timeText';

export interface Report {
  readonly version: 1;
  readonly captures: readonly ReportCapture[];
  readonly pages: readonly ReportPage[];
  /** What page_owner dumps say by themselves, by stack; absent where none is among the captures. */
  readonly allocations?: readonly ReportAllocationGroup[];
}

export interface ReportCapture {
  readonly path: string;
  readonly format: string;
  readonly events: number;
  readonly stacks: number;
  readonly lost: number;
  readonly firstTimeNs: string | null;
  readonly lastTimeNs: string | null;
  readonly gaps: readonly {
    readonly cpu: number | null;
    readonly fromNs: string | null;
    readonly toNs: string | null;
    readonly events: number | null;
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
  readonly timeNs: string | null;
  readonly reason: string | null;
  readonly source: MarkSource;
  readonly error: number | null;
  readonly task: ReportTask | null;
  readonly count: number | null;
  readonly expected: number | null;
  readonly held: number | null;
  readonly untraced: number | null;
}

export interface ReportTask {
  readonly comm: string;
  readonly pid: number;
}

export interface ReportReference {
  readonly kind: Kind;
  readonly role: Role;
  readonly confidence: Confidence;
  readonly weight: number;
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
}

export interface ReportEnd {
  readonly timeNs: string | null;
  readonly task: ReportTask | null;
  readonly stack: readonly ReportFrame[];
}

export interface ReportSite {
  readonly function: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly certainty: Certainty;
}

export interface ReportFrame extends ReportSite {
  readonly offset: number | null;
  readonly module: string | null;
  readonly inlined: readonly { readonly function: string; readonly file: string; readonly line: number }[];
}

export function reportCapture(
  capture: Capture,
  joins: readonly ReportJoin[],
  names: readonly ReportNaming[],
): ReportCapture {
  const { events, timeBase } = capture;
  const span = timeSpan(capture);
  return {
    path: capture.path,
    format: capture.format,
    events: events.length,
    stacks: capture.stackRecords,
    lost: capture.lost,
    firstTimeNs: timeString(span?.first ?? NaN, timeBase),
    lastTimeNs: timeString(span?.last ?? NaN, timeBase),
    gaps: capture.gaps.map((gap) => ({
      cpu: gap.cpu,
      fromNs: timeString(gap.from ?? NaN, timeBase),
      toNs: timeString(gap.to ?? NaN, timeBase),
      events: gap.events,
    })),
    problems: capture.problems.map(({ offset, line, message }) => ({ offset, line, message })),
    joins,
    names,
  };
}

/** @param index of the capture in {@link Report.captures} */
export async function reportPage(
  index: number,
  capture: Capture,
  page: Page,
  stacks: PlacedStacks,
  allocatedBy: readonly ReportAllocation[],
): Promise<ReportPage> {
  const references: ReportReference[] = [];
  for (const reference of page.references) references.push(await reportReference(capture, reference, stacks));
  return {
    capture: index,
    pfn: `0x${page.pfn.toString(16)}`,
    order: page.order,
    marks: page.marks.map((mark) => reportMark(capture, mark)),
    references,
    allocatedBy,
  };
}

/** First and last time of the events, as in the event table; null when none has a time. */
export function timeSpan(capture: Capture): { readonly first: number; readonly last: number } | null {
  const { time, length } = capture.events;
  let first = Infinity;
  let last = -Infinity;
  for (let row = 0; row < length; row++) {
    const at = time[row]!;
    if (at < first) first = at;
    if (at > last) last = at;
  }
  return first <= last ? { first, last } : null;
}

function reportMark(capture: Capture, mark: Mark): ReportMark {
  const { reason, source, error, count, expected, held, untraced } = mark;
  const timeNs = timeString(mark.time, capture.timeBase);
  return {
    timeNs,
    reason,
    source,
    error,
    task: reportTask(capture, mark.task),
    count,
    expected,
    held,
    untraced,
  };
}

async function reportReference(
  capture: Capture,
  reference: Reference,
  stacks: PlacedStacks,
): Promise<ReportReference> {
  const { kind, role, confidence, weight, holder } = reference;
  return {
    kind,
    role,
    confidence,
    weight,
    holder,
    label: reference.label ?? null,
    expectedLongTerm: reference.expectedLongTerm === true,
    rule: reference.userRule ?? null,
    acquired: await reportEnd(capture, reference.acquired, stacks),
    released: await reportEnd(capture, reference.released, stacks),
    deducedAcquire: await deducedSites(reference, stacks),
    deducedBecause: reference.deducedBecause ?? null,
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

function reportSite(frame: PlacedFrame): ReportSite {
  const { file, line, certainty } = frame.location;
  return { function: frame.function, file, line, certainty };
}

export function reportFrame(frame: PlacedFrame): ReportFrame {
  const { file, line, certainty } = frame.location;
  const inlined = sureInlined(frame);
  const { offset, module } = frame;
  return { function: frame.function, offset, module, file, line, certainty, inlined };
}

export function reportTask(capture: Capture, task: number): ReportTask | null {
  if (task < 0) return null;
  const pid = capture.symbols.taskPid(task);
  return pid < 0 ? null : { comm: capture.symbols.taskComm(task), pid };
}

export function timeString(time: number, timeBase: bigint): string | null {
  return absoluteTime(time, timeBase)?.toString() ?? null;
}
