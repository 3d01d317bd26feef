/**
 * What a reference is for, as data: which kernel functions take and drop references of a kind.
 *
 * Checked against the source of 6.1 and real recordings; alternatives name the same step in other kernels. Which of
 * 5.10, 6.1, 6.12 and 7.3 have a function is in test/unit/holders/kernelFunctions.txt. What counts is the function
 * that stands in a stack, so that callers into which the real one is inlined are named too. Suffixes such as
 * `.constprop.0` are stripped before matching.
 */
import type { KindRule } from './kindRule';
import type { Kind } from './model';
import { LRU_RULES, PUTS_BACK_OFF_LRU } from './rules/lru';
import { MAPPING_RULES } from './rules/mapping';
import { OWNER_RULES } from './rules/owners';
import { PAGE_CACHE_RULES } from './rules/pageCache';
import { PIN_RULES } from './rules/pins';
import { TRANSFER_RULES } from './rules/transfer';

/**
 * References that migration itself accounts for (mm/migrate.c folio_expected_refs, and the isolation
 * reference of its caller), so that they never make a page unmovable.
 */
export const ACCOUNTED_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  'page-table',
  'page-cache',
  'swap-cache',
  'private-data',
  'isolation',
  'allocation',
]);

/** Kinds whose references last no longer than a call of the kernel, or until a CPU's batch is full. */
const PASSING_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  'lru-batch',
  'page-cache-lookup',
  'writeback',
  'read',
]);

/**
 * Whether references of a kind are dropped by functions that a rule names, and by no others: what migration accounts
 * for, and those of an LRU batch, which goes as a whole. folio_putback_lru() (mm/vmscan.c) takes one of a batch, and its
 * own put drops the reference of isolation.
 */
export function hasOwnPuts(kind: Kind): boolean {
  return ACCOUNTED_KINDS.has(kind) || kind === 'lru-batch';
}

/** Of {@link hasOwnPuts}: a page has one for each that maps it, and one for each batch that it is in. */
const SEVERAL_PER_PAGE: ReadonlySet<Kind> = new Set<Kind>(['page-table', 'lru-batch']);

/**
 * Whether a page has no more than one reference of a kind, so that a put leaves no choice: it is allocated once, is once in
 * the page cache or the swap cache (mm/filemap.c, mm/swap_state.c), has private data once, and is isolated by whoever takes
 * it off its LRU list (folio_test_clear_lru() in mm/vmscan.c).
 */
export function isOncePerPage(kind: Kind): boolean {
  return hasOwnPuts(kind) && !SEVERAL_PER_PAGE.has(kind);
}

/** Whether references of a kind keep a page for longer than a call of the kernel, and are nobody's ownership of it. */
export function isLongKind(kind: Kind): boolean {
  return !ACCOUNTED_KINDS.has(kind) && !PASSING_KINDS.has(kind);
}

/** Reference counting itself and the tracer's own frames: kept in the stack, never the holder. */
export const PLUMBING: ReadonlySet<string> = new Set([
  'folio_put',
  '__folio_put',
  'folio_put_refs',
  'folio_put_testzero',
  'put_page',
  '__put_page',
  'put_page_testzero',
  'put_devmap_managed_page_refs',
  'release_pages',
  'folios_put',
  'folios_put_refs',
  'free_pages_and_swap_cache',
  'free_page_and_swap_cache',
  'free_folio_and_swap_cache',
  'put_pages_list',
  '__pagevec_release',
  '__folio_batch_release',
  'pagevec_release',
  '__free_pages',
  '___free_pages',
  'folio_get',
  'get_page',
  'folio_try_get',
  'folio_try_get_rcu',
  'try_get_page',
  'try_get_folio',
  'try_get_compound_head',
  'get_page_unless_zero',
]);

