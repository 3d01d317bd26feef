import assert from 'node:assert/strict';
import test from 'node:test';
import { Engine } from '../../../src/engine/engine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { parseBarePfnRange, parsePfnRange } from '../../../src/engine/holdersQuery';

async function pagesOf(file: string, range: string, limit = 1000): Promise<readonly number[]> {
  const engine = new Engine(nodeHost());
  await engine.openCapture({ path: file });
  return engine.pagesInRange({ range: parsePfnRange(range)!, limit });
}

test('a range names the pages of whose references an event tells, and those alone', async () => {
  const SAMPLE = 'media/sample/trace.txt';
  assert.deepEqual(await pagesOf(SAMPLE, '0x12f98'), [0x12f98]);
  assert.deepEqual(await pagesOf(SAMPLE, '77720'), [0x12f98]);
  assert.deepEqual(
    await pagesOf(SAMPLE, '0x0..0x12f97'),
    (await pagesOf(SAMPLE, '0x0..0xfffff')).filter((pfn) => pfn < 0x12f98),
  );
  // cma_alloc_start and test_pages_isolated name the first page of the area, and say nothing of its references.
  assert.ok(!(await pagesOf(SAMPLE, '0x0..0xfffff')).includes(0x12800));
});

test('a limit cuts the list at its end, and pages that failed to move are found in large captures too', async () => {
  const BUFFERS = 'test/fixtures/c_jbd2/report.txt.gz';
  const all = await pagesOf(BUFFERS, '0x12800..0x12fff');
  assert.ok(all.length > 4);
  assert.deepEqual(await pagesOf(BUFFERS, '0x12800..0x12fff', 3).then((pfns) => pfns.length), 3);
  assert.ok(all.includes(0x12e81));
});

test('what is a range: two PFNs, the smaller first, or one', () => {
  assert.deepEqual(parsePfnRange('0x10..32'), { first: 16, last: 32 });
  assert.deepEqual(parsePfnRange(' 7 .. 9 '), { first: 7, last: 9 });
  assert.deepEqual(parsePfnRange('0x10'), { first: 16, last: 16 });
  assert.deepEqual(parsePfnRange('12f98'), { first: 0x12f98, last: 0x12f98 }, 'a letter is no decimal digit');
  assert.deepEqual(parsePfnRange('12800..12FFF'), { first: 0x12800, last: 0x12fff }, 'nor is one of the two');
  assert.deepEqual(parsePfnRange('1a..0x20'), { first: 26, last: 32 });
  assert.deepEqual(parsePfnRange('0x12800-0x12fff'), { first: 0x12800, last: 0x12fff });
  assert.deepEqual(parsePfnRange('7 - 9'), { first: 7, last: 9 });
  assert.deepEqual(parsePfnRange('0x12c00+512'), { first: 0x12c00, last: 0x12dff });
  assert.deepEqual(parsePfnRange('7 + 0x10'), { first: 7, last: 22 });
  for (const wrong of [
    '',
    '..',
    '5..',
    '5+',
    '+5',
    '5+0',
    '5+x',
    '1+2+3',
    '..5',
    '9..7',
    '1..2..3',
    '-1',
    '0xg',
    '1-2-3',
    '9-7',
    '1..2-3',
  ]) {
    assert.equal(parsePfnRange(wrong), null, wrong);
  }
});

test('pages that alloc_contig_range prints as busy are hexadecimal, without the end', () => {
  assert.deepEqual(parsePfnRange('[12800, 13000)'), { first: 0x12800, last: 0x12fff });
  assert.deepEqual(parsePfnRange(' [0x12800,0x12801) '), { first: 0x12800, last: 0x12800 });
  for (const wrong of [
    '[12800, 12800)',
    '[13000, 12800)',
    '[12800)',
    '[, 13000)',
    '[1, 2, 3)',
    '12800, 13000',
    '[1, 2]',
  ]) {
    assert.equal(parsePfnRange(wrong), null, wrong);
  }
});

test('digits alone may be hexadecimal as kernels print them, what is told apart by itself may not', () => {
  assert.deepEqual(parseBarePfnRange(' 12800 '), { first: 0x12800, last: 0x12800 });
  assert.deepEqual(parseBarePfnRange('12800..13000'), { first: 0x12800, last: 0x13000 });
  for (const other of ['0x12800', '12f98', '0x12800..13000', '[12800, 13000)', '', '..', 'page 5']) {
    assert.equal(parseBarePfnRange(other), null, other);
  }
});
