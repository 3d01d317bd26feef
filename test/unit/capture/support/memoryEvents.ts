/** Formats of the events that the tests record, as Linux 6.1 prints them (events/SYSTEM/EVENT/format). */
import type { EventText, FieldText } from './traceDatWriter';

const long = (declaration: string): FieldText => ({ declaration, size: 'long' });
const int = (declaration: string): FieldText => ({ declaration, size: 4, signed: true });

/** In the order of include/trace/events/mmflags.h, which is not that of the bits. */
export const FLAG_NAMES_6_1 = [
  ...['locked', 'waiters', 'error', 'referenced', 'uptodate', 'dirty', 'lru', 'active', 'workingset', 'slab'],
  ...[
    'owner_priv_1',
    'arch_1',
    'reserved',
    'private',
    'private_2',
    'writeback',
    'head',
    'mappedtodisk',
    'reclaim',
  ],
  ...['swapbacked', 'unevictable', 'mlocked', 'uncached', 'hwpoison', 'arch_2'],
];

/** The `flags=%s` argument of a page_ref event. */
export function flagsArgument(
  names: readonly string[],
  valueOf = (name: string) => `1UL << PG_${name}`,
): string {
  const mask = `((1UL << ${names.length}) - 1)`;
  const list = names.map((name) => `{${valueOf(name)}, "${name}" }`).join(', ');
  return `(REC->flags & ${mask}) ? __print_flags(REC->flags & ${mask}, "|", ${list} ) : "none"`;
}

const PAGE_REF_FIELDS = [
  long('unsigned long pfn'),
  long('unsigned long flags'),
  int('int count'),
  int('int mapcount'),
  long('void * mapping'),
  int('int mt'),
  int('int val'),
];

export function pageRefEvent(
  name: string,
  id: number,
  { ret = false, flags = flagsArgument(FLAG_NAMES_6_1) } = {},
): EventText {
  return {
    system: 'page_ref',
    name,
    id,
    fields: ret ? [...PAGE_REF_FIELDS, int('int ret')] : PAGE_REF_FIELDS,
    print:
      `"pfn=0x%lx flags=%s count=%d mapcount=%d mapping=%p mt=%d val=%d${ret ? ' ret=%d' : ''}", ` +
      `REC->pfn, ${flags}, REC->count, REC->mapcount, REC->mapping, REC->mt, REC->val${ret ? ', REC->ret' : ''}`,
  };
}

export const PAGE_REF_MOD = pageRefEvent('page_ref_mod', 616);
export const PAGE_REF_FREEZE = pageRefEvent('page_ref_freeze', 613, { ret: true });

export const KERNEL_STACK: EventText = {
  system: 'ftrace',
  name: 'kernel_stack',
  id: 4,
  fields: [int('int size'), { declaration: 'unsigned long caller[8]', size: 0 }],
  print: '"\\t=> %ps\\n", (void *)REC->caller[0]',
};

export const USER_STACK: EventText = {
  system: 'ftrace',
  name: 'user_stack',
  id: 12,
  fields: [
    { declaration: 'unsigned int tgid', size: 4 },
    { declaration: 'unsigned long caller[8]', size: 0 },
  ],
  print: '"\\t=> %ps\\n", (void *)REC->caller[0]',
};

export const CMA_ALLOC_FINISH: EventText = {
  system: 'cma',
  name: 'cma_alloc_finish',
  id: 608,
  fields: [
    { declaration: '__data_loc char[] name', size: 4, signed: true },
    long('unsigned long pfn'),
    long('const struct page * page'),
    long('unsigned long count'),
    { declaration: 'unsigned int align', size: 4 },
    int('int errorno'),
  ],
  print:
    '"name=%s pfn=0x%lx page=%p count=%lu align=%u errorno=%d", __get_str(name), REC->pfn, REC->page, REC->count, ' +
    'REC->align, REC->errorno',
};

/** Of Android's common kernels: its record has no page. */
export const CMA_ALLOC_INFO: EventText = {
  system: 'cma',
  name: 'cma_alloc_info',
  id: 611,
  fields: [
    { declaration: '__data_loc char[] name', size: 4, signed: true },
    long('unsigned long pfn'),
    { declaration: 'unsigned int count', size: 4 },
    { declaration: 'unsigned int align', size: 4 },
    long('unsigned long nr_migrated'),
    long('unsigned long nr_reclaimed'),
    long('unsigned long nr_mapped'),
    { declaration: 'unsigned int err_iso', size: 4 },
    { declaration: 'unsigned int err_mig', size: 4 },
    { declaration: 'unsigned int err_test', size: 4 },
  ],
  print:
    '"name=%s pfn=0x%lx count=%u align=%u nr_migrated=%lu nr_reclaimed=%lu nr_mapped=%lu err_iso=%u err_mig=%u ' +
    'err_test=%u", __get_str(name), REC->pfn, REC->count, REC->align, REC->nr_migrated, REC->nr_reclaimed, ' +
    'REC->nr_mapped, REC->err_iso, REC->err_mig, REC->err_test',
};

