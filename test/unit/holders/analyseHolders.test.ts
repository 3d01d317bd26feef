import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../../src/capture/turns';
import { analyseHolders, HolderAnalyser } from '../../../src/holders/analyseHolders';
import type { Page } from '../../../src/holders/model';
import { captureOf, type EventText } from '../support/traceText';
import {
  FLAGS,
  TAIL,
  FAULT,
  SCAN,
  MIGRATE,
  PUTBACK,
  change,
  allocated,
  start,
  finish,
  migrateStart,
  migrateEnd,
  named,
  refused,
} from './support/pageEvents';
import { heldOf, onlyPage } from './support/foundPages';
import { analysedParts } from './support/lostEvents';

function sums(page: Page): string[] {
  return page.marks.map(
    ({ count, expected, held, untraced }) =>
      `${count} = ${expected} expected + ${held} held + ${untraced} untraced`,
  );
}

test('a page refused at isolation is held by what was open, and the sum says so', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', ['internal_get_user_pages_fast', 'iov_iter_get_pages2', '__do_sys_vmsplice'], {
      count: 2,
      val: 1,
    }),
    start,
    ...refused(2),
    named('0x100'),
    finish,
    change('reader-3', ['page_cache_pipe_buf_release', 'pipe_read', 'vfs_read'], { count: 1, val: -1 }),
  ]);
  assert.deepEqual(sums(page), ['2 = 1 expected + 1 held + 0 untraced']);
  const [mark] = page.marks;
  assert.equal(mark?.source, 'isolation');
  assert.equal(mark.reason, 'contig_range');
  assert.deepEqual(
    mark.evidence.map((evidence) => evidence.source),
    ['derived', 'isolation'],
  );
  assert.deepEqual(
    mark.expectedTerms.map((term) => term.label),
    ['1 page table mapping'],
  );
  const [holder] = heldOf(page);
  assert.equal(holder?.kind, 'pipe-buffer');
  assert.equal(holder.holder, 'pipe buffer · vmsplice · owner-2');
  assert.equal(holder.confidence, 'rule');
  assert.notEqual(holder.released, null);
});

test('a pin counted in two steps, +1 and +1023, is one reference of 1024', async () => {
  const grab = ['try_grab_folio', 'internal_get_user_pages_fast', 'gup_test_ioctl'];
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('tester-4', ['try_get_folio', ...grab], { count: 2, val: 1 }),
    change('tester-4', grab, { count: 1025, val: 1023 }),
    start,
    ...refused(1025),
    named('0x100'),
    finish,
    change('tester-4', ['gup_put_folio', 'unpin_user_pages', 'gup_test_ioctl'], { count: 1, val: -1024 }),
  ]);
  assert.deepEqual(sums(page), ['1025 = 1 expected + 1024 held + 0 untraced']);
  const held = heldOf(page);
  assert.equal(held.length, 1);
  assert.equal(held[0]?.kind, 'gup-pin');
  assert.equal(held[0].weight, 1024);
});

test('the LRU batch that a pin takes in the same call is told by the top frame', async () => {
  const pin = [
    'follow_page_pte',
    '__get_user_pages',
    '__get_user_pages_remote',
    'process_vm_rw_core.constprop.0',
  ];
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('pvm-4', ['try_grab_page', ...pin], { count: 1025, val: 1024 }),
    change('pvm-4', ['folio_activate', 'folio_mark_accessed', ...pin], { count: 1026, val: 1 }),
    start,
    ...refused(1026),
    finish,
    change('kworker/0:1-9', ['release_pages', 'folio_batch_move_lru', 'lru_add_drain_per_cpu'], {
      count: 1025,
      val: -1,
    }),
  ]);
  assert.deepEqual(
    heldOf(page).map((reference) => [reference.kind, reference.weight, reference.released !== null]),
    [
      ['gup-pin', 1024, false],
      ['lru-batch', 1, true],
    ],
  );
});

