/** What is said of a page where its first events, or some in between, are not in the capture. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EventText } from '../support/traceText';
import {
  allocated,
  change,
  FAULT,
  finish,
  FLAGS,
  MIGRATE,
  named,
  PUTBACK,
  refused,
  start,
  TAIL,
} from './support/pageEvents';
import { heldOf, onlyPage } from './support/foundPages';

const VMSPLICE = ['iter_to_pipe', '__do_sys_vmsplice'];
const READ_PIPE = ['page_cache_pipe_buf_release', 'pipe_read', 'vfs_read'];
const PIN = ['try_grab_page', 'follow_page_pte', '__get_user_pages', 'process_vm_rw_core'];
const COMPACT = ['isolate_migratepages_block', 'isolate_migratepages', 'compact_zone'];
const ELSEWHERE = ['some_driver_does', 'ksys_ioctl'];

test('a page that CMA could not isolate for its count is not in the page cache, whatever its mapping', async () => {
  const page = await onlyPage([start, ...refused(2), named('0x100'), finish]);
  assert.deepEqual(
    page.marks.map(({ count, untraced, cause }) => [count, untraced, cause]),
    [[2, 1, 'references']],
  );
  for (const { notes } of page.marks) assert.ok(notes.some((note) => note.includes('no mapping')));
});

test('compaction refuses pages of the page cache too: then the sum is not certain, and nobody is cleared', async () => {
  const page = await onlyPage([
    change('kcompactd0-5', COMPACT, { count: 3, val: 1 }),
    change('kcompactd0-5', COMPACT, { count: 2, val: -1 }),
  ]);
  const mark = page.marks[0]!;
  assert.deepEqual([mark.held, mark.untraced], [0, 0]);
  assert.deepEqual([mark.cause, mark.causeDetail], ['unknown', '1 of the page cache or untraced']);
  assert.ok(!mark.notes.some((note) => note.includes('no reference is known to have kept it')));
  assert.ok(mark.notes.some((note) => note.includes('if not, it is 1 more than that')));
});

test('a count that fell by nearly a pin is a pin that went and a get that is missing', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', VMSPLICE, { count: 2, val: 1 }),
    change('pinner-3', PIN, { count: 1026, val: 1024 }),
    start,
    ...refused(1026),
    // Missing: -1024 of the pin, +1 of somebody.
    ...refused(3),
    finish,
  ]);
  const [first, second] = page.marks;
  assert.deepEqual([first?.count, first?.held, first?.untraced], [1026, 1025, 0]);
  assert.deepEqual([second?.count, second?.expected, second?.held, second?.untraced], [3, 1, 1, 1]);
  assert.deepEqual(
    heldOf(page).map(({ kind, unseenBecause }) => [kind, unseenBecause]),
    [
      ['pipe-buffer', undefined],
      ['gup-pin', 'the count is lower than the events make it'],
    ],
  );
});

test('a reference that was there at the mark stays so when another get is found to be missing behind it', async () => {
  const page = await onlyPage([
    start,
    ...refused(2),
    finish,
    // Between these two and the ones before, a get is missing.
    change('x-9', ELSEWHERE, { count: 4, val: 1 }),
    change('x-9', ELSEWHERE, { count: 3, val: -1 }),
    change('reader-4', READ_PIPE, { count: 2, val: -1 }),
    change('reader-5', READ_PIPE, { count: 1, val: -1 }),
  ]);
  assert.deepEqual([page.marks[0]?.held, page.marks[0]?.untraced], [1, 0]);
  assert.deepEqual(
    page.references
      .filter(({ kind }) => kind === 'pipe-buffer')
      .map(({ role, confidence, released }) => [role, confidence, released?.row]),
    [
      ['held', 'assumed', 6],
      ['temporary', 'assumed', 7],
    ],
  );
});

const DIRECT_IO = ['internal_get_user_pages_fast', 'bio_iov_iter_get_pages', 'iomap_dio_bio_iter'];
const END_IO = ['__bio_release_pages', 'bio_dirty_fn', 'process_one_work', 'worker_thread'];
const UNPIN = ['gup_put_folio', 'unpin_user_pages', 'process_vm_rw_core'];
const CACHE = ['__filemap_add_folio', 'filemap_add_folio', 'filemap_read'];
const UNCACHE = ['filemap_free_folio', 'delete_from_page_cache_batch', 'truncate_inode_pages_range'];

/**
 * How sure the match is of a get and a put, with others there that came before the capture, one of which maps the page.
 *
 * @param others how many
 */
