/** The kernel tree in use: what it is, which functions it has, and where frames are in it. */
import { guessArchitecture } from '../source/architecture';
import { COMPILE_COMMANDS, readCompileCommands } from '../source/compileCommands';
import type { SourceLocation, StackFrame } from '../source/location';
import { describeKernelTree } from '../source/kernelTree';
import {
  createSourceIndex,
  emptySourceIndex,
  freshSourceIndex,
  missingSymbols,
  type SourceIndex,
  type WantedSymbol,
} from '../source/sourceIndex';
import {
  createSourceResolver,
  type SourceFile,
  type SourceResolver,
  type TreeHelps,
} from '../source/resolveStack';
import { sourceName } from '../source/symbolName';
import { CscopeFile } from '../source/cscopeFile';
import { TagsFile } from '../source/tagsFile';
import type { KernelTree } from '../source/treeAccess';
import type { EngineHost } from './engineHost';
import { CancelledError, KernelTreeError } from './errors';
import { linksOutText } from './linksOut';
import type { IndexStore } from './indexStore';
import type { KernelTreeFacts, RequestOptions } from './protocol';
import { counted } from './wording';

export class KernelSource {
  private index: SourceIndex | null = null;
  private resolver: SourceResolver | null = null;
  private byTags: SourceResolver | null = null;
  private definedKeys: ReadonlySet<string> = new Set();
  /** The functions that the index was asked for. */
  private asked: ReadonlySet<string> = new Set();
  /** By module and name: a text has the same function in thousands of stacks. */
  private wanted = new Map<string, WantedSymbol>();
  /** All that were ever wanted, for when the tree changes. */
  private readonly everWanted = new Map<string, WantedSymbol>();
  /** The index of an earlier session was looked for. */
  private isLoaded = false;
  /** Of the functions that were wanted, those of earlier sessions left out. */
  private readonly architectures = new Set<string>();
  private walk: Promise<void> = Promise.resolve();
  private isWalking = false;

  private constructor(
    private readonly tree: KernelTree,
    private readonly store: IndexStore | null,
    readonly facts: KernelTreeFacts,
    private readonly helps: TreeHelps,
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
    const tags = (await TagsFile.open(tree)) ?? (await CscopeFile.open(tree));
    const helps = { compiled: await readCompileCommands(tree), tags };
    const { version } = facts;
    return new KernelSource(tree, host.index, { root, version, helps: helpTexts(helps) }, helps);
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
    for (const symbol of symbols) this.everWanted.set(keyOf(symbol), symbol);
    for (const symbol of this.missing(symbols)) this.wanted.set(keyOf(symbol), symbol);
    const known = this.architectures.size;
    for (const { function: name } of symbols) {
      const architecture = guessArchitecture([name]);
      if (architecture !== null) this.architectures.add(architecture);
    }
    if (this.architectures.size > known && this.index !== null) this.use(this.index);
  }

  /** Of stacks that do not say theirs; null when nothing tells, or captures of several are open. */
  private get usualArchitecture(): string | null {
    const [only = null, ...others] = this.architectures;
    return others.length === 0 ? only : null;
  }

  /** Finds the wanted functions; a walk over the tree is needed only for those that were never looked for. */
  lookUp(options: RequestOptions = {}): Promise<void> {
    // One walk at a time: whoever comes while one goes on waits for it, and most often needs no other.
    this.walk = this.walk.catch(() => undefined).then(() => this.findWanted(options));
    return this.walk;
  }

  /** Whether every wanted function was looked for. */
  get isSettled(): boolean {
    return !this.isWalking && this.missing(this.wanted.values()).length === 0;
  }

