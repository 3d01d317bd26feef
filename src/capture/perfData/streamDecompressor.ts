import { Decompress } from 'fzstd';
import { ZstdGuard } from './zstdGuard';

/**
 * Bytes decompressed at a time: in four bytes a block can say that it stands for 128 kB of one value, and what a
 * step brings forth must fit in memory.
 */
const STEP = 1024;
/** Every stream may grow to this size in bytes; above, only as far as recordings shrink (to a tenth, usually). */
const FREE_SIZE = 1 << 26;
const HIGHEST_RATIO = 1024;

/**
 * Decompresses the payloads of PERF_RECORD_COMPRESSED: pieces of one zstd stream that perf never ends
 * (tools/perf/util/zstd.c flushes after each record).
 *
 * Not with zstddec, which reads trace.dat and .zst files: its stream asks for the next piece before it has handed out
 * all of the one before, keeps what is left when no piece follows, and does not say that data is damaged. fzstd hands
 * out what each piece stands for at once and throws; at 8 kB and 40 MB/s it is small and fast enough for this.
 */
export class StreamDecompressor {
  private readonly guard = new ZstdGuard();
  private output: Uint8Array[] = [];
  private taken = 0;
  private given = 0;
  private readonly stream = new Decompress((data) => {
    if (data.length > 0) this.output.push(data);
  });

  /** What is left when no payload follows: the library waits for 18 bytes before it looks at a frame. */
  end(): readonly Uint8Array[] {
    try {
      this.stream.push(new Uint8Array(0), true);
    } catch {
      // The stream has no end of its own, which the library calls an unexpected one.
    }
    return this.output;
  }

  /**
   * What `payload` decompresses to, step by step.
   *
   * @throws Error where the stream is damaged; it cannot be read on from there
   */
  *push(payload: Uint8Array): Generator<Uint8Array, void> {
    for (let at = 0; at < payload.length; at += STEP) {
      const step = payload.subarray(at, at + STEP);
      const wrong = this.guard.check(step);
      if (wrong !== null) throw new Error(wrong);
      this.stream.push(step, false);
      this.taken += step.length;
      const output = this.output;
      this.output = [];
      for (const data of output) {
        this.given += data.length;
        yield data;
      }
      if (this.given > FREE_SIZE + this.taken * HIGHEST_RATIO) {
        throw new Error(`${this.taken} bytes stand for ${this.given}`);
      }
    }
  }
}
