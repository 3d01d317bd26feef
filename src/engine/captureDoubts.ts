/** What is missing from a capture, so that no answer drawn from it is taken for more than it is. */
import { EventKind, type Capture, type Gap } from '../capture/eventTable';
import { isPageRef } from '../holders/countChange';
import { missingEventTypes } from '../holders/missingEventTypes';
import { lostText, overwrittenText } from './lossTexts';
import { spanText } from './timeText';
import { counted, joined, numberText, percentText, sentence } from './wording';

interface Doubt {
  readonly label: string;
  readonly description: string;
  /** A file that names frames puts it right. */
  readonly isMissingNames?: true;
  /** Without what is missing, pages that failed to move are not told from others: there may be more than are named. */
  readonly hidesPages?: true;
}

const known = new WeakMap<Capture, readonly Doubt[]>();

/** What the tree, the reports and a comparison say of a capture before its answers. */
export function captureDoubts(capture: Capture): readonly Doubt[] {
  let doubts = known.get(capture);
  if (doubts === undefined) {
    doubts = [
      ...restNotRead(capture),
      ...missingEntries(capture),
      ...joinedTraces(capture),
      ...uncomparedBuffers(capture),
      ...timeGoesBack(capture),
      ...unprintedStacks(capture),
      ...missingStacks(capture),
      ...missingNames(capture),
      ...uncertainFlags(capture),
      ...lostEvents(capture),
      ...missingReferences(capture),
      ...missingTypes(capture),
    ];
    known.set(capture, doubts);
  }
  return doubts;
}

/** A sentence each, without a full stop. */
export function doubtTexts(capture: Capture): readonly string[] {
  return captureDoubts(capture).map(({ label, description }) =>
    description === '' ? label : `${label} (${description})`,
  );
}

/** Whether pages may have failed to move that a capture does not name, as it cannot tell them. */
export function arePagesAtLeast(capture: Capture): boolean {
  return captureDoubts(capture).some(({ hidesPages }) => hidesPages === true);
}

function restNotRead({ stoppedAt }: Capture): readonly Doubt[] {
  if (stoppedAt === undefined) return [];
  const label = `Read to ${percentText(stoppedAt)}: more pages and holders may be in the rest`;
  return [{ label, description: 'reading was stopped; open it again to read all of it' }];
}

/** Whoever saves a part of a trace may know that; who gets it does not. */
function missingEntries({ missingEntries: found }: Capture): readonly Doubt[] {
  if (found === undefined) return [];
  const { present, counted: inBuffer } = found;
  const label =
    `The header counts ${numberText(inBuffer)} entries (events and stacks), ${numberText(present)} are here: ` +
    'holders may be missing or wrong';
  const description =
    "cut off, filtered, overwritten while it was read, or the file of one CPU, whose header counts all CPUs'; " +
    'save /sys/kernel/tracing/trace whole, with tracing_on at 0';
  return [{ label, description }];
}

const HOLDERS_IN_DOUBT = 'who held a page, and how long, may be wrong';

function joinedTraces({ joinedTraces: found }: Capture): readonly Doubt[] {
  if (found === undefined) return [];
  const { count, line } = found;
  const label =
    `${counted(count, 'trace')} in one text, the second from line ${line} on, read as one: ` +
    HOLDERS_IN_DOUBT;
  const description =
    'no format says whether they are of one boot; open each by itself, or in place of those of per_cpu/*/trace the one ' +
    'of all CPUs, /sys/kernel/tracing/trace';
  return [{ label, description }];
}

/** Where several buffers recorded the same event, it stands there as often. */
function uncomparedBuffers({ uncomparedBuffers: names, format }: Capture): readonly Doubt[] {
  if (names === undefined) return [];
  const buffers = names.map((name) => (name === '' ? 'the top level' : `"${name}"`)).join(', ');
  const label =
    `Events that ${names.length === 1 ? 'buffer' : 'buffers'} ${buffers} and another one both recorded count twice: ` +
    HOLDERS_IN_DOUBT;
  const description =
    format === 'trace-dat'
      ? 'clocks differ, or numbers of CPUs are lost: record each event in one buffer, or all with one clock'
      : 'a text has no exact times: open its trace.dat in its place, or record each event in one buffer';
  return [{ label, description }];
}

