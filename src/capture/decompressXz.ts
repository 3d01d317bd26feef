import { piecesOf } from './byteChunks';
import type { ProblemList } from './problemList';

/** Whether a file begins like an xz stream (section 2.1.1.1 of the .xz file format). */
export function isXz(head: Uint8Array): boolean {
  return [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00].every((byte, i) => head[i] === byte);
}

/**
 * Compressed bytes given to the decoder at a time. It throws away what it has decompressed in the turn in which it
 * meets an error: the less it is given, the less is lost. Smaller pieces cost time.
 */
const PIECE = 1 << 10;

/** What the decoder's error codes mean (enum xz_ret, include/linux/xz.h of XZ Embedded). */
const MEANINGS: ReadonlyMap<string, string> = new Map([
  ['2', 'its checksum is of a kind that is not supported'],
  ['3', 'there is not enough memory for it'],
  ['4', 'its dictionary is larger than is supported'],
  ['6', 'it uses a filter or checksum that is not supported (SHA-256, x86 and the like)'],
]);

/**
 * Decompresses an xz file of one or several streams. Where the data is cut off or damaged, what came before is
 * kept (without what the last {@link PIECE} compressed bytes stand for), a problem says where, and the stream
 * ends. The decoder (XZ Embedded as WebAssembly, 200 MB/s on text) works in a bounded window and refuses files
 * that want a larger one.
 */
export async function* decompressXz(
  compressed: AsyncGenerator<Uint8Array, void>,
  problems: ProblemList,
): AsyncGenerator<Uint8Array, void> {
  // Not at the start of the program: it takes 6 ms to load, and few captures are compressed like this.
  const { XzReadableStream } = await import('xz-decompress');
  const pieces = piecesOf(compressed, PIECE);
  let position = 0;
  let written = 0;
  let isEnded = false;
  let sourceError: { readonly reason: unknown } | null = null;
  const input = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await pieces.next();
          if (next.done) {
            isEnded = true;
            controller.close();
            return;
          }
          position += next.value.length;
          controller.enqueue(next.value);
        } catch (reason) {
          sourceError = { reason };
          throw reason;
        }
      },
    },
    { highWaterMark: 0 },
  );
  const output = new XzReadableStream(input).getReader();
  try {
    for (;;) {
      const { done, value } = await output.read();
      if (done) return;
      written += value.length;
      if (value.length > 0) yield value;
    }
  } catch (error) {
    const source = sourceError as { readonly reason: unknown } | null;
    if (source) throw source.reason;
    problems.add(written, null, failureMessage(error, position, isEnded));
  } finally {
    // The decoder serves one stream at a time: a stream that is left open would keep all others waiting.
    await output.cancel().catch(() => undefined);
    await pieces.return();
  }
}

function failureMessage(error: unknown, position: number, isEnded: boolean): string {
  const code = /code (\d+)/.exec(error instanceof Error ? error.message : '')?.[1] ?? '';
  const meaning = MEANINGS.get(code);
  if (meaning !== undefined)
    return `the xz data cannot be decompressed, expected what "xz" writes by default: ${meaning}. Decompress it with "xz -d" first`;
  if (isEnded && code !== '7') {
    return (
      `the xz data ends at byte ${position}, expected its end mark there and nothing after it; what was whole was ` +
      'read. Check it with "xz -t"'
    );
  }
  return (
    `damaged xz data before byte ${position} of the compressed file, expected a valid block; what came before was ` +
    'read. Copy the file again or check it with "xz -t"'
  );
}
