/** Kernel logs in the words of Linux 6.1, by the format strings of mm/debug.c, mm/page_owner.c and kernel/trace/trace.c. */

/** The messages as dmesg prints them, ten microseconds apart. */
export function log(messages: readonly string[], seconds = 211): string {
  return messages
    .map((message, i) => `[${String(seconds).padStart(5)}.${String(i * 10).padStart(6, '0')}] ${message}\n`)
    .join('');
}

const OWNER = [
  'page_owner tracks the page as allocated',
  'page last allocated via order 0, migratetype Movable, gfp_mask 0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP), pid 250, tgid 249 (page) lab), ts 36070855283, free_ts 36054502405',
  ' get_page_from_freelist+0xf71/0x1250',
  ' shmem_alloc_folio+0x75/0x1b0',
  'page last free stack trace:',
  ' free_unref_page_list+0x89/0x2c0',
  'page has been migrated, last migrate reason: contig_range',
];

/** alloc_contig_dump_pages() of 6.1: the stack, then each page that did not migrate. */
export const CONTIG = [
  'CPU: 1 PID: 308 Comm: cma user Not tainted 6.1.192 #1',
  'Hardware name: QEMU Standard PC (i440FX + PIIX, 1996), BIOS 1.16.2-1 04/01/2014',
  'Call Trace:',
  ' <TASK>',
  ' dump_stack_lvl+0x45/0x5e',
  ' ? __wake_up_klogd.part.0+0x56/0x80',
  ' __alloc_contig_migrate_range+0x11e/0x170',
  ' cma_alloc_write+0x3b/0x60 [cma_debug]',
  ' </TASK>',
  'page:000000003e1f0a31 refcount:4 mapcount:1 mapping:0000000092899e71 index:0x0 pfn:0x12f90',
  'memcg:ffff888004b15000',
  'aops:shmem_aops ino:2 dentry name(?):"memfd:x"',
  'flags: 0x40000000000a001d(locked|uptodate|dirty|lru|mappedtodisk|swapbacked|zone=1) CMA',
  'raw: 40000000000a001d ffffea0000480008 ffff888002345678 ffff888004c3b1e8',
  'page dumped because: migration failure',
  ...OWNER,
  'page:000000003e1f0a32 refcount:2 mapcount:1 mapping:0000000000000000 index:0x7f0 pfn:0x12f91',
  'anon flags: 0x4000000000080014(uptodate|lru|swapbacked|zone=1) CMA',
  'page dumped because: migration failure',
  'page_owner info is not present (never set?)',
];

/** An ftrace buffer as the kernel prints it when it dies (ftrace_dump_on_oops). */
export const FTRACE = [
  'Dumping ftrace buffer:',
  '---------------------------------',
  '      sh-84        0d..2. 17462829us : page_ref_mod: pfn=0x12f90 flags=uptodate|lru count=3 mapcount=1 mapping=0000000092899e71 mt=4 val=1',
  '      sh-84        0d..2. 17462840us : <stack trace>',
  ' => __page_ref_mod',
  ' => try_grab_folio',
  'CPU:0 [LOST 12 EVENTS]',
  '      sh-84        0d..2. 17462850us : page_ref_mod: pfn=0x12f90 flags=uptodate|lru count=2 mapcount=1 mapping=0000000092899e71 mt=4 val=-1',
  '---------------------------------',
];

/** Logs with all of it, under several prefixes. */
export const LOGS: readonly string[] = [
  log([...CONTIG, ...FTRACE, ...CONTIG]),
  [...CONTIG, ...FTRACE].map((message, i) => `<4>[  211.00000${i % 10}][  T${i % 3}] ${message}\n`).join(''),
  CONTIG.map((message) => `Nov 23 05:46:12 host kernel: ${message}\n`).join(''),
];
