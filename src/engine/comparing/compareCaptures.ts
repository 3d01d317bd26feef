/**
 * What became of the holders of one capture in another, as before and after a fix: by kind and code path, because PFNs
 * and times are others in every recording.
 */
import type { Capture } from '../../capture/eventTable';
import { isMemoryFailure } from '../../holders/attempts';
import type { Attempt, Page } from '../../holders/model';
import { doubtTexts } from '../captureDoubts';
import { isLostAtLeast } from '../gapText';
import { saysAllocationsAlone } from '../allocationsAlone';
import { pathText, PUT_PATH } from '../groupByHolder';
import { lastTime, timeSpan } from '../heldTime';
import { groupBy, totalsOf, type Holding } from '../holdings';
import type { HolderSource } from '../holderSource';
import {
  heldReferences,
  holdersText,
  isHeld,
  isNotJudged,
  isOnlyPoisoned,
  isPoisoning,
  kindText,
  mayBeHeld,
  untracedReferences,
} from '../pageFacts';
import type { CaptureFacts } from '../protocol';
import { spanText, type Clock } from '../timeText';
import { counted, type HeldNumbers, type PageNumbers } from '../wording';

/** One version of the JSON that `page-holders compare` prints: added to, never renamed. */
export interface Comparison {
  readonly version: 1;
  readonly before: ComparedCapture;
  readonly after: ComparedCapture;
  /**
   * Holders of the first capture alone, the worst first. They are gone only where the second one judges every page: see
   * its {@link ComparedCapture}.
   */
  readonly gone: readonly HolderTotals[];
  /** Holders of the second capture alone. */
  readonly appeared: readonly HolderTotals[];
  readonly changed: readonly HolderChange[];
  readonly unchanged: readonly HolderTotals[];
  /** What speaks against taking a difference for an effect, for people. */
  readonly doubts: readonly string[];
}

export interface ComparedCapture {
  readonly path: string;
  readonly clock: Capture['clock'];
  /** From the first event to the last, in ns or ticks; null where no event has a time. */
  readonly span: number | null;
  /** All attempts to move pages, those too that nothing kept from it. */
  readonly attempts: number;
  /** Those that are known to have failed, or met a page that did not move, whether or not they succeeded behind that. */
  readonly attemptsBlocked: number;
  /** Pages that failed to move or were poisoned, and how many of them somebody held, known or not. */
  readonly pages: number;
  readonly heldPages: number;
  /** Others of them of which the capture does not tell whether somebody did. They are no holder's, and not nobody's. */
  readonly unjudgedPages: number;
  /** Those of them that memory_failure() poisoned, and of which nothing says that they failed to move. */
  readonly poisoned: HeldNumbers;
  /** There may be more pages that failed to move than {@link pages}: what would tell them is not in the capture. */
  readonly pagesAtLeast: boolean;
  /** What attempts report of failures that name no page, for people; null where none does. */
  readonly unnamedFailures: string | null;
  readonly lost: number;
  /** More were lost than that. */
  readonly lostAtLeast: boolean;
  /** What is missing from the capture, so that answers may be wrong, a sentence each. */
  readonly doubts: readonly string[];
}

/** What pages were kept by: a kind of reference and the code that takes it, or why none is to blame. */
export interface HolderTotals {
  /** As rows name it: `pipe buffer`, `untraced`, `nobody`, `unclear`. */
  readonly kind: string;
  /** The function in which it is taken, or put; for `nobody` and `unclear` the cause. */
  readonly path: string;
  readonly pages: number;
  readonly references: number;
  readonly stillHeld: number;
  readonly attemptsBlocked: number;
  /** In ns or ticks; null where the capture does not tell. */
  readonly longest: number | null;
  readonly total: number | null;
  /** Times may have been longer: the get or the put of some reference is not in the capture. */
  readonly isLeast: boolean;
  /** Of {@link references}, those whose get and put are matched without the capture saying so. */
  readonly assumedMatches: number;
}

export interface HolderChange {
  readonly before: HolderTotals;
  readonly after: HolderTotals;
}

