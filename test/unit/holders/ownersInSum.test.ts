/** What of the sum at a mark is the page cache's and the page tables', where events print less of it than there is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Mark } from '../../../src/holders/model';
import type { EventText } from '../support/traceText';
import {
  allocated,
  change,
  FAULT,
  finish,
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

function sumOf({ count, held, untraced, expectedTerms }: Mark): unknown {
  return [count, held, untraced, expectedTerms.map(({ label }) => label)];
}

const HUGE: readonly EventText[] = [
  allocated('owner-2', FAULT),
  {
    task: 'owner-2',
    text: 'mm_page_alloc: page=0000000012345678 pfn=0x100 order=9 migratetype=1 gfp_flags=GFP_TRANSHUGE',
    stack: ['__alloc_pages', ...FAULT],
  },
];
const SPLIT_PMD = ['__split_huge_pmd_locked', '__split_huge_pmd', 'change_protection', 'do_mprotect_pkey'];
const ZAP = [
  'release_pages',
  'free_pages_and_swap_cache',
  'tlb_flush_mmu',
  'zap_pte_range',
  'unmap_page_range',
];

test('of a huge page that is mapped page by page each mapping has a reference, though mapcount is 1', async () => {
  const { marks } = await onlyPage([
    ...HUGE,
    change('owner-2', SPLIT_PMD, { count: 512, val: 511 }),
    start,
    ...refused(512),
    finish,
    change('owner-2', ZAP, { count: 511, val: -1 }),
    { ...start, task: 'cma-7' },
    ...refused(511).map((event) => ({ ...event, task: 'cma-7' })),
    { ...finish, task: 'cma-7' },
  ]);
  assert.deepEqual(marks.map(sumOf), [
    [512, 0, 0, ['512 page table mappings']],
    [511, 0, 0, ['511 page table mappings']],
  ]);
});

test('mappings of the other pages of a folio are not taken for holders where their gets are missing', async () => {
  const head = { flags: 'flags=uptodate|lru|head|swapbacked' };
  const { marks } = await onlyPage([
    start,
    change('cma-1', SCAN, { count: 514, val: 1, ...head }),
    change('cma-1', SCAN, { count: 513, val: -1, ...head }),
    finish,
  ]);
  assert.deepEqual(marks.map(sumOf), [[513, 0, 0, ['513 page table mappings (not certain)']]]);
  assert.deepEqual(
    marks.map(({ cause, causeDetail }) => [cause, causeDetail]),
    [['unknown', '512 of page tables or untraced']],
  );
});

test('how much of a folio is the page cache’s is open where its size is', async () => {
  const compact = ['isolate_migratepages_block', 'isolate_migratepages', 'compact_zone'];
  const marksOf = async (flags: string): Promise<readonly unknown[]> => {
    const { marks } = await onlyPage([
      change('kcompactd0-5', compact, { count: 6, val: 1, mapcount: 0, flags }),
      change('kcompactd0-5', compact, { count: 5, val: -1, mapcount: 0, flags }),
    ]);
    return marks.flatMap((mark) => [sumOf(mark), mark.causeDetail]);
  };
  assert.deepEqual(await marksOf('flags=referenced|uptodate|lru|head|private'), [
    [5, 0, 0, ['1 private data', '4 page cache (not certain)']],
    '3 of the page cache or untraced',
  ]);
  assert.deepEqual(await marksOf('flags=referenced|uptodate|lru|private'), [
    [5, 0, 2, ['1 private data', '1 page cache', '1 page table mapping (not certain)']],
    null,
  ]);
});

test('a fault that waits for the page at a freeze holds it: what it maps has no mapping yet', async () => {
  const shmem = { flags: 'flags=uptodate|lru|swapbacked', mapcount: 0 };
  const around = ['next_uptodate_page', 'filemap_map_pages', 'do_fault_around', ...FAULT];
  const page = await onlyPage([
    allocated('owner-2', ['shmem_alloc_folio', 'shmem_get_folio_gfp']),
    change('owner-2', ['shmem_add_to_page_cache', 'shmem_get_folio_gfp'], { count: 2, val: 1, ...shmem }),
    change('owner-2', ['shmem_write_end', 'generic_perform_write'], { count: 1, val: -1, ...shmem }),
    start,
    change('cma-1', SCAN, { count: 2, val: 1, ...shmem }),
    change('owner-2', around, { count: 3, val: 1, ...shmem }),
    {
      task: 'cma-1',
      text: `page_ref_freeze: pfn=0x100 ${shmem.flags} count=3 mapcount=0 ${TAIL} val=2 ret=0`,
      stack: ['__page_ref_freeze', 'folio_migrate_mapping', ...MIGRATE],
    },
    change('owner-2', around, { count: 2, val: -1, ...shmem }),
    finish,
  ]);
  assert.deepEqual(page.marks.map(sumOf), [[3, 1, 0, ['1 isolation', '1 page cache']]]);
  assert.deepEqual(
    heldOf(page).map(({ kind, released }) => [kind, released?.row]),
    [['page-table', 7]],
  );
});

const SHMEM = { flags: 'flags=uptodate|lru|swapbacked' };
const SHMEM_FAULT = ['shmem_fault', '__do_fault', ...FAULT];
const UNMAP = ['try_to_migrate_one', 'rmap_walk_file', 'try_to_migrate', ...MIGRATE];
const MAP_AGAIN = ['remove_migration_pte', 'rmap_walk_file', 'remove_migration_ptes', ...MIGRATE];

function failedFreeze(count: number, val: number, flags = SHMEM.flags): EventText {
  return {
    task: 'cma-1',
    text: `page_ref_freeze: pfn=0x100 ${flags} count=${count} mapcount=0 ${TAIL} val=${val} ret=0`,
    stack: ['__page_ref_freeze', 'folio_migrate_mapping', ...MIGRATE],
  };
}

test('the fault that allocated a page is what migration unmaps, not one that waits for it', async () => {
  const page = await onlyPage([
    allocated('victim-2', ['shmem_alloc_folio', 'shmem_get_folio_gfp', ...SHMEM_FAULT]),
    change('victim-2', ['shmem_add_to_page_cache', 'shmem_get_folio_gfp', ...SHMEM_FAULT], {
      count: 2,
      val: 1,
      mapcount: 0,
      ...SHMEM,
    }),
    change('apple-3', ['shmem_get_folio_gfp', ...SHMEM_FAULT], { count: 3, val: 1, ...SHMEM }),
    start,
    change('cma-1', SCAN, { count: 4, val: 1, ...SHMEM }),
    change('cma-1', UNMAP, { count: 3, val: -1, mapcount: 0, ...SHMEM }),
    failedFreeze(3, 2),
    finish,
  ]);
  assert.deepEqual(page.marks.map(sumOf), [[3, 1, 0, ['1 isolation', '1 page cache']]]);
  assert.deepEqual(
    heldOf(page).map(({ holder }) => holder.split(' · ').at(-1)),
    ['apple-3'],
  );
});

test('a folio that was mapped at once and is unmapped page by page has an unknown holder still', async () => {
  const head = { flags: 'flags=uptodate|lru|head|swapbacked', mapcount: 4 };
  const pages = [1, 2, 3, 4];
  const { marks } = await onlyPage([
    change('victim-2', ['set_pte_range', 'filemap_map_pages', ...FAULT], { count: 9, val: 4, ...head }),
    start,
    change('cma-1', SCAN, { count: 10, val: 1, ...head }),
    ...pages.map((page) =>
      change('cma-1', UNMAP, { count: 10 - page, val: -1, ...head, mapcount: 4 - page }),
    ),
    failedFreeze(6, 5, head.flags),
    ...pages.map((page) =>
      change('cma-1', MAP_AGAIN, { count: 6 + page, val: 1, ...head, mapcount: page - 1 }),
    ),
    finish,
    change('victim-2', ZAP, { count: 6, val: -4, ...head, mapcount: 0 }),
  ]);
  assert.deepEqual(marks.map(sumOf), [
    [6, 0, 1, ['1 isolation', '1 page cache', '3 more that migration expects']],
  ]);
});

test('a reference that a fault took and that maps nothing is not the page cache’s, nor without an event', async () => {
  const file = { flags: 'flags=uptodate|lru|private', mapcount: 0 };
  const { marks } = await onlyPage([
    start,
    migrateStart,
    change('cma-1', SCAN, { count: 3, val: 1, ...file }),
    change('victim-2', ['filemap_fault', '__do_fault', ...FAULT], { count: 4, val: 1, ...file }),
    migrateEnd(1),
    change('cma-1', PUTBACK, { count: 3, val: -1, ...file }),
    finish,
  ]);
  assert.deepEqual(
    marks.map((mark) => [sumOf(mark), mark.causeDetail]),
    [
      [
        [4, 0, 0, ['1 isolation', '1 private data', '1 page cache', "1 not in migration's formula"]],
        "1 beyond migration's formula",
      ],
    ],
  );
});

test('where a freeze fails, nothing of what is there is all that it expects', async () => {
  const { marks } = await onlyPage([
    allocated('owner-2', ['shmem_alloc_folio', 'shmem_get_folio_gfp']),
    change('owner-2', ['shmem_add_to_page_cache', 'shmem_get_folio_gfp'], {
      count: 2,
      val: 1,
      mapcount: 0,
      ...SHMEM,
    }),
    start,
    change('cma-1', SCAN, { count: 3, val: 1, mapcount: 0, ...SHMEM }),
    failedFreeze(3, 2),
    finish,
  ]);
  assert.deepEqual(
    marks.map((mark) => [sumOf(mark), mark.causeDetail]),
    [
      [
        [3, 0, 0, ['1 isolation', '1 page cache', "1 not in migration's formula"]],
        "1 beyond migration's formula",
      ],
    ],
  );
});

test('a page that only whoever allocated it has is no page of the page cache, and nothing that migration moves', async () => {
  const probe = ['acme_probe', 'platform_probe', 'really_probe'];
  const [mark] = (await onlyPage([allocated('insmod-2', probe), start, named('0x100'), finish])).marks;
  assert.ok(mark);
  assert.deepEqual(sumOf(mark), [1, 0, 0, ['1 of the allocation']]);
  assert.deepEqual([mark.cause, mark.causeDetail], ['isolation', 'in use by its allocation']);
  const onList = change('insmod-2', ['acme_use'], { count: 2, val: 1 });
  const { marks } = await onlyPage([allocated('insmod-2', probe), onList, start, named('0x100'), finish]);
  assert.deepEqual(
    marks.map(({ cause }) => cause),
    ['references'],
  );
});

test('where nothing tells how mapcounts are printed, 0 may be a mapping', async () => {
  const anonymous = { flags: 'flags=uptodate|lru|swapbacked', mapcount: 0 };
  const ofAnonymous = ['some_walk', 'rmap_walk_anon', 'kthread'];
  const used = [
    change('walker-9', ofAnonymous, { count: 2, val: 1, ...anonymous }),
    change('walker-9', ofAnonymous, { count: 1, val: -1, ...anonymous }),
    start,
  ];
  const [mark] = (await onlyPage([...used, named('0x100'), finish])).marks;
  assert.deepEqual([mark?.held, mark?.untraced, mark?.causeDetail], [0, 0, '1 of page tables or untraced']);
  assert.ok(mark?.notes.some((note) => note.includes('before 6.10')));
  // For one mapping CMA would not have refused it.
  const [refusedMark] = (
    await onlyPage([
      ...used,
      ...refused(1).map((event) => ({ ...event, text: event.text.replace('mapcount=1', 'mapcount=0') })),
      finish,
    ])
  ).marks;
  assert.deepEqual([refusedMark?.held, refusedMark?.untraced], [0, 1]);
});

test('a request of NFS is the one reference that its page has for it, and not of private data beside', async () => {
  const nfs = { flags: 'flags=uptodate|lru|private', mapcount: 0 };
  const write = ['nfs_updatepage', 'nfs_write_end', 'generic_perform_write', 'nfs_file_write'];
  const create = ['nfs_create_request', 'nfs_setup_write_request', ...write];
  const attach = ['nfs_inode_add_request', 'nfs_setup_write_request', ...write];
  const cached = change('owner-2', ['__filemap_add_folio', 'filemap_add_folio'], {
    count: 1,
    val: 1,
    mapcount: 0,
    flags: 'flags=uptodate|lru',
  });
  const clear = [
    'nfs_clear_request',
    'nfs_page_group_destroy',
    'nfs_commit_release_pages',
    'process_one_work',
  ];
  const tried = (count: number): readonly EventText[] => [
    start,
    change('cma-1', SCAN, { count, val: 1, ...nfs }),
    migrateStart,
    migrateEnd(1),
    change('cma-1', PUTBACK, { count: count - 1, val: -1, ...nfs }),
    finish,
    change('kworker/u8:1-7', clear, { count: count - 2, val: -1, mapcount: 0 }),
  ];
  const heldIn = async (...before: readonly EventText[]): Promise<unknown> => {
    const page = await onlyPage([...before, ...tried(before.length < 3 ? 3 : 4)]);
    const held = heldOf(page).map(({ holder, released }) => [holder.split(' · ')[0], released !== null]);
    return [...page.marks.map(sumOf), ...held];
  };
  const request = change('owner-2', create, { count: 2, val: 1, mapcount: 0, flags: 'flags=uptodate|lru' });
  const byRequest = [
    [3, 1, 0, ['1 isolation', '1 page cache']],
    ['NFS request', true],
  ];
  assert.deepEqual(await heldIn(cached, request), byRequest);
  // Its get is older than the capture.
  assert.deepEqual(await heldIn(), byRequest);
  // folio_attach_private() of later kernels takes one of its own.
  assert.deepEqual(await heldIn(cached, request, change('owner-2', attach, { count: 3, val: 1, ...nfs })), [
    [4, 1, 0, ['1 isolation', '1 private data', '1 page cache']],
    ['NFS request', true],
  ]);
});
