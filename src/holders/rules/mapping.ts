/** Kinds of page tables and of what walks them: faults, fork, swap, KSM, huge pages, userfaultfd. */
import type { KindRule } from '../kindRule';

// Functions that take a reference and drop it themselves: one list serves both ends of their rule.
const KSM_SCAN_FUNCTIONS = [
  'ksm_next_page_pmd_entry',
  'get_ksm_page',
  'ksm_get_folio',
  'ksm_scan_thread',
  'ksm_do_scan',
  'scan_get_next_rmap_item',
  'get_mergeable_page',
  'cmp_and_merge_page',
  'stable_tree_search',
  'stable_tree_insert',
  'stable_node_dup',
  'unstable_tree_search_insert',
  'remove_rmap_item_from_tree',
  'remove_stable_node',
  'break_ksm',
];
const KHUGEPAGED_FUNCTIONS = [
  'collapse_file',
  'collapse_huge_page',
  '__collapse_huge_page_isolate',
  'collapse_pte_mapped_thp',
  'khugepaged_scan_file',
  'khugepaged_scan_pmd',
  'hpage_collapse_scan_file',
  'hpage_collapse_scan_pmd',
  // 7.3
  'collapse_scan_file',
  'collapse_scan_pmd',
  'try_collapse_pte_mapped_thp',
];
const HUGE_PAGE_SPLIT_FUNCTIONS = [
  'deferred_split_scan',
  'deferred_split_isolate',
  'split_huge_pages_all',
  'split_huge_pages_pid',
  'split_huge_pages_in_file',
];
const HUGE_PAGE_SPLIT_STEPS = [
  'split_huge_page_to_list',
  'split_huge_page_to_list_to_order',
  '__split_huge_page',
  '__folio_split',
  '__folio_freeze_and_split_unmapped',
];
const SCANS_BY_PFN_FUNCTIONS = [
  'page_idle_get_page',
  'page_idle_get_folio',
  'page_idle_bitmap_read',
  'page_idle_bitmap_write',
  'damon_get_page',
  'damon_get_folio',
  // They hold a huge page of hugetlb while its young bit is looked at.
  'damon_hugetlb_mkold',
  'damon_young_hugetlb_entry',
];
const MIGRATION_WAIT_FUNCTIONS = [
  '__migration_entry_wait',
  'migration_entry_wait',
  'migration_entry_wait_huge',
  'pmd_migration_entry_wait',
];
const SWAPOFF_FUNCTIONS = ['try_to_unuse', 'unuse_pte_range', 'unuse_mm', 'unuse_vma', 'shmem_unuse'];

