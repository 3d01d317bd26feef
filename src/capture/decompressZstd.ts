import { ZSTDDecoder } from 'zstddec/stream';
import type { ProblemList } from './problemList';

/** Compressed bytes given to the decoder at a time: what a damaged place costs at most. */
const PIECE = 1 << 13;
/** The smallest frame, one that is to be skipped, in bytes (RFC 8878, section 3.1.2). */
const SMALLEST_FRAME = 8;

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
  const decoder = new ZSTDDecoder();
  await decoder.init();
  const pieces = piecesOf(compressed);
  let waiting: Uint8Array | null = await nextOf(pieces);
  let position = 0;
  let written = 0;
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

  let turnsWithoutOutput = 0;
  let pieceLength = 0;
  let isEnded = false;
  try {
    for (;;) {
      if (waiting === null && !isEnded) {
        position += pieceLength;
        waiting = await nextOf(pieces);
        isEnded = waiting === null;
      }
      const isFed = waiting !== null;
      if (waiting) pieceLength = waiting.length;
      const turn = output.next();
      if (turn.done) return;
      if (isFed && waiting === null) turnsWithoutOutput = 0;
      if (turn.value.length > 0) {
        turnsWithoutOutput = 0;
        written += turn.value.length;
        yield turn.value;
        continue;
      }
      // The decoder does not say that it failed: it goes on with the same piece for ever. Each frame without
      // content, and nothing else, may cost a turn without output.
      if (++turnsWithoutOutput > pieceLength / SMALLEST_FRAME + 2) {
        problems.add(written, null, damageMessage(position, written));
        return;
      }
    }
  } catch (error) {
    if (!isEnded) throw error;
    problems.add(
      written,
      null,
      `the zstd data ends at byte ${position + pieceLength} inside a frame, so the file is cut off; what it holds was read`,
    );
  } finally {
    await compressed.return();
  }
}

function damageMessage(position: number, written: number): string {
  if (written === 0) {
    return (
      'the zstd data cannot be decompressed: it is damaged, or was compressed with a window above 128 MB ' +
      '("--long=28" and more). Decompress it with "zstd -d --long=31" first'
    );
  }
  return (
    `damaged zstd data near byte ${position} of the compressed file, expected a valid frame; everything before was ` +
    'read. Copy the file again or check it with "zstd -t"'
  );
}

async function* piecesOf(chunks: AsyncGenerator<Uint8Array, void>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE) yield chunk.subarray(at, at + PIECE);
  }
}

async function nextOf(pieces: AsyncGenerator<Uint8Array, void>): Promise<Uint8Array | null> {
  const next = await pieces.next();
  return next.done ? null : next.value;
}