async function matchBeside(
  others: number,
  get: readonly [task: string, stack: readonly string[]],
  put: readonly [task: string, stack: readonly string[]],
  weight = 1,
): Promise<readonly unknown[]> {
  const page = await onlyPage([
    change(...get, { count: others + weight, val: weight }),
    start,
    ...refused(others + weight),
    finish,
    change(...put, { count: others, val: -weight }),
  ]);
  const taken = page.references.find(({ acquired }) => acquired?.row === 0);
  assert.equal(taken?.released?.row, 5);
  return [taken.confidence, taken.evidence.split('; ').slice(2).join('; ')];
}

test('what another task puts may be of a reference that came before the capture, if there is one that nobody owns', async () => {
  const taken = ['app-3', DIRECT_IO] as const;
  const put = ['kworker/0:1-9', END_IO] as const;
  assert.deepEqual(await matchBeside(3, taken, put), [
    'assumed',
    '2 references whose gets are not in the capture were there too, and the put may be of one of them',
  ]);
  assert.deepEqual(await matchBeside(2, taken, put), [
    'assumed',
    'a reference whose get is not in the capture was there too, and the put may be of it',
  ]);
  // The one that is there is the mapping's.
  assert.deepEqual(await matchBeside(1, taken, put), ['rule', '']);
  // Buffers of pipes change hands, so that which of two was read no task tells.
  const [read] = await matchBeside(2, ['app-3', VMSPLICE], ['reader-4', READ_PIPE]);
  assert.equal(read, 'assumed');
  assert.deepEqual(await matchBeside(1, ['app-3', VMSPLICE], ['reader-4', READ_PIPE]), ['rule', '']);
});

test('a put is of what its own task took, of what it weighs, and of what a page has once, whatever came before the capture', async () => {
  assert.deepEqual(await matchBeside(3, ['app-3', DIRECT_IO], ['app-3', END_IO]), ['rule', '']);
  assert.deepEqual(await matchBeside(3, ['app-3', PIN], ['kworker/0:1-9', UNPIN], 1024), ['rule', '']);
  const [pinned] = await matchBeside(1025, ['app-3', PIN], ['kworker/0:1-9', UNPIN], 1024);
  assert.equal(pinned, 'assumed');
  assert.deepEqual(await matchBeside(1025, ['app-3', DIRECT_IO], ['kworker/0:1-9', END_IO]), ['rule', '']);
  assert.deepEqual(await matchBeside(3, ['app-3', CACHE], ['cutter-4', UNCACHE]), ['rule', '']);
});

test('where a put may have been of another one, so may the next that drops such a reference', async () => {
  const before = async (...puts: readonly (readonly [task: string, stack: readonly string[]])[]) => {
    const page = await onlyPage([
      change('app-3', DIRECT_IO, { count: 4, val: 1 }),
      start,
      ...refused(4),
      finish,
      ...puts.map(([task, stack], index) => change(task, stack, { count: 3 - index, val: -1 })),
    ]);
    return page.references
      .filter(({ acquired, released }) => acquired === null && released !== null)
      .map(({ confidence, evidence }) => [confidence, evidence.split('; ')[2]]);
  };
  const first = ['kworker/0:1-9', END_IO] as const;
  const perhaps =
    'an earlier put may have been of it, and this one of a reference that is said to have gone there';
  assert.deepEqual(await before(first, ['kworker/1:1-8', END_IO]), [['assumed', perhaps]]);
  assert.deepEqual(await before(first, ['reader-4', READ_PIPE]), [['rule', undefined]], 'of another kind');
  const own = ['app-3', END_IO] as const;
  assert.deepEqual(
    await before(own, ['kworker/1:1-8', END_IO]),
    [['rule', undefined]],
    'the first was certain',
  );
});

test('a page that was free at the mark is not judged by the first event of its next life', async () => {
  const page = await onlyPage([
    change('owner-2', READ_PIPE, { count: 0, val: -1, mapcount: 0 }),
    named('0x100'),
    change('other-3', VMSPLICE, { count: 5, val: 1 }),
  ]);
  assert.deepEqual([page.marks[0]?.count, page.marks[0]?.held], [null, null]);
});

