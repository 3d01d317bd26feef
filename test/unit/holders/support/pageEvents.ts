/** Events of one page and of attempts to move it, as ftrace prints them. */
import type { EventText } from '../../support/traceText';

export const FLAGS = 'flags=uptodate|lru|swapbacked';
export const TAIL = `mapping=00000000deadbeef mt=4`;

export const FAULT = ['__handle_mm_fault', 'handle_mm_fault', 'do_user_addr_fault', 'asm_exc_page_fault'];
export const CMA = ['alloc_contig_range', 'cma_alloc', 'cma_alloc_write'];
export const SCAN = [
  'isolate_migratepages_block',
  'isolate_migratepages_range',
  '__alloc_contig_migrate_range',
  ...CMA,
];
export const MIGRATE = ['migrate_pages_batch', 'migrate_pages', '__alloc_contig_migrate_range', ...CMA];
export const PUTBACK = ['folio_putback_lru', 'putback_movable_pages', '__alloc_contig_migrate_range', ...CMA];

interface Change {
  readonly count: number;
  readonly val: number;
  readonly mapcount?: number;
  readonly pfn?: string;
  readonly flags?: string;
  readonly ret?: number;
  readonly cpu?: number;
}

export function change(task: string, stack: readonly string[], values: Change): EventText {
  const { count, val, mapcount = 1, pfn = '0x100', flags = FLAGS, ret, cpu = 0 } = values;
  const drops = val < 0;
  const name = drops ? 'page_ref_mod_and_test' : 'page_ref_mod';
  const result = drops ? ` ret=${ret ?? (count === 0 ? 1 : 0)}` : '';
  return {
    task,
    cpu,
    text: `${name}: pfn=${pfn} ${flags} count=${count} mapcount=${mapcount} ${TAIL} val=${val}${result}`,
    stack: ['trace_event_raw_event_page_ref_mod_template', `__${name}`, ...stack],
  };
}

export function allocated(task: string, stack: readonly string[], pfn = '0x100'): EventText {
  return {
    task,
    text: `page_ref_set: pfn=${pfn} flags=none count=1 mapcount=0 mapping=0000000000000000 mt=4 val=1`,
    stack: ['get_page_from_freelist', '__alloc_pages', '__folio_alloc', ...stack],
  };
}

export const start: EventText = {
  task: 'cma-1',
  text: 'cma_alloc_start: name=reserved count=16 align=0',
  stack: CMA,
};
export const finish: EventText = {
  task: 'cma-1',
  text: 'cma_alloc_finish: name=reserved pfn=0x100 page=0000000000000000 count=16 align=0',
  stack: CMA,
};
export const migrateStart: EventText = {
  task: 'cma-1',
  text: 'mm_migrate_pages_start: mode=MIGRATE_SYNC reason=contig_range',
  stack: MIGRATE,
};
export function migrateEnd(failed: number): EventText {
  return {
    task: 'cma-1',
    text: `mm_migrate_pages: nr_succeeded=0 nr_failed=${failed} nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 mode=MIGRATE_SYNC reason=contig_range`,
    stack: MIGRATE,
  };
}
export function named(pfn: string): EventText {
  return {
    task: 'cma-1',
    text: `test_pages_isolated: start_pfn=0x100 end_pfn=0x110 fin_pfn=${pfn} ret=fail`,
    stack: ['test_pages_isolated', ...CMA],
  };
}

/** The get and the put by which the isolation scanner refuses a page. */
export function refused(count: number): EventText[] {
  return [change('cma-1', SCAN, { count: count + 1, val: 1 }), change('cma-1', SCAN, { count, val: -1 })];
}
