/**
 * What is said of captures in which no page failed to move, so that it is not taken for success. That nobody was in the
 * way follows of none of them: events are lost and cut off, and no format says of all tasks and events whether they
 * were recorded.
 */
import { EventKind, type Capture } from '../capture/eventTable';
import { eventKindOf } from '../capture/eventNames';
import { saysAllocationsAlone } from './allocationsAlone';
import { lossTexts } from './lossTexts';
import type { CaptureFacts } from './protocol';
import { counted, failedPages, foundText, joined, percentText, sentence } from './wording';

/** Whether pages were wanted at all: where none was, nobody could be in the way. */
export function wasTried({
  attempts,
  pages,
}: {
  readonly attempts: number;
  readonly pages: number;
}): boolean {
  return attempts > 0 || pages > 0;
}

/**
 * That no attempt is seen, and what follows from that: a sentence without capital letter and full stop.
 *
 * @param part of the file that was read
 */
export function notTriedText(capture: Capture, part: number): string {
  const { stoppedAt, problemCount } = capture;
  const recorded = recordedOfAttempts(capture);
  const reasons = [
    ...(part < 1 ? [`${percentText(part)} of it was read so far`] : []),
    ...(stoppedAt === undefined ? [] : [`reading was stopped at ${percentText(stoppedAt)}`]),
    ...lossTexts(capture),
    ...(problemCount > 0 ? [`${counted(problemCount, 'place')} of it could not be read`] : []),
    ...(recorded.length > 0 ? [] : [whyUnseen(capture)]),
    ...functionsInStacks(capture),
  ];
  const seen = `no attempt to move pages is seen in ${whereText(capture, part)}`;
  return reasons.length === 0
    ? `${seen}, which recorded ${recorded.join(', ')}`
    : `${seen}, which says little: ${reasons.join('; ')}`;
}

/** What of a capture is there to be looked through. */
export function whereText(capture: Capture, part: number): string {
  const { stoppedAt, problemCount } = capture;
  if (areEventsLost(capture)) return 'what the capture has kept';
  return part < 1 || stoppedAt !== undefined || problemCount > 0 ? 'what could be read' : 'the capture';
}

/** A CPU whose record begins later than others lost nothing that is known. */
function areEventsLost({ lost, gaps }: Capture): boolean {
  return lost > 0 || gaps.some(({ cause }) => cause !== 'started');
}

/** Systems whose events show that pages are to be moved, whether or not that fails. */
const OF_ATTEMPTS = 'cma, migrate, compaction, page_isolation';

/** Events that show attempts of a sort, and are known to have been recorded. */
function recordedOfAttempts({ recordedEvents = [] }: Capture): readonly string[] {
  return [...new Set(recordedEvents)].filter((name) => showsAttempts(eventKindOf(name)));
}

/**
 * Functions that try to move pages, unless they find nothing to do, and that gets or puts go through: which of these
 * belong to an attempt is known by functions further in, of which the capture has none.
 */
const MAY_MOVE: ReadonlySet<string> = new Set([
  'soft_offline_page',
  'soft_offline_in_use_page',
  '__soft_offline_page',
  'offline_pages',
  'alloc_contig_range',
  'alloc_contig_range_noprof',
  'compact_zone',
]);

function functionsInStacks({ symbols }: Capture): readonly string[] {
  const found = new Set<string>();
  for (let frame = 0; frame < symbols.frameCount; frame++) {
    const name = symbols.frameFunction(frame);
    if (MAY_MOVE.has(name)) found.add(name);
  }
  return found.size === 0 ? [] : [`stacks go through ${[...found].sort().join(', ')}, which may have tried`];
}

/** Why an attempt may not be seen, had one been made. */
function whyUnseen({ format, recordedEvents }: Capture): string {
  if (format === 'page-pinner') return 'page_pinner tells of an attempt only by the pages that fail';
  if (format === 'dmesg') return 'a kernel log tells of few attempts, and only of those that fail';
  return recordedEvents === undefined
    ? `no event that shows one is in it (${OF_ATTEMPTS}), and it does not say whether these were recorded`
    : `no event that shows one was recorded (${OF_ATTEMPTS})`;
}

function showsAttempts(kind: EventKind): boolean {
  return kind >= EventKind.CmaAllocStart && kind !== EventKind.CmaRelease && kind !== EventKind.MemoryFailure;
}

/**
 * Whether no more of a capture could be read than not, so that no page is known to have moved. An event without its
 * fields counts for both.
 */
export function isMostlyUnread({ problems, pageEvents, pages }: CaptureFacts): boolean {
  return pages === 0 && problems > 0 && 2 * problems >= pageEvents;
}

export const EMPTY_TRACE =
  'The trace is empty: nothing happened to the pages that it was recorded of, its filter left that out, or no event ' +
  'was enabled';

/** Formats of what is no trace: they have no events to be without. */
const NO_TRACES: ReadonlySet<Capture['format']> = new Set(['dmesg', 'page-owner', 'page-pinner']);

/** Whether a trace was read whole and has nothing in it: what is to be recorded is not the question then. */
export function isEmptyTrace(capture: Capture, part: number): boolean {
  const { format, events, otherEvents, problemCount, stoppedAt, missingEntries } = capture;
  if (NO_TRACES.has(format) || part < 1 || stoppedAt !== undefined) return false;
  const isMissing = missingEntries !== undefined || problemCount > 0 || areEventsLost(capture);
  return events.length === 0 && otherEvents.size === 0 && !isMissing;
}

/** Why nothing failed to move in a capture that tells of moving pages, for JSON; none where something did. */
export function triedDoubts(facts: CaptureFacts): readonly string[] {
  if (saysAllocationsAlone(facts)) return [];
  if (facts.isEmpty) return [EMPTY_TRACE];
  if (facts.notTried !== null) return [sentence(facts.notTried)];
  const unnamed = unnamedText(facts);
  return unnamed === null ? [] : [unnamed];
}

/** `2 pages failed to move, 1 held, 1 untraced`, `1 page poisoned, 0 held`; of a capture that tells little, that it does. */
export function failedText(facts: CaptureFacts): string {
  const { isEmpty, events, pageEvents, pages, lookedThrough: where } = facts;
  if (isEmpty) return 'The trace is empty';
  if (saysAllocationsAlone(facts)) return counted(facts.allocations, 'allocation');
  if (pageEvents === 0) return events === 0 ? `No event is in ${where}` : 'No event speaks of a page';
  if (pages > 0) return sentence(joined([unnamedText(facts), foundText(facts)]));
  if (!wasTried(facts)) return `No attempt to move pages is seen in ${where}`;
  return unnamedText(facts) ?? (isSaidByAll(facts) ? 'No page failed to move' : noneNamedText(facts));
}

/** What attempts report where not one page is named: `No page is named that failed to move: migrate_pages …`. */
export function unnamedText(facts: CaptureFacts): string | null {
  const { unnamedFailures } = facts;
  const isAnyNamed = failedPages(facts).pages > 0;
  return isAnyNamed || unnamedFailures === null ? null : `${noneNamedText(facts)}: ${unnamedFailures}`;
}

function isSaidByAll({ doubts, lookedThrough }: CaptureFacts): boolean {
  return lookedThrough === 'the capture' && doubts.length === 0;
}

function noneNamedText({ lookedThrough: where }: CaptureFacts): string {
  return where === 'the capture'
    ? 'No page is named that failed to move'
    : `No page that failed to move is named in ${where}`;
}
