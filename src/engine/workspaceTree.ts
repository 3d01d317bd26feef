/** A kernel tree in a folder of the editor's file systems. */
import type { FileStamp, KernelTree, TreeEntry } from '../source/treeAccess';
import type { WorkspaceFiles } from './workspaceFiles';

export class WorkspaceTree implements KernelTree {
  readonly isFar = true;

  private constructor(
    readonly name: string,
    private readonly files: WorkspaceFiles,
  ) {}

  /** Rejects when there is no such folder. */
  static async open(root: string, files: WorkspaceFiles): Promise<WorkspaceTree> {
    await files.list(root, '');
    return new WorkspaceTree(root, files);
  }

  list(folder: string): Promise<readonly TreeEntry[]> {
    return this.files.list(this.name, folder).catch(() => []);
  }

  async read(file: string, limit: number): Promise<Uint8Array | null> {
    return isPlain(file) ? this.files.read(this.name, file, limit).catch(() => null) : null;
  }

  async stat(file: string): Promise<FileStamp | null> {
    if (!isPlain(file)) return null;
    const stat = await this.files.stat(this.name, file).catch(() => null);
    return stat?.kind === 'file' ? { size: stat.size, modified: stat.modified } : null;
  }
}

/** A path that stays below the root. */
function isPlain(file: string): boolean {
  return !file.split('/').some((part) => part === '' || part === '.' || part === '..' || part.includes('\\'));
}
