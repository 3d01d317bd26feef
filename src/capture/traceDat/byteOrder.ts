/**
 * Byte order as a number, for what is read millions of times: of a boolean field V8 cannot know that it is one, and
 * asks again at each read from a DataView, in ten instructions. `byteOrder === ByteOrder.Little` it knows.
 */
export const enum ByteOrder {
  Little,
  Big,
}

export function byteOrderOf(littleEndian: boolean): ByteOrder {
  return littleEndian ? ByteOrder.Little : ByteOrder.Big;
}
