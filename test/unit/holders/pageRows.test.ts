import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../../src/capture/turns';
import { PageRows } from '../../../src/holders/pageRows';
import { captureOf, type EventText } from '../support/traceText';
import { allocated, FAULT, start } from './support/pageEvents';

/** PFNs that collide, that are far apart, and that differ in their upper bits alone. */
function pfnOf(index: number): number {
  return (index % 37) * 0x1000 + (index % 5) * 2 ** 33 + 1;
}

test('the rows of each page are those that speak of it, in order', async () => {
  const events: EventText[] = [];
  const expected = new Map<number, number[]>();
  for (let index = 0; index < 3000; index++) {
    const pfn = pfnOf(index * index);
    if (index % 7 === 0) {
      events.push(start);
      continue;
    }
    expected.set(pfn, [...(expected.get(pfn) ?? []), index]);
    events.push(allocated('owner-2', FAULT, `0x${pfn.toString(16)}`));
  }
  const { events: table } = await captureOf(events);
  const rows = atOnce(PageRows.of(table));
  assert.equal(rows.length, expected.size);
  assert.deepEqual([...rows.pfns], [...expected.keys()]);
  for (const [pfn, list] of expected) {
    assert.deepEqual([...rows.of(pfn)], list);
    assert.equal(rows.lastOf(rows.pfns.indexOf(pfn)), list.at(-1));
  }
  assert.deepEqual([...rows.of(2)], []);
});

test('many pages keep their numbers while the table grows', async () => {
  const events = Array.from({ length: 5000 }, (_, index) =>
    allocated('owner-2', FAULT, `0x${(0x100000 + index).toString(16)}`),
  );
  const rows = atOnce(PageRows.of((await captureOf(events)).events));
  assert.equal(rows.length, 5000);
  for (let index = 0; index < 5000; index++) assert.deepEqual([...rows.of(0x100000 + index)], [index]);
});
