/**
 * Pages without a failure in the capture that were pinned for long and let go of, as files of Android's page_pinner say:
 * longterm_pinner names every pin that lasted longer than its threshold, whether or not anybody tried to move the page.
 */
import { EventKind, type Capture } from '../capture/eventTable';
import { pinnedAtLeast, stackTookPin } from '../capture/pinnedAtLeast';
import { knownByPut, type LedgerReference } from './ledgerReference';
import type { StackSites } from './stackSites';

/** PFNs with a record of that kind, in order. */
export function pinnedPfns(capture: Capture): readonly number[] {
  if (capture.format !== 'page-pinner') return [];
  const { events } = capture;
  const found = new Set<number>();
  for (let row = 0; row < events.length; row++) {
    if (isPinRecord(capture, row)) found.add(events.pfn[row]!);
  }
  return [...found].sort((a, b) => a - b);
}

/** What the records among the rows of a page tell of: references that are gone. */
export function pinReferences(
  capture: Capture,
  sites: StackSites,
  rows: Int32Array,
): readonly LedgerReference[] {
  if (capture.format !== 'page-pinner') return [];
  return [...rows].filter((row) => isPinRecord(capture, row)).map((row) => ofRecord(capture, sites, row));
}

function isPinRecord(capture: Capture, row: number): boolean {
  return capture.events.kind[row] === EventKind.PinPut && pinnedAtLeast(capture, row) !== null;
}

function ofRecord(capture: Capture, sites: StackSites, row: number): LedgerReference {
  const site = sites.of(capture.events.stack[row]!);
  // Of most files only the functions tell whether the stack is that of the get or of the put; a module alone does not.
  const isPut = site.release !== null && site.release.rule.kind !== 'driver';
  const isTaken = stackTookPin(capture, row) ? !isPut : site.release === null && site.acquire !== null;
  const named = isTaken ? site.acquire : site.release;
  const reference = knownByPut(row, site, {
    kind: named?.rule.kind ?? 'unknown',
    weight: 1,
    site: named,
    fromRow: 0,
    evidence: isTaken
      ? 'page_pinner says how long the page was pinned, and who had pinned it'
      : 'page_pinner says how long the page was pinned when this put came',
  });
  if (!isTaken) return reference;
  return {
    ...reference,
    acquireRow: row,
    // The record was made at the put, and has no stack of it.
    releaseRow: row,
    unseenBecause: 'page_pinner made its record at the put, without the stack of it',
    functionName: named?.functionName ?? site.holderFunction,
    confidence: named === null ? 'assumed' : 'rule',
  };
}
