/** What the timeline draws of a real capture, and the way of keys through it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { Engine } from '../../../src/engine/engine';
import type { Timeline } from '../../../src/engine/eventProtocol';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { isSame, stepTo } from '../../../src/webview/targetWalk';
import {
  GUTTER,
  heightOf,
  TimelinePainter,
  type Palette,
  type Target,
  type TargetKind,
} from '../../../src/webview/timelinePaint';
import { TimeView } from '../../../src/webview/timeView';
import { RecordingPen, type Box } from './support/recordingPen';

const WIDTH = 900;
/** What a sign is larger or smaller than the place where it can be pointed at, in px. */
const ABOUT = 4;

/** Colours are called by what they are of. */
const PALETTE: Palette = {
  foreground: 'foreground',
  dim: 'dim',
  line: 'line',
  all: 'all',
  matching: 'matching',
  gap: 'gap',
  held: 'held',
  stillHeld: 'still held',
  get: 'get',
  put: 'put',
  expected: 'expected',
  selection: 'selection',
  focus: 'focus',
  font: 'font',
  marks: {
    red: 'mark red',
    orange: 'mark orange',
    yellow: 'mark yellow',
    green: 'mark green',
    blue: 'mark blue',
    purple: 'mark purple',
  },
};

const COLOURS: Readonly<Record<TargetKind, RegExp>> = {
  gap: /^gap$/,
  mark: /^mark /,
  span: /^(still )?held$/,
  'left-out': /^dim$/,
  get: /^get$/,
  put: /^put$/,
  expected: /^expected$/,
};

let timeline: Timeline;
const scratch = mkdtempSync(path.join(os.tmpdir(), 'page-holders-timeline-'));

before(async () => {
  const file = path.join(scratch, 'trace.txt');
  const events = readFileSync('media/sample/trace.txt', 'utf8');
  // Nothing was lost in the sample: here something is, as the kernel says it, before its second event.
  const second = events.indexOf('              sh-84      [000] ...2.    17.462891');
  writeFileSync(file, `${events.slice(0, second)}CPU:0 [LOST 42 EVENTS]\n${events.slice(second)}`);
  const engine = new Engine(nodeHost());
  const { id: capture } = await engine.openCapture({ path: file });
  const query = { capture, filter: '', use: 'filter', range: null, columns: WIDTH - GUTTER } as const;
  const answer = await engine.timeline({ ...query, pfn: 0x12f98 });
  assert.ok(answer !== null);
  // More than a lane has room for are held in no small capture.
  timeline = { ...answer, lanes: answer.lanes.map((lane) => ({ ...lane, left: 2 })) };
});

after(() => {
  rmSync(scratch, { recursive: true });
});

function wholeView(): TimeView {
  const view = new TimeView();
  view.setSpan(timeline.span);
  return view;
}

function painted(view: TimeView, reached: Target | null = null, room = Infinity) {
  const pen = new RecordingPen();
  const drawing = { width: WIDTH, room, view, data: timeline, selected: null, brush: null, reached };
  return { ...new TimelinePainter(pen, PALETTE, drawing).paint(), drawn: pen.drawn };
}

function isAt(drawn: Box, { left, right, top, bottom }: Target): boolean {
  const isBeside = drawn.left >= left - ABOUT && drawn.right <= right + ABOUT;
  return isBeside && drawn.top <= bottom && drawn.bottom >= top;
}

test('everything that can be pointed at is drawn there, in the colour of what it is', () => {
  const { targets, drawn } = painted(wholeView());
  assert.deepEqual(new Set(targets.map(({ kind }) => kind)), new Set(Object.keys(COLOURS)));
  for (const target of targets) {
    const isDrawn = drawn.some((each) => COLOURS[target.kind].test(each.colour) && isAt(each, target));
    assert.ok(isDrawn, `${target.kind} ${target.label}`);
    assert.notEqual(target.label, '');
  }
});

