/**
 * What fields of events mean: flags, migratetypes, reasons, errors, and the numbers of page_ref events. Translated by
 * @vscode/l10n rather than the editor: nothing else here needs one.
 */
import * as l10n from '@vscode/l10n';
import { setsRefcount } from '../engine/pageFacts';
import { errorText } from '../engine/wording';
import type { EnumValue } from './kernelEnums';

/** A field of an event where it stands in a line. */
interface FieldOnLine {
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
    const pfn = PFN_KEYS.has(field.key) ? pfnOf(field.value, CMA_EVENT.test(text)) : null;
    return pfn === null ? null : { pfn, start: field.start, end: field.end };
  }
  const named = /\b(?:pfn|PFN) (0x[0-9a-f]+|\d+)\b/.exec(text);
  if (named === null || column < named.index || column > named.index + named[0].length) return null;
  const pfn = pfnOf(named[1]!, false);
  return pfn === null ? null : { pfn, start: named.index, end: named.index + named[0].length };
}

/** These print %lx without 0x up to 5.x (include/trace/events/cma.h). */
const CMA_EVENT = /\bcma_\w+:/;

/** Others print bare digits in decimal, until 53d884a6675b gave all of them 0x; what reads traces goes by the same. */
function pfnOf(text: string, isOfCma: boolean): number | null {
  if (!isOfCma && /^\d{1,15}$/.test(text)) return Number(text);
  const digits = /^(?:0x)?([0-9a-f]{1,13})$/.exec(text)?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 16);
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
      return countMeaning(text, key, value);
  }
}

const PAGE_FLAGS: Readonly<Record<string, string>> = {
  locked: l10n.t('PG_locked: its lock is held, by I/O, truncation or migration'),
  referenced: l10n.t('PG_referenced: used since reclaim last looked'),
  uptodate: l10n.t('PG_uptodate: its contents are valid'),
  dirty: l10n.t('PG_dirty: to be written back'),
  lru: l10n.t('PG_lru: on an LRU list, where migration can isolate it'),
  active: l10n.t('PG_active: on the active LRU list'),
  workingset: l10n.t('PG_workingset: part of the working set when it was last evicted'),
  waiters: l10n.t('PG_waiters: tasks wait for it'),
  error: l10n.t('PG_error: an I/O on it failed, or memory_failure() found it dirty'),
  slab: l10n.t('PG_slab: of a slab cache; it cannot be migrated'),
  owner_priv_1: l10n.t('PG_owner_priv_1: PG_swapcache on swap-backed pages, PG_checked of some filesystems'),
  owner_2: l10n.t('PG_owner_2: private to the owner, such as PG_anon_exclusive'),
  swapcache: l10n.t('PG_swapcache: in the swap cache, which holds a reference on it'),
  arch_1: l10n.t('PG_arch_1: of the architecture'),
  arch_2: l10n.t('PG_arch_2: of the architecture'),
  arch_3: l10n.t('PG_arch_3: of the architecture'),
  reserved: l10n.t('PG_reserved: not managed by the allocator'),
  private: l10n.t(
    'PG_private: a filesystem keeps data with it (buffer heads), which holds a reference on it',
  ),
  private_2: l10n.t('PG_private_2: further data of a filesystem, such as a write to the cache in flight'),
  writeback: l10n.t('PG_writeback: being written back; asynchronous migration does not wait for it'),
  head: l10n.t('PG_head: the first page of a compound page, whose count is that of the folio'),
  mappedtodisk: l10n.t(
    'PG_mappedtodisk: its blocks on disk are known; of an anonymous page, since Linux 5.19, PG_anon_exclusive: of one process alone',
  ),
  reclaim: l10n.t('PG_reclaim: to be reclaimed as soon as it is written; PG_readahead of pages being read'),
  swapbacked: l10n.t('PG_swapbacked: anonymous or shmem'),
  unevictable: l10n.t('PG_unevictable: on the unevictable list, such as mlocked memory'),
  mlocked: l10n.t('PG_mlocked: locked into memory by mlock'),
  uncached: l10n.t('PG_uncached: mapped uncached'),
  hwpoison: l10n.t('PG_hwpoison: broken memory'),
  young: l10n.t('PG_young: of idle page tracking'),
  idle: l10n.t('PG_idle: of idle page tracking'),
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
      return known === null ? l10n.t('bit {0}: not known', bit) : flagLine(known.name.replace(/^PG_/, ''));
    });
  });
  if (isNumber) {
    const numbers = l10n.t({
      message: 'Numbers of the flags {0}.',
      args: [words.source],
      comment: ['{0} is such as: of the open kernel tree'],
    });
    lines.push(numbers + doubtText(doubts));
  }
  return {
    title: asked.length > 1 || isNumber ? l10n.t('Page flags') : l10n.t('Page flag {0}', asked[0]!),
    lines,
  };
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

