import type { ByteCursor } from './byteCursor';

/** The two halves of the address that numbers are counted from: bigints would cost too much for each address. */
export interface AddressBase {
  readonly high: number;
  readonly low: number;
}

export function addressBaseOf(base: bigint): AddressBase {
  return { high: Number((base >> 32n) & 0xffffffffn), low: Number(base & 0xffffffffn) };
}

/** An address of 4 or 8 bytes as its distance from the base, exact for what is within 2^53 of it. */
export function readAddress(cursor: ByteCursor, size: number, base: AddressBase): number {
  if (size !== 8) return cursor.u32() - base.low;
  const first = cursor.u32();
  const second = cursor.u32();
  const high = ((cursor.isLittle ? second : first) - base.high) | 0;
  const low = (cursor.isLittle ? first : second) - base.low;
  return high * 2 ** 32 + low;
}

/** What address 0 is, counted from the base. */
export function zeroAddress({ high, low }: AddressBase): number {
  return (-high | 0) * 2 ** 32 - low;
}
