import type { ByteSource } from './byteSource';
import type { Capture } from './eventTable';
import type { OtherThreads } from './otherThreads';
import type { ProblemList } from './problemList';
import type { Pause } from './turns';

/** How a source is read. */
export interface ReadOptions {
  /** Bytes asked for at a time. */
  readonly chunkSize?: number;
  /** Called after each read with the bytes of the file (before decompression) read so far, and its size. */
  readonly onProgress?: (bytesRead: number, totalBytes: number) => void;
  /** Aborting makes reading reject with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called between short runs of work, none of them much longer than a chunk takes. */
  readonly pause?: Pause;
  /**
   * Called between chunks with the number of rows, and with a function that gives what was read so far as a capture;
   * reading goes on when the returned promise is resolved. Only readers whose rows come in order, and whose rows stay as they are, call it.
   * The capture may go on growing with its reader: rows that are there do not change, but more will follow.
   */
  readonly onPart?: (rows: number, soFar: () => Capture) => Promise<void> | undefined;
  /**
   * `unsorted`: the rows get their order only behind the end of the file, so that there is no part to show before.
   * `sorting`: they get it now.
   */
  readonly onPhase?: (phase: 'unsorted' | 'sorting') => void;
  /** Absent where there are none. */
  readonly otherThreads?: OtherThreads;
}

/** Larger chunks bring nothing, smaller ones cost turns of the event loop. */
const CHUNK_SIZE = 1 << 20;

/** Chunks begin small and double: a file is looked at by several before it is read, each of which needs its head alone. */
const FIRST_CHUNK_SIZE = 1 << 16;

/** One chunk is worked on, one was taken from it a moment ago, one is being read. */
const PIECES_OF_MEMORY = 3;

/**
 * The bytes of a source in order; ending before its size is a problem. The next chunk is already being read while the
 * caller works on one. A chunk stays as it is until the one after the next is asked for: fresh memory for each takes as
 * long as reading into it.
 *
 * @throws what the source's `read` throws, and the signal's reason when aborted
 */
export async function* byteChunks(
  source: ByteSource,
  options: ReadOptions,
  problems: ProblemList,
): AsyncGenerator<Uint8Array, void> {
  const { chunkSize = CHUNK_SIZE, onProgress, signal } = options;
  let offset = 0;
  let nextSize = Math.min(chunkSize, FIRST_CHUNK_SIZE);
  const memory: Uint8Array[] = [];
  const read = (): Promise<Uint8Array> => {
    const length = Math.min(nextSize, source.size - offset);
    if (length <= 0) return Promise.resolve(new Uint8Array(0));
    nextSize = Math.min(chunkSize, 2 * nextSize);
    const promise = readChunk(source, offset, length, memory);
    // An error is met where the chunk is awaited; nobody awaits it when the caller stops before.
    promise.catch(() => undefined);
    return promise;
  };
  let ahead = read();
  for (;;) {
    const chunk = await ahead;
    signal?.throwIfAborted();
    if (chunk.length === 0) {
      if (offset < source.size && !source.failure) {
        problems.add(
          offset,
          null,
          `the file ends at byte ${offset}, expected ${source.size} bytes as when it was opened; open it again`,
        );
      }
      return;
    }
    offset += chunk.length;
    ahead = read();
    onProgress?.(offset, source.size);
    yield chunk;
  }
}

async function readChunk(
  source: ByteSource,
  offset: number,
  length: number,
  memory: Uint8Array[],
): Promise<Uint8Array> {
  if (!source.readInto) return source.read(offset, length);
  const oldest = memory.length === PIECES_OF_MEMORY ? memory.shift() : undefined;
  const piece = oldest !== undefined && oldest.length >= length ? oldest : new Uint8Array(length);
  memory.push(piece);
  return piece.subarray(0, await source.readInto(offset, piece.subarray(0, length)));
}

/** Puts chunks that were already taken before those that are left. */
export async function* putBack(
  taken: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  yield* taken;
  yield* rest;
}

/** Chunks cut into pieces of at most `length` bytes, none of them empty. */
export async function* piecesOf(
  chunks: AsyncGenerator<Uint8Array, void>,
  length: number,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += length) yield chunk.subarray(at, at + length);
  }
}

/** Takes copies of chunks until they hold `length` bytes or the stream ends. */
export async function takeHead(
  chunks: AsyncGenerator<Uint8Array, void>,
  length: number,
): Promise<Uint8Array[]> {
  const taken: Uint8Array[] = [];
  for (let size = 0; size < length;) {
    const next = await chunks.next();
    if (next.done) break;
    taken.push(next.value.slice());
    size += next.value.length;
  }
  return taken;
}

/** Chunks as one array. */
export function joined(chunks: readonly Uint8Array[]): Uint8Array {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
