import assert from 'node:assert/strict';
import test from 'node:test';
import { openCapture } from '../../../src/capture/openCapture';
import { fromMarks } from '../../../src/engine/vantage';
import type { Mark, MarkEvidence } from '../../../src/holders/model';
import { memorySource } from '../support/traceText';
import { end, mark } from './support/pages';

const refusals: readonly MarkEvidence[] = [10, 11, 14].map((row) => ({
  row,
  source: 'derived',
  what: 'refused at isolation',
}));

/** Times of events at rows, which are a millisecond apart, each as they stand alone and below the marks. */
async function times(marks: readonly Mark[], ...rows: readonly number[]): Promise<string[]> {
  const capture = await openCapture(memorySource('trace.txt', new TextEncoder().encode('# tracer: nop\n')));
  const { relativeTime, shortTime } = fromMarks(capture, marks);
  return rows.map((row) => `${relativeTime(end(row))} | ${shortTime(end(row))}`);
}

test('times are relative to the mark, and the event of the mark itself is at it', async () => {
  assert.deepEqual(await times([mark({})], 8, 10, 13), [
    '2 ms before the mark | 2 ms before',
    'at the mark | at the mark',
    '3 ms after the mark | 3 ms after',
  ]);
});

test('where a page failed several times, what comes after counts from the last failure', async () => {
  assert.deepEqual(await times([mark({ evidence: refusals })], 8, 10, 12, 14, 17), [
    '2 ms before the first failure | 2 ms before',
    'at the first failure | at the first failure',
    '2 ms after the first failure | 2 ms after the first failure',
    'at the last failure | at the last failure',
    '3 ms after the last failure | 3 ms after',
  ]);
});

test('several kinds of evidence of one failure are one moment', async () => {
  const named: MarkEvidence = { row: 12, source: 'isolation', what: 'named by test_pages_isolated' };
  const once = mark({ evidence: [refusals[0]!, named] });
  assert.deepEqual(await times([once], 13), ['3 ms after the mark | 3 ms after']);
});

test('of several marks what comes after counts from the last of them', async () => {
  const marks = [mark({ row: 4 }), mark({ evidence: refusals })];
  assert.deepEqual(await times(marks, 3, 4, 6, 14, 17), [
    '1 ms before the first mark | 1 ms before',
    'at the first mark | at the first mark',
    '2 ms after the first mark | 2 ms after the first mark',
    'at the last mark | at the last mark',
    '3 ms after the last mark | 3 ms after',
  ]);
});

test('where the times of a text are not in order, before and after are said of the times, and the order beside them', async () => {
  const late = mark({ row: 10, time: 5e6, lastTime: 5e6 });
  assert.deepEqual(await times([late], 8), ['3 ms after the mark, in the file before it | 3 ms after']);
  const early = mark({ row: 10, time: 15e6, lastTime: 15e6 });
  assert.deepEqual(await times([early], 12), ['3 ms before the mark, in the file behind it | 3 ms before']);
});

test('without times nothing is said of them', async () => {
  assert.deepEqual(await times([mark({ time: NaN, lastTime: NaN })], 8, 10), [
    'at an unknown time | at an unknown time',
    'at an unknown time | at an unknown time',
  ]);
});