test('a put in an interrupt is never taken for the interrupted task’s', async () => {
  const dio = [
    'internal_get_user_pages_fast',
    'bio_iov_iter_get_pages',
    'iomap_dio_bio_iter',
    '__iomap_dio_rw',
  ];
  const completion = [
    '__bio_release_pages',
    'bio_check_pages_dirty',
    'blk_update_request',
    'asm_common_interrupt',
  ];
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', dio, { count: 2, val: 1 }),
    change('owner-2', ['internal_get_user_pages_fast', '__do_sys_vmsplice'], { count: 3, val: 1 }),
    start,
    ...refused(3),
    finish,
    // The interrupted task is in the middle of a vmsplice of the same page.
    change('owner-2', [...completion, '__do_sys_vmsplice'], { count: 2, val: -1 }),
  ]);
  assert.deepEqual(
    heldOf(page).map((reference) => [reference.kind, reference.released !== null]),
    [
      ['direct-io', true],
      ['pipe-buffer', false],
    ],
  );
});

test('two CPUs that report one count are a race, not a missing event', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('a-3', ['__do_sys_vmsplice'], { count: 3, val: 1, cpu: 1 }),
    change('b-4', ['__do_sys_vmsplice'], { count: 3, val: 1, cpu: 0 }),
    start,
    ...refused(3),
    finish,
  ]);
  assert.deepEqual(sums(page), ['3 = 1 expected + 2 held + 0 untraced']);
});

test('a count that jumps for good says that events are missing', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('a-3', ['__do_sys_vmsplice'], { count: 2, val: 1 }),
    // One get between these two is not in the capture.
    start,
    ...refused(3),
    finish,
  ]);
  assert.deepEqual(sums(page), ['3 = 1 expected + 1 held + 1 untraced']);
});

test('a reference older than the capture is known by its put', async () => {
  const page = await onlyPage([
    start,
    ...refused(2),
    finish,
    change('reader-3', ['page_cache_pipe_buf_release', 'pipe_read'], { count: 1, val: -1 }),
  ]);
  assert.deepEqual(sums(page), ['2 = 1 expected + 1 held + 0 untraced']);
  const [holder] = heldOf(page);
  assert.equal(holder?.kind, 'pipe-buffer');
  assert.equal(holder.acquired, null);
  assert.ok(holder.deducedAcquire.includes('vmsplice_to_pipe'));
});

test('ten failed freezes are one mark, and the mapping that comes and goes is one reference', async () => {
  const shmem = ['shmem_get_folio_gfp', 'shmem_fault', '__do_fault', ...FAULT];
  const unmap = ['try_to_migrate_one', 'rmap_walk_file', 'try_to_migrate', ...MIGRATE];
  const remap = ['remove_migration_pte', 'rmap_walk_file', ...MIGRATE];
  const passes = Array.from({ length: 10 }, (): EventText[] => [
    change('cma-1', unmap, { count: 3, val: -1, mapcount: 0 }),
    {
      task: 'cma-1',
      text: `page_ref_freeze: pfn=0x100 ${FLAGS} count=3 mapcount=0 ${TAIL} val=2 ret=0`,
      stack: ['folio_migrate_mapping', 'migrate_folio', ...MIGRATE],
    },
    change('cma-1', remap, { count: 4, val: 1, mapcount: 0 }),
  ]).flat();
  const page = await onlyPage([
    allocated('owner-2', shmem),
    change('owner-2', ['shmem_add_to_page_cache.constprop.0', ...shmem], { count: 2, val: 1, mapcount: 0 }),
    change('owner-2', ['internal_get_user_pages_fast', '__do_sys_vmsplice'], { count: 3, val: 1 }),
    start,
    change('cma-1', SCAN, { count: 4, val: 1 }),
    migrateStart,
    ...passes,
    migrateEnd(1),
    change('cma-1', ['folio_add_lru', ...PUTBACK], { count: 5, val: 1 }),
    change('cma-1', PUTBACK, { count: 4, val: -1 }),
    named('0x100'),
    finish,
  ]);
  assert.deepEqual(sums(page), ['3 = 2 expected + 1 held + 0 untraced']);
  const [mark] = page.marks;
  assert.equal(mark?.source, 'freeze');
  assert.equal(mark.evidence.length, 12);
  assert.deepEqual(
    mark.expectedTerms.map((term) => term.label),
    ['1 isolation', '1 page cache'],
  );
  const mapping = page.references.filter((reference) => reference.kind === 'page-table');
  assert.deepEqual(
    mapping.map(({ repeats, remapped }) => [repeats, remapped]),
    [[11, 10]],
  );
  const batch = page.references.find((reference) => reference.kind === 'lru-batch');
  assert.notEqual(batch?.role, 'held');
});

