import type { TreeEntry } from '../../../../src/source/treeAccess';
import type { WorkspaceFiles, WorkspaceStat } from '../../../../src/engine/workspaceFiles';
import type { MemoryTree } from '../../source/memoryTree';

/** The URI of the folder that {@link MemoryFiles} are in. */
export const MEMORY = 'memory:/kernel';

/** The file systems of an editor that has one folder in memory, {@link MEMORY}. Its calls are counted. */
export class MemoryFiles implements WorkspaceFiles {
  readonly calls: string[] = [];
  /** Sizes that the file system tells in place of the true ones. */
  readonly sizes = new Map<string, number>();
  /** Every call waits for it. */
  gate: Promise<unknown> = Promise.resolve();

  constructor(readonly tree: MemoryTree) {}

  async stat(uri: string, path: string): Promise<WorkspaceStat> {
    const file = await this.call('stat', uri, path);
    const stamp = await this.tree.stat(file);
    if (stamp !== null) return { ...stamp, size: this.sizes.get(file) ?? stamp.size, kind: 'file' };
    if ((await this.tree.list(file)).length > 0) return { kind: 'folder', size: 0, modified: 0 };
    throw new Error('does not exist.');
  }

  async list(uri: string, path: string): Promise<readonly TreeEntry[]> {
    return this.tree.list(await this.call('list', uri, path));
  }

  async read(uri: string, path: string, limit: number): Promise<Uint8Array> {
    const bytes = await this.tree.read(await this.call('read', uri, path), limit);
    if (bytes === null) throw new Error('does not exist.');
    return bytes;
  }

  async write(uri: string, path: string, bytes: Uint8Array): Promise<void> {
    this.tree.write(await this.call('write', uri, path), bytes);
  }

  private async call(method: string, uri: string, path: string): Promise<string> {
    const place = path === '' ? uri : `${uri}/${path}`;
    const file = place === MEMORY ? '' : place.slice(MEMORY.length + 1);
    this.calls.push(`${method} ${file}`);
    await this.gate;
    return file;
  }
}