/** As {@link CMA_ALLOC_FINISH} with the name relative to its field, as synthetic and user events write strings. */
export const CMA_RELEASE: EventText = {
  system: 'cma',
  name: 'cma_release',
  id: 610,
  fields: [
    { declaration: '__rel_loc char[] name', size: 4, signed: true },
    long('unsigned long pfn'),
    long('unsigned long count'),
  ],
  print: '"name=%s pfn=0x%lx count=%lu", __get_rel_str(name), REC->pfn, REC->count',
};

export const MIGRATE_PAGES: EventText = {
  system: 'migrate',
  name: 'mm_migrate_pages',
  id: 583,
  fields: [
    long('unsigned long succeeded'),
    long('unsigned long failed'),
    { declaration: 'enum migrate_mode mode', size: 4 },
    int('int reason'),
  ],
  print:
    '"nr_succeeded=%lu nr_failed=%lu mode=%s reason=%s", REC->succeeded, REC->failed, ' +
    '__print_symbolic(REC->mode, {0, "MIGRATE_ASYNC"}, {1, "MIGRATE_SYNC_LIGHT"}, {2, "MIGRATE_SYNC"}), ' +
    '__print_symbolic(REC->reason, {0, "compaction"}, {6, "contig_range"}, { 1UL << 3, "other_number" })',
};

export const TEST_PAGES_ISOLATED: EventText = {
  system: 'page_isolation',
  name: 'test_pages_isolated',
  id: 606,
  fields: [long('unsigned long start_pfn'), long('unsigned long end_pfn'), long('unsigned long fin_pfn')],
  print:
    '"start_pfn=0x%lx end_pfn=0x%lx fin_pfn=0x%lx ret=%s", REC->start_pfn, REC->end_pfn, REC->fin_pfn, ' +
    'REC->end_pfn <= REC->fin_pfn ? "success" : "fail"',
};

export const REPORT_PINNERS: EventText = {
  system: 'page_pin_owner',
  name: 'report_page_pinners',
  id: 620,
  fields: [...PAGE_REF_FIELDS.slice(0, 6), long('const char * reason'), int('int err')],
  print:
    `"pfn=0x%lx flags=%s count=%d mapcount=%d mapping=%p mt=%d reason=%s err=%d", REC->pfn, ` +
    `${flagsArgument(FLAG_NAMES_6_1)}, REC->count, REC->mapcount, REC->mapping, REC->mt, REC->reason, REC->err`,
};

export const COMPACTION_BEGIN: EventText = {
  system: 'compaction',
  name: 'mm_compaction_begin',
  id: 537,
  fields: [
    long('unsigned long zone_start'),
    long('unsigned long migrate_pfn'),
    long('unsigned long free_pfn'),
    long('unsigned long zone_end'),
    { declaration: 'bool sync', size: 1 },
  ],
  print:
    '"zone_start=0x%lx migrate_pfn=0x%lx free_pfn=0x%lx zone_end=0x%lx, mode=%s", REC->zone_start, ' +
    'REC->migrate_pfn, REC->free_pfn, REC->zone_end, REC->sync ? "sync" : "async"',
};

export const MEMORY_FAILURE: EventText = {
  system: 'ras',
  name: 'memory_failure_event',
  id: 1081,
  fields: [long('unsigned long pfn'), int('int type'), int('int result')],
  print:
    '"pfn %#lx: recovery action for %s: %s", REC->pfn, __print_symbolic(REC->type, { 14, "clean LRU page" }), ' +
    '__print_symbolic(REC->result, { 1, "Failed" }, { 3, "Recovered" })',
};

export const MM_PAGE_ALLOC: EventText = {
  system: 'kmem',
  name: 'mm_page_alloc',
  id: 522,
  fields: [
    long('unsigned long pfn'),
    { declaration: 'unsigned int order', size: 4 },
    long('unsigned long gfp_flags'),
    int('int migratetype'),
  ],
  print:
    '"page=%p pfn=0x%lx order=%d migratetype=%d", REC->pfn != -1UL ? (((struct page *)vmemmap_base) + (REC->pfn)) : ' +
    '((void *)0), REC->pfn != -1UL ? REC->pfn : 0, REC->order, REC->migratetype',
};

export const SCHED_SWITCH: EventText = {
  system: 'sched',
  name: 'sched_switch',
  id: 314,
  fields: [{ declaration: 'char prev_comm[16]', size: 16 }, int('pid_t prev_pid')],
  print: '"%s:%d", REC->prev_comm, REC->prev_pid',
};

/** The event formats of one test file. */
export const ALL_EVENTS = [
  ...[PAGE_REF_MOD, PAGE_REF_FREEZE, KERNEL_STACK, USER_STACK, CMA_ALLOC_FINISH, CMA_RELEASE, MIGRATE_PAGES],
  ...[
    TEST_PAGES_ISOLATED,
    REPORT_PINNERS,
    COMPACTION_BEGIN,
    MEMORY_FAILURE,
    MM_PAGE_ALLOC,
    SCHED_SWITCH,
    CMA_ALLOC_INFO,
  ],
];
