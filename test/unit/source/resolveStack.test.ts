import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSourceIndex } from '../../../src/source/sourceIndex';
import { createSourceResolver } from '../../../src/source/resolveStack';
import { MemoryTree } from './memoryTree';
import { brief, frameOf, resolve } from './resolving';

async function outer(files: Record<string, string>, stack: readonly string[]) {
  const locations = await resolve(files, stack);
  return brief(locations.at(-1));
}

test('the only call of the next-inner frame gives the line', async () => {
  const files = {
    'mm/a.c': `int callee(int x);

int caller(int x)
{
	/* callee(1) */
	trace("callee(2)");
	if (x &&
	    callee(x))
		return 1;
	return 0;
}

int callee(int x)
{
	return x;
}
`,
  };
  const [inner, location] = await resolve(files, ['callee', 'caller']);
  assert.equal(brief(inner), 'function-only mm/a.c:13');
  assert.match(inner!.note, /innermost/);
  assert.equal(brief(location), 'one-call-site mm/a.c:8');
  assert.equal(location!.note, '');
});

test('several calls are all named, in the order of the text', async () => {
  const files = {
    'mm/a.c':
      'int callee(void)\n{\n}\nint caller(int x)\n{\n\tif (x)\n\t\tcallee();\n\tx++;\n\tcallee();\n}\n',
  };
  const [, location] = await resolve(files, ['callee', 'caller']);
  assert.equal(brief(location), 'one-of-several mm/a.c:7 or mm/a.c:9');
  assert.match(location!.note, /2 places/);
});

test('calls through static inline functions of headers and macros', async () => {
  const files = {
    'include/linux/page.h': `static inline int page_ref_dec(struct page *page)
{
	return __page_ref_mod(page, -1);
}

static inline void put_page(struct page *page)
{
	if (page_ref_dec(page))
		return;
}
#define put_it(page) do { put_page(page); } while (0)
`,
    'mm/a.c': `void __page_ref_mod(void)
{
}
void release(struct page *page)
{
	put_page(page);
}
void release_all(struct page *page)
{
	VM_BUG_ON(!page);
	put_it(
		page);
}
`,
  };
  assert.equal(
    await outer(files, ['__page_ref_mod', 'release']),
    'one-call-site mm/a.c:6 via page_ref_dec:3 < put_page:8',
  );
  assert.equal(
    await outer(files, ['__page_ref_mod', 'release_all']),
    'one-call-site mm/a.c:11 via page_ref_dec:3 < put_page:8',
  );
});

test('calls through the private header of a driver', async () => {
  const files = {
    'drivers/x/local.h': 'static inline void poke(struct x *x)\n{\n\tregmap_poke(x, 1);\n\tx->n++;\n}\n',
    'drivers/x/probe.c':
      '#include <linux/x.h>\n#include "../x/local.h"\nint x_probe(struct x *x)\n{\n\tpoke(x);\n\treturn 0;\n}\nvoid regmap_poke(void)\n{\n}\n',
  };
  assert.equal(
    await outer(files, ['regmap_poke', 'x_probe']),
    'one-call-site drivers/x/probe.c:5 via poke:3',
  );
});

test('a call among the arguments of a macro has the line of its use', async () => {
  const files = {
    'include/linux/bug.h': '#define WARN_ON(condition) ({ int r = !!(condition); r; })\n',
    'mm/a.c':
      'int callee(void)\n{\n}\nvoid caller(int x)\n{\n\tif (WARN_ON(x &&\n\t\t    callee()))\n\t\treturn;\n}\n',
  };
  assert.equal(await outer(files, ['callee', 'caller']), 'one-call-site mm/a.c:6');
});

test('static functions of the same file may be inlined though nothing says so', async () => {
  const files = {
    'mm/a.c': `int callee(void)
{
}
static int middle(int x)
{
	return callee() + 1;
}
int caller(int x)
{
	return middle(x) + 1;
}
`,
  };
  assert.equal(await outer(files, ['callee', 'caller']), 'one-call-site mm/a.c:10 via middle:6');
});

test('an inlined function that calls the same in two lines names both, and its caller stays sure', async () => {
  const files = {
    'fs/iomap/direct-io.c': `int iomap_dio_bio_iter(int length)
{
}
static int iomap_dio_iter(int type)
{
	if (type == 1)
		return iomap_dio_bio_iter(0) + 1;
	return iomap_dio_bio_iter(type) + 1;
}
int __iomap_dio_rw(int type)
{
	return iomap_dio_iter(type) + 1;
}
`,
  };
  assert.equal(
    await outer(files, ['iomap_dio_bio_iter', '__iomap_dio_rw']),
    'one-call-site fs/iomap/direct-io.c:12 via iomap_dio_iter:7|fs/iomap/direct-io.c:8',
  );
});

