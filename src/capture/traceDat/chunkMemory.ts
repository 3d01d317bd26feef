import type { FileRanges } from './fileRanges';

/** Gives memory of so many bytes, zeros or not; null where it has no room. */
export type Allocate = (length: number) => Uint8Array | null;

/**
 * Two pieces of memory in turn, so that one can be worked on while the next is filled, with room before each for what the
 * caller puts there. Fresh memory for each chunk costs as much as reading into it.
 */
export class MemoryInTurn {
  private idle: Uint8Array = new Uint8Array(0);
  private busy: Uint8Array = new Uint8Array(0);

  /**
   * @param room bytes before each piece that may be written over
   * @param allocate asked first for the memory
   */
  constructor(
    private readonly room: number,
    private readonly allocate: Allocate | null = null,
  ) {}

  /** Memory of so many bytes. The piece before stays as it is, the one before that does not. */
  next(length: number): Uint8Array {
    const size = this.room + length;
    const memory = this.idle.length < size ? this.allocated(size) : this.idle;
    this.idle = this.busy;
    this.busy = memory;
    return memory.subarray(this.room, size);
  }

  /** A copy of some bytes in memory that is good for as many as `usual`. */
  copyOf(bytes: Uint8Array, usual: number): Uint8Array {
    const copy = this.next(Math.max(bytes.length, usual)).subarray(0, bytes.length);
    copy.set(bytes);
    return copy;
  }

  private allocated(length: number): Uint8Array {
    return this.allocate?.(length) ?? new Uint8Array(length);
  }
}

/** Reads chunks of a file into memory in turn. */
export class ChunkMemory {
  private readonly memory: MemoryInTurn;

  /**
   * @param chunkSize bytes of a chunk
   * @param room as of {@link MemoryInTurn}
   * @param allocate as of {@link MemoryInTurn}
   */
  constructor(
    private readonly file: FileRanges,
    private readonly chunkSize: number,
    room: number,
    allocate: Allocate | null,
  ) {
    this.memory = new MemoryInTurn(room, allocate);
  }

  /**
   * The next chunk from `offset` on, at most up to `end`. The chunk before stays as it is, the one before that does
   * not.
   */
  read(offset: number, end: number): Promise<Uint8Array> {
    const memory = this.memory.next(Math.max(0, Math.min(this.chunkSize, end - offset)));
    const promise = this.file.readInto(offset, memory).then((chunk) => inPlace(chunk, memory));
    // A failure is met where the chunk is awaited; nobody awaits it when reading stops before.
    promise.catch(() => undefined);
    return promise;
  }
}

/** The bytes at the beginning of some memory, into which not every source can read. */
export function inPlace(bytes: Uint8Array, memory: Uint8Array): Uint8Array {
  if (bytes.buffer === memory.buffer) return bytes;
  memory.set(bytes);
  return memory.subarray(0, bytes.length);
}
