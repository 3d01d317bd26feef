/** What a source file defines, as far as stacks can name it. */

export type DefinitionKind =
  /** A C function with a body. */
  | 'function'
  /** SYSCALL_DEFINEn: the body is that of `__do_sys_NAME`. */
  | 'syscall'
  /** BPF_CALL_n: the body is that of `____NAME`, which is inlined into NAME. */
  | 'wrapped'
  /** TRACE_EVENT and its relatives: every function that they generate has the macro's line. */
  | 'event'
  /** A function that another macro generates: all its code has the line of the macro's use. */
  | 'generated'
  /** A macro with parameters, or one that renames a function. */
  | 'macro'
  /** An assembly entry point. */
  | 'assembly';

export interface Definition {
  /** Source key, see symbolName.ts. */
  readonly key: string;
  readonly kind: DefinitionKind;
  /** Path in the tree. */
  readonly file: string;
  /** 1-based line of the name. */
  readonly line: number;
  /** Byte offsets of the text in braces, of a macro's replacement, or of the assembly until its end. */
  readonly bodyFrom: number;
  readonly bodyTo: number;
  readonly isStatic: boolean;
  /** Marked `inline` or `__always_inline`. */
  readonly isInline: boolean;
  /** Marked `noinline` or with another word that keeps the compiler from inlining it. */
  readonly isNoinline: boolean;
  readonly isWeak: boolean;
  /** Names of the parameters, in order. */
  readonly parameters: readonly string[];
  /** Class of an event, else null. */
  readonly eventClass: string | null;
}
