/** What real recordings of other activity show, in the few events that matter: who held the page is not the obvious one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyseHolders, analysisSteps } from '../../../src/holders/analyseHolders';
import { openCapture } from '../../../src/capture/openCapture';
import { atOnce } from '../../../src/capture/turns';
import type { Reference } from '../../../src/holders/model';
import { captureOf, memorySource, type EventText } from '../support/traceText';
import {
  allocated,
  change,
  CMA,
  FAULT,
  finish,
  FLAGS,
  MIGRATE,
  migrateEnd,
  migrateStart,
  named,
  PUTBACK,
  refused,
  SCAN,
  start,
  TAIL,
} from './support/pageEvents';
import { heldOf, onlyPage } from './support/foundPages';

const READ_PIPE = ['page_cache_pipe_buf_release', 'pipe_read', 'vfs_read'];

test('of two pipe buffers on one page, which one a reader of another pipe dropped is a guess', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', ['iter_to_pipe', '__do_sys_vmsplice'], { count: 2, val: 1 }),
    change('owner-2', ['generic_pipe_buf_get', 'do_tee', '__do_sys_tee'], { count: 3, val: 1 }),
    start,
    ...refused(3),
    finish,
    // splice moved the first buffer into a third pipe without an event.
    change('reader-C-5', READ_PIPE, { count: 2, val: -1 }),
    change('reader-B-4', READ_PIPE, { count: 1, val: -1 }),
  ]);
  const held = heldOf(page);
  assert.deepEqual(
    held.map(({ kind, confidence, released }) => [kind, confidence, released?.row]),
    [
      ['pipe-buffer', 'assumed', 7],
      ['pipe-buffer', 'assumed', 8],
    ],
  );
  assert.deepEqual([page.marks[0]?.held, page.marks[0]?.untraced], [2, 0]);
});

const PIN_HUGE = ['try_grab_folio', 'gup_huge_pmd', 'internal_get_user_pages_fast'];
const DIRECT_IO = [...PIN_HUGE, 'iov_iter_get_pages2', '__bio_iov_iter_get_pages', 'bio_iov_iter_get_pages'];
const END_IO = ['__bio_release_pages', 'bio_endio', 'blk_update_request', 'asm_common_interrupt'];
const VFIO_PIN = [...PIN_HUGE, 'pin_user_pages_remote', 'vfio_pin_pages_remote', 'vfio_pin_map_dma'];
const VFIO_UNPIN = ['unpin_user_pages', 'vfio_unpin_pages_remote', 'vfio_remove_dma'];
const VMSPLICE_HUGE = [...PIN_HUGE, 'iter_to_pipe', '__do_sys_vmsplice'];

test('pages of a huge page that one get took go one by one, and nothing else of it does', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', VMSPLICE_HUGE, { count: 2, val: 1 }),
    change('owner-2', DIRECT_IO, { count: 6, val: 4 }),
    start,
    ...refused(6),
    change('<idle>-0', END_IO, { count: 5, val: -1 }),
    change('<idle>-0', END_IO, { count: 4, val: -1 }),
    ...refused(4),
    change('<idle>-0', END_IO, { count: 3, val: -1 }),
    change('<idle>-0', END_IO, { count: 2, val: -1 }),
    ...refused(2),
    finish,
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind, weight, parts, released, openAt }) => [
      kind,
      weight,
      parts,
      released?.row,
      openAt,
    ]),
    [
      ['pipe-buffer', 1, undefined, undefined, [0, 1, 2]],
      ['direct-io', 4, 4, 11, [0, 1]],
    ],
  );
  assert.deepEqual(
    page.marks.map(({ held, untraced }) => [held, untraced]),
    [
      [5, 0],
      [3, 0],
      [1, 0],
    ],
  );
});

test('a put of several pages drops the get of as many, before smaller ones and before a part of a larger one', async () => {
  const weights = async (gets: readonly number[], put: number): Promise<unknown> => {
    let count = 1;
    const pin = (val: number): EventText => change('vm-3', VFIO_PIN, { count: (count += val), val });
    const page = await onlyPage([
      allocated('owner-2', FAULT),
      ...gets.map(pin),
      change('vm-3', VFIO_UNPIN, { count: (count -= put), val: -put }),
      start,
      ...refused(count),
      finish,
    ]);
    return heldOf(page).map(({ weight, weightLeft = weight }) => weightLeft);
  };
  assert.deepEqual(await weights([1, 4], 4), [1]);
  assert.deepEqual(await weights([512], 511), [1]);
  assert.deepEqual(await weights([1, 8], 3), [1, 5]);
  assert.deepEqual(await weights([5, 3, 2], 8), [2]);
  assert.deepEqual(await weights([1, 1, 1, 1], 3), [1]);
});

test('which of two operations an interrupt ends a part of is a guess, whatever they weigh', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('apple-3', DIRECT_IO, { count: 5, val: 4 }),
    change('berry-4', DIRECT_IO, { count: 7, val: 2 }),
    change('<idle>-0', END_IO, { count: 5, val: -2 }),
    start,
    ...refused(5),
    finish,
  ]);
  assert.deepEqual(
    heldOf(page).map(({ weight, confidence }) => [weight, confidence]),
    [[4, 'assumed']],
  );
});

test('1024 references of a large folio are as many pages, no pins', async () => {
  const head = { flags: 'flags=uptodate|lru|head|swapbacked' };
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', DIRECT_IO, { count: 2049, val: 2048, ...head }),
    ...[1, 2, 3].map((gone) => change('<idle>-0', END_IO, { count: 2049 - gone, val: -1, ...head })),
    start,
    ...refused(2046),
    finish,
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind, weight, weightLeft }) => [kind, weight, weightLeft]),
    [['direct-io', 2048, 2045]],
  );
  assert.deepEqual([page.marks[0]?.held, page.marks[0]?.untraced], [2045, 0]);
});

test('what a task puts is what it took, before what another task took of that very weight', async () => {
  const register = [...PIN_HUGE, 'io_pin_pages', 'io_sqe_buffer_register', '__io_uring_register'];
  const unregister = ['io_buffer_unmap', 'io_rsrc_buf_put', '__io_uring_register'];
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('apple-3', register, { count: 5, val: 4 }),
    change('berry-4', register, { count: 6, val: 1 }),
    ...[5, 4, 3, 2].map((count) => change('apple-3', unregister, { count, val: -1 })),
    start,
    ...refused(2),
    finish,
    change('berry-4', unregister, { count: 1, val: -1 }),
  ]);
  assert.deepEqual(
    heldOf(page).map(({ holder, weight, released }) => [holder, weight, released?.row]),
    [['io_uring buffer · io_pin_pages · berry-4', 1, 11]],
  );
});

test('what a driver without a rule took at once goes in parts, too, and no isolation of another goes with it', async () => {
  const page = await onlyPage([
    start,
    change('app-3', [...PIN_HUGE, 'acme_map', 'ksys_ioctl'], { count: 8, val: 4 }),
    change('cma-1', SCAN, { count: 9, val: 1 }),
    change('app-3', ['acme_unmap', 'ksys_ioctl'], { count: 8, val: -1 }),
    change('app-3', ['acme_unmap', 'ksys_ioctl'], { count: 7, val: -1 }),
    change('cma-1', SCAN, { count: 6, val: -1 }),
    finish,
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind, weight, weightLeft }) => [kind, weight, weightLeft]),
    [['gup-get', 4, 2]],
  );
});

const RECLAIM = [
  'isolate_lru_folios',
  'shrink_inactive_list',
  'shrink_lruvec',
  'shrink_node',
  'balance_pgdat',
];
const OFF_LRU = { flags: 'flags=uptodate|swapbacked' };

test('who has isolated a page holds it against an attempt of another task', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('kswapd0-60', RECLAIM, { count: 2, val: 1, ...OFF_LRU }),
    start,
    named('0x100'),
    finish,
    change('kswapd0-60', ['move_folios_to_lru', ...RECLAIM.slice(1)], { count: 1, val: -1, ...OFF_LRU }),
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind, holder, released }) => [kind, holder, released?.row]),
    [['isolation', 'isolation · isolate_lru_folios · kswapd0-60', 5]],
  );
  const [mark] = page.marks;
  assert.deepEqual([mark?.held, mark?.untraced, mark?.cause], [1, 0, 'references']);
  assert.deepEqual(
    mark?.expectedTerms.map(({ label }) => label),
    ['1 page table mapping'],
  );
});

test('so it is where the capture has the put alone, and not where it has no tasks', async () => {
  const events = (task: string): EventText[] => [
    change('owner-2', ['folio_add_lru', ...FAULT], { count: 3, val: 1, ...OFF_LRU }),
    change('kworker-9', ['lru_add_drain_cpu', 'worker_thread'], { count: 2, val: -1, ...OFF_LRU }),
    start,
    named('0x100'),
    finish,
    change(task, ['move_folios_to_lru', ...RECLAIM.slice(1)], { count: 1, val: -1, ...OFF_LRU }),
  ];
  const page = await onlyPage(events('kswapd0-60'));
  assert.deepEqual(
    heldOf(page).map(({ kind }) => kind),
    ['isolation'],
  );
  assert.deepEqual([page.marks[0]?.held, page.marks[0]?.untraced], [1, 0]);
  const own = await onlyPage(events('cma-1'));
  assert.deepEqual([own.marks[0]?.held, own.marks[0]?.untraced], [0, 0]);
});

test('a page that a driver collects for its device is isolated by it, though its mapping went meanwhile', async () => {
  const collect = ['migrate_vma_collect_pmd', 'walk_pmd_range', 'migrate_vma_setup', 'acme_migrate'];
  const unmap = ['migrate_device_unmap', 'migrate_vma_setup', 'acme_migrate'];
  const page = await onlyPage([
    allocated('victim-2', FAULT),
    change('kworker-31', collect, { count: 2, val: 1 }),
    change('kworker-31', collect, { count: 1, val: -1, mapcount: 0 }),
    change('kworker-31', ['folio_isolate_lru', ...unmap], { count: 2, val: 1, mapcount: 0 }),
    change('kworker-31', unmap, { count: 1, val: -1, mapcount: 0 }),
    start,
    named('0x100'),
    finish,
    change('kworker-31', ['folio_putback_lru', 'migrate_vma_finalize'], { count: 0, val: -1, mapcount: 0 }),
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind, holder }) => [kind, holder.split(' · ').at(-1)]),
    [['isolation', 'kworker-31']],
  );
  assert.deepEqual([page.marks[0]?.held, page.marks[0]?.untraced], [1, 0]);
});

test('of two tasks that try one page, each is held up by the isolation of the other', async () => {
  const shmem = { flags: 'flags=uptodate|lru|swapbacked', mapcount: 0 };
  const compacting = ['isolate_migratepages_block', 'isolate_migratepages', 'compact_zone', 'kcompactd'];
  const page = await onlyPage([
    allocated('owner-2', ['shmem_alloc_folio', 'shmem_get_folio_gfp']),
    change('owner-2', ['shmem_add_to_page_cache', 'shmem_get_folio_gfp'], { count: 2, val: 1, ...shmem }),
    change('owner-2', ['shmem_write_end', 'generic_perform_write'], { count: 1, val: -1, ...shmem }),
    start,
    migrateStart,
    change('cma-1', SCAN, { count: 2, val: 1, ...shmem }),
    change('kcompactd0-61', compacting, { count: 3, val: 1, ...shmem }),
    {
      task: 'cma-1',
      text: `page_ref_freeze: pfn=0x100 ${shmem.flags} count=3 mapcount=0 ${TAIL} val=2 ret=0`,
      stack: ['__page_ref_freeze', 'folio_migrate_mapping', ...MIGRATE],
    },
    change('kcompactd0-61', compacting, { count: 2, val: -1, ...shmem }),
    migrateEnd(1),
    change('cma-1', PUTBACK, { count: 1, val: -1, ...shmem }),
    named('0x100'),
    finish,
  ]);
  const held = heldOf(page).map(({ holder, openAt, expectedAt }) => [holder, openAt, expectedAt]);
  assert.deepEqual(held, [
    ['isolation · isolate_migratepages_block · cma-1', [1], [0, 2]],
    ['isolation · isolate_migratepages_block · kcompactd0-61', [0], undefined],
  ]);
  assert.deepEqual(
    page.marks.map(({ reason, held: count, untraced }) => [reason, count, untraced]),
    [
      ['contig_range', 1, 0],
      ['compaction', 1, 0],
      // By its putback the other one is gone.
      ['contig_range', 0, 0],
    ],
  );
});

for (const [what, reading, toPipe] of [
  [
    'splice since 6.5',
    ['filemap_splice_read', 'do_splice_read', 'splice_file_to_pipe'],
    'splice_folio_into_pipe',
  ],
  [
    'sendfile since 6.5',
    ['filemap_splice_read', 'splice_direct_to_actor', 'do_sendfile'],
    'splice_folio_into_pipe',
  ],
  ['splice of shmem', ['shmem_file_splice_read', 'do_splice_read', 'do_splice'], 'splice_folio_into_pipe'],
  [
    'sendfile of 6.1',
    ['filemap_read', 'generic_file_splice_read', 'splice_direct_to_actor'],
    'copy_page_to_iter',
  ],
] as const) {
  test(`${what}: what is dropped under it is its look-up, and the pipe has the page`, async () => {
    const of = (task: string, stack: readonly string[], count: number, val: number): EventText =>
      change(task, stack, { count, val, mapcount: 0, flags: 'flags=uptodate|lru' });
    const lookUp = reading[0].startsWith('shmem')
      ? ['shmem_get_folio_gfp', 'shmem_get_folio']
      : ['filemap_get_read_batch', 'filemap_get_pages'];
    const page = await onlyPage([
      of('app-2', [...lookUp, ...reading], 2, 1),
      of('app-2', [toPipe, ...reading], 3, 1),
      of('app-2', reading, 2, -1),
      start,
      named('0x100'),
      finish,
      of('reader-4', READ_PIPE, 1, -1),
    ]);
    assert.deepEqual(
      heldOf(page).map(({ kind, released }) => [kind, released?.row]),
      [['pipe-buffer', 6]],
    );
  });
}

test('sendfile: the pipe buffer is gone at the failure, the socket holds the page until its acknowledgement', async () => {
  const file = 'flags=uptodate|lru';
  const of = (task: string, stack: readonly string[], count: number, val: number): EventText =>
    change(task, stack, { count, val, mapcount: 0, flags: file });
  const page = await onlyPage([
    allocated('server-2', ['filemap_alloc_folio', 'page_cache_ra_unbounded', 'page_cache_ra_order']),
    of('server-2', ['__filemap_add_folio', 'filemap_add_folio', 'page_cache_ra_unbounded'], 2, 1),
    of('server-2', ['read_pages', 'page_cache_ra_unbounded'], 1, -1),
    of(
      'server-2',
      ['filemap_get_read_batch', 'filemap_get_pages', 'filemap_read', 'generic_file_splice_read'],
      2,
      1,
    ),
    of(
      'server-2',
      ['copy_page_to_iter', 'filemap_read', 'generic_file_splice_read', 'do_splice_direct'],
      3,
      1,
    ),
    of('server-2', ['filemap_read', 'generic_file_splice_read', 'do_splice_direct'], 2, -1),
    of('server-2', ['do_tcp_sendpages', 'tcp_sendpage', 'pipe_to_sendpage', 'do_splice_direct'], 3, 1),
    of('server-2', ['page_cache_pipe_buf_release', '__splice_from_pipe', 'do_splice_direct'], 2, -1),
    start,
    named('0x100'),
    finish,
    of(
      '<idle>-0',
      [
        'skb_release_data',
        'tcp_clean_rtx_queue',
        'tcp_ack',
        '__do_softirq',
        'asm_common_interrupt',
        'default_idle',
      ],
      1,
      -1,
    ),
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind, acquired, released }) => [kind, acquired?.row, released?.row]),
    [['socket', 6, 11]],
  );
  assert.deepEqual([page.marks[0]?.expected, page.marks[0]?.held], [1, 1]);
});

test('the holder is judged when the page is refused, not when it is named with nobody left', async () => {
  const pin = ['try_grab_page', 'pin_user_pages_fast', 'gup_test_ioctl'];
  const unpin = ['gup_put_folio', 'unpin_user_pages', 'gup_test_ioctl'];
  const page = await onlyPage([
    allocated('tester-2', FAULT),
    change('tester-2', pin, { count: 1025, val: 1024 }),
    start,
    ...refused(1025),
    change('tester-2', unpin, { count: 1, val: -1024 }),
    named('0x100'),
    finish,
  ]);
  const [held, ...others] = heldOf(page);
  assert.deepEqual(others, []);
  assert.deepEqual([held?.weight, held?.released?.row], [1024, 5]);
  assert.deepEqual(held?.openAt, [0]);
  assert.deepEqual(
    page.marks.map(({ count, held: weight }) => [count, weight]),
    [
      [1025, 1024],
      [1, 0],
    ],
  );
});

test('reclaim inside an attempt freezes too: the page that it could not free is one that failed', async () => {
  const reclaim = ['__remove_mapping', 'shrink_folio_list', 'reclaim_clean_pages_from_list', ...CMA];
  const freeze: EventText = {
    task: 'cma-1',
    text: `page_ref_freeze: pfn=0x100 flags=uptodate|lru count=4 mapcount=0 ${TAIL} val=2 ret=0`,
    stack: reclaim,
  };
  const [inAttempt] = analyseHolders(await captureOf([start, freeze, finish])).pages;
  assert.equal(inAttempt?.marks[0]?.source, 'freeze');
  // kswapd on its own moves nothing.
  const alone = { ...freeze, task: 'kswapd0-30', stack: ['__remove_mapping', 'shrink_folio_list', 'kswapd'] };
  assert.deepEqual(analyseHolders(await captureOf([alone])).pages, []);
});

test('the batch reference that putback leaves is not a culprit at the end of the same attempt', async () => {
  const putback = ['putback_movable_pages', '__alloc_contig_migrate_range', ...CMA];
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', ['__do_sys_vmsplice'], { count: 2, val: 1 }),
    start,
    change('cma-1', SCAN, { count: 3, val: 1 }),
    change('cma-1', ['folio_add_lru', 'folio_putback_lru', ...putback], { count: 4, val: 1 }),
    change('cma-1', ['folio_putback_lru', ...putback], { count: 3, val: -1 }),
    named('0x100'),
    finish,
    change('kworker/0:1-9', ['folio_batch_move_lru', 'lru_add_drain_cpu', 'lru_add_drain_per_cpu'], {
      count: 2,
      val: -1,
    }),
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind }) => kind),
    ['pipe-buffer'],
  );
  assert.deepEqual(
    [page.marks.at(-1)?.count, page.marks.at(-1)?.held, page.marks.at(-1)?.untraced],
    [3, 1, 0],
  );
});

test('the get of soft offlining itself is no holder, what the pipe has is', async () => {
  const offline = ['soft_offline_page', 'madvise_inject_error', 'do_madvise'];
  const reason = 'mode=MIGRATE_SYNC reason=memory_failure';
  const page = await onlyPage([
    allocated('victim-2', FAULT),
    change('victim-2', ['__do_sys_vmsplice'], { count: 2, val: 1 }),
    change('victim-2', ['get_hwpoison_page', ...offline], { count: 3, val: 1 }),
    change('victim-2', ['folio_isolate_lru', 'isolate_page', ...offline], { count: 4, val: 1 }),
    change('victim-2', offline, { count: 3, val: -1 }),
    { task: 'victim-2', text: `mm_migrate_pages_start: ${reason}`, stack: ['migrate_pages', ...offline] },
    {
      task: 'victim-2',
      text: `mm_migrate_pages: nr_succeeded=0 nr_failed=1 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 ${reason}`,
      stack: ['migrate_pages', ...offline],
    },
    change('victim-2', ['folio_putback_lru', 'putback_movable_pages', ...offline], { count: 2, val: -1 }),
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind, released }) => [kind, released]),
    [['pipe-buffer', null]],
  );
  assert.equal(page.marks[0]?.reason, 'memory_failure');
  assert.equal(page.marks[0].untraced, 0);
  // isolate_page() has dropped soft offline's own by then: what is left of the two is the isolation.
  assert.deepEqual(
    page.marks[0].expectedTerms.map(({ label }) => label),
    ['1 isolation', '1 page table mapping'],
  );
  const own = page.references.filter(({ kind }) => kind === 'isolation');
  assert.deepEqual(
    own.map(({ label, released }) => [label, released?.row]),
    [
      ['isolation', 7],
      ["memory failure's own", 4],
    ],
  );
});

test('a page poisoned while a pipe has it is held by the pipe, although the kernel says Recovered', async () => {
  const page = await onlyPage([
    allocated('victim-2', FAULT),
    change('victim-2', ['__do_sys_vmsplice'], { count: 2, val: 1 }),
    change('victim-2', ['get_user_pages_fast', 'madvise_inject_error', 'do_madvise'], { count: 3, val: 1 }),
    change('victim-2', ['try_to_unmap_one', 'rmap_walk_anon', 'memory_failure', 'do_madvise'], {
      count: 2,
      val: -1,
      mapcount: 0,
    }),
    {
      task: 'victim-2',
      text: 'memory_failure_event: pfn 0x100: recovery action for dirty LRU page: Recovered',
    },
    change('victim-2', READ_PIPE, { count: 1, val: -1, mapcount: 0, flags: `${FLAGS}|hwpoison` }),
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind, released }) => [kind, released?.row]),
    [['pipe-buffer', 5]],
  );
});

test('offlining: its own get, the isolation and the put are one attempt, which blames the pipe alone', async () => {
  const offline = ['do_migrate_range', 'offline_pages', 'memory_subsys_offline'];
  const reason = 'mode=MIGRATE_SYNC reason=memory_hotplug';
  const round = (count: number): EventText[] => [
    change('sh-1', offline, { count: count + 1, val: 1 }),
    change('sh-1', ['folio_isolate_lru', ...offline], { count: count + 2, val: 1 }),
    change('sh-1', offline, { count: count + 1, val: -1 }),
    { task: 'sh-1', text: `mm_migrate_pages_start: ${reason}`, stack: ['migrate_pages', ...offline] },
    {
      task: 'sh-1',
      text: `mm_migrate_pages: nr_succeeded=0 nr_failed=1 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 ${reason}`,
      stack: ['migrate_pages', ...offline],
    },
    change('sh-1', ['folio_putback_lru', 'putback_movable_pages', ...offline], { count, val: -1 }),
  ];
  const events = [
    allocated('owner-2', FAULT),
    change('owner-2', ['__do_sys_vmsplice'], { count: 2, val: 1 }),
    ...Array.from({ length: 10 }, () => round(2)).flat(),
  ];
  const { pages, attempts } = analyseHolders(await captureOf(events));
  assert.deepEqual(
    attempts.map(({ what, retries }) => [what, retries]),
    [['memory offlining', 9]],
  );
  const [page] = pages;
  assert.equal(page?.marks.length, 1);
  assert.equal(page.marks[0]?.evidence.length, 10);
  assert.deepEqual(
    heldOf(page).map(({ kind, released }) => [kind, released]),
    [['pipe-buffer', null]],
  );
  // do_migrate_range puts its own get at once; what isolate_lru_page got is put by putback.
  const lasts = (label: string): ReadonlySet<number> =>
    new Set(
      page.references
        .filter((reference) => reference.label === label)
        .map(({ acquired, released }) => (released?.row ?? 0) - (acquired?.row ?? 0)),
    );
  assert.deepEqual(lasts("memory offlining's own"), new Set([2]));
  assert.deepEqual(lasts('isolation'), new Set([4]));
});

test('long-term pinning that moves a page out of CMA pins it anew: the first pin is over before the failure', async () => {
  const pin = [
    'try_grab_page',
    'follow_page_pte',
    'pin_user_pages',
    'io_pin_pages',
    'io_sqe_buffer_register',
  ];
  const unpin = [
    'gup_put_folio',
    'unpin_user_pages',
    '__gup_longterm_locked',
    'io_pin_pages',
    'io_sqe_buffer_register',
  ];
  const isolate = ['folio_isolate_lru', '__gup_longterm_locked', 'pin_user_pages', 'io_pin_pages'];
  const putback = ['folio_putback_lru', 'putback_movable_pages', '__gup_longterm_locked', 'io_pin_pages'];
  const reason = 'mode=MIGRATE_SYNC reason=longterm_pin';
  const page = await onlyPage([
    allocated('uring-2', FAULT),
    change('uring-2', ['__do_sys_vmsplice'], { count: 2, val: 1 }),
    change('uring-2', pin, { count: 1026, val: 1024 }),
    change('uring-2', isolate, { count: 1027, val: 1 }),
    change('uring-2', unpin, { count: 3, val: -1024 }),
    { task: 'uring-2', text: `mm_migrate_pages_start: ${reason}`, stack: ['migrate_pages'] },
    {
      task: 'uring-2',
      text: `mm_migrate_pages: nr_succeeded=0 nr_failed=1 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 ${reason}`,
      stack: ['migrate_pages'],
    },
    change('uring-2', putback, { count: 2, val: -1 }),
  ]);
  assert.equal(page.marks[0]?.reason, 'longterm_pin');
  assert.deepEqual(
    heldOf(page).map(({ kind, weight }) => [kind, weight]),
    [['pipe-buffer', 1]],
  );
  const pinned = page.references.find(({ weight }) => weight === 1024);
  assert.deepEqual([pinned?.role, pinned?.released?.row], ['earlier', 4]);
});

test('a page that is refused between the two steps of a pin is held by 1 of it then', async () => {
  const pin = ['try_grab_folio', 'internal_get_user_pages_fast', 'pin_user_pages_fast', 'acme_pin [acme]'];
  const page = await onlyPage([
    allocated('a-2', FAULT),
    change('a-2', pin, { count: 2, val: 1 }),
    start,
    ...refused(2),
    change('a-2', pin, { count: 1025, val: 1023 }),
    finish,
  ]);
  const [mark] = page.marks;
  assert.deepEqual(
    [mark?.count, mark?.held, mark?.untraced, mark?.expectedTerms.map(({ label }) => label)],
    [2, 1, 0, ['1 page table mapping']],
  );
  assert.deepEqual(
    heldOf(page).map(({ weight }) => weight),
    [1024],
  );
});

const VMSPLICE = ['iter_to_pipe', '__do_sys_vmsplice'];
/** What is said of the pipe buffers of a page: who took one, whether its put is sure, and the row of that. */
const buffersOf = async (events: readonly EventText[]): Promise<unknown> => {
  const { references } = await onlyPage(events);
  return references
    .filter(({ kind }) => kind === 'pipe-buffer')
    .map(({ acquired, confidence, released }) => [acquired?.row, confidence, released?.row])
    .sort();
};