test('more pages put back than failed: those that migrate_pages touched are meant', async () => {
  const isolate = (pfn: string): EventText => change('cma-1', SCAN, { count: 3, val: 1, pfn });
  const putBack = (pfn: string): EventText => change('cma-1', PUTBACK, { count: 2, val: -1, pfn });
  const { pages } = analyseHolders(
    await captureOf([
      isolate('0x101'),
      isolate('0x102'),
      isolate('0x103'),
      migrateStart,
      change('cma-1', ['try_to_migrate_one', 'rmap_walk_anon', ...MIGRATE], {
        count: 2,
        val: -1,
        pfn: '0x102',
      }),
      change('cma-1', ['remove_migration_pte', 'rmap_walk_anon', ...MIGRATE], {
        count: 3,
        val: 1,
        pfn: '0x102',
      }),
      migrateEnd(1),
      putBack('0x101'),
      putBack('0x102'),
      putBack('0x103'),
    ]),
  );
  assert.deepEqual(
    pages.map((page) => page.pfn),
    [0x102],
  );
});

/** A compaction call that counts one failure, of whose list `left` pages stayed; the page was put back. */
function compacted(left: number, ...tried: readonly EventText[]): EventText[] {
  const compaction = ['compact_zone', 'compact_node'];
  const reason = 'mode=MIGRATE_SYNC reason=compaction';
  const putBack = ['folio_putback_lru', 'putback_movable_pages', ...compaction];
  return [
    change('cma-1', ['isolate_migratepages_block', ...compaction], { count: 2, val: 1, mapcount: 0 }),
    {
      task: 'cma-1',
      text: `mm_migrate_pages_start: ${reason}`,
      stack: ['migrate_pages', ...compaction],
    },
    ...tried,
    {
      task: 'cma-1',
      text: `mm_migrate_pages: nr_succeeded=402 nr_failed=1 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 ${reason}`,
      stack: ['migrate_pages', ...compaction],
    },
    {
      task: 'cma-1',
      text: `mm_compaction_migratepages: nr_migrated=402 nr_failed=${left}`,
      stack: compaction,
    },
    change('cma-1', putBack, { count: 1, val: -1, mapcount: 0 }),
  ];
}

test('a call of migrate_pages that leaves pages uncounted stopped early, which is said as deduced', async () => {
  const mark = (await onlyPage(compacted(78))).marks[0]!;
  assert.deepEqual([mark.cause, mark.causeDetail], ['unknown', 'migrate_pages stopped early']);
  // Of 78 pages that were put back the capture has one: it may be the one that failed, or one of the others.
  assert.match(
    mark.notes.at(-1)!,
    /\(deduced: for want of a page to move to, -ENOMEM\): 77 pages were not tried, and this may be one of them$/,
  );
  assert.deepEqual(
    mark.evidence.map(({ what }) => what),
    ['left when migrate_pages stopped early, then put back'],
  );
});

test('a page that migrate_pages touched, or that it counts, did not fail by an early stop', async () => {
  const counted = (await onlyPage(compacted(1))).marks[0]!;
  const perhapsCache = '1 of the page cache or untraced';
  assert.deepEqual([counted.causeDetail, counted.notes.at(-1)?.includes('ENOMEM')], [perhapsCache, false]);
  const unmap = ['try_to_migrate_one', 'rmap_walk_anon', 'migrate_pages', 'compact_zone'];
  const remap = ['remove_migration_pte', 'rmap_walk_anon', 'migrate_pages', 'compact_zone'];
  const tried = [
    change('cma-1', unmap, { count: 1, val: -1, mapcount: 0 }),
    change('cma-1', remap, { count: 2, val: 1, mapcount: 0 }),
  ];
  const touched = (await onlyPage(compacted(78, ...tried))).marks[0]!;
  assert.deepEqual(
    [touched.causeDetail, touched.notes.some((note) => note.includes('ENOMEM'))],
    [null, false],
  );
  assert.equal(touched.evidence[0]?.what, 'given up by migrate_pages, then put back');
});

test('of pages put back alone more than failed tell of an early stop, and the first of them failed', async () => {
  const isolate = (pfn: string): EventText => change('cma-1', SCAN, { count: 2, val: 1, mapcount: 0, pfn });
  const putBack = (pfn: string): EventText =>
    change('cma-1', PUTBACK, { count: 1, val: -1, mapcount: 0, pfn });
  const isolated = ['0x101', '0x102', '0x103'];
  const events = [...isolated.map(isolate), migrateStart, migrateEnd(1), ...isolated.map(putBack)];
  const { pages } = analyseHolders(await captureOf(events));
  assert.deepEqual(
    pages.map((page) => [page.pfn, page.marks[0]?.causeDetail]),
    [[0x101, 'migrate_pages stopped early']],
  );
  assert.match(pages[0]!.marks[0]!.notes.at(-1)!, /: 2 pages were not tried$/);
});

