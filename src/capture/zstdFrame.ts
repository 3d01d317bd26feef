/** The head of a zstd frame (RFC 8878, section 3.1.1.1): its magic, a descriptor, and what that says that follows. */

export const ZSTD_MAGIC = 0xfd2fb528;

/** The content is one segment, and no window is said. */
export function isSingleSegment(descriptor: number): boolean {
  return (descriptor & 0x20) !== 0;
}

/** Bytes of the dictionary's id. */
export function dictionaryIdSize(descriptor: number): number {
  return [0, 1, 2, 4][descriptor & 3]!;
}

/** Bytes that say the size of the content, behind the dictionary's id; 0 where it is not said. */
export function contentSizeSize(descriptor: number): number {
  return [0, 2, 4, 8][descriptor >> 6]! || (isSingleSegment(descriptor) ? 1 : 0);
}

/** The size of the content in bytes, which is said at `at`; null where it is not. */
export function contentSizeAt(view: DataView, at: number, descriptor: number): number | null {
  switch (contentSizeSize(descriptor)) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    case 8:
      return Number(view.getBigUint64(at, true));
    default:
      return null;
  }
}
