/** The walk over a kernel tree that makes a source index. */
import { assemblyCalls, assemblyDefinitions } from './assembly';
import { cDefinitions, keyOfFunction, type CDefinitionOptions } from './cDefinitions';
import { compiledFor, type CompileCommands } from './compileCommands';
import type { Definition } from './definition';
import { findMemberAssignments, findPointerUses, type PointerUse } from './functionPointers';
import type { FunctionTemplate } from './macroTemplate';
import { pathHasModule } from './modulePath';
import {
  INDEX_FORMAT,
  type IndexedFile,
  type IndexedPlace,
  type IndexOptions,
  type SourceIndex,
  type WantedSymbol,
} from './indexData';
import { ReadFolders, type ReadFolder } from './readFolders';
import { isSymbolName, sourceName } from './symbolName';
import { findTailCalls, soleCall } from './tailCalls';
import { TailCallers } from './tailCallers';
import { mentionsAny, TokenBuffer, tokenize, tokenizeRange, tokenText, type Tokens } from './tokens';
import { PARALLEL_READS, SOURCE_FILE_LIMIT, type KernelTree, type LinkOut } from './treeAccess';
import { NETWORK_ROOT, sourceTiers, wouldFollow, type SourceFiles } from './treeWalk';
import { WantedKeys } from './wantedKeys';

/** Files between two looks at what is still missing, and two reports of progress. */
const BATCH = 256;

/** Names used as pointers more often than this (`NULL`-like) tell nothing. */
const POINTER_USES_LIMIT = 64;

/** Longer macros do more than call one function. */
const MACRO_JUMP_LIMIT = 400;

/** A driver header larger than this is a table of registers (6.1: 164 files, 390 MB). */
const DRIVER_HEADER_LIMIT = 256 * 1024;

interface Lookup {
  readonly keys: readonly string[];
  readonly module: string | null;
}