test('inlined functions are told up to the first that leads there in several ways', async () => {
  const files = (second: string) => ({
    'mm/gup.c': `int grab(void)
{
}
static inline int huge(void)
{
	return grab() + 1;
}
static inline int small(void)
{
	return grab() + 1;
}
static inline int range(int x)
{
	if (x)
		return huge() + 1;
	return ${second}() + 1;
}
int gup(int x)
{
	return range(x) + 1;
}
`,
  });
  assert.equal(
    await outer(files('small'), ['grab', 'gup']),
    'one-call-site mm/gup.c:20 via range:15|mm/gup.c:16',
    'which of both functions was inlined is not known',
  );
  assert.equal(
    await outer(files('huge'), ['grab', 'gup']),
    'one-call-site mm/gup.c:20 via huge:6 < range:15|mm/gup.c:16',
    'both lines lead through the same function',
  );
});

test('several inlined functions in one line, and those that a macro chooses from, are alternatives', async () => {
  const header = `static inline int one(void)
{
	return callee() + 1;
}
static inline int two(void)
{
	return callee() + 2;
}
#define EITHER(x) ((x) ? one() : two())
`;
  const caller = (call: string) => `int callee(void)\n{\n}\nint caller(int x)\n{\n\treturn ${call} + 1;\n}\n`;
  const told = 'one-call-site mm/a.c:6 via one:3|include/linux/a.h:7';
  for (const call of ['(x ? one() : two())', 'EITHER(x)']) {
    const files = { 'include/linux/a.h': header, 'mm/a.c': caller(call) };
    assert.equal(await outer(files, ['callee', 'caller']), told, call);
  }
});

test('both definitions of an inlined function, of one configuration and another, are named', async () => {
  const inHeader = {
    'include/linux/pagemap.h': `#ifdef CONFIG_NUMA
struct folio *filemap_alloc_folio(gfp_t gfp);
#else
static inline struct folio *filemap_alloc_folio(gfp_t gfp)
{
	return folio_alloc(gfp, 0) + 1;
}
#endif
`,
    'mm/filemap.c': `#ifdef CONFIG_NUMA
struct folio *filemap_alloc_folio(gfp_t gfp)
{
	return folio_alloc(gfp, 1) + 1;
}
#endif
struct folio *__filemap_get_folio(gfp_t gfp)
{
	return filemap_alloc_folio(gfp) + 1;
}
`,
    'mm/mempolicy.c': 'struct folio *folio_alloc(void)\n{\n}\n',
  };
  assert.equal(
    await outer(inHeader, ['folio_alloc', '__filemap_get_folio']),
    'one-call-site mm/filemap.c:9 via filemap_alloc_folio:6|mm/filemap.c:4',
  );
  const inFile = {
    'mm/a.c': `int callee(void)
{
}
#ifdef CONFIG_X
static inline int middle(void)
{
	return callee() + 1;
}
#else
static inline int middle(void)
{
	return callee() + 2;
}
#endif
int caller(void)
{
	return middle() + 1;
}
`,
  };
  assert.equal(await outer(inFile, ['callee', 'caller']), 'one-call-site mm/a.c:17 via middle:7|mm/a.c:12');
});

test('a direct call, and one through a function that may be inlined; noinline keeps it out', async () => {
  const files = (middle: string) => ({
    'mm/a.c': `int callee(void)
{
}
${middle}
{
	return callee() + 1;
}
int caller(int x)
{
	x = middle(x) + 1;
	return callee() + x;
}
`,
  });
  assert.equal(
    await outer(files('static int middle(int x)'), ['callee', 'caller']),
    'one-of-several mm/a.c:11 or mm/a.c:10',
  );
  assert.equal(
    await outer(files('static noinline int middle(int x)'), ['callee', 'caller']),
    'one-call-site mm/a.c:11',
  );
});

test('suffixes of the compiler do not hide the source', async () => {
  const files = {
    'mm/a.c': 'static int callee(void)\n{\n}\nint caller(void)\n{\n\treturn callee() + 1;\n}\n',
  };
  assert.equal(await outer(files, ['callee.constprop.0.isra.0', 'caller.part.0']), 'one-call-site mm/a.c:6');
});

