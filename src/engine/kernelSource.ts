/** The kernel tree in use: what it is, which functions it has, and where frames are in it. */
import type { SourceLocation, StackFrame } from '../source/location';
import { describeKernelTree } from '../source/kernelTree';
import {
  createSourceIndex,
  isSourceIndexFresh,
  missingSymbols,
  type SourceIndex,
  type WantedSymbol,
} from '../source/sourceIndex';
import { createSourceResolver, type SourceFile, type SourceResolver } from '../source/resolveStack';
import { sourceName } from '../source/symbolName';
import type { KernelTree } from '../source/treeAccess';
import type { EngineHost } from './engineHost';
import { CancelledError, KernelTreeError } from './errors';
import type { IndexStore } from './indexStore';
import type { KernelTreeFacts, RequestOptions } from './protocol';

export class KernelSource {
  private index: SourceIndex | null = null;
  private resolver: SourceResolver | null = null;
  private definedKeys: ReadonlySet<string> = new Set();
  private wanted: readonly WantedSymbol[] = [];
  private walk: Promise<void> = Promise.resolve();
  private isWalking = false;

  private constructor(
    private readonly tree: KernelTree,
    private readonly store: IndexStore | null,
    readonly facts: KernelTreeFacts,
  ) {}

  /**
   * @throws KernelTreeError when the folder is no kernel tree
   */
  static async open(root: string, host: Pick<EngineHost, 'openTree' | 'index'>): Promise<KernelSource> {
    const tree = await host.openTree(root).catch(() => {
      throw new KernelTreeError(
        `${root} does not exist or cannot be read; expected the folder of a kernel source.`,
      );
    });
    const facts = await describeKernelTree(tree);
    if (!facts.isKernelTree) throw new KernelTreeError(facts.message);
    const source = new KernelSource(tree, host.index, { root, version: facts.version });
    const stored = await host.index?.load(tree.name);
    if (stored !== undefined && (await isSourceIndexFresh(tree, stored))) source.use(stored);
    return source;
  }

  /** The files of the tree. */
  get files(): KernelTree {
    return this.tree;
  }

  /** Whether there is a file, or anything else, of that name at the root of the tree. */
  async hasRootFile(name: string): Promise<boolean> {
    return (await this.tree.list('')).some((each) => each.name === name);
  }

  /** The bytes of a file at the root of the tree; null when there is none, or why it cannot be read. */
  async rootFile(name: string, limit: number): Promise<Uint8Array | string | null> {
    const entry = (await this.tree.list('')).find((each) => each.name === name);
    if (entry === undefined) return null;
    const bytes = entry.kind === 'file' ? await this.tree.read(name, limit) : null;
    return bytes ?? `cannot be read; expected a file of at most ${limit / 1024} KB`;
  }

  /** Adds functions to those that the next look-up finds. */
  want(symbols: readonly WantedSymbol[]): void {
    this.wanted = this.wanted.concat(this.missing(symbols));
  }

  /** Finds the wanted functions; a walk over the tree is needed only for those that were never looked for. */
  lookUp(options: RequestOptions = {}): Promise<void> {
    // One walk at a time: whoever comes while one goes on waits for it, and most often needs no other.
    this.walk = this.walk.catch(() => undefined).then(() => this.findWanted(options));
    return this.walk;
  }

  /** Whether every wanted function was looked for. */
  get isSettled(): boolean {
    return !this.isWalking && this.missing(this.wanted).length === 0;
  }

  /** Whether the tree defines a function that was looked up. */
  knows(name: string): boolean {
    return sourceName(name).keys.some((key) => this.definedKeys.has(key));
  }

  /** Places of the frames of a whole stack, innermost first; looks up what is wanted if that was not done yet. */
  async locate(stack: readonly StackFrame[]): Promise<readonly SourceLocation[]> {
    if (this.missing(stack).length > 0) await this.lookUp();
    return (await this.resolver?.resolveStack(stack)) ?? [];
  }

  /** Like {@link locate}, without a walk over the tree: null when a frame was not looked up yet. */
  async locateKnown(stack: readonly StackFrame[]): Promise<readonly SourceLocation[] | null> {
    if (this.missing(stack).length > 0) return null;
    return (await this.resolver?.resolveStack(stack)) ?? null;
  }

  /** A source file of the tree; null when there is none of that path, or nothing was looked up yet. */
  async sourceFile(path: string): Promise<SourceFile | null> {
    return (await this.resolver?.sourceFile(path)) ?? null;
  }

  private async findWanted(options: RequestOptions): Promise<void> {
    const symbols = this.missing(this.wanted);
    this.wanted = [];
    if (symbols.length === 0) return;
    this.isWalking = true;
    try {
      const index = await createSourceIndex(this.tree, {
        symbols,
        previous: this.index,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        onProgress: ({ filesRead, files }) =>
          options.onProgress?.({
            phase: 'indexing',
            done: filesRead,
            total: files,
            unit: 'files',
            rowsAtEnd: false,
          }),
      });
      this.use(index);
      await this.store?.save(this.tree.name, index);
    } catch (error) {
      this.want(symbols);
      throw options.signal?.aborted === true ? new CancelledError() : error;
    } finally {
      this.isWalking = false;
    }
  }

  private missing(symbols: readonly WantedSymbol[]): readonly WantedSymbol[] {
    return this.index === null ? symbols : missingSymbols(this.index, symbols);
  }

  private use(index: SourceIndex): void {
    this.index = index;
    this.resolver = createSourceResolver(this.tree, index);
    this.definedKeys = new Set(index.definitions.map(([key]) => key));
  }
}
