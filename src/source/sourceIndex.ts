/**
 * Where a kernel tree defines the functions of a capture: found in one walk over the tree, kept as plain data
 * so that the caller can store it. Measured on linux-6.1, 2 cores: see createSourceIndex.
 */
import { assemblyCalls, assemblyDefinitions } from './assembly';
import { guessArchitecture } from './architecture';
import { cDefinitions, keyOfFunction, type CDefinitionOptions } from './cDefinitions';
import type { Definition, DefinitionKind } from './definition';
import { findMemberAssignments, findPointerUses, type PointerUse } from './functionPointers';
import { describeKernelTree } from './kernelTree';
import type { FunctionTemplate } from './macroTemplate';
import { isSymbolName, sourceName } from './symbolName';
import { findTailCalls, soleCall } from './tailCalls';
import { TailCallers } from './tailCallers';
import {
  HashSet,
  mentionsAny,
  nameHash,
  TokenBuffer,
  textOf,
  tokenize,
  tokenizeRange,
  tokenText,
  type Tokens,
} from './tokens';
import { SOURCE_FILE_LIMIT, type KernelTree, type TreeFile } from './treeAccess';
import { sourceTiers, type SourceFiles } from './treeWalk';

/** Raised when a stored index cannot be read by this code any more. */
const INDEX_FORMAT = 1;

/** A symbol to look up. */
export interface WantedSymbol {
  /** As the capture prints it. */
  readonly function: string;
  /** Module that the capture names, or null. */
  readonly module: string | null;
}

/** Plain data: survives JSON and structured cloning. */
export interface SourceIndex {
  readonly format: number;
  /** Name of the tree it was made from. */
  readonly tree: string;
  /** Version that the tree's Makefile gives. */
  readonly version: string;
  /** Folder below arch/ that was read, or null when all were. */
  readonly architecture: string | null;
  /** Symbols that were looked up, without suffixes, sorted. */
  readonly symbols: readonly string[];
  /** Root folders that were read to the end, for messages about what was not found. */
  readonly folders: readonly string[];
  /** Files that something here was found in. */
  readonly files: readonly IndexedFile[];
  /** By source key: the places that define it, as numbers in {@link files}. */
  readonly definitions: readonly (readonly [key: string, places: readonly IndexedPlace[]])[];
  /** By function or macro of a header: numbers in {@link files}. Calls through these are inlined. */
  readonly headers: readonly (readonly [name: string, files: readonly number[]])[];
  /** By macro of a header: the functions that its use defines. */
  readonly templates: readonly (readonly [macro: string, templates: readonly FunctionTemplate[]])[];
  /** By function, looked up or in {@link jumps}: where its address goes. */
  readonly pointers: readonly (readonly [name: string, uses: readonly PointerUse[]])[];
  /** By looked-up function: source keys of the functions that end with a jump to it, nearest first. */
  readonly jumps: readonly (readonly [name: string, callers: readonly string[]])[];
}

export interface IndexedFile {
  readonly path: string;
  readonly size: number;
  readonly modified: number;
}

export interface IndexedPlace {
  readonly file: number;
  readonly line: number;
  readonly kind: DefinitionKind;
  readonly isStatic: boolean;
}

export interface IndexProgress {
  /** What is being read: "core headers". */
  readonly stage: string;
  /** Of this stage. */
  readonly filesRead: number;
  readonly files: number;
  /** Of the whole walk. */
  readonly bytesRead: number;
  /** Symbols that have no definition yet. */
  readonly missing: number;
}

export interface IndexOptions {
  readonly symbols: Iterable<WantedSymbol>;
  /** An index of the same tree to add to. It is not changed. */
  readonly previous?: SourceIndex | null;
  /** Folder below arch/; told from the symbols when absent. */
  readonly architecture?: string | null;
  readonly onProgress?: (progress: IndexProgress) => void;
  readonly signal?: AbortSignal;
}

/** Reads under way at once: enough to keep Node's four I/O threads busy. */
const PARALLEL_READS = 8;

/** Files between two looks at what is still missing, and two reports of progress. */
const BATCH = 256;

/** Names used as pointers more often than this (`NULL`-like) tell nothing. */
const POINTER_USES_LIMIT = 64;

/** Longer macros do more than call one function. */
const MACRO_JUMP_LIMIT = 400;

/** A driver header larger than this is a table of registers (6.1: 164 files, 390 MB). */
const DRIVER_HEADER_LIMIT = 256 * 1024;

/**
 * Looks the symbols up in one walk over the tree: headers and core folders first, drivers only while something
 * is missing. Throws the signal's reason when cancelled, and an Error that says what is missing when the
 * tree is no kernel tree.
 */
