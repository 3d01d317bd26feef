import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import type { Attempt } from '../../../src/holders/model';
import { captureOf, type EventText } from '../support/traceText';
import {
  allocated,
  change,
  CMA,
  FAULT,
  finish,
  migrateEnd,
  migrateStart,
  named,
  PUTBACK,
  refused,
  SCAN,
  start,
} from './support/pageEvents';

const VMSPLICE = ['internal_get_user_pages_fast', 'iov_iter_get_pages2', '__do_sys_vmsplice'];
const held = change('owner-2', VMSPLICE, { count: 2, val: 1 });

function cma(text: string, task = 'cma-1'): EventText {
  return { task, text, stack: CMA };
}

async function onlyAttempt(events: readonly EventText[]): Promise<Attempt> {
  const { attempts, pages } = analyseHolders(await captureOf(events));
  assert.equal(attempts.length, 1);
  for (const page of pages) for (const mark of page.marks) assert.equal(mark.attempt, 0);
  return attempts[0]!;
}

test('a CMA allocation that fails is one attempt with its area, its range and its retries', async () => {
  const attempt = await onlyAttempt([
    allocated('owner-2', FAULT),
    held,
    start,
    migrateStart,
    migrateEnd(0),
    ...refused(2),
    named('0x100'),
    cma('cma_alloc_busy_retry: name=reserved pfn=0x100 page=00000000deadbeef count=16 align=0'),
    ...refused(2),
    named('0x100'),
    cma('cma_alloc_busy_retry: name=reserved pfn=0x101 page=00000000deadbeef count=16 align=0'),
    cma('cma_alloc_finish: name=reserved pfn=0x0 page=0000000000000000 count=16 align=0'),
  ]);
  const { what, area, requestedPages, range, retries, migrateCalls, result, error } = attempt;
  assert.deepEqual(
    { what, area, requestedPages, range, retries, migrateCalls, result, error },
    {
      what: 'CMA allocation',
      area: 'reserved',
      requestedPages: 16,
      range: { first: 0x100, last: 0x110 },
      retries: 2,
      migrateCalls: 1,
      result: 'failed',
      error: null,
    },
  );
});

test('errorno says how a CMA allocation of newer kernels ended', async () => {
  const attempt = await onlyAttempt([
    start,
    cma('cma_alloc_finish: name=reserved pfn=0x0 page=00000000deadbeef count=16 align=0 errorno=-16'),
  ]);
  assert.equal(attempt.result, 'failed');
  assert.equal(attempt.error, -16);
  assert.equal(attempt.range, null);
});

test("Android's cma_alloc_info behind the end says in which step ranges failed", async () => {
  const attempt = await onlyAttempt([
    start,
    cma('cma_alloc_finish: name=reserved pfn=0x0 page=0000000000000000 count=16 align=0'),
    cma(
      'cma_alloc_info: name=reserved pfn=0xffffffffffffffff count=16 align=0 nr_migrated=3 nr_reclaimed=0 nr_mapped=3 ' +
        'err_iso=0 err_mig=2 err_test=5',
    ),
  ]);
  assert.equal(attempt.result, 'failed');
  assert.deepEqual(attempt.failedSteps, { isolation: 0, migration: 2, test: 5 });
  const other = await onlyAttempt([start, finish]);
  assert.equal(other.failedSteps, null);
});

test('an attempt that succeeded is kept for the pages that it passed over', async () => {
  const attempt = await onlyAttempt([
    allocated('owner-2', FAULT),
    held,
    start,
    ...refused(2),
    named('0x100'),
    cma('cma_alloc_busy_retry: name=reserved pfn=0x100 page=00000000deadbeef count=16 align=0'),
    cma('cma_alloc_finish: name=reserved pfn=0x120 page=00000000deadbeef count=16 align=0'),
  ]);
  assert.equal(attempt.result, 'succeeded');
});

