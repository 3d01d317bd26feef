/** Paths of the machine that built a kernel, in the tree that is open. */
import type { DebugFile } from './debugFile';
import { kept } from './keptPromises';
import type { OutsideTree } from './location';
import type { KernelTree } from './treeAccess';

/** Paths that begin so in the debug info are in that folder of this machine. */
export interface PathMapping {
  readonly from: string;
  /** Absolute path. */
  readonly to: string;
}

/** What {@link SourcePaths} knows of this machine. */
interface LocalFiles {
  /** Null when none is open: paths are then only made relative to the folder of the build. */
  readonly tree: KernelTree | null;
  /** Absolute path of the tree, or null. */
  readonly root: string | null;
  /** Which a person wrote; the longest that fits is taken. */
  readonly mappings: readonly PathMapping[];
  /** Whether there is a file at an absolute path, and no link leads from there out of `folder`. */
  isFileIn(folder: string, path: string): Promise<boolean>;
}

interface PlacedPath {
  readonly file: string;
  readonly outside?: OutsideTree;
}

/** The file that every kernel has, by the function that is in it (as scripts/faddr2line finds the build folder). */
const LANDMARK = { symbol: 'start_kernel', file: 'init/main.c' };

/** Where the kernel's own headers stand for modules that are built outside of it (DKMS, `make M=`). */
const KERNEL_HEADERS =
  /^\/(?:usr\/src\/(?:linux-[^/]+|kernels\/[^/]+)|(?:usr\/)?lib\/modules\/[^/]+\/(?:build|source))\/(?=include\/|arch\/)/;

export class SourcePaths {
  private readonly known = new Map<string, Promise<PlacedPath>>();

  private constructor(
    /**
     * Folder of the build, with a `/` at its end; empty where paths are relative to it (-fdebug-prefix-map); null when it
     * is not known.
     */
    private readonly buildFolder: string | null,
    private readonly local: LocalFiles,
  ) {}

  static async create(kernel: DebugFile, local: LocalFiles): Promise<SourcePaths> {
    for (const { address } of await kernel.symbolsNamed(LANDMARK.symbol)) {
      const file = (await kernel.definitionAt(address))?.file;
      if (file === LANDMARK.file || file?.endsWith(`/${LANDMARK.file}`) === true) {
        return new SourcePaths(file.slice(0, -LANDMARK.file.length), local);
      }
    }
    return new SourcePaths(null, local);
  }

  /** The path without the folder of the build. */
  shorten(path: string): string {
    return this.buildFolder !== null && path.startsWith(this.buildFolder)
      ? path.slice(this.buildFolder.length)
      : path;
  }

  /**
   * Where a path is here: where a mapping leads, when there is a file; else in the tree by the longest end of it that is a
   * file there. What is in neither, or was built outside of the kernel's folder, as the modules of DKMS, stays as the
   * build had it: a tree often has another file of the same end.
   */
  place(path: string): Promise<PlacedPath> {
    return kept(this.known, path, () => this.search(path));
  }

  private async search(path: string): Promise<PlacedPath> {
    const { tree } = this.local;
    const mapped = await this.mapped(path);
    if (mapped !== null) return mapped;
    const short = this.shorten(path).replace(KERNEL_HEADERS, '');
    if (tree !== null && this.isForeign(short)) return { file: short, outside: 'build' };
    const parts = short.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
    // A name alone is in many folders: at least one folder must agree.
    for (let first = 0; tree !== null && first < parts.length - 1; first++) {
      const end = parts.slice(first).join('/');
      const stamp = await tree.stat(end);
      if (stamp !== null) return { file: stamp.target ?? end };
    }
    return { file: short, outside: tree === null ? 'no-tree' : 'build' };
  }

  /** Whether a path that is left of {@link shorten} was not in the folder of the build. */
  private isForeign(path: string): boolean {
    if (this.buildFolder === null || !path.startsWith('/')) return false;
    // Of a build that makes its paths relative by KCFLAGS, assembly and what it includes are left out: that takes KAFLAGS.
    return this.buildFolder.startsWith('/') || path.endsWith('.c');
  }

  /** Null when no mapping fits, or there is no file where it leads. */
  private async mapped(path: string): Promise<PlacedPath | null> {
    let best: PathMapping | null = null;
    for (const { from: given, to } of this.local.mappings) {
      const from = withoutEnd(given);
      if (path.startsWith(`${from}/`) && from.length > (best?.from.length ?? -1)) best = { from, to };
    }
    if (best === null || path.includes('/../')) return null;
    const folder = withoutEnd(best.to);
    const file = folder + path.slice(best.from.length);
    if (!(await this.local.isFileIn(folder, file))) return null;
    const root = this.local.root === null ? null : `${withoutEnd(this.local.root)}/`;
    return root !== null && file.startsWith(root)
      ? { file: file.slice(root.length) }
      : { file, outside: 'mapped' };
  }
}

function withoutEnd(folder: string): string {
  return folder.replace(/\/+$/, '');
}
