/** What one frame of a stack says by itself: a capture has some hundred frames, in thousands of stacks. */
import type { SymbolTable } from '../capture/eventTable';
import {
  ALLOCATOR_FUNCTIONS,
  isInterruptEntry,
  isPlumbing,
  ISOLATION_SCANNERS,
  KIND_RULES,
  MIGRATE_FUNCTIONS,
  PUTBACK_FUNCTIONS,
  PUTBACK_OFF_LRU_FUNCTIONS,
  REASON_BY_FUNCTION,
  REMAP_FUNCTIONS,
  UNMAP_FUNCTIONS,
} from './kindRules';
import { STRENGTHS, type KindRule, type Strength } from './kindRule';

export type Side = 'acquire' | 'release';

/** A rule that names a function. */
export interface FunctionSite {
  readonly rule: KindRule;
  readonly strength: Strength;
}

/** The rules that name a function, for one side of a reference. */
interface FrameSites {
  /** Those of the kernel's functions. */
  readonly own: readonly FunctionSite[];
  /** Those that a person wrote. */
  readonly user: readonly FunctionSite[];
}

export interface FrameFacts {
  /** Without compiler suffixes; `0x…` for an address without a symbol. */
  readonly name: string;
  readonly isNamed: boolean;
  /** Module that the capture prints behind the function, or null. */
  readonly module: string | null;
  readonly isPlumbing: boolean;
  readonly isInterruptEntry: boolean;
  /** {@link Step} bits. */
  readonly steps: number;
  /** enum migrate_reason's name if the function starts such a migration. */
  readonly reason: string | null;
  readonly acquire: FrameSites;
  readonly release: FrameSites;
}

/** In which step of the kernel a function stands, in bits. */
export const Step = {
  anonymous: 1,
  file: 2,
  migrates: 4,
  unmaps: 8,
  remaps: 16,
  scans: 32,
  putsBack: 64,
  returnsPages: 128,
  allocates: 256,
  putsBackOffLru: 512,
  ofDriver: 1024,
  hugetlb: 2048,
  /** Looks for free memory: what stands further out works on another page. */
  reclaims: 4096,
  copies: 8192,
  /** Of those that look for it, what frees pages that are in use. */
  shrinks: 16384,
} as const;