test('system calls: the macro has the line, the body is inlined', async () => {
  const files = {
    'kernel/fork.c': `int kernel_clone(int x)
{
}
SYSCALL_DEFINE2(clone, unsigned long, flags,
		int, x)
{
	if (flags)
		return -1;
	return kernel_clone(x) + 1;
}
SYSCALL_DEFINE0(vfork)
{
	return kernel_clone(1) + 1;
}
`,
    'arch/x86/entry/common.c': `static __always_inline bool do_syscall_x64(struct pt_regs *regs, int nr)
{
	regs->ax = sys_call_table[nr](regs);
	return true;
}
void do_syscall_64(struct pt_regs *regs, int nr)
{
	if (!do_syscall_x64(regs, nr))
		regs->ax = 0;
}
`,
  };
  const stack = ['kernel_clone', '__x64_sys_clone', 'do_syscall_64'];
  const [, wrapper, entry] = await resolve(files, stack);
  assert.equal(brief(wrapper), 'one-call-site kernel/fork.c:4 via __do_sys_clone:9 < __se_sys_clone:4');
  assert.equal(brief(entry), 'one-call-site arch/x86/entry/common.c:8 via do_syscall_x64:3');
  assert.match(entry!.note, /through a pointer/);
  assert.equal(await outer(files, ['kernel_clone', '__do_sys_clone']), 'one-call-site kernel/fork.c:9');
  assert.equal(await outer(files, ['kernel_clone', '__x64_sys_vfork']), 'one-call-site kernel/fork.c:13');
});

test('a system call was made by x86-64 where x32 calls it in the same line', async () => {
  const files = {
    'arch/x86/entry/common.c': `static bool do_syscall_x64(struct pt_regs *regs, int nr)
{
	regs->ax = sys_call_table[nr](regs);
	return true;
}
static bool do_syscall_x32(struct pt_regs *regs, int nr)
{
	regs->ax = x32_sys_call_table[nr](regs);
	return true;
}
void do_syscall_64(struct pt_regs *regs, int nr)
{
	if (!do_syscall_x64(regs, nr) && !do_syscall_x32(regs, nr))
		regs->ax = 0;
}
`,
    'fs/a.c': 'SYSCALL_DEFINE2(vmsplice, int, fd, int, flags)\n{\n\treturn fd;\n}\n',
  };
  assert.equal(
    await outer(files, ['__x64_sys_vmsplice', 'do_syscall_64']),
    'one-call-site arch/x86/entry/common.c:13 via do_syscall_x64:3',
  );
});

test('generated trace functions have the line of their event', async () => {
  const files = {
    'include/trace/events/page_ref.h': `DECLARE_EVENT_CLASS(page_ref_template,

	TP_PROTO(struct page *page, int v),
	TP_fast_assign(
		__entry->val = v;
	)
);
DEFINE_EVENT(page_ref_template, page_ref_mod,
	TP_PROTO(struct page *page, int v)
);
`,
    'mm/debug.c': `void __page_ref_mod(struct page *page, int v)
{
	trace_page_ref_mod(page, v);
}
`,
  };
  const stack = ['trace_event_raw_event_page_ref_template', '__page_ref_mod'];
  const [raw, caller] = await resolve(files, stack);
  assert.equal(brief(raw), 'function-only include/trace/events/page_ref.h:1');
  assert.equal(brief(caller), 'one-call-site mm/debug.c:3 via trace_page_ref_mod:8');
  const [, iterator] = await resolve(files, [stack[0]!, '__traceiter_page_ref_mod', '__page_ref_mod']);
  assert.equal(brief(iterator), 'one-call-site include/trace/events/page_ref.h:8');
});