test('a huge page that was split has nothing left of what its freeze took, and one page', async () => {
  const huge = 'flags=uptodate|lru|head|swapbacked';
  const split = ['split_huge_page_to_list', 'deferred_split_scan'];
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    {
      task: 'owner-2',
      text: 'mm_page_alloc: page=00000000aaaaaaaa pfn=0x100 order=9 migratetype=1 gfp_flags=GFP_TRANSHUGE',
      stack: FAULT,
    },
    change('kswapd0-9', ['deferred_split_scan'], { count: 2, val: 1, flags: huge }),
    {
      task: 'kswapd0-9',
      text: `page_ref_freeze: pfn=0x100 ${huge} count=0 mapcount=0 ${TAIL} val=2 ret=1`,
      stack: ['__page_ref_freeze', ...split],
    },
    change('kswapd0-9', split, { count: 1, val: 1, mapcount: 0 }),
    change('kswapd0-9', ['remove_migration_pte', 'rmap_walk_anon', ...split], {
      count: 2,
      val: 1,
      mapcount: 0,
    }),
    change('kswapd0-9', ['deferred_split_scan'], { count: 1, val: -1 }),
    change('owner-2', VMSPLICE, { count: 2, val: 1 }),
    start,
    ...refused(2),
    finish,
  ]);
  assert.equal(page.order, 0);
  assert.deepEqual([page.marks[0]?.count, page.marks[0]?.held, page.marks[0]?.untraced], [2, 1, 0]);
  assert.deepEqual(
    page.references.map(({ kind, role, releasedUnseen, released }) => [
      kind,
      role,
      releasedUnseen,
      released?.row,
    ]),
    [
      ['pipe-buffer', 'held', false, undefined],
      ...page.references.slice(1).map(({ kind, role, released }) => [kind, role, false, released?.row]),
    ],
  );
});

test('who gets a page while it is allocated does not begin another life of it', async () => {
  const lookUp = ['filemap_get_read_batch', 'filemap_get_pages', 'filemap_read'];
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('reader-4', lookUp, { count: 2, val: 1, mapcount: 0, cpu: 1 }),
    {
      task: 'owner-2',
      text: 'mm_page_alloc: page=00000000aaaaaaaa pfn=0x100 order=0 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE',
      stack: FAULT,
    },
    change('reader-4', lookUp, { count: 1, val: -1, mapcount: 0, cpu: 1 }),
    change('owner-2', VMSPLICE, { count: 2, val: 1 }),
    start,
    ...refused(2),
    finish,
  ]);
  assert.deepEqual(
    page.marks.map(({ count, held, untraced }) => [count, held, untraced]),
    [[2, 1, 0]],
  );
  assert.deepEqual(
    page.references
      .filter(({ rows }) => rows[0]! < 4)
      .map(({ role, acquired, released, releasedUnseen }) => [
        role,
        acquired?.row,
        released?.row,
        releasedUnseen,
      ]),
    [
      ['expected', 0, undefined, false],
      ['earlier', 1, 3, false],
    ],
  );
});

for (const [what, given, flags] of [
  [
    'a get',
    { text: 'page_ref_mod: pfn=0x100 FLAGS count=2 mapcount=0 TAIL val=2', name: '__page_ref_mod' },
    'flags=uptodate|lru',
  ],
  [
    'an unfreeze',
    { text: 'page_ref_unfreeze: pfn=0x100 FLAGS count=2 mapcount=0 TAIL val=2', name: '__page_ref_unfreeze' },
    'flags=uptodate|lru',
  ],
] as const) {
  test(`whoever split a huge page of a file, which begins anew by ${what}, has let go of it, and the cache has one page`, async () => {
    const huge = 'flags=uptodate|lru|head';
    const truncate = ['truncate_inode_partial_folio', 'truncate_inode_pages_range', 'vfs_truncate'];
    const split = ['split_huge_page_to_list', ...truncate];
    const readAhead = ['page_cache_ra_order', 'filemap_read'];
    const page = await onlyPage([
      allocated('owner-2', ['filemap_alloc_folio', ...readAhead]),
      {
        task: 'owner-2',
        text: 'mm_page_alloc: page=00000000aaaaaaaa pfn=0x100 order=9 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE',
        stack: ['filemap_alloc_folio', ...readAhead],
      },
      change('owner-2', ['__filemap_add_folio', 'filemap_add_folio', ...readAhead], {
        count: 513,
        val: 512,
        mapcount: 0,
        flags: huge,
      }),
      change('owner-2', ['read_pages', ...readAhead], { count: 512, val: -1, mapcount: 0, flags: huge }),
      change('cutter-3', ['find_get_entry', 'find_lock_entries', ...truncate], {
        count: 513,
        val: 1,
        mapcount: 0,
        flags: huge,
      }),
      {
        task: 'cutter-3',
        text: `page_ref_freeze: pfn=0x100 ${huge} count=0 mapcount=0 ${TAIL} val=513 ret=1`,
        stack: ['__page_ref_freeze', ...split],
      },
      {
        task: 'cutter-3',
        text: given.text.replace('FLAGS', flags).replace('TAIL', TAIL),
        stack: [given.name, ...split],
      },
      change('cutter-3', truncate, { count: 1, val: -1, mapcount: 0, flags }),
      start,
      named('0x100'),
      finish,
    ]);
    const [mark] = page.marks;
    assert.deepEqual(
      [mark?.count, mark?.held, mark?.untraced, mark?.expectedTerms.map(({ label }) => label)],
      [1, 0, 0, ['1 page cache']],
    );
    const open = page.references.filter(
      ({ released, releasedUnseen }) => released === null && !releasedUnseen,
    );
    assert.deepEqual(
      open.map(({ kind }) => kind),
      ['page-cache'],
    );
  });
}