test('pages that were isolated behind a call are not given up by it', async () => {
  const later = (val: number): EventText =>
    change('cma-1', val > 0 ? SCAN : PUTBACK, { count: val > 0 ? 2 : 1, val, mapcount: 0, pfn: '0x105' });
  const { pages } = analyseHolders(
    await captureOf([
      change('cma-1', SCAN, { count: 2, val: 1, mapcount: 0 }),
      migrateStart,
      migrateEnd(1),
      change('cma-1', PUTBACK, { count: 1, val: -1, mapcount: 0 }),
      later(1),
      later(-1),
    ]),
  );
  assert.deepEqual(
    pages.map((page) => [page.pfn, page.marks[0]?.causeDetail]),
    [[0x100, '1 of the page cache or untraced']],
  );
});

const RECLAIM = ['shrink_inactive_list', 'shrink_lruvec', 'shrink_node', 'try_to_free_pages'];

/** Reclaim isolates a page, and frees it by a freeze, without a put. */
const reclaimed: readonly EventText[] = [
  change('cma-1', ['isolate_lru_folios', ...RECLAIM], { count: 2, val: 1, mapcount: 0 }),
  {
    task: 'cma-1',
    text: `page_ref_freeze: pfn=0x100 ${FLAGS} count=0 mapcount=0 ${TAIL} val=2 ret=1`,
    stack: ['__remove_mapping', 'shrink_folio_list', ...RECLAIM],
  },
];

/** The page is isolated behind the end of a call that failed with another one. */
const isolatedBehind: readonly EventText[] = [
  migrateStart,
  migrateEnd(1),
  change('cma-1', SCAN, { count: 2, val: 1 }),
  change('cma-1', PUTBACK, { count: 1, val: -1 }),
];

test('what a task had isolated in an earlier life of the page is not isolated any more', async () => {
  const freed = { task: 'cma-1', text: 'mm_page_free: page=00000000deadbeef pfn=0x100 order=0' };
  for (const between of [[freed, allocated('owner-2', FAULT)], [allocated('owner-2', FAULT)], [freed], []]) {
    const capture = await captureOf([...reclaimed, ...between, ...isolatedBehind]);
    assert.deepEqual(analyseHolders(capture).pages, []);
  }
  // The put belongs to a get in the new life, which the capture does not have.
  const [calls, putBack] = [isolatedBehind.slice(0, 2), isolatedBehind.slice(3)];
  const capture = await captureOf([...reclaimed, allocated('owner-2', FAULT), ...calls, ...putBack]);
  assert.deepEqual(analyseHolders(capture).pages, []);
});

test('a page that was frozen and lives on is isolated still', async () => {
  const unfrozen = {
    task: 'cma-1',
    text: `page_ref_unfreeze: pfn=0x100 ${FLAGS} count=2 mapcount=0 ${TAIL} val=2`,
    stack: ['__remove_mapping', 'shrink_folio_list', ...RECLAIM],
  };
  const split = change('cma-1', ['__split_huge_page', 'split_huge_page_to_list'], { count: 2, val: 2 });
  for (const raised of [unfrozen, split]) {
    const putBack = change('cma-1', PUTBACK, { count: 1, val: -1, mapcount: 0 });
    const { marks } = await onlyPage([...reclaimed, raised, migrateStart, migrateEnd(1), putBack]);
    assert.equal(marks.length, 1);
  }
});

test('what a task had isolated before events are missing is not what it isolates behind them', async () => {
  const before = [allocated('owner-2', FAULT), change('cma-1', SCAN, { count: 2, val: 1 })];
  const behind = await analysedParts(before, isolatedBehind);
  assert.deepEqual(behind.pages, []);
  // Without another get it is that one.
  const { pages } = await analysedParts(before, [...isolatedBehind.slice(0, 2), ...isolatedBehind.slice(3)]);
  assert.equal(pages.length, 1);
});

