import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { NodeTree } from '../../../src/engine/node/nodeTree';
import { createSourceIndex } from '../../../src/source/sourceIndex';
import { createSourceResolver } from '../../../src/source/resolveStack';
import { frameOf } from './resolving';

const folder =
  process.env['PAGE_HOLDERS_KERNEL_TREE'] ?? path.join(homedir(), '.cache/page-holders/linux-source-6.1');
const skip = existsSync(path.join(folder, 'Kconfig'))
  ? false
  : `no kernel tree at ${folder}: unpack linux-source-6.1 there, or set PAGE_HOLDERS_KERNEL_TREE`;

/** `symbol | certainty | file | text of the line | inlined functions`: stable releases move lines, not code. */
const GOLDEN = [
  // A failing CMA allocation.
  `trace_event_raw_event_page_ref_mod_template | function-only | include/trace/events/page_ref.h | DECLARE_EVENT_CLASS(page_ref_mod_template,
__page_ref_set | one-call-site | mm/debug_page_ref.c | trace_page_ref_set(page, v); | trace_page_ref_set
get_page_from_freelist | one-call-site | mm/page_alloc.c | prep_new_page(page, order, gfp_mask, alloc_flags); | set_page_count set_page_refcounted post_alloc_hook prep_new_page
__alloc_pages | one-of-several | mm/page_alloc.c | page = get_page_from_freelist(alloc_gfp, order, alloc_flags, &ac);
__folio_alloc | one-call-site | mm/page_alloc.c | struct page *page = __alloc_pages(gfp | __GFP_COMP, order,
alloc_migration_target | one-call-site | mm/migrate.c | new_folio = __folio_alloc(gfp_mask, order, nid, mtc->nmask);
migrate_pages_batch | one-of-several | mm/migrate.c | rc = migrate_folio_unmap(get_new_page, put_new_page, private, | migrate_folio_unmap
migrate_pages | one-call-site | mm/migrate.c | rc = migrate_pages_batch(&folios, get_new_page, put_new_page, private,
__alloc_contig_migrate_range | one-call-site | mm/page_alloc.c | ret = migrate_pages(&cc->migratepages, alloc_migration_target,
alloc_contig_range | one-call-site | mm/page_alloc.c | ret = __alloc_contig_migrate_range(&cc, start, end);
cma_alloc | one-call-site | mm/cma.c | ret = alloc_contig_range(pfn, pfn + count, MIGRATE_CMA,
cma_alloc_write | one-call-site | mm/cma_debug.c | return cma_alloc_mem(cma, pages); | cma_alloc_mem
simple_attr_write_xsigned.constprop.0.isra.0 | one-of-several | fs/libfs.c | ret = attr->set(attr->data, val);
debugfs_attr_write | one-of-several | fs/debugfs/file.c | return debugfs_attr_write_xsigned(file, buf, len, ppos, false); | debugfs_attr_write_xsigned
full_proxy_write | one-call-site | fs/debugfs/file.c | FULL_PROXY_FUNC(write, ssize_t, filp,
vfs_write | one-call-site | fs/read_write.c | ret = file->f_op->write(file, buf, count, pos);
ksys_write | one-call-site | fs/read_write.c | ret = vfs_write(f.file, buf, count, ppos);
do_syscall_64 | one-of-several | arch/x86/entry/common.c | if (!do_syscall_x64(regs, nr) && !do_syscall_x32(regs, nr) && nr != -1) { | do_syscall_x64
entry_SYSCALL_64_after_hwframe | one-call-site | arch/x86/entry/entry_64.S | call	do_syscall_64		/* returns with IRQs disabled */`,
  // A write to ext4, with functions of a module that the capture names.
  `trace_event_raw_event_page_ref_mod_and_test_template | function-only | include/trace/events/page_ref.h | DECLARE_EVENT_CLASS(page_ref_mod_and_test_template,
__page_ref_mod_unless | one-call-site | mm/debug_page_ref.c | trace_page_ref_mod_unless(page, v, u); | trace_page_ref_mod_unless
__filemap_get_folio | one-call-site | mm/filemap.c | folio = mapping_get_entry(mapping, index); | page_ref_add_unless folio_ref_add_unless folio_ref_try_add_rcu folio_try_get_rcu mapping_get_entry
pagecache_get_page | one-call-site | mm/folio-compat.c | folio = __filemap_get_folio(mapping, index, fgp_flags, gfp);
ext4_da_write_begin [ext4] | one-of-several | fs/ext4/inode.c | page = grab_cache_page_write_begin(mapping, index);
generic_perform_write | one-call-site | mm/filemap.c | status = a_ops->write_begin(file, mapping, pos, bytes,
ext4_buffered_write_iter [ext4] | one-call-site | fs/ext4/file.c | ret = generic_perform_write(iocb, from);
vfs_write | one-of-several | fs/read_write.c | ret = new_sync_write(file, buf, count, pos); | call_write_iter new_sync_write
__x64_sys_pwrite64 | one-call-site | fs/read_write.c | SYSCALL_DEFINE4(pwrite64, unsigned int, fd, const char __user *, buf, | ksys_pwrite64 __do_sys_pwrite64 __se_sys_pwrite64`,
  // A page fault that puts a page, and what it interrupted.
  `do_user_addr_fault | function-only | arch/x86/mm/fault.c | void do_user_addr_fault(struct pt_regs *regs,
exc_page_fault | one-call-site | arch/x86/mm/fault.c | handle_page_fault(regs, error_code, address); | handle_page_fault
asm_exc_page_fault | one-call-site | arch/x86/include/asm/idtentry.h | DECLARE_IDTENTRY_RAW_ERRORCODE(X86_TRAP_PF,	exc_page_fault);
copy_page_range | function-only | mm/memory.c | copy_page_range(struct vm_area_struct *dst_vma, struct vm_area_struct *src_vma)
dup_mmap | one-call-site | kernel/fork.c | retval = copy_page_range(tmp, mpnt);`,
  // A system call whose macro has no wrapper, and one that has two.
  `kernel_clone | function-only | kernel/fork.c | pid_t kernel_clone(struct kernel_clone_args *args)
__do_sys_vfork | one-call-site | kernel/fork.c | return kernel_clone(&args);`,
  `__vm_munmap | function-only | mm/mmap.c | static int __vm_munmap(unsigned long start, size_t len, bool downgrade)
__x64_sys_munmap | one-call-site | mm/mmap.c | SYSCALL_DEFINE2(munmap, unsigned long, addr, size_t, len) | __do_sys_munmap __se_sys_munmap`,
];

