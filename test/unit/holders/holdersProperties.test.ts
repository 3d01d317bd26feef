/**
 * Whatever is missing from a capture, the sums stay sums: real captures with their beginning cut off, and with
 * blocks of lines taken out, as lost events and late starts do.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { test } from 'node:test';
import { openCapture } from '../../../src/capture/openCapture';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import type { Mark, Page } from '../../../src/holders/model';
import { knownCaptures } from '../../truth/captures';
import { memorySource } from '../support/traceText';

/** Park and Miller's generator: the same cuts on every machine. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 0x7fffffff;
    return state / 0x7fffffff;
  };
}

function linesOf(file: string): string[] {
  const bytes = readFileSync(file);
  return (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1').split('\n');
}

async function pagesOf(lines: readonly string[]): Promise<Page[]> {
  const bytes = Buffer.from(lines.join('\n'), 'latin1');
  const { pages } = analyseHolders(await openCapture(memorySource('cut.txt', bytes)));
  return [...pages];
}

function assertWhole(page: Page, mark: Mark): void {
  if (mark.count === null || mark.held === null) return;
  const where = `0x${page.pfn.toString(16)} at row ${mark.row}`;
  const parts = [mark.expected ?? NaN, mark.held, mark.untraced ?? NaN];
  assert.ok(
    parts.every((part) => part >= 0),
    `${where}: ${parts.join(' + ')}`,
  );
  assert.equal(
    parts.reduce((sum, part) => sum + part, 0),
    mark.count,
    where,
  );
  const terms = mark.expectedTerms.reduce((sum, term) => sum + term.count, 0);
  assert.equal(terms, mark.expected, `${where}: terms of the expected count`);
}

function assertConsistent(pages: readonly Page[]): void {
  for (const page of pages) {
    for (const mark of page.marks) assertWhole(page, mark);
    for (const reference of page.references) {
      assert.ok(reference.weight > 0);
      const held = reference.role === 'held';
      assert.ok(!held || reference.openAt.length > 0, 'a held reference was open at a mark');
      const { acquired, released } = reference;
      if (acquired !== null && released !== null) assert.ok(acquired.row <= released.row);
    }
  }
}

const captures = knownCaptures('test/fixtures').filter(({ file }) =>
  /(report|trace|trace_pipe)\.txt(\.gz)?$/.test(file),
);

test('there are captures to cut', () => {
  assert.ok(captures.length > 5);
});

for (const { file } of captures) {
  test(`sums of ${file} stay sums when its beginning is cut off`, async () => {
    const lines = linesOf(file);
    for (let part = 0; part < 5; part++) {
      assertConsistent(await pagesOf(lines.slice(Math.floor((lines.length * part) / 5))));
    }
  });

  test(`sums of ${file} stay sums when blocks of lines are missing`, async () => {
    const lines = linesOf(file);
    const random = randomNumbers(lines.length);
    for (let round = 0; round < 5; round++) {
      const missing = new Set<number>();
      for (let block = 0; block < lines.length / 100; block++) {
        const first = Math.floor(random() * lines.length);
        for (let line = first; line < first + 20; line++) missing.add(line);
      }
      assertConsistent(await pagesOf(lines.filter((_, index) => !missing.has(index))));
    }
  });
}
