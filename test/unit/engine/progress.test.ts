/** What is said of long work, and how often a part of it is looked at. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { ProgressLine } from '../../../src/cli/progressLine';
import { PartPace } from '../../../src/engine/partPace';
import { ProgressText } from '../../../src/engine/progressText';
import type { ProgressReport } from '../../../src/engine/protocol';

function reading(done: number, total: number): ProgressReport {
  return { phase: 'reading', done, total, unit: 'bytes', rowsAtEnd: false };
}

test('progress has a rate and a time left once there is something to tell them by', () => {
  let now = 5000;
  const text = new ProgressText('trace.txt', undefined, () => now);
  assert.equal(text.of(reading(1e6, 1e9)), 'Reading trace.txt: 0 %');
  now += 2000;
  assert.equal(text.of(reading(400e6, 1e9)), 'Reading trace.txt: 40 %, 200 MB/s, 3 s left');
  now += 3000;
  assert.equal(text.of(reading(999e6, 1e9)), 'Reading trace.txt: 99 %, 200 MB/s');
  const rest = { done: 0, total: 0, unit: '', rowsAtEnd: false } as const;
  assert.equal(text.of({ ...rest, phase: 'analysing' }), 'Finding the holders in trace.txt');
});

test('a phase is timed from its own beginning, and slow work is told in minutes', () => {
  let now = 0;
  const text = new ProgressText('linux', undefined, () => now);
  text.of(reading(1, 2));
  now = 60_000;
  const matching = { phase: 'matching', unit: '', total: 1000, rowsAtEnd: false } as const;
  assert.equal(text.of({ ...matching, done: 1 }), 'Comparing the captures with linux: 0 %');
  now = 61_000;
  assert.equal(text.of({ ...matching, done: 2 }), 'Comparing the captures with linux: 0 %, 8 min left');
  now = 62_000;
  const slow = new ProgressText('t', undefined, () => now);
  slow.of(reading(0, 1e9));
  now = 63_000;
  assert.equal(slow.of(reading(2.5e6, 1e9)), 'Reading t: 0 %, 2.5 MB/s, 7 min left');
});

test('a walk of a tree, of which nobody knows the end, has no part and no time left', () => {
  let now = 0;
  const text = new ProgressText('linux', undefined, () => now);
  const walk = { phase: 'indexing', unit: 'files', total: 0, rowsAtEnd: false } as const;
  assert.equal(text.of({ ...walk, done: 1 }), 'Looking up functions in linux: 1 file read');
  now = 60_000;
  assert.equal(text.of({ ...walk, done: 12_345 }), 'Looking up functions in linux: 12,345 files read');
});

test('a format that has no rows before its end says so', () => {
  const text = new ProgressText('perf.data', undefined, () => 0);
  assert.match(text.of({ ...reading(1, 2), rowsAtEnd: true }), /50 %\. Its events have no order before/);
});

/**
 * Analyses a growing capture whenever it is due; `cost` in ms of an analysis of so many rows, the first page that failed
 * is at `firstPage`.
 */
function analyses(rowsAtEnd: number, rowsPerMs: number, cost: (rows: number) => number, firstPage = 0) {
  let now = 0;
  const pace = new PartPace(() => now);
  const taken: { rows: number; cost: number; at: number }[] = [];
  for (let rows = 0; rows <= rowsAtEnd; rows += rowsPerMs) {
    now += 1;
    if (!pace.isDue(rows, rows / rowsAtEnd)) continue;
    const start = now;
    now += cost(rows);
    pace.took(rows, start, rows > firstPage);
    taken.push({ rows, cost: cost(rows), at: start });
  }
  return { taken, spent: taken.reduce((sum, each) => sum + each.cost, 0), elapsed: now };
}

for (const [what, perRow] of [
  ['as cheap as it is', 0.0001],
  ['as dear as reading', 0.002],
  ['ten times as dear as reading', 0.02],
] as const) {
  test(`parts of an analysis ${what} cost less than one more and a tenth of the time`, () => {
    const rows = 5_000_000;
    const { taken, spent, elapsed } = analyses(rows, 500, (each) => each * perRow);
    assert.ok(taken[0]!.at < 10, 'the first is soon');
    assert.ok(taken.length >= 6, `${taken.length} parts`);
    assert.ok(spent <= rows * perRow + elapsed / 10, `${spent} ms of ${elapsed}`);
    for (const [index, { at }] of taken.entries()) {
      const before = taken[index - 1];
      if (before) assert.ok(at - (before.at + before.cost) >= 300);
    }
  });
}

test('the first page that failed is found soon, and looking for it costs less than one more analysis', () => {
  const rows = 5_000_000;
  const { taken } = analyses(rows, 5000, (each) => each * 0.0001, 50_000);
  const found = taken.find((each) => each.rows > 50_000)!;
  assert.ok(found.at < 30, `found after ${found.at} ms`);
  const never = analyses(rows, 5000, (each) => each * 0.0001, Infinity);
  assert.ok(never.spent <= rows * 0.0001 + never.elapsed / 10, `${never.spent} ms`);
});

test('a slow source has parts all along, not only at each doubling', () => {
  const { taken } = analyses(1_000_000, 10, (rows) => rows * 0.0001);
  const late = taken.filter(({ rows }) => rows > 500_000);
  assert.ok(late.length > 10, `${late.length} parts of the second half`);
});

test('the progress line fits the terminal, is written at most ten times a second, and is taken away', async () => {
  const written: string[] = [];
  const line = new ProgressLine({ columns: 20, write: (text) => written.push(text) });
  await line.during('trace.txt', (onProgress) => {
    for (let i = 0; i < 100; i++) onProgress(reading(i, 100));
    return Promise.resolve();
  });
  assert.deepEqual(written, ['\r\x1b[2KReading trace.txt: ', '\r\x1b[2K']);
  const nobody = new ProgressLine(null);
  await assert.rejects(
    nobody.during('x', (onProgress) => {
      onProgress(reading(1, 2));
      return Promise.reject(new Error('as the work does'));
    }),
    /as the work does/,
  );
});