test('a CPU has no race with itself: a count that is one too high for some of its events has a get missing', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    start,
    ...refused(2),
    finish,
    change('x-9', ELSEWHERE, { count: 2, val: 1 }),
    change('x-9', ELSEWHERE, { count: 1, val: -1 }),
  ]);
  assert.deepEqual(
    page.marks.map(({ count, expected, untraced }) => [count, expected, untraced]),
    [[2, 1, 1]],
  );
});

test('what another CPU has changed and not written yet is in the count, and said', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', VMSPLICE, { count: 2, val: 1 }),
    start,
    change('cma-1', ['isolate_migratepages_block', 'alloc_contig_range', 'cma_alloc'], { count: 3, val: 1 }),
    change('cma-1', ['isolate_migratepages_block', 'alloc_contig_range', 'cma_alloc'], { count: 3, val: -1 }),
    change('owner-2', VMSPLICE, { count: 3, val: 1, cpu: 1 }),
    finish,
  ]);
  const mark = page.marks[0]!;
  assert.deepEqual([mark.count, mark.held, mark.untraced], [2, 1, 0]);
  assert.ok(mark.notes.some((note) => note.startsWith('the event reports a count of 3')));
});

test('what nobody has written long after is no race: the put is missing', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('app-3', PIN, { count: 1025, val: 1024 }),
    // Tracing was off meanwhile.
    change('reader-4', ELSEWHERE, { count: 2, val: 1 }),
    change('reader-4', ELSEWHERE, { count: 1, val: -1 }),
    { ...start, pause: 5_000_000 },
    named('0x100'),
    finish,
  ]);
  const [mark] = page.marks;
  assert.deepEqual([mark?.count, mark?.held, mark?.untraced], [1, 0, 0]);
  assert.deepEqual(
    mark?.notes.filter((note) => note.includes('another CPU')),
    [],
  );
});

test('the count of a freeze that failed, and of a report of the kernel, is one like those of other events', async () => {
  const began = [
    change('reader-4', ELSEWHERE, { count: 2, val: 1, mapcount: 0 }),
    change('reader-4', ELSEWHERE, { count: 1, val: -1, mapcount: 0 }),
  ];
  const failed = (count: number): readonly EventText[] => [
    {
      task: 'cma-1',
      text: `page_ref_freeze: pfn=0x100 ${FLAGS} count=${count} mapcount=0 ${TAIL} val=2 ret=0`,
      stack: ['__page_ref_freeze', 'folio_migrate_mapping', ...MIGRATE],
    },
    {
      task: 'cma-1',
      text: `report_page_pinners: pfn=0x100 ${FLAGS} count=${count} mapcount=0 ${TAIL} reason=contig_range err=-11`,
      stack: ['report_page_pinners', ...MIGRATE],
    },
  ];
  for (const event of failed(3)) {
    const page = await onlyPage([...began, start, event, { ...finish, pause: 5_000_000 }]);
    const [mark] = page.marks;
    assert.deepEqual([mark?.count, mark?.untraced], [3, 1], event.text);
  }
});

