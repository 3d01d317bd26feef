/** Kinds of the LRU lists, of reclaim and of migration itself. */
import type { KindRule } from '../kindRule';

/**
 * Functions that put pages of a failed migration back that are on no LRU list: huge pages of hugetlb, and movable pages
 * of drivers, which the list's own loop puts. Migration calls those of hugetlb for pages that it has moved, too.
 */
export const PUTS_BACK_OFF_LRU = [
  'putback_movable_pages',
  'putback_movable_page',
  'putback_movable_ops_page',
  'putback_active_hugepage',
  'folio_putback_active_hugetlb',
  'folio_putback_hugetlb',
];

/**
 * The get of the memory-failure code, which the kernel takes off the count again. Apart from isolation: soft offline
 * isolates a page on which it has this reference already, and then drops this one of the two.
 */
export const MEMORY_FAILURE_RULE: KindRule = {
  kind: 'isolation',
  label: "memory failure's own",
  acquire: {
    strong: [
      'madvise_inject_error',
      'get_hwpoison_page',
      '__get_hwpoison_page',
      '__get_unpoison_page',
      'get_any_page',
      'page_handle_poison',
      'soft_offline_page',
      'unpoison_memory',
      'memory_failure',
      'memory_failure_hugetlb',
      '__get_huge_page_for_hwpoison',
      'get_huge_page_for_hwpoison',
      'get_hwpoison_huge_page',
      'get_hwpoison_hugetlb_folio',
      'me_huge_page',
    ],
    // madvise_inject_error is inlined into it in 6.1.
    direct: ['do_madvise'],
    // The lookup of MADV_HWPOISON and MADV_SOFT_OFFLINE hands its reference to the memory-failure code.
    weak: ['do_madvise'],
  },
  release: {
    direct: [
      'soft_offline_page',
      'soft_offline_in_use_page',
      'unpoison_memory',
      'get_hwpoison_page',
      '__get_hwpoison_page',
      'get_any_page',
      'memory_failure',
      'try_memory_failure_hugetlb',
      'memory_failure_hugetlb',
      'do_madvise',
      'put_ref_page',
      'me_huge_page',
      'try_to_split_thp_page',
    ],
  },
  closes: ['isolation', 'allocation'],
  takenIn: ['get_hwpoison_page', 'madvise_inject_error'],
  restsOn:
    'mm/memory-failure.c, mm/madvise.c: the get before a page is looked at; isolate_page drops it once the page is ' +
    'isolated, page_handle_poison takes the last one',
  seenIn: 'recordings',
};

/** What soft offline has last: of the two above, the one that it has not dropped. */
const POISON_HANDLING_RULE: KindRule = {
  kind: 'isolation',
  label: "isolation or memory failure's own",
  acquire: {},
  release: { direct: ['page_handle_poison'] },
  closes: ['isolation', 'allocation'],
  takenIn: ['folio_isolate_lru', 'isolate_lru_page', 'get_hwpoison_page', 'madvise_inject_error'],
  restsOn:
    'mm/memory-failure.c: page_handle_poison drops the reference of isolation when the page has moved (migrate_pages ' +
    'leaves it for MR_MEMORY_FAILURE), and the get before the page was looked at where a clean page was invalidated',
  seenIn: 'recordings',
};

/** Apart from isolation: it is dropped as soon as the page is isolated, and migration has the other one. */
const OFFLINING_RULE: KindRule = {
  kind: 'isolation',
  label: "memory offlining's own",
  acquire: {
    // do_migrate_range is inlined into offline_pages in 6.1.
    direct: ['do_migrate_range', 'offline_pages'],
  },
  release: { direct: ['do_migrate_range', 'offline_pages'] },
  closes: ['isolation'],
  takenIn: ['do_migrate_range'],
  restsOn:
    'mm/memory_hotplug.c: do_migrate_range gets a page, isolates it by isolate_lru_page or isolate_movable_page, which ' +
    'get it, too, and puts its own',
  seenIn: 'recordings',
};

