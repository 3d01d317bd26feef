import type { Capture } from '../capture/eventTable';

/**
 * What must be added to the mapcount that a capture's page_ref events print to get the number of mappings.
 *
 * They print page_mapcount() up to 6.9 and the raw `_mapcount`, which is -1 without a mapping, from 6.10 on
 * ("trace/events/page_ref: trace the raw page mapcount value"). The kernel's release tells; without it, the events of
 * pages that cannot be mapped: a page that was just allocated, or any that prints -1.
 */
export interface MapcountBase {
  readonly base: 0 | 1;
  /** False where nothing in the capture tells: page_mapcount() is then assumed. */
  readonly isKnown: boolean;
}

/** What the events of a capture print as mapcount. */
interface PrintedMapcounts {
  /** Some print -1. */
  readonly minusOne: boolean;
  /** Some print 0 for a page that was just allocated. */
  readonly zeroWhenFresh: boolean;
}

export function mapcountBase(facts: Capture['facts'], printed: PrintedMapcounts): MapcountBase {
  if (printed.minusOne) return { base: 1, isKnown: true };
  if (printed.zeroWhenFresh) return { base: 0, isKnown: true };
  const release = facts.find(([name]) => name === 'kernel')?.[1];
  const version = /(\d+)\.(\d+)/.exec(release ?? '');
  if (version === null) return { base: 0, isKnown: false };
  const [major, minor] = [Number(version[1]), Number(version[2])];
  return { base: major > 6 || (major === 6 && minor >= 10) ? 1 : 0, isKnown: true };
}
