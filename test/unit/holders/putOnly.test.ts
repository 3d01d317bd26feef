/** Captures of page_pin_owner and page_pinner: puts alone, and the count at the failure. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openCapture } from '../../../src/capture/openCapture';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import type { Page, Reference } from '../../../src/holders/model';
import { BUFFER, recordText, stamp } from '../capture/support/pagePinnerTexts';
import { captureOf, memorySource, type EventText } from '../support/traceText';

const FLAGS = 'flags=uptodate|swapbacked';
const REST = 'mapping=00000000deadbeef mt=4';
const MIGRATE = ['migrate_pages_batch', 'migrate_pages', '__alloc_contig_migrate_range', 'cma_alloc'];
const UNMAP = ['try_to_migrate_one', 'rmap_walk_file', ...MIGRATE];
const PIPE = ['page_cache_pipe_buf_release', 'pipe_read'];
const DIO = ['__bio_release_pages', 'bio_check_pages_dirty'];

function report(count: number, mapcount = 0, flags = FLAGS): EventText {
  const text = `report_page_pinners: pfn=0x100 ${flags} count=${count} mapcount=${mapcount} ${REST} reason=contig_range err=-11`;
  return { task: 'cma-1', text, stack: MIGRATE };
}

function put(task: string, stack: readonly string[], count: number, mapcount = 0): EventText {
  const text = `page_pin_owner_put: pfn=0x100 ${FLAGS} count=${count} mapcount=${mapcount} ${REST}`;
  return { task, text, ...(stack.length > 0 ? { stack: ['__page_pin_owner_put', ...stack] } : {}) };
}

async function pageOf(events: readonly EventText[]): Promise<Page> {
  // The unmap says that the page is in the page cache.
  const { pages } = analyseHolders(await captureOf([put('cma-1', UNMAP, 9), ...events]));
  assert.equal(pages.length, 1);
  return pages[0]!;
}

function ofRole(page: Page, role: Reference['role']): string[] {
  return page.references
    .filter((reference) => reference.role === role)
    .map(({ kind, confidence, rivals }) => `${kind} ${confidence} ${rivals ?? '-'}`);
}

test('as many puts as references too many: each is a holder', async () => {
  const page = await pageOf([report(4), put('reader-2', PIPE, 3), put('disk-3', DIO, 2)]);
  assert.deepEqual(ofRole(page, 'held'), ['pipe-buffer rule -', 'direct-io rule -']);
  assert.deepEqual(
    page.marks[0]?.notes.filter((note) => note.startsWith('any of')),
    [],
  );
});

test('more puts than references too many: any of them may be the one, and that is said', async () => {
  const page = await pageOf([report(3), put('reader-2', PIPE, 3), put('disk-3', DIO, 2)]);
  assert.equal(page.marks[0]?.held, 1);
  assert.deepEqual(ofRole(page, 'held'), ['pipe-buffer assumed 2']);
  assert.ok(ofRole(page, 'temporary').includes('direct-io rule 2'));
  assert.ok(
    page.marks[0].notes.includes(
      'any of these 2 puts may be the one reference too many: page_cache_pipe_buf_release, __bio_release_pages',
    ),
  );
  const [held] = page.references;
  assert.match(held?.evidence ?? '', /any of 2 puts after a mark may be this one/);
});

test('of very many puts that may be the one the first are named, and the others counted', async () => {
  const puts = Array.from({ length: 25 }, (_, index) => put(`reader-${index + 2}`, PIPE, 3));
  const page = await pageOf([report(3), ...puts]);
  const note = page.marks[0]?.notes.find((each) => each.startsWith('any of these 25 puts')) ?? '';
  assert.equal(note.split('page_cache_pipe_buf_release').length - 1, 20);
  assert.match(note, /, page_cache_pipe_buf_release and 5 more$/);
});

test('puts behind a count that leaves only the owners drop later references', async () => {
  // Page cache alone is left after the first put; the second dropped what came in between.
  const page = await pageOf([report(3), put('reader-2', PIPE, 1), put('disk-3', DIO, 1)]);
  assert.deepEqual(ofRole(page, 'held'), ['pipe-buffer rule -']);
  assert.ok(ofRole(page, 'temporary').includes('direct-io rule -'));
});

test('a put that no rule names is a holder only after those that one names', async () => {
  const page = await pageOf([report(3), put('x-2', ['foo_put', 'foo'], 3), put('disk-3', DIO, 2)]);
  assert.deepEqual(ofRole(page, 'held'), ['direct-io assumed 2']);
});

test('puts of LRU batches and lookups are never the holders, and stay', async () => {
  const batch = ['folio_batch_move_lru', 'lru_add_drain_per_cpu'];
  const page = await pageOf([report(3), put('kworker-9', batch, 2)]);
  assert.deepEqual(ofRole(page, 'held'), []);
  assert.ok(ofRole(page, 'temporary').includes('lru-batch rule -'));
  assert.equal(page.marks[0]?.untraced, 1);
});

test('puts without function names are not blamed', async () => {
  const page = await pageOf([put('x-2', [], 3), report(3), put('x-2', [], 2), put('x-3', [], 2)]);
  assert.deepEqual(ofRole(page, 'held'), []);
  // Either may be the one that was too many; the one before the mark may not.
  assert.deepEqual(
    ofRole(page, 'temporary').filter((text) => text.startsWith('unknown')),
    ['unknown assumed 2', 'unknown assumed 2'],
  );
  assert.ok(ofRole(page, 'earlier').includes('unknown assumed -'));
  assert.equal(
    page.references.find(({ kind }) => kind === 'unknown')?.evidence,
    'a put without function names',
  );
  assert.ok(page.marks[0]?.notes.some((note) => note.startsWith('puts without function names')));
});

test('a large folio has one page cache reference for each page, as far as its order is known', async () => {
  const alloc: EventText = {
    task: 'owner-5',
    text: 'mm_page_alloc: page=00000000deadbeef pfn=0x100 order=2 migratetype=1 gfp_flags=GFP_KERNEL',
  };
  const page = await pageOf([alloc, report(6), put('reader-2', PIPE, 4)]);
  assert.equal(page.order, 2);
  const [mark] = page.marks;
  assert.deepEqual([mark?.expected, mark?.held, mark?.untraced], [5, 1, 0]);
  assert.ok(mark?.expectedTerms.some(({ label }) => label === '4 page cache'));
  const unknown = await pageOf([report(6, 0, `${FLAGS}|head`), put('reader-2', PIPE, 4)]);
  assert.ok(
    unknown.marks[0]?.notes.some((note) => note.startsWith('it is the head of a folio whose allocation')),
  );
});

test('each deduced get says why it is believed', async () => {
  const page = await pageOf([report(3), put('reader-2', PIPE, 2)]);
  const held = page.references[0]!;
  assert.ok(held.deducedAcquire.includes('vmsplice_to_pipe'));
  assert.match(
    held.deducedBecause ?? '',
    /^put in page_cache_pipe_buf_release: what the rule “pipe buffer” sees dropped there .*fs\/splice\.c/,
  );
});

test('page_handle_poison drops the reference of isolation, or the one before: either is named as its taker', async () => {
  const page = await pageOf([report(3), put('offliner-1', ['page_handle_poison', 'soft_offline_page'], 1)]);
  const last = page.references.find(({ site }) => site === 'page_handle_poison');
  assert.equal(last?.label, "isolation or memory failure's own");
  assert.deepEqual(last.deducedAcquire, [
    'folio_isolate_lru',
    'isolate_lru_page',
    'get_hwpoison_page',
    'madvise_inject_error',
  ]);
});

test('page_pinner names no task: failures of different times are different attempts', async () => {
  const other = recordText({ first: `Failure detected at ${stamp(90, 1)}`, pfn: 0x8d0c9, count: 3 });
  const text = [...BUFFER, other].join('');
  const { attempts, pages } = analyseHolders(
    await openCapture(memorySource('buffer', new TextEncoder().encode(text))),
  );
  assert.equal(pages.length, 2);
  assert.equal(attempts.length, 2);
  assert.deepEqual(
    pages.map(({ marks }) => marks.length),
    [1, 1],
  );
});
