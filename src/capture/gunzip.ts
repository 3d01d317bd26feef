import { piecesOf } from './byteChunks';
import { Crc32 } from './crc32';
import { GzipTail } from './gzipTail';
import type { ProblemList } from './problemList';

/** Compressed bytes given to the decompressor at a time: what a damaged place costs at most. */
const PIECE = 1 << 14;
/** What fflate says where a member ended and no other begins. */
const NO_MEMBER = 'invalid gzip data';

/** Whether a file begins like a gzip member (RFC 1952). */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/**
 * Decompresses a gzip stream of one or several members. Where the data is cut off or damaged, what came before
 * is kept, a problem says where, and the stream ends. Zeros behind it are padding, as for gzip itself.
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
  const tail = new GzipTail();
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

  let isBehindEnd = false;
  for await (const piece of piecesOf(compressed, PIECE)) {
    tail.push(piece);
    if (isBehindEnd) {
      if (piece.every((byte) => byte === 0)) continue;
      break;
    }
    const error = failureOf(() => {
      decompressor.push(piece, false);
    });
    yield* output;
    output = [];
    isBehindEnd = error === NO_MEMBER && written > 0;
    if (error !== null && !isBehindEnd) {
      problems.add(
        written,
        null,
        `damaged gzip data (${error}) near byte ${position} of the compressed file, expected a valid deflate ` +
          'stream; everything before was read. Copy the file again or check it with "gzip -t"',
      );
      return;
    }
    position += piece.length;
  }
  const error = isBehindEnd
    ? null
    : failureOf(() => {
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
  // Of several members only the last one's checksum is at hand; usual files have one.
  const end = tail.endOfMember(checksum.value, (written - memberStart) >>> 0);
  if (end === 'last') return;
  problems.add(
    written,
    null,
    isBehindEnd || end === 'followed'
      ? `behind the end of the gzip data, before byte ${position} of the compressed file, stands something that is no ` +
          'whole gzip member; it was left out, what came before was read. Check it with "gzip -t"'
      : 'the gzip checksum does not match what was decompressed: the file is damaged or cut off, and some lines ' +
          'may be wrong. Check it with "gzip -t"',
  );
}

function failureOf(act: () => void): string | null {
  try {
    act();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
