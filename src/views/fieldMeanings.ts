/** What fields of events mean: flags, migratetypes, reasons, errors, and the numbers of page_ref events. */
import { errorText } from '../engine/wording';
import type { EnumValue } from './kernelEnums';

/** A field of an event where it stands in a line. */
export interface FieldOnLine {
  readonly key: string;
  readonly value: string;
  /** The one of several values joined by | that is meant; else the value. */
  readonly part: string;
  /** Columns of the part. */
  readonly start: number;
  readonly end: number;
}

/** Enumerations of the kernel, by number. */
export interface KernelWords {
  readonly pageFlags: ReadonlyMap<number, EnumValue>;
  readonly migratetypes: ReadonlyMap<number, EnumValue>;
  readonly migrateReasons: ReadonlyMap<number, EnumValue>;
  /** Of which kernel they are, and what is not known of it. */
  readonly source: string;
}

export interface Meaning {
  readonly title: string;
  readonly lines: readonly string[];
}

/** From the beginning of a word: else each letter of a long one without `=` would be tried. */
const FIELD = /\b([A-Za-z_]\w*)=(\S*)/g;
const PFN_KEYS = new Set(['pfn', 'start_pfn', 'end_pfn', 'fin_pfn', 'head_pfn']);

/** The field whose name or value is at a column, or null. */
export function fieldAt(text: string, column: number): FieldOnLine | null {
  for (const match of text.matchAll(FIELD)) {
    const [whole, key = '', value = ''] = match;
    const end = match.index + whole.length;
    if (column < match.index || column > end) continue;
    const from = match.index + key.length + 1;
    if (column < from) return { key, value, part: value, start: match.index, end };
    const before = value.lastIndexOf('|', column - from - 1) + 1;
    const behind = value.indexOf('|', Math.max(before, column - from));
    const part = value.slice(before, behind < 0 ? undefined : behind);
    return { key, value, part, start: from + before, end: from + before + part.length };
  }
  return null;
}

/** A PFN at a column, with its place; as a field, or `pfn 0x12fe8:` of memory_failure_event. */
export function pfnAt(text: string, column: number): { pfn: number; start: number; end: number } | null {
  const field = fieldAt(text, column);
  if (field !== null) {
    const pfn = PFN_KEYS.has(field.key) ? pfnOf(field.value) : null;
    return pfn === null ? null : { pfn, start: field.start, end: field.end };
  }
  const named = /\b(?:pfn|PFN) (0x[0-9a-f]+|\d+)\b/.exec(text);
  if (named === null || column < named.index || column > named.index + named[0].length) return null;
  const pfn = pfnOf(named[1]!);
  return pfn === null ? null : { pfn, start: named.index, end: named.index + named[0].length };
}

/** Some kernels print it in decimal, others with 0x (mm_page_free_batched, cma_release). */
function pfnOf(text: string): number | null {
  return /^(?:0x[0-9a-f]{1,13}|\d{1,15})$/.test(text) ? Number(text) : null;
}

/** What a field says, or null when it speaks for itself. @param text the line */
export function fieldMeaning(text: string, field: FieldOnLine, words: KernelWords): Meaning | null {
  const { key, value } = field;
  switch (key) {
    case 'flags':
      return /\bpfn=/.test(text) ? pageFlagsMeaning(field, words) : null;
    case 'gfp_flags':
      return gfpMeaning(field);
    case 'mt':
    case 'migratetype':
      return migratetypeMeaning(value, words);
    case 'reason':
      return reasonMeaning(value, words);
    case 'mode':
      return modeMeaning(value);
    case 'err':
    case 'errorno':
    case 'error':
      return errorMeaning(value);
    default:
      return /\bpage_(?:ref|pin)/.test(text) ? countMeaning(text, key, value) : null;
  }
}

