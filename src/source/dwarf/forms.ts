/** How many bytes the values of attributes have (DWARF 5, section 7.5.5). */
import type { ByteCursor } from '../elf/byteCursor';
import { Form } from './constants';

/** What the sizes of some forms depend on. */
export interface FormSizes {
  readonly version: number;
  /** Bytes of an address: 4 or 8. */
  readonly addressSize: number;
  /** Bytes of an offset into a section: 4, or 8 in the 64-bit format. */
  readonly offsetSize: number;
}

/** A form refers to a form that refers…: no compiler does that twice. */
const MOST_INDIRECTIONS = 4;

/** The form that follows where the value itself says which it is. */
export function directForm(cursor: ByteCursor, declared: number): number {
  let form = declared;
  for (let i = 0; form === Form.Indirect && i < MOST_INDIRECTIONS; i++) form = cursor.uleb();
  return form;
}

/** Passes over a value of this form; to the end where the form is not known, as nothing behind it can be read. */
export function skipForm(cursor: ByteCursor, declared: number, sizes: FormSizes): void {
  const form = directForm(cursor, declared);
  switch (form) {
    case Form.Block1:
      cursor.skip(cursor.u8());
      return;
    case Form.Block2:
      cursor.skip(cursor.u16());
      return;
    case Form.Block4:
      cursor.skip(cursor.u32());
      return;
    case Form.Block:
    case Form.Exprloc:
      cursor.skip(cursor.uleb());
      return;
    case Form.Udata:
    case Form.Sdata:
    case Form.RefUdata:
    case Form.Strx:
    case Form.Addrx:
    case Form.Loclistx:
    case Form.Rnglistx:
    case Form.GnuAddrIndex:
    case Form.GnuStrIndex:
      cursor.skipLeb();
      return;
    case Form.String:
      cursor.skipString();
      return;
    default: {
      const size = fixedSize(form, sizes);
      cursor.skip(size < 0 ? Infinity : size);
    }
  }
}

/** Bytes of a value of this form; -1 where the value itself tells, or the form is not known. */
export function fixedSize(form: number, { version, addressSize, offsetSize }: FormSizes): number {
  switch (form) {
    case Form.FlagPresent:
    case Form.ImplicitConst:
      return 0;
    case Form.Data1:
    case Form.Flag:
    case Form.Ref1:
    case Form.Strx1:
    case Form.Addrx1:
      return 1;
    case Form.Data2:
    case Form.Ref2:
    case Form.Strx2:
    case Form.Addrx2:
      return 2;
    case Form.Strx3:
    case Form.Addrx3:
      return 3;
    case Form.Data4:
    case Form.Ref4:
    case Form.RefSup4:
    case Form.Strx4:
    case Form.Addrx4:
      return 4;
    case Form.Data8:
    case Form.Ref8:
    case Form.RefSig8:
    case Form.RefSup8:
      return 8;
    case Form.Data16:
      return 16;
    case Form.Addr:
      return addressSize;
    case Form.RefAddr:
      // DWARF 2 made it an address.
      return version <= 2 ? addressSize : offsetSize;
    case Form.Strp:
    case Form.LineStrp:
    case Form.SecOffset:
    case Form.StrpSup:
    case Form.GnuRefAlt:
    case Form.GnuStrpAlt:
      return offsetSize;
    default:
      return -1;
  }
}