export const ANONYMOUS_FUNCTIONS: ReadonlySet<string> = new Set([
  'rmap_walk_anon',
  'do_anonymous_page',
  'do_huge_pmd_anonymous_page',
  'add_to_swap_cache',
]);
/** They take a new page, and put the old one, which may be of a file: only what is allocated there is anonymous. */
export const COPYING_FUNCTIONS: ReadonlySet<string> = new Set(['wp_page_copy']);
export const FILE_FUNCTIONS: ReadonlySet<string> = new Set([
  'rmap_walk_file',
  'shmem_get_folio_gfp',
  'shmem_getpage_gfp',
  'shmem_alloc_and_acct_folio',
  'shmem_alloc_and_add_folio',
  'shmem_add_to_page_cache',
  '__filemap_add_folio',
  'filemap_add_folio',
  '__filemap_get_folio',
  '__filemap_get_folio_mpol',
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

/** Pages with movable_operations, by what allocates, moves and frees them. */
export const DRIVER_PAGE_FUNCTIONS: ReadonlySet<string> = new Set([
  'balloon_page_alloc',
  'balloon_page_migrate',
  'virtballoon_migratepage',
  'vmballoon_migratepage',
  'release_pages_balloon',
  'leak_balloon',
  'cmm_migratepage',
  'alloc_zspage',
  'zs_page_migrate',
  '__free_zspage',
  'z3fold_alloc',
  'z3fold_page_migrate',
  'free_z3fold_page',
]);
/** mm/hugetlb.c and its callers in mm/migrate.c. */
export const HUGETLB_FUNCTIONS: ReadonlySet<string> = new Set([
  'hugetlb_fault',
  'hugetlb_no_page',
  'hugetlb_wp',
  'hugetlb_cow',
  'copy_hugetlb_page_range',
  '__unmap_hugepage_range',
  'alloc_huge_page',
  'alloc_hugetlb_folio',
  'alloc_fresh_huge_page',
  'alloc_buddy_huge_page',
  'alloc_buddy_hugetlb_folio',
  'alloc_pool_huge_page',
  'free_huge_page',
  'free_huge_folio',
  'isolate_hugetlb',
  'folio_isolate_hugetlb',
  'putback_active_hugepage',
  'folio_putback_active_hugetlb',
  'folio_putback_hugetlb',
  'hugetlb_add_to_page_cache',
  'huge_add_to_page_cache',
  'remove_huge_page',
  'hugetlb_delete_from_page_cache',
  'remove_inode_hugepages',
  'follow_hugetlb_page',
  'hugetlb_follow_page_mask',
  'unmap_and_move_huge_page',
  'unmap_and_move_hugetlb_folio',
  'migrate_huge_page_move_mapping',
  'hugetlbfs_fallocate',
]);
/** Not reclaim_clean_pages_from_list() (mm/vmscan.c), which frees pages of the range that CMA wants. */
const SHRINKING_FUNCTIONS: ReadonlySet<string> = new Set([
  'try_to_free_pages',
  'try_to_free_mem_cgroup_pages',
  'shrink_node',
]);
const RECLAIM_FUNCTIONS: ReadonlySet<string> = new Set([...SHRINKING_FUNCTIONS, 'compact_zone']);

const FUNCTIONS_OF_STEP: readonly (readonly [number, ReadonlySet<string>])[] = [
  [Step.anonymous, ANONYMOUS_FUNCTIONS],
  [Step.file, FILE_FUNCTIONS],
  [Step.migrates, MIGRATE_FUNCTIONS],
  [Step.unmaps, UNMAP_FUNCTIONS],
  [Step.remaps, REMAP_FUNCTIONS],
  [Step.scans, ISOLATION_SCANNERS],
  [Step.putsBack, PUTBACK_FUNCTIONS],
  [Step.putsBackOffLru, PUTBACK_OFF_LRU_FUNCTIONS],
  [Step.returnsPages, new Set(['putback_movable_pages'])],
  [Step.allocates, ALLOCATOR_FUNCTIONS],
  [Step.ofDriver, DRIVER_PAGE_FUNCTIONS],
  [Step.hugetlb, HUGETLB_FUNCTIONS],
  [Step.copies, COPYING_FUNCTIONS],
  [Step.reclaims, RECLAIM_FUNCTIONS],
  [Step.shrinks, SHRINKING_FUNCTIONS],
];

/** Suffixes that compilers and linkers add to a copy of a function. */
const COMPILER_SUFFIX = /\.(?:constprop|isra|part|cold|llvm|lto_priv|localalias)(?:\.\d+)*/g;

export function stripCompilerSuffix(name: string): string {
  if (!name.includes('.')) return name;
  return name.replace(COMPILER_SUFFIX, '');
}

/** Rules by the functions that they name. */
type SiteIndex = ReadonlyMap<string, readonly FunctionSite[]>;

function indexSites(rules: readonly KindRule[], side: Side): SiteIndex {
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

const OWN: Readonly<Record<Side, SiteIndex>> = {
  acquire: indexSites(KIND_RULES, 'acquire'),
  release: indexSites(KIND_RULES, 'release'),
};

const NO_SITES: readonly FunctionSite[] = [];

export type FrameSymbols = Pick<SymbolTable, 'frameFunction' | 'frameModule'>;

/** Looks each frame up once. */
export class FrameBook {
  private readonly known: (FrameFacts | undefined)[] = [];
  private readonly user: Readonly<Record<Side, SiteIndex>>;

  constructor(
    private readonly symbols: FrameSymbols,
    userRules: readonly KindRule[],
  ) {
    this.user = { acquire: indexSites(userRules, 'acquire'), release: indexSites(userRules, 'release') };
  }

  /** @param frame id in the capture's symbols */
  of(frame: number): FrameFacts {
    return (this.known[frame] ??= this.lookUp(frame));
  }

  private lookUp(frame: number): FrameFacts {
    const name = stripCompilerSuffix(this.symbols.frameFunction(frame));
    let steps = 0;
    for (const [step, functions] of FUNCTIONS_OF_STEP) {
      if (functions.has(name)) steps |= step;
    }
    return {
      name,
      isNamed: !name.startsWith('0x'),
      module: this.symbols.frameModule(frame),
      isPlumbing: isPlumbing(name),
      isInterruptEntry: isInterruptEntry(name),
      steps,
      reason: REASON_BY_FUNCTION.get(name) ?? null,
      acquire: this.sitesOf(name, 'acquire'),
      release: this.sitesOf(name, 'release'),
    };
  }

  private sitesOf(name: string, side: Side): FrameSites {
    return { own: OWN[side].get(name) ?? NO_SITES, user: this.user[side].get(name) ?? NO_SITES };
  }
}