test('who looks at a frozen page does not take its references away', async () => {
  const file = { mapcount: 0, flags: 'flags=uptodate|lru' };
  const lookUp: EventText = {
    task: 'reader-4',
    cpu: 1,
    text: `page_ref_mod_unless: pfn=0x100 ${file.flags} count=0 mapcount=0 ${TAIL} val=1 ret=0`,
    stack: ['__page_ref_mod_unless', 'filemap_get_read_batch', 'filemap_read'],
  };
  const page = await onlyPage([
    allocated('owner-2', ['filemap_alloc_folio', 'page_cache_ra_unbounded']),
    change('owner-2', ['__filemap_add_folio', 'filemap_add_folio'], { count: 2, val: 1, ...file }),
    change('owner-2', ['read_pages', 'page_cache_ra_unbounded'], { count: 1, val: -1, ...file }),
    change('kswapd0-60', ['folio_isolate_lru', 'shrink_node'], { count: 2, val: 1, ...file }),
    {
      task: 'kswapd0-60',
      text: `page_ref_freeze: pfn=0x100 ${file.flags} count=0 mapcount=0 ${TAIL} val=2 ret=1`,
      stack: ['__page_ref_freeze', '__remove_mapping', 'shrink_folio_list'],
    },
    lookUp,
    lookUp,
    {
      task: 'kswapd0-60',
      text: `page_ref_unfreeze: pfn=0x100 ${file.flags} count=2 mapcount=0 ${TAIL} val=2`,
      stack: ['__page_ref_unfreeze', '__remove_mapping', 'shrink_folio_list'],
    },
    start,
    named('0x100'),
    finish,
    change('kswapd0-60', ['move_folios_to_lru', 'shrink_inactive_list'], { count: 1, val: -1, ...file }),
  ]);
  const kinds = page.references.map(({ kind, unseenBecause }) => [kind, unseenBecause]);
  assert.deepEqual(kinds, [
    ['isolation', undefined],
    ['page-cache', undefined],
    ['allocation', undefined],
  ]);
});

test('which of two alike references went without a put is a guess for both', async () => {
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', VMSPLICE, { count: 2, val: 1, flags: FLAGS }),
    change('other-3', VMSPLICE, { count: 3, val: 1, flags: FLAGS }),
    start,
    ...refused(3),
    ...refused(2),
    finish,
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind, confidence, releasedUnseen }) => [kind, confidence, releasedUnseen]),
    [
      ['pipe-buffer', 'assumed', true],
      ['pipe-buffer', 'assumed', false],
    ],
  );
});

test('a capture that begins with the putback of an attempt does not blame the LRU batch that putback fills', async () => {
  const flags = 'flags=active|private';
  const page = await onlyPage([
    // folio_putback_lru() is folio_add_lru() and folio_put(), which drops the reference of isolation.
    change('cma-1', ['folio_add_lru', ...PUTBACK], { count: 4, val: 1, mapcount: 0, flags }),
    change('cma-1', PUTBACK, { count: 3, val: -1, mapcount: 0, flags }),
    named('0x100'),
    finish,
    change('kworker/0:1-23', ['folio_batch_move_lru', 'lru_add_drain_cpu', 'lru_add_drain_per_cpu'], {
      count: 2,
      val: -1,
      mapcount: 0,
      flags: `${flags}|lru`,
    }),
  ]);
  assert.deepEqual(
    page.references.map(({ kind, role, acquired, released }) => [kind, role, acquired?.row, released?.row]),
    [
      ['lru-batch', 'expected', 0, 4],
      ['isolation', 'earlier', undefined, 1],
    ],
  );
  assert.deepEqual(
    page.marks.map(({ held, untraced, cause, expectedTerms }) => [
      held,
      untraced,
      cause,
      expectedTerms.map(({ label }) => label),
    ]),
    [[0, 0, 'buffers', ["1 LRU batch of the attempt's own putback", '1 private data', '1 page cache']]],
  );
});

test('a batch that another task put the page into before the attempt is no trace of its putback', async () => {
  const page = await onlyPage([
    change('other-7', ['folio_add_lru', ...PUTBACK], { count: 3, val: 1 }),
    change('other-7', PUTBACK, { count: 2, val: -1 }),
    named('0x100'),
    finish,
  ]);
  assert.deepEqual(
    heldOf(page).map(({ kind }) => kind),
    ['lru-batch'],
  );
});