test('an attempt that failed without naming a page is kept, one that succeeded is not', async () => {
  const { attempts } = analyseHolders(
    await captureOf([
      start,
      cma('cma_alloc_finish: name=reserved pfn=0x120 page=00000000deadbeef count=16 align=0'),
      start,
      finish,
    ]),
  );
  assert.deepEqual(
    attempts.map(({ id, result }) => [id, result]),
    [[0, 'failed']],
  );
});

test('an event that an instance recorded beside the top buffer is counted once', async () => {
  const attempt = await onlyAttempt([
    allocated('owner-2', FAULT),
    held,
    start,
    start,
    ...refused(2),
    named('0x100'),
    cma('cma_alloc_busy_retry: name=reserved pfn=0x100 page=00000000deadbeef count=16 align=0'),
    cma('cma_alloc_busy_retry: name=reserved pfn=0x100 page=00000000deadbeef count=16 align=0'),
    finish,
    finish,
  ]);
  assert.equal(attempt.retries, 1);
  assert.equal(attempt.result, 'failed');
});

test('a request behind one that is larger than its area, which has no end, is another one', async () => {
  for (const first of ['name=reserved count=999999 align=0', 'name=other count=16 align=0']) {
    const attempt = await onlyAttempt([cma(`cma_alloc_start: ${first}`), start, named('0x100'), finish]);
    const { area, requestedPages, firstRow, result } = attempt;
    assert.deepEqual([area, requestedPages, firstRow, result], ['reserved', 16, 1, 'failed']);
  }
});

test('a compaction run has its zone and its status', async () => {
  const scan = SCAN.slice(0, 1).concat('compact_zone', 'compact_node');
  const attempt = await onlyAttempt([
    allocated('owner-2', FAULT),
    held,
    {
      task: 'kcompactd0-9',
      text: 'mm_compaction_begin: zone_start=0x100 migrate_pfn=0x100 free_pfn=0x1f0 zone_end=0x200, mode=sync',
      stack: scan,
    },
    change('kcompactd0-9', scan, { count: 3, val: 1 }),
    change('kcompactd0-9', scan, { count: 2, val: -1 }),
    {
      task: 'kcompactd0-9',
      text: 'mm_compaction_end: zone_start=0x100 migrate_pfn=0x150 free_pfn=0x160 zone_end=0x200, mode=sync status=complete',
      stack: scan,
    },
  ]);
  assert.equal(attempt.what, 'compaction');
  assert.deepEqual(attempt.range, { first: 0x100, last: 0x1ff });
  assert.equal(attempt.resultText, 'complete');
});

test('a page that is on no LRU list fails at isolation, not for its references', async () => {
  const flags = 'flags=uptodate|swapbacked';
  const { pages } = analyseHolders(
    await captureOf([
      allocated('owner-2', FAULT),
      start,
      change('cma-1', SCAN, { count: 2, val: 1, flags }),
      change('cma-1', SCAN, { count: 1, val: -1, flags }),
      named('0x100'),
      finish,
    ]),
  );
  const mark = pages[0]?.marks[0];
  assert.equal(mark?.cause, 'isolation');
  assert.match(mark.notes.join(' '), /on no LRU list/);
});

/** Two faults get a page, then an allocation fails to move it. */
const afterFaults = (stack: readonly string[], first: string, second: string): EventText[] => [
  allocated('owner-2', FAULT),
  change(first, stack, { count: 2, val: 1, mapcount: 0 }),
  change(second, stack, { count: 3, val: 1, mapcount: 0 }),
  start,
  migrateStart,
  change('cma-1', SCAN, { count: 4, val: 1, mapcount: 0 }),
  migrateEnd(1),
  change('cma-1', PUTBACK, { count: 3, val: -1, mapcount: 0 }),
  finish,
];

const WAITS = ['__migration_entry_wait', 'migration_entry_wait', 'do_swap_page', ...FAULT];

