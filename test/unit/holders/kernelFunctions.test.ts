/**
 * The kernel functions that the rules name are held against the source of 6.1, so that a name that no kernel has is
 * found: each stands there, or is listed here as one of another kernel.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { STRENGTHS, type KindRule } from '../../../src/holders/kindRule';
import { KIND_RULES } from '../../../src/holders/kindRules';

const tree =
  process.env['PAGE_HOLDERS_KERNEL_TREE'] ?? path.join(homedir(), '.cache/page-holders/linux-source-6.1');
const skip = existsSync(path.join(tree, 'Kconfig'))
  ? false
  : `no kernel tree at ${tree}: unpack linux-source-6.1 there, or set PAGE_HOLDERS_KERNEL_TREE`;
const FOLDERS = 'arch block crypto drivers fs include io_uring ipc kernel lib mm net security sound virt';

/** Up to 6.1, or in 6.1 before its stable releases took over later code. */
const EARLIER = `
  __add_to_page_cache_locked __bio_iov_append_get_pages __buffer_migrate_page __delete_from_page_cache
  __get_huge_page_for_hwpoison __i915_gem_userptr_get_pages_worker __lru_cache_add __munlock_isolate_lru_page
  __munlock_isolated_page __pagevec_lru_add __pipe_get_pages __putback_lru_fast __shmem_release activate_page
  add_to_page_cache_locked aio_migratepage alloc_set_pte bio_unmap_user block_invalidatepage
  btree_write_cache_pages deactivate_file_page end_page_private_2 find_get_pages_contig find_lock_entry
  follow_huge_pmd generic_file_buffered_read generic_file_buffered_read_get_pages huge_add_to_page_cache
  iomap_migrate_page isolate_huge_page isolate_lru_pages khugepaged_scan_file khugepaged_scan_pmd
  lookup_swap_cache memory_failure_hugetlb migrate_page_add migrate_page_move_mapping migrate_vma_prepare
  mlock_page move_pages_to_lru mpage_read_end_io mpage_readpages munlock_vma_pages_range nfs_page_create
  page_cache_free_page page_cache_pipe_buf_get page_cache_readahead_unbounded pagevec_add_and_need_flush
  pin_user_pages_locked put_compound_head putback_active_hugepage read_cache_pages remove_huge_page
  rotate_reclaimable_page shmem_getpage_gfp shmem_mcopy_atomic_pte shmem_replace_page truncate_inode_page
  try_grab_compound_head try_to_free_swap unmap_and_move vaddr_get_pfn zerocopy_fill_skb_from_iter
`;
/** Since 6.2. */
const LATER = `
  __collapse_huge_page_copy_succeeded __folio_batch_add_and_move __folio_migrate_mapping __folio_split
  __io_uaddr_map __kvm_faultin_pfn __kvm_vcpu_map __migrate_device_finalize __page_frag_alloc_align
  __put_partials __swap_cache_add_folio __swap_cache_del_folio __tlb_batch_free_encoded_pages
  __kvm_gmem_get_pfn add_folio_for_migration amdxdna_get_ubuf amdxdna_ubuf_release anon_pipe_read attach_extent_buffer_folio batch_unpin bdev_getblk
  btrfs_release_extent_buffer_folios copy_present_ptes damon_get_folio delayed_vfree_work
  detach_extent_buffer_folio filemap_get_entry filemap_get_folios_dirty filemap_get_incore_folio
  filemap_map_folio_range filemap_map_order0_folio filemap_splice_read folio_create_empty_buffers
  folio_deactivate folio_end_writeback_no_dropbehind folio_mark_lazyfree folio_putback_active_hugetlb
  folio_release_kmap folio_start_private_2 folio_unmap_invalidate folio_walk_start fuse_ref_folio get_hwpoison_hugetlb_folio
  grow_dev_folio gup_fast_fallback gup_fast_pgd_range gup_fast_pmd_leaf gup_fast_pte_range
  hugetlb_follow_page_mask ifs_alloc ifs_free insert_folio_pmd io_buffer_register_bvec io_free_region
  io_free_rsrc_node io_mem_alloc io_pages_free io_pin_pbuf_ring io_put_bl io_release_ubuf
  iopt_area_unfill_domain iopt_area_unfill_domains iopt_pages_fill iopt_pages_fill_xarray
  iopt_pages_unfill_xarray iov_iter_extract_pages iov_iter_extract_user_pages isolate_hugetlb
  isolate_movable_ops_page ksm_get_folio kvm_follow_pfn kvm_gmem_allocate kvm_gmem_get_folio
  kvm_gmem_get_pfn kvm_gmem_populate kvm_prefetch_pages kvm_release_faultin_page
  mapping_try_invalidate memfd_pin_folios mfill_atomic mfill_atomic_hugetlb mfill_atomic_pte_continue
  mfill_atomic_pte_copy migrate_device_pfn_lock migrate_device_pfns migrate_folio_undo_dst
  migrate_folio_undo_src migrate_misplaced_folio migrate_misplaced_folio_prepare mlock_drain_local
  mlock_drain_remote mlock_folio_batch mlock_new_folio move_pages_huge_pmd move_pages_pte move_pages_ptes
  mshv_region_evict mshv_region_evict_pages mshv_region_pin mshv_region_populate mshv_region_populate_pages
  move_present_pte munlock_folio napi_frag_unref netfs_extract_user_iter next_uptodate_folio
  nfs_page_create_from_folio nfs_page_create_from_page numa_migrate_check page_frag_cache_drain
  page_idle_get_folio page_pool_put_unrefed_netmem page_pool_put_unrefed_page page_pool_return_netmem
  pfn_reader_user_pin pte_free_now put_and_unmap_page putback_movable_ops_page release_free_list
  release_pte_folio replace_page_cache_folio set_pte_range sk_skb_reason_drop skb_splice_from_iter
  splice_folio_into_pipe splice_to_socket split_huge_page_to_list_to_order svc_rqst_release_pages
  swap_cache_add_folio swap_cache_del_folio try_grab_folio_fast udmabuf_pin_folios unpin_all_folios unpin_folio
  unpin_folios unpin_user_folio writeback_iter xe_vma_userptr_pin_pages zap_present_folio_ptes zap_present_ptes
`;
/** In Android's common kernels only. */
const ANDROID = ['pkvm_mem_abort'];
/** SYSCALL_DEFINE makes it. */
const MADE_BY_MACROS = ['__do_sys_vmsplice'];

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

function functionsOf(rule: KindRule): readonly string[] {
  const sides = [rule.acquire, rule.release];
  return [...sides.flatMap((side) => STRENGTHS.flatMap((strength) => side[strength] ?? [])), ...rule.takenIn];
}

test(
  'each function that a rule names is in the source of 6.1, or known to be of another kernel',
  { skip },
  () => {
    const named = [...new Set(KIND_RULES.flatMap(functionsOf))].sort();
    const search = ['-rhowF', '--include=*.[chS]', '-f', '-', ...words(FOLDERS)];
    const { stdout, stderr } = spawnSync('grep', search, {
      cwd: tree,
      input: named.join('\n'),
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    assert.equal(stderr, '');
    const found = new Set(words(stdout));
    assert.ok(found.size > 700, `only ${found.size} found`);
    assert.deepEqual(
      named.filter((name) => !found.has(name)),
      [...words(EARLIER), ...words(LATER), ...ANDROID, ...MADE_BY_MACROS].sort(),
    );
  },
);