function numbersText(source: string): string {
  return l10n.t({
    message: 'Numbers {0}.',
    args: [source],
    comment: ['Of a migratetype or reason. {0} is such as: of the open kernel tree'],
  });
}

function doubtText(options: ReadonlySet<string>): string {
  return options.size === 0 ? '' : ` ${l10n.t('Depends on {0}, taken as set.', [...options].join(', '))}`;
}

/** include/linux/gfp_types.h, in few words. */
const GFP_FLAGS: Readonly<Record<string, string>> = {
  GFP_ATOMIC: l10n.t('must not sleep; may use the reserves'),
  GFP_KERNEL: l10n.t('for the kernel itself; may reclaim, do I/O and call filesystems'),
  GFP_KERNEL_ACCOUNT: l10n.t('GFP_KERNEL, charged to the memory cgroup'),
  GFP_NOWAIT: l10n.t('must not sleep; wakes kswapd'),
  GFP_NOIO: l10n.t('may reclaim, but start no I/O'),
  GFP_NOFS: l10n.t('may reclaim and do I/O, but not call filesystems'),
  GFP_USER: l10n.t('for user space, and for the kernel or a device to access directly'),
  GFP_DMA: l10n.t('from the lowest zone'),
  GFP_DMA32: l10n.t('with a 32-bit address'),
  GFP_HIGHUSER: l10n.t('for user space; cannot move once it is used'),
  GFP_HIGHUSER_MOVABLE: l10n.t('for user space; can be moved and reclaimed, and may come from CMA areas'),
  GFP_TRANSHUGE: l10n.t('a transparent huge page; may compact'),
  GFP_TRANSHUGE_LIGHT: l10n.t('a transparent huge page; neither reclaims nor compacts'),
  __GFP_MOVABLE: l10n.t('can be moved by migration; may come from CMA areas'),
  __GFP_CMA: l10n.t('may come from CMA areas'),
  __GFP_RECLAIMABLE: l10n.t('a slab that shrinkers can free'),
  __GFP_WRITE: l10n.t('will be dirtied'),
  __GFP_HARDWALL: l10n.t('within the cpuset of the task'),
  __GFP_THISNODE: l10n.t('from the node that is asked for only'),
  __GFP_ACCOUNT: l10n.t('charged to the memory cgroup'),
  __GFP_HIGH: l10n.t('high priority; may use reserves'),
  __GFP_ATOMIC: l10n.t('cannot sleep, high priority'),
  __GFP_MEMALLOC: l10n.t('may use all memory: it will free more'),
  __GFP_NOMEMALLOC: l10n.t('must not use the reserves'),
  __GFP_IO: l10n.t('may start I/O'),
  __GFP_FS: l10n.t('may call filesystems'),
  __GFP_HIGHMEM: l10n.t('may be highmem'),
  __GFP_DIRECT_RECLAIM: l10n.t('may reclaim by itself'),
  __GFP_KSWAPD_RECLAIM: l10n.t('wakes kswapd'),
  __GFP_RECLAIM: l10n.t('may reclaim by itself, and wakes kswapd'),
  __GFP_NORETRY: l10n.t('gives up after little reclaim'),
  __GFP_RETRY_MAYFAIL: l10n.t('tries hard, but may fail'),
  __GFP_NOFAIL: l10n.t('never fails'),
  __GFP_NOWARN: l10n.t('fails without a message'),
  __GFP_COMP: l10n.t(
    'a compound page where the order is above 0: its tail pages have no refcount of their own',
  ),
  __GFP_ZERO: l10n.t('filled with zeros'),
  __GFP_ZEROTAGS: l10n.t('memory tags filled with zeros'),
  __GFP_SKIP_ZERO: l10n.t('not filled with zeros'),
  __GFP_SKIP_KASAN: l10n.t('not tagged by KASAN'),
  __GFP_SKIP_KASAN_POISON: l10n.t('not poisoned by KASAN when it is freed'),
  __GFP_SKIP_KASAN_UNPOISON: l10n.t('not unpoisoned by KASAN when it is allocated'),
};

