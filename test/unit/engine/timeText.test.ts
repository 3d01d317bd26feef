import assert from 'node:assert/strict';
import test from 'node:test';
import { EventKind } from '../../../src/capture/eventTable';
import { EventTableBuilder } from '../../../src/capture/eventTableBuilder';
import { openCapture } from '../../../src/capture/openCapture';
import { timeSpan } from '../../../src/engine/heldTime';
import { absoluteTime, pointText, spanText } from '../../../src/engine/timeText';
import { memorySource } from '../support/traceText';

test('a span has three significant digits and the unit that fits', () => {
  const spans: readonly (readonly [number, string])[] = [
    [0, '0 ns'],
    [999, '999 ns'],
    [1000, '1 µs'],
    [46_234_000, '46.2 ms'],
    [5_262_000, '5.26 ms'],
    [801_000_000, '801 ms'],
    [8_670_000_000, '8.67 s'],
    [-46_000_000, '46 ms'],
  ];
  for (const [span, text] of spans) assert.equal(spanText(span, 'ns'), text);
});

test('a span that rounds up to the next unit is not written in thousands of the smaller one', () => {
  assert.equal(spanText(999_999, 'ns'), '1 ms');
  assert.equal(spanText(999_600_000, 'ns'), '1 s');
});

test('a clock of unknown rate counts ticks', () => {
  assert.equal(spanText(1234.4, 'ticks'), '1234 ticks');
  assert.equal(pointText(7, 557_998_894_404n, 'ticks', 1), '557998894411 ticks');
});

test('a point is in the clock of the capture, as fine as the capture is', () => {
  assert.equal(pointText(871_753_000, 15_000_000_000n, 'ns', 1000), '15.871753 s');
  assert.equal(pointText(5, 0n, 'ns', 1), '0.000000005 s');
  assert.equal(pointText(-1000, 0n, 'ns', 1000), '-0.000001 s');
  assert.equal(pointText(NaN, 0n, 'ns', 1000), 'at an unknown time');
});

test('times beyond what a double counts in ns stay exact', () => {
  assert.equal(absoluteTime(1, 9_007_199_254_740_993n), 9_007_199_254_740_994n);
  assert.equal(absoluteTime(NaN, 1n), null);
});

test('the first and the last time are found in any order, and again when the capture has grown', async () => {
  const events = new EventTableBuilder();
  const empty = await openCapture(memorySource('trace.txt', new TextEncoder().encode('# tracer: nop\n')));
  const span = () => timeSpan({ ...empty, events });
  const add = (...times: readonly number[]): void => {
    for (const time of times) events.append(time, 0, 0, EventKind.Other, 0, 0);
  };
  assert.equal(span(), null);
  add(NaN);
  assert.equal(span(), null);
  add(7, 3, NaN, 5);
  assert.deepEqual([span()?.first, span()?.last], [3, 7]);
  add(1, 9);
  assert.deepEqual([span()?.first, span()?.last], [1, 9]);
});