export function compareCaptures(before: HolderSource, after: HolderSource): Comparison {
  const [old, now] = [holdersOf(before), holdersOf(after)];
  const keys = new Map([...old, ...now].map((each) => [keyOf(each), each]));
  const find = (holders: readonly HolderTotals[], key: string): HolderTotals | undefined =>
    holders.find((each) => keyOf(each) === key);
  const gone: HolderTotals[] = [];
  const appeared: HolderTotals[] = [];
  const changed: HolderChange[] = [];
  const unchanged: HolderTotals[] = [];
  for (const key of keys.keys()) {
    const [one, other] = [find(old, key), find(now, key)];
    if (one === undefined) appeared.push(other!);
    else if (other === undefined) gone.push(one);
    else if (isSame(one, other, after.capture.clock)) unchanged.push(other);
    else changed.push({ before: one, after: other });
  }
  const sides = [comparedCapture(before), comparedCapture(after)] as const;
  return {
    version: 1,
    before: sides[0],
    after: sides[1],
    gone: gone.sort(worstFirst),
    appeared: appeared.sort(worstFirst),
    changed: changed.sort((a, b) => worstFirst(a.after, b.after)),
    unchanged: unchanged.sort(worstFirst),
    doubts: [...notTriedDoubts(before, after), ...doubtsOf(...sides), ...sameKindDoubts(gone, appeared)],
  };
}

function comparedCapture({ capture, analysis, facts }: HolderSource): ComparedCapture {
  const { attempts, pages } = analysis;
  const blocked = blockedAttempts(pages);
  const span = timeSpan(capture);
  return {
    path: capture.path,
    clock: capture.clock,
    span: span === null ? null : span.last - span.first,
    attempts: facts.attempts,
    attemptsBlocked: attempts.filter((attempt) => isBlocked(attempt, blocked)).length,
    ...numbersOf(facts),
    poisoned: numbersOf(facts.poisoned),
    pagesAtLeast: facts.pagesAtLeast,
    unnamedFailures: facts.unnamedFailures,
    lost: capture.lost,
    lostAtLeast: isLostAtLeast(capture),
    doubts: doubtTexts(capture),
  };
}

/** Here what no event explains is held, too. */
function numbersOf({ pages, heldPages, untracedPages, unjudgedPages }: PageNumbers): HeldNumbers {
  return { pages, heldPages: heldPages + untracedPages, unjudgedPages };
}

/** Whether nobody is known to hold it, and nobody can be said to. */
function isUnknown(page: Page): boolean {
  return isNotJudged(page) && !isHeld(page);
}

function isBlocked(attempt: Attempt, blocked: ReadonlySet<number>): boolean {
  return blocked.has(attempt.id) || (attempt.result === 'failed' && !isMemoryFailure(attempt));
}

function blockedAttempts(pages: readonly Page[]): ReadonlySet<number> {
  return new Set(
    pages.flatMap(({ marks }) => marks.filter((mark) => !isPoisoning(mark)).map(({ attempt }) => attempt)),
  );
}

/** Whether nothing kept it, or its memory failure from being done with: it is no holder's, and did not fail to move. */
function isPoisonedAlone(page: Page): boolean {
  return isOnlyPoisoned(page) && !mayBeHeld(page);
}

function holdersOf({ capture, analysis }: HolderSource): readonly HolderTotals[] {
  const { pages } = analysis;
  const end = lastTime(capture);
  const holdings = pages.flatMap((page): readonly Holding[] =>
    heldReferences(page).map((reference) => ({ page, reference })),
  );
  const held = groupBy(holdings, ({ reference }) => `${kindText(reference)}\0${pathText(reference)}`).map(
    ([key, items]): HolderTotals => {
      const [kind = '', path = ''] = key.split('\0');
      const { pages: count, stillHeld, attempts, longest, total, assumed } = totalsOf(items, end);
      return {
        kind,
        path,
        pages: count,
        references: items.length,
        stillHeld,
        attemptsBlocked: attempts,
        longest: longest?.span ?? null,
        total: longest === null ? null : total,
        isLeast: longest?.isLeast === true,
        assumedMatches: assumed,
      };
    },
  );
  const untraced = pages.filter((page) => untracedReferences(page) > 0);
  const free = groupBy(
    pages.filter((page) => !isHeld(page) && !isUnknown(page) && !isPoisonedAlone(page)),
    holdersText,
  );
  return [
    ...held,
    ...(untraced.length > 0 ? [withoutHolder('untraced', 'no event explains them', untraced)] : []),
    ...free.map(([text, kept]) => {
      const [, kind = 'nobody', cause = text] = /^(nobody|unclear): (.*)$/.exec(text) ?? [];
      return withoutHolder(kind, cause, kept);
    }),
  ];
}