export const LRU_RULES: readonly KindRule[] = [
  {
    kind: 'lru-batch',
    acquire: {
      direct: [
        'folio_add_lru',
        'folio_add_lru_vma',
        'lru_cache_add',
        '__lru_cache_add',
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
        '__folio_batch_add_and_move',
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
        'mlock_page_drain_remote',
        'mlock_drain_local',
        'mlock_drain_remote',
      ],
    },
    closes: ['lru-batch'],
    takenIn: ['folio_add_lru', 'folio_activate', 'folio_mark_accessed', 'folio_rotate_reclaimable'],
    restsOn:
      'mm/swap.c: folio_get before a folio goes into a per-CPU batch, folios_put when the batch moves to the LRU ' +
      'lists; mm/mlock.c: the same for mlock; pagevecs and pages up to 5.17',
    seenIn: 'recordings',
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
        'isolate_movable_ops_page',
        'isolate_hugetlb',
        'isolate_huge_page',
        'folio_isolate_hugetlb',
        'add_page_for_migration',
        'add_folio_for_migration',
        'migrate_page_add',
        'migrate_folio_add',
      ],
    },
    release: {
      direct: [
        'isolate_migratepages_block',
        'folio_putback_lru',
        'putback_lru_page',
        ...PUTS_BACK_OFF_LRU,
        'migrate_folio_done',
        'migrate_folio_undo_src',
        'unmap_and_move',
        'delete_from_lru_cache',
        'add_page_for_migration',
        'add_folio_for_migration',
        'migrate_folio_add',
        'shrink_folio_list',
        'shrink_page_list',
        'shrink_inactive_list',
        'shrink_active_list',
        'move_folios_to_lru',
        'move_pages_to_lru',
      ],
    },
    closes: ['isolation', 'allocation'],
    takenIn: ['isolate_migratepages_block', 'folio_isolate_lru', 'isolate_lru_page'],
    restsOn:
      'mm/vmscan.c, mm/compaction.c, mm/migrate.c, mm/mempolicy.c, mm/hugetlb.c: the reference ' +
      'of the one who isolates, dropped when the folio has moved or is put back',
    seenIn: 'recordings',
  },
  MEMORY_FAILURE_RULE,
  POISON_HANDLING_RULE,
  OFFLINING_RULE,
  {
    kind: 'isolation',
    label: 'MGLRU isolation',
    acquire: { strong: ['isolate_folio', 'isolate_folios', 'scan_folios'] },
    release: { direct: ['evict_folios', 'isolate_folio', 'scan_folios'] },
    closes: ['isolation'],
    takenIn: ['scan_folios', 'isolate_folio'],
    restsOn:
      'mm/vmscan.c: isolate_folio (6.1, inlined into scan_folios in most builds) gets, evict_folios puts what was freed',
    seenIn: 'source',
  },
  {
    kind: 'isolation',
    label: 'NUMA hinting fault',
    acquire: {
      strong: [
        'numa_migrate_prep',
        'numamigrate_isolate_page',
        'migrate_misplaced_folio_prepare',
        'do_numa_page',
        'do_huge_pmd_numa_page',
      ],
    },
    release: {
      direct: [
        'migrate_misplaced_page',
        'migrate_misplaced_folio',
        'numamigrate_isolate_page',
        'do_numa_page',
        'do_huge_pmd_numa_page',
      ],
    },
    closes: ['isolation'],
    takenIn: ['numa_migrate_prep', 'do_numa_page', 'do_huge_pmd_numa_page'],
    restsOn:
      'mm/memory.c do_numa_page and mm/huge_memory.c do_huge_pmd_numa_page get by numa_migrate_prep (6.1); in 6.12 ' +
      'the only reference is that of migrate_misplaced_folio_prepare, which isolates; mm/migrate.c ' +
      'migrate_misplaced_page drops it',
    seenIn: 'source',
  },
  {
    kind: 'isolation',
    label: 'device migration (HMM)',
    acquire: {
      strong: [
        'migrate_vma_collect_pmd',
        'migrate_vma_collect',
        'migrate_device_range',
        'migrate_device_pfns',
        'migrate_device_pfn_lock',
      ],
      weak: ['migrate_vma_setup'],
    },
    release: {
      strong: [
        'migrate_vma_finalize',
        'migrate_device_finalize',
        '__migrate_device_finalize',
        'migrate_vma_prepare',
        'migrate_vma_unmap',
        'migrate_device_unmap',
      ],
      weak: ['migrate_vma_setup'],
    },
    closes: ['isolation', 'allocation'],
    takenIn: ['migrate_vma_collect_pmd'],
    restsOn:
      'mm/migrate_device.c (mm/migrate.c up to 5.17): migrate_vma_collect_pmd gets each page that may move to a ' +
      'device, migrate_vma_finalize puts it; what is put while they are collected is the mapping that was taken away',
    seenIn: 'source',
  },
  {
    kind: 'isolation',
    label: 'munlock (5.10–5.17)',
    acquire: {
      direct: [
        '__munlock_isolate_lru_page',
        '__munlock_pagevec',
        'munlock_vma_pages_range',
        'munlock_vma_page',
      ],
    },
    release: { direct: ['__munlock_isolated_page', '__munlock_pagevec', '__putback_lru_fast'] },
    closes: ['isolation', 'gup-get'],
    takenIn: ['munlock_vma_pages_range', '__munlock_isolate_lru_page'],
    restsOn: 'mm/mlock.c up to 5.17: munlock isolates the page and its pagevec holds a reference of its own',
    seenIn: 'source',
  },
  {
    kind: 'allocation',
    label: 'destination of a migration',
    acquire: {},
    release: {
      direct: [
        'migrate_pages_batch',
        'migrate_pages',
        'migrate_folio_move',
        'migrate_folio_undo_dst',
        'unmap_and_move_hugetlb_folio',
      ],
    },
    closes: ['allocation', 'isolation'],
    takenIn: [
      'alloc_migration_target',
      'compaction_alloc',
      'alloc_misplaced_dst_page',
      'alloc_misplaced_dst_folio',
    ],
    restsOn:
      'mm/migrate.c: after folio_add_lru(dst) the page that was moved to gives up the reference of its allocation ' +
      '(migrate_folio_move since 6.3, inlined into migrate_pages_batch; unmap_and_move before)',
    seenIn: 'recordings',
  },
];
