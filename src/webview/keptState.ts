/** What the page keeps when it is hidden or the window is reloaded. */
import type { EventColumnId, FilterUse, TimeRange } from '../engine/eventProtocol';

export interface KeptState {
  /** First event of the capture that all this is of; null before it was known. */
  readonly beginning: string | null;
  readonly filter: string;
  /** The last filter that was understood, by which the list is as long as there is a mistake in the other. */
  readonly understood: string;
  readonly use: FilterUse;
  /** Columns that are shown; null before anybody chose. */
  readonly columns: readonly EventColumnId[] | null;
  /** Row of the capture that is selected. */
  readonly row: number | null;
  /** Rows of the list above what is seen of it, and the part of one; null for wherever the selected row is seen. */
  readonly top: number | null;
  /** Pixels of the list left of what is seen of it. */
  readonly sideways: number;
  /** Page that the timeline shows the count of. */
  readonly pfn: number | null;
  /** What the timeline shows; null for the whole. */
  readonly range: TimeRange | null;
  /** The timeline was once shown where the marks are; since then it is for whoever looks to say what it shows. */
  readonly hasBegun: boolean;
  /** Part of the width that the list has, from 0 to 1. */
  readonly split: number;
  /** Frames that only count references are unfolded. */
  readonly isPlumbingShown: boolean;
  /** Pixels of the details above what is seen of them. */
  readonly detailsTop: number;
}

export const NOTHING_KEPT: KeptState = {
  beginning: null,
  filter: '',
  understood: '',
  use: 'filter',
  columns: null,
  row: null,
  top: null,
  sideways: 0,
  pfn: null,
  range: null,
  hasBegun: false,
  split: 0.66,
  isPlumbingShown: false,
  detailsTop: 0,
};

/** What was kept may be of another version of the extension: only what is known is taken. */
export function checkedState(kept: unknown): KeptState {
  if (typeof kept !== 'object' || kept === null) return NOTHING_KEPT;
  const {
    beginning,
    filter,
    understood,
    use,
    columns,
    row,
    top,
    sideways,
    pfn,
    range,
    hasBegun,
    split,
    isPlumbingShown,
    detailsTop,
  } = kept as Readonly<Record<string, unknown>>;
  return {
    beginning: typeof beginning === 'string' ? beginning : null,
    filter: typeof filter === 'string' ? filter : '',
    understood: typeof understood === 'string' ? understood : '',
    use: use === 'find' ? 'find' : 'filter',
    columns: Array.isArray(columns) ? columns.filter((each) => typeof each === 'string').map(columnId) : null,
    row: wholeNumber(row),
    top: place(top),
    sideways: place(sideways) ?? 0,
    pfn: wholeNumber(pfn),
    range: checkedRange(range),
    hasBegun: hasBegun === true,
    split: typeof split === 'number' && split >= 0.2 && split <= 0.9 ? split : NOTHING_KEPT.split,
    isPlumbingShown: isPlumbingShown === true,
    detailsTop: place(detailsTop) ?? 0,
  };
}

/**
 * What is kept for a capture that begins like that. Of one that begins with another event, rows, pages and times mean
 * something else, and are kept no more; what somebody typed and how the page is laid out is. Nothing is known of a
 * capture without events, which may only not be read yet.
 *
 * @param beginning as the header of the capture has it
 */
export function keptFor(kept: KeptState, beginning: string): KeptState {
  if (beginning === '' || beginning === kept.beginning) return kept;
  if (kept.beginning === null) return { ...kept, beginning };
  const { row, top, pfn, range, hasBegun, detailsTop } = NOTHING_KEPT;
  return { ...kept, beginning, row, top, pfn, range, hasBegun, detailsTop };
}

/** A name that is no column any more matches none. */
function columnId(name: string): EventColumnId {
  return name as EventColumnId;
}

function wholeNumber(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function place(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function checkedRange(value: unknown): TimeRange | null {
  if (typeof value !== 'object' || value === null) return null;
  const { from, to } = value as Readonly<Record<string, unknown>>;
  if (typeof from !== 'number' || typeof to !== 'number' || !(from < to)) return null;
  return { from, to };
}