function gfpMeaning({ value, part }: FieldOnLine): Meaning | null {
  const asked = part === value ? value.split('|') : [part];
  const lines = asked.flatMap((flag) => {
    const known = GFP_FLAGS[flag];
    return known === undefined ? [] : [`${flag}: ${known}`];
  });
  return lines.length === 0 ? null : { title: l10n.t('Allocation flags'), lines };
}

const MIGRATETYPES: Readonly<Record<string, string>> = {
  MIGRATE_UNMOVABLE: l10n.t('Unmovable: kernel memory, which cannot be moved'),
  MIGRATE_MOVABLE: l10n.t('Movable: user memory and page cache'),
  MIGRATE_RECLAIMABLE: l10n.t('Reclaimable: kernel caches that shrinkers can free'),
  MIGRATE_HIGHATOMIC: l10n.t('HighAtomic: reserved for atomic allocations of higher orders'),
  MIGRATE_PCPTYPES: l10n.t('HighAtomic: reserved for atomic allocations of higher orders'),
  MIGRATE_CMA: l10n.t('CMA: of a contiguous memory area; only movable pages may use it in the meantime'),
  MIGRATE_ISOLATE: l10n.t('Isolate: an allocation or an offlining is emptying the pageblock'),
};

function migratetypeMeaning(value: string, { migratetypes, source }: KernelWords): Meaning | null {
  const known = /^\d+$/.test(value) ? migratetypes.get(Number(value)) : undefined;
  const text = known === undefined ? undefined : MIGRATETYPES[known.name];
  if (known === undefined || text === undefined) return null;
  const doubt = doubtText(new Set(known.dependsOn));
  return { title: l10n.t('Migratetype {0}', value), lines: [text, numbersText(source) + doubt] };
}

const REASONS: Readonly<Record<string, string>> = {
  compaction: l10n.t('making free pages contiguous'),
  memory_failure: l10n.t('moving a page off memory that is about to fail (soft offline)'),
  memory_hotplug: l10n.t('offlining memory'),
  syscall_or_cpuset: l10n.t('move_pages or migrate_pages of a task, or a cpuset'),
  mempolicy_mbind: l10n.t('mbind'),
  numa_misplaced: l10n.t('NUMA balancing: nearer to the task that uses it'),
  contig_range: l10n.t('a contiguous allocation: CMA, or huge pages at run time'),
  cma: l10n.t('a contiguous allocation: CMA, or huge pages at run time'),
  longterm_pin: l10n.t('out of CMA and ZONE_MOVABLE before it is pinned for long'),
  demotion: l10n.t('to slower memory, in place of reclaim'),
  damon: l10n.t('by a DAMON scheme'),
};
/** What pages are moved for by that reason; empty for one that is not known. */
export function migrateReasonText(name: string): string {
  return REASONS[name] ?? '';
}

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
  if (named !== undefined) return { title: l10n.t('Migrate reason {0}', value), lines: [named] };
  if (/^(?:0x)?[0-9a-f]{16}$/.test(value)) {
    const lines = [
      l10n.t('An address of the kernel: the program that wrote this text could not read the name there.'),
    ];
    return { title: l10n.t('Migrate reason'), lines };
  }
  const known = /^\d{1,2}$/.test(value) ? migrateReasons.get(Number(value)) : undefined;
  const name = known === undefined ? undefined : REASON_NAMES[known.name];
  if (name === undefined) return null;
  return {
    title: l10n.t('Migrate reason {0}', value),
    lines: [`${name}: ${REASONS[name]!}`, numbersText(source)],
  };
}

const MODES: Readonly<Record<string, string>> = {
  MIGRATE_ASYNC: l10n.t('never blocks: a page that is locked or under writeback is passed over'),
  MIGRATE_SYNC_LIGHT: l10n.t('blocks, but does not wait for writeback'),
  MIGRATE_SYNC: l10n.t('blocks, and waits for writeback'),
  MIGRATE_SYNC_NO_COPY: l10n.t('blocks; a device copies the page'),
};

function modeMeaning(value: string): Meaning | null {
  const text = MODES[value];
  return text === undefined ? null : { title: l10n.t('Migrate mode {0}', value), lines: [text] };
}