function timeGoesBack({ timeGoesBack: found, format, clock }: Capture): readonly Doubt[] {
  if (found === undefined) return [];
  const { line, largest, times, isOften } = found;
  const often = times === 1 ? '' : ` ${counted(times, 'time')},`;
  const label = `Time goes back${often} by ${spanText(largest, clock)} in line ${line}: ${HOLDERS_IN_DOUBT}`;
  const isPerf = format === 'perf-script';
  const description = isOften ? noTimes(isPerf) : severalTraces(isPerf);
  return [{ label, description }];
}

/** In nearly every second line: `perf script --deltatime` prints how long ago the line before was. */
function noTimes(isPerf: boolean): string {
  return isPerf
    ? 'differences in place of times? Print again without --deltatime'
    : 'lines that are not in the order of their times? Open the text as the kernel or trace-cmd printed it';
}

function severalTraces(isPerf: boolean): string {
  return isPerf
    ? 'several outputs one after the other, or --deltatime? Open each by itself, printed without it'
    : 'several traces one after the other, such as those of per_cpu/*/trace? Open each by itself, or in place of ' +
        'those of the CPUs the one of all, /sys/kernel/tracing/trace';
}

function unprintedStacks(capture: Capture): readonly Doubt[] {
  const { unprintedStacks: stacks } = capture;
  if (stacks === undefined) return [];
  const what = `${counted(stacks, 'stack')} not printed, as options/fields was on`;
  if (lacksStacks(capture)) return [untold(capture, what, STACKS_WITHOUT_FIELDS)];
  return [{ label: `${what}: ${HOLDER_UNTOLD}`, description: STACKS_WITHOUT_FIELDS }];
}

/** What is to be done where stacks were recorded. */
export const STACKS_WITHOUT_FIELDS = 'print or record again with options/fields at 0';

/** A kernel log and a dump of allocations have no gets and puts, and are not asked for their stacks. */
function missingStacks(capture: Capture): readonly Doubt[] {
  if (capture.unprintedStacks !== undefined || !lacksStacks(capture)) return [];
  const what = capture.stackRecords === 0 ? 'No stacks' : 'No stack of a get or put';
  return [untold(capture, what, recordStacks(capture))];
}

/** What is to be done where a trace has no stacks; empty where its form has none. */
export function recordStacks({ format }: Capture): string {
  switch (format) {
    case 'page-pinner':
      return '';
    case 'perf-data':
      return 'record with perf record -g';
    case 'perf-script':
      return 'record with perf record -g; where that was done, print with perf script -F +ip,sym';
    default:
      return 'record with the stacktrace option';
  }
}

/** Whether there are gets or puts of pages, and not one of them has a stack. */
export function lacksStacks({ events: { kind, stack, length } }: Capture): boolean {
  let hasAny = false;
  for (let row = 0; row < length; row++) {
    if (!isGetOrPut(kind[row]!)) continue;
    if (stack[row]! >= 0) return false;
    hasAny = true;
  }
  return hasAny;
}

function isGetOrPut(kind: EventKind): boolean {
  return isPageRef(kind) || kind === EventKind.PinPut;
}

function missingNames(capture: Capture): readonly Doubt[] {
  const { missingNames: advice } = capture;
  return advice === null ? [] : [{ ...untold(capture, 'No function names', advice), isMissingNames: true }];
}

const HOLDER_UNTOLD = 'who held a page cannot be told';

/** Isolation and putback are told by functions; reports of the kernel name their pages without. */
function untold({ events: { kind, length } }: Capture, what: string, description: string): Doubt {
  let [hasPageRef, hasReports] = [false, false];
  for (let row = 0; row < length; row++) {
    if (isPageRef(kind[row]!)) hasPageRef = true;
    else if (kind[row] === EventKind.PinFailure) hasReports = true;
  }
  const label = `${what}: ${HOLDER_UNTOLD}`;
  if (!hasPageRef) return { label, description };
  const pages = hasReports ? 'others that failed to move may be missing' : FEW_NAMED;
  return { label: `${label}, and ${pages}`, description, hidesPages: true };
}

const FEW_NAMED = 'few that failed to move are named';

