/** A file of this machine as a capture. */
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import type { OtherThreads } from '../../capture/otherThreads';
import type { CaptureFile } from '../engineHost';
import { CaptureError } from '../errors';
import type { FileChange, FileState } from '../fileState';
import { changeOf, fileState } from './nodeFileState';
import { openFailure } from './openFailure';
import { systemReason } from './systemReason';

/**
 * Bytes of a file from which on other threads are of use: one that decompresses has started then before all is read.
 */
const WORTH_A_THREAD = 1 << 22;

export class NodeFile implements CaptureFile {
  /** Where and why the system could not read, to continue "the file"; null as long as it could. */
  failure: { readonly offset: number; readonly message: string } | null = null;

  private constructor(
    readonly name: string,
    /** When it was opened. */
    readonly state: FileState,
    readonly otherThreads: OtherThreads | null,
    private readonly handle: FileHandle,
  ) {}

  get size(): number {
    return this.state.size;
  }

  /**
   * Files that the kernel makes up as they are read (/sys/kernel/tracing/trace) say size 0, and are refused with
   * what to do instead.
   *
   * @throws CaptureError when there is no such file, it may not be read, or it is a folder
   */
  static async open(path: string, otherThreads: OtherThreads | null = null): Promise<NodeFile> {
    let handle: FileHandle;
    try {
      handle = await open(path, 'r');
    } catch (error) {
      throw new CaptureError(path, `${openFailure(error)}.`);
    }
    const status = await handle.stat({ bigint: true });
    const refusal = status.isDirectory()
      ? 'is a folder; a trace file was expected.'
      : !status.isFile() || (status.size === 0n && (await givesBytes(handle)))
        ? `has no size of its own. Copy what it gives and open the copy: cat ${path} > ${basename(path)}.txt`
        : null;
    if (refusal === null) {
      const state = fileState(status);
      return new NodeFile(path, state, state.size < WORTH_A_THREAD ? null : otherThreads, handle);
    }
    await handle.close();
    throw new CaptureError(path, refusal);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.size - offset)));
    return bytes.subarray(0, await this.readInto(offset, bytes));
  }

  /** What happened to the file since it was opened; null when nothing did. */
  change(): Promise<FileChange | null> {
    return changeOf(this.name, this.state);
  }

  /** A read that the system refuses ends the file there, and is kept as {@link failure}: what came before counts. */
  async readInto(offset: number, target: Uint8Array): Promise<number> {
    const wanted = Math.max(0, Math.min(target.length, this.size - offset));
    let filled = 0;
    while (filled < wanted) {
      const bytesRead = await this.readSome(target, filled, wanted - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  close(): Promise<void> {
    return this.handle.close();
  }

  private async readSome(target: Uint8Array, at: number, length: number, offset: number): Promise<number> {
    try {
      return (await this.handle.read(target, at, length, offset)).bytesRead;
    } catch (error) {
      const message = `could not be read on from byte ${offset} (${systemReason(error)})`;
      this.failure ??= { offset, message };
      return 0;
    }
  }
}

async function givesBytes(handle: FileHandle): Promise<boolean> {
  const { bytesRead } = await handle.read(new Uint8Array(1), 0, 1, 0).catch(() => ({ bytesRead: 0 }));
  return bytesRead > 0;
}
