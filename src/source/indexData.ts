/** What a source index holds, and what it is made from. */
import type { CompileCommands } from './compileCommands';
import type { DefinitionKind } from './definition';
import type { PointerUse } from './functionPointers';
import type { FunctionTemplate } from './macroTemplate';
import type { ReadFolder } from './readFolders';
import type { FileStamp, LinkOut } from './treeAccess';

/** Raised when a stored index cannot be read by this code any more. */
export const INDEX_FORMAT = 6;

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
  /** Of the compile_commands.json that told in which order files are read; null when none did. */
  readonly compileCommands: FileStamp | null;
  /** Symbols that were looked up, without suffixes, sorted. */
  readonly symbols: readonly string[];
  /** Root folders that were read to the end, for messages about what was not found. */
  readonly folders: readonly string[];
  /** Symbolic links that would have been followed if they did not lead out of the tree. */
  readonly linksOut: readonly LinkOut[];
  /** What was looked through, whether something was found there or not. */
  readonly read: readonly ReadFolder[];
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
  /** Another definition takes its place where there is one. */
  readonly isWeak: boolean;
}

export interface IndexProgress {
  /** What is being read: "core headers". */
  readonly stage: string;
  /** Of the whole walk; how many there will be is known by nobody: it ends where all symbols are found. */
  readonly filesRead: number;
}

export interface IndexOptions {
  readonly symbols: Iterable<WantedSymbol>;
  /** An index of the same tree to add to. It is not changed. */
  readonly previous?: SourceIndex | null;
  /** Folder below arch/; told from the symbols when absent. */
  readonly architecture?: string | null;
  /** Of the tree, when it has them. */
  readonly compiled?: CompileCommands | null;
  readonly onProgress?: (progress: IndexProgress) => void;
  readonly signal?: AbortSignal;
}
