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
  MODULE_RULE,
  PUTBACK_FUNCTIONS,
  REASON_BY_FUNCTION,
  REMAP_FUNCTIONS,
  UNMAP_FUNCTIONS,
} from './kindRules';
import { STRENGTHS, type KindRule, type Strength } from './kindRule';
import { isInTreeModule } from './inTreeModules';
import type { Kind } from './model';

/** A rule that matched, and the function that it matched on. */
export interface Site {
  readonly rule: KindRule;
  /** Names the holder: the matched function, or who called it where many use it. */
  readonly functionName: string;
  /** The function that the rule names. */
  readonly matchedFunction: string;
  /** Module of {@link functionName}'s frame, or null. */
  readonly module: string | null;
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
  /** Under migrate_pages, or takes or drops the reference of isolation: all other stacks say nothing of moving. */
  readonly concernsMoving: boolean;
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

/** Suffixes that compilers and linkers add to a copy of a function. */
const COMPILER_SUFFIX = /\.(?:constprop|isra|part|cold|llvm|lto_priv|localalias)(?:\.\d+)*/g;

export function stripCompilerSuffix(name: string): string {
  if (!name.includes('.')) return name;
  return name.replace(COMPILER_SUFFIX, '');
}

interface FunctionSite {
  readonly rule: KindRule;
  readonly strength: Strength;
}

/** Rules by the functions that they name. */
type SiteIndex = ReadonlyMap<string, readonly FunctionSite[]>;

function indexSites(rules: readonly KindRule[], side: 'acquire' | 'release'): SiteIndex {
  const index = new Map<string, FunctionSite[]>();
  for (const rule of rules) {
    for (const strength of STRENGTHS) {
      for (const functionName of rule[side][strength] ?? []) {
        const sites = index.get(functionName) ?? [];
        sites.push({ rule, strength });
        index.set(functionName, sites);
      }
    }
  }
  return index;
}

const ACQUIRE_SITES = indexSites(KIND_RULES, 'acquire');
const RELEASE_SITES = indexSites(KIND_RULES, 'release');

/** GUP and page cache lookups serve everybody: the first frame beyond them names the holder. */
const SERVICE_KINDS: ReadonlySet<Kind> = new Set<Kind>(['gup-get', 'gup-pin', 'page-cache-lookup']);

/** The frames of a stack that may name the holder, innermost first; the two arrays belong together. */
interface HolderFrames {
  readonly functions: readonly string[];
  /** Module that the capture prints behind the function, or null. */
  readonly modules: readonly (string | null)[];
}

function serves(site: FunctionSite): boolean {
  return (site.strength === 'weak' || site.strength === 'fallback') && SERVICE_KINDS.has(site.rule.kind);
}

function siteAt(frames: HolderFrames, rule: KindRule, depth: number, named = depth): Site {
  return {
    rule,
    functionName: frames.functions[named]!,
    matchedFunction: frames.functions[depth]!,
    module: frames.modules[named] ?? null,
  };
}

/** The first frame beyond those that only serve, or the matched one when there is none. */
function callerDepth(frames: HolderFrames, depth: number, sites: SiteIndex): number {
  for (let caller = depth + 1; caller < frames.functions.length; caller++) {
    if (sites.get(frames.functions[caller]!)?.some(serves) !== true) return caller;
  }
  return depth;
}

/** Where a rule matches. */
interface Match {
  readonly rule: KindRule;
  readonly depth: number;
}

/** Surest strength first, innermost first. */
function matchUserSite(sites: SiteIndex, frames: HolderFrames): Match | null {
  if (sites.size === 0) return null;
  let weak: Match | null = null;
  for (const [depth, name] of frames.functions.entries()) {
    for (const { rule, strength } of sites.get(name) ?? []) {
      if (strength === 'strong' || (strength === 'direct' && depth === 0)) return { rule, depth };
      if (strength === 'weak') weak ??= { rule, depth };
    }
  }
  return weak;
}

/**
 * The innermost direct or strong match wins; else the innermost weak one, else the innermost fallback. A module
 * that is not of the kernel tree is as sure as a strong match, unless a weak one stands further in.
 *
 * A rule that a person wrote wins over those of the kernel's functions, unless a direct or strong one of these
 * stands further in: on its way a pin puts pages into LRU batches, and may isolate and migrate them.
 */
function matchSite(sites: SiteIndex, frames: HolderFrames, user: Match | null): Site | null {
  const weak: Match[] = [];
  const fallback: Match[] = [];
  for (const [depth, name] of frames.functions.entries()) {
    if (user?.depth === depth) return siteAt(frames, user.rule, depth);
    for (const { rule, strength } of sites.get(name) ?? []) {
      if (strength === 'strong' || (strength === 'direct' && depth === 0)) return siteAt(frames, rule, depth);
      if (strength === 'weak') weak.push({ rule, depth });
      if (strength === 'fallback') fallback.push({ rule, depth });
    }
    const module = frames.modules[depth] ?? null;
    if (user === null && module !== null && weak.length === 0 && !isInTreeModule(module)) {
      return siteAt(frames, MODULE_RULE, depth);
    }
  }
  const found = weak.at(0) ?? fallback.at(0);
  if (found === undefined) {
    const inModule = frames.modules.findIndex((module) => module !== null);
    return inModule < 0 ? null : siteAt(frames, MODULE_RULE, inModule);
  }
  const { rule, depth } = found;
  if (!SERVICE_KINDS.has(rule.kind)) return siteAt(frames, rule, depth);
  return siteAt(frames, rule, depth, callerDepth(frames, depth, sites));
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
  concernsMoving: false,
  unmapsForMigration: false,
  remapsAfterMigration: false,
  nature: null,
};

function describeStack(
  names: readonly string[],
  modules: readonly (string | null)[],
  user: UserSites,
): StackSite {
  const boundary = names.findIndex(isInterruptEntry);
  const end = boundary < 0 ? names.length : boundary;
  const frames = { functions: [] as string[], modules: [] as (string | null)[] };
  for (let depth = 0; depth < end; depth++) {
    const name = names[depth]!;
    // An address without a symbol says nothing of what the reference is for.
    if (isPlumbing(name) || name.startsWith('0x')) continue;
    frames.functions.push(name);
    frames.modules.push(modules[depth] ?? null);
  }
  const { functions } = frames;
  const faultEnd = functions.indexOf('handle_mm_fault') + 1;
  // What a fault takes and drops is the fault's, whatever touched the address (GUP, copy_to_user).
  const own: HolderFrames =
    faultEnd === 0
      ? frames
      : { functions: functions.slice(0, faultEnd), modules: frames.modules.slice(0, faultEnd) };
  const holderFunction = functions[0] ?? '';
  const has = (set: { has(name: string): boolean }) => functions.some((name) => set.has(name));
  const reasonFunction = functions.find((name) => REASON_BY_FUNCTION.has(name));
  let nature: StackSite['nature'] = null;
  if (has(ANONYMOUS_FUNCTIONS)) nature = 'anonymous';
  else if (has(FILE_FUNCTIONS)) nature = 'file';
  const acquire = matchSite(ACQUIRE_SITES, own, matchUserSite(user.acquire, own));
  const release = matchSite(RELEASE_SITES, own, matchUserSite(user.release, own));
  const underMigration = has(MIGRATE_FUNCTIONS);
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
    underMigration,
    concernsMoving:
      underMigration || acquire?.rule.kind === 'isolation' || release?.rule.kind === 'isolation',
    unmapsForMigration: has(UNMAP_FUNCTIONS),
    remapsAfterMigration: has(REMAP_FUNCTIONS),
    nature,
  };
}

/** Rules that a person wrote, by function. */
interface UserSites {
  readonly acquire: SiteIndex;
  readonly release: SiteIndex;
}

/** Describes each stack once: a capture of millions of events has some hundred stacks. */
export class StackSites {
  private readonly known: (StackSite | undefined)[] = [];
  private readonly user: UserSites;

  /** @param userRules rules that a person wrote; they win over those of the kernel's functions */
  constructor(
    private readonly symbols: SymbolTable,
    userRules: readonly KindRule[] = [],
  ) {
    this.user = { acquire: indexSites(userRules, 'acquire'), release: indexSites(userRules, 'release') };
  }

  /** @param stack id in the capture's symbols, or a negative number for none */
  of(stack: number): StackSite {
    if (stack < 0) return NO_STACK;
    const known = this.known[stack];
    if (known !== undefined) return known;
    const frames = Array.from(this.symbols.stackFrames(stack));
    const names = frames.map((frame) => stripCompilerSuffix(this.symbols.frameFunction(frame)));
    const modules = frames.map((frame) => this.symbols.frameModule(frame));
    const site = describeStack(names, modules, this.user);
    this.known[stack] = site;
    return site;
  }
}
