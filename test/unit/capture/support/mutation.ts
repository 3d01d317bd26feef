import { below, pick } from './random';

/**
 * `bytes` with one random damage: a bit, a part that is gone, repeated, overwritten or of one of the `others`,
 * lines that run together, absurd numbers.
 */
export function mutatedBytes(
  random: () => number,
  bytes: Uint8Array,
  others: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const at = below(random, bytes.length);
  const length = below(random, Math.min(300, bytes.length - at));
  const copy = Uint8Array.from(bytes);
  switch (below(random, 7)) {
    case 0:
      if (copy.length > 0) copy[at]! ^= 1 << below(random, 8);
      return copy;
    case 1:
      return joined(bytes.subarray(0, at), bytes.subarray(at + length));
    case 2:
      return joined(bytes.subarray(0, at + length), bytes.subarray(at));
    case 3: {
      const other = pick(random, others);
      const from = below(random, Math.max(1, other.length - 300));
      return joined(bytes.subarray(0, at), other.subarray(from, from + length), bytes.subarray(at));
    }
    case 4:
      return copy.fill(pick(random, [0, 10, 32, 0xff, 0x3a]), at, at + below(random, 20));
    case 5:
      return joined(
        bytes.subarray(0, at),
        bytes.subarray(at, at + length).map((byte) => (byte === 10 ? 32 : byte)),
        bytes.subarray(at + length),
      );
    default: {
      const digits = new TextEncoder().encode(
        pick(random, ['99999999999999999999', '-', '0x', '18446744073709551615', '1'.repeat(400)]),
      );
      return joined(bytes.subarray(0, at), digits, bytes.subarray(at));
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}