export async function createSourceIndex(tree: KernelTree, options: IndexOptions): Promise<SourceIndex> {
  const facts = await describeKernelTree(tree);
  if (!facts.isKernelTree) throw new Error(facts.message);
  const builder = new IndexBuilder(tree, facts.version, options);
  await builder.run();
  return builder.result();
}

/** Symbols that an index was not asked for yet. */
export function missingSymbols(index: SourceIndex, symbols: Iterable<WantedSymbol>): WantedSymbol[] {
  const known = new Set(index.symbols);
  return [...symbols].filter((symbol) => {
    const { base } = sourceName(symbol.function);
    return !known.has(base) && isSymbolName(base);
  });
}

/**
 * Is a stored index still that of the tree? False when it has another format or version, or when one of the
 * files that something was found in has changed.
 */
export async function isSourceIndexFresh(tree: KernelTree, index: SourceIndex): Promise<boolean> {
  if (index.format !== INDEX_FORMAT || index.tree !== tree.name) return false;
  const facts = await describeKernelTree(tree);
  if (!facts.isKernelTree || facts.version !== index.version) return false;
  const files = index.files.values();
  let fresh = true;
  const check = async (): Promise<void> => {
    for (const file of files) {
      const stamp = fresh ? await tree.stat(file.path) : null;
      if (stamp?.size !== file.size || stamp.modified !== file.modified) fresh = false;
      if (!fresh) return;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_READS }, check));
  return fresh;
}

interface Lookup {
  readonly keys: readonly string[];
  readonly module: string | null;
}

class IndexBuilder {
  private readonly architecture: string | null;
  private readonly symbols: Set<string>;
  /** Source keys by hash of their identifier. */
  private readonly wanted = new Map<number, string[]>();
  private readonly wantedHashes = new HashSet();
  /** Base name → its keys and the module that the capture names. */
  private readonly lookups: Lookup[] = [];
  /** Symbols of this walk, without suffixes. */
  private readonly newNames: string[] = [];
  private readonly fileNumbers = new Map<string, number>();
  private readonly files: IndexedFile[] = [];
  private readonly definitions = new Map<string, IndexedPlace[]>();
  private readonly headers = new Map<string, Set<number>>();
  private readonly templates = new Map<string, readonly FunctionTemplate[]>();
  private readonly pointers = new Map<string, Map<string, PointerUse>>();
  private readonly tailCallers = new TailCallers();
  /** By any name: the members that it is assigned to. Most names are no functions; a few are asked for in the end. */
  private readonly members = new Map<string, Set<string>>();
  private readonly jumps = new Map<string, readonly string[]>();
  private readonly folders: Set<string>;
  private readonly buffer = new TokenBuffer(1 << 16);
  private bytesRead = 0;

  constructor(
    private readonly tree: KernelTree,
    private readonly version: string,
    private readonly options: IndexOptions,
  ) {
    const wanted = [...options.symbols];
    const previous = options.previous ?? null;
    this.symbols = new Set(previous?.symbols);
    this.folders = new Set(previous?.folders);
    this.architecture =
      options.architecture ??
      previous?.architecture ??
      guessArchitecture(wanted.map((symbol) => symbol.function));
    if (previous) this.takeOver(previous);
    for (const symbol of wanted) this.want(symbol);
  }

  async run(): Promise<void> {
    if (this.lookups.length === 0) return;
    await this.readTiers();
    this.findJumps();
  }

  private async readTiers(): Promise<void> {
    for (const tier of await sourceTiers(this.tree, this.architecture)) {
      if (tier.isLate) {
        this.wantOnlyMissing();
        if (this.missing().length === 0) return;
      }
      await this.readTier(tier);
    }
  }

  /** In an order that does not depend on which file was read first. */
  result(): SourceIndex {
    const files = this.files.toSorted((a, b) => byText(a.path, b.path));
    const numbers = new Map(files.map((file, number) => [file.path, number]));
    const renumbered = (file: number): number => numbers.get(this.files[file]!.path)!;
    return {
      format: INDEX_FORMAT,
      tree: this.tree.name,
      version: this.version,
      architecture: this.architecture,
      symbols: [...this.symbols].sort(),
      folders: [...this.folders],
      files,
      definitions: sortedByName(
        [...this.definitions].map(([key, places]) => [
          key,
          places
            .map((place) => ({ ...place, file: renumbered(place.file) }))
            .sort((a, b) => a.file - b.file || a.line - b.line),
        ]),
      ),
      headers: sortedByName(
        [...this.headers].map(([name, of]) => [name, [...of].map(renumbered).sort((a, b) => a - b)]),
      ),
      templates: sortedByName([...this.templates]),
      jumps: sortedByName([...this.jumps]),
      pointers: sortedByName(
        [...this.pointers].map(([name, uses]) => [
          name,
          [...uses].sort(([a], [b]) => byText(a, b)).map(([, use]) => use),
        ]),
      ),
    };
  }

