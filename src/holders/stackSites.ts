/** What the stack of an event says: which kind of reference it takes or drops, and in which kernel step. */
import type { SymbolTable } from '../capture/eventTable';
import {
  ALLOCATOR_FUNCTIONS,
  isInterruptEntry,
  isLongKind,
  isPlumbing,
  ISOLATION_SCANNERS,
  KIND_RULES,
  MIGRATE_FUNCTIONS,
  PUTBACK_FUNCTIONS,
  REASON_BY_FUNCTION,
  REMAP_FUNCTIONS,
  UNMAP_FUNCTIONS,
  type KindRule,
  type Strength,
} from './kindRules';
import type { Kind } from './model';

/** A rule that matched, and the function that it matched on. */
export interface Site {
  readonly rule: KindRule;
  readonly functionName: string;
}

export interface StackSite {
  /**
   * Function names without compiler suffixes, innermost first; plumbing and addresses without a name left out,
   * cut at an interrupt's entry.
   */
  readonly functions: readonly string[];
  /** The same beyond the interrupt's entry: the interrupted task's own frames are not evidence. */
  readonly interrupted: boolean;
  readonly acquire: Site | null;
  readonly release: Site | null;
  /** Whether a get, or a put, here is of a kind that lasts; a put that no rule names may be of one. */
  readonly takesLong: boolean;
  readonly dropsLong: boolean;
  /** The innermost frame that is no plumbing: it names the holder. Empty for a stack of plumbing alone. */
  readonly holderFunction: string;
  /** Who asked the page allocator, for a stack that allocates. */
  readonly allocatingFunction: string;
  /** enum migrate_reason's name if a function of the stack starts such a migration. */
  readonly reason: string | null;
  /** Get or put by the isolation scanner itself. */
  readonly scansForIsolation: boolean;
  /** The put that returns a page of a failed migration to its LRU list; only the direct caller is that put. */
  readonly putsBack: boolean;
  /** Called while a failed migration returns its pages (also by LRU batches that this fills or flushes). */
  readonly underPutback: boolean;
  /** Under migrate_pages: the page is being tried. */
  readonly underMigration: boolean;
  /** Under the reclaim of clean pages that an attempt does first, or of reclaim in general. */
  readonly underReclaim: boolean;
  readonly unmapsForMigration: boolean;
  readonly remapsAfterMigration: boolean;
  /** rmap_walk_anon / rmap_walk_file and fault handlers tell what kind of page it is. */
  readonly nature: 'anonymous' | 'file' | null;
}

const ANONYMOUS_FUNCTIONS = new Set([
  'rmap_walk_anon',
  'do_anonymous_page',
  'do_huge_pmd_anonymous_page',
  'add_to_swap_cache',
  'wp_page_copy',
]);
const FILE_FUNCTIONS = new Set([
  'rmap_walk_file',
  'shmem_get_folio_gfp',
  'shmem_getpage_gfp',
  'shmem_alloc_and_acct_folio',
  'shmem_add_to_page_cache',
  '__filemap_add_folio',
  'filemap_add_folio',
  '__filemap_get_folio',
  'filemap_fault',
  'shmem_fault',
  'page_cache_ra_unbounded',
  'page_cache_ra_order',
  'filemap_free_folio',
  'filemap_read',
  'filemap_map_pages',
  'create_empty_buffers',
  'drop_buffers',
  '__buffer_migrate_folio',
]);
const RECLAIM_FUNCTIONS = new Set(['shrink_folio_list', 'shrink_page_list', 'reclaim_clean_pages_from_list']);

/** Suffixes that compilers and linkers add to a copy of a function. */
const COMPILER_SUFFIX = /\.(?:constprop|isra|part|cold|llvm|lto_priv|localalias)(?:\.\d+)*/g;

export function stripCompilerSuffix(name: string): string {
  if (!name.includes('.')) return name;
  return name.replace(COMPILER_SUFFIX, '');
}

interface FunctionSite extends Site {
  readonly strength: Strength;
}

function indexSites(side: 'acquire' | 'release'): ReadonlyMap<string, readonly FunctionSite[]> {
  const index = new Map<string, FunctionSite[]>();
  for (const rule of KIND_RULES) {
    for (const strength of ['direct', 'strong', 'weak', 'fallback'] as const) {
      for (const functionName of rule[side][strength] ?? []) {
        const sites = index.get(functionName) ?? [];
        sites.push({ rule, functionName, strength });
        index.set(functionName, sites);
      }
    }
  }
  return index;
}

