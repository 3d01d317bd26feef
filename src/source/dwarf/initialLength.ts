import type { ByteCursor } from '../elf/byteCursor';

interface InitialLength {
  /** Bytes of the whole contribution, this field included. */
  readonly length: number;
  /** Bytes of offsets and lengths in it. */
  readonly offsetSize: 4 | 8;
}

/** Bytes of the field in the 64-bit format. */
export const LONGEST_INITIAL_LENGTH = 12;

/** Reads the field that units, line tables and address sets begin with (DWARF 5, section 7.4). */
export function readInitialLength(cursor: ByteCursor): InitialLength {
  const short = cursor.u32();
  if (short !== 0xffffffff) return { length: 4 + short, offsetSize: 4 };
  return { length: 12 + cursor.u64(), offsetSize: 8 };
}
