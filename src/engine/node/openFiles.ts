/** Files of this machine for the readers of debug info. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { DebugFileError } from '../../source/elf/debugProblems';
import type { RangeSource } from '../../source/elf/rangeSource';
import { CancelledError } from '../errors';
import type { RequestOptions } from '../protocol';
import { pauseFor } from '../turns';

/** Files of this machine, read without waiting, until all are closed. */
export class OpenFiles {
  private readonly handles = new Set<number>();

  /** @throws DebugFileError when it cannot be opened or is no regular file */
  open(file: string): RangeSource {
    let handle: number;
    let size: number;
    try {
      handle = openSync(file, 'r');
      this.handles.add(handle);
      const status = fstatSync(handle);
      if (!status.isFile()) throw new Error('it is no regular file');
      size = status.size;
    } catch (error) {
      throw new DebugFileError(
        `${file} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return this.source(file, handle, size);
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
    const compressed = this.open(file);
    // Not at the start of the program: decompressors take some ms to load.
    const [{ contentOf }, { nameless }] = await Promise.all([
      import('../packedContent'),
      import('./namelessFile'),
    ]);
    const chunks = await contentOf(compressed, largest, (done, total) => {
      onProgress?.({ phase: 'unpacking', done, total, unit: 'bytes', rowsAtEnd: false });
    });
    if (chunks === null) return compressed;
    const pause = pauseFor(signal);
    let size = 0;
    try {
      const handle = nameless();
      this.handles.add(handle);
      for await (const chunk of chunks) {
        for (let from = 0; from < chunk.length;) {
          // A closed handle's number may be another file's by now.
          if (!this.handles.has(handle)) throw new Error('it was closed meanwhile');
          from += writeSync(handle, chunk, from);
        }
        size += chunk.length;
        await pause();
      }
      return this.source(file, handle, size);
    } catch (error) {
      if (error instanceof DebugFileError || error instanceof CancelledError) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new DebugFileError(`${file} cannot be decompressed into the temporary folder: ${reason}`);
    }
  }

  close(): void {
    for (const handle of this.handles) closeSync(handle);
    this.handles.clear();
  }

  /** Of a closed file nothing is read: its number may be another file's by now. */
  private source(name: string, handle: number, size: number): RangeSource {
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
