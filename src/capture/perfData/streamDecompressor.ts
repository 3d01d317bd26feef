import { Decompress } from 'fzstd';

/**
 * Decompresses the payloads of PERF_RECORD_COMPRESSED: pieces of one zstd stream that perf never ends
 * (tools/perf/util/zstd.c flushes after each record).
 */
export class StreamDecompressor {
  private output: Uint8Array[] = [];
  private isBroken = false;
  private readonly stream = new Decompress((data) => {
    if (data.length > 0) this.output.push(data);
  });

  /** What `payload` decompresses to, or null when it is damaged: then all further ones are lost too. */
  push(payload: Uint8Array): Uint8Array[] | null {
    if (this.isBroken) return null;
    try {
      this.stream.push(payload, false);
    } catch {
      this.isBroken = true;
      return null;
    }
    const output = this.output;
    this.output = [];
    return output;
  }
}