test('assembly entries and the entries that macros generate', async () => {
  const files = {
    'arch/x86/entry/entry_64.S': `#include <linux/linkage.h>
/* call do_syscall_64 */
SYM_CODE_START(entry_SYSCALL_64)
	swapgs
SYM_INNER_LABEL(entry_SYSCALL_64_after_hwframe, SYM_L_GLOBAL)
	pushq	%rax
	call	do_syscall_64		/* returns with IRQs disabled */
	jmp	swapgs_restore
SYM_CODE_END(entry_SYSCALL_64)
SYM_CODE_START(other)
	call	do_syscall_64
SYM_CODE_END(other)
`,
    'arch/x86/include/asm/idtentry.h': 'DECLARE_IDTENTRY_RAW_ERRORCODE(X86_TRAP_PF,\texc_page_fault);\n',
    'arch/x86/mm/fault.c': 'DEFINE_IDTENTRY_RAW_ERRORCODE(exc_page_fault)\n{\n\thandle(regs);\n}\n',
    'arch/x86/entry/common.c': 'void do_syscall_64(void)\n{\n}\nvoid handle(void)\n{\n}\n',
  };
  assert.equal(
    await outer(files, ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe']),
    'one-call-site arch/x86/entry/entry_64.S:7',
  );
  const [, exception, entry, interrupted] = await resolve(files, [
    'handle',
    'exc_page_fault',
    'asm_exc_page_fault',
    'do_syscall_64',
  ]);
  assert.equal(brief(exception), 'one-call-site arch/x86/mm/fault.c:3');
  assert.equal(brief(entry), 'one-call-site arch/x86/include/asm/idtentry.h:1');
  assert.equal(brief(interrupted), 'function-only arch/x86/entry/common.c:1');
  assert.match(interrupted!.note, /interrupted/);
});

test('functions that a macro pastes together have the line of its use', async () => {
  const files = {
    'fs/file.c':
      '#define PROXY(name)\t\\\nstatic int full_proxy_##name(void)\t\\\n{\t\\\n\treturn real->name();\t\\\n}\n\nPROXY(read);\nPROXY(write);\nint write_it(void)\n{\n}\n',
  };
  assert.equal(await outer(files, ['write_it', 'full_proxy_write']), 'one-call-site fs/file.c:8');
});

test('functions that a macro pastes behind a structure, and a class of events by another name', async () => {
  const files = {
    'drivers/char/random.c': `#define DEFINE_BATCHED_ENTROPY(type) \\
struct batch_ ##type { type entropy[4]; }; \\
type get_random_ ##type(void) \\
{ \\
	callee(); \\
}

DEFINE_BATCHED_ENTROPY(u64)
`,
    'include/trace/events/sched.h':
      '#define DECLARE_EVENT_CLASS_SCHEDSTAT DECLARE_EVENT_CLASS\nDECLARE_EVENT_CLASS_SCHEDSTAT(sched_stat_template,\n\tTP_PROTO(int x));\n',
  };
  assert.equal(await outer(files, ['callee', 'get_random_u64']), 'one-call-site drivers/char/random.c:8');
  assert.equal(
    await outer(files, ['callee', 'trace_event_raw_event_sched_stat_template']),
    'one-call-site include/trace/events/sched.h:2',
  );
});

test('pointers: a member that the function is assigned to', async () => {
  const files = {
    'fs/ops.c':
      'static int ext4_filemap_fault(struct vm_fault *vmf)\n{\n}\nstatic const struct vm_operations_struct ops = {\n\t.fault = ext4_filemap_fault,\n};\n',
    'mm/memory.c':
      'static int __do_fault(struct vm_fault *vmf)\n{\n\tvmf->vma->vm_ops->open(vmf);\n\treturn vmf->vma->vm_ops\n\t\t->fault(vmf);\n}\n',
  };
  const [, location] = await resolve(files, ['ext4_filemap_fault', '__do_fault']);
  assert.equal(brief(location), 'one-call-site mm/memory.c:4');
  assert.match(location!.note, /through a pointer/);
});

test('pointers: a parameter that the function is passed for', async () => {
  const files = {
    'mm/swap.c':
      'static void lru_add_fn(int x)\n{\n}\nstatic void move_lru(int *batch, void (*move_fn)(int))\n{\n\tother(batch);\n\tmove_fn(1);\n}\nvoid drain(void)\n{\n\tmove_lru(0, lru_add_fn);\n}\n',
  };
  assert.equal(await outer(files, ['lru_add_fn', 'move_lru']), 'one-call-site mm/swap.c:7');
});

test('pointers: any call through one is a guess, and says so', async () => {
  const files = {
    'kernel/kthread.c':
      'static int kthread(void *data)\n{\n\tint (*threadfn)(void *) = create->threadfn;\n\treturn threadfn(data) + 1;\n}\n',
    'mm/vmscan.c': 'static int kswapd(void *p)\n{\n}\nvoid kswapd_run(void)\n{\n\tstart(kswapd, 0);\n}\n',
  };
  const [, location] = await resolve(files, ['kswapd', 'kthread']);
  assert.equal(brief(location), 'one-of-several kernel/kthread.c:4');
  assert.match(location!.note, /Nothing ties this call/);
});

test('a function that ends with a jump is missing from the stack, and named', async () => {
  const files = {
    'fs/buffer.c':
      'struct bh *__getblk_slow(int x)\n{\n}\nstruct bh *__getblk_gfp(int x)\n{\n\tif (x)\n\t\treturn 0;\n\treturn __getblk_slow(x);\n}\n',
    'fs/ext4.c': 'void read_bitmap(void)\n{\n\tbh = __getblk_gfp(1);\n\tuse(bh);\n}\n',
  };
  const [, location] = await resolve(files, ['__getblk_slow', 'read_bitmap']);
  assert.equal(brief(location), 'one-of-several fs/ext4.c:3');
  assert.match(location!.note, /__getblk_gfp is called, and ends with a jump to __getblk_slow/);
});

test('what was interrupted did not call the entry, on each architecture', async () => {
  const files = { 'mm/a.c': 'void caller(void)\n{\n\tx();\n}\n' };
  for (const entry of [
    'asm_sysvec_apic_timer_interrupt',
    'asm_fred_entrypoint_kernel',
    'el1h_64_irq',
    'ext_int_handler',
    'pgm_check_handler',
    'decrementer_common_virt',
    'data_access_common',
    'handle_vint',
  ]) {
    const [, location] = await resolve(files, [entry, 'caller']);
    assert.equal(brief(location), 'function-only mm/a.c:1', entry);
    assert.match(location!.note, /^It was interrupted/, entry);
  }
  const [, called] = await resolve(files, ['system_call_common', 'caller']);
  assert.doesNotMatch(called!.note, /interrupted/);
});

test('a function without a call of the next-inner frame keeps its own line', async () => {
  const files = { 'mm/a.c': 'void callee(void)\n{\n}\nint caller(void)\n{\n\tother();\n}\n' };
  const [, location] = await resolve(files, ['callee', 'caller']);
  assert.equal(brief(location), 'function-only mm/a.c:4');
  assert.match(location!.note, /No call of callee was found/);
});

test('a symbol that is nowhere says where it was looked for', async () => {
  const [location, address] = await resolve({}, ['nowhere', '0xffffffff81234567']);
  assert.equal(brief(location), 'unknown -:-');
  assert.match(
    location!.note,
    /No definition of nowhere in arch, fs, include, kernel, mm of linux 6\.1\.7-rc1/,
  );
  assert.match(address!.note, /no name for this address/);
  const folders = ['block', 'crypto', 'drivers', 'fs', 'init', 'ipc', 'kernel', 'lib', 'mm', 'net'];
  const many = Object.fromEntries(folders.map((folder) => [`${folder}/a.c`, 'int a;\n']));
  const [ofModule] = await resolve(many, ['nowhere [nvidia]']);
  assert.match(
    ofModule!.note,
    /nowhere in the \d+ folders with code of linux 6\.1\.7-rc1\. The module nvidia may not be of this tree\.$/,
  );
});

test('of several definitions the module decides', async () => {
  const files = {
    'fs/ext4/file.c': 'static int read_it(void)\n{\n}\n',
    'fs/xfs/file.c': 'static int read_it(void)\n{\n}\n',
  };
  assert.equal(await outer(files, ['read_it [xfs]']), 'function-only fs/xfs/file.c:1');
  assert.equal(await outer(files, ['read_it [ext4]']), 'function-only fs/ext4/file.c:1');
  const [location] = await resolve(files, ['read_it']);
  assert.equal(brief(location), 'function-only fs/ext4/file.c:1 or fs/xfs/file.c:1');
  assert.match(location!.note, /2 definitions/);
});

test('a function of a file from which the module is not built is doubtful, whatever its folder is called', async () => {
  const nvOpen = 'static int nv_open(struct net_device *dev)\n{\n}\n';
  const files = {
    'drivers/net/nvidia/forcedeth.c': nvOpen,
    'drivers/net/nvidia/Makefile': 'obj-$(CONFIG_FORCEDETH) += forcedeth.o\n',
  };
  const of = async (given: Record<string, string>, frame: string): Promise<[string, boolean]> => {
    const [location] = await resolve(given, [frame]);
    return [brief(location), location!.isDoubtful === true];
  };
  const place = 'function-only drivers/net/nvidia/forcedeth.c:1';
  assert.deepEqual(await of(files, 'nv_open [nvidia]'), [place, true]);
  assert.deepEqual(await of(files, 'nv_open [forcedeth]'), [place, false]);
  assert.deepEqual(await of(files, 'nv_open'), [place, false]);
  const [location] = await resolve(files, ['nv_open [nvidia]']);
  assert.match(location!.note, /^No Makefile of its folders builds the module nvidia/);

  // As Makefiles name a module of several files, here or in a folder around, and as the kernel prints its name.
  for (const text of [
    'snd-x-y := en/a.o\n',
    'snd-x-objs += a.o\n',
    'snd-x-$(CONFIG_Y) += a.o\n',
    'obj-m += snd-x.o\n',
  ]) {
    const built = { 'sound/x/en/a.c': 'int play(void)\n{\n}\n', 'sound/x/Makefile.part': text };
    assert.deepEqual(await of(built, 'play [snd_x]'), ['function-only sound/x/en/a.c:1', false], text);
    assert.deepEqual(await of(built, 'play [snd]'), ['function-only sound/x/en/a.c:1', true], text);
  }
  // A module may be built by a folder beside that of the file.
  const beside = {
    'gpu/amd/amdkfd/svm.c': 'int svm(void)\n{\n}\n',
    'gpu/amd/amdkfd/Makefile': 'AMDKFD_FILES := $(AMDKFD_PATH)/svm.o\n',
    'gpu/amd/amd-gpu/Makefile': 'amd-gpu-y += $(AMDKFD_FILES)\n',
  };
  assert.deepEqual(await of(beside, 'svm [amd_gpu]'), ['function-only gpu/amd/amdkfd/svm.c:1', false]);
  assert.deepEqual(await of(beside, 'svm [amdkfd]'), ['function-only gpu/amd/amdkfd/svm.c:1', true]);
  // A header is in whatever includes it, and where there is no Makefile nothing is known.
  const header = {
    'fs/x/inline.h': 'static inline int look(void)\n{\n}\n',
    'fs/x/Makefile': 'obj-y += x.o\n',
  };
  assert.deepEqual(await of(header, 'look [y]'), ['function-only fs/x/inline.h:1', false]);
  assert.deepEqual(await of({ 'fs/x/a.c': 'int f(void)\n{\n}\n' }, 'f [y]'), [
    'function-only fs/x/a.c:1',
    false,
  ]);
});

test('of several definitions the one with the call, and the one beside the caller', async () => {
  const files = {
    'fs/ext4/file.c':
      'static int read_it(void)\n{\n\treturn 1;\n}\nint ext4_top(void)\n{\n\treturn read_it() + 1;\n}\n',
    'fs/xfs/file.c': 'static int read_it(void)\n{\n\treturn xfs_bottom() + 1;\n}\n',
    'fs/xfs/bottom.c': 'int xfs_bottom(void)\n{\n}\n',
  };
  assert.equal(await outer(files, ['xfs_bottom', 'read_it']), 'one-call-site fs/xfs/file.c:3');
  const [location] = await resolve(files, ['read_it', 'ext4_top']);
  assert.equal(brief(location), 'function-only fs/ext4/file.c:1');
});

test('stubs, weak functions, programs of their own and unusual configurations come last', async () => {
  const real = 'int f(void)\n{\n\treturn something_long_enough(1, 2, 3, 4, 5);\n}\n';
  assert.equal(
    await outer({ 'mm/f.c': real, 'include/linux/f.h': 'static inline int f(void)\n{\n\treturn 0;\n}\n' }, [
      'f',
    ]),
    'function-only mm/f.c:1',
  );
  assert.equal(
    await outer({ 'mm/f.c': `__weak ${real}`, 'arch/x86/mm/f.c': real }, ['f', '__x64_sys_x'].slice(0, 1)),
    'function-only arch/x86/mm/f.c:1',
  );
  assert.equal(await outer({ 'mm/f.c': real, 'arch/x86/boot/f.c': real }, ['f']), 'function-only mm/f.c:1');
  assert.equal(
    await outer({ 'mm/memory.c': real, 'mm/nommu.c': real }, ['f']),
    'function-only mm/memory.c:1',
  );
});

test('both branches of an #ifdef are named when nothing decides between them', async () => {
  const files = {
    'mm/a.c':
      '#ifdef CONFIG_X\nstatic int f(void)\n{\n\treturn something_long_enough(1, 2, 3, 4, 5);\n}\n#else\nstatic int f(void)\n{\n\treturn something_long_enough(5, 4, 3, 2, 1);\n}\n#endif\n',
  };
  assert.equal(await outer(files, ['f']), 'function-only mm/a.c:2 or mm/a.c:7');
});

test('guards call their lock and unlock', async () => {
  const files = {
    'include/linux/mutex.h': 'DEFINE_GUARD(mutex, struct mutex *, mutex_lock(_T), mutex_unlock(_T))\n',
    'kernel/mutex.c': 'void mutex_unlock(void)\n{\n}\n',
    'mm/a.c': 'int f(void)\n{\n\tguard(mutex)(&m);\n\treturn 0;\n}\n',
  };
  assert.equal(await outer(files, ['mutex_unlock', 'f']), 'one-call-site mm/a.c:3');
});

test('a frame in the middle of a stack is looked up with its neighbours, each once', async () => {
  const tree = new MemoryTree({
    'mm/a.c':
      'int a(void)\n{\n}\nint b(void)\n{\n\treturn a() + 1;\n}\nint c(void)\n{\n\treturn b() + 1;\n}\n',
  });
  const stack = ['a', 'b', 'c'].map(frameOf);
  const resolver = createSourceResolver(tree, await createSourceIndex(tree, { symbols: stack }));
  tree.reads = [];
  assert.deepEqual((await resolver.resolveStack(stack)).map(brief), [
    'function-only mm/a.c:1',
    'one-call-site mm/a.c:6',
    'one-call-site mm/a.c:10',
  ]);
  await resolver.resolveStack(stack);
  assert.deepEqual(tree.reads, ['mm/a.c']);
});

test('a file that went away, or became another, leaves frames unknown or found anew', async () => {
  const tree = new MemoryTree({ 'mm/a.c': 'int a(void)\n{\n}\n', 'mm/b.c': 'int b(void)\n{\n}\n' });
  const stack = ['a', 'b'].map(frameOf);
  const index = await createSourceIndex(tree, { symbols: stack });
  tree.files.delete('mm/a.c');
  tree.write('mm/b.c', '\n\nint b(void)\n{\n\ta();\n\treturn 0;\n}\n');
  const locations = await createSourceResolver(tree, index).resolveStack(stack);
  assert.deepEqual(locations.map(brief), ['unknown -:-', 'one-call-site mm/b.c:5']);
});

test('recursion and calls in circles end', async () => {
  const files = {
    'mm/a.c':
      'static int a(int x);\nstatic int b(int x)\n{\n\treturn a(x) + 1;\n}\nstatic int a(int x)\n{\n\treturn b(x) + a(x);\n}\nint top(void)\n{\n\treturn a(1) + 1;\n}\nint bottom(void)\n{\n}\n',
    'include/linux/loop.h': '#define one two\n#define two one\n#define self(x) self(x)\n',
  };
  assert.equal(await outer(files, ['bottom', 'top']), 'function-only mm/a.c:10');
  assert.equal(await outer(files, ['a', 'a']), 'one-call-site mm/a.c:8');
});

test('a call that is an argument on a line of its own may have either line', async () => {
  const body = 'int caller(void)\n{\n\treturn outer(1,\n\t\t     callee(2));\n}\n';
  assert.equal(
    await outer({ 'mm/a.c': `${body}int callee(int x)\n{\n}\n` }, ['callee', 'caller']),
    'one-of-several mm/a.c:3 or mm/a.c:4',
  );
  const [, location] = await resolve({ 'mm/a.c': body }, ['callee', 'caller']);
  assert.match(location!.note, /its own line, or that of the call around it/);
  // The use of a macro has one line, whatever lines it spans.
  const macro = '#define outer(a, b) ((a) + (b))\n';
  assert.equal(await outer({ 'mm/a.c': macro + body }, ['callee', 'caller']), 'one-call-site mm/a.c:4');
});

test('a call that is an argument in an inlined function leaves its caller sure', async () => {
  const files = {
    'mm/a.c': `static int middle(void)
{
	return outer(1,
		     callee(2));
}
int caller(void)
{
	return middle();
}
`,
  };
  assert.equal(await outer(files, ['callee', 'caller']), 'one-call-site mm/a.c:8 via middle:3|mm/a.c:4');
});

test('what an inline function of a header calls may be inlined from the file that includes it', async () => {
  const files = {
    'include/net/sock.h': `static inline void lock_sock(struct sock *sk)
{
	lock_sock_nested(sk, 0);
}
`,
    'net/core/sock.c': `void lock_sock_nested(struct sock *sk, int subclass)
{
	spin_lock_bh(&sk->lock);
}
void release_sock(struct sock *sk)
{
	spin_lock_bh(&sk->lock);
}
void caller(struct sock *sk)
{
	lock_sock(sk);
	release_sock(sk);
}
`,
  };
  assert.equal(
    await outer(files, ['spin_lock_bh', 'caller']),
    'one-of-several net/core/sock.c:12 via release_sock:7 or net/core/sock.c:11',
  );
});

test('a function that is passed to an inlined one is called where that calls its parameter', async () => {
  const files = {
    'mm/madvise.c': `static int visit(struct vma *vma)
{
	return callee(vma);
}
static int walk(int from, int (*each)(struct vma *))
{
	return each(find(from)) + 1;
}
int caller(int from)
{
	return walk(from,
		    visit);
}
`,
  };
  assert.equal(
    await outer(files, ['callee', 'caller']),
    'one-call-site mm/madvise.c:11 via visit:3 < walk:7',
  );
});

test('a macro calls what it is given, but not what it only hands on', async () => {
  const files = {
    'include/linux/printk.h': `#define pr_warn(fmt, ...) printk(fmt, ##__VA_ARGS__)
#define net_ratelimited_function(function, ...) do { function(__VA_ARGS__); } while (0)
#define INIT_WORK(_work, _func) __INIT_WORK((_work), (_func), 0)
`,
    'net/a.c': `static void work(struct work_struct *w)
{
	printk("1");
}
void caller(void)
{
	INIT_WORK(&one, work);
	net_ratelimited_function(pr_warn, "2");
}
`,
  };
  assert.equal(await outer(files, ['printk', 'caller']), 'one-call-site net/a.c:8');
});

test('a macro of a private header is seen though other headers that are not seen have one of its name', async () => {
  const files = {
    'drivers/input/i8042.h': '#define dbg(fmt) printk(fmt)\n',
    'drivers/input/i8042.c': '#include "i8042.h"\nvoid caller(void)\n{\n\tdbg("x");\n}\n',
    'kernel/printk.c': 'int printk(const char *fmt)\n{\n}\n',
    'kernel/rcu/rcu.h': '#define dbg(fmt) other(fmt)\n',
  };
  assert.equal(await outer(files, ['printk', 'caller']), 'one-call-site drivers/input/i8042.c:4');
});

test('a call beside a large function that may be inlined is not sure', async () => {
  const files = {
    'kernel/trampoline.c': `static struct trampoline *lookup(u64 key)
{
	${'do_something();\n\t'.repeat(40)}mutex_lock(&all);
	return first;
}
struct trampoline *get(u64 key)
{
	struct trampoline *tr = lookup(key);
	mutex_lock(&tr->mutex);
}
struct trampoline *other(u64 key)
{
	return lookup(key) ?: NULL;
}
`,
  };
  assert.equal(
    await outer(files, ['mutex_lock', 'get']),
    'one-of-several kernel/trampoline.c:49 or kernel/trampoline.c:48',
  );
});

test('a short function with the call is no stub', async () => {
  const files = {
    'arch/x86/kernel/i8259.c':
      'static void enable(struct irq_data *d)\n{\n\tunmask(d->irq);\n}\n\nvoid unmask(int irq)\n{\n\tlock();\n}\n',
    'drivers/irqchip/i8259.c':
      'static void enable(struct irq_data *d)\n{\n\tint irq = d->irq;\n\tlock();\n\tmask &= ~(1 << irq);\n}\n',
  };
  assert.equal(
    await outer(files, ['lock', 'enable']),
    'one-of-several arch/x86/kernel/i8259.c:3 via unmask:8 or drivers/irqchip/i8259.c:4',
  );
});

test('the function that cleans a variable up is called where the variable stands', async () => {
  const files = {
    'mm/a.c': `static void end(int *x)
{
	callee(x);
}
void caller(void)
{
	int x __cleanup(end) = 0;
	other();
}
`,
  };
  assert.equal(await outer(files, ['callee', 'caller']), 'one-call-site mm/a.c:7 via end:3');
});

test('each definition of what a function is passed to is named', async () => {
  const files = {
    'include/linux/netfilter.h': `#ifdef CONFIG_NETFILTER
static inline int NF_HOOK(int hook, int (*okfn)(int))
{
	return nf_hook(hook) ? okfn(hook) : 0;
}
#else
static inline int NF_HOOK(int hook, int (*okfn)(int))
{
	return okfn(hook);
}
#endif
`,
    'net/ip.c': `static int finish(int hook)
{
	return callee(hook) + 1;
}
int caller(int hook)
{
	return NF_HOOK(hook, finish) + 1;
}
`,
  };
  assert.equal(
    await outer(files, ['callee', 'caller']),
    'one-call-site net/ip.c:7 via finish:3 < NF_HOOK:4|include/linux/netfilter.h:9',
  );
});

test('of each definition of a name all calls are named', async () => {
  const body = '\tcheck(p);\n\tcallee(p);\n\tif (late)\n\t\tcallee(p);\n';
  const files = {
    'mm/a.c': `#ifdef CONFIG_DEBUG_VM
static bool prepare(int p)
{
${body}}
#else
static bool prepare(int p)
{
${body}}
#endif
`,
  };
  assert.equal(
    await outer(files, ['callee', 'prepare']),
    'one-of-several mm/a.c:5 or mm/a.c:7 mm/a.c:13 mm/a.c:15',
  );
});

test('definitions and calls made to take time take little', { timeout: 20_000 }, async () => {
  const count = 4000;
  const files = {
    'mm/a.c': [
      'void taker(void *p)\n{\n\tp();\n}\n'.repeat(count),
      'void passed(void)\n{\n\tother();\n}\n'.repeat(count),
      `void caller(void)\n{\n${'\ttaker(passed);\n'.repeat(count)}}\n`,
    ].join(''),
    'mm/b.c': 'void callee(void)\n{\n}\n',
  };
  assert.equal(await outer(files, ['callee', 'caller']), `function-only mm/a.c:${count * 8 + 1}`);
});
