/** The entries (DIEs) of one unit of .debug_info. */
import { readAddress, type AddressBase } from '../elf/addressBase';
import type { ByteCursor } from '../elf/byteCursor';
import { fixedSize, type Abbreviations, type FormSizes } from './abbreviations';
import { Form, Slot } from './constants';

/** A place in .debug_info that refers to nothing. */
export const NO_ENTRY = -1;

/** A form refers to a form that refers…: no compiler does that twice. */
const MOST_INDIRECTIONS = 4;

/**
 * Reads one entry after another; what it read last is in the fields. Addresses are numbers counted from the base of
 * the file, references are offsets into .debug_info.
 */
export class EntryReader {
  /** By slot, the form of the value; 0 when the entry has no such attribute. */
  readonly forms = new Uint16Array(Slot.Count);
  readonly values = new Float64Array(Slot.Count);
  tag = 0;
  hasChildren = false;
  /** Where the entry began in the unit. */
  start = 0;
  private row = -1;

  constructor(
    readonly cursor: ByteCursor,
    private readonly abbreviations: Abbreviations,
    private readonly sizes: FormSizes,
    private readonly base: AddressBase,
    /** Where the unit begins in .debug_info, in bytes. */
    private readonly unitOffset: number,
  ) {}

  /**
   * Reads the code of the entry at the cursor; false for the null entry that ends the children of one, and for what is
   * no entry, after which the cursor is at the end.
   */
  next(): boolean {
    const { cursor, abbreviations } = this;
    this.start = cursor.position;
    const code = cursor.uleb();
    if (code === 0) return false;
    this.row = abbreviations.rowOf(code);
    if (this.row < 0) {
      cursor.skip(Infinity);
      return false;
    }
    this.tag = abbreviations.tagOf(this.row);
    this.hasChildren = abbreviations.hasChildren(this.row);
    return true;
  }

  /** Passes over the attributes of the entry that {@link next} read. */
  skip(): void {
    const { cursor, abbreviations, row } = this;
    const size = abbreviations.sizes[row]!;
    if (size >= 0) {
      cursor.skip(size);
      return;
    }
    const end = abbreviations.firstAttribute[row + 1]!;
    for (let i = abbreviations.firstAttribute[row]!; i < end; i++) this.skipForm(abbreviations.formOf(i));
  }

  /**
   * Passes over the attributes, and over the children too where the entry says in four bytes what comes behind them;
   * returns whether the children still follow.
   */
  skipWithChildren(): boolean {
    if (!this.hasChildren) {
      this.skip();
      return false;
    }
    const before = this.abbreviations.siblings[this.row]!;
    if (before < 0) {
      this.read();
      return !this.goToSibling();
    }
    const { cursor } = this;
    const attributes = cursor.position;
    cursor.skip(before);
    const sibling = cursor.u32();
    if (sibling > cursor.position && sibling <= cursor.end) {
      cursor.position = sibling;
      return false;
    }
    cursor.position = attributes;
    this.skip();
    return true;
  }

  /** Goes behind the children of the entry that was read, if it says where that is. */
  goToSibling(): boolean {
    if (!this.has(Slot.Sibling)) return false;
    const sibling = this.values[Slot.Sibling]! - this.unitOffset;
    if (!(sibling >= this.cursor.position && sibling <= this.cursor.end)) return false;
    this.cursor.position = sibling;
    return true;
  }

  /** Reads the attributes of the entry that {@link next} read. */
  read(): void {
    const { abbreviations, forms } = this;
    forms.fill(0);
    const end = abbreviations.firstAttribute[this.row + 1]!;
    for (let i = abbreviations.firstAttribute[this.row]!; i < end; i++) {
      const slot = abbreviations.slotOf(i);
      const form = abbreviations.formOf(i);
      if (slot === Slot.None) this.skipForm(form);
      else this.readForm(slot, form, form === Form.ImplicitConst ? abbreviations.constantOf(i) : 0);
    }
  }

  has(slot: Slot): boolean {
    return this.forms[slot] !== 0;
  }

  /** The entry in .debug_info that an attribute refers to; NO_ENTRY when it has none or it is in another file. */
  reference(slot: Slot): number {
    switch (this.forms[slot]) {
      case Form.Ref1:
      case Form.Ref2:
      case Form.Ref4:
      case Form.Ref8:
      case Form.RefUdata:
      case Form.RefAddr:
        return this.values[slot]!;
      default:
        return NO_ENTRY;
    }
  }

  private readForm(slot: Slot, declared: number, constant: number): void {
    const { cursor, sizes } = this;
    const form = this.directForm(declared);
    let value = 0;
    switch (form) {
      case Form.Addr:
        value = readAddress(cursor, sizes.addressSize, this.base);
        break;
      case Form.ImplicitConst:
        value = constant;
        break;
      case Form.FlagPresent:
        value = 1;
        break;
      case Form.Data1:
      case Form.Flag:
      case Form.Strx1:
      case Form.Addrx1:
        value = cursor.u8();
        break;
      case Form.Ref1:
        value = this.unitOffset + cursor.u8();
        break;
      case Form.Data2:
      case Form.Strx2:
      case Form.Addrx2:
        value = cursor.u16();
        break;
      case Form.Ref2:
        value = this.unitOffset + cursor.u16();
        break;
      case Form.Strx3:
      case Form.Addrx3:
        value = cursor.u24();
        break;
      case Form.Data4:
      case Form.Strx4:
      case Form.Addrx4:
        value = cursor.u32();
        break;
      case Form.Ref4:
        value = this.unitOffset + cursor.u32();
        break;
      case Form.Data8:
        value = cursor.u64();
        break;
      case Form.Ref8:
        value = this.unitOffset + cursor.u64();
        break;
      case Form.RefUdata:
        value = this.unitOffset + cursor.uleb();
        break;
      case Form.Udata:
      case Form.Strx:
      case Form.Addrx:
      case Form.Rnglistx:
      case Form.GnuAddrIndex:
      case Form.GnuStrIndex:
        value = cursor.uleb();
        break;
      case Form.Sdata:
        value = cursor.sleb();
        break;
      case Form.Strp:
      case Form.LineStrp:
      case Form.SecOffset:
        value = cursor.word(sizes.offsetSize);
        break;
      case Form.RefAddr:
        value = cursor.word(fixedSize(form, sizes));
        break;
      case Form.String:
        // Where the string is in the unit.
        value = cursor.skipString();
        break;
      default:
        this.skipForm(form);
    }
    this.forms[slot] = form;
    this.values[slot] = value;
  }

  /** The form that follows where the entry itself says which it is. */
  private directForm(declared: number): number {
    let form = declared;
    for (let i = 0; form === Form.Indirect && i < MOST_INDIRECTIONS; i++) form = this.cursor.uleb();
    return form;
  }

  private skipForm(declared: number): void {
    const { cursor } = this;
    const form = this.directForm(declared);
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
        const size = fixedSize(form, this.sizes);
        // The size of a form that is not known is not known either: nothing behind it can be read.
        cursor.skip(size < 0 ? Infinity : size);
      }
    }
  }
}