export const MAPPING_RULES: readonly KindRule[] = [
  {
    kind: 'page-table',
    acquire: {
      strong: [
        'remove_migration_pte',
        'remove_migration_pmd',
        'copy_page_range',
        'copy_pte_range',
        'copy_one_pte',
        'copy_present_pte',
        'copy_present_ptes',
        'copy_present_page',
        'copy_nonpresent_pte',
        'copy_huge_pmd',
        'copy_hugetlb_page_range',
        'filemap_map_pages',
        'filemap_map_folio_range',
        'filemap_map_order0_folio',
        'next_uptodate_page',
        'next_uptodate_folio',
        'filemap_fault',
        'shmem_fault',
        'vdso_fault',
        'special_mapping_fault',
        'do_wp_page',
        'wp_page_copy',
        'alloc_set_pte',
        'do_set_pte',
        'do_set_pmd',
        'set_pte_range',
        'finish_fault',
        'do_anonymous_page',
        'do_swap_page',
        'do_huge_pmd_anonymous_page',
        '__do_huge_pmd_anonymous_page',
        '__split_huge_pmd_locked',
        'insert_page',
        'insert_pages',
        'insert_page_into_pte_locked',
        'vm_insert_page',
        'vm_insert_pages',
        'replace_page',
        '__replace_page',
        'try_to_merge_one_page',
        'unuse_pte',
        'migrate_vma_insert_page',
        'hugetlb_fault',
        'hugetlb_no_page',
        'hugetlb_wp',
        'hugetlb_cow',
        'insert_pmd',
        'insert_pud',
        'set_huge_pmd',
        'map_anon_folio_pte_nopf',
      ],
      weak: ['__handle_mm_fault'],
    },
    release: {
      strong: [
        'try_to_migrate_one',
        'try_to_unmap_one',
        'tlb_batch_pages_flush',
        '__tlb_batch_free_encoded_pages',
        'tlb_finish_mmu',
        'tlb_flush_mmu',
        'tlb_flush_mmu_free',
        'zap_pte_range',
        'zap_present_ptes',
        'zap_present_folio_ptes',
        'unmap_page_range',
        'zap_huge_pmd',
        '__unmap_hugepage_range',
        '__split_huge_pmd_locked',
        '__split_huge_pmd',
        'wp_page_copy',
        'next_uptodate_page',
        'next_uptodate_folio',
        'filemap_map_pages',
        'replace_page',
        '__replace_page',
        '__zap_vma_range',
      ],
      direct: ['migrate_vma_collect_pmd'],
      weak: [
        'filemap_fault',
        'shmem_fault',
        'do_wp_page',
        'do_fault',
        '__do_fault',
        '__handle_mm_fault',
        'do_swap_page',
        'hugetlb_fault',
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
    restsOn:
      'mm/memory.c, mm/filemap.c, mm/rmap.c, mm/mmu_gather.c, mm/huge_memory.c, mm/hugetlb.c, mm/migrate.c: one ' +
      'reference per page table entry, taken by faults, fork and the end of a migration, dropped by zap and unmap; ' +
      'do_anonymous_page and others are inlined into __handle_mm_fault in most builds',
    seenIn: 'recordings',
  },
  {
    kind: 'page-table',
    label: 'userfaultfd copy or move',
    acquire: {
      strong: [
        'mfill_atomic_install_pte',
        'mfill_atomic_pte_continue',
        'mfill_atomic_pte_copy',
        'mcopy_atomic_pte',
        'mcontinue_atomic_pte',
        'shmem_mfill_atomic_pte',
        'shmem_mcopy_atomic_pte',
      ],
    },
    release: {
      strong: [
        'mfill_atomic_pte_continue',
        'mfill_atomic_pte_copy',
        'mcopy_atomic_pte',
        'mcontinue_atomic_pte',
        '__mfill_atomic_pte',
      ],
      direct: ['mfill_atomic', '__mcopy_atomic', 'mfill_atomic_hugetlb', '__mcopy_atomic_hugetlb'],
    },
    closes: ['page-table', 'allocation', 'page-cache-lookup'],
    takenIn: ['mcopy_atomic_pte', 'mfill_atomic_pte_copy'],
    restsOn:
      'mm/userfaultfd.c: UFFDIO_COPY and UFFDIO_CONTINUE map a page, and put it again when they cannot',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'userfaultfd move',
    acquire: { strong: ['move_pages_pte', 'move_pages_ptes', 'move_pages_huge_pmd'] },
    release: { strong: ['move_pages_pte', 'move_pages_ptes', 'move_pages_huge_pmd', 'move_present_ptes'] },
    closes: ['page-cache-lookup'],
    takenIn: ['move_pages_pte'],
    restsOn: 'mm/userfaultfd.c since 6.8: UFFDIO_MOVE holds the source folio while it locks it',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'fault that waits for a migration',
    acquire: { strong: MIGRATION_WAIT_FUNCTIONS },
    release: {
      strong: [...MIGRATION_WAIT_FUNCTIONS, 'put_and_wait_on_page_locked', 'folio_put_wait_locked'],
    },
    closes: ['page-cache-lookup', 'isolation'],
    takenIn: ['__migration_entry_wait', 'pmd_migration_entry_wait'],
    restsOn:
      'mm/migrate.c of 5.15: __migration_entry_wait gets the page that a fault finds under migration and puts it ' +
      'once it is queued for its lock, so that faults of many CPUs make the freeze fail; migration_entry_wait_on_locked ' +
      'of later kernels (there in 5.19) takes none. mm/filemap.c folio_put_wait_locked is the put of other waiters',
    seenIn: 'source',
  },
  {
    kind: 'swap-cache',
    acquire: {
      strong: [
        'add_to_swap_cache',
        '__swap_cache_add_folio',
        'swap_cache_add_folio',
        '__swap_cache_do_add_folio',
      ],
    },
    release: {
      strong: [
        'delete_from_swap_cache',
        '__delete_from_swap_cache',
        '__swap_cache_del_folio',
        'swap_cache_del_folio',
        'free_swap_cache',
        'folio_free_swap',
        'try_to_free_swap',
      ],
    },
    closes: ['swap-cache', 'page-cache'],
    takenIn: ['add_to_swap_cache'],
    restsOn:
      'mm/swap_state.c add_to_swap_cache, delete_from_swap_cache (swap_cache_add_folio, swap_cache_del_folio in 6.18)',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'swap cache lookup',
    acquire: {
      weak: [
        'lookup_swap_cache',
        'swap_cache_get_folio',
        '__read_swap_cache_async',
        'read_swap_cache_async',
        '__try_to_reclaim_swap',
        'swap_cache_alloc_folio',
        'swap_cache_read_folio',
      ],
    },
    release: {
      strong: [
        'swap_cluster_readahead',
        'swap_vma_readahead',
        'swapin_walk_pmd_entry',
        'force_shm_swapin_readahead',
        'shmem_swapin_range',
      ],
      weak: [
        '__try_to_reclaim_swap',
        '__read_swap_cache_async',
        'free_swap_and_cache',
        'mincore_swap',
        'zswap_writeback_entry',
      ],
    },
    closes: ['page-cache-lookup', 'allocation'],
    takenIn: ['read_swap_cache_async', 'lookup_swap_cache'],
    restsOn: 'mm/swap_state.c: a lookup gets the page; read-ahead puts what it only started; mm/swapfile.c',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'swapoff',
    acquire: { strong: SWAPOFF_FUNCTIONS },
    release: {
      strong: [...SWAPOFF_FUNCTIONS, 'shmem_unuse_inode'],
      direct: ['unuse_pte'],
    },
    closes: ['page-cache-lookup', 'allocation'],
    takenIn: ['unuse_pte_range', 'try_to_unuse'],
    restsOn: 'mm/swapfile.c try_to_unuse and unuse_pte_range, mm/shmem.c shmem_unuse: look up, map, put',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'KSM scan',
    acquire: {
      strong: KSM_SCAN_FUNCTIONS,
    },
    release: {
      strong: KSM_SCAN_FUNCTIONS,
    },
    closes: ['page-cache-lookup', 'gup-get'],
    takenIn: ['get_ksm_page', 'ksm_get_folio', 'scan_get_next_rmap_item'],
    restsOn:
      'mm/ksm.c: get_ksm_page (ksm_get_folio since 6.10) and follow_page of ksmd, put by the same functions',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'khugepaged',
    acquire: {
      strong: KHUGEPAGED_FUNCTIONS,
    },
    release: {
      strong: [
        ...KHUGEPAGED_FUNCTIONS,
        '__collapse_huge_page_copy',
        '__collapse_huge_page_copy_succeeded',
        'release_pte_page',
        'release_pte_pages',
        'release_pte_folio',
      ],
    },
    closes: ['page-cache-lookup', 'isolation', 'page-table', 'page-cache', 'allocation'],
    takenIn: ['collapse_file', '__collapse_huge_page_isolate'],
    restsOn:
      'mm/khugepaged.c: collapse_file looks up and isolates, __collapse_huge_page_isolate isolates; both put what they ' +
      'copied (release_pte_folio since 6.8) or give up',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'huge page split',
    acquire: {
      strong: HUGE_PAGE_SPLIT_FUNCTIONS,
      weak: HUGE_PAGE_SPLIT_STEPS,
    },
    release: {
      strong: HUGE_PAGE_SPLIT_FUNCTIONS,
      weak: HUGE_PAGE_SPLIT_STEPS,
    },
    closes: ['page-cache-lookup', 'allocation', 'isolation'],
    takenIn: ['deferred_split_scan'],
    restsOn:
      'mm/huge_memory.c: deferred_split_scan holds the folios that it splits; __split_huge_page puts the tails that ' +
      'nobody maps (__folio_split since 6.15)',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'scan by PFN (page_idle, DAMON)',
    acquire: {
      strong: SCANS_BY_PFN_FUNCTIONS,
    },
    release: {
      strong: [
        ...SCANS_BY_PFN_FUNCTIONS,
        'damon_ptep_mkold',
        'damon_pmdp_mkold',
        'damon_pa_mkold',
        'damon_pa_young',
        'damon_pa_pageout',
        'damon_young_pmd_entry',
        'damon_pa_apply_scheme',
        'damon_pa_mark_accessed_or_deactivate',
        'damon_pa_de_activate',
        'damon_pa_migrate',
        'damon_pa_stat',
        'damon_pa_invalid_damos_folio',
        'damon_pa_apply_probes',
      ],
    },
    closes: ['page-cache-lookup', 'isolation'],
    takenIn: ['page_idle_get_page', 'page_idle_get_folio', 'damon_get_page', 'damon_get_folio'],
    restsOn:
      'mm/page_idle.c, mm/damon/ops-common.c, mm/damon/paddr.c: get by PFN, put after a look; fs/proc/page.c ' +
      '(/proc/kpagecount, /proc/kpageflags) takes no reference',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'madvise',
    acquire: {
      strong: ['madvise_cold_or_pageout_pte_range', 'madvise_free_pte_range', 'madvise_free_huge_pmd'],
    },
    release: {
      strong: ['madvise_cold_or_pageout_pte_range', 'madvise_free_pte_range', 'madvise_free_huge_pmd'],
    },
    closes: ['page-cache-lookup', 'isolation'],
    takenIn: ['madvise_cold_or_pageout_pte_range', 'madvise_free_pte_range'],
    restsOn: 'mm/madvise.c: both hold a huge page that they split, MADV_PAGEOUT puts what cannot be isolated',
    seenIn: 'source',
  },
  {
    kind: 'page-cache-lookup',
    label: 'memory cgroup charge move',
    acquire: {
      strong: ['get_mctgt_type', 'mem_cgroup_move_charge_pte_range', 'mem_cgroup_count_precharge_pte_range'],
    },
    release: {
      strong: ['get_mctgt_type', 'mem_cgroup_move_charge_pte_range', 'mem_cgroup_count_precharge_pte_range'],
    },
    closes: ['page-cache-lookup', 'isolation'],
    takenIn: ['get_mctgt_type', 'mem_cgroup_move_charge_pte_range'],
    restsOn:
      'mm/memcontrol.c up to 6.11: get_mctgt_type gets the page, mem_cgroup_move_charge_pte_range puts it',
    seenIn: 'source',
  },
];
