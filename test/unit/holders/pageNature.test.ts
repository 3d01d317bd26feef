/** What a page with a hashed mapping pointer is: only what flags and stacks tell is said as a fact. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from '../../../src/holders/model';
import { StackSites } from '../../../src/holders/stackSites';
import { captureOf, type EventText } from '../support/traceText';
import { onlyPage } from './support/foundPages';
import {
  change,
  CMA,
  FAULT,
  MIGRATE,
  migrateEnd,
  migrateStart,
  named,
  SCAN,
  start,
} from './support/pageEvents';

const OWN_PUTBACK = ['putback_movable_pages', '__alloc_contig_migrate_range', ...CMA];

function sumOf(page: Page): readonly string[] {
  const { expectedTerms, held, untraced } = page.marks[0]!;
  return [
    ...expectedTerms.map(({ label }) => label),
    ...(held === 0 ? [] : [`${held} held`]),
    ...(untraced === 0 ? [] : [`${untraced} untraced`]),
  ];
}

/** A page that migration gave up: it was isolated, and is put back. */
function givenUp(
  isolate: readonly string[],
  putBack: readonly string[],
  flags: string,
  count: number,
): EventText[] {
  return [
    start,
    change('cma-1', [...isolate, ...SCAN], { count: count + 1, val: 1, mapcount: 0, flags }),
    migrateStart,
    migrateEnd(1),
    change('cma-1', putBack, { count, val: -1, mapcount: 0, flags }),
    named('0x100'),
  ];
}

test('a page of a balloon has the reference of its driver, and none of the page cache', async () => {
  const page = await onlyPage(givenUp(['isolate_movable_page'], OWN_PUTBACK, 'flags=none', 1));
  assert.deepEqual(sumOf(page), ['1 isolation', '1 of the driver that moves it']);
  const inflated: EventText = {
    task: 'kworker/0:1-9',
    text: 'page_ref_set: pfn=0x100 flags=none count=1 mapcount=0 mapping=0000000000000000 mt=4 val=1',
    stack: [
      'post_alloc_hook',
      'get_page_from_freelist',
      '__alloc_pages',
      'balloon_page_alloc',
      'fill_balloon',
    ],
  };
  const traced = await onlyPage([
    inflated,
    ...givenUp(['isolate_movable_page'], OWN_PUTBACK, 'flags=none', 1),
  ]);
  assert.deepEqual(sumOf(traced), ['1 isolation', '1 of the driver that moves it']);
});

test('a huge page of hugetlb is not said to be in the page cache unless something tells it', async () => {
  const putBack = ['folio_putback_active_hugetlb', ...OWN_PUTBACK];
  const unknown = await onlyPage(givenUp(['isolate_hugetlb'], putBack, 'flags=uptodate|head', 1));
  assert.deepEqual(sumOf(unknown), ['1 isolation', '1 page cache (not certain)']);
  const faulted = change(
    'owner-2',
    ['hugetlb_add_to_page_cache', 'hugetlb_no_page', 'hugetlb_fault', ...FAULT],
    {
      count: 2,
      val: 1,
      mapcount: 0,
      flags: 'flags=uptodate|head',
    },
  );
  const ofFile = await onlyPage([
    faulted,
    ...givenUp(['isolate_hugetlb'], putBack, 'flags=uptodate|head', 2),
  ]);
  assert.ok(ofFile.marks[0]!.expectedTerms.some(({ label }) => label === '1 page cache'));
});

test('a page of which neither flags nor stacks tell is not certain, and that is said', async () => {
  const putBack = ['folio_putback_lru', ...OWN_PUTBACK];
  const unknown = await onlyPage(givenUp([], putBack, 'flags=none', 1));
  assert.deepEqual(sumOf(unknown), ['1 isolation', '1 page cache (not certain)']);
  const cached = await onlyPage(givenUp([], putBack, 'flags=referenced|uptodate|mappedtodisk', 1));
  assert.deepEqual(sumOf(cached), ['1 isolation', '1 page cache']);
  assert.ok(!cached.marks[0]!.notes.some((note) => note.includes('does not tell')));
});

test('what compaction does for an allocation says nothing of the page that is scanned', async () => {
  const scan = ['isolate_migratepages_block', 'isolate_migratepages', 'compact_zone', '__alloc_pages'];
  const stacks = [
    [...scan, 'alloc_fresh_huge_page', 'hugetlb_fault'],
    [...scan, 'do_anonymous_page', ...FAULT],
    ['prep_new_page', 'get_page_from_freelist', '__alloc_pages', 'do_anonymous_page', ...FAULT],
    ['wp_page_copy', 'do_wp_page', ...FAULT],
    ['rmap_walk_file', 'try_to_migrate', ...MIGRATE],
  ];
  const text = 'page_ref_mod: pfn=0x1 flags= count=2 mapcount=0 mapping=0 mt=1 val=1';
  const { events, symbols } = await captureOf(stacks.map((stack) => ({ task: 'any-1', text, stack })));
  const sites = new StackSites(symbols);
  const natures = stacks.map((_, row) => sites.of(events.stack[row]!).nature);
  assert.deepEqual(natures, [null, null, 'anonymous', null, 'file']);
});
