/** What a page's analysis comes to, in numbers and few words. */
import { EventKind } from '../capture/eventTable';
import { isSet } from '../holders/countChange';
import { KIND_LABEL } from '../holders/kindLabel';
import type { Mark, Page, PfnRange, Reference, UnreleasedPage } from '../holders/model';
import type { NodeMood } from './protocol';

export function pfnText(pfn: number): string {
  return `0x${pfn.toString(16)}`;
}

/** `0x12800..0x12fff` */
export function pfnRangeText({ first, last }: PfnRange): string {
  return `${pfnText(first)}..${pfnText(last)}`;
}

/** Whether a page_ref_set with these numbers sets the refcount, and does not mark the page for who debugs. */
export function setsRefcount(val: number, count: number): boolean {
  return isSet(EventKind.PageRefSet, val, count);
}

/** A page without a mark: its roles are as of the end of the capture. */
export function isAtEnd(page: Page | UnreleasedPage): page is UnreleasedPage {
  return 'lastRow' in page;
}

/** References that somebody held while the page could not move, explanations (weight 0) left out. */
export function heldReferences(page: Page): readonly Reference[] {
  return page.references.filter((reference) => reference.role === 'held' && reference.weight > 0);
}

/** References of weight 0: why a page does not move although nobody holds it. */
export function explanations(page: Page): readonly Reference[] {
  return page.references.filter((reference) => reference.weight === 0);
}

/**
 * Whether memory_failure() said this of a page with an error in its memory: it poisons the page and gets rid of it where
 * it stands, and moves none (mm/memory-failure.c). Soft offline does move pages, and has marks of other sources.
 */
export function isPoisoning({ source }: Mark): boolean {
  return source === 'memory-failure';
}

/** Whether the page was poisoned, and nothing says that it failed to move. */
export function isOnlyPoisoned({ marks }: Page): boolean {
  return marks.length > 0 && marks.every(isPoisoning);
}

/** Whether the capture has no event of the page, or its count and nothing that tells its references apart. */
export function isNotJudged(page: Page): boolean {
  return page.marks.some(({ held, cause }) => held === null && cause === 'unknown');
}

/** Whether a mark has a count whose parts are not known: its references have no function names. */
export function isMarkNotJudged({ count, held }: Mark): boolean {
  return count !== null && held === null;
}

/**
 * Whether a reference was open at marks of which only the count is judged. Of kinds that migration accounts for it is
 * expected all the same; of a kind that no function names, nothing says that.
 */
export function isReferenceNotJudged({ role, kind }: Reference): boolean {
  return role === 'expected' && kind === 'unknown';
}

/** Whether somebody holds it, known or not. */
export function isHeld(page: Page): boolean {
  return heldReferences(page).length > 0 || untracedReferences(page) > 0;
}

/** Whether somebody holds it, or may: its references were not told apart, or their sum says too little. */
export function mayBeHeld(page: Page): boolean {
  return isHeld(page) || isNotJudged(page) || isUnclear(page);
}

/** References that the counts show at some mark and no event of the capture explains. */
export function untracedReferences(page: Page): number {
  return page.marks.reduce((most, mark) => Math.max(most, mark.untraced ?? 0), 0);
}

/** Whether page dumps alone tell of it, which no event of a get or put stands beside. */
export function isOfDumps({ marks }: Page): boolean {
  return marks.every(({ dumpedBecause }) => dumpedBecause !== null);
}

export function isStillHeld(reference: Reference): boolean {
  return reference.released === null && !reference.releasedUnseen;
}

/**
 * Whether several gets and puts fit each other, and the capture does not say which ones belong together. Of what nothing
 * let go of, and of which no put may have been, no put was matched: there only the kind may be assumed.
 */
export function isMatchAssumed(reference: Reference): boolean {
  const { confidence, mayBeGone, gapsMeanwhile } = reference;
  const isMatched = !isStillHeld(reference) || mayBeGone === true || gapsMeanwhile !== undefined;
  return confidence === 'assumed' && isMatched;
}

/** `match assumed`, `3 of 12 matches assumed`; null where none is, as what is known need not be said to be. */
export function assumedText(assumed: number, references: number): string | null {
  if (assumed === 0) return null;
  return references === 1 ? MATCH_ASSUMED : `${assumed} of ${references} matches assumed`;
}

export const MATCH_ASSUMED = 'match assumed';

/** @param isPart more of the capture is still to be read */
export function stillHeldText(isPart: boolean): string {
  return isPart ? 'not released so far' : 'still held';
}

/** What such a reference is called: by its rule or module, else by its kind. */
export function kindText({ kind, label }: Reference): string {
  return label ?? KIND_LABEL[kind];
}

