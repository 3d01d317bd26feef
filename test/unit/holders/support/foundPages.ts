import assert from 'node:assert/strict';
import { analyseHolders } from '../../../../src/holders/analyseHolders';
import type { Page, Reference } from '../../../../src/holders/model';
import { captureOf, type EventText } from '../../support/traceText';

/** The one page that failed to move in these events. */
export async function onlyPage(events: readonly EventText[]): Promise<Page> {
  const { pages } = analyseHolders(await captureOf(events));
  assert.equal(pages.length, 1);
  return pages[0]!;
}

export function heldOf(page: Page): readonly Reference[] {
  return page.references.filter(({ role }) => role === 'held');
}