test('golden stacks in a real tree', { skip }, async (context) => {
  const tree = await NodeTree.open(folder);
  const stacks = GOLDEN.map((text) => text.split('\n').map((line) => line.split(' | ')));
  const symbols = stacks.flat().map(([symbol = '']) => frameOf(symbol));
  const started = performance.now();
  const index = await createSourceIndex(tree, { symbols });
  context.diagnostic(`linux ${index.version}: index in ${Math.round(performance.now() - started)} ms`);
  const resolver = createSourceResolver(tree, index);
  for (const stack of stacks) {
    const locations = await resolver.resolveStack(stack.map(([symbol = '']) => frameOf(symbol)));
    const found = await Promise.all(
      locations.map(async ({ certainty, file, line, inlined }, position) => {
        const text = file === null ? null : await tree.read(file, 1 << 22);
        const row = [
          stack[position]![0],
          certainty,
          file,
          new TextDecoder()
            .decode(text ?? undefined)
            .split('\n')
            [(line ?? 0) - 1]?.trim(),
          ...(inlined.length > 0 ? [inlined.map((frame) => frame.function).join(' ')] : []),
        ];
        return row.join(' | ');
      }),
    );
    assert.deepEqual(
      found,
      stack.map((row) => row.join(' | ')),
    );
  }
});
