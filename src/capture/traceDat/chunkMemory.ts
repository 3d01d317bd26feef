import type { FileRanges } from './fileRanges';

/** Gives memory of so many bytes, zeros or not; null where it has no room. */
export type Allocate = (length: number) => Uint8Array | null;

/**
 * Reads chunks of a file into two pieces of memory in turn, so that one can be worked on while the next is read, with
 * room before each for what the caller puts there. Fresh memory for each chunk costs as much as reading into it.
 */
export class ChunkMemory {
  private idle: Uint8Array = new Uint8Array(0);
  private busy: Uint8Array = new Uint8Array(0);

  /**
   * @param chunkSize bytes of a chunk
   * @param room bytes before each chunk that may be written over
   * @param allocate asked first for the memory
   */
  constructor(
    private readonly file: FileRanges,
    private readonly chunkSize: number,
    private readonly room = 0,
    private readonly allocate: Allocate | null = null,
  ) {}

  /**
   * The next chunk from `offset` on, at most up to `end`. The chunk before stays as it is, the one before that does
   * not.
   */
  read(offset: number, end: number): Promise<Uint8Array> {
    const length = this.room + Math.max(0, Math.min(this.chunkSize, end - offset));
    const memory = this.idle.length < length ? this.allocated(length) : this.idle;
    this.idle = this.busy;
    this.busy = memory;
    const promise = this.file.readInto(offset, memory.subarray(this.room, length));
    // A failure is met where the chunk is awaited; nobody awaits it when reading stops before.
    promise.catch(() => undefined);
    return promise;
  }

  /** How many bytes before a chunk may be written over: none where the source gave memory of its own. */
  roomBefore(chunk: Uint8Array): number {
    const isHere = chunk.buffer === this.idle.buffer || chunk.buffer === this.busy.buffer;
    return isHere ? this.room : 0;
  }

  private allocated(length: number): Uint8Array {
    return this.allocate?.(length) ?? new Uint8Array(length);
  }
}