const PAGE_FLAGS: Readonly<Record<string, string>> = {
  locked: 'PG_locked: its lock is held, by I/O, truncation or migration',
  referenced: 'PG_referenced: used since reclaim last looked',
  uptodate: 'PG_uptodate: its contents are valid',
  dirty: 'PG_dirty: to be written back',
  lru: 'PG_lru: on an LRU list, where migration can isolate it',
  active: 'PG_active: on the active LRU list',
  workingset: 'PG_workingset: part of the working set when it was last evicted',
  waiters: 'PG_waiters: tasks wait for it',
  error: 'PG_error: an I/O on it failed',
  slab: 'PG_slab: of a slab cache; it cannot be migrated',
  owner_priv_1: 'PG_owner_priv_1: PG_swapcache on swap-backed pages, PG_checked of some filesystems',
  owner_2: 'PG_owner_2: private to the owner, such as PG_anon_exclusive',
  swapcache: 'PG_swapcache: in the swap cache, which holds a reference on it',
  arch_1: 'PG_arch_1: of the architecture',
  arch_2: 'PG_arch_2: of the architecture',
  arch_3: 'PG_arch_3: of the architecture',
  reserved: 'PG_reserved: not managed by the allocator',
  private: 'PG_private: a filesystem keeps data with it (buffer heads), which holds a reference on it',
  private_2: 'PG_private_2: further data of a filesystem, such as a write to the cache in flight',
  writeback: 'PG_writeback: being written back; asynchronous migration does not wait for it',
  head: 'PG_head: the first page of a compound page, whose count is that of the folio',
  mappedtodisk: 'PG_mappedtodisk: its blocks on disk are known',
  reclaim: 'PG_reclaim: to be reclaimed as soon as it is written; PG_readahead of pages being read',
  swapbacked: 'PG_swapbacked: anonymous or shmem',
  unevictable: 'PG_unevictable: on the unevictable list, such as mlocked memory',
  mlocked: 'PG_mlocked: locked into memory by mlock',
  uncached: 'PG_uncached: mapped uncached',
  hwpoison: 'PG_hwpoison: broken memory',
  young: 'PG_young: of idle page tracking',
  idle: 'PG_idle: of idle page tracking',
};

function pageFlagsMeaning({ value, part }: FieldOnLine, words: KernelWords): Meaning | null {
  const asked = part === value ? value.split('|') : [part];
  if (asked[0] === 'none' || asked[0] === '') return null;
  const doubts = new Set<string>();
  const isNumber = asked.some((flag) => flag.startsWith('0x'));
  const lines = asked.flatMap((flag) => {
    if (!flag.startsWith('0x')) return [flagLine(flag)];
    return [...flagsOf(flag, words.pageFlags)].map(([bit, known]) => {
      for (const option of known?.dependsOn ?? []) doubts.add(option);
      return known === null ? `bit ${bit}: not known` : flagLine(known.name.replace(/^PG_/, ''));
    });
  });
  if (isNumber) lines.push(`Numbers of the flags ${words.source}.${doubtText(doubts)}`);
  return { title: asked.length > 1 || isNumber ? 'Page flags' : `Page flag ${asked[0]}`, lines };
}

function flagLine(name: string): string {
  return PAGE_FLAGS[name] ?? `PG_${name}`;
}

/** Bits that name flags; the node, zone and section above them are left out. */
function* flagsOf(
  hex: string,
  names: KernelWords['pageFlags'],
): Generator<readonly [bit: number, value: EnumValue | null]> {
  if (!/^0x[0-9a-f]{1,16}$/.test(hex)) return;
  const flags = BigInt(hex);
  const count = Math.max(...names.keys(), -1) + 1;
  for (let bit = 0; bit < count; bit++) {
    const known = names.get(bit);
    if ((flags >> BigInt(bit)) & 1n && known?.name !== '__NR_PAGEFLAGS') yield [bit, known ?? null];
  }
}

function doubtText(options: ReadonlySet<string>): string {
  return options.size === 0 ? '' : ` Depends on ${[...options].join(', ')}, taken as set.`;
}

/** include/linux/gfp_types.h, in few words. */
const GFP_FLAGS: Readonly<Record<string, string>> = {
  GFP_ATOMIC: 'must not sleep; may use the reserves',
  GFP_KERNEL: 'for the kernel itself; may reclaim, do I/O and call filesystems',
  GFP_KERNEL_ACCOUNT: 'GFP_KERNEL, charged to the memory cgroup',
  GFP_NOWAIT: 'must not sleep; wakes kswapd',
  GFP_NOIO: 'may reclaim, but start no I/O',
  GFP_NOFS: 'may reclaim and do I/O, but not call filesystems',
  GFP_USER: 'for user space, and for the kernel or a device to access directly',
  GFP_DMA: 'from the lowest zone',
  GFP_DMA32: 'with a 32-bit address',
  GFP_HIGHUSER: 'for user space; cannot move once it is used',
  GFP_HIGHUSER_MOVABLE: 'for user space; can be moved and reclaimed, and may come from CMA areas',
  GFP_TRANSHUGE: 'a transparent huge page; may compact',
  GFP_TRANSHUGE_LIGHT: 'a transparent huge page; neither reclaims nor compacts',
  __GFP_MOVABLE: 'can be moved by migration; may come from CMA areas',
  __GFP_CMA: 'may come from CMA areas',
  __GFP_RECLAIMABLE: 'a slab that shrinkers can free',
  __GFP_WRITE: 'will be dirtied',
  __GFP_HARDWALL: 'within the cpuset of the task',
  __GFP_THISNODE: 'from the node that is asked for only',
  __GFP_ACCOUNT: 'charged to the memory cgroup',
  __GFP_HIGH: 'high priority; may use reserves',
  __GFP_ATOMIC: 'cannot sleep, high priority',
  __GFP_MEMALLOC: 'may use all memory: it will free more',
  __GFP_NOMEMALLOC: 'must not use the reserves',
  __GFP_IO: 'may start I/O',
  __GFP_FS: 'may call filesystems',
  __GFP_HIGHMEM: 'may be highmem',
  __GFP_DIRECT_RECLAIM: 'may reclaim by itself',
  __GFP_KSWAPD_RECLAIM: 'wakes kswapd',
  __GFP_RECLAIM: 'may reclaim by itself, and wakes kswapd',
  __GFP_NORETRY: 'gives up after little reclaim',
  __GFP_RETRY_MAYFAIL: 'tries hard, but may fail',
  __GFP_NOFAIL: 'never fails',
  __GFP_NOWARN: 'fails without a message',
  __GFP_COMP: 'a compound page: its tail pages have no refcount of their own',
  __GFP_ZERO: 'filled with zeros',
  __GFP_ZEROTAGS: 'memory tags filled with zeros',
  __GFP_SKIP_ZERO: 'not filled with zeros',
  __GFP_SKIP_KASAN: 'not tagged by KASAN',
  __GFP_SKIP_KASAN_POISON: 'not poisoned by KASAN when it is freed',
  __GFP_SKIP_KASAN_UNPOISON: 'not unpoisoned by KASAN when it is allocated',
};