/** Numbers in place of names: which bit is which flag changes with the version of the kernel. */
function uncertainFlags({ uncertainFlags: flags, format }: Capture): readonly Doubt[] {
  if (flags === undefined) return [];
  const { order } = flags;
  switch (flags.certainty) {
    case 'assumed': {
      const label = `Page flags are numbers of a kernel that is not named: they are read as those of Linux ${order}`;
      const effect = `of another version, ${TAKEN_WRONGLY}`;
      return [{ label, description: [effect, ...namingKernel(format)].join('; ') }];
    }
    case 'refuted': {
      const label = `Page flags are numbers, and not in the bit order of Linux ${order}: they are left out`;
      const effect = 'buffer heads, swap cache and pages off the LRU lists are not recognised';
      return [{ label, description: [effect, ...namingKernel(format)].join('; ') }];
    }
    case 'miscounted': {
      const label =
        `The kernel has ${flags.inKernel} page flags, ${flags.known} are known of Linux ${order}: ` +
        'some may be read wrongly';
      return [{ label, description: `then ${TAKEN_WRONGLY}` }];
    }
  }
}

const TAKEN_WRONGLY = 'buffer heads, swap cache and pages off the LRU lists are taken for what they are not';

/** How a text names its kernel; what the recorder writes itself has its release, or cannot be given one. */
function namingKernel(format: string): readonly string[] {
  if (format === 'trace-dat' || format === 'perf-data') return [];
  return [NAMING_KERNEL[format] ?? OTHER_TEXT];
}

const NAMING_KERNEL: Readonly<Record<string, string>> = {
  'perf-script': 'give the perf.data itself, or what perf script --header prints',
};
const OTHER_TEXT =
  'give the trace.dat itself, or write "# kernel: RELEASE", as uname -r says it, before the first line';

/** Allocations and attempts alone: a page that failed is named now and then, a holder never. */
function missingReferences({ events: { kind, length } }: Capture): readonly Doubt[] {
  let tellsOfPages = false;
  for (let row = 0; row < length; row++) {
    if (kind[row]! >= EventKind.PageAlloc) tellsOfPages = true;
    else if (kind[row] !== EventKind.Other) return [];
  }
  if (!tellsOfPages) return [];
  const label = `No get or put of a page in the capture: who held one cannot be told, and ${FEW_NAMED}`;
  const description = 'the kernel needs CONFIG_DEBUG_PAGE_REF=y, the recording events/page_ref';
  return [{ label, description, hidesPages: true }];
}

function missingTypes(capture: Capture): readonly Doubt[] {
  const missing = missingEventTypes(capture);
  if (missing === null) return [];
  const { names, rises, falls } = missing;
  const steps = [
    ...(rises > 0 ? [`rose ${counted(rises, 'time')}`] : []),
    ...(falls > 0 ? [`fell ${counted(falls, 'time')}`] : []),
  ];
  return [
    {
      label: `No ${names.join(' or ')} in the capture: holders and pages that failed to move may be missing or wrong`,
      description: `refcounts ${steps.join(' and ')} without an event; enable events/page_ref as a whole`,
    },
  ];
}

/** Formats in which a stack is an entry behind that of its event; perf has both in one. */
const OF_RING_BUFFER: ReadonlySet<string> = new Set(['ftrace', 'trace-cmd-report', 'trace-dat']);

function lostEvents(capture: Capture): readonly Doubt[] {
  const [lost, overwritten] = [lostText(capture), overwrittenText(capture)];
  // The kernel counts entries of the ring buffer, of which each stack is one of its own.
  const unit =
    capture.stackRecords > 0 && OF_RING_BUFFER.has(capture.format) ? 'stacks are counted, too' : '';
  const ofCause = (cause: Gap['cause']): string =>
    joined([cpusText(capture.gaps.filter((gap) => gap.cause === cause)), unit]);
  return [
    ...(lost === null
      ? []
      : [{ label: `${sentence(lost)}: holders may be missing or wrong`, description: ofCause('lost') }]),
    ...(overwritten === null
      ? []
      : [{ label: `${sentence(overwritten)}: gets may be missing`, description: ofCause('overwritten') }]),
  ];
}

function cpusText(gaps: readonly Gap[]): string {
  const cpus = [...new Set(gaps.flatMap((gap) => (gap.cpu === null ? [] : [gap.cpu])))].sort((a, b) => a - b);
  return cpus.length === 0 ? '' : `CPU ${cpus.join(', ')}`;
}
