import { piecesOf } from './byteChunks';
import type { ProblemList } from './problemList';
import { openZstd } from './zstdLibrary';

/** Compressed bytes given to the decoder at a time: what a damaged place costs at most. */
const PIECE = 1 << 13;
/** The smallest frame, one that is to be skipped, in bytes (RFC 8878, section 3.1.2). */
const SMALLEST_FRAME = 8;

/** Turns of 128 kB each that may be thrown away when nobody wants the rest. */
const MOST_LAST_TURNS = 64;

/** Whether a file begins like a zstd frame, or a frame to be skipped, with which pzstd begins (RFC 8878). */
export function isZstd(head: Uint8Array): boolean {
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return true;
  return (head[0]! & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
}

/**
 * Decompresses a zstd stream of one or several frames. Where the data is cut off or damaged, what came before is
 * kept, a problem says where, and the stream ends. The decoder (libzstd as WebAssembly, 350 MB/s on text) keeps a
 * window of at most 128 MB and refuses frames that want more.
 */
export async function* decompressZstd(
  compressed: AsyncGenerator<Uint8Array, void>,
  problems: ProblemList,
): AsyncGenerator<Uint8Array, void> {
  const { decoder } = await openZstd();
  const pieces = piecesOf(compressed, PIECE);
  let position = 0;
  let written = 0;
  let waiting: Uint8Array | null = null;
  let isEnded = false;
  // The decoder asks for the next piece only when it is done with the one before, at most once a turn: one piece
  // taken ahead is enough to feed an iterator that cannot wait from a stream that must be waited for.
  const output = decoder.decodeStreaming({
    *[Symbol.iterator]() {
      while (waiting) {
        const piece = waiting;
        waiting = null;
        yield piece;
      }
    },
  });
  let pieceLength = 0;
  let lengthBefore = 0;
  let turnsWithoutOutput = 0;
  let isDamaged = false;
  try {
    for (;;) {
      if (!waiting && !isEnded) {
        position += pieceLength;
        lengthBefore = pieceLength;
        waiting = await nextOf(pieces);
        pieceLength = waiting?.length ?? 0;
        isEnded = !waiting;
        turnsWithoutOutput = 0;
      }
      const turn = output.next();
      if (turn.done) return;
      if (turn.value.length > 0) {
        turnsWithoutOutput = 0;
        written += turn.value.length;
        yield turn.value;
        continue;
      }
      // The decoder does not say that it failed: it goes on with the same piece for ever. Each frame without
      // content, and nothing else, may cost a turn without output. It may still work on the piece before.
      if (++turnsWithoutOutput > Math.max(lengthBefore, pieceLength) / SMALLEST_FRAME + 2) {
        problems.add(written, null, damageMessage(position, written));
        isDamaged = true;
        return;
      }
    }
  } catch (error) {
    if (!isEnded) throw error;
    problems.add(
      written,
      null,
      `the zstd data ends at byte ${position} inside a frame, expected the frame's end: the file is cut off; what it ` +
        'holds was read',
    );
  } finally {
    waiting = null;
    if (!isDamaged) release(output);
    await pieces.return();
  }
}

/**
 * The decoder frees its memory only at the end of its input. What is left of the newest piece comes before; a piece
 * that never ends because it is damaged keeps its memory.
 */
function release(output: Generator<Uint8Array>): void {
  try {
    for (let turn = 0; turn < MOST_LAST_TURNS; turn++) if (output.next().done) return;
  } catch {
    // The end of the input came inside a frame.
  }
}

function damageMessage(position: number, written: number): string {
  if (written === 0) {
    return (
      'the zstd data cannot be decompressed, expected valid frames with a window of at most 128 MB: it is damaged, or ' +
      'was compressed with "--long=28" or more. Decompress it with "zstd -d --long=31" first'
    );
  }
  return (
    `damaged zstd data near byte ${position} of the compressed file, expected a valid frame; everything before was ` +
    'read. Copy the file again or check it with "zstd -t"'
  );
}

async function nextOf(pieces: AsyncGenerator<Uint8Array, void>): Promise<Uint8Array | null> {
  const next = await pieces.next();
  return next.done ? null : next.value;
}
