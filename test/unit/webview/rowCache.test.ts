/** Which rows the list of events asks for, and when. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventRow, EventWindow } from '../../../src/engine/eventProtocol';
import { RowCache } from '../../../src/webview/rowCache';

const TOTAL = 1000;

function rowAt(row: number): EventRow {
  return { row, time: row, pfn: -1, cells: [], isMark: false, gap: '', isMatch: false };
}

function windowOf(start: number, end: number): EventWindow {
  const rows = Array.from({ length: Math.min(end, TOTAL) - start }, (_, index) => rowAt(start + index));
  return { start, rows, shown: TOTAL, matching: TOTAL, total: TOTAL, problem: null, nearMiss: null };
}

/** A cache, and where the windows begin that it asked for since it was last looked at. */
function watched(): { readonly cache: RowCache; readonly asked: () => readonly number[] } {
  let starts: number[] = [];
  const cache = new RowCache(
    (start, end) => {
      starts.push(start);
      return Promise.resolve(windowOf(start, end));
    },
    () => undefined,
    (error) => {
      throw error;
    },
  );
  const asked = (): readonly number[] => {
    const those = starts;
    starts = [];
    return those;
  };
  return { cache, asked };
}

const answered = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('what scrolling on comes to is asked for once what is seen is there', async () => {
  const { cache, asked } = watched();
  cache.want(0, 20);
  assert.deepEqual(asked(), [0]);
  cache.want(0, 20);
  assert.deepEqual(asked(), []);
  await answered();
  cache.want(0, 20);
  assert.deepEqual(asked(), [200]);
  await answered();
  assert.equal(cache.row(399)?.row, 399);
  cache.want(30, 50);
  assert.deepEqual(asked(), []);
  cache.want(190, 210);
  assert.deepEqual(asked(), [400]);
  await answered();
});

test('backwards, those before are asked for, and never any that are not there', async () => {
  const { cache, asked } = watched();
  cache.want(700, 720);
  await answered();
  assert.deepEqual(asked(), [600]);
  cache.want(690, 710);
  assert.deepEqual(asked(), [400]);
  await answered();
  cache.want(980, 1000);
  assert.deepEqual(asked(), [800]);
  await answered();
  cache.want(980, 1000);
  cache.want(985, 1000);
  assert.deepEqual(asked(), []);
  cache.want(10, 30);
  await answered();
  cache.want(0, 20);
  await answered();
  assert.deepEqual(asked(), [0]);
});

test('a hand on the scrollbar asks for nothing but what it passes over', () => {
  const { cache, asked } = watched();
  for (const first of [0, 450, 800]) cache.want(first, first + 20);
  assert.deepEqual(asked(), [0, 400, 800]);
});
