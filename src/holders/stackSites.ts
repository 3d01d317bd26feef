/** What the stack of an event says: which kind of reference it takes or drops, and in which kernel step. */
import type { SymbolTable } from '../capture/eventTable';
import { FrameBook, Step, type FrameFacts, type FrameSymbols } from './frameFacts';
import { isLongKind } from './kindRules';
import type { KindRule } from './kindRule';
import { matchSite, type Site } from './matchSite';
import { natureOfSteps, type PageNature } from './pageNature';

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
  /** Takes or drops the reference of isolation. */
  readonly concernsIsolation: boolean;
  readonly unmapsForMigration: boolean;
  readonly remapsAfterMigration: boolean;
  /** rmap_walk_anon / rmap_walk_file and fault handlers tell what kind of page it is. */
  readonly nature: PageNature | null;
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
  concernsIsolation: false,
  unmapsForMigration: false,
  remapsAfterMigration: false,
  nature: null,
};

function describeStack(stack: readonly FrameFacts[]): StackSite {
  const boundary = stack.findIndex((frame) => frame.isInterruptEntry);
  const own = boundary < 0 ? stack : stack.slice(0, boundary);
  const frames = own.filter((frame) => !frame.isPlumbing);
  const named = frames.filter((frame) => frame.isNamed);
  const functions = named.map(({ name }) => name);
  const faultEnd = frames.findIndex(({ name }) => name === 'handle_mm_fault') + 1;
  // What a fault takes and drops is the fault's, whatever touched the address (GUP, copy_to_user).
  const ofFault = faultEnd === 0 ? frames : frames.slice(0, faultEnd);
  // Addresses alone say nothing of what a reference is for, not even where a module is among them.
  const acquire = named.length === 0 ? null : matchSite('acquire', ofFault);
  const release = named.length === 0 ? null : matchSite('release', ofFault);
  const holderFunction = functions[0] ?? '';
  const allocator = named.find(({ steps }) => (steps & Step.allocates) === 0);
  const steps = named.reduce((all, frame) => all | frame.steps, 0);
  const first = named[0]?.steps ?? 0;
  const ofPage = withoutShrinking(named);
  const isOfReclaim = ofPage.length < named.length;
  return {
    functions,
    interrupted: boundary >= 0,
    acquire,
    release,
    takesLong: named.length > 0 && isLongKind(acquire?.rule.kind ?? 'unknown'),
    dropsLong: release !== null && isLongKind(release.rule.kind),
    holderFunction,
    allocatingFunction: allocator?.name ?? holderFunction,
    reason: ofPage.find(({ reason }) => reason !== null)?.reason ?? null,
    scansForIsolation: (first & Step.scans) !== 0,
    putsBack:
      ((first & Step.putsBack) !== 0 && !isOfReclaim) ||
      ((first & Step.putsBackOffLru) !== 0 && (steps & Step.returnsPages) !== 0),
    underPutback: (steps & Step.returnsPages) !== 0,
    underMigration: ofPage.some(({ steps: ofFrame }) => (ofFrame & Step.migrates) !== 0),
    concernsIsolation: acquire?.rule.kind === 'isolation' || release?.rule.kind === 'isolation',
    unmapsForMigration: (steps & Step.unmaps) !== 0,
    remapsAfterMigration: (steps & Step.remaps) !== 0,
    nature: natureOf(named),
  };
}

/**
 * The frames that work on the page itself: a task that needs memory, as for a page that it moves another to, reclaims some
 * that has nothing to do with what it was at.
 *
 * @param named frames, innermost first
 */
function withoutShrinking(named: readonly FrameFacts[]): readonly FrameFacts[] {
  const entry = named.findIndex(({ steps }) => (steps & Step.shrinks) !== 0);
  return entry < 0 ? named : named.slice(0, entry);
}

/** @param named frames, innermost first */
function natureOf(named: readonly FrameFacts[]): PageNature | null {
  const [first] = named;
  if (first === undefined) return null;
  const isAllocation = (first.steps & Step.allocates) !== 0;
  // Reclaim and compaction for an allocation work on other pages than the one that is allocated.
  const foreign = isAllocation ? Step.reclaims : Step.reclaims | Step.allocates;
  const end = named.findIndex(({ steps }) => (steps & foreign) !== 0);
  const own = end < 0 ? named : named.slice(0, end);
  // putback_movable_pages puts pages of drivers itself, and leaves others to functions of their own.
  if (first.name === 'putback_movable_pages' || first.name === 'putback_movable_ops_page') return 'driver';
  const steps = own.reduce((all, frame) => all | frame.steps, 0);
  return natureOfSteps(isAllocation && (steps & Step.copies) !== 0 ? steps | Step.anonymous : steps);
}

/** What a {@link StackSite} says, in bits. */
export const StackTrait = {
  known: 1,
  concernsIsolation: 2,
  takesLong: 4,
  dropsLong: 8,
} as const;

/** Describes each stack once: a capture of millions of events has some hundred stacks. */
export class StackSites {
  private readonly known: (StackSite | undefined)[] = [];
  /** {@link StackTrait} of each stack, 0 for those that nobody asked for. */
  readonly traits: Uint8Array;
  private readonly frames: FrameBook;

  /** @param userRules rules that a person wrote; they win over those of the kernel's functions */
  constructor(
    private readonly symbols: FrameSymbols & Pick<SymbolTable, 'stackFrames' | 'stackCount'>,
    userRules: readonly KindRule[] = [],
  ) {
    this.traits = new Uint8Array(symbols.stackCount);
    this.frames = new FrameBook(symbols, userRules);
  }

  /** @param stack id in the capture's symbols, or a negative number for none */
  of(stack: number): StackSite {
    if (stack < 0) return NO_STACK;
    const known = this.known[stack];
    if (known !== undefined) return known;
    const frames = Array.from(this.symbols.stackFrames(stack), (frame) => this.frames.of(frame));
    const site = describeStack(frames);
    this.known[stack] = site;
    return site;
  }

  /**
   * {@link StackTrait} bits of a stack; a loop over millions of events looks at {@link traits} before.
   *
   * @param stack as in {@link of}
   */
  traitsOf(stack: number): number {
    if (stack < 0) return StackTrait.known;
    const traits = this.traits[stack]!;
    return traits === 0 ? this.noteTraits(stack) : traits;
  }

  private noteTraits(stack: number): number {
    const { concernsIsolation, takesLong, dropsLong } = this.of(stack);
    const traits =
      StackTrait.known |
      (concernsIsolation ? StackTrait.concernsIsolation : 0) |
      (takesLong ? StackTrait.takesLong : 0) |
      (dropsLong ? StackTrait.dropsLong : 0);
    this.traits[stack] = traits;
    return traits;
  }
}
