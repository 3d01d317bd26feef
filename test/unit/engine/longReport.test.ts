/** Reports with more rows than a call can have arguments: a recording of hours with thousands of failed pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdownLines } from '../../../src/engine/exporting/markdownExport';
import { branch, type Branch } from '../../../src/engine/lazyTree';
import { textLines } from '../../../src/engine/textReport';

const ROWS = 300_000;

function longTree(kind: 'page' | 'note'): Branch {
  const rows = Array.from({ length: ROWS }, (_, row) =>
    branch({ id: `t/${row}`, kind, label: `row ${row}` }),
  );
  return branch({ id: 't', kind: 'attempt', label: 'all', expanded: true }, () => Promise.resolve(rows));
}

test('a text report may have any number of lines', async () => {
  const lines = await textLines([longTree('note')]);
  assert.equal(lines.length, ROWS + 1);
  assert.match(lines.at(-1)!, /row 299999$/);
});

test('so may a report in Markdown, of headings and of items', async () => {
  const headings = await markdownLines([longTree('page')]);
  assert.equal(headings.filter((line) => line.includes('row ')).length, ROWS);
  const items = await markdownLines([longTree('note')]);
  assert.equal(items.filter((line) => line.includes('row ')).length, ROWS);
});