test('only a bar whose match is assumed is hollow as soon as it has an inside, told by its edge and not by a colour', () => {
  const spans = timeline.lanes.flatMap((lane) => lane.spans);
  assert.deepEqual(new Set(spans.map(({ isAssumed }) => isAssumed)), new Set([true, false]));
  const view = wholeView();
  view.show({
    from: Math.min(...spans.map(({ from }) => from)),
    to: Math.max(...spans.map(({ to }) => to)),
  });
  const { targets, drawn } = painted(view);
  const isWhole = (each: Box, bar: Box): boolean =>
    each.left === bar.left && each.right === bar.right && each.top === bar.top && each.bottom === bar.bottom;
  for (const target of targets.filter(({ kind }) => kind === 'span')) {
    const { isAssumed } = spans.find(({ label }) => label === target.label)!;
    const bars = drawn.filter((each) => each.call === 'fillRect' && isWhole(each, target));
    assert.deepEqual(
      bars.map(({ alpha }) => alpha < 1),
      [isAssumed],
    );
    const edge = { ...target, bottom: target.top + 1 };
    assert.equal(
      drawn.some((each) => each.alpha === 1 && isWhole(each, edge)),
      isAssumed,
    );
  }
  const alphas = painted(wholeView()).drawn.filter(({ colour }) => COLOURS.span.test(colour));
  assert.deepEqual(new Set(alphas.map(({ alpha }) => alpha)), new Set([1]));
});

test('everything that the engine tells can be pointed at, and leads to its row', () => {
  const { targets } = painted(wholeView());
  const rows = (kind: TargetKind) => targets.filter((each) => each.kind === kind).map(({ row }) => row);
  const { marks, gaps, lanes } = timeline;
  const page = timeline.page!;
  assert.ok(gaps.length > 0 && marks.length > 0 && lanes.length > 0 && page.expected.length > 0);
  assert.equal(rows('gap').length, gaps.length);
  assert.equal(rows('left-out').length, lanes.length);
  assert.deepEqual(
    rows('mark'),
    marks.map(({ row }) => row),
  );
  assert.deepEqual(
    rows('span'),
    lanes.flatMap(({ spans }) => spans.map(({ row }) => row)),
  );
  const changed = (sign: 1 | -1) =>
    page.changes.filter(({ change }) => Math.sign(change) === sign).map(({ row }) => row);
  assert.deepEqual([rows('get'), rows('put')], [changed(1), changed(-1)]);
  assert.deepEqual(
    rows('expected'),
    page.expected.map(({ row }) => row),
  );
});

test('what is drawn of a time knows that time, however far from it the mouse may be', () => {
  const { targets } = painted(wholeView());
  const times = (kind: TargetKind) =>
    targets.filter((each) => each.kind === kind).map(({ time, until }) => [time, until]);
  assert.deepEqual(
    times('mark'),
    timeline.marks.map(({ time }) => [time, time]),
  );
  assert.deepEqual(
    times('span'),
    timeline.lanes.flatMap(({ spans }) => spans.map(({ from, to }) => [from, to])),
  );
  for (const kind of ['get', 'put', 'expected'] as const) {
    assert.ok(times(kind).every(([time, until]) => time === until));
  }
  // Their labels say it.
  for (const kind of ['gap', 'left-out'] as const)
    assert.ok(times(kind).every(([, until]) => until === null));
});

test("the row of a page is that page's from its name to the other side, between its signs, too", () => {
  const { targets, pages } = painted(wholeView());
  const { lanes, page } = timeline;
  assert.deepEqual(
    pages.map(({ pfn }) => pfn),
    [...lanes.map(({ pfn }) => pfn), page!.pfn],
  );
  for (const [index, { top, bottom }] of pages.entries()) {
    assert.ok(top < bottom && (index === 0 || top >= pages[index - 1]!.bottom));
  }
  for (const { kind, pfn, top, bottom } of targets) {
    if (kind === 'gap' || kind === 'mark') continue;
    const middle = (top + bottom) / 2;
    const band = pages.find((each) => middle >= each.top && middle < each.bottom);
    assert.equal(band?.pfn, pfn, kind);
  }
});