function gfpMeaning({ value, part }: FieldOnLine): Meaning | null {
  const asked = part === value ? value.split('|') : [part];
  const lines = asked.flatMap((flag) => {
    const known = GFP_FLAGS[flag];
    return known === undefined ? [] : [`${flag}: ${known}`];
  });
  return lines.length === 0 ? null : { title: 'Allocation flags', lines };
}

const MIGRATETYPES: Readonly<Record<string, string>> = {
  MIGRATE_UNMOVABLE: 'Unmovable: kernel memory, which cannot be moved',
  MIGRATE_MOVABLE: 'Movable: user memory and page cache',
  MIGRATE_RECLAIMABLE: 'Reclaimable: kernel caches that shrinkers can free',
  MIGRATE_HIGHATOMIC: 'HighAtomic: reserved for atomic allocations of higher orders',
  MIGRATE_PCPTYPES: 'HighAtomic: reserved for atomic allocations of higher orders',
  MIGRATE_CMA: 'CMA: of a contiguous memory area; only movable pages may use it in the meantime',
  MIGRATE_ISOLATE: 'Isolate: an allocation or an offlining is emptying the pageblock',
};

function migratetypeMeaning(value: string, { migratetypes, source }: KernelWords): Meaning | null {
  const known = /^\d+$/.test(value) ? migratetypes.get(Number(value)) : undefined;
  const text = known === undefined ? undefined : MIGRATETYPES[known.name];
  if (known === undefined || text === undefined) return null;
  const doubt = doubtText(new Set(known.dependsOn));
  return { title: `Migratetype ${value}`, lines: [text, `Numbers ${source}.${doubt}`] };
}

const REASONS: Readonly<Record<string, string>> = {
  compaction: 'making free pages contiguous',
  memory_failure: 'moving a page off memory that is about to fail (soft offline)',
  memory_hotplug: 'offlining memory',
  syscall_or_cpuset: 'move_pages or migrate_pages of a task, or a cpuset',
  mempolicy_mbind: 'mbind',
  numa_misplaced: 'NUMA balancing: nearer to the task that uses it',
  contig_range: 'a contiguous allocation: CMA, or huge pages at run time',
  cma: 'a contiguous allocation: CMA, or huge pages at run time',
  longterm_pin: 'out of CMA and ZONE_MOVABLE before it is pinned for long',
  demotion: 'to slower memory, in place of reclaim',
  damon: 'by a DAMON scheme',
};
/** Names that the events print for the enumeration (include/trace/events/migrate.h). */
const REASON_NAMES: Readonly<Record<string, string>> = {
  MR_COMPACTION: 'compaction',
  MR_MEMORY_FAILURE: 'memory_failure',
  MR_MEMORY_HOTPLUG: 'memory_hotplug',
  MR_SYSCALL: 'syscall_or_cpuset',
  MR_MEMPOLICY_MBIND: 'mempolicy_mbind',
  MR_NUMA_MISPLACED: 'numa_misplaced',
  MR_CONTIG_RANGE: 'contig_range',
  MR_LONGTERM_PIN: 'longterm_pin',
  MR_DEMOTION: 'demotion',
  MR_DAMON: 'damon',
};