  /** What jumps to the looked-up functions, and where the addresses of those go. */
  private findJumps(): void {
    for (const name of this.newNames) {
      const callers = this.tailCallers.of(name);
      if (callers.length > 0) this.jumps.set(name, callers);
      for (const function_ of [name, ...callers]) {
        for (const to of this.members.get(function_) ?? [])
          this.addPointer(function_, { how: 'assigned', to });
      }
    }
  }

  private want(symbol: WantedSymbol): void {
    const { base, keys } = sourceName(symbol.function);
    if (this.symbols.has(base) || !isSymbolName(base)) return;
    this.symbols.add(base);
    this.newNames.push(base);
    this.lookups.push({ keys, module: symbol.module });
    this.wantKeys(keys);
  }

  private wantKeys(keys: readonly string[]): void {
    for (const key of keys) {
      const hash = nameHash(key.slice(key.indexOf(':') + 1));
      this.wantedHashes.add(hash);
      const same = this.wanted.get(hash);
      if (same) same.push(key);
      else this.wanted.set(hash, [key]);
    }
  }

  private takeOver(previous: SourceIndex): void {
    for (const file of previous.files) this.numberOf(file.path, file);
    for (const [key, places] of previous.definitions) this.definitions.set(key, [...places]);
    for (const [name, files] of previous.headers) this.headers.set(name, new Set(files));
    for (const [macro, templates] of previous.templates) this.templates.set(macro, templates);
    for (const [name, callers] of previous.jumps) this.jumps.set(name, callers);
    for (const [name, uses] of previous.pointers) {
      this.pointers.set(name, new Map(uses.map((use) => [pointerKey(use), use])));
    }
  }

  /** Looked-up symbols that nothing defines, or nothing of the module that the capture names. */
  private missing(): readonly Lookup[] {
    return this.lookups.filter(({ keys, module }) => {
      const places = keys.flatMap((key) => this.definitions.get(key) ?? []);
      return !places.some(
        (place) =>
          place.kind !== 'macro' && (module === null || pathHasModule(this.files[place.file]!.path, module)),
      );
    });
  }

  /**
   * Drivers are most of the tree: they are read for what the core does not define, or defines in files that
   * may not be the ones meant (static functions), and for nothing else.
   */
  private wantOnlyMissing(): void {
    const missing = new Set(this.missing());
    this.wanted.clear();
    this.wantedHashes.clear();
    for (const lookup of this.lookups) {
      const places = lookup.keys.flatMap((key) => this.definitions.get(key) ?? []);
      if (missing.has(lookup) || places.every((place) => place.isStatic)) this.wantKeys(lookup.keys);
    }
  }

  private async readTier(tier: SourceFiles): Promise<void> {
    const paths = await tier.list();
    const limit = tier.isLate && tier.headers ? DRIVER_HEADER_LIMIT : SOURCE_FILE_LIMIT;
    let missing = this.missing().length;
    for (let first = 0; first < paths.length; first += BATCH) {
      const batch = paths.slice(first, first + BATCH);
      await this.readFiles(batch, limit, tier);
      missing = this.missing().length;
      this.options.onProgress?.({
        stage: tier.name,
        filesRead: first + batch.length,
        files: paths.length,
        bytesRead: this.bytesRead,
        missing,
      });
      if (tier.isLate && missing === 0) return;
    }
    if (!tier.headers) for (const folder of tier.folders) this.folders.add(folder);
  }

  private async readFiles(paths: readonly string[], limit: number, tier: SourceFiles): Promise<void> {
    const queue = paths.values();
    const readOn = async (): Promise<void> => {
      for (const path of queue) {
        this.options.signal?.throwIfAborted();
        const file = await this.tree.read(path, limit);
        if (!file) continue;
        this.bytesRead += file.size;
        this.takeFile(path, file, tier);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, readOn));
  }

  private takeFile(path: string, file: TreeFile, tier: SourceFiles): void {
    if (path.endsWith('.S')) {
      for (const definition of assemblyDefinitions(path, file.bytes)) {
        if (this.wantedKeys(nameHash(definition.key)).includes(definition.key))
          this.define(definition, path, file);
        if (!tier.isLate) this.addAssemblyJumps(definition, file);
      }
      return;
    }
    // Most drivers go no further. Names that macros paste together are missed: they stand nowhere in one piece.
    if (tier.isLate && !mentionsAny(file.bytes, this.wantedHashes)) return;
    const isHeader = tier.headers;
    const tokens = tokenize(file.bytes, this.buffer);
    const found = cDefinitions(path, tokens, {
      // Headers are read in no fixed order: what one defines must not depend on which were read before.
      ...(isHeader
        ? {}
        : { templates: this.templates, wants: (hash: number) => this.wantedHashes.has(hash) }),
      ...(tier.isLate ? {} : { body: this.bodyVisitor(tokens) }),
    });
    for (const definition of found.definitions) {
      if (isHeader) {
        this.addHeaderName(definition, path, file);
        this.addMacroJump(definition, file);
      }
      const name = definition.key.slice(definition.key.indexOf(':') + 1);
      if (this.wantedKeys(nameHash(name)).includes(definition.key)) this.define(definition, path, file);
    }
    if (isHeader) for (const [macro, templates] of found.templates) this.templates.set(macro, templates);
    if (!tier.isLate) this.addMemberAssignments(tokens);
    findPointerUses(
      tokens,
      (of, token) => this.wantedFunction(of, token),
      (name, use) => {
        this.addPointer(name, use);
      },
    );
  }

