/**
 * What a reference is for, as data: which kernel functions take and drop references of a kind.
 *
 * Checked against linux-6.1 and the recordings in test/fixtures; alternatives name the same step in other
 * kernels (5.10 to 6.12). Suffixes such as `.constprop.0` are stripped before matching.
 */
import type { Kind } from './model';

/**
 * How much a function in a stack says about the kind.
 * - `direct`: only when it is the innermost frame that is no plumbing.
 * - `strong`: wherever it stands; the innermost strong frame wins.
 * - `weak`: only when no strong frame is found; the innermost weak frame wins.
 * - `fallback`: only when nothing else is found (GUP serves vmsplice, direct I/O, io_uring, madvise, …).
 */
export type Strength = 'direct' | 'strong' | 'weak' | 'fallback';

type Sites = Readonly<Partial<Record<Strength, readonly string[]>>>;

export interface KindRule {
  readonly kind: Kind;
  readonly acquire: Sites;
  readonly release: Sites;
  /** Kinds that a release of this rule may close, best first; references change their nature (domain: "turns into"). */
  readonly closes: readonly Kind[];
  /** Where such a reference is taken, for put-only captures: likeliest first. */
  readonly takenIn: readonly string[];
}

export const KIND_LABEL: Readonly<Record<Kind, string>> = {
  'pipe-buffer': 'pipe buffer',
  'gup-pin': 'GUP pin (FOLL_PIN)',
  'gup-get': 'GUP get (FOLL_GET)',
  'lru-batch': 'LRU batch',
  'page-table': 'page table mapping',
  isolation: 'isolation',
  'page-cache': 'page cache',
  'page-cache-lookup': 'page cache lookup',
  'swap-cache': 'swap cache',
  'private-data': 'private data (buffer heads)',
  'buffer-head': 'buffer head user',
  'direct-io': 'direct I/O',
  'io-uring': 'io_uring buffer',
  socket: 'socket buffer',
  writeback: 'writeback',
  read: 'read in flight',
  driver: 'driver or module',
  allocation: 'allocation',
  unknown: 'unknown',
};

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
export const PASSING_KINDS: ReadonlySet<Kind> = new Set<Kind>([
  'lru-batch',
  'page-cache-lookup',
  'writeback',
  'read',
]);

/** Whether references of a kind keep a page for longer than a call of the kernel, and are nobody's ownership of it. */
export function isLongKind(kind: Kind): boolean {
  return !ACCOUNTED_KINDS.has(kind) && !PASSING_KINDS.has(kind);
}

/** Reference counting itself and the tracer's own frames: kept in the stack, never the holder. */
const PLUMBING = new Set([
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
  'put_pages_list',
  '__pagevec_release',
  '__folio_batch_release',
  'pagevec_release',
  '__free_pages',
  'folio_get',
  'get_page',
  'folio_try_get',
  'folio_try_get_rcu',
  'folio_ref_try_add_rcu',
  'try_get_page',
  'try_get_folio',
  'try_get_compound_head',
  'get_page_unless_zero',
  'folio_ref_add',
  'page_ref_add',
]);

const PLUMBING_PREFIXES = [
  'trace_event_raw_event_',
  'trace_event_buffer_',
  '__traceiter_',
  'perf_trace_',
  '__page_ref_',
  '__folio_ref_',
  'page_ref_',
  '__page_pin_owner_',
  '__page_pinner_',
  '__trace_',
];

/** `name` without compiler suffixes. */
export function isPlumbing(name: string): boolean {
  if (PLUMBING.has(name)) return true;
  return PLUMBING_PREFIXES.some((prefix) => name.startsWith(prefix));
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
  'el1_irq',
  'el0_irq',
  'gic_handle_irq',
  '__irq_svc',
  '__irq_usr',
]);

/** The memory-failure code takes a reference of its own first, and the kernel takes it off the count again. */
export const MEMORY_FAILURE_FUNCTIONS: ReadonlySet<string> = new Set([
  'do_madvise',
  'madvise_inject_error',
  'get_hwpoison_page',
  '__get_hwpoison_page',
  'get_any_page',
  'page_handle_poison',
  'soft_offline_page',
  'memory_failure',
  'memory_failure_hugetlb',
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
  '__alloc_pages_bulk',
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
  'filemap_alloc_folio',
  'filemap_alloc_folio_noprof',
  'vma_alloc_folio',
  'vma_alloc_folio_noprof',
  '__get_free_pages',
  'get_zeroed_page',
  'split_page',
  'split_map_pages',
]);

