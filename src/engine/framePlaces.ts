/** Where frames are, of captures and of texts: by debug info where there is some, by the kernel tree else. */
import type { Capture } from '../capture/eventTable';
import type { DebugFrame } from '../source/kernelDebugInfo';
import type { DebugInfo } from './debugInfo';
import { locateBeforeWalk } from './frameLocator';
import { PlacedStacks, type LocateStack } from './frames';
import type { KernelSource } from './kernelSource';
import type { RequestOptions } from './protocol';
import { treeDoubt } from './treeDoubt';
import { settledWithin } from './turns';

/** Who points at a frame with the mouse waits for so long, in ms: a tree that was indexed before is ready by then. */
const MOST_PATIENCE = 500;

export class FramePlaces {
  private tree: KernelSource | null = null;
  private whyNone = '';
  private readonly stacks = new Map<Capture, PlacedStacks>();
  private isEarly = false;

  /**
   * @param answersEarly whoever asks for rows waits for no walk over the kernel tree
   * @param comparable captures whose frames can be held against debug info
   */
  constructor(
    readonly debug: DebugInfo,
    private readonly answersEarly: boolean,
    private readonly comparable: () => readonly Capture[],
  ) {}

  /** The chosen kernel tree; null without one. */
  get source(): KernelSource | null {
    return this.tree;
  }

  /** Places lack what the kernel tree was not asked for yet. */
  get isAnsweredEarly(): boolean {
    return this.isEarly;
  }

  /** Why the folder that was chosen last is no kernel tree; empty when it is one, or none was chosen. */
  get treeRefusal(): string {
    return this.whyNone;
  }

  /** @param whyNone of a folder that was chosen and is refused: why, as a whole sentence */
  useTree(source: KernelSource | null, whyNone = ''): void {
    this.tree = source;
    this.whyNone = whyNone;
    this.debug.useTree(source);
  }

  /** To be called when any capture comes, grows or goes, and when other places may be known. */
  forget(): void {
    this.stacks.clear();
    this.isEarly = false;
  }

  /** What speaks against the tree being of the kernel of one of the captures, once each, without a full stop. */
  treeDoubts(captures: readonly Capture[]): readonly string[] {
    const doubts = captures.map(({ kernel }) =>
      treeDoubt(
        this.tree?.facts ?? null,
        { what: 'capture', release: kernel?.release ?? null },
        this.debug.facts,
      ),
    );
    return [...new Set(doubts)].filter((doubt) => doubt !== '');
  }

  /** Looks for debug info where none was chosen, and holds the captures against it. */
  settleDebugInfo(options?: RequestOptions): Promise<void> {
    return this.debug.settleFor(this.comparable(), options);
  }

  /**
   * Has what was answered early looked up, for answers that are not given again. A tree that is far away is not waited
   * for: its walk takes minutes.
   */
  async settleNames(options?: RequestOptions): Promise<void> {
    const { tree } = this;
    if (this.answersEarly && tree !== null && tree.files.isFar !== true) await tree.lookUp(options);
  }

  /** @param isWhole false for a capture that is being read */
  stacksOf(capture: Capture, isWhole: boolean): PlacedStacks {
    const known = this.stacks.get(capture);
    if (known !== undefined) return known;
    const made = new PlacedStacks(capture, this.locateIn(capture, isWhole));
    this.stacks.set(capture, made);
    return made;
  }

  /** The stacks with the places that are known by now: whoever selects one event after the other waits for no walk. */
  stacksAtOnce(capture: Capture, isWhole: boolean): PlacedStacks {
    const { tree } = this;
    if (tree === null || tree.isSettled) return this.stacksOf(capture, isWhole);
    return new PlacedStacks(capture, (stack) => locateBeforeWalk(tree, stack));
  }

  /**
   * Locates stacks of texts; null where nothing tells a place.
   *
   * @param atOnce by what is known shortly after the walk over the kernel tree has begun
   */
  async locateInTexts(stack: readonly DebugFrame[], atOnce: boolean): Promise<LocateStack | null> {
    // A printed stack may name functions that no open capture has.
    this.tree?.want(stack);
    await this.settleDebugInfo();
    const byName = atOnce ? this.locateSoon() : this.locateByName();
    return this.debug.locateInTexts(byName) ?? byName;
  }

  private locateIn(capture: Capture, isWhole: boolean): LocateStack | null {
    const { tree } = this;
    // A capture that is being read does not start a walk over the kernel tree: its functions are not all known yet.
    if (!isWhole) return (stack) => locateBeforeWalk(tree, stack);
    const byName = this.locateByName();
    return async (stack) => {
      await this.settleDebugInfo();
      const known = this.answersEarly ? this.locateKnown() : byName;
      const locate = this.debug.locateIn(capture, known) ?? known;
      return (await locate?.(stack)) ?? [];
    };
  }

  /** What is known by now of the kernel tree; null without one. */
  private locateKnown(): LocateStack | null {
    const { tree } = this;
    if (tree === null) return null;
    return async (stack) => {
      const known = await tree.locateKnown(stack);
      if (known === null) this.isEarly = true;
      return known ?? locateBeforeWalk(tree, stack);
    };
  }

  private locateSoon(): LocateStack | null {
    const { tree } = this;
    if (tree === null) return null;
    return async (stack) => {
      await settledWithin(tree.lookUp(), MOST_PATIENCE);
      return locateBeforeWalk(tree, stack);
    };
  }

  private locateByName(): LocateStack | null {
    const { tree } = this;
    return tree === null ? null : (stack) => tree.locate(stack);
  }
}
