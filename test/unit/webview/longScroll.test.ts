import assert from 'node:assert/strict';
import test from 'node:test';
import { HIGHEST, LongScroll } from '../../../src/webview/longScroll';
import { rangeOfMarks, TimeView } from '../../../src/webview/timeView';
import { checkedState, NOTHING_KEPT } from '../../../src/webview/keptState';
import { below, seededRandom } from '../capture/support/random';

test('every row of a list of any length can be reached by the bar, by wheel and by place', () => {
  const random = seededRandom(5);
  for (const rows of [0, 1, 10, 1000, 2_365_231, 100_000_000]) {
    const scroll = new LongScroll(22);
    scroll.resize(rows, 500);
    assert.ok(scroll.barHeight <= HIGHEST);
    scroll.moveBar(scroll.barHeight);
    assert.equal(scroll.seen.end, rows);
    scroll.moveBar(0);
    assert.equal(scroll.seen.first, 0);
    for (let round = 0; round < 200 && rows > 0; round++) {
      const row = below(random, rows);
      scroll.reveal(row);
      const top = row * 22 - scroll.top;
      assert.ok(top >= 0 && (top + 22 <= 500 || rows * 22 <= 500), `${row} of ${rows}`);
      // What the list does to the bar leads back to the same place, within a pixel of the bar.
      const { top: before, barTop } = scroll;
      scroll.moveBar(barTop);
      assert.ok(Math.abs(scroll.top - before) < 0.01, `${scroll.top} ${before}`);
    }
  }
});

test('a row of which what is around it matters is brought to the middle, unless it is seen', () => {
  const scroll = new LongScroll(20);
  scroll.resize(1000, 500);
  scroll.revealInMiddle(24);
  assert.equal(scroll.top, 0);
  scroll.revealInMiddle(30);
  assert.equal(scroll.top, (30 - 12) * 20);
  scroll.revealInMiddle(999);
  assert.equal(scroll.top, 1000 * 20 - 500);
});

test('a wheel moves by pixels however long the list is', () => {
  const scroll = new LongScroll(22);
  scroll.resize(100_000_000, 500);
  scroll.reveal(50_000_000);
  const { top } = scroll;
  scroll.moveTo(top + 1);
  assert.equal(scroll.top, top + 1);
});

test('a list that gets shorter is not looked at behind its end', () => {
  const scroll = new LongScroll(22);
  scroll.resize(1000, 500);
  scroll.moveBar(scroll.barHeight);
  scroll.resize(30, 500);
  assert.deepEqual(scroll.seen, { first: 7, end: 30 });
  scroll.resize(3, 500);
  assert.equal(scroll.top, 0);
});

test('a list that was left somewhere is seen from there as soon as it is read so far', () => {
  const scroll = new LongScroll(22);
  scroll.restore(22 * 5000 + 7);
  scroll.resize(0, 0);
  scroll.resize(1000, 700);
  assert.equal(scroll.seen.end, 1000, 'the nearest there is');
  assert.equal(scroll.place, 22 * 5000 + 7, 'which is not what is kept for the next reload');
  scroll.resize(10_000, 700);
  assert.equal(scroll.top, 22 * 5000 + 7);
  // At the end, a timeline that comes later takes room from it.
  scroll.restore(22 * 10_000 - 500);
  scroll.resize(10_000, 700);
  scroll.resize(10_000, 500);
  assert.equal(scroll.top, 22 * 10_000 - 500);
});

test('a list that somebody moved, or selected a row of, is not led back to where it was left', () => {
  const moves: readonly ((scroll: LongScroll) => void)[] = [
    (scroll) => {
      scroll.moveTo(scroll.top - 22);
    },
    (scroll) => {
      scroll.moveBar(scroll.barTop - 22);
    },
    (scroll) => {
      scroll.reveal(970);
    },
    (scroll) => {
      scroll.restore(null);
    },
  ];
  for (const move of moves) {
    const scroll = new LongScroll(22);
    scroll.restore(22 * 5000);
    scroll.resize(1000, 500);
    move(scroll);
    const { top } = scroll;
    scroll.resize(10_000, 500);
    assert.deepEqual([scroll.top, scroll.place], [top, top]);
  }
});

test('what is zoomed at stays where it is, and nothing beyond the capture is shown', () => {
  const random = seededRandom(6);
  const span = { from: 1000, to: 1_000_000_000 };
  const view = new TimeView();
  view.setSpan(span);
  assert.equal(view.part, null);
  for (let round = 0; round < 5000; round++) {
    const at = view.range.from + random() * (view.range.to - view.range.from);
    const before = view.xOf(at, 800);
    const factor = 0.5 + random();
    view.zoom(factor, at);
    const { from, to } = view.range;
    assert.ok(from >= span.from - 1e-3 && to <= span.to + 1e-3 && to > from);
    const isAtEdge = from === span.from || to === span.to;
    if (!isAtEdge && to - from > 20) assert.ok(Math.abs(view.xOf(at, 800) - before) < 0.5, `${round}`);
    if (round % 7 === 0) view.pan(random() - 0.5);
    if (round % 11 === 0) view.reveal(span.from + random() * (span.to - span.from));
  }
});