/** enum migrate_reason's names (include/trace/events/migrate.h) by the functions that start such a migration. */
export const REASON_BY_FUNCTION: ReadonlyMap<string, string> = new Map([
  ['alloc_contig_range', 'contig_range'],
  ['alloc_contig_range_noprof', 'contig_range'],
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

export const KIND_RULES: readonly KindRule[] = [
  {
    kind: 'lru-batch',
    acquire: {
      direct: [
        'folio_add_lru',
        'folio_add_lru_vma',
        'lru_cache_add',
        'lru_cache_add_inactive_or_unevictable',
        'folio_activate',
        'folio_mark_accessed',
        'mark_page_accessed',
        'activate_page',
        'folio_rotate_reclaimable',
        'rotate_reclaimable_page',
        'folio_deactivate',
        'deactivate_page',
        'deactivate_file_page',
        'deactivate_file_folio',
        'folio_mark_lazyfree',
        'mark_page_lazyfree',
        'mlock_folio',
        'mlock_new_folio',
        'munlock_folio',
        'mlock_page',
        'mlock_new_page',
        'munlock_page',
        'folio_batch_add_and_move',
        '__folio_batch_add_and_move',
        'pagevec_add_and_need_flush',
      ],
    },
    release: {
      strong: [
        'folio_batch_move_lru',
        'pagevec_lru_move_fn',
        '__pagevec_lru_add',
        'lru_add_drain_cpu',
        'lru_add_drain_per_cpu',
        'mlock_folio_batch',
        'mlock_pagevec',
        'mlock_page_drain_local',
        'mlock_drain_local',
      ],
    },
    closes: ['lru-batch'],
    takenIn: ['folio_add_lru', 'folio_activate', 'folio_mark_accessed', 'folio_rotate_reclaimable'],
  },
  {
    kind: 'isolation',
    acquire: {
      strong: [
        'isolate_migratepages_block',
        'folio_isolate_lru',
        'isolate_lru_page',
        'isolate_lru_folios',
        'isolate_lru_pages',
        'isolate_movable_page',
        'add_page_for_migration',
        'migrate_page_add',
        'do_migrate_range',
        'madvise_inject_error',
        'get_hwpoison_page',
        '__get_hwpoison_page',
        'get_any_page',
        'page_handle_poison',
        'soft_offline_page',
        'memory_failure',
        'memory_failure_hugetlb',
      ],
      // do_migrate_range and madvise_inject_error are inlined into these in 6.1.
      direct: ['offline_pages', 'do_madvise'],
      // The lookup of MADV_HWPOISON and MADV_SOFT_OFFLINE hands its reference to the memory-failure code.
      weak: ['do_madvise'],
    },
    release: {
      direct: [
        'isolate_migratepages_block',
        'folio_putback_lru',
        'putback_lru_page',
        'putback_movable_pages',
        'putback_movable_page',
        'migrate_folio_done',
        'migrate_folio_undo_src',
        'unmap_and_move',
        'delete_from_lru_cache',
        'offline_pages',
        'do_migrate_range',
        'soft_offline_page',
        'get_hwpoison_page',
        '__get_hwpoison_page',
        'get_any_page',
        'page_handle_poison',
        'memory_failure',
        'shrink_folio_list',
        'shrink_page_list',
        'move_folios_to_lru',
        'move_pages_to_lru',
        'do_madvise',
      ],
    },
    closes: ['isolation', 'allocation'],
    takenIn: ['isolate_migratepages_block', 'folio_isolate_lru', 'isolate_lru_page'],
  },
  {
    kind: 'page-table',
    acquire: {
      strong: [
        'remove_migration_pte',
        'remove_migration_pmd',
        'copy_page_range',
        'copy_present_pte',
        'copy_present_ptes',
        'copy_present_page',
        'copy_huge_pmd',
        'filemap_map_pages',
        'next_uptodate_page',
        'next_uptodate_folio',
        'filemap_fault',
        'shmem_fault',
        'vdso_fault',
        'special_mapping_fault',
        'do_wp_page',
        'wp_page_copy',
        'do_set_pte',
        'set_pte_range',
        'finish_fault',
        'do_anonymous_page',
        'do_swap_page',
        'do_huge_pmd_anonymous_page',
        'insert_page',
        'insert_page_into_pte_locked',
        'vm_insert_page',
        'vm_insert_pages',
        'replace_page',
        'try_to_merge_one_page',
        'hugetlb_fault',
      ],
    },
    release: {
      strong: [
        'try_to_migrate_one',
        'try_to_unmap_one',
        'tlb_batch_pages_flush',
        '__tlb_batch_free_encoded_pages',
        'tlb_finish_mmu',
        'tlb_flush_mmu',
        'zap_pte_range',
        'unmap_page_range',
        'zap_huge_pmd',
        '__split_huge_pmd_locked',
        '__split_huge_pmd',
        'wp_page_copy',
        'next_uptodate_page',
        'next_uptodate_folio',
        'filemap_map_pages',
        'move_present_pte',
        'replace_page',
      ],
      weak: [
        'filemap_fault',
        'shmem_fault',
        'do_wp_page',
        'do_fault',
        '__do_fault',
        '__handle_mm_fault',
        'do_swap_page',
      ],
    },
    closes: ['page-table', 'allocation', 'page-cache-lookup'],
    takenIn: [
      'do_anonymous_page',
      'finish_fault',
      'filemap_map_pages',
      'copy_page_range',
      'remove_migration_pte',
    ],
  },
  {
    kind: 'page-cache',
    acquire: {
      strong: [
        '__filemap_add_folio',
        'filemap_add_folio',
        '__add_to_page_cache_locked',
        'add_to_page_cache_lru',
        'shmem_add_to_page_cache',
        'folio_migrate_mapping',
        '__folio_migrate_mapping',
        'migrate_page_move_mapping',
        'replace_page_cache_folio',
        'replace_page_cache_page',
      ],
    },
    release: {
      strong: [
        'filemap_free_folio',
        'page_cache_free_page',
        'filemap_remove_folio',
        'delete_from_page_cache',
        'delete_from_page_cache_batch',
        '__delete_from_page_cache',
        'truncate_inode_folio',
        'truncate_inode_page',
        'invalidate_complete_page2',
        'invalidate_complete_folio2',
        '__remove_mapping',
        'remove_mapping',
      ],
    },
    closes: ['page-cache', 'allocation'],
    takenIn: ['filemap_add_folio', 'shmem_add_to_page_cache'],
  },
  {
    kind: 'swap-cache',
    acquire: { strong: ['add_to_swap_cache'] },
    release: {
      strong: [
        'delete_from_swap_cache',
        '__delete_from_swap_cache',
        'free_swap_cache',
        'folio_free_swap',
        'try_to_free_swap',
      ],
    },
    closes: ['swap-cache'],
    takenIn: ['add_to_swap_cache'],
  },
  {
    kind: 'private-data',
    acquire: {
      direct: [
        'create_empty_buffers',
        'folio_create_empty_buffers',
        'folio_attach_private',
        'attach_page_private',
        'link_dev_buffers',
        'grow_dev_page',
        'grow_dev_folio',
        '__getblk_slow',
        '__getblk_gfp',
        'bdev_getblk',
        '__buffer_migrate_folio',
        'iomap_page_create',
        'ifs_alloc',
        'set_page_private',
      ],
    },
    release: {
      strong: [
        'drop_buffers',
        'try_to_free_buffers',
        'folio_detach_private',
        'detach_page_private',
        'iomap_page_release',
        'ifs_free',
        'block_invalidate_folio',
      ],
      direct: ['__buffer_migrate_folio', '__buffer_migrate_page'],
    },
    closes: ['private-data'],
    takenIn: ['create_empty_buffers', 'folio_attach_private', 'grow_dev_page'],
  },
  {
    kind: 'pipe-buffer',
    acquire: {
      strong: [
        '__do_sys_vmsplice',
        'vmsplice_to_pipe',
        'iter_to_pipe',
        'add_to_pipe',
        'splice_to_pipe',
        'splice_folio_into_pipe',
        'generic_pipe_buf_get',
        'page_cache_pipe_buf_get',
        'do_tee',
        'link_pipe',
        'copy_page_to_iter_pipe',
        'pipe_get_pages',
        '__pipe_get_pages',
      ],
      // With an ITER_PIPE iterator the copy takes the page itself (lib/iov_iter.c, up to 6.4).
      direct: ['copy_page_to_iter', 'copy_folio_to_iter'],
    },
    release: {
      strong: [
        'page_cache_pipe_buf_release',
        'generic_pipe_buf_release',
        'anon_pipe_buf_release',
        'pipe_buf_release',
        'user_page_pipe_buf_release',
        'pipe_read',
        'anon_pipe_read',
        'free_pipe_info',
        'put_pipe_info',
        'pipe_release',
        'splice_from_pipe_feed',
        '__splice_from_pipe',
        'pipe_to_sendpage',
        'splice_to_socket',
        'splice_direct_to_actor',
      ],
    },
    closes: ['pipe-buffer', 'gup-get', 'gup-pin', 'page-cache-lookup', 'allocation'],
    takenIn: ['vmsplice_to_pipe', 'generic_file_splice_read', 'filemap_splice_read', 'generic_pipe_buf_get'],
  },
  {
    kind: 'io-uring',
    acquire: {
      strong: [
        'io_pin_pages',
        'io_sqe_buffer_register',
        'io_sqe_buffers_register',
        'io_buffer_register_bvec',
        'io_import_fixed',
      ],
    },
    release: {
      strong: [
        'io_buffer_unmap',
        'io_release_ubuf',
        '__io_sqe_buffers_unregister',
        'io_sqe_buffers_unregister',
        'io_rsrc_buf_put',
        'io_rsrc_put_work',
        'io_rsrc_node_destroy',
        'io_free_rsrc_node',
        'io_sqe_buffer_register',
        'io_pin_pages',
      ],
    },
    closes: ['io-uring', 'gup-pin'],
    takenIn: ['io_sqe_buffer_register', 'io_pin_pages'],
  },
  {
    kind: 'direct-io',
    acquire: {
      strong: [
        'bio_iov_iter_get_pages',
        '__bio_iov_iter_get_pages',
        'bio_map_user_iov',
        'blk_rq_map_user_iov',
        'iomap_dio_bio_iter',
        '__iomap_dio_rw',
        'dio_refill_pages',
        'do_direct_IO',
        '__blockdev_direct_IO',
        'nfs_direct_read_schedule_iovec',
        'nfs_direct_write_schedule_iovec',
        'fuse_get_user_pages',
        'ceph_direct_read_write',
        'netfs_extract_user_iter',
      ],
    },
    release: {
      strong: [
        '__bio_release_pages',
        'bio_release_pages',
        'bio_check_pages_dirty',
        'bio_dirty_fn',
        'bio_unmap_user',
        'blk_rq_unmap_user',
        'dio_bio_complete',
        'dio_cleanup',
        'dio_zero_block',
        'iomap_dio_bio_end_io',
        'nfs_direct_release_pages',
      ],
    },
    closes: ['direct-io', 'gup-get', 'gup-pin'],
    takenIn: ['bio_iov_iter_get_pages', 'dio_refill_pages'],
  },
  {
    kind: 'socket',
    acquire: {
      strong: [
        'do_tcp_sendpages',
        'tcp_sendpage',
        'tcp_sendpage_locked',
        'udp_sendpage',
        'inet_sendpage',
        'kernel_sendpage',
        'sock_sendpage',
        'unix_stream_sendpage',
        'skb_append_pagefrags',
        'skb_splice_from_iter',
        'skb_zerocopy',
        'skb_zerocopy_iter_stream',
        'skb_zerocopy_iter_dgram',
        '__zerocopy_sg_from_iter',
        'skb_fill_page_desc',
        '__skb_fill_page_desc',
        'skb_try_coalesce',
        'skb_shift',
        'skb_split',
        'skb_segment',
        'pskb_expand_head',
        'skb_orphan_frags',
        'skb_copy_ubufs',
        'packet_sendmsg',
        'sk_msg_zerocopy_from_iter',
        'tls_sw_do_sendpage',
      ],
    },
    release: {
      strong: [
        'skb_release_data',
        'skb_frag_unref',
        '__skb_frag_unref',
        'napi_frag_unref',
        '__kfree_skb',
        'kfree_skb_reason',
        'kfree_skb_partial',
        'consume_skb',
        'tcp_clean_rtx_queue',
        'tcp_write_queue_purge',
        'sk_msg_free',
        'page_pool_put_page',
        'page_pool_return_page',
        'page_pool_put_unrefed_page',
      ],
    },
    closes: ['socket', 'gup-get', 'allocation'],
    takenIn: ['do_tcp_sendpages', 'skb_splice_from_iter', '__zerocopy_sg_from_iter'],
  },
  {
    kind: 'writeback',
    acquire: {
      direct: ['folio_end_writeback', 'end_page_writeback'],
      strong: [
        'write_cache_pages',
        'writeback_iter',
        'mpage_prepare_extent_to_map',
        'mpage_release_unused_pages',
        'ext4_writepages',
        '__filemap_fdatawait_range',
        'iomap_writepages',
        'btrfs_writepages',
        'extent_write_cache_pages',
        'f2fs_write_cache_pages',
      ],
    },
    release: {
      direct: ['folio_end_writeback', 'end_page_writeback'],
      strong: [
        'write_cache_pages',
        'writeback_iter',
        'mpage_prepare_extent_to_map',
        'mpage_release_unused_pages',
        'ext4_writepages',
        '__filemap_fdatawait_range',
        'iomap_writepages',
        'extent_write_cache_pages',
        'f2fs_write_cache_pages',
      ],
    },
    closes: ['writeback', 'page-cache-lookup'],
    takenIn: ['write_cache_pages', 'folio_end_writeback', '__filemap_fdatawait_range'],
  },
  {
    kind: 'read',
    acquire: {},
    release: {
      strong: [
        'read_pages',
        'page_cache_ra_unbounded',
        'page_cache_ra_order',
        'mpage_readahead',
        'ext4_mpage_readpages',
        'iomap_readahead',
        'mpage_end_io',
        'mpage_read_end_io',
      ],
    },
    closes: ['read', 'allocation', 'page-cache-lookup'],
    takenIn: ['page_cache_ra_unbounded'],
  },
  {
    kind: 'page-cache-lookup',
    acquire: {
      weak: [
        '__filemap_get_folio',
        'filemap_get_folio',
        'filemap_get_entry',
        'find_get_entry',
        'find_get_entries',
        'find_lock_entries',
        'find_lock_entry',
        'pagecache_get_page',
        'find_get_page',
        'find_get_pages_range',
        'find_get_pages_contig',
        'find_get_pages_range_tag',
        'find_get_incore_page',
        'filemap_get_folios',
        'filemap_get_folios_contig',
        'filemap_get_folios_tag',
        'filemap_get_read_batch',
        'filemap_get_pages',
        'mapping_get_entry',
        'shmem_get_folio_gfp',
        'shmem_getpage_gfp',
        'grab_cache_page_write_begin',
        '__find_get_block',
      ],
    },
    release: {
      direct: [
        '__getblk_slow',
        'grow_dev_page',
        'grow_dev_folio',
        '__find_get_block',
        '__find_get_block_slow',
      ],
      weak: [
        'filemap_read',
        'shmem_write_end',
        'generic_write_end',
        'block_write_end',
        'simple_write_end',
        'iomap_write_end',
        'ext4_da_write_end',
        'shmem_undo_range',
        'truncate_inode_pages_range',
        'invalidate_mapping_pagevec',
        'invalidate_mapping_pages',
        'mapping_try_invalidate',
        'invalidate_inode_pages2_range',
        'shmem_file_read_iter',
        'put_and_unmap_page',
        'generic_perform_write',
      ],
    },
    closes: ['page-cache-lookup', 'allocation', 'read'],
    takenIn: [
      '__filemap_get_folio',
      'find_get_pages_range_tag',
      'filemap_get_read_batch',
      'find_lock_entries',
    ],
  },
  {
    kind: 'gup-get',
    acquire: {
      fallback: [
        'internal_get_user_pages_fast',
        'gup_fast_fallback',
        'lockless_pages_from_mm',
        'gup_pgd_range',
        'gup_pte_range',
        'gup_fast_pte_range',
        '__get_user_pages',
        '__get_user_pages_locked',
        '__get_user_pages_remote',
        '__gup_longterm_locked',
        'get_user_pages',
        'get_user_pages_fast',
        'get_user_pages_unlocked',
        'get_user_pages_remote',
        'follow_page_pte',
        'follow_page',
        'follow_trans_huge_pmd',
        'iov_iter_get_pages2',
        'iov_iter_get_pages_alloc2',
        '__iov_iter_get_pages_alloc',
        'iov_iter_extract_pages',
        'get_futex_key',
      ],
    },
    release: {},
    closes: ['gup-get'],
    takenIn: ['get_user_pages'],
  },
  {
    kind: 'gup-pin',
    acquire: {
      fallback: ['pin_user_pages', 'pin_user_pages_fast', 'pin_user_pages_remote', 'pin_user_pages_unlocked'],
    },
    release: {
      fallback: [
        'gup_put_folio',
        'unpin_user_page',
        'unpin_user_pages',
        'unpin_user_pages_dirty_lock',
        'unpin_user_page_range_dirty_lock',
        'unpin_user_folio',
      ],
    },
    closes: ['gup-pin', 'io-uring', 'direct-io', 'gup-get'],
    takenIn: ['pin_user_pages', 'pin_user_pages_fast', 'pin_user_pages_remote'],
  },
];
