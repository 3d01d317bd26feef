import assert from 'node:assert/strict';
import test from 'node:test';
import { compareCaptures } from '../../../src/engine/comparing/compareCaptures';
import { compareText } from '../../../src/engine/comparing/compareText';
import { longestHeld } from '../../../src/engine/heldTime';
import { timesText, totalsOf } from '../../../src/engine/holdings';
import type { Reference } from '../../../src/holders/model';
import { captureOf } from '../support/traceText';
import { end, mark, page, reference, source } from './support/pages';

/** Last time of the capture, in ns; rows are a millisecond apart. */
const END = 520e6;
const LONG = reference({ acquired: end(10), released: end(512) });
const SHORT = reference({ acquired: end(500), released: end(502) });
const STILL_HELD = reference({ acquired: end(518), released: null });
const OLDER_THAN_CAPTURE = reference({ acquired: null, released: end(514) });

function held(...references: readonly Reference[]): string {
  const of = page([mark({ row: 511 })], references);
  const holdings = references.map((each) => ({ page: of, reference: each }));
  return timesText(totalsOf(holdings, END), 'ns');
}

test('where every get and put is in the capture, the longest and the total are what they are', () => {
  assert.equal(held(LONG, SHORT), 'longest 502 ms · total 504 ms · 1 attempt blocked');
});

test('what is still held, or was before the capture, may become the longest, and adds to the total', () => {
  assert.equal(
    held(LONG, STILL_HELD),
    '1 still held · longest ≥ 502 ms · total ≥ 504 ms · 1 attempt blocked',
  );
  assert.equal(held(OLDER_THAN_CAPTURE, LONG), 'longest ≥ 502 ms · total ≥ 505 ms · 1 attempt blocked');
  assert.deepEqual(longestHeld(page([mark({ row: 511 })], []), [LONG, STILL_HELD], END), {
    span: 502e6,
    isLeast: true,
  });
});

test('a reference whose time is not known leaves those that are as they are', () => {
  const unknown = reference({ acquired: end(515), released: end(514) });
  assert.equal(held(unknown, LONG, SHORT), 'longest 502 ms · total 504 ms · 1 attempt blocked');
  assert.equal(held(unknown), '1 attempt blocked');
});

test('how many matches are assumed is said where any is, and of what no put may have been of there is none', () => {
  const assumed = reference({ ...LONG, confidence: 'assumed' });
  assert.equal(held(assumed), 'held 502 ms · 1 attempt blocked · match assumed');
  assert.equal(
    held(assumed, SHORT),
    'longest 502 ms · total 504 ms · 1 attempt blocked · 1 of 2 matches assumed',
  );
  const open = reference({ ...STILL_HELD, kind: 'unknown', confidence: 'assumed' });
  assert.doesNotMatch(held(open), /assumed/);
  assert.match(held({ ...open, mayBeGone: true }), / · match assumed$/);
});

test('comparisons say of both sides on how many assumed matches they rest, where any is', async () => {
  const { capture } = await emptyCapture();
  const sideOf = (...references: readonly Reference[]) =>
    source(capture, { pages: [page([mark({ row: 511 })], references)] });
  const assumed = (of: Reference): Reference => ({ ...of, confidence: 'assumed' });
  const text = (before: readonly Reference[], after: readonly Reference[]): string =>
    compareText(compareCaptures(sideOf(...before), sideOf(...after)));
  const [{ before, after } = assert.fail()] = compareCaptures(
    sideOf(assumed(SHORT), assumed(LONG)),
    sideOf(assumed(LONG)),
  ).changed;
  assert.deepEqual([before.assumedMatches, after.assumedMatches], [2, 1]);
  assert.match(text([assumed(SHORT), LONG], [LONG]), /^ {4}matches assumed {3}1 of 2 → none$/m);
  assert.match(text([assumed(SHORT)], [assumed(LONG)]), /^ {4}matches assumed {3}1 of 1$/m);
  assert.match(text([assumed(SHORT)], [assumed(SHORT)]), /^Unchanged .*\n.*\n.* · match assumed$/m);
  assert.match(text([assumed(SHORT)], []), /^Not seen after .*\n.*\n.* · match assumed$/m);
  assert.doesNotMatch(text([SHORT], [LONG]), /assumed/);
});

test('comparisons say of which side times may have been longer', async () => {
  const { capture, ends } = await emptyCapture();
  const sideOf = (references: readonly Reference[]) =>
    source(capture, { pages: [page([mark({ row: 511 })], references)] });
  const comparison = compareCaptures(sideOf([SHORT, LONG]), sideOf([ends, LONG]));
  const [{ before, after } = assert.fail()] = comparison.changed;
  assert.deepEqual([before.isLeast, after.isLeast], [false, true]);
  assert.match(compareText(comparison), /longest +502 ms → ≥ 502 ms/);
});

/** A capture, and a reference of it that is still held a short time before its end. */
async function emptyCapture() {
  const capture = await captureOf([{ task: 'x-1', text: 'mm_page_free: page=0 pfn=0x1 order=0' }]);
  const last = capture.events.time[0]!;
  const ends = reference({ acquired: { ...end(0), time: last - 2e6 }, released: null });
  return { capture, ends };
}
