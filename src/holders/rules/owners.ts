/** Who a page belongs to: the first reference, and the ways in which the kernel's own memory is given back. */
import type { KindRule } from '../kindRule';

export const OWNER_RULES: readonly KindRule[] = [
  {
    kind: 'allocation',
    label: 'zsmalloc, z3fold or balloon page',
    acquire: {
      strong: [
        'zs_page_migrate',
        'z3fold_page_migrate',
        'virtballoon_migratepage',
        'balloon_page_migrate',
        'vmballoon_migratepage',
        'cmm_migratepage',
      ],
    },
    release: {
      strong: [
        'zs_page_migrate',
        '__free_zspage',
        'free_zspage',
        'z3fold_page_migrate',
        'free_z3fold_page',
        'virtballoon_migratepage',
        'release_pages_balloon',
        'leak_balloon',
        'balloon_page_migrate',
        'vmballoon_migratepage',
        'vmballoon_release_page_list',
        'cmm_migratepage',
      ],
    },
    closes: ['allocation'],
    takenIn: ['alloc_zspage', 'balloon_page_alloc', 'virtballoon_migratepage'],
    restsOn:
      'mm/zsmalloc.c, mm/z3fold.c, mm/balloon_compaction.c, drivers/virtio/virtio_balloon.c, ' +
      'drivers/misc/vmw_balloon.c: movable pages without an LRU list; migration hands the owner’s reference over',
    seenIn: 'source',
  },
  {
    kind: 'allocation',
    label: 'contiguous range',
    acquire: {},
    release: {
      strong: [
        'free_contig_range',
        'cma_release',
        'dma_free_contiguous',
        '__dma_direct_free_pages',
        'dma_direct_free',
      ],
      direct: ['release_freepages', 'release_free_list', 'compaction_free', 'free_pages_exact'],
    },
    closes: ['allocation'],
    takenIn: ['alloc_contig_range', 'cma_alloc'],
    restsOn:
      'mm/page_alloc.c free_contig_range, kernel/dma; mm/compaction.c release_freepages gives back what it isolated',
    seenIn: 'recordings',
  },
  {
    kind: 'allocation',
    label: 'slab',
    acquire: {},
    release: {
      strong: [
        '__free_slab',
        'free_slab',
        'rcu_free_slab',
        'discard_slab',
        '__unfreeze_partials',
        'unfreeze_partials',
        '__put_partials',
        'put_cpu_partial',
        '__slab_free',
        'kmem_freepages',
        'slab_destroy',
        'slabs_destroy',
        'kmem_cache_shrink',
        'free_large_kmalloc',
        'kfree',
        'kmem_cache_free_bulk',
      ],
      // Its callbacks end in a tail call: rcu_free_slab leaves no frame.
      direct: ['rcu_core', 'rcu_do_batch', 'mas_destroy', 'kmem_cache_free'],
    },
    closes: ['allocation'],
    takenIn: ['allocate_slab', 'new_slab'],
    restsOn: 'mm/slub.c, mm/slab.c (up to 6.7), mm/slab_common.c: the pages of a slab cache',
    seenIn: 'recordings',
  },
  {
    kind: 'allocation',
    label: 'vmalloc area',
    acquire: {},
    release: { strong: ['__vunmap', 'vfree', 'delayed_vfree_work', 'free_work', 'vfree_atomic'] },
    closes: ['allocation'],
    takenIn: ['__vmalloc_area_node', '__vmalloc_node_range', 'vm_area_alloc_pages'],
    restsOn: 'mm/vmalloc.c __vunmap (vfree since 6.3), free_work (delayed_vfree_work since 6.3)',
    seenIn: 'recordings',
  },
  {
    kind: 'allocation',
    label: 'page table page',
    acquire: {},
    release: {
      strong: [
        '__mmdrop',
        'pgd_free',
        'free_pgd_range',
        'free_pgtables',
        'pte_free',
        'pte_free_now',
        'pmd_free',
        'pmd_free_pte_page',
        '___pte_free_tlb',
        '___pmd_free_tlb',
        '__tlb_remove_table',
        '__tlb_remove_table_free',
        'tlb_remove_table_rcu',
        'tlb_remove_table',
        'tlb_table_flush',
      ],
    },
    closes: ['allocation'],
    takenIn: ['pte_alloc_one', '__pte_alloc', '__pmd_alloc', 'pgd_alloc'],
    restsOn:
      'mm/memory.c, mm/mmu_gather.c, kernel/fork.c __mmdrop, arch/x86/mm/pgtable.c, arch/arm64/mm/pgd.c',
    seenIn: 'recordings',
  },
  {
    kind: 'allocation',
    label: 'kernel buffer',
    acquire: {},
    release: {
      strong: [
        'free_thread_stack',
        'thread_stack_free_rcu',
        'put_task_stack',
        'release_task_stack',
        'rb_free_cpu_buffer',
        'free_buffer_page',
        'perf_mmap_free_page',
        'free_percpu',
        'pcpu_free_pages',
        'binder_alloc_free_page',
        'binder_update_page_range',
        'xdr_free_bvec',
        'svc_release_buffer',
        'brd_free_pages',
        'zram_free_page',
      ],
    },
    closes: ['allocation'],
    takenIn: ['alloc_thread_stack_node', '__rb_allocate_pages', 'perf_mmap_alloc_page', 'pcpu_alloc_pages'],
    restsOn:
      'kernel/fork.c, kernel/trace/ring_buffer.c, kernel/events/ring_buffer.c, mm/percpu-vm.c, ' +
      'drivers/android/binder_alloc.c, net/sunrpc/svc.c, drivers/block/brd.c and zram',
    seenIn: 'source',
  },
  {
    kind: 'driver',
    label: 'GPU buffer object',
    acquire: {
      strong: [
        'drm_gem_get_pages',
        'shmem_sg_alloc_table',
        'ttm_tt_swapin',
        'udmabuf_create',
        'udmabuf_pin_folios',
        'shmem_get_pages',
      ],
    },
    release: {
      strong: [
        'drm_gem_put_pages',
        'shmem_sg_free_table',
        'release_udmabuf',
        'unpin_all_folios',
        'ttm_tt_swapout',
        'shmem_put_pages',
        'i915_gem_object_put_pages_shmem',
      ],
    },
    closes: ['driver', 'page-cache-lookup', 'gup-pin', 'allocation'],
    takenIn: ['drm_gem_get_pages', 'shmem_sg_alloc_table', 'shmem_get_pages'],
    restsOn:
      'drivers/gpu/drm/drm_gem.c drm_gem_get_pages, i915/gem/i915_gem_shmem.c (shmem_get_pages itself up to 5.10): shmem ' +
      'pages that a GPU uses; ' +
      'drivers/dma-buf/udmabuf.c',
    seenIn: 'source',
    expectedLongTerm: true,
  },
];
