/** CMA allocations of which the capture has the start and no end: mm/cma.c has none for requests larger than their area. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HolderAnalysis } from '../../../src/holders/model';
import type { EventText } from '../support/traceText';
import { analysedParts } from './support/lostEvents';
import { CMA, TAIL } from './support/pageEvents';

const RECLAIM = [
  '__remove_mapping',
  'shrink_folio_list',
  'shrink_node',
  'try_to_free_pages',
  '__alloc_pages',
];
const COMPACTION = ['compact_zone', 'compact_zone_order', 'try_to_compact_pages', '__alloc_pages'];

function event(text: string, stack?: readonly string[]): EventText {
  return { task: 'cma-1', text, ...(stack === undefined ? {} : { stack }) };
}

const started = (count: number): EventText => event(`cma_alloc_start: name=reserved count=${count} align=0`);
const retried = (count: number): EventText =>
  event(`cma_alloc_busy_retry: name=reserved pfn=0x100 page=00000000deadbeef count=${count} align=0`);
const ended = (count: number): EventText =>
  event(`cma_alloc_finish: name=reserved pfn=0x0 page=0000000000000000 count=${count} align=0`);

function frozen(pfn: string, stack?: readonly string[]): EventText {
  const text = `page_ref_freeze: pfn=${pfn} flags=uptodate|lru count=3 mapcount=0 ${TAIL} val=2 ret=0`;
  return event(text, stack && ['__page_ref_freeze', ...stack]);
}

const MIGRATE = ['folio_migrate_mapping', 'migrate_pages'];

function migrateStart(reason: string, caller?: readonly string[]): EventText {
  return event(
    `mm_migrate_pages_start: mode=MIGRATE_SYNC reason=${reason}`,
    caller && ['migrate_pages', ...caller],
  );
}

function migrateEnd(reason: string, failed: number, caller?: readonly string[]): EventText {
  const counts = `nr_succeeded=0 nr_failed=${failed} nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0`;
  return event(
    `mm_migrate_pages: ${counts} mode=MIGRATE_SYNC reason=${reason}`,
    caller && ['migrate_pages', ...caller],
  );
}

const zone = 'zone_start=0x100 migrate_pfn=0x100 free_pfn=0x1f0 zone_end=0x200, mode=sync';

/** A run of compaction in which a page does not move. */
function compaction(caller?: readonly string[]): EventText[] {
  return [
    event(`mm_compaction_begin: ${zone}`, caller),
    migrateStart('compaction', caller),
    frozen('0x100', caller && [...MIGRATE, ...caller]),
    migrateEnd('compaction', 1, caller),
    event(`mm_compaction_end: ${zone} status=partial`, caller),
  ];
}

/** Of each page that failed to move, what was tried, as asked for, with its result. */
function failures({ pages, attempts }: HolderAnalysis): unknown[][] {
  return pages.flatMap(({ pfn, marks }) =>
    marks.map(({ attempt, reason }) => {
      const { what, requestedPages, result } = attempts[attempt]!;
      return [pfn, what, reason, requestedPages, result];
    }),
  );
}

test('what a task does after a request larger than its area is not of that request', async () => {
  const found = await analysedParts([started(999_999), ...compaction(COMPACTION), frozen('0x555', RECLAIM)]);
  assert.deepEqual(failures(found), [[0x100, 'compaction', 'compaction', null, null]]);
  assert.equal(found.attempts.length, 1);
  const [run] = found.attempts;
  assert.deepEqual([run?.firstRow, run?.lastRow, run?.failed], [1, 5, 1]);
});

test('without a stack, a freeze is of an allocation that is known to have been under way', async () => {
  const start = started(16);
  const freeze = frozen('0x100');
  const ofCma = [[0x100, 'CMA allocation', 'contig_range', 16, 'failed']];
  assert.deepEqual(failures(await analysedParts([start, freeze, ended(16)])), ofCma);
  assert.deepEqual(failures(await analysedParts([start, freeze], [ended(16)])), ofCma);
  assert.deepEqual(failures(await analysedParts([start, freeze, retried(16), ended(16)])), ofCma);
  for (const events of [
    [start, freeze],
    // Another allocation whose start is missing, or that has one.
    [start, freeze, ended(8)],
    [start, freeze, retried(8), ended(8)],
    [start, freeze, started(8), ended(8)],
    [start, freeze, migrateStart('memory_hotplug'), migrateEnd('memory_hotplug', 0), ended(16)],
  ]) {
    assert.deepEqual(failures(await analysedParts(events)), []);
  }
});

test('a freeze without a stack is of an allocation that got beyond its start, and of which nothing is missing since', async () => {
  const before = [started(16), migrateStart('contig_range')];
  const freeze = frozen('0x100');
  const unended = [[0x100, 'CMA allocation', 'contig_range', 16, null]];
  assert.deepEqual(failures(await analysedParts([...before, freeze])), unended);
  assert.deepEqual(
    failures(await analysedParts([...before, migrateEnd('contig_range', 1), freeze])),
    unended,
  );
  assert.deepEqual(failures(await analysedParts([started(16), retried(16), freeze])), unended);
  assert.deepEqual(failures(await analysedParts(before, [freeze])), []);
});

test('compaction for the memory that an allocation moves pages to does not end the allocation', async () => {
  for (const caller of [['alloc_migration_target', 'migrate_pages', ...CMA], undefined]) {
    const cma = caller && CMA;
    const found = await analysedParts([
      started(16),
      migrateStart('contig_range', cma),
      ...compaction(caller && [...COMPACTION, ...caller]),
      migrateEnd('contig_range', 2, cma),
      ended(16),
    ]);
    const allocation = found.attempts.find(({ what }) => what === 'CMA allocation');
    assert.deepEqual([allocation?.firstRow, allocation?.lastRow], [0, 8]);
    assert.deepEqual([allocation?.migrateCalls, allocation?.failed, allocation?.result], [1, 2, 'failed']);
    const compacted = found.attempts.find(({ what }) => what === 'compaction');
    if (caller !== undefined) assert.equal(compacted?.failed, 1);
    // Its page is none that the allocation tried to move.
    const ofCma = failures(found).filter(([, what]) => what === 'CMA allocation');
    assert.deepEqual(ofCma, []);
  }
});

test('an end is of the allocation that asked for as many pages of the same area', async () => {
  const { attempts } = await analysedParts([started(999_999)], [ended(16)]);
  assert.deepEqual(
    attempts.map(({ firstRow, requestedPages, result }) => [firstRow, requestedPages, result]),
    [[1, 16, 'failed']],
  );
});