/** What include/trace/ and include/linux/tracepoint.h generate for an event; `do_` and `__do_` since 6.13. */
const TRACING_PREFIXES = [
  'trace_event_raw_event_',
  'do_trace_event_raw_event_',
  'trace_event_buffer_',
  '__traceiter_',
  '__do_trace_',
  '__probestub_',
  'perf_trace_',
  'do_perf_trace_',
  '__bpf_trace_',
  '__trace_',
];

const COUNTING_PREFIXES = [
  '__page_ref_',
  '__folio_ref_',
  'page_ref_',
  'folio_ref_',
  '__page_pin_owner_',
  '__page_pinner_',
];

/** `name` without compiler suffixes. */
export function isPlumbing(name: string): boolean {
  if (PLUMBING.has(name) || isTracing(name)) return true;
  return COUNTING_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Whether only the tracer has such functions. @param name without compiler suffixes */
export function isTracing(name: string): boolean {
  return TRACING_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * Entry points of interrupts: frames from here outwards belong to the task that was interrupted and say
 * nothing about the reference (bio completions run in whatever task is there).
 */
export function isInterruptEntry(name: string): boolean {
  return INTERRUPT_ENTRIES.has(name) || name.startsWith('asm_sysvec_') || name.startsWith('sysvec_');
}

const INTERRUPT_ENTRIES = new Set([
  'asm_common_interrupt',
  'common_interrupt',
  '__common_interrupt',
  'irq_exit_rcu',
  '__irq_exit_rcu',
  'irq_exit',
  'do_softirq',
  'do_softirq_own_stack',
  '__do_softirq',
  'handle_softirqs',
  'call_on_irq_stack',
  'el1_interrupt',
  'el0_interrupt',
  'el1h_64_irq',
  'el1h_64_irq_handler',
  'el0t_64_irq',
  'el0t_64_irq_handler',
  '____do_softirq',
  'el1_irq',
  'el0_irq',
  'gic_handle_irq',
  'do_interrupt_handler',
  // x86 up to 5.11
  'asm_call_irq_on_stack',
  'asm_call_sysvec_on_stack',
  // riscv, powerpc, s390
  'generic_handle_arch_irq',
  'handle_riscv_irq',
  'do_irq',
  'do_IRQ',
  'do_io_irq',
  'do_ext_irq',
  '__irq_svc',
  '__irq_usr',
]);

/** The page allocator's own frames (mm/page_alloc.c, mm/mempolicy.c): who called it names the allocation. */
export const ALLOCATOR_FUNCTIONS: ReadonlySet<string> = new Set([
  'prep_new_page',
  'post_alloc_hook',
  'get_page_from_freelist',
  '__alloc_pages_slowpath',
  '__alloc_pages',
  '__alloc_pages_noprof',
  '__alloc_pages_nodemask',
  '__alloc_frozen_pages_noprof',
  'alloc_frozen_pages_noprof',
  'alloc_frozen_pages_nolock_noprof',
  '__alloc_pages_bulk',
  'alloc_pages_bulk_noprof',
  'alloc_pages_bulk_mempolicy_noprof',
  'alloc_pages_node_noprof',
  'alloc_pages_nolock_noprof',
  'alloc_pages_preferred_many',
  'alloc_page_interleave',
  'alloc_pages',
  'alloc_pages_noprof',
  'alloc_pages_current',
  'alloc_pages_mpol',
  'alloc_pages_mpol_noprof',
  'alloc_pages_vma',
  '__folio_alloc',
  '__folio_alloc_noprof',
  'folio_alloc',
  'folio_alloc_noprof',
  'folio_alloc_mpol_noprof',
  'filemap_alloc_folio',
  'filemap_alloc_folio_noprof',
  'vma_alloc_folio',
  'vma_alloc_folio_noprof',
  '__get_free_pages',
  'get_free_pages_noprof',
  'get_zeroed_page',
  'get_zeroed_page_noprof',
  'split_page',
  'split_map_pages',
]);

/** enum migrate_reason's names (include/trace/events/migrate.h) by the functions that start such a migration. */
export const REASON_BY_FUNCTION: ReadonlyMap<string, string> = new Map([
  ['alloc_contig_range', 'contig_range'],
  ['alloc_contig_range_noprof', 'contig_range'],
  // Since a range is allocated without references first (7.3).
  ['alloc_contig_frozen_range_noprof', 'contig_range'],
  ['cma_alloc_frozen', 'contig_range'],
  ['cma_alloc_frozen_compound', 'contig_range'],
  ['__alloc_contig_migrate_range', 'contig_range'],
  ['cma_alloc', 'contig_range'],
  ['compact_zone', 'compaction'],
  ['compact_zone_order', 'compaction'],
  ['offline_pages', 'memory_hotplug'],
  ['do_migrate_range', 'memory_hotplug'],
  ['soft_offline_page', 'memory_failure'],
  ['soft_offline_in_use_page', 'memory_failure'],
  ['__soft_offline_page', 'memory_failure'],
  ['memory_failure', 'memory_failure'],
  ['madvise_inject_error', 'memory_failure'],
  ['__gup_longterm_locked', 'longterm_pin'],
  ['check_and_migrate_movable_pages', 'longterm_pin'],
  ['migrate_longterm_unpinnable_pages', 'longterm_pin'],
  ['migrate_longterm_unpinnable_folios', 'longterm_pin'],
  ['do_move_pages_to_node', 'syscall_or_cpuset'],
  ['kernel_move_pages', 'syscall_or_cpuset'],
  ['do_migrate_pages', 'syscall_or_cpuset'],
  ['do_mbind', 'mempolicy_mbind'],
  ['migrate_misplaced_page', 'numa_misplaced'],
  ['migrate_misplaced_folio', 'numa_misplaced'],
  ['do_numa_page', 'numa_misplaced'],
  ['demote_page_list', 'demotion'],
  ['demote_folio_list', 'demotion'],
]);

/** Functions under which a page of a migration list is being tried (mm/migrate.c). */
export const MIGRATE_FUNCTIONS: ReadonlySet<string> = new Set([
  'migrate_pages',
  'migrate_pages_batch',
  'migrate_pages_sync',
  'unmap_and_move',
  'unmap_and_move_huge_page',
  'migrate_folio_unmap',
  'migrate_folio_move',
]);

/** Functions that put a page of a failed migration back on its LRU list, called directly (mm/vmscan.c). */
export const PUTBACK_FUNCTIONS: ReadonlySet<string> = new Set(['folio_putback_lru', 'putback_lru_page']);

/** The same for pages on no LRU list. */
export const PUTBACK_OFF_LRU_FUNCTIONS: ReadonlySet<string> = new Set(PUTS_BACK_OFF_LRU);

/** Functions that unmap a page for migration; the mapping returns by {@link REMAP_FUNCTIONS}. */
export const UNMAP_FUNCTIONS: ReadonlySet<string> = new Set([
  'try_to_migrate_one',
  'try_to_unmap_one',
  'try_to_unmap',
]);
/** They take the reference before they add the mapping, so that the event's mapcount is one short. */
export const REMAP_FUNCTIONS: ReadonlySet<string> = new Set(['remove_migration_pte', 'remove_migration_pmd']);

/** Isolation scanners that refuse a page by a get and a put of their own (mm/compaction.c). */
export const ISOLATION_SCANNERS: ReadonlySet<string> = new Set(['isolate_migratepages_block']);

/** All rules of the kernel's own functions. Where two name one function with one strength, the first counts. */
export const KIND_RULES: readonly KindRule[] = [
  ...LRU_RULES,
  ...MAPPING_RULES,
  ...PAGE_CACHE_RULES,
  ...TRANSFER_RULES,
  ...PIN_RULES,
  ...OWNER_RULES,
];

/** Frames of a module that no rule knows. */
export const MODULE_RULE: KindRule = {
  kind: 'driver',
  acquire: {},
  release: {},
  closes: ['driver', 'gup-pin', 'gup-get'],
  takenIn: [],
  restsOn: 'the module that the capture names after the function',
  seenIn: 'source',
};
