/** Pages with more events, lives and marks than a call takes arguments. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import { captureOf, type EventText } from '../support/traceText';
import { TAIL } from './support/pageEvents';

/** As the arguments of one call so many are too many: Node has room for some 125,000. */
const TOO_MANY = 140_000;

/** Without stacks: in a CMA allocation every freeze that fails is a mark. */
const START: EventText = { task: 'cma-1', text: 'cma_alloc_start: name=reserved count=16 align=0' };

test('a page may live and fail to move more often than a call takes arguments', async () => {
  const life = [
    'page_ref_set: pfn=0x100 count=1 val=1',
    'page_ref_freeze: pfn=0x100 count=1 val=2 ret=0',
  ].map((text): EventText => ({
    task: 'cma-1',
    text: text.replace(' count', ` flags=uptodate mapcount=0 ${TAIL} count`),
  }));
  const { pages } = analyseHolders(
    await captureOf([START, ...Array.from({ length: TOO_MANY }, () => life).flat()]),
  );
  assert.deepEqual(
    pages.map(({ order, marks, references }) => [order, marks.length, references.length]),
    [[0, TOO_MANY, TOO_MANY]],
  );
});
