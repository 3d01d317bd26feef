import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventKind, NONE } from '../../../src/capture/eventTable';
import { PageRows } from '../../../src/holders/pageRows';
import { captureOf } from '../support/traceText';

/** PFNs that collide, that are far apart, and that differ in their upper bits alone. */
function pfnOf(index: number): number {
  return (index % 37) * 0x1000 + (index % 5) * 2 ** 33 + 1;
}

/** The rows of so many events, each of a page or, for NONE, of none; taken in steps of a size. */
async function rowsOf(pfns: readonly number[], step: number) {
  const { events } = await captureOf([]);
  const table = {
    ...events,
    length: pfns.length,
    pfn: Float64Array.from(pfns),
    kind: Uint8Array.from(pfns, (pfn) => (pfn === NONE ? EventKind.CmaAllocStart : EventKind.PageRefMod)),
  };
  const rows = new PageRows(table);
  const numbers: number[] = [];
  for (let from = 0; from < pfns.length; from += step) {
    const to = Math.min(from + step, pfns.length);
    const pages = new Int32Array(step);
    rows.take(from, to, pages);
    numbers.push(...pages.subarray(0, to - from));
  }
  return { rows, numbers };
}

test('the rows of each page are those that speak of it, in order', async () => {
  // Rows that speak of no page stand in between.
  const pfns = Array.from({ length: 3000 }, (_, row) => (row % 7 === 0 ? NONE : pfnOf(row * row)));
  const expected = new Map<number, number[]>();
  for (const [row, pfn] of pfns.entries()) {
    if (pfn !== NONE) expected.set(pfn, [...(expected.get(pfn) ?? []), row]);
  }
  const { rows, numbers } = await rowsOf(pfns, 100);
  assert.equal(rows.length, expected.size);
  for (const [number, [pfn, list]] of [...expected].entries()) {
    assert.equal(rows.pfnOf(number), pfn);
    assert.deepEqual([...rows.of(pfn)], list);
    assert.equal(rows.lastOfPage(number), list.at(-1));
    assert.equal(rows.lastOf(pfn), list.at(-1));
    for (const [index, row] of list.entries()) {
      assert.equal(numbers[row], number);
      assert.equal(rows.before(row), list[index - 1] ?? NONE);
    }
  }
  assert.equal(numbers[0], NONE);
  assert.deepEqual([...rows.of(2)], []);
  assert.equal(rows.lastOf(2), NONE);
});

for (const [where, first] of [
  ['that are an index', 0],
  ['of which some are an index', 8 * 5000 - 2500],
  ['far away', 2 ** 40],
] as const) {
  test(`many pages, PFNs ${where}, keep their numbers while the tables grow`, async () => {
    const { rows } = await rowsOf(
      Array.from({ length: 5000 }, (_, row) => first + row),
      5000,
    );
    assert.equal(rows.length, 5000);
    for (let row = 0; row < 5000; row++) assert.deepEqual([...rows.of(first + row)], [row]);
    for (const pfn of [-1, first - 1, first + 5000, 2 ** 52 - 1]) assert.equal(rows.lastOf(pfn), NONE);
  });
}