function reasonMeaning(value: string, { migrateReasons, source }: KernelWords): Meaning | null {
  const named = REASONS[value];
  if (named !== undefined) return { title: `Migrate reason ${value}`, lines: [named] };
  if (/^(?:0x)?[0-9a-f]{16}$/.test(value)) {
    const lines = [
      'An address of the kernel: the program that wrote this text could not read the name there.',
    ];
    return { title: 'Migrate reason', lines };
  }
  const known = /^\d{1,2}$/.test(value) ? migrateReasons.get(Number(value)) : undefined;
  const name = known === undefined ? undefined : REASON_NAMES[known.name];
  if (name === undefined) return null;
  return { title: `Migrate reason ${value}`, lines: [`${name}: ${REASONS[name]!}`, `Numbers ${source}.`] };
}

const MODES: Readonly<Record<string, string>> = {
  MIGRATE_ASYNC: 'never blocks: a page that is locked or under writeback is passed over',
  MIGRATE_SYNC_LIGHT: 'blocks, but does not wait for writeback',
  MIGRATE_SYNC: 'blocks, and waits for writeback',
  MIGRATE_SYNC_NO_COPY: 'blocks; a device copies the page',
};

function modeMeaning(value: string): Meaning | null {
  const text = MODES[value];
  return text === undefined ? null : { title: `Migrate mode ${value}`, lines: [text] };
}

/** What migrate_pages, alloc_contig_range and soft offline mean by it (mm/migrate.c, mm/page_alloc.c). */
const ERRORS: Readonly<Record<string, string>> = {
  '-EAGAIN': 'more references than migration expects, or its lock or buffers were in use: it is tried again',
  '-EBUSY': 'still in use when all tries were over, or it could not be isolated',
  '-ENOMEM': 'no page to move it to, or no memory for the attempt',
  '-EINTR': 'the task has a signal to end',
  '-ENOSYS': 'migration of such a page is not supported',
  '-ENOENT': 'it is not there any more',
  '-EINVAL': 'such a page or range cannot be moved',
  '-EFAULT': 'no such address',
  '-EIO': 'it could not be moved, or an I/O failed',
  '-EPERM': 'not permitted',
};

function errorMeaning(value: string): Meaning | null {
  if (!/^-?\d{1,4}$/.test(value)) return null;
  const error = Number(value);
  if (error === 0) return { title: 'Error 0', lines: ['no error'] };
  const name = errorText(-Math.abs(error));
  const text = ERRORS[name];
  return text === undefined ? null : { title: `Error ${value}: ${name}`, lines: [text] };
}

/** include/trace/events/page_ref.h and include/linux/page_ref.h. */
function countMeaning(text: string, key: string, value: string): Meaning | null {
  const event = /\b(page_ref_\w+|page_pin_owner_put|page_pinner_\w+|report_page_pinners):/.exec(text)?.[1];
  if (event === undefined) return null;
  switch (key) {
    case 'count':
      return {
        title: `Refcount ${value}`,
        lines: [
          'Read behind the operation and without a lock: on a busy page it may be that of another CPU.',
        ],
      };
    case 'mapcount':
      return {
        title: `Mapcount ${value}`,
        lines: ['How many page tables map it. Some kernels print _mapcount itself, which is one less.'],
      };
    case 'val':
      return valMeaning(event, value);
    case 'ret':
      return retMeaning(event, value);
    default:
      return null;
  }
}

function valMeaning(event: string, value: string): Meaning | null {
  const title = `Operand ${value}`;
  if (event === 'page_ref_freeze') return { title, lines: ['The refcount that the caller expected.'] };
  if (event === 'page_ref_set' || event === 'page_ref_unfreeze') {
    return { title, lines: ['The refcount is set to it.'] };
  }
  if (!event.startsWith('page_ref_')) return null;
  const isPin = /^-?10(?:23|24)$/.test(value);
  const lines = ['Added to the refcount.', ...(isPin ? ['GUP_PIN_COUNTING_BIAS is 1024: a FOLL_PIN.'] : [])];
  return { title, lines };
}

function retMeaning(event: string, value: string): Meaning | null {
  const title = `Result ${value}`;
  switch (event) {
    case 'page_ref_mod_and_test':
      return {
        title,
        lines: [value === '1' ? 'The refcount became 0: the page is freed.' : 'Others remain.'],
      };
    case 'page_ref_mod_and_return':
      return { title, lines: ['The new refcount.'] };
    case 'page_ref_mod_unless':
      return {
        title,
        lines: [value === '1' ? 'The reference was taken.' : 'Not taken: the refcount was 0.'],
      };
    case 'page_ref_freeze':
      return {
        title,
        lines: [
          value === '1'
            ? 'The refcount was as expected, and is 0 until it is unfrozen.'
            : 'The refcount was not as expected: count less val is the number of references too many.',
        ],
      };
    default:
      return null;
  }
}
