/** The files of the editor as the engine's worker has them: each call is a message to the extension's host. */
import type { TreeEntry } from '../source/treeAccess';
import type { FileAnswer, FileRequest, PlainError } from './protocol';
import type { FileMethod, WorkspaceFiles, WorkspaceStat } from './workspaceFiles';

/**
 * Calls under way at once. A walk over a kernel tree asks for thousands of folders; a file system behind a network
 * answers a few at a time, and a cancel must not wait for those that were not begun.
 */
const MOST_AT_ONCE = 16;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class AskedFiles implements WorkspaceFiles {
  private readonly asked = new Map<number, Waiting>();
  private readonly queue: (() => void)[] = [];
  private nextId = 1;

  constructor(private readonly post: (request: FileRequest) => void) {}

  async stat(uri: string, path: string): Promise<WorkspaceStat> {
    return (await this.ask('stat', [uri, path])) as WorkspaceStat;
  }

  async list(uri: string, path: string): Promise<readonly TreeEntry[]> {
    return (await this.ask('list', [uri, path])) as readonly TreeEntry[];
  }

  async read(uri: string, path: string, limit: number): Promise<Uint8Array> {
    return (await this.ask('read', [uri, path, limit])) as Uint8Array;
  }

  async write(uri: string, path: string, bytes: Uint8Array): Promise<void> {
    await this.ask('write', [uri, path, bytes]);
  }

  /** Takes what the extension's host answers. */
  receive({ id, value, error }: FileAnswer): void {
    const waiting = this.asked.get(id);
    if (waiting === undefined) return;
    this.asked.delete(id);
    if (error === null) waiting.resolve(value);
    else waiting.reject(thrown(error));
    this.queue.shift()?.();
  }

  /** The answer has the type of the method: both ends are of one build. */
  private ask(method: FileMethod, args: readonly unknown[]): Promise<unknown> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        this.asked.set(id, { resolve, reject });
        this.post({ type: 'file', id, method, args });
      };
      if (this.asked.size < MOST_AT_ONCE) begin();
      else this.queue.push(begin);
    });
  }
}

function thrown({ name, message }: PlainError): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
