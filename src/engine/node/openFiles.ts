/** Files of this machine for the readers of debug info. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { DebugFileError } from '../../source/elf/debugProblems';
import type { RangeSource } from '../../source/elf/rangeSource';
import { CancelledError } from '../errors';
import type { FileState } from '../fileState';
import { changeOf, fileState } from './nodeFileState';
import { openFailure } from './openFailure';
import { READ_WITHOUT_WAITING } from './openFlags';
import { systemReason } from './systemReason';
import type { RequestOptions } from '../protocol';
import { pauseFor } from '../turns';

/** Files of this machine, read without waiting, until all are closed. */
export class OpenFiles {
  private readonly handles = new Set<number>();
  /** What files were when they were opened, by path; also of those that were closed when they had been unpacked. */
  private readonly states = new Map<string, FileState>();
  private isClosed = false;

  /** @throws DebugFileError when it cannot be opened or is no regular file, or all were closed */
  open(file: string): RangeSource {
    return this.source(file, this.openHandle(file));
  }

  /**
   * Like {@link open}; of a compressed file the content, as long as that has no more bytes than `largest`.
   *
   * @throws DebugFileError also when it cannot be decompressed
   * @throws CancelledError
   */
  async openUnpacked(
    file: string,
    largest: number,
    { signal, onProgress }: RequestOptions = {},
  ): Promise<RangeSource> {
    const packed = this.openHandle(file);
    const compressed = this.source(file, packed);
    // Not at the start of the program: decompressors take some ms to load.
    const [{ contentOf }, { nameless }] = await Promise.all([
      import('../packedContent'),
      import('./namelessFile'),
    ]);
    const chunks = await contentOf(compressed, largest, onProgress);
    if (chunks === null) return compressed;
    const pause = pauseFor(signal);
    let unpacked: number | null = null;
    try {
      const handle = this.keep(nameless());
      unpacked = handle;
      for await (const chunk of chunks) {
        for (let from = 0; from < chunk.length;) {
          // A closed handle's number may be another file's by now.
          if (!this.handles.has(handle)) throw new Error('it was closed meanwhile');
          from += writeSync(handle, chunk, from);
        }
        await pause();
      }
      return this.source(file, handle);
    } catch (error) {
      // A part of it is of no use, and may fill the temporary folder.
      if (unpacked !== null) this.drop(unpacked);
      if (error instanceof DebugFileError || error instanceof CancelledError) throw error;
      const reason = systemReason(error);
      throw new DebugFileError(`${file} cannot be decompressed into the temporary folder: ${reason}`);
    } finally {
      this.drop(packed);
    }
  }

  /** Whether every file that was opened is still what it was then. */
  async areUnchanged(): Promise<boolean> {
    const changes = await Promise.all([...this.states].map(([file, state]) => changeOf(file, state)));
    return changes.every((change) => change === null);
  }

  close(): void {
    this.isClosed = true;
    for (const handle of this.handles) closeSync(handle);
    this.handles.clear();
  }

  /** As {@link open}. */
  private openHandle(file: string): number {
    let handle: number | null = null;
    try {
      handle = this.keep(openSync(file, READ_WITHOUT_WAITING));
      const stats = fstatSync(handle, { bigint: true });
      if (!stats.isFile()) throw new Error('it is no regular file');
      this.states.set(file, fileState(stats));
      return handle;
    } catch (error) {
      if (handle !== null) this.drop(handle);
      throw new DebugFileError(`${file} ${openFailure(error)}`);
    }
  }

  /** @throws Error when all were closed meanwhile: nobody would close this one */
  private keep(handle: number): number {
    if (this.isClosed) {
      closeSync(handle);
      throw new Error('what it belongs to was closed meanwhile');
    }
    this.handles.add(handle);
    return handle;
  }

  private drop(handle: number): void {
    if (this.handles.delete(handle)) closeSync(handle);
  }

  /** Of a closed file nothing is read: its number may be another file's by now. */
  private source(name: string, handle: number): RangeSource {
    const size = this.handles.has(handle) ? fstatSync(handle).size : 0;
    const readNow = (offset: number, target: Uint8Array): number => {
      const wanted = this.handles.has(handle) ? Math.max(0, Math.min(target.length, size - offset)) : 0;
      let filled = 0;
      while (filled < wanted) {
        const bytes = readSync(handle, target, filled, wanted - filled, offset + filled);
        if (bytes === 0) break;
        filled += bytes;
      }
      return filled;
    };
    return {
      name,
      size,
      readNow,
      read: (offset, length) => {
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
        return Promise.resolve(bytes.subarray(0, readNow(offset, bytes)));
      },
    };
  }
}
