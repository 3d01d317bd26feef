/**
 * From the name of a symbol, as a stack prints it, to what stands in the source. A source key is a plain
 * identifier, or an identifier behind one of these prefixes for what a macro generates:
 *
 * - `syscall:NAME` SYSCALL_DEFINEn(NAME, …); `syscall:compat_NAME` COMPAT_SYSCALL_DEFINEn(NAME, …)
 * - `event:NAME` TRACE_EVENT, DEFINE_EVENT, DECLARE_TRACE; `class:NAME` TRACE_EVENT, DECLARE_EVENT_CLASS
 * - `guard:NAME` DEFINE_GUARD, DEFINE_CLASS, DEFINE_FREE: called where guard(NAME) or __free(NAME) stands
 * - `idtentry:NAME` DECLARE_IDTENTRY*(vector, NAME), the assembly entry asm_NAME of x86
 */
export interface SourceName {
  /** The symbol without compiler suffixes. */
  readonly base: string;
  /** Source keys that can define it, best first. */
  readonly keys: readonly string[];
  /**
   * Functions that the defining macro puts between the symbol and the text in braces, innermost first:
   * the body of `__x64_sys_clone` is that of `__do_sys_clone`, inlined into `__se_sys_clone`.
   */
  readonly wrapped: readonly string[];
}

/**
 * Suffixes that compilers add to a clone or a part of a function: GCC (.isra.0 .constprop.0 .part.0 .cold
 * .lto_priv.0), Clang (.llvm.123 .__uniq.123), and the number of a local static.
 */
const SUFFIX = /\.(?:isra|constprop|part|cold|lto_priv|llvm|__uniq|clone|specialized|\d+)(?:\.|$).*/;

/** Prefix of the padding before a function (CONFIG_PREFIX_SYMBOLS, kernel 6.2 and later). */
const PADDING_PREFIX = '__pfx_';

/** include/linux/syscalls.h and the syscall_wrapper.h of the architectures; SyS_ and SYSC_ are of kernels before 4.17. */
const SYSCALL = /^(?:__(x64|ia32|x32|arm64|riscv|s390x?|powerpc|loongarch|do|se)_)?(compat_)?sys_(\w+)$/;
const OLD_SYSCALL = /^(?:(compat_)SyS|SyS|(compat_)SYSC|SYSC|C_SYSC)_(\w+)$/;

/** include/trace/trace_events.h, perf.h, bpf_probe.h: what is generated once for each class. */
const CLASS_FUNCTION =
  /^(?:do_)?(?:trace_event_raw_event|perf_trace|__bpf_trace|trace_event_get_offsets|trace_raw_output|trace_custom_raw_event)_(\w+)$/;
/** include/linux/tracepoint.h: what is generated once for each event. */
const EVENT_FUNCTION = /^(?:__traceiter|__probestub|__do_trace|trace|trace_raw_output)_(\w+?)(?:_rcuidle)?$/;

/** False for bare addresses and for what tracers print instead of a name, such as `[unknown/kretprobe'd]`. */
export function isSymbolName(name: string): boolean {
  return /^[A-Za-z_][\w$.]*$/.test(name);
}

export function stripSuffixes(symbol: string): string {
  const name = symbol.startsWith(PADDING_PREFIX) ? symbol.slice(PADDING_PREFIX.length) : symbol;
  const base = name.replace(SUFFIX, '');
  return base === '' ? name : base;
}

export function sourceName(symbol: string): SourceName {
  const base = stripSuffixes(symbol);
  const keys = [base];
  let wrapped: string[] = [];

  const syscall = SYSCALL.exec(base);
  if (syscall) {
    const [, prefix, compat = '', name = ''] = syscall;
    keys.push(`syscall:${compat}${name}`);
    const body = `__do_${compat}sys_${name}`;
    if (prefix === 'se') wrapped = [body];
    else if (prefix !== undefined && prefix !== 'do') wrapped = [body, `__se_${compat}sys_${name}`];
  }
  const old = OLD_SYSCALL.exec(base);
  if (old) {
    const compat = old[1] ?? old[2] ?? (base.startsWith('C_') ? 'compat_' : '');
    keys.push(`syscall:${compat}${old[3] ?? ''}`);
  }
  const ofClass = CLASS_FUNCTION.exec(base);
  if (ofClass) keys.push(`class:${ofClass[1] ?? ''}`);
  const ofEvent = EVENT_FUNCTION.exec(base);
  if (ofEvent) keys.push(`event:${ofEvent[1] ?? ''}`);
  if (base.startsWith('asm_')) keys.push(`idtentry:${base.slice('asm_'.length)}`);
  return { base, keys, wrapped };
}