test('faults that wait for a migration hold the page that is being migrated, in older kernels', async () => {
  const { pages } = analyseHolders(
    await captureOf([
      ...afterFaults(WAITS, 'waiter-3', 'waiter-4'),
      change('waiter-3', ['put_and_wait_on_page_locked', ...WAITS], { count: 2, val: -1, mapcount: 0 }),
      change('waiter-4', ['put_and_wait_on_page_locked', ...WAITS], { count: 1, val: -1, mapcount: 0 }),
    ]),
  );
  assert.equal(pages[0]?.marks[0]?.held, 2);
  const held = pages[0].references.filter(({ role }) => role === 'held');
  assert.deepEqual(
    held.map(({ label, acquired, released }) => [label, acquired?.row, released?.row]),
    [
      ['fault that waits for a migration', 1, 9],
      ['fault that waits for a migration', 2, 10],
    ],
  );
});

test('of references that migration expects but that no mapping explains it is not said that nobody kept the page', async () => {
  const faults = ['do_swap_page', ...FAULT];
  const { pages } = analyseHolders(await captureOf(afterFaults(faults, 'faulter-3', 'faulter-4')));
  const mark = pages[0]?.marks[0];
  assert.equal(mark?.cause, 'unknown');
  assert.equal(mark.causeDetail, "2 beyond migration's formula");
  assert.doesNotMatch(mark.notes.join(' '), /no reference is known to have kept it/);
});

test('a marker, page_ref_set with a value that the count is not, sets nothing', async () => {
  const marker = (val: number, count: number): EventText => ({
    task: 'debug-9',
    text: `page_ref_set: pfn=0x100 flags=uptodate|lru|swapbacked count=${count} mapcount=1 mapping=00000000deadbeef mt=4 val=${val}`,
    stack: ['trace_event_raw_event_page_ref_set', '__page_ref_set', 'mark_page'],
  });
  const { pages } = analyseHolders(
    await captureOf([
      allocated('owner-2', FAULT),
      marker(888, 1),
      held,
      marker(999, 2),
      start,
      ...refused(2),
      named('0x100'),
      finish,
    ]),
  );
  assert.equal(pages[0]?.marks[0]?.held, 1);
  assert.equal(pages[0].marks[0].untraced, 0);
  assert.deepEqual(
    pages[0].references.filter(({ role }) => role === 'held').map(({ acquired }) => acquired?.row),
    [2],
  );
});

const OFFLINE = ['offline_pages', 'memory_subsys_offline', 'device_offline'];
const HUGETLB_PUT = ['folio_putback_active_hugetlb'];

test('pages on no LRU list that a failed migration puts back failed: hugetlb, and movable pages of drivers', async () => {
  const pin = ['try_grab_folio', 'follow_hugetlb_page', '__gup_longterm_locked', 'ib_umem_get'];
  const failing = (isolate: string, put: readonly string[]): EventText[] => [
    change('owner-2', pin, { count: 2, val: 1 }),
    change('cma-1', [isolate, 'do_migrate_range', ...OFFLINE], { count: 3, val: 1 }),
    migrateStart,
    migrateEnd(1),
    change('cma-1', [...put, ...OFFLINE], { count: 2, val: -1 }),
  ];
  for (const events of [
    failing('isolate_hugetlb', [...HUGETLB_PUT, 'putback_movable_pages']),
    failing('isolate_movable_page', ['putback_movable_pages']),
  ]) {
    const { pages } = analyseHolders(await captureOf(events));
    assert.equal(pages[0]?.marks.length, 1);
    assert.equal(pages[0].references.filter(({ role }) => role === 'held').length, 1);
  }
});

test('a huge page that was moved is not one that was put back', async () => {
  const moved = [...HUGETLB_PUT, 'unmap_and_move_huge_page', 'migrate_pages', ...OFFLINE];
  const { pages } = analyseHolders(
    await captureOf([
      change('cma-1', ['isolate_hugetlb', 'do_migrate_range', ...OFFLINE], { count: 2, val: 1 }),
      migrateStart,
      change('cma-1', moved, { count: 1, val: -1 }),
      migrateEnd(1),
    ]),
  );
  assert.deepEqual(
    pages.flatMap(({ marks }) => marks),
    [],
  );
});

const RECLAIM = ['shrink_inactive_list', 'shrink_lruvec', 'shrink_node', 'balance_pgdat', 'kswapd'];
const SHRINK = ['shrink_folio_list', ...RECLAIM];
const DEMOTE = ['migrate_pages_batch', 'migrate_pages', 'demote_folio_list', ...SHRINK];

