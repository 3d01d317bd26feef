/** What the page of the capture editor keeps, and for which capture. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { checkedState, keptFor, NOTHING_KEPT, type KeptState } from '../../../src/webview/keptState';

const LOOKED_AT: KeptState = {
  beginning: '100 page_ref_mod 0 1',
  filter: 'comm:cma*',
  understood: 'comm:cma*',
  use: 'find',
  columns: ['time', 'what'],
  row: 312,
  top: 300,
  sideways: 40,
  pfn: 0x12fad,
  range: { from: 10, to: 20 },
  hasBegun: true,
  split: 0.5,
  isPlumbingShown: true,
  detailsTop: 12,
};

test('what was selected and shown stays with a capture that begins as before: it may have grown', () => {
  assert.deepEqual(keptFor(LOOKED_AT, LOOKED_AT.beginning!), LOOKED_AT);
});

test('a capture without events may only not be read yet: nothing is dropped for it', () => {
  assert.deepEqual(keptFor(LOOKED_AT, ''), LOOKED_AT);
});

test('what was kept before anything was known of the capture stays', () => {
  const before = { ...LOOKED_AT, beginning: null };
  assert.deepEqual(keptFor(before, '100 page_ref_mod 0 1'), LOOKED_AT);
});

test('of another capture, what was typed and chosen stays, and rows, pages and times go', () => {
  const kept = keptFor(LOOKED_AT, '90 page_ref_set 1 2');
  const { row, top, pfn, range, hasBegun, detailsTop } = NOTHING_KEPT;
  assert.deepEqual(kept, {
    ...LOOKED_AT,
    beginning: '90 page_ref_set 1 2',
    ...{ row, top, pfn, range, hasBegun, detailsTop },
  });
});

test('what is kept is understood again, and what an older version kept is taken as it is', () => {
  assert.deepEqual(checkedState(JSON.parse(JSON.stringify(LOOKED_AT))), LOOKED_AT);
  const older = Object.fromEntries(Object.entries(LOOKED_AT).filter(([name]) => name !== 'beginning'));
  assert.deepEqual(checkedState(older), { ...LOOKED_AT, beginning: null });
  assert.deepEqual(checkedState({ ...LOOKED_AT, beginning: 5 }).beginning, null);
});