/** What migrate_pages, alloc_contig_range and soft offline mean by it (mm/migrate.c, mm/page_alloc.c). */
const ERRORS: Readonly<Record<string, string>> = {
  '-EAGAIN': l10n.t(
    'more references than migration expects, or its lock or buffers were in use: it is tried again',
  ),
  '-EBUSY': l10n.t('still in use when all tries were over, or it could not be isolated'),
  '-ENOMEM': l10n.t('no page to move it to, or no memory for the attempt'),
  '-EINTR': l10n.t('the task has a signal to end'),
  '-ENOSYS': l10n.t('migration of such a page is not supported'),
  '-ENOENT': l10n.t('it is not there any more'),
  '-EINVAL': l10n.t('such a page or range cannot be moved'),
  '-EFAULT': l10n.t('no such address'),
  '-EIO': l10n.t('it could not be moved, or an I/O failed'),
  '-EPERM': l10n.t('not permitted'),
};

function errorMeaning(value: string): Meaning | null {
  if (!/^-?\d{1,4}$/.test(value)) return null;
  const error = Number(value);
  if (error === 0) return { title: l10n.t('Error {0}', '0'), lines: [l10n.t('no error')] };
  const name = errorText(-Math.abs(error));
  const text = ERRORS[name];
  return text === undefined ? null : { title: l10n.t('Error {0}', `${value}: ${name}`), lines: [text] };
}

/** include/trace/events/page_ref.h and include/linux/page_ref.h. */
function countMeaning(text: string, key: string, value: string): Meaning | null {
  const named = /\b(?:(?:page|folio)_(ref_\w+)|page_pin_owner_put|page_pinner_\w+|report_page_pinners):/.exec(
    text,
  );
  if (named === null) return null;
  const event = named[1] ?? '';
  switch (key) {
    case 'count':
      return {
        title: l10n.t('Refcount {0}', value),
        lines: [
          l10n.t(
            'Read after the operation and without a lock: on a busy page it may already include what another CPU did.',
          ),
        ],
      };
    case 'mapcount':
      return {
        title: l10n.t('Mapcount {0}', value),
        lines: [
          l10n.t('How many page tables map it. Some kernels print _mapcount itself, which is one less.'),
        ],
      };
    case 'val':
      return valMeaning(event, value, text);
    case 'ret':
      return retMeaning(event, value);
    default:
      return null;
  }
}

function valMeaning(event: string, value: string, text: string): Meaning | null {
  if (event === '') return null;
  const title = l10n.t('Operand {0}', value);
  if (event === 'ref_freeze') return { title, lines: [l10n.t('The refcount that the caller expected.')] };
  if (event === 'ref_set' && isMarker(value, text)) {
    return { title, lines: [l10n.t('A mark of somebody who debugs: the refcount stays what it is.')] };
  }
  if (event === 'ref_set' && value === '1') {
    return {
      title,
      lines: [l10n.t('The refcount is set to it: the reference that a page is allocated with.')],
    };
  }
  if (event === 'ref_set' || event === 'ref_unfreeze') {
    return { title, lines: [l10n.t('The refcount is set to it.')] };
  }
  const isPin = /^-?10(?:23|24)$/.test(value);
  const pin = l10n.t('GUP_PIN_COUNTING_BIAS is 1024: a FOLL_PIN.');
  const lines = [l10n.t('Added to the refcount.'), ...(isPin ? [pin] : [])];
  return { title, lines };
}

function isMarker(value: string, text: string): boolean {
  const count = /\bcount=(-?\d+)/.exec(text)?.[1];
  return count !== undefined && !setsRefcount(Number(value), Number(count));
}

function retMeaning(event: string, value: string): Meaning | null {
  const title = l10n.t('Result {0}', value);
  switch (event) {
    case 'ref_mod_and_test':
      return {
        title,
        lines: [
          value === '1' ? l10n.t('The refcount became 0: the page is freed.') : l10n.t('Others remain.'),
        ],
      };
    case 'ref_mod_and_return':
      return { title, lines: [l10n.t('The new refcount.')] };
    case 'ref_mod_unless':
      return {
        title,
        lines: [
          value === '1' ? l10n.t('The reference was taken.') : l10n.t('Not taken: the refcount was 0.'),
        ],
      };
    case 'ref_freeze':
      return {
        title,
        lines: [
          value === '1'
            ? l10n.t('The refcount was as expected, and is 0 until it is unfrozen.')
            : l10n.t(
                'The refcount was not as expected: count less val is the number of references too many.',
              ),
        ],
      };
    default:
      return null;
  }
}