  /** Links that may be why functions were not found, for people; empty when there are none, or all were found. */
  get linksOut(): string {
    const { index } = this;
    if (index === null || index.symbols.every((name) => this.knows(name))) return '';
    return linksOutText(index.linksOut);
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

  /**
   * Like {@link locate}, without a walk over the tree: null when a frame was not looked up yet.
   */
  async locateKnown(stack: readonly StackFrame[]): Promise<readonly SourceLocation[] | null> {
    if (this.missing(stack).length > 0) return null;
    return (await this.resolver?.resolveStack(stack)) ?? null;
  }

  /**
   * Places of frames that the tags file or cscope of the tree knows, for as long as {@link locateKnown} has none: unknown are those
   * that it does not know. null without such a file.
   */
  async locateByTags(stack: readonly StackFrame[]): Promise<readonly SourceLocation[] | null> {
    if (this.helps.tags === null) return null;
    this.byTags ??= this.resolverByTags(stack);
    return this.byTags.resolveStack(stack);
  }

  private resolverByTags(stack: readonly StackFrame[]): SourceResolver {
    const names = [...this.wanted.values(), ...stack].map((each) => each.function);
    const architecture = guessArchitecture(names) ?? this.helps.compiled?.architecture ?? null;
    const index = emptySourceIndex(this.tree, this.facts.version ?? '', architecture);
    return createSourceResolver(this.tree, index, this.helps);
  }

  /** A source file of the tree; null when there is none of that path, or nothing was looked up yet. */
  async sourceFile(path: string): Promise<SourceFile | null> {
    return (await this.resolver?.sourceFile(path)) ?? null;
  }

  private async findWanted(options: RequestOptions): Promise<void> {
    if (this.missing(this.wanted.values()).length === 0) {
      this.wanted = new Map();
      return;
    }
    this.isWalking = true;
    try {
      await this.dropStaleIndex(options);
      await this.walkForWanted(options);
    } catch (error) {
      throw options.signal?.aborted === true ? new CancelledError() : error;
    } finally {
      this.isWalking = false;
    }
  }

  /**
   * Before anything is looked up: an index of an earlier session is that of the tree as it was then, and one that is in
   * use is added to only while the tree stays as it is. linux-6.1 is checked in 1 to 2 s, where a walk takes 20.
   */
  private async dropStaleIndex(options: RequestOptions): Promise<void> {
    const index = this.index ?? (this.isLoaded ? undefined : await this.store?.load(this.tree.name));
    if (index === undefined) {
      this.isLoaded = true;
      return;
    }
    const fresh = await freshSourceIndex(this.tree, index, {
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      onProgress: (done, total) =>
        options.onProgress?.({ phase: 'indexing', done, total, unit: '', rowsAtEnd: false }),
    });
    this.isLoaded = true;
    if (fresh !== null) {
      this.use(fresh);
      // What changed and has no part in it is not to be read at each start.
      const before = new Set(index.read);
      if (fresh.read.some((folder) => !before.has(folder))) await this.store?.save(this.tree.name, fresh);
      return;
    }
    this.index = null;
    this.resolver = null;
    this.wanted = new Map(this.everWanted);
  }

  private async walkForWanted(options: RequestOptions): Promise<void> {
    const symbols = this.missing(this.wanted.values());
    this.wanted = new Map();
    if (symbols.length === 0) return;
    try {
      const index = await createSourceIndex(this.tree, {
        symbols,
        previous: this.index,
        compiled: this.helps.compiled,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        onProgress: ({ filesRead }) =>
          options.onProgress?.({
            phase: 'indexing',
            done: filesRead,
            total: 0,
            unit: 'files',
            rowsAtEnd: false,
          }),
      });
      this.use(index);
      await this.store?.save(this.tree.name, index);
    } catch (error) {
      this.want(symbols);
      throw error;
    }
  }

  private missing(symbols: Iterable<WantedSymbol>): readonly WantedSymbol[] {
    return this.index === null ? [...symbols] : missingSymbols(this.asked, symbols);
  }

  private use(index: SourceIndex): void {
    this.index = index;
    this.asked = new Set(index.symbols);
    this.byTags = null;
    this.resolver = createSourceResolver(this.tree, index, this.helps, this.usualArchitecture);
    this.definedKeys = new Set(index.definitions.map(([key]) => key));
  }
}

function keyOf({ module, function: name }: WantedSymbol): string {
  return `${module ?? ''} ${name}`;
}

/** What is used of the files that a build left in the tree, for people. */
function helpTexts({ compiled, tags }: TreeHelps): readonly (readonly [name: string, use: string])[] {
  const texts: (readonly [string, string])[] = [];
  if (compiled !== null) {
    const architecture = compiled.architecture === null ? '' : ` of ${compiled.architecture}`;
    const files = counted(compiled.files.size, 'compiled file');
    texts.push([COMPILE_COMMANDS, `${files}${architecture}, before others of their names`]);
  }
  if (tags !== null)
    texts.push([tags.name, 'first places until the tree is indexed, and what the index has not']);
  return texts;
}