test('the whole grows with the capture, a part stays', () => {
  const view = new TimeView();
  view.setSpan({ from: 0, to: 100_000 });
  view.setSpan({ from: 0, to: 200_000 });
  assert.deepEqual(view.range, { from: 0, to: 200_000 });
  view.show({ from: 50, to: 150 });
  view.setSpan({ from: 0, to: 300_000 });
  assert.deepEqual(view.part, { from: 50, to: 150 });
  view.showAll();
  assert.equal(view.part, null);
});

const KEPT = { from: 80_000, to: 82_000 };

/** A view as it is after a reload, when the first part of a capture is read: 0 to 10,000 of 100,000. */
function restoredView(): TimeView {
  const view = new TimeView();
  view.restore(KEPT);
  view.setSpan({ from: 0, to: 10_000 });
  return view;
}

test('a part that was looked at before a reload is shown again as soon as it is read', () => {
  const view = restoredView();
  assert.deepEqual(view.part, { from: 8000, to: 10_000 }, 'the nearest there is');
  assert.deepEqual(view.chosen, KEPT, 'which is not what is kept for the next reload');
  view.setSpan({ from: 0, to: 81_000 });
  assert.deepEqual(view.part, { from: 79_000, to: 81_000 });
  view.setSpan({ from: 0, to: 100_000 });
  assert.deepEqual(view.part, KEPT);

  const short = new TimeView();
  short.restore(KEPT);
  short.setSpan({ from: 0, to: 1000 });
  assert.deepEqual(short.range, { from: 0, to: 1000 });
  short.setSpan({ from: 0, to: 100_000 });
  assert.deepEqual(short.range, KEPT, 'also when the first part is shorter');
});

test('what is chosen while a capture is read takes the place of what was looked at before', () => {
  const whole = { from: 0, to: 100_000 };
  const moved = restoredView();
  moved.pan(-0.5);
  moved.setSpan(whole);
  assert.deepEqual(moved.part, { from: 7000, to: 9000 });
  assert.deepEqual(moved.chosen, moved.part);

  const all = restoredView();
  all.showAll();
  all.setSpan(whole);
  assert.deepEqual([all.range, all.chosen], [whole, null]);

  const selected = restoredView();
  selected.reveal(9000);
  selected.setSpan(whole);
  assert.deepEqual(selected.part, { from: 8000, to: 10_000 }, 'nor is a selected event left');

  const nearly = new TimeView();
  nearly.restore(KEPT);
  nearly.setSpan({ from: 0, to: 81_000 });
  nearly.reveal(80_500);
  nearly.setSpan(whole);
  assert.deepEqual(nearly.part, KEPT, 'unless it is in both');
});

test('of what another version kept only what is known is taken', () => {
  for (const kept of [undefined, null, 3, 'x', []]) assert.deepEqual(checkedState(kept), NOTHING_KEPT);
  const state = {
    ...NOTHING_KEPT,
    filter: 'cpu:0 pfn:',
    understood: 'cpu:0',
    columns: ['time'],
    row: 3,
    top: 1.5,
    sideways: 20,
    range: { from: 1, to: 2 },
    isPlumbingShown: true,
    detailsTop: 30,
  };
  assert.deepEqual(checkedState(JSON.parse(JSON.stringify(state))), state);
  const odd = {
    filter: 3,
    understood: 3,
    use: 'x',
    columns: [1, 'pfn'],
    row: -1,
    top: 'x',
    sideways: NaN,
    pfn: 1.5,
    range: { from: 2, to: 1 },
    split: 7,
    isPlumbingShown: 1,
    detailsTop: -1,
  };
  assert.deepEqual(checkedState(odd), { ...NOTHING_KEPT, columns: ['pfn'] });
});

test('the timeline begins at the marks, where they are a small part of the capture', () => {
  const span = { from: 0, to: 1000 };
  assert.deepEqual(rangeOfMarks([900, 920], span), { from: 880, to: 940 });
  assert.deepEqual(rangeOfMarks([500], span), { from: 480, to: 520 });
  assert.deepEqual(rangeOfMarks([10, 1], span), { from: 0, to: 30 });
  assert.equal(rangeOfMarks([0, 400, 500], span), null, 'that is nearly the whole');
  assert.equal(rangeOfMarks([], span), null);
  assert.equal(rangeOfMarks([5], { from: 5, to: 5 })?.from, 5);
});
