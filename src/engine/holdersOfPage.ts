/** Who holds a page, in the few words of its row and in the lines of the row's tooltip. */
import type { Page, Reference } from '../holders/model';
import { heldTime } from './heldTime';
import { isStillHeld, kindsText } from './pageFacts';
import type { ReferenceRows } from './referenceRows';
import type { Tooltip } from './protocol';
import type { Vantage } from './vantage';
import { counted, joined } from './wording';

/** As many holders as a tooltip has room for. */
const SHOWN_HOLDERS = 5;

/**
 * `2 × pipe buffer, GUP pin · vmsplice · owner-225 and 2 others`: the kinds, that of the decisive reference first, and
 * what {@link decisiveText} says.
 *
 * @param held references that somebody held
 * @param end last time of the capture
 */
export function holdersOfRow(
  rows: ReferenceRows,
  page: Page,
  held: readonly Reference[],
  end: number,
): string {
  const [first] = decisiveFirst(page, held, end);
  return joined([kindsText(held, first), decisiveText(rows, page, held, end)]);
}

/** Function and task of the decisive reference, and how many others there are: `vmsplice · owner-225 and 2 others`. */
export function decisiveText(
  rows: ReferenceRows,
  page: Page,
  held: readonly Reference[],
  end: number,
): string {
  const [first] = decisiveFirst(page, held, end);
  const named = first === undefined ? '' : rows.where(first);
  const others = new Set(held.map((each) => rows.where(each))).size - 1;
  return named === '' || others === 0 ? named : `${named} and ${counted(others, 'other')}`;
}

/** A row of a tooltip for each holder, the decisive first, as far as there is room. */
export function holdersOfTooltip(
  rows: ReferenceRows,
  page: Page,
  held: readonly Reference[],
  end: number,
  vantage: Vantage,
): Tooltip['rows'] {
  const shown = decisiveFirst(page, held, end).slice(0, SHOWN_HOLDERS);
  const left = held.length - shown.length;
  return [
    ...shown.map((reference) => ['Holder', rows.inOneLine(page, reference, vantage)] as const),
    ...(left > 0 ? [['Holders not listed', String(left)] as const] : []),
  ];
}

/** What is still held keeps the page where it is; of several, what was held longest. */
function decisiveFirst(page: Page, held: readonly Reference[], end: number): readonly Reference[] {
  return held
    .map((reference) => ({
      reference,
      isStill: isStillHeld(reference),
      span: heldTime(page, reference, end)?.span ?? -1,
    }))
    .sort((a, b) => Number(b.isStill) - Number(a.isStill) || b.span - a.span)
    .map(({ reference }) => reference);
}