/** Reads the files of a tree and collects what {@link SourceIndex} holds. */
export class IndexBuilder {
  private readonly architecture: string | null;
  private readonly compiled: CompileCommands | null;
  private readonly symbols: Set<string>;
  private readonly wanted = new WantedKeys();
  private readonly lookups: Lookup[] = [];
  /** Symbols of this walk, without suffixes. */
  private readonly newNames: string[] = [];
  /** Files that something was found in, and their numbers. */
  private readonly paths: string[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly definitions = new Map<string, IndexedPlace[]>();
  private readonly headers = new Map<string, Set<number>>();
  private readonly templates = new Map<string, readonly FunctionTemplate[]>();
  private readonly pointers = new Map<string, Map<string, PointerUse>>();
  private readonly tailCallers = new TailCallers();
  /**
   * By any name: the members that it is assigned to, and the file where each was first. Most names are no functions; a
   * few are asked for in the end.
   */
  private readonly members = new Map<string, Map<string, string>>();
  private readonly jumps = new Map<string, readonly string[]>();
  private readonly folders: Set<string>;
  private readonly read: ReadFolders;
  private readonly buffer = new TokenBuffer(1 << 16);
  private filesRead = 0;

  constructor(
    private readonly tree: KernelTree,
    private readonly version: string,
    private readonly options: IndexOptions,
  ) {
    const wanted = [...options.symbols];
    const previous = options.previous ?? null;
    this.symbols = new Set(previous?.symbols);
    this.folders = new Set(previous?.folders);
    this.read = new ReadFolders(tree);
    this.architecture = options.architecture ?? null;
    this.compiled = compiledFor(options.compiled ?? null, this.architecture);
    if (previous) this.takeOver(previous);
    for (const symbol of wanted) this.want(symbol);
  }

  async run(): Promise<SourceIndex> {
    if (this.lookups.length > 0) {
      await this.readTiers();
      this.findJumps();
    }
    for (const path of this.read.elsewhere) this.numberOf(path);
    return this.result(this.stamps(), await this.read.result(this.options.previous?.read ?? []));
  }

  /**
   * Size and time of the files that something was found in, from before they were read, in an order that does not depend
   * on the walk.
   */
  private stamps(): readonly IndexedFile[] {
    const before = new Map(this.options.previous?.files.map((file) => [file.path, file]));
    const stamped = this.paths.map((path): IndexedFile => {
      // A file that went away meanwhile is told by a size that none has.
      const { size, modified } = before.get(path) ?? this.read.stampOf(path) ?? { size: -1, modified: 0 };
      return { path, size, modified };
    });
    return stamped.sort((a, b) => byText(a.path, b.path));
  }

  private linksOut(): readonly LinkOut[] {
    const met = (this.tree.linksOut?.() ?? []).filter(wouldFollow);
    const all = new Map(
      [...(this.options.previous?.linksOut ?? []), ...met].map((link) => [link.path, link]),
    );
    return [...all.values()].sort((a, b) => byText(a.path, b.path));
  }

  private async readTiers(): Promise<void> {
    for (const tier of await this.tiers()) {
      if (tier.isLate) {
        this.wantOnlyMissing(tier);
        if (this.missing(tier).length === 0) return;
      }
      await this.readTier(tier);
    }
  }

  private tiers(): Promise<readonly SourceFiles[]> {
    return sourceTiers(this.tree, this.architecture, this.compiled, (folder, sources) => {
      this.read.addFolder(folder, sources);
    });
  }

  private result(files: readonly IndexedFile[], read: readonly ReadFolder[]): SourceIndex {
    const numbers = new Map(files.map((file, number) => [file.path, number]));
    const renumbered = (file: number): number => numbers.get(this.paths[file]!)!;
    return {
      format: INDEX_FORMAT,
      tree: this.tree.name,
      version: this.version,
      architecture: this.architecture,
      compileCommands: this.options.compiled?.stamp ?? null,
      symbols: [...this.symbols].sort(),
      folders: [...this.folders],
      linksOut: this.linksOut(),
      read,
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
      if (callers.size > 0) this.jumps.set(name, [...callers.keys()]);
      for (const file of callers.values()) this.numberOf(file);
      for (const assigned of [name, ...callers.keys()]) {
        for (const [to, file] of this.members.get(assigned) ?? []) {
          this.addPointer(assigned, { how: 'assigned', to }, file);
        }
      }
    }
  }

  private want(symbol: WantedSymbol): void {
    const { base, keys } = sourceName(symbol.function);
    if (this.symbols.has(base) || !isSymbolName(base)) return;
    this.symbols.add(base);
    this.newNames.push(base);
    this.lookups.push({ keys, module: symbol.module });
    for (const key of keys) this.wanted.add(key);
  }

  private takeOver(previous: SourceIndex): void {
    for (const { path } of previous.files) this.numberOf(path);
    for (const [key, places] of previous.definitions) this.definitions.set(key, [...places]);
    for (const [name, files] of previous.headers) this.headers.set(name, new Set(files));
    for (const [macro, templates] of previous.templates) this.templates.set(macro, templates);
    for (const [name, callers] of previous.jumps) this.jumps.set(name, callers);
    for (const [name, uses] of previous.pointers) {
      this.pointers.set(name, new Map(uses.map((use) => [pointerKey(use), use])));
    }
  }

  /**
   * Looked-up symbols that nothing defines, or nothing of the module that the capture names, when `tier` is read. What
   * takes the place of a weak function is in the core or in the network: skb_copy_bits.
   */
  private missing(tier: SourceFiles): readonly Lookup[] {
    const isReplaceable = tier.folders.includes(NETWORK_ROOT);
    return this.lookups.filter(({ keys, module }) => {
      const places = keys.flatMap((key) => this.definitions.get(key) ?? []);
      return !places.some(
        (place) =>
          place.kind !== 'macro' &&
          !(isReplaceable && place.isWeak) &&
          (module === null || pathHasModule(this.paths[place.file]!, module)),
      );
    });
  }

  /**
   * Drivers are most of the tree: they are read for what the core does not define, or defines in files that
   * may not be the ones meant (static functions), and for nothing else.
   */
  private wantOnlyMissing(tier: SourceFiles): void {
    const missing = new Set(this.missing(tier));
    this.wanted.clear();
    for (const lookup of this.lookups) {
      const places = lookup.keys.flatMap((key) => this.definitions.get(key) ?? []);
      if (!missing.has(lookup) && !places.every((place) => place.isStatic)) continue;
      for (const key of lookup.keys) this.wanted.add(key);
    }
  }

  private async readTier(tier: SourceFiles): Promise<void> {
    const paths = await tier.list();
    const limit = tier.isLate && tier.headers ? DRIVER_HEADER_LIMIT : SOURCE_FILE_LIMIT;
    for (let first = 0; first < paths.length; first += BATCH) {
      const batch = paths.slice(first, first + BATCH);
      await this.readFiles(batch, limit, tier);
      this.filesRead += batch.length;
      this.options.onProgress?.({ stage: tier.name, filesRead: this.filesRead });
      if (tier.isLate && this.missing(tier).length === 0) return;
    }
    if (!tier.headers) for (const folder of tier.folders) this.folders.add(folder);
  }

  private async readFiles(paths: readonly string[], limit: number, tier: SourceFiles): Promise<void> {
    const queue = paths.values();
    const readOn = async (): Promise<void> => {
      for (const path of queue) {
        this.options.signal?.throwIfAborted();
        await this.read.addFile(path);
        const bytes = await this.tree.read(path, limit);
        if (!bytes) continue;
        this.takeFile(path, bytes, tier);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_READS }, readOn));
  }

