/**
 * What the engine needs of where it runs: Node on this machine, or a browser's worker. Files and folders have names: a
 * path of this machine, or the URI of what an editor's file system has.
 */
import type { ByteSource } from '../capture/byteSource';
import type { OtherThreads } from '../capture/otherThreads';
import type { KernelIdentity } from '../capture/eventTable';
import type { DebugFile } from '../source/debugFile';
import type { RangeSource } from '../source/elf/rangeSource';
import type { KernelModules } from '../source/kernelDebugInfo';
import type { KernelTree } from '../source/treeAccess';
import type { FileChange, FileState } from './fileState';
import type { IndexStore } from './indexStore';
import type { RequestOptions } from './protocol';

export interface EngineHost {
  /**
   * Opens a file that may be a capture.
   *
   * @throws CaptureError when there is no such file, it may not be read, or it is none; CancelledError
   */
  openFile(name: string, options: RequestOptions): Promise<CaptureFile>;
  /**
   * The content of a compressed file.
   *
   * @throws DebugFileError when it is damaged, or has more bytes than can be kept; CancelledError
   */
  unpack(file: CaptureFile, options: RequestOptions): Promise<UnpackedFile>;
  /** What happened to a file since it was `before`; null when nothing did. */
  changeOf(name: string, before: FileState): Promise<FileChange | null>;
  /** Rejects when there is no such folder. */
  openTree(root: string): Promise<KernelTree>;
  /**
   * Writes a file that is there whole or not at all; one that is there is replaced.
   *
   * @param inputs files that it must not replace
   * @returns how many bytes it has
   * @throws ExportError
   */
  writeFile(name: string, pieces: AsyncIterable<string>, inputs: readonly string[]): Promise<number>;
  /** Where lookups in kernel trees are kept from one run to the next; null for nowhere. */
  readonly index: IndexStore | null;
  /** Null where no vmlinux can be read. */
  readonly debugInfo: DebugInfoMachine | null;
}

export interface CaptureFile extends ByteSource {
  /** When it was opened. */
  readonly state: FileState;
  /** Where and why the system could not read, to continue "the file"; null as long as it could. */
  readonly failure: { readonly offset: number; readonly message: string } | null;
  /** What happened to it since it was opened; null when nothing did. */
  change(): Promise<FileChange | null>;
  close(): Promise<void>;
  /** What can be done beside reading it; absent or null where that is nothing, or not worth it. */
  readonly otherThreads?: OtherThreads | null;
}

/** What was in a compressed file, kept until {@link close}. */
export interface UnpackedFile {
  readonly content: RangeSource;
  close(): void;
}

/** A machine with debug info of kernels. */
export interface DebugInfoMachine {
  /** Whether a vmlinux is looked for when nobody chose one. */
  readonly isSearched: boolean;
  /**
   * Places of the vmlinux of these kernels, likeliest first.
   *
   * @param tree folder of the kernel source, which is also where it is built; null when none is chosen
   */
  vmlinuxPlaces(kernels: readonly KernelIdentity[], tree: string | null): readonly string[];
  /** Where distributions put the vmlinux of a release. */
  vmlinuxOfRelease(release: string): string;
  isThere(place: string): Promise<boolean>;
  /** Whether it is a file, and in the folder also when symbolic links are followed. */
  isFileIn(folder: string, file: string): Promise<boolean>;
  /**
   * Opens a vmlinux for look-ups.
   *
   * @param modules folder of the modules; null for where those of this kernel usually are
   * @throws DebugFileError when the vmlinux cannot be used; the message names it and says what was expected
   * @throws CancelledError
   */
  open(
    vmlinux: string,
    modules: string | null,
    tree: string | null,
    options: RequestOptions,
  ): Promise<OpenDebugInfo>;
}

/** What is read of a vmlinux and of modules, open until {@link close}. */
export interface OpenDebugInfo {
  readonly kernel: DebugFile;
  readonly release: string | null;
  readonly modules: OpenModules;
  /**
   * The same vmlinux, which is not unpacked again, with modules that are looked for anew; takes the place of this one.
   * Null, and nothing is another than before, where the file of the vmlinux is not what it was.
   */
  renewed(modules: string | null, tree: string | null): Promise<OpenDebugInfo | null>;
  close(): void;
}

export interface OpenModules extends KernelModules {
  readonly folders: readonly string[];
  /** Modules that were asked for, and whether there is debug info of them. */
  readonly asked: ReadonlyMap<string, boolean>;
}