  private bodyVisitor(tokens: Tokens): NonNullable<CDefinitionOptions['body']> {
    return (name, parameters, open, close) => {
      let caller: string | null = null;
      findTailCalls(tokens, open, close, (callee) => {
        caller ??= keyOfFunction(tokens, name, parameters);
        this.tailCallers.add(tokenText(tokens, callee), caller);
      });
    };
  }

  /** A macro whose text is one call is another name for what it calls. */
  private addMacroJump(definition: Definition, file: TreeFile): void {
    if (definition.kind !== 'macro' || definition.bodyTo - definition.bodyFrom > MACRO_JUMP_LIMIT) return;
    const tokens = tokenizeRange(file.bytes, definition.bodyFrom, definition.bodyTo, false);
    const callee = soleCall(tokens);
    if (callee >= 0) this.tailCallers.add(tokenText(tokens, callee), definition.key);
  }

  private addAssemblyJumps(definition: Definition, file: TreeFile): void {
    const { key, bodyFrom, bodyTo, line } = definition;
    for (const call of assemblyCalls(file.bytes, bodyFrom, bodyTo, line)) {
      if (call.isJump) this.tailCallers.add(call.name, key);
    }
  }

  private addMemberAssignments(tokens: Tokens): void {
    findMemberAssignments(tokens, (member, name) => {
      // Functions have names in lower case; constants are most of what is assigned.
      if (tokens.bytes[tokens.start[name]!]! < 95) return;
      const text = tokenText(tokens, name);
      let members = this.members.get(text);
      if (!members) {
        members = new Set();
        this.members.set(text, members);
      }
      if (members.size < POINTER_USES_LIMIT) members.add(tokenText(tokens, member));
    });
  }

  private wantedKeys(hash: number): readonly string[] {
    return this.wanted.get(hash) ?? [];
  }

  private wantedFunction(tokens: Tokens, token: number): string | null {
    const hash = tokens.hash[token]!;
    if (!this.wantedHashes.has(hash)) return null;
    const keys = this.wantedKeys(hash);
    const text = textOf(tokens.bytes, tokens.start[token]!, tokens.end[token]!);
    return keys.includes(text) ? text : null;
  }

  private addHeaderName(definition: Definition, path: string, file: TreeFile): void {
    let files = this.headers.get(definition.key);
    if (!files) {
      files = new Set();
      this.headers.set(definition.key, files);
    }
    files.add(this.numberOf(path, file));
  }

  private define(definition: Definition, path: string, file: TreeFile): void {
    const { line, kind, isStatic } = definition;
    const place = { file: this.numberOf(path, file), line, kind, isStatic };
    const places = this.definitions.get(definition.key);
    if (!places) this.definitions.set(definition.key, [place]);
    else if (!places.some((other) => other.file === place.file && other.line === place.line))
      places.push(place);
  }

  private addPointer(name: string, use: PointerUse): void {
    let uses = this.pointers.get(name);
    if (!uses) {
      uses = new Map();
      this.pointers.set(name, uses);
    }
    if (uses.size < POINTER_USES_LIMIT) uses.set(pointerKey(use), use);
  }

  private numberOf(path: string, file: { readonly size: number; readonly modified: number }): number {
    let number = this.fileNumbers.get(path);
    if (number === undefined) {
      number = this.files.length;
      this.fileNumbers.set(path, number);
      this.files.push({ path, size: file.size, modified: file.modified });
    }
    return number;
  }
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function sortedByName<Entry extends readonly [string, unknown]>(entries: Entry[]): Entry[] {
  return entries.sort(([a], [b]) => byText(a, b));
}

function pointerKey(use: PointerUse): string {
  return use.how === 'assigned' ? `=${use.to}` : `${use.of}#${use.index}`;
}

/** Does the file look like a part of the module? `nf_tables` is also written nf-tables, and may be a folder or a file. */
export function pathHasModule(path: string, module: string): boolean {
  const name = module.replaceAll('-', '_');
  return path.split('/').some((part) => part.replace(/\.[chS]$/, '').replaceAll('-', '_') === name);
}
