/** An open capture in numbers: what lists, the status bar and tools say of it without asking for its rows. */
import { EventKind, type Capture } from '../capture/eventTable';
import type { HolderAnalysis, Kind, Mark, Page } from '../holders/model';
import { allocationCount } from './allocationsText';
import { arePagesAtLeast, doubtTexts } from './captureDoubts';
import { isLostAtLeast } from './gapText';
import { heldReferences, isHeld, isNotJudged, isOnlyPoisoned, reasonText } from './pageFacts';
import type { CaptureFacts } from './protocol';
import type { AnalysedCapture } from './readCapture';
import { isEmptyTrace, notTriedText, wasTried, whereText } from './triedAtAll';
import { unnamedFailures, unnamedFailuresText } from './unnamedFailures';
import type { PageNumbers } from './wording';

export function factsOf(
  id: string,
  { capture, analysis, analyser, part }: Pick<AnalysedCapture, 'capture' | 'analysis' | 'analyser' | 'part'>,
): CaptureFacts {
  const { pages, unreleased } = analysis;
  const isDump = analyser.pageEvents === 0 && capture.allocations !== null;
  const tried = { attempts: analyser.triedAttempts, pages: pages.length };
  return {
    id,
    path: capture.path,
    format: capture.format,
    beginning: beginningOf(capture),
    events: capture.events.length,
    stacks: capture.stackRecords,
    lost: capture.lost,
    lostAtLeast: isLostAtLeast(capture),
    gaps: capture.gaps.length,
    doubts: doubtTexts(capture),
    problems: capture.problemCount,
    pageEvents: analyser.pageEvents,
    isEmpty: isEmptyTrace(capture, part),
    attempts: tried.attempts,
    lookedThrough: whereText(capture, part),
    notTried: wasTried(tried) || isDump ? null : notTriedText(capture, part),
    tellsOfMoving: tellsOfMoving(capture),
    allocations: allocationCount(capture.allocations),
    ...countPages(pages),
    poisoned: countPages(pages.filter(isOnlyPoisoned)),
    pagesAtLeast: arePagesAtLeast(capture),
    unnamedFailures: unnamedFailuresText(unnamedFailures(analysis)),
    unreleasedPages: unreleased.length,
    kinds: kindCounts(analysis),
    reasons: countByPage(pages, ({ reason }) => reason),
    reasonTexts: countByPage(pages, reasonText),
    part,
    changed: null,
    symbolFile: null,
  };
}

/** By what the kernel recorded alone: names and what is concluded may change with symbols and rules. */
function beginningOf({ events, symbols, timeBase }: Capture): string {
  if (events.length === 0) return '';
  const time = events.time[0]!;
  return [
    Number.isFinite(time) ? timeBase + BigInt(Math.round(time)) : '',
    symbols.string(events.name[0]!),
    ...[events.cpu, events.pfn, events.count, events.val].map((column) => column[0]!),
  ].join(' ');
}

/** What marks say, with how many pages have a mark that says so. */
function countByPage<Said>(
  pages: readonly Page[],
  of: (mark: Mark) => Said,
): readonly (readonly [Said, number])[] {
  const counts = new Map<Said, number>();
  for (const page of pages) {
    for (const said of new Set(page.marks.map(of))) counts.set(said, (counts.get(said) ?? 0) + 1);
  }
  return [...counts];
}

/** Pages that failed to move or were poisoned, those that were never released, and those that were pinned for long. */
export function allPages({ pages, unreleased, pinned }: HolderAnalysis): readonly Page[] {
  return [...pages, ...unreleased, ...pinned];
}

function kindCounts(analysis: HolderAnalysis): readonly (readonly [Kind, number])[] {
  const counts = new Map<Kind, number>();
  for (const page of allPages(analysis)) {
    for (const { kind } of page.references) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].sort(([, one], [, other]) => other - one);
}

function countPages(pages: readonly Page[]): PageNumbers {
  const heldPages = pages.filter((page) => heldReferences(page).length > 0).length;
  const untracedPages = pages.filter(isHeld).length - heldPages;
  const unjudgedPages = pages.filter((page) => !isHeld(page) && isNotJudged(page)).length;
  return { pages: pages.length, heldPages, untracedPages, unjudgedPages };
}

/** What says who allocated a page, and no more. */
const OF_ALLOCATION: ReadonlySet<EventKind> = new Set([
  EventKind.Other,
  EventKind.PageAlloc,
  EventKind.PageFree,
  EventKind.PageFreeBatched,
]);

function tellsOfMoving({ events: { kind, length } }: Capture): boolean {
  for (let row = 0; row < length; row++) if (!OF_ALLOCATION.has(kind[row]!)) return true;
  return false;
}
