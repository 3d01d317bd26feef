/** Paths of the machine that built a kernel, in the tree that is open. */
import type { DebugFile } from './debugFile';
import type { KernelTree } from './treeAccess';

/** The file that every kernel has, by the function that is in it (as scripts/faddr2line finds the build folder). */
const LANDMARK = { symbol: 'start_kernel', file: 'init/main.c' };

export class SourcePaths {
  private readonly known = new Map<string, Promise<string | null>>();

  private constructor(
    /** Folder of the build, with a `/` at its end; empty when it is not known. */
    private readonly buildFolder: string,
    private readonly tree: KernelTree | null,
  ) {}

  /** @param tree null when none is open: paths are then only made relative to the folder of the build */
  static async create(kernel: DebugFile, tree: KernelTree | null): Promise<SourcePaths> {
    for (const { address } of await kernel.symbolsNamed(LANDMARK.symbol)) {
      const file = (await kernel.definitionAt(address))?.file;
      if (file?.endsWith(`/${LANDMARK.file}`) === true) {
        return new SourcePaths(file.slice(0, -LANDMARK.file.length), tree);
      }
    }
    return new SourcePaths('', tree);
  }

  /** The path without the folder of the build. */
  shorten(path: string): string {
    return this.buildFolder !== '' && path.startsWith(this.buildFolder)
      ? path.slice(this.buildFolder.length)
      : path;
  }

  /**
   * Path in the tree, relative to its root: the longest end of the given one that is a file there. Null when the tree
   * has none, as for a module that was built outside of it.
   */
  inTree(path: string): Promise<string | null> {
    let found = this.known.get(path);
    if (found === undefined) {
      found = this.search(path);
      this.known.set(path, found);
    }
    return found;
  }

  private async search(path: string): Promise<string | null> {
    const { tree } = this;
    const short = this.shorten(path);
    if (tree === null) return short.startsWith('/') ? null : short;
    const parts = short.split('/').filter((part) => part !== '' && part !== '.' && part !== '..');
    // A name alone is in many folders: at least one folder must agree.
    for (let first = 0; first < parts.length - 1; first++) {
      const end = parts.slice(first).join('/');
      if ((await tree.stat(end)) !== null) return end;
    }
    return null;
  }
}