test('a tail page belongs to the head of its allocation', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT, '0x100'),
    {
      task: 'owner-2',
      text: 'mm_page_alloc: page=00000000aaaaaaaa pfn=0x100 order=9 migratetype=1 gfp_flags=GFP_TRANSHUGE',
      stack: FAULT,
    },
    change('owner-2', ['__do_sys_vmsplice'], { count: 2, val: 1 }),
    start,
    named('0x125'),
    finish,
  ]);
  assert.equal(page.pfn, 0x100);
  assert.equal(page.order, 9);
  assert.equal(heldOf(page).length, 1);
});

test('a tail that was split off, or whose huge page was freed before, is on its own', async () => {
  const huge: EventText[] = [
    allocated('owner-2', FAULT, '0x100'),
    {
      task: 'owner-2',
      text: 'mm_page_alloc: page=00000000aaaaaaaa pfn=0x100 order=9 migratetype=1 gfp_flags=GFP_TRANSHUGE',
      stack: FAULT,
    },
  ];
  const freed = { task: 'owner-2', text: 'mm_page_free: page=00000000aaaaaaaa pfn=0x100 order=9' };
  const pfnOf = async (...between: EventText[]) =>
    (await onlyPage([...huge, ...between, start, named('0x125'), finish])).pfn;
  assert.equal(await pfnOf(), 0x100);
  assert.equal(await pfnOf(freed), 0x125);
  // The last put ends it too, where mm_page_free is not recorded; what is allocated there later is another page.
  const lastPut = change('owner-2', ['release_pages'], { count: 0, val: -1, mapcount: 0 });
  assert.equal(await pfnOf(lastPut), 0x125);
  assert.equal(await pfnOf(lastPut, allocated('other-3', FAULT, '0x100')), 0x125);
  const capture = await captureOf([...huge, lastPut, start, named('0x125'), finish]);
  assert.deepEqual(atOnce(HolderAnalyser.of(capture)).lifeEventsOf(0x125), [1, 2]);
  const split = change('khugepaged-3', ['split_huge_page_to_list'], { count: 2, val: 1, pfn: '0x125' });
  assert.equal(await pfnOf(split), 0x125);
  // What it was before the huge page does not matter.
  const before = allocated('other-3', FAULT, '0x125');
  const page = await onlyPage([before, ...huge, start, named('0x125'), finish]);
  assert.equal(page.pfn, 0x100);
});

test('a page of hugetlb that went back to its pool and came out of it is the head that it was', async () => {
  const hugetlb = { count: 1, val: 1, mapcount: 0, flags: 'flags=uptodate|head' };
  const taken = change('owner-2', ['dequeue_huge_page_node_exact', 'alloc_huge_page'], hugetlb);
  const page = await onlyPage([
    allocated('owner-2', FAULT, '0x100'),
    {
      task: 'owner-2',
      text: 'mm_page_alloc: page=00000000aaaaaaaa pfn=0x100 order=9 migratetype=1 gfp_flags=GFP_TRANSHUGE',
      stack: FAULT,
    },
    change('owner-2', ['release_pages'], { count: 0, val: -1, mapcount: 0 }),
    { ...taken, text: taken.text.replace('page_ref_mod:', 'page_ref_set:') },
    start,
    named('0x125'),
    finish,
  ]);
  assert.equal(page.pfn, 0x100);
});

test('of a page that was freed before the mark it is said that it was, not that no event is of it', async () => {
  const notes = async (...events: EventText[]) =>
    (await onlyPage([...events, start, named('0x100'), finish])).marks[0]!.notes;
  const freed = change('owner-2', ['release_pages'], { count: 0, val: -1, mapcount: 0 });
  assert.deepEqual(await notes(allocated('owner-2', FAULT), freed), [
    'the page was freed before, and no event tells of its references since',
  ]);
  assert.deepEqual(await notes(), ['no event of this page is in the capture']);
});

test('each of a thousand mappings of one page ends with the put of its own task', async () => {
  const tasks = Array.from({ length: 1000 }, (_, index) => `app-${index + 10}`);
  const mapping = ['next_uptodate_page', 'filemap_map_pages', 'do_fault'];
  const unmapping = ['release_pages', 'tlb_batch_pages_flush', 'zap_pte_range'];
  const page = await onlyPage([
    allocated('owner-2', ['page_cache_ra_unbounded']),
    ...tasks.map((task, index) => change(task, mapping, { count: index + 2, val: 1, mapcount: index + 1 })),
    start,
    named('0x100'),
    finish,
    ...tasks
      .toReversed()
      .map((task, index) => change(task, unmapping, { count: 1000 - index, val: -1, mapcount: 999 - index })),
  ]);
  const mappings = page.references.filter(({ kind }) => kind === 'page-table');
  assert.equal(mappings.length, 1000);
  for (const { acquired, released } of mappings) assert.equal(acquired?.task, released?.task);
});

