/**
 * Where a kernel tree defines the functions of a capture: found in one walk over the tree, kept as plain data
 * so that the caller can store it.
 */
import { guessArchitecture } from './architecture';
import { COMPILE_COMMANDS } from './compileCommands';
import { IndexBuilder } from './indexBuilder';
import { IndexCheck, isSameStamp, type CheckOptions } from './indexCheck';
import { INDEX_FORMAT, type IndexOptions, type SourceIndex, type WantedSymbol } from './indexData';
import { describeKernelTree } from './kernelTree';
import { isSymbolName, sourceName } from './symbolName';
import type { KernelTree } from './treeAccess';

export type { IndexOptions, IndexProgress, SourceIndex, WantedSymbol } from './indexData';

/**
 * Looks the symbols up in one walk over the tree: headers and core folders first, drivers only while something
 * is missing. Throws the signal's reason when cancelled, and an Error that says what is missing when the
 * tree is no kernel tree.
 */
export async function createSourceIndex(tree: KernelTree, options: IndexOptions): Promise<SourceIndex> {
  const facts = await describeKernelTree(tree);
  if (!facts.isKernelTree) throw new Error(facts.message);
  return new IndexBuilder(tree, facts.version, forArchitectures(options)).run();
}

/**
 * The same, but for symbols of another architecture than the index to add to was made for: then all
 * architectures are read, for the symbols of both.
 */
function forArchitectures(options: IndexOptions): IndexOptions {
  const { previous } = options;
  const symbols = [...options.symbols];
  const guessed =
    options.architecture ??
    guessArchitecture(symbols.map((symbol) => symbol.function)) ??
    options.compiled?.architecture ??
    null;
  if (!previous) return { ...options, symbols, architecture: guessed };
  if (previous.architecture === null || guessed === null || guessed === previous.architecture) {
    return { ...options, symbols, architecture: previous.architecture };
  }
  const before = previous.symbols.map((name) => ({ function: name, module: null }));
  return { ...options, symbols: [...before, ...symbols], previous: null, architecture: null };
}

/**
 * Symbols that an index was not asked for yet.
 *
 * @param asked those of the index: a set, as this is asked for each stack of a text
 */
export function missingSymbols(
  asked: ReadonlySet<string>,
  symbols: Iterable<WantedSymbol>,
): readonly WantedSymbol[] {
  return [...symbols].filter((symbol) => {
    const { base } = sourceName(symbol.function);
    return !asked.has(base) && isSymbolName(base);
  });
}

/**
 * An index that was stored, or made a while ago, where it is still that of the tree: with stamps as they are now. Null
 * when it has another format or version, or when what changed in the tree may have a part in it. Throws the signal's
 * reason when cancelled.
 */
export async function freshSourceIndex(
  tree: KernelTree,
  index: SourceIndex,
  options: CheckOptions = {},
): Promise<SourceIndex | null> {
  if (index.format !== INDEX_FORMAT || index.tree !== tree.name) return null;
  const facts = await describeKernelTree(tree);
  if (!facts.isKernelTree || facts.version !== index.version) return null;
  const compiled = await tree.stat(COMPILE_COMMANDS);
  if (!isSameStamp(compiled, index.compileCommands)) return null;
  return new IndexCheck(tree, index, options).run();
}

/**
 * An index of a tree of which nothing was read yet: a resolver finds in it what a tags file knows.
 *
 * @param architecture folder below arch/; null when nothing tells
 */
export function emptySourceIndex(
  tree: KernelTree,
  version: string,
  architecture: string | null,
): SourceIndex {
  const nothing = {
    symbols: [],
    folders: [],
    linksOut: [],
    read: [],
    files: [],
    definitions: [],
    headers: [],
  };
  const noUses = { templates: [], pointers: [], jumps: [] };
  return {
    format: INDEX_FORMAT,
    tree: tree.name,
    version,
    architecture,
    compileCommands: null,
    ...nothing,
    ...noUses,
  };
}