const ACQUIRE_SITES = indexSites('acquire');
const RELEASE_SITES = indexSites('release');

/** GUP and page cache lookups serve everybody: the first frame beyond them names the holder. */
const SERVICE_KINDS: ReadonlySet<Kind> = new Set<Kind>(['gup-get', 'gup-pin', 'page-cache-lookup']);

function callerOf(
  functionName: string,
  functions: readonly string[],
  sites: ReadonlyMap<string, readonly FunctionSite[]>,
): string {
  const depth = functions.indexOf(functionName);
  const caller = functions.findIndex((name, index) => index > depth && !sites.has(name));
  return functions[caller] ?? functionName;
}

/** The innermost direct or strong match wins; else the innermost weak one, else the innermost fallback. */
function matchSite(
  sites: ReadonlyMap<string, readonly FunctionSite[]>,
  functions: readonly string[],
): Site | null {
  let weak: Site | null = null;
  let fallback: Site | null = null;
  for (const [depth, name] of functions.entries()) {
    for (const site of sites.get(name) ?? []) {
      if (site.strength === 'strong' || (site.strength === 'direct' && depth === 0)) return site;
      if (site.strength === 'weak') weak ??= site;
      if (site.strength === 'fallback') fallback ??= site;
    }
  }
  const found = weak ?? fallback;
  if (found === null || !SERVICE_KINDS.has(found.rule.kind)) return found;
  return { rule: found.rule, functionName: callerOf(found.functionName, functions, sites) };
}

const NO_STACK: StackSite = {
  functions: [],
  interrupted: false,
  acquire: null,
  release: null,
  takesLong: false,
  dropsLong: false,
  holderFunction: '',
  allocatingFunction: '',
  reason: null,
  scansForIsolation: false,
  putsBack: false,
  underPutback: false,
  underMigration: false,
  underReclaim: false,
  unmapsForMigration: false,
  remapsAfterMigration: false,
  nature: null,
};

function describeStack(names: readonly string[]): StackSite {
  const boundary = names.findIndex(isInterruptEntry);
  const own = boundary < 0 ? names : names.slice(0, boundary);
  // An address without a symbol says nothing of what the reference is for.
  const functions = own.filter((name) => !isPlumbing(name) && !name.startsWith('0x'));
  const holderFunction = functions[0] ?? '';
  const has = (set: { has(name: string): boolean }) => functions.some((name) => set.has(name));
  const reasonFunction = functions.find((name) => REASON_BY_FUNCTION.has(name));
  let nature: StackSite['nature'] = null;
  if (has(ANONYMOUS_FUNCTIONS)) nature = 'anonymous';
  else if (has(FILE_FUNCTIONS)) nature = 'file';
  const acquire = matchSite(ACQUIRE_SITES, functions);
  const release = matchSite(RELEASE_SITES, functions);
  return {
    functions,
    interrupted: boundary >= 0,
    acquire,
    release,
    takesLong: functions.length > 0 && isLongKind(acquire?.rule.kind ?? 'unknown'),
    dropsLong: release !== null && isLongKind(release.rule.kind),
    holderFunction,
    allocatingFunction: functions.find((name) => !ALLOCATOR_FUNCTIONS.has(name)) ?? holderFunction,
    reason: reasonFunction === undefined ? null : (REASON_BY_FUNCTION.get(reasonFunction) ?? null),
    scansForIsolation: ISOLATION_SCANNERS.has(holderFunction),
    putsBack: PUTBACK_FUNCTIONS.has(holderFunction),
    underPutback: functions.includes('putback_movable_pages'),
    underMigration: has(MIGRATE_FUNCTIONS),
    underReclaim: has(RECLAIM_FUNCTIONS),
    unmapsForMigration: has(UNMAP_FUNCTIONS),
    remapsAfterMigration: has(REMAP_FUNCTIONS),
    nature,
  };
}

/** Describes each stack once: a capture of millions of events has some hundred stacks. */
export class StackSites {
  private readonly known: (StackSite | undefined)[] = [];

  constructor(private readonly symbols: SymbolTable) {}

  /** @param stack id in the capture's symbols, or a negative number for none */
  of(stack: number): StackSite {
    if (stack < 0) return NO_STACK;
    const known = this.known[stack];
    if (known !== undefined) return known;
    const names = Array.from(this.symbols.stackFrames(stack), (frame) =>
      stripCompilerSuffix(this.symbols.frameFunction(frame)),
    );
    const site = describeStack(names);
    this.known[stack] = site;
    return site;
  }
}
