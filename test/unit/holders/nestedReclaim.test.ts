/** An attempt that needs memory reclaims some: what fails there is none of the pages that it wants to move. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { analyseHolders } from '../../../src/holders/analyseHolders';
import type { HolderAnalysis } from '../../../src/holders/model';
import { captureOf, type EventText } from '../support/traceText';
import {
  allocated,
  change,
  CMA,
  FAULT,
  finish,
  MIGRATE,
  migrateEnd,
  migrateStart,
  start,
  TAIL,
} from './support/pageEvents';

const SHRINK = [
  '__remove_mapping',
  'shrink_folio_list',
  'shrink_inactive_list',
  'shrink_lruvec',
  'shrink_node',
];
/** For the page that another is moved to. */
const FOR_TARGET = ['do_try_to_free_pages', 'try_to_free_pages', '__alloc_pages', 'alloc_migration_target'];
const FOR_FAULT = [...SHRINK, 'try_to_free_pages', '__alloc_pages', 'vma_alloc_folio', ...FAULT];

function failedFreeze(stack: readonly string[], pfn = '0x500', task = 'cma-1'): EventText {
  const state = `flags=uptodate|lru count=3 mapcount=0 ${TAIL}`;
  return { task, text: `page_ref_freeze: pfn=${pfn} ${state} val=2 ret=0`, stack };
}

async function analysed(events: readonly EventText[]): Promise<HolderAnalysis> {
  return analyseHolders(await captureOf(events));
}

function pfnsOf({ pages }: HolderAnalysis): readonly number[] {
  return pages.map(({ pfn }) => pfn);
}

test('a page that reclaim cannot free for the page to move to is no page that failed to move', async () => {
  const analysis = await analysed([
    start,
    migrateStart,
    failedFreeze([...SHRINK, ...FOR_TARGET, ...MIGRATE]),
    migrateEnd(0),
    finish,
  ]);
  assert.deepEqual(pfnsOf(analysis), []);
});

test('the freeze of the page itself, and of clean pages of the range that CMA reclaims, count still', async () => {
  const analysis = await analysed([
    start,
    failedFreeze(['__remove_mapping', 'shrink_folio_list', 'reclaim_clean_pages_from_list', ...CMA], '0x101'),
    migrateStart,
    failedFreeze(['folio_migrate_mapping', 'migrate_folio', ...MIGRATE], '0x102'),
    migrateEnd(1),
    finish,
  ]);
  assert.deepEqual(pfnsOf(analysis), [0x101, 0x102]);
});

test('reclaim in a fault of pin_user_pages(FOLL_LONGTERM) is no migration out of CMA', async () => {
  const stack = [...FOR_FAULT, 'faultin_page', '__get_user_pages', '__gup_longterm_locked'];
  assert.deepEqual(pfnsOf(await analysed([failedFreeze(stack, '0x500', 'pinner-2')])), []);
});

test('a page that reclaim demotes is one that failed to move', async () => {
  const demotion = ['folio_migrate_mapping', 'migrate_pages_batch', 'migrate_pages', 'demote_folio_list'];
  const stack = [...demotion, ...SHRINK.slice(1), 'balance_pgdat', 'kswapd'];
  const analysis = await analysed([failedFreeze(stack, '0x500', 'kswapd0-60')]);
  assert.deepEqual(pfnsOf(analysis), [0x500]);
  assert.deepEqual(
    analysis.attempts.map(({ what }) => what),
    ['demotion'],
  );
});

test('what reclaim for memory puts back while migrate_pages runs was not on its list', async () => {
  const stack = ['isolate_lru_folios', ...SHRINK.slice(2), ...FOR_TARGET, ...MIGRATE];
  const back = ['folio_putback_lru', 'move_folios_to_lru', ...SHRINK.slice(2), ...FOR_TARGET, ...MIGRATE];
  const held = { pfn: '0x500', mapcount: 1 };
  const analysis = await analysed([
    allocated('owner-2', FAULT, '0x500'),
    start,
    migrateStart,
    change('cma-1', stack, { ...held, count: 2, val: 1 }),
    change('cma-1', back, { ...held, count: 1, val: -1 }),
    migrateEnd(1),
    finish,
  ]);
  assert.deepEqual(pfnsOf(analysis), []);
});