test('no label of a time stands beside another without a line between, where the last has no room either', () => {
  const long = timeline.span.to - timeline.span.from;
  const at = (part: number) => ({ time: timeline.span.from + part * long, label: '17.500 s' });
  const labels = (...ticks: Timeline['ticks']): readonly number[] => {
    const pen = new RecordingPen();
    const drawing = {
      width: WIDTH,
      room: Infinity,
      view: wholeView(),
      selected: null,
      brush: null,
      reached: null,
    };
    new TimelinePainter(pen, PALETTE, { ...drawing, data: { ...timeline, ticks } }).paint();
    return pen.drawn
      .filter(({ call, colour, bottom }) => call === 'fillText' && colour === 'dim' && bottom <= 18)
      .map(({ left }) => left);
  };
  const lineOf = (part: number) => GUTTER + part * (WIDTH - GUTTER);
  const [first, ...others] = labels(at(0.5), at(0.99));
  assert.ok(first !== undefined && first > lineOf(0.5));
  assert.deepEqual(others, []);
  // Alone it can be of no other line.
  const [alone] = labels(at(0.99));
  assert.ok(alone !== undefined && alone < lineOf(0.99));
});

test('a gap is hatched from top to bottom, and the refcount is a line to the end of the capture', () => {
  const { targets, drawn } = painted(wholeView());
  const gap = targets.find(({ kind }) => kind === 'gap')!;
  const hatch = drawn.find(({ colour }) => colour === 'gap')!;
  assert.deepEqual([hatch.left, hatch.right], [gap.left, gap.right]);
  assert.ok(hatch.bottom >= heightOf(timeline) - 1);
  const line = drawn.find(({ call, colour }) => call === 'stroke' && colour === 'matching');
  assert.equal(line?.right, WIDTH);
});

test('with little room it is lower, and has all that it has with more of it', () => {
  const full = heightOf(timeline);
  const least = heightOf(timeline, 0);
  assert.ok(least < full * 0.75, `${least} of ${full}`);
  const room = Math.round((least + full) / 2);
  assert.ok(heightOf(timeline, room) <= room);
  const labels = (targets: readonly Target[]) => targets.map(({ kind, label }) => `${kind} ${label}`);
  const before = labels(painted(wholeView()).targets);
  for (const each of [0, room, full]) {
    const { targets, drawn } = painted(wholeView(), null, each);
    const height = heightOf(timeline, each);
    assert.deepEqual(labels(targets), before);
    assert.ok(targets.every(({ top, bottom }) => top >= 0 && bottom <= height && top < bottom));
    const zero = drawn.findLast(({ call, colour }) => call === 'fillRect' && colour === 'line')!;
    assert.ok(zero.bottom <= height, `the line of no references at ${zero.bottom} of ${height}`);
  }
});

test('nothing is drawn, and nothing can be pointed at, beside the part of time that is shown', () => {
  const view = wholeView();
  const { from, to } = timeline.span;
  const { time } = timeline.marks[0]!;
  view.show({ from: time - (to - from) / 1000, to: time + (to - from) / 1000 });
  const { targets, drawn } = painted(view);
  const inTime = targets.filter(({ kind }) => kind !== 'left-out');
  assert.ok(inTime.some(({ kind }) => kind === 'mark'));
  assert.ok(inTime.length < painted(wholeView()).targets.length);
  for (const { left, right } of inTime) assert.ok(right >= GUTTER && left <= WIDTH, `${left} to ${right}`);
  for (const { colour, left, right } of drawn) {
    if (/^(gap|get|put|expected|(still )?held)$/.test(colour)) assert.ok(left >= GUTTER && right <= WIDTH);
  }
});

