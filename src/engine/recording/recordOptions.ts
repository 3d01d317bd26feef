/** What a recording of page references is asked for, and what the kernels offer for it. */
import type { PfnRange } from '../../holders/model';

/** What writes the recording: the shell alone into tracefs' own buffer, or trace-cmd, which reads it all the while. */
export type Writer = 'tracefs' | 'trace-cmd';

/** Which events tell of references. */
export type EventSource = 'auto' | 'page_ref' | 'page_pin_owner' | 'page_pinner';

/** How each event gets its stack. */
type StackBy = 'option' | 'trigger';

export type RecordedPages =
  | { readonly kind: 'all' }
  /** Its PFNs are looked up on the target, in debugfs. */
  | { readonly kind: 'cma-area'; readonly name: string }
  | { readonly kind: 'pfns'; readonly range: PfnRange };

export interface RecordOptions {
  readonly writer: Writer;
  readonly events: EventSource;
  readonly pages: RecordedPages;
  /** Migrate reason of the reports of page_pin_owner, or null for all. */
  readonly reason: string | null;
  /** For the first page_pinner files of Android: only pins longer than this, in µs; null leaves it as it is. */
  readonly thresholdUs: number | null;
  /** Of each CPU, in KiB. */
  readonly bufferKb: number;
  /** A name in `trace_clock`. */
  readonly clock: string;
  readonly stack: StackBy;
  /** Whether page_owner and kallsyms are copied at the end. */
  readonly pageOwner: boolean;
  readonly kallsyms: boolean;
  /** How long it records where no command is given; null: until it is told to end. */
  readonly seconds: number | null;
}

/** `global` is in order across CPUs, which counts need, and comparable with the times of page_owner. */
export const DEFAULT_RECORDING: RecordOptions = {
  writer: 'tracefs',
  events: 'auto',
  pages: { kind: 'all' },
  reason: null,
  thresholdUs: null,
  bufferKb: 16_384,
  clock: 'global',
  stack: 'option',
  pageOwner: true,
  kallsyms: true,
  seconds: null,
};

/** What each answers, and what the kernel needs for it. */
export const EVENT_SOURCES: Readonly<Record<EventSource, string>> = {
  auto: 'The script finds out what the kernel has, says it, and takes the best',
  page_ref: 'Every get and put (CONFIG_DEBUG_PAGE_REF): the full answer, many events',
  page_pin_owner: 'The RFC (page_pin_owner=on): the puts after failed migrations, few events',
  page_pinner: 'The first RFC, or files of Android (page_pinner=on): such puts as well',
};

export const WRITERS: Readonly<Record<Writer, string>> = {
  tracefs: 'Needs only a POSIX shell; keeps the newest events that fit the buffer',
  'trace-cmd': 'Writes trace.dat while it records, so that more is kept than fits the buffer',
};

export const STACK_BY: Readonly<Record<StackBy, string>> = {
  option: 'options/stacktrace: a stack after every recorded event',
  trigger: 'a stacktrace trigger for the events of pages alone: more of them fit the buffer',
};

/**
 * Names of kernel/trace/trace.c's trace_clocks, and behind them what architectures add (ARCH_TRACE_CLOCKS). The script
 * looks whether the kernel has the one that is asked for.
 */
export const TRACE_CLOCKS: readonly string[] = [
  'local',
  'global',
  'counter',
  'uptime',
  'perf',
  'mono',
  'mono_raw',
  'boot',
  'tai',
  'x86-tsc',
  'ppc-tb',
];
