import { piecesOf } from './byteChunks';
import { Crc32 } from './crc32';
import type { ProblemList } from './problemList';

/** Compressed bytes given to the decompressor at a time: what a damaged place costs at most. */
const PIECE = 1 << 14;
const TRAILER = 8;

/** Whether a file begins like a gzip member (RFC 1952). */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * Decompresses a gzip stream of one or several members. Where the data is cut off or damaged, what came before
 * is kept, a problem says where, and the stream ends.
 *
 * The web's DecompressionStream would be native, but it drops what it has already decompressed when it meets
 * the end too early, and refuses a second member.
 */
export async function* gunzip(
  compressed: AsyncGenerator<Uint8Array, void>,
  problems: ProblemList,
): AsyncGenerator<Uint8Array, void> {
  // Not at the start of the program: it builds its tables when it is loaded.
  const { Gunzip } = await import('fflate');
  let output: Uint8Array[] = [];
  let position = 0;
  let written = 0;
  let memberStart = 0;
  let checksum = new Crc32();
  const trailer = new Uint8Array(TRAILER);
  const decompressor = new Gunzip((data) => {
    if (data.length === 0) return;
    output.push(data);
    written += data.length;
    checksum.update(data);
  });
  decompressor.onmember = () => {
    checksum = new Crc32();
    memberStart = written;
  };

  for await (const piece of piecesOf(compressed, PIECE)) {
    const error = failureOf(() => {
      decompressor.push(piece, false);
    });
    yield* output;
    output = [];
    if (error !== null) {
      problems.add(
        written,
        null,
        `damaged gzip data (${error}) near byte ${position} of the compressed file, expected a valid deflate ` +
          'stream; everything before was read. Copy the file again or check it with "gzip -t"',
      );
      return;
    }
    position += piece.length;
    keepTail(trailer, piece);
  }
  const error = failureOf(() => {
    decompressor.push(new Uint8Array(0), true);
  });
  yield* output;
  if (error !== null) {
    problems.add(
      written,
      null,
      `the gzip data ends at byte ${position} before its end mark, so the file is cut off; what it holds was read`,
    );
    return;
  }
  // Only the last member's trailer is at hand, which is the only one that usual files have.
  const view = new DataView(trailer.buffer);
  if (
    view.getUint32(0, true) !== checksum.value ||
    view.getUint32(4, true) !== (written - memberStart) >>> 0
  ) {
    problems.add(
      written,
      null,
      'the gzip checksum does not match what was decompressed: the file is damaged or cut off, and some lines ' +
        'may be wrong. Check it with "gzip -t"',
    );
  }
}

function failureOf(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Keeps the newest bytes of a stream in `tail`. */
function keepTail(tail: Uint8Array, piece: Uint8Array): void {
  if (piece.length >= tail.length) {
    tail.set(piece.subarray(piece.length - tail.length));
    return;
  }
  tail.copyWithin(0, piece.length);
  tail.set(piece, tail.length - piece.length);
}
