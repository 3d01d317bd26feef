import { stripCompilerSuffix } from './frameFacts';

/** What the macros of include/linux/syscalls.h and of architectures' syscall_wrapper.h put before a system call. */
const SYSTEM_CALL_PREFIX =
  /^(?:__(?:do|se|x64|ia32|x32|arm64|riscv|s390x?|powerpc|loongarch)_(?:compat_)?sys_|ksys_)/;

/** What people call the function of a symbol: `vmsplice` for `__do_sys_vmsplice`, and no copy of a compiler's. */
export function calledName(symbol: string): string {
  return stripCompilerSuffix(symbol).replace(SYSTEM_CALL_PREFIX, '');
}
