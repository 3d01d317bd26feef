/** A page in a few lines: what is said of it where its PFN stands in a text. */
import type { Mark, Page, Reference } from '../holders/model';
import type { HolderSource } from './holderSource';
import { HolderRows } from './holderTree';
import { NO_FILTER } from './holdersQuery';
import { covers } from './holderMatcher';
import { isAtEnd, pfnText, sumText } from './pageFacts';
import type { PageInShort } from './protocol';
import { pointText } from './timeText';
import { fromEnd, fromMarks } from './vantage';
import { joined } from './wording';

/** More of them are counted. */
const MOST_HOLDERS = 8;

/** Null when no event tells of the page's references. */
export function pageInShort(source: HolderSource, pfn: number): PageInShort | null {
  const { analysis, pageOf, id } = source;
  const page = analysis.pages.find((each) => covers(each, pfn)) ?? pageOf(pfn);
  if (page === null) return null;
  const rows = new HolderRows(source, NO_FILTER);
  const isMarked = !isAtEnd(page);
  const { label, description } = (isMarked ? rows.page(id, page, false) : rows.pageAtEnd(id, page)).node;
  const held = page.references.filter(({ role, weight }) => role === 'held' && weight > 0);
  // The sum is that of one mark: whoever let the page go before it is not among those that it counts.
  const lastMark = page.marks.length - 1;
  const last = page.marks.at(-1);
  const listed = held.filter(({ openAt }) => openAt.length === 0 || openAt.includes(lastMark));
  return {
    label: joined([label, isMarked ? null : 'at the end of the capture']),
    description,
    sum: last === undefined ? null : sumText(last),
    markTime: last === undefined || !Number.isFinite(last.time) ? null : timeOfMark(source, last),
    holders: listed.slice(0, MOST_HOLDERS).map((reference) => holderLine(rows, page, reference)),
    moreHolders: Math.max(0, listed.length - MOST_HOLDERS),
    heldAtOtherMarks: held.length - listed.length,
    node: isMarked ? `${id}/${pfnText(page.pfn)}` : null,
  };
}

function timeOfMark({ capture: { timeBase, clock, resolution } }: HolderSource, { time }: Mark): string {
  return pointText(time, timeBase, clock, resolution);
}

function holderLine(rows: HolderRows, page: Page, reference: Reference): string {
  const { capture } = rows.source;
  const last = page.marks.at(-1);
  const vantage = last === undefined ? fromEnd(capture, rows.end) : fromMarks(capture, [last]);
  const { label, description } = rows.references.row('', page, reference, vantage).node;
  return joined([label, description]);
}
