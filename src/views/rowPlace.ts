/** What a row of the Holders view speaks of: a place in the capture editor, a page, an event; else the rows above it do. */
import type { CapturePlace, NodeKind } from '../engine/protocol';
import type { Row } from './rows';

/** An event by its capture and its row in that. */
export interface EventId {
  readonly capture: string;
  readonly row: number;
}

/** What a row speaks of, or else the row that it was opened from. */
export function placeOf(row: Row): { readonly capture: string; readonly place: CapturePlace } | null {
  for (let each: Row | null = row; each !== null; each = each.parent) {
    const { place } = each.node;
    if (place !== null) return { capture: captureOf(each), place };
  }
  return null;
}

/** The page of a row, or of the row that it stands below. */
export function pageOf(row: Row): number | null {
  for (let each: Row | null = row; each !== null; each = each.parent) {
    const pfn = each.node.place?.pfn ?? null;
    if (pfn !== null) return pfn;
  }
  return null;
}

const OF_EVENT: ReadonlySet<NodeKind> = new Set([
  'event',
  'acquired',
  'released',
  'mark',
  'reference',
  'allocation',
]);

/** The event that a row speaks of, or that the stack is of which a frame stands in. */
export function eventOf(row: Row): EventId | null {
  let each: Row | null = row;
  while (each?.node.kind === 'frame' || each?.node.kind === 'frames') each = each.parent;
  if (each === null || !OF_EVENT.has(each.node.kind)) return null;
  const found = each.node.place?.row ?? null;
  return found === null ? null : { capture: captureOf(each), row: found };
}

/** Ids are paths that begin with that of the capture. */
function captureOf({ node }: Row): string {
  return node.id.split('/', 1)[0]!;
}