test('whoever reads a pipe may drop what another task put there, though it filled a pipe itself', async () => {
  const buffers = await buffersOf([
    allocated('anon-9', FAULT),
    change('taskA-2', VMSPLICE, { count: 2, val: 1 }),
    change('taskB-3', VMSPLICE, { count: 3, val: 1 }),
    change('taskA-2', READ_PIPE, { count: 2, val: -1 }),
    start,
    ...refused(2),
    finish,
  ]);
  assert.deepEqual(buffers, [
    [1, 'assumed', undefined],
    [2, 'assumed', 3],
  ]);
});

test('which of two buffers that one task put into pipes was read is a guess, too', async () => {
  const buffers = await buffersOf([
    allocated('anon-9', FAULT),
    change('taskA-2', VMSPLICE, { count: 2, val: 1 }),
    change('taskA-2', VMSPLICE, { count: 3, val: 1 }),
    start,
    ...refused(3),
    finish,
    change('reader-4', READ_PIPE, { count: 2, val: -1 }),
  ]);
  assert.deepEqual(buffers, [
    [1, 'assumed', 7],
    [2, 'assumed', undefined],
  ]);
});

test('pins that one event took, and pins that one event drops all of, are told apart by nothing, and need not be', async () => {
  const pin = ['try_grab_folio', 'pin_user_pages', 'io_pin_pages', 'io_sqe_buffer_register'];
  const unpin = ['unpin_user_pages', 'io_buffer_unmap', 'io_sqe_buffers_unregister'];
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('ring-3', pin, { count: 2049, val: 2048 }),
    start,
    ...refused(2049),
    finish,
    change('ring-3', unpin, { count: 1025, val: -1024 }),
    change('ring-3', pin, { count: 2049, val: 1024 }),
    change('exit-4', unpin, { count: 1, val: -2048 }),
  ]);
  assert.deepEqual(
    page.references
      .filter(({ kind }) => kind === 'io-uring')
      .map(({ confidence, released }) => [confidence, released?.row]),
    [
      ['rule', 6],
      ['rule', 8],
      ['rule', 8],
    ],
  );
});

