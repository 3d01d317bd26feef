/** A file of the editor's file systems as a capture: read whole, as these have no reading by ranges. */
import type { CaptureFile } from './engineHost';
import { CancelledError, CaptureError } from './errors';
import { changeBetween, GONE, unknownChange, type FileChange, type FileState } from './fileState';
import type { RequestOptions } from './protocol';
import { MISSING, type WorkspaceFiles, type WorkspaceStat } from './workspaceFiles';

/**
 * Bytes of the largest file that is read. On its way a file is copied from the file system to the editor, to the
 * extension's host and to the worker, so that for a moment memory is needed for it three to four times over.
 */
const LARGEST = 256 * 2 ** 20;

export class WorkspaceFile implements CaptureFile {
  /** What was read is all there: nothing can fail later. */
  readonly failure = null;

  private constructor(
    readonly name: string,
    /** As the file system tells it: the size of what it fetches from elsewhere may be 0 there. */
    readonly state: FileState,
    private readonly bytes: Uint8Array,
    private readonly files: WorkspaceFiles,
  ) {}

  get size(): number {
    return this.bytes.length;
  }

  /** @throws CaptureError when there is no such file, it is too large or cannot be read; CancelledError */
  static async open(
    uri: string,
    files: WorkspaceFiles,
    { signal, onProgress }: RequestOptions,
  ): Promise<WorkspaceFile> {
    const stat = await unlessAborted(files.stat(uri, ''), signal).catch(refuse(uri));
    if (stat.kind === 'folder') throw new CaptureError(uri, 'is a folder; a trace file was expected.');
    if (stat.size > LARGEST) throw new CaptureError(uri, tooLarge(stat.size));
    onProgress?.({ phase: 'reading', done: 0, total: stat.size, unit: 'bytes', rowsAtEnd: false });
    const bytes = await unlessAborted(files.read(uri, '', LARGEST), signal).catch(refuse(uri));
    return new WorkspaceFile(uri, stateOf(stat), bytes, files);
  }

  read(offset: number, length: number): Promise<Uint8Array> {
    return Promise.resolve(this.bytes.subarray(offset, offset + length));
  }

  readInto(offset: number, target: Uint8Array): Promise<number> {
    const part = this.bytes.subarray(offset, offset + target.length);
    target.set(part);
    return Promise.resolve(part.length);
  }

  change(): Promise<FileChange | null> {
    return changeOfWorkspaceFile(this.name, this.state, this.files);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** What happened to a file since it was `before`; null when nothing did. */
export async function changeOfWorkspaceFile(
  uri: string,
  before: FileState,
  files: WorkspaceFiles,
): Promise<FileChange | null> {
  try {
    return changeBetween(before, stateOf(await files.stat(uri, '')));
  } catch (error) {
    const reason = reasonOf(error);
    return reason === MISSING ? GONE : unknownChange(`: it ${reason}`);
  }
}

function stateOf({ size, modified }: WorkspaceStat): FileState {
  return { size, modified: BigInt(Math.round(modified * 1e6)), identity: '' };
}

function tooLarge(size: number): string {
  const [has, most] = [size, LARGEST].map((bytes) => Math.round(bytes / 2 ** 20));
  return (
    `has ${has} MB. Files of this file system can only be read whole, up to ${most} MB: save a copy on a machine ` +
    'and open that with a Page Holders that runs there.'
  );
}

function refuse(uri: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof CancelledError) throw error;
    throw new CaptureError(uri, reasonOf(error));
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What nobody waits for any more goes on by itself: the editor's file systems know no cancel. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(new CancelledError());
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    work.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', abort);
    });
  });
}
