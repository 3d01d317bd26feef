/** Which architecture made a capture, told by symbols that only one has; and what of an index is of it. */
import type { SourceIndex } from './indexData';

const SIGNS: readonly (readonly [architecture: string, sign: RegExp])[] = [
  [
    'x86',
    /^(?:__x64_|__ia32_|asm_(?:exc|sysvec|common_interrupt)|entry_SYSCALL|do_syscall_64$|secondary_startup_64)/,
  ],
  ['arm64', /^(?:__arm64_|el[01]t?_|el[01]h?_|invoke_syscall$|do_el0_svc$|__primary_switched$)/],
  ['riscv', /^(?:__riscv_|do_trap_ecall|ret_from_syscall_rejected$)/],
  ['s390', /^(?:__s390x?_|pgm_check_handler$)/],
  [
    'powerpc',
    /^(?:__powerpc_|system_call_exception$|system_call_(?:vectored_)?common|ret_from_kernel_user_thread$)/,
  ],
  ['loongarch', /^(?:__loongarch_|handle_syscall$)/],
  ['arm', /^(?:ret_fast_syscall$|__dabt_usr$|vector_swi$|do_DataAbort$|__irq_svc$)/],
  ['mips', /^(?:handle_sys(?:64)?$|syscall_common$|handle_tlb[lms]$)/],
];

/** The name of a folder below arch/, or null when the symbols do not say. */
export function guessArchitecture(symbols: Iterable<string>): string | null {
  for (const symbol of symbols) {
    for (const [architecture, sign] of SIGNS) {
      if (sign.test(symbol)) return architecture;
    }
  }
  return null;
}

/** Entries of 32-bit x86 kernels; every other machine that this is asked of has 64 bits. */
export function guessWordSize(symbols: readonly string[]): 32 | 64 {
  return symbols.some((symbol) => /^(?:entry_INT80_32|entry_SYSENTER_32)$/.test(symbol)) &&
    !symbols.includes('do_syscall_64')
    ? 32
    : 64;
}

/** The folder below arch/ that a file is in; undefined for code of all architectures. */
export function archFolder(path: string): string | undefined {
  return /^arch\/([^/]+)\//.exec(path)?.[1];
}

/** What code of one architecture can be: an index of all of them without the files of the others. */
export function ofArchitecture(index: SourceIndex, architecture: string | null): SourceIndex {
  if (architecture === null || index.architecture !== null) return index;
  const isOther = index.files.map(({ path }) => {
    const folder = archFolder(path);
    // arch/x86/um is the other half of arch/um.
    return folder !== undefined && (folder !== architecture || path.startsWith(`arch/${architecture}/um/`));
  });
  return {
    ...index,
    architecture,
    definitions: index.definitions.map(([key, places]) => [key, places.filter(({ file }) => !isOther[file])]),
    headers: index.headers.map(([name, files]) => [name, files.filter((file) => !isOther[file])]),
  };
}