test('a page that failed more often than a call takes arguments is drawn, as high as its highest count', () => {
  const page = timeline.page!;
  const long = timeline.span.to - timeline.span.from;
  const before = { ...page.expected[0]!, time: timeline.span.from - long, count: 5000 };
  const expected = [...Array.from({ length: 140_000 }, () => before), ...page.expected];
  const lineTop = (data: Timeline): number => {
    const pen = new RecordingPen();
    const drawing = {
      width: WIDTH,
      room: Infinity,
      view: wholeView(),
      data,
      selected: null,
      brush: null,
      reached: null,
    };
    const { targets } = new TimelinePainter(pen, PALETTE, drawing).paint();
    assert.equal(targets.filter(({ kind }) => kind === 'expected').length, page.expected.length);
    return pen.drawn.find(({ call, colour }) => call === 'stroke' && colour === 'matching')!.top;
  };
  assert.ok(lineTop({ ...timeline, page: { ...page, expected } }) > lineTop(timeline));
});

test('a ring in the colour of the focus is around what keys led to, wherever it is drawn now', () => {
  const rings = (view: TimeView, reached: Target | null) =>
    painted(view, reached).drawn.filter(({ colour }) => colour === 'focus');
  const { targets } = painted(wholeView());
  assert.deepEqual(rings(wholeView(), null), []);
  for (const target of targets) {
    const [ring, ...others] = rings(wholeView(), target);
    assert.ok(ring !== undefined && others.length === 0, target.label);
    const { left, right, top, bottom } = target;
    assert.ok(ring.left <= Math.max(left, 1) && ring.right >= Math.min(right, WIDTH - 1), target.label);
    assert.ok(ring.top < top && ring.bottom > bottom, target.label);
  }
  const mark = targets.find(({ kind }) => kind === 'mark')!;
  const zoomed = wholeView();
  zoomed.show({ from: mark.time, to: timeline.span.to });
  const [ring] = rings(zoomed, mark);
  const x = GUTTER + zoomed.xOf(mark.time, WIDTH - GUTTER);
  assert.ok(ring !== undefined && ring.left < x && ring.right > x);
  assert.ok(Math.abs(x - (mark.left + mark.right) / 2) > 10, 'it has moved');
});

test('keys lead through everything that is drawn in the order of time, and back the same way', () => {
  const { targets } = painted(wholeView());
  const way = (direction: 1 | -1): readonly Target[] => {
    const passed: Target[] = [];
    for (let at: Target | null = null; passed.length <= targets.length;) {
      const step = stepTo(targets, direction, at, null);
      if (step === null) return passed;
      assert.equal(step.count, targets.length);
      passed.push((at = step.target));
    }
    return assert.fail('it goes round');
  };
  const forth = way(1);
  for (const target of targets)
    assert.ok(
      forth.some((each) => isSame(each, target)),
      target.label,
    );
  for (const [index, { time }] of forth.entries()) assert.ok(index === 0 || time >= forth[index - 1]!.time);
  assert.deepEqual(
    way(-1).map(({ kind, row }) => `${kind} ${row}`),
    forth.map(({ kind, row }) => `${kind} ${row}`).reverse(),
  );
});

test('the way begins at what is selected, and goes on where what it led to is drawn no more', () => {
  const { targets } = painted(wholeView());
  const mark = targets.find(({ kind }) => kind === 'mark')!;
  assert.equal(stepTo(targets, 1, null, mark.time)?.target.time, mark.time);
  assert.equal(stepTo(targets, -1, null, mark.time)?.target.time, mark.time);
  const rest = targets.filter((each) => !isSame(each, mark));
  assert.ok(stepTo(rest, 1, mark, mark.time)!.target.time >= mark.time);
  assert.ok(stepTo(rest, -1, mark, mark.time)!.target.time <= mark.time);
  assert.equal(stepTo(targets, 1, null, Infinity), null);
  assert.equal(stepTo([], 1, null, null), null);
});

test('two references that nothing tells apart hold nobody up', () => {
  const { targets } = painted(wholeView());
  const span = targets.find(({ kind }) => kind === 'span')!;
  const last = { ...span, time: span.time + 1, row: span.row + 1 };
  assert.equal(stepTo([span, { ...span }, last], 1, span, null)?.target, last);
});
