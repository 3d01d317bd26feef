/** What a link shows is there until the filter is cleared: then what people chose is back. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import { NO_FILTER } from '../../../src/engine/holdersQuery';
import { ShownHolders } from '../../../src/views/shownHolders';
import { editor, KeptState } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

const THROUGH = { file: 'fs/splice.c', first: 1, last: 9, function: 'iter_to_pipe' };
const LINK = { groupBy: 'holder', filter: { ...NO_FILTER, through: THROUGH } } as const;
const OWN = { groupBy: 'task', filter: { ...NO_FILTER, text: 'bash' } } as const;

const groupedAndText = ({ query }: ShownHolders): readonly string[] => [query.groupBy, query.filter.text];

test('grouping, filter and the selected row of before are back when the filter of a link is cleared', () => {
  const shown = new ShownHolders(new KeptState());
  const rows: string[] = [];
  shown.onDidGoBack((row) => rows.push(row));
  shown.change(OWN);
  shown.lead(LINK, 'c1/task/7');
  shown.lead({ ...LINK, groupBy: 'page' }, 'c1/other');
  assert.deepEqual([shown.query.groupBy, shown.query.filter.through], ['page', THROUGH]);
  shown.clearFilter();
  assert.deepEqual(groupedAndText(shown), ['task', 'bash']);
  assert.deepEqual(rows, ['c1/task/7'], 'of the first of several links');
  shown.clearFilter();
  assert.deepEqual(groupedAndText(shown), ['task', '']);
});

test('a link that leaves out nothing can be gone back from, too, and so it can after a reload', () => {
  const memory = new KeptState();
  new ShownHolders(memory).lead({ groupBy: 'holder', filter: NO_FILTER }, null);
  assert.equal(editor.contexts.get('pageHolders.filtered'), true);
  const shown = new ShownHolders(memory);
  assert.equal(shown.isFiltered, true);
  shown.clearFilter();
  assert.equal(shown.query.groupBy, 'page');
  assert.equal(editor.contexts.get('pageHolders.filtered'), false);
  assert.equal(new ShownHolders(memory).isFiltered, false);
});

test('a grouping that is chosen where a link led stays', () => {
  const shown = new ShownHolders(new KeptState());
  shown.change(OWN);
  shown.lead(LINK, null);
  shown.change({ groupBy: 'attempt' });
  shown.clearFilter();
  assert.deepEqual(groupedAndText(shown), ['attempt', 'bash']);
});