test('a failed freeze says what migration expects, where the capture begins with it', async () => {
  const freeze = (count: number, val: number): EventText => ({
    task: 'cma-1',
    text: `page_ref_freeze: pfn=0x100 ${FLAGS} count=${count} mapcount=0 ${TAIL} val=${val} ret=0`,
    stack: ['__page_ref_freeze', 'folio_migrate_mapping', 'migrate_folio', 'move_to_new_folio', ...MIGRATE],
  });
  const sumOf = async (events: readonly EventText[]): Promise<unknown> => {
    const { marks } = await onlyPage(events);
    return marks.map(({ held, untraced, expectedTerms }) => [
      held,
      untraced,
      expectedTerms.map(({ label }) => label),
    ]);
  };
  const read = change('reader-4', READ_PIPE, { count: 2, val: -1 });
  assert.deepEqual(await sumOf([freeze(3, 2)]), [[0, 1, ['1 isolation', '1 page cache']]]);
  assert.deepEqual(await sumOf([freeze(3, 2), read]), [[1, 0, ['1 isolation', '1 page cache']]]);
  assert.deepEqual(await sumOf([freeze(514, 513)]), [
    [0, 1, ['1 isolation', '1 page cache', '511 more that migration expects']],
  ]);
});

test('memory failure has its own reference where it ends its work on a page of somebody', async () => {
  const isolated = change('poison-1', ['folio_isolate_lru', 'memory_failure'], {
    count: 3,
    val: 1,
    mapcount: 0,
  });
  const putBack = change('poison-1', ['folio_putback_lru', 'memory_failure'], {
    count: 2,
    val: -1,
    mapcount: 0,
  });
  const ended = (page: string, result: string): EventText => ({
    task: 'poison-1',
    text: `memory_failure_event: pfn 0x100: recovery action for ${page}: ${result}`,
    stack: ['action_result', 'memory_failure', 'madvise_inject_error'],
  });
  const read = change('reader-4', READ_PIPE, { count: 1, val: -1, mapcount: 0 });
  const known = await onlyPage([isolated, putBack, ended('clean LRU page', 'Recovered'), read]);
  assert.deepEqual(
    known.marks.map(({ held, untraced, expectedTerms }) => [held, untraced, expectedTerms]),
    [[1, 0, [{ kind: 'isolation', count: 1, label: "1 memory failure's own" }]]],
  );
  // On a page that it cannot handle it may have none.
  const unknown = await onlyPage([isolated, putBack, ended('unknown page', 'Ignored'), read]);
  assert.deepEqual(
    unknown.marks.map(({ held, expectedTerms }) => [held, expectedTerms.map(({ label }) => label)]),
    [[1, ['1 page cache (not certain)']]],
  );
});

test('a mapping without its get is named by the put whose task and time are told', async () => {
  const unmap = ['try_to_migrate_one', 'rmap_walk_anon', ...MIGRATE];
  const remap = ['remove_migration_pte', 'rmap_walk_anon', ...MIGRATE];
  const page = await onlyPage([
    start,
    ...refused(2),
    change('cma-1', unmap, { count: 1, val: -1, mapcount: 0 }),
    change('cma-1', remap, { count: 2, val: 1, mapcount: 0 }),
    finish,
    change('owner-2', ['tlb_batch_pages_flush', 'tlb_finish_mmu', 'exit_mmap'], {
      count: 1,
      val: -1,
      mapcount: 0,
    }),
  ]);
  assert.deepEqual(
    page.references
      .filter(({ kind }) => kind === 'page-table')
      .map(({ holder, site, repeats }) => [holder, site, repeats]),
    [['page table mapping · put in tlb_batch_pages_flush by owner-2', 'tlb_batch_pages_flush', 2]],
  );
});

test('an unfreeze to more than was frozen leaves references that no event explains', async () => {
  const frozen = (name: string, count: number, rest: string): EventText => ({
    task: 'x-5',
    text: `${name}: pfn=0x100 ${FLAGS} count=${count} mapcount=1 ${TAIL} ${rest}`,
    stack: [`__${name}`, 'deferred_split_scan'],
  });
  const page = await onlyPage([
    allocated('owner-2', FAULT),
    change('owner-2', VMSPLICE, { count: 2, val: 1 }),
    frozen('page_ref_freeze', 0, 'val=2 ret=1'),
    frozen('page_ref_unfreeze', 4, 'val=4'),
    start,
    ...refused(4),
    finish,
  ]);
  assert.deepEqual(
    page.marks.map(({ held, untraced, expectedTerms }) => [
      held,
      untraced,
      expectedTerms.map(({ label }) => label),
    ]),
    [[1, 2, ['1 page table mapping']]],
  );
});