export function pageMood(page: Page): NodeMood {
  const held = heldReferences(page);
  if (held.length > 0) return heldMood(held);
  return untracedReferences(page) > 0 ? 'doubt' : 'plain';
}

/** @param held references that somebody held, at least one */
export function heldMood(held: readonly Reference[]): NodeMood {
  return held.some(isStillHeld) ? 'still-held' : 'held';
}

/** `held by 2`, `held by 2 in turn`, with what the counts show beyond it; of a page that nobody held, why it did not move. */
export function holdersText(page: Page): string {
  const held = heldReferences(page);
  const untraced = untracedReferences(page);
  if (held.length > 0) {
    const most = mostAtOnce(page, held);
    const inTurn = most === held.length ? '' : most === 1 ? ' in turn' : `, at most ${most} at once`;
    return `held by ${held.length}${inTurn}${untraced > 0 ? ` + ${untraced} untraced` : ''}`;
  }
  if (untraced > 0) return `${untraced} untraced`;
  if (isNotJudged(page)) return 'not judged';
  const causes = causesText(page.marks);
  if (causes === '') return 'no reference too many';
  return isUnclear(page) ? `unclear: ${causes}` : `nobody: ${causes}`;
}

/** How many of the references that somebody held were open at one mark at most: marks may be of several lives of the page. */
function mostAtOnce({ marks }: Page, held: readonly Reference[]): number {
  // References whose page has no mark were open together at the end.
  if (marks.length === 0) return held.length;
  const open = new Int32Array(marks.length);
  for (const { openAt } of held) for (const mark of openAt) open[mark]!++;
  return open.reduce((most, count) => Math.max(most, count), 1);
}

/** Whether the count may be too high at some mark, by what the capture does not tell. */
export function isUnclear(page: Page): boolean {
  return page.marks.some(({ cause, causeDetail }) => cause === 'unknown' && causeDetail !== null);
}

/** `perhaps busy buffer heads, on no LRU list`: why the page did not move at marks where no reference kept it. */
export function causesText(marks: readonly Mark[]): string {
  return [...new Set(marks.flatMap(({ causeDetail }) => causeDetail ?? []))].join(', ');
}

export function reasonsText(page: Page): string {
  return [...new Set(page.marks.map(reasonText))].join(', ');
}

/** The migrate reason; where the capture does not say it, what else the kernel says of why. */
export function reasonText({ reason, dumpedBecause }: Mark): string {
  return reason ?? dumpedBecause ?? 'reason unknown';
}

/**
 * `2 × pipe buffer, GUP pin`: the kinds with their number, most frequent first.
 *
 * @param first the one whose kind is named before the others, however few there are of it
 */
export function kindsText(references: readonly Reference[], first: Reference | null = null): string {
  const counts = new Map<string, number>();
  for (const reference of references) {
    const name = kindText(reference);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const firstName = first === null ? null : kindText(first);
  return [...counts]
    .sort(
      ([one, ofOne], [other, ofOther]) =>
        Number(other === firstName) - Number(one === firstName) || ofOther - ofOne,
    )
    .map(([name, count]) => (count > 1 ? `${count} × ${name}` : name))
    .join(', ');
}

/** The refcount and its parts, the answer first: `refcount 3 = 1 held + 1 isolation + 1 page cache`. */
export function sumText(mark: Mark): string {
  if (mark.count === null) return 'refcount not in the capture';
  const parts = [
    ...part(mark.held, 'held'),
    ...part(mark.untraced, 'untraced'),
    ...mark.expectedTerms.map(termText),
  ];
  return parts.length === 0 ? `refcount ${mark.count}` : `refcount ${mark.count} = ${parts.join(' + ')}`;
}

function part(count: number | null, name: string): readonly string[] {
  return count === null || count === 0 ? [] : [`${count} ${name}`];
}

/** How many tail pages are named in a row: test_pages_isolated may name another one at each retry. */
const SHOWN_TAILS = 3;

/** `tail page 0x12e05`; null where events name the page itself. PG_hwpoison and unpoisoning are of one page of a folio. */
export function tailsText(marks: readonly Mark[], most = SHOWN_TAILS): string | null {
  const tails = [...new Set(marks.flatMap(({ tailPfns }) => tailPfns))].sort((a, b) => a - b);
  if (tails.length === 0) return null;
  const shown = tails.slice(0, most).map(pfnText).join(', ');
  const more = tails.length > most ? ` and ${tails.length - most} more` : '';
  return `tail page${tails.length === 1 ? '' : 's'} ${shown}${more}`;
}

/** `1 isolation` */
export function termText(term: Mark['expectedTerms'][number]): string {
  return /^\d/.test(term.label) ? term.label : `${term.count} ${term.label}`;
}