  private takeFile(path: string, bytes: Uint8Array, tier: SourceFiles): void {
    if (path.endsWith('.S')) {
      for (const definition of assemblyDefinitions(path, bytes)) {
        if (this.wanted.has(definition.key)) this.define(definition);
        if (!tier.isLate) this.addAssemblyJumps(definition, bytes);
      }
      return;
    }
    // Most drivers go no further. Names that macros paste together are missed: they stand nowhere in one piece.
    if (tier.isLate && !mentionsAny(bytes, this.wanted.hashes)) return;
    const isHeader = tier.headers;
    const tokens = tokenize(bytes, this.buffer);
    const found = cDefinitions(path, tokens, {
      // Headers are read in no fixed order: what one defines must not depend on which were read before.
      ...(isHeader
        ? {}
        : { templates: this.templates, wants: (hash: number) => this.wanted.hashes.has(hash) }),
      ...(tier.isLate ? {} : { body: this.bodyVisitor(path, tokens) }),
    });
    for (const definition of found.definitions) {
      if (isHeader) {
        this.addHeaderName(definition);
        this.addMacroJump(definition, bytes);
      }
      if (this.wanted.has(definition.key)) this.define(definition);
    }
    if (isHeader) for (const [macro, templates] of found.templates) this.templates.set(macro, templates);
    if (!tier.isLate) this.addMemberAssignments(path, tokens);
    findPointerUses(
      tokens,
      (of, token) => this.wanted.functionAt(of, token),
      (name, use) => {
        this.addPointer(name, use, path);
      },
    );
  }

  private bodyVisitor(path: string, tokens: Tokens): NonNullable<CDefinitionOptions['body']> {
    return (name, parameters, open, close) => {
      let caller: string | null = null;
      findTailCalls(tokens, open, close, (callee) => {
        caller ??= keyOfFunction(tokens, name, parameters);
        this.tailCallers.add(tokenText(tokens, callee), caller, path);
      });
    };
  }

  /** A macro whose text is one call is another name for what it calls. */
  private addMacroJump(definition: Definition, bytes: Uint8Array): void {
    if (definition.kind !== 'macro' || definition.bodyTo - definition.bodyFrom > MACRO_JUMP_LIMIT) return;
    const tokens = tokenizeRange(bytes, definition.bodyFrom, definition.bodyTo, false);
    const callee = soleCall(tokens);
    if (callee >= 0) this.tailCallers.add(tokenText(tokens, callee), definition.key, definition.file);
  }

  private addAssemblyJumps(definition: Definition, bytes: Uint8Array): void {
    const { key, file, bodyFrom, bodyTo, line } = definition;
    for (const call of assemblyCalls(bytes, bodyFrom, bodyTo, line)) {
      if (call.isJump) this.tailCallers.add(call.name, key, file);
    }
  }

  private addMemberAssignments(path: string, tokens: Tokens): void {
    findMemberAssignments(tokens, (member, name) => {
      // Functions have names in lower case; constants are most of what is assigned.
      if (tokens.bytes[tokens.start[name]!]! < 95) return;
      const text = tokenText(tokens, name);
      let members = this.members.get(text);
      if (!members) {
        members = new Map();
        this.members.set(text, members);
      }
      const to = tokenText(tokens, member);
      if (members.size < POINTER_USES_LIMIT && !members.has(to)) members.set(to, path);
    });
  }

  private addHeaderName(definition: Definition): void {
    let files = this.headers.get(definition.key);
    if (!files) {
      files = new Set();
      this.headers.set(definition.key, files);
    }
    files.add(this.numberOf(definition.file));
  }

  private define(definition: Definition): void {
    const { line, kind, isStatic, isWeak } = definition;
    const place = { file: this.numberOf(definition.file), line, kind, isStatic, isWeak };
    const places = this.definitions.get(definition.key);
    if (!places) this.definitions.set(definition.key, [place]);
    else if (!places.some((other) => other.file === place.file && other.line === place.line))
      places.push(place);
  }

  private addPointer(name: string, use: PointerUse, file: string): void {
    let uses = this.pointers.get(name);
    if (!uses) {
      uses = new Map();
      this.pointers.set(name, uses);
    }
    const key = pointerKey(use);
    if (uses.size >= POINTER_USES_LIMIT || uses.has(key)) return;
    uses.set(key, use);
    this.numberOf(file);
  }

  private numberOf(path: string): number {
    let number = this.numbers.get(path);
    if (number === undefined) {
      number = this.paths.length;
      this.numbers.set(path, number);
      this.paths.push(path);
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