/** As `perf script -F event,trace,ip,sym` prints them, which has no task. */
const withoutTasks = (events: readonly EventText[]): string =>
  events
    .map(({ text, stack = [] }) => [
      `  page_ref:${text}`,
      ...stack.map((name) => `\tffffffff81000000 ${name}`),
      '',
    ])
    .flat()
    .join('\n');

test('where no task is recorded, none is known to have dropped what it took', async () => {
  const read = async (events: readonly EventText[]): Promise<readonly Reference[]> => {
    const text = new TextEncoder().encode(withoutTasks(events));
    const capture = await openCapture(memorySource('perf.txt', text));
    const { analyser } = atOnce(analysisSteps(capture));
    return analyser.page(0x100)?.references ?? [];
  };
  const buffers = await read([
    allocated('', FAULT),
    change('', VMSPLICE, { count: 2, val: 1 }),
    change('', VMSPLICE, { count: 3, val: 1 }),
    change('', READ_PIPE, { count: 2, val: -1 }),
  ]);
  assert.deepEqual(
    buffers.map(({ kind, confidence }) => [kind, confidence]),
    [
      ['pipe-buffer', 'assumed'],
      ['allocation', 'rule'],
      ['pipe-buffer', 'assumed'],
    ],
  );
  const does = ['some_driver_does', 'ksys_ioctl'];
  const nested = await read([
    allocated('', FAULT),
    change('', does, { count: 2, val: 1 }),
    change('', does, { count: 1, val: -1 }),
    change('', does, { count: 2, val: 1 }),
    change('', does, { count: 3, val: 1 }),
    change('', does, { count: 2, val: -1 }),
  ]);
  assert.deepEqual(
    nested
      .filter(({ kind }) => kind === 'unknown')
      .map(({ acquired, confidence }) => [acquired?.row, confidence])
      .sort(),
    [
      [1, 'rule'],
      [3, 'assumed'],
      [4, 'assumed'],
    ],
  );
});
