import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PageRows } from '../../../src/holders/pageRows';

/** PFNs that collide, that are far apart, and that differ in their upper bits alone. */
function pfnOf(index: number): number {
  return (index % 37) * 0x1000 + (index % 5) * 2 ** 33 + 1;
}

test('the rows of each page are those that speak of it, in order', () => {
  const rows = new PageRows(3000);
  const expected = new Map<number, number[]>();
  for (let row = 0; row < 3000; row++) {
    const pfn = pfnOf(row * row);
    // Rows that speak of no page stand in between.
    if (row % 7 === 0) continue;
    const known = expected.get(pfn);
    const page = rows.add(row, pfn);
    assert.equal(rows.pfnOf(page), pfn);
    if (known === undefined) expected.set(pfn, [row]);
    else known.push(row);
  }
  assert.equal(rows.length, expected.size);
  for (const [number, [pfn, list]] of [...expected].entries()) {
    assert.equal(rows.pfnOf(number), pfn);
    assert.deepEqual([...rows.of(pfn)], list);
    assert.equal(rows.lastOf(number), list.at(-1));
  }
  assert.deepEqual([...rows.of(2)], []);
});

test('many pages keep their numbers while the table grows', () => {
  const rows = new PageRows(5000);
  for (let row = 0; row < 5000; row++) assert.equal(rows.add(row, 0x100000 + row), row);
  assert.equal(rows.length, 5000);
  for (let row = 0; row < 5000; row++) assert.deepEqual([...rows.of(0x100000 + row)], [row]);
});
