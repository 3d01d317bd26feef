/** Largest prime below 2^16. */
const BASE = 65521;
/** As many bytes as can be summed before the sums leave 31 bits. */
const STEP = 3800;

/** The checksum that zlib keeps behind the data (RFC 1950), as an unsigned number. */
export function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (let at = 0; at < bytes.length;) {
    for (const end = Math.min(at + STEP, bytes.length); at < end; at++) {
      low += bytes[at]!;
      high += low;
    }
    low %= BASE;
    high %= BASE;
  }
  return ((high << 16) | low) >>> 0;
}