test('a PFN that lives twice keeps its lives apart', async () => {
  const life = (task: string): EventText[] => [
    allocated(task, FAULT),
    change(task, ['__do_sys_vmsplice'], { count: 2, val: 1 }),
    start,
    ...refused(2),
    finish,
  ];
  const page = await onlyPage([
    ...life('first-2'),
    change('first-2', ['page_cache_pipe_buf_release', 'pipe_read'], { count: 1, val: -1 }),
    change('first-2', ['release_pages', 'tlb_batch_pages_flush'], { count: 0, val: -1, mapcount: 0 }),
    ...life('second-3'),
  ]);
  assert.deepEqual(
    heldOf(page).map((reference) => [reference.holder, reference.released !== null, [...reference.openAt]]),
    [
      ['pipe buffer · vmsplice · first-2', true, [0]],
      ['pipe buffer · vmsplice · second-3', false, [1]],
    ],
  );
});

test('a page that fails with the expected count blames nobody', async () => {
  const flags = 'flags=uptodate|lru|private';
  const page = await onlyPage([
    start,
    change('cma-1', SCAN, { count: 3, val: 1, mapcount: 0, flags }),
    migrateStart,
    migrateEnd(1),
    change('cma-1', ['folio_add_lru', ...PUTBACK], { count: 4, val: 1, mapcount: 0, flags }),
    change('cma-1', PUTBACK, { count: 3, val: -1, mapcount: 0, flags }),
    named('0x100'),
    finish,
  ]);
  assert.deepEqual(sums(page), ['3 = 3 expected + 0 held + 0 untraced']);
  assert.deepEqual(heldOf(page), []);
  assert.match(page.marks[0]?.notes.join() ?? '', /buffer heads/);
});

test('with puts alone, the puts behind the mark are the holders, pins by their weight', async () => {
  const report = {
    task: 'cma-1',
    text: `report_page_pinners: pfn=0x100 flags=uptodate|swapbacked count=1029 mapcount=1 ${TAIL} reason=contig_range err=-11`,
    stack: MIGRATE,
  };
  const put = (task: string, stack: readonly string[], count: number): EventText => ({
    task,
    text: `page_pin_owner_put: pfn=0x100 flags=uptodate|swapbacked count=${count} mapcount=1 ${TAIL}`,
    stack: ['__page_pin_owner_put', ...stack],
  });
  const page = await onlyPage([
    start,
    migrateStart,
    put('cma-1', ['try_to_migrate_one', 'rmap_walk_file', ...MIGRATE], 1028),
    report,
    put('cma-1', PUTBACK, 1028),
    finish,
    put('kworker-9', ['folio_batch_move_lru', 'lru_add_drain_per_cpu'], 1028),
    put('pvm-4', ['gup_put_folio', 'unpin_user_pages', 'process_vm_rw'], 4),
    put('reader-3', ['page_cache_pipe_buf_release', 'pipe_read'], 3),
  ]);
  // 1029 = isolation, page cache, mapping, one pin of 1024, two more: one is put, one never is.
  assert.deepEqual(sums(page), ['1029 = 3 expected + 1025 held + 1 untraced']);
  assert.deepEqual(
    heldOf(page).map((reference) => [reference.kind, reference.weight, reference.acquired]),
    [
      ['gup-pin', 1024, null],
      ['pipe-buffer', 1, null],
    ],
  );
});

test('without stacks the count is judged and nobody is blamed', async () => {
  const bare = ({ task, text }: EventText): EventText => ({ task, text });
  const page = await onlyPage(
    [
      allocated('owner-2', FAULT),
      change('owner-2', ['__do_sys_vmsplice'], { count: 2, val: 1 }),
      start,
      named('0x100'),
      finish,
    ].map(bare),
  );
  assert.deepEqual(heldOf(page), []);
  const [mark] = page.marks;
  assert.equal(mark?.count, 2);
  assert.equal(mark.held, null);
  assert.match(mark.notes.join(), /function names/);
});

test('a capture without a failure has no pages', async () => {
  assert.deepEqual(analyseHolders(await captureOf([allocated('owner-2', FAULT)])).pages, []);
});
