/** Reports with more rows than a call can have arguments: a recording of hours with thousands of failed pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { markdownLines } from '../../../src/engine/exporting/markdownExport';
import { branch, type Branch } from '../../../src/engine/lazyTree';
import { textLines } from '../../../src/engine/textReport';
import { pauseFor } from '../../../src/engine/turns';

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

test('a text that is made is given up within milliseconds, and lets others have a turn till then', async () => {
  const controller = new AbortController();
  const text = textLines([longTree('note')], { pause: pauseFor(controller.signal) });
  let turns = 0;
  const others = setInterval(() => {
    if (++turns === 3) controller.abort();
  }, 1);
  await assert.rejects(text, { name: 'CancelledError' }).finally(() => {
    clearInterval(others);
  });
  assert.equal(turns, 3);
});

test('of a text that is cut no more is made than what shows that there is more', async () => {
  const tree = longTree('page');
  const whole = (await textLines([tree])).join('\n');
  const text = (await textLines([tree], { enough: 1000 })).join('\n');
  assert.ok(text.length > 1000 && text.length < 1100, `${text.length} characters`);
  assert.ok(whole.startsWith(text));
  const [row] = (await tree.children?.()) ?? [];
  assert.deepEqual(await textLines([row!], { enough: 'row 0'.length }), ['row 0']);
});
