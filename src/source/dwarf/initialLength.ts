import type { ByteCursor } from '../elf/byteCursor';

export interface InitialLength {
  /** Bytes of the whole contribution, this field included. */
  readonly length: number;
  /** Bytes of offsets and lengths in it. */
  readonly offsetSize: 4 | 8;
}

/** Reads the field that units, line tables and address sets begin with (DWARF 5, section 7.4), at position 0. */
export function readInitialLength(cursor: ByteCursor): InitialLength {
  const short = cursor.u32();
  if (short !== 0xffffffff) return { length: cursor.position + short, offsetSize: 4 };
  const long = cursor.u64();
  return { length: cursor.position + long, offsetSize: 8 };
}