/** Pages that are kept by what no reference of the capture is. */
function withoutHolder(kind: string, path: string, pages: readonly Page[]): HolderTotals {
  return {
    kind,
    path,
    pages: pages.length,
    references: pages.reduce((sum, page) => sum + untracedReferences(page), 0),
    stillHeld: 0,
    attemptsBlocked: blockedAttempts(pages).size,
    longest: null,
    total: null,
    isLeast: false,
    assumedMatches: 0,
  };
}

function keyOf({ kind, path }: HolderTotals): string {
  return `${kind}\0${path}`;
}

/** Times are the same as far as they are shown: formats have ns, µs or less of one recording. */
function isSame(one: HolderTotals, other: HolderTotals, clock: Clock): boolean {
  const shown = (holder: HolderTotals): HolderTotals & { readonly times: readonly string[] } => ({
    ...holder,
    longest: null,
    total: null,
    times: [holder.longest, holder.total].map((span) => (span === null ? '' : spanText(span, clock))),
  });
  return JSON.stringify(shown(one)) === JSON.stringify(shown(other));
}

/** Of one holder a capture with its gets and one without them know different functions. */
function sameKindDoubts(gone: readonly HolderTotals[], appeared: readonly HolderTotals[]): readonly string[] {
  const isByPut = ({ path }: HolderTotals): boolean => path.startsWith(PUT_PATH);
  const kinds = gone
    .filter((one) => appeared.some((other) => other.kind === one.kind && isByPut(one) !== isByPut(other)))
    .map(({ kind }) => kind);
  return [...new Set(kinds)].map(
    (kind) =>
      `${kind} is gone by its get and new by its put, or the other way: one capture has no gets, and both may be the same holder.`,
  );
}

function worstFirst(a: HolderTotals, b: HolderTotals): number {
  return b.attemptsBlocked - a.attemptsBlocked || b.pages - a.pages || (b.total ?? 0) - (a.total ?? 0);
}

/** Of a capture that tells nothing of pages that do not move. */
export function whyNotCompared(facts: CaptureFacts): string {
  const says = saysAllocationsAlone(facts)
    ? 'it tells who allocated pages, and nothing of who kept them from moving.'
    : 'no event of it tells of references to pages or of attempts to move them.';
  return `${facts.path} cannot be compared: ${says} Expected a trace with page_ref, page_pin_owner, migrate, cma or the like.`;
}

/** A difference of this factor in what was tried or how long is worth a word. */
const NOTABLE = 2;

function notTriedDoubts(before: HolderSource, after: HolderSource): readonly string[] {
  const sides = [
    ['Before', before.facts.notTried],
    ['After', after.facts.notTried],
  ] as const;
  return sides.flatMap(([name, text]) => (text === null ? [] : [`${name}: ${text}.`]));
}

function doubtsOf(before: ComparedCapture, after: ComparedCapture): readonly string[] {
  const doubts: string[] = [];
  for (const [name, { unjudgedPages }] of [
    ['Before', before],
    ['After', after],
  ] as const) {
    if (unjudgedPages === 0) continue;
    doubts.push(
      `${name}: ${counted(unjudgedPages, 'page')} could not be judged, and may have been kept by what is not seen there.`,
    );
  }
  for (const [name, { unnamedFailures }] of [
    ['Before', before],
    ['After', after],
  ] as const) {
    if (unnamedFailures === null) continue;
    doubts.push(
      `${name}: ${unnamedFailures}, and no page of these attempts is named: what kept them is not known.`,
    );
  }
  for (const { path, doubts: ofSide } of [before, after]) {
    for (const doubt of ofSide) doubts.push(`${path}: ${doubt}.`);
  }
  if (before.clock !== after.clock) {
    doubts.push('One clock counts ns, the other ticks: times cannot be compared.');
  } else if (ratio(before.span, after.span) >= NOTABLE) {
    doubts.push('The captures are of very different length: compare what each attempt met, not the totals.');
  }
  if (before.attempts > 0 && after.attempts > 0 && ratio(before.attempts, after.attempts) >= NOTABLE) {
    doubts.push('Much more was tried in one than in the other: totals differ by that alone.');
  }
  return doubts;
}

function ratio(a: number | null, b: number | null): number {
  if (a === null || b === null || Math.min(a, b) <= 0) return 1;
  return Math.max(a, b) / Math.min(a, b);
}
