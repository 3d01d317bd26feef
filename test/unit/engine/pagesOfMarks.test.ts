/** Which page an event is about where it names none, or where a mark of a page rests on it. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { pagesOfMarks, pfnOfEvent } from '../../../src/engine/pagesOfMarks';
import type { Page } from '../../../src/holders/model';
import { mark, page } from './support/pages';

function markedBy(pfn: number, order: number, ...rows: readonly number[]): Page {
  const evidence = rows.map((row) => ({ ...mark({}).evidence[0]!, row }));
  return { ...page([mark({ evidence })], []), pfn, order };
}

test('an event is about the one page whose mark rests on it, else about what it names', () => {
  const pages = [markedBy(0x10, 0, 5, 7, 7), markedBy(0x20, 2, 7, 8, 9)];
  const marks = pagesOfMarks({ attempts: [], pages, unreleased: [], pinned: [] });
  assert.equal(pfnOfEvent(marks, 5, -1), 0x10);
  assert.equal(pfnOfEvent(marks, 7, -1), -1, 'of several pages');
  assert.equal(pfnOfEvent(marks, 8, 0x22), 0x22, 'a tail page of the folio stays what was named');
  assert.equal(pfnOfEvent(marks, 9, 0x0), 0x20, 'a range begins with another page');
  assert.equal(pfnOfEvent(marks, 6, 0x30), 0x30);
});
