/** What an event is of, as rows of the holders tree have it for their place: a mark, a reference, or the page alone. */
import { NONE } from '../capture/eventTable';
import type { Page, Reference } from '../holders/model';
import type { EventSource } from './eventQueries';
import { groupMarks } from './markGroups';
import type { CapturePlace } from './protocol';

export function placeOfEvent({ capture, analyser }: EventSource, row: number): CapturePlace | null {
  const pfn = capture.events.pfn[row] ?? NONE;
  if (pfn < 0 || row >= capture.events.length) return null;
  const page = analyser.page(pfn);
  return { pfn, row: page === null ? null : (rowOfMark(page, row) ?? rowOfReference(page, row)) };
}

/** Where a reference began, or as much as the capture has of it. */
export function placeOfReference({ acquired, released }: Reference): number | null {
  return acquired?.row ?? released?.row ?? null;
}

/** An event may hand the page on: it is then the put of one reference and the get of the next. */
function rowOfReference({ references }: Page, row: number): number | null {
  const taken = references.find(({ acquired }) => acquired?.row === row);
  const reference = taken ?? references.find(({ released }) => released?.row === row);
  return reference === undefined ? null : placeOfReference(reference);
}

/** Marks that say the same are one row of the tree, which stands at the first of them. */
function rowOfMark(page: Page, row: number): number | null {
  const group = groupMarks(page).find(({ marks }) =>
    marks.some(({ evidence }) => evidence.some((event) => event.row === row)),
  );
  return group?.marks[0]?.row ?? null;
}
