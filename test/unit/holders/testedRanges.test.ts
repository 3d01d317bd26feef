/** test_pages_isolated without a stack: what its task did before, or does behind it, says what the range is tested for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventText } from '../support/traceText';
import { analysedParts } from './support/lostEvents';

function event(text: string): EventText {
  return { task: 'sh-1', text };
}

function migrated(reason: string): EventText[] {
  const counts = 'nr_succeeded=5 nr_failed=1 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0';
  return [
    event(`mm_migrate_pages_start: mode=MIGRATE_SYNC reason=${reason}`),
    event(`mm_migrate_pages: ${counts} mode=MIGRATE_SYNC reason=${reason}`),
  ];
}

const inUse = event('test_pages_isolated: start_pfn=0x100 end_pfn=0x110 fin_pfn=0x102 ret=fail');
const empty = event('test_pages_isolated: start_pfn=0x100 end_pfn=0x110 fin_pfn=0x110 ret=success');
const start = event('cma_alloc_start: name=reserved count=16 align=0');
const end = event(
  'cma_alloc_finish: name=reserved pfn=0x0 page=0000000000000000 count=16 align=0 errorno=-16',
);

/** Of each mark, its reason and what was tried with its result; what failed without a mark is told with no reason. */
async function tested(...parts: readonly (readonly EventText[])[]): Promise<unknown[]> {
  const { pages, attempts } = await analysedParts(...parts);
  const marks = pages.flatMap((page) => page.marks);
  return attempts.map(({ id, what, failed, result }) => [
    marks.find(({ attempt }) => attempt === id)?.reason,
    what,
    failed,
    result,
  ]);
}

test('a range is tested for what its task migrated pages for just before', async () => {
  assert.deepEqual(await tested([...migrated('memory_hotplug'), inUse]), [
    ['memory_hotplug', 'memory offlining', 1, null],
  ]);
  // offline_pages goes over a range again that is in use.
  assert.deepEqual(await tested([...migrated('memory_hotplug'), inUse, inUse, inUse]), [
    ['memory_hotplug', 'memory offlining', 1, null],
  ]);
  assert.deepEqual(
    await tested([...migrated('memory_hotplug'), inUse, ...migrated('memory_hotplug'), empty]),
    [['memory_hotplug', 'memory offlining', 2, 'succeeded']],
  );
  assert.deepEqual(await tested([...migrated('contig_range'), inUse]), [
    [undefined, 'contiguous allocation', 1, null],
    ['contig_range', 'contiguous allocation', 0, 'failed'],
  ]);
});

test('where nothing says what a range is tested for, that is not known', async () => {
  const unknown = [[null, 'migration', 0, null]];
  assert.deepEqual(await tested([inUse]), unknown);
  assert.deepEqual(await tested([inUse, inUse]), unknown);
  assert.deepEqual(await tested([inUse, empty]), [[null, 'migration', 0, 'succeeded']]);
  assert.deepEqual(await tested(migrated('memory_hotplug'), [inUse]), [
    [undefined, 'memory offlining', 1, null],
    ...unknown,
  ]);
  assert.deepEqual(await tested([...migrated('compaction'), inUse]), [
    [undefined, 'compaction', 1, null],
    ...unknown,
  ]);
  // The request is larger than the range: this is not its allocation.
  const larger = event('cma_alloc_start: name=reserved count=999999 align=0');
  assert.deepEqual(await tested([larger, inUse]), unknown);
});

test('an allocation that has ended does not say what its task tests later', async () => {
  assert.deepEqual(await tested([start, ...migrated('contig_range'), end, inUse]), [
    [undefined, 'CMA allocation', 1, 'failed'],
    [null, 'migration', 0, null],
  ]);
});

test('behind missing events a range is tested for the allocation that goes on behind it', async () => {
  const ofCma = [['contig_range', 'CMA allocation', 0, 'failed']];
  assert.deepEqual(await tested([start, inUse, end]), ofCma);
  assert.deepEqual(await tested([start], [inUse, end]), ofCma);
  assert.deepEqual(await tested([start], [inUse]), [[null, 'migration', 0, null]]);
  assert.deepEqual(await tested([start], [inUse, start, end]), [
    [null, 'migration', 0, null],
    [undefined, 'CMA allocation', 0, 'failed'],
  ]);
});

test('up to 5.12 the end of a CMA allocation says what was tested before it', async () => {
  const only = event('cma_alloc: pfn=0xffffffffffffffff page=0000000000000000 count=16 align=0');
  assert.deepEqual(await tested([inUse, only]), [['contig_range', 'CMA allocation', 0, 'failed']]);
});
