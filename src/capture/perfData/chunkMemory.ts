import type { FileRanges } from '../traceDat/fileRanges';

/**
 * Reads chunks of a file into two pieces of memory in turn, so that one can be worked on while the next is read, with
 * room before each for the beginning of a record. Fresh memory for each chunk costs as much as reading into it.
 */
export class ChunkMemory {
  private idle: Uint8Array;
  private busy: Uint8Array;

  /** @param room bytes before each chunk that may be written over */
  constructor(
    private readonly file: FileRanges,
    private readonly room: number,
  ) {
    this.idle = new Uint8Array(room + file.chunkSize);
    this.busy = new Uint8Array(room + file.chunkSize);
  }

  /**
   * The next chunk from `offset` on, at most up to `end`. The chunk before stays as it is, the one before that does
   * not.
   */
  read(offset: number, end: number): Promise<Uint8Array> {
    const memory = this.idle;
    this.idle = this.busy;
    this.busy = memory;
    const length = Math.max(0, Math.min(this.file.chunkSize, end - offset));
    const promise = this.file.readInto(offset, memory.subarray(this.room, this.room + length));
    // A failure is met where the chunk is awaited; nobody awaits it when reading stops before.
    promise.catch(() => undefined);
    return promise;
  }

  /** How many bytes before a chunk may be written over: none where the source gave memory of its own. */
  roomBefore(chunk: Uint8Array): number {
    const isHere = chunk.buffer === this.idle.buffer || chunk.buffer === this.busy.buffer;
    return isHere ? this.room : 0;
  }
}