const isolatedByReclaim = (pfn: string): EventText =>
  change('kswapd0-6', ['isolate_lru_folios', ...RECLAIM], { count: 3, val: 1, pfn });
const putBackByReclaim = (pfn: string): EventText =>
  change('kswapd0-6', ['move_folios_to_lru', ...RECLAIM], { count: 2, val: -1, pfn });

/** Unmapped and mapped again. */
const unmappedFor = (stack: readonly string[], pfn: string): EventText[] => [
  change('kswapd0-6', ['try_to_migrate_one', 'rmap_walk_anon', ...stack], {
    count: 2,
    val: -1,
    mapcount: 0,
    pfn,
  }),
  change('kswapd0-6', ['remove_migration_pte', 'rmap_walk_anon', ...stack], {
    count: 3,
    val: 1,
    mapcount: 0,
    pfn,
  }),
];

function demotion(
  failed: number,
  events: readonly EventText[],
  stack: readonly string[] = DEMOTE,
): EventText[] {
  const call = 'mode=MIGRATE_ASYNC reason=demotion';
  const counted = `nr_succeeded=1 nr_failed=${failed} nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0`;
  return [
    { task: 'kswapd0-6', text: `mm_migrate_pages_start: ${call}`, stack: stack.slice(1) },
    ...events,
    { task: 'kswapd0-6', text: `mm_migrate_pages: ${counted} ${call}`, stack: stack.slice(1) },
  ];
}

test('a page that was not demoted is named, others that reclaim puts back are not', async () => {
  const inlined = DEMOTE.filter((name) => name !== 'demote_folio_list');
  for (const stack of [DEMOTE, inlined]) {
    const { pages, attempts } = analyseHolders(
      await captureOf([
        change('owner-2', VMSPLICE, { count: 2, val: 1 }),
        isolatedByReclaim('0x100'),
        isolatedByReclaim('0x101'),
        isolatedByReclaim('0x102'),
        ...demotion(
          1,
          [
            ...unmappedFor(stack, '0x100'),
            change('kswapd0-6', ['try_to_migrate_one', ...stack], { count: 1, val: -1, pfn: '0x102' }),
            change('kswapd0-6', stack, { count: 0, val: -1, mapcount: 0, pfn: '0x102' }),
          ],
          stack,
        ),
        putBackByReclaim('0x100'),
        putBackByReclaim('0x101'),
      ]),
    );
    assert.deepEqual(
      pages.map(({ pfn, marks }) => [pfn, marks.map(({ reason, held }) => [reason, held])]),
      [[0x100, [['demotion', 1]]]],
    );
    assert.deepEqual(
      attempts.map(({ what, failed }) => [what, failed]),
      [['demotion', 1]],
    );
  }
});

test('a page that reclaim puts back did not fail where the call has no failure, or nothing shows that it was tried', async () => {
  const pageOf = (failed: number, stack: readonly string[]): EventText[] => [
    isolatedByReclaim('0x100'),
    ...demotion(failed, unmappedFor(stack, '0x100')),
    putBackByReclaim('0x100'),
  ];
  // Reclaim for a page that a migration moves another to: it is not the one that is migrated.
  const within = [...SHRINK, '__alloc_pages', 'alloc_migration_target', 'migrate_pages', 'compact_zone'];
  for (const events of [pageOf(0, DEMOTE), pageOf(1, within)]) {
    assert.deepEqual(analyseHolders(await captureOf(events)).pages, []);
  }
});

test('a call of migrate_pages by DAMON, since 6.11, is named after it', async () => {
  const attempt = await onlyAttempt([
    { task: 'kdamond-9', text: 'mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=damon' },
    {
      task: 'kdamond-9',
      text: 'mm_migrate_pages: nr_succeeded=3 nr_failed=1 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 mode=MIGRATE_ASYNC reason=damon',
    },
  ]);
  assert.deepEqual([attempt.what, attempt.failed], ['move by a DAMON scheme', 1]);
});
