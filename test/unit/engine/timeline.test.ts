/** What the timeline draws of pages that were held, and of their counts. */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { HeldSpan } from '../../../src/engine/eventProtocol';
import { heldTime } from '../../../src/engine/heldTime';
import { pageCounts } from '../../../src/engine/pageCounts';
import { TimelineFacts } from '../../../src/engine/timeline';
import type { Page, Reference } from '../../../src/holders/model';
import { captureOf } from '../support/traceText';
import { end, mark, page, reference } from './support/pages';

/** Rows are a millisecond apart. */
const SPAN = { from: 0, to: 520e6 };
const MARKS = [mark({ row: 100 }), mark({ row: 200 }), mark({ row: 300 })];

async function spansOf(given: Page): Promise<readonly HeldSpan[]> {
  const analysis = { attempts: [], pages: [given], unreleased: [], pinned: [] };
  const facts = new TimelineFacts(await captureOf([]), analysis, SPAN, 1);
  const [lane] = facts.lanes(SPAN, 100, null);
  return lane!.spans;
}

async function drawn(given: Reference): Promise<readonly [from: number, to: number]> {
  const [span] = await spansOf(page(MARKS, [given]));
  return [span!.from / 1e6, span!.to / 1e6];
}

test('a reference without a get is drawn from the first mark at which it was open, as one held before', async () => {
  const given = reference({ acquired: null, released: end(400), openAt: [1, 2] });
  assert.deepEqual(await drawn(given), [200, 400]);
  const [span] = await spansOf(page(MARKS, [given]));
  assert.deepEqual([span!.isOpenBefore, span!.isOpenAfter], [true, false]);
});

test('a span is as long as its reference is said to be held', async () => {
  for (const given of [
    reference({ acquired: end(50), released: end(400), openAt: [0, 1, 2] }),
    reference({ acquired: end(50), released: null, openAt: [0, 1, 2] }),
    reference({ acquired: end(50), released: null, releasedUnseen: true, openAt: [0, 1] }),
    reference({ acquired: null, released: end(250), openAt: [1] }),
    reference({ acquired: null, released: null, openAt: [1, 2] }),
    reference({ acquired: null, released: null, releasedUnseen: true, openAt: [0, 1] }),
  ]) {
    const [from, to] = await drawn(given);
    assert.equal((to - from) * 1e6, heldTime(page(MARKS, [given]), given, SPAN.to)!.span);
  }
});

test('a span whose match is assumed says so, and no other does', async () => {
  const sure = reference({ acquired: end(50), released: end(400) });
  const [one] = await spansOf(page(MARKS, [sure]));
  assert.equal(one!.isAssumed, false);
  assert.doesNotMatch(one!.label, /assumed/);
  const [other] = await spansOf(page(MARKS, [{ ...sure, confidence: 'assumed' }]));
  assert.equal(other!.isAssumed, true);
  assert.match(other!.label, / · match assumed$/);
});

test('the line of a count leaves out what people who debug mark pages with', async () => {
  const state = 'flags=uptodate mapcount=0 mapping=0000000000000000 mt=1';
  const { events } = await captureOf(
    ['count=1 val=1', 'count=2 val=888', 'count=7 val=5'].map((text) => ({
      task: 'debug-1',
      text: `page_ref_set: pfn=0x100 ${state} ${text}`,
    })),
  );
  const range = { from: events.time[0]!, to: events.time[2]! };
  const { counts } = pageCounts(events, 0x100, Int32Array.of(0, 1, 2), null, range, 100);
  assert.deepEqual([...counts], [1, 2, 5]);
});
