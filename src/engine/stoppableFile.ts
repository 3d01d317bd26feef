/** A capture's file that seems to end where somebody stopped the reading: what was read till then is kept and judged. */
import type { OtherThreads } from '../capture/otherThreads';
import type { CaptureFile } from './engineHost';
import type { FileChange, FileState } from './fileState';

export class StoppableFile implements CaptureFile {
  readonly readInto?: (offset: number, target: Uint8Array) => Promise<number>;
  private bytesRead = 0;
  /** Bytes that had been read then; null as long as nobody stopped it. */
  private stoppedAt: number | null = null;

  constructor(private readonly file: CaptureFile) {
    if (file.readInto) this.readInto = (offset, target) => this.readSome(offset, target);
  }

  get name(): string {
    return this.file.name;
  }

  get size(): number {
    return this.file.size;
  }

  get state(): FileState {
    return this.file.state;
  }

  get otherThreads(): OtherThreads | null {
    return this.file.otherThreads ?? null;
  }

  /** Once it is stopped, that explains its end. */
  get failure(): CaptureFile['failure'] {
    if (this.stoppedAt === null) return this.file.failure;
    return { offset: this.stoppedAt, message: 'was read no further, as reading was stopped' };
  }

  /** Part of the file that was read when it was stopped, from 0 to 1; null as long as nobody stopped it. */
  get partRead(): number | null {
    return this.stoppedAt === null ? null : this.stoppedAt / this.size;
  }

  /** From now on nothing more is read, if anything is left; answers whether it is. */
  stop(): boolean {
    if (this.bytesRead < this.size) this.stoppedAt ??= this.bytesRead;
    return this.stoppedAt !== null;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    if (this.stoppedAt !== null) return new Uint8Array(0);
    const bytes = await this.file.read(offset, length);
    this.bytesRead += bytes.length;
    return bytes;
  }

  change(): Promise<FileChange | null> {
    return this.file.change();
  }

  close(): Promise<void> {
    return this.file.close();
  }

  private async readSome(offset: number, target: Uint8Array): Promise<number> {
    if (this.stoppedAt !== null) return 0;
    const length = await this.file.readInto!(offset, target);
    this.bytesRead += length;
    return length;
  }
}
