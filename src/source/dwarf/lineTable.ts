/** .debug_line: which line an address is of (DWARF 2 to 5; DWARF 5, section 6.2). */
import type { AddressBase } from '../elf/addressBase';
import { ByteCursor } from '../elf/byteCursor';
import type { Now } from '../elf/rangeSource';
import { readInitialLength } from './initialLength';
import { LineFiles, type LineStrings } from './lineFiles';
import { LineProgram, type LineRow } from './lineProgram';

export class LineTable {
  private constructor(
    private readonly bytes: number,
    /** Null when the header is damaged, or of a version that is not known. */
    private readonly parts: { readonly program: LineProgram; readonly files: LineFiles } | null,
  ) {}

  /**
   * @param bytes those of the table, its length field included
   * @param isLittle byte order
   * @param directory DW_AT_comp_dir of the unit
   */
  static read(
    bytes: Uint8Array,
    isLittle: boolean,
    addressSize: number,
    base: AddressBase,
    directory: string | null,
  ): LineTable {
    const cursor = new ByteCursor(bytes, isLittle);
    return new LineTable(bytes.length, readHeader(cursor, addressSize, base, directory ?? ''));
  }

  /** Bytes it keeps, about. */
  get size(): number {
    return this.bytes + (this.parts?.program.size ?? 0) + 1000;
  }

  /** Whether the table could not be read: its header is damaged, or of a version that is not known. */
  get isDamaged(): boolean {
    return this.parts === null;
  }

  /** The row of an address, or null when the table has none for it. */
  find(address: number): LineRow | null {
    return this.parts?.program.find(address) ?? null;
  }

  /**
   * The path of a file as the compiler had it, made absolute with the unit's directory where that is known; null for
   * a number that the table does not have.
   */
  path(file: number, strings: LineStrings): Now<string | null> {
    return this.parts?.files.path(file, strings) ?? null;
  }
}

function readHeader(
  cursor: ByteCursor,
  unitAddressSize: number,
  base: AddressBase,
  directory: string,
): { readonly program: LineProgram; readonly files: LineFiles } | null {
  const { offsetSize } = readInitialLength(cursor);
  const version = cursor.u16();
  if (version < 2 || version > 5) return null;
  let addressSize = unitAddressSize;
  if (version >= 5) {
    addressSize = cursor.u8();
    cursor.skip(1);
  }
  const headerLength = cursor.word(offsetSize);
  const program = cursor.position + headerLength;
  const minimumInstruction = cursor.u8();
  if (version >= 4) cursor.skip(1);
  cursor.skip(1);
  const lineBase = cursor.i8();
  const lineRange = cursor.u8();
  const opcodeBase = cursor.u8();
  const opcodeLengths = new Uint8Array(Math.max(1, opcodeBase));
  for (let i = 1; i < opcodeBase; i++) opcodeLengths[i] = cursor.u8();
  if (cursor.isOverrun || program > cursor.end || (addressSize !== 4 && addressSize !== 8)) return null;
  const files = LineFiles.read(cursor, { version, addressSize, offsetSize }, program, directory);
  const header = {
    program,
    addressSize,
    minimumInstruction,
    lineBase,
    lineRange,
    opcodeBase,
    opcodeLengths,
  };
  return { program: new LineProgram(cursor, header, base), files };
}
