import { ABSENT, EventKind, type EventTable } from '../capture/eventTable';
import { isOffliningOf } from './offlinedMemory';

/**
 * How a page_ref event changes the refcount, from include/trace/events/page_ref.h and mm/debug_page_ref.c.
 * Set, freeze and unfreeze replace the count and are handled where the count is known: they give 0 here.
 */
export function countChange(events: EventTable, row: number): number {
  return changeBy(events.kind[row]!, events.val[row]!, events.ret[row]!);
}

/** {@link countChange} of an event with these cells. */
export function changeBy(kind: number, val: number, ret: number): number {
  if (val === ABSENT) return 0;
  switch (kind as EventKind) {
    case EventKind.PageRefMod:
    case EventKind.PageRefModAndTest:
    case EventKind.PageRefModAndReturn:
      return val;
    case EventKind.PageRefModUnless:
      return ret === 0 ? 0 : val;
    default:
      return 0;
  }
}

/** Whether the event is one of page_ref's own. */
export function isPageRef(kind: number): boolean {
  return kind >= EventKind.PageRefSet && kind <= EventKind.PageRefUnfreeze;
}

/** How far the count may be from what it was set to by references that others take in between. */
const SET_RACE = 16;

/**
 * Whether the event gives a page its first count. People who debug also call trace_page_ref_set with a value of their
 * own (888, 999) to mark the pages that they are after: then the count is another one, and nothing was set.
 */
export function setsCount(events: EventTable, row: number): boolean {
  return isSet(events.kind[row]!, events.val[row]!, events.count[row]!);
}

/** {@link setsCount} of an event with these cells. */
export function isSet(kind: number, val: number, count: number): boolean {
  if (kind !== EventKind.PageRefSet) return false;
  return val <= 1 || count === ABSENT || Math.abs(count - val) <= SET_RACE;
}

/** Whether the event sets the count of a page that had none: whoever allocates it has all of it. */
export function givesFirstCount(events: EventTable, row: number): boolean {
  return setsCount(events, row) && events.val[row]! > 0;
}

/** Whether the event is that of a page given back to the allocator. */
export function isFree(kind: number): boolean {
  return kind === EventKind.PageFree || kind === EventKind.PageFreeBatched;
}

/** Whether the refcount reached zero: that ends the life of a page too, and stands where mm_page_free is not recorded. */
export function reachesZero(events: EventTable, row: number): boolean {
  return isLastPut(events.kind[row]!, events.ret[row]!);
}

/** {@link reachesZero} of an event with these cells. */
export function isLastPut(kind: number, ret: number): boolean {
  return kind === EventKind.PageRefModAndTest && ret === 1;
}

/** Whether the references up to an event are over with it: the page is free, or its count begins anew. */
export function endsLife(events: EventTable, row: number): boolean {
  const kind = events.kind[row]!;
  if (kind === EventKind.PageRefSet) return setsCount(events, row) && events.val[row]! <= 0;
  return isFree(kind) || reachesZero(events, row) || isOffliningOf(kind);
}

/** Whether nothing of what was open before an event counts behind it. */
export function replacesLife(events: EventTable, row: number): boolean {
  return setsCount(events, row) || endsLife(events, row);
}
