/** The entries (DIEs) of one unit of .debug_info. */
import { readAddress, type AddressBase } from '../elf/addressBase';
import { ByteCursor, stringAt } from '../elf/byteCursor';
import type { SectionPart } from '../elf/sectionWindow';
import { Abbreviations, LOOK, siblingAt } from './abbreviations';
import { Form, Slot } from './constants';
import { directForm, fixedSize, skipForm, type FormSizes } from './forms';

/** A place in .debug_info that refers to nothing. */
export const NO_ENTRY = -1;

const NO_BYTES = new ByteCursor(new Uint8Array(0), true);
const NO_SIZES: FormSizes = { version: 5, addressSize: 8, offsetSize: 4 };
const NO_ABBREVIATIONS = Abbreviations.read(NO_BYTES, NO_SIZES);
const NO_BASE: AddressBase = { high: 0, low: 0 };

/**
 * A position, which is below 2^31, as V8 holds it without memory of its own. Computed from a Float64Array it is a
 * double, and makes all fields that it is put into doubles: 8 MB of them for 2000 addresses.
 */
function small(position: number): number {
  return position | 0;
}

/** What entries are read by: the same for all of a unit. */
export interface EntryShapes {
  readonly abbreviations: Abbreviations;
  readonly sizes: FormSizes;
  readonly base: AddressBase;
  /** Where the unit begins in .debug_info, in bytes. */
  readonly unitOffset: number;
}

/**
 * Reads one entry after another; what it read last is in the fields. Addresses are numbers counted from the base of
 * the file, references are offsets into .debug_info, positions count from the begin of the unit.
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
  private cursor = NO_BYTES;
  /** Position of the first byte of the cursor. */
  private origin = 0;
  private abbreviations = NO_ABBREVIATIONS;
  private sizes = NO_SIZES;
  private base = NO_BASE;
  private unitOffset = 0;

  /**
   * Goes to the entry at a position of a unit.
   *
   * @param part bytes of .debug_info from there on
   * @param end position behind what is to be read
   */
  enter(shapes: EntryShapes, part: SectionPart, position: number, end: number): void {
    this.abbreviations = shapes.abbreviations;
    this.sizes = shapes.sizes;
    this.base = shapes.base;
    this.unitOffset = shapes.unitOffset;
    this.cursor = part.cursor;
    this.origin = part.start - shapes.unitOffset;
    this.cursor.goTo(position - this.origin, Math.min(part.length, end - this.origin));
  }

  /** Has no attributes from now on: there is no entry. */
  forget(): void {
    this.forms.fill(0);
    this.tag = 0;
    this.hasChildren = false;
  }

  /** Where the next entry is. */
  get position(): number {
    return this.origin + this.cursor.position;
  }

  set position(position: number) {
    this.cursor.position = Math.min(position - this.origin, this.cursor.end);
  }

  get isAtEnd(): boolean {
    return this.cursor.isAtEnd;
  }

  /** Whether an entry was cut off: by the end of what was to be read. */
  get isOverrun(): boolean {
    return this.cursor.isOverrun;
  }

  /** The string at a position of the unit. */
  stringAt(position: number): string {
    return stringAt(this.cursor.bytes, position - this.origin);
  }

  /**
   * Reads the code of the entry at the cursor; false for the null entry that ends the children of one, and for what is
   * no entry, after which the cursor is at the end.
   */
  next(): boolean {
    const { cursor, abbreviations } = this;
    this.start = this.position;
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
    const size = abbreviations.sizeOf(row);
    if (size >= 0) {
      cursor.skip(size);
      return;
    }
    const end = abbreviations.firstAttribute(row + 1);
    for (let i = abbreviations.firstAttribute(row); i < end; i++)
      skipForm(this.cursor, abbreviations.formOf(i), this.sizes);
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
    const before = this.abbreviations.siblingOf(this.row);
    if (before < 0) {
      this.read();
      return !this.goToSibling();
    }
    const { cursor } = this;
    const attributes = cursor.position;
    cursor.skip(before);
    const sibling = cursor.u32() - this.origin;
    if (sibling > cursor.position && sibling <= cursor.end) {
      cursor.position = sibling;
      return false;
    }
    cursor.position = attributes;
    this.skip();
    return true;
  }

  /**
   * Passes over entries and their children up to the first that needs a look: one that may be a function with code, or
   * a null entry. Nine of ten entries of a unit are passed here.
   */
  passPlain(): void {
    const { cursor, abbreviations, origin } = this;
    const { bytes, end } = cursor;
    let position = cursor.position;
    while (position < end) {
      let behind = position + 1;
      let code = bytes[position]!;
      // GCC has up to some 200 abbreviations in a unit: codes of three bytes are left to next().
      if (code >= 0x80) {
        const second = bytes[behind++]!;
        if (second >= 0x80) break;
        code = (code & 0x7f) | (second << 7);
      }
      const step = abbreviations.step(code);
      if (step >= 0) {
        position = behind + step;
      } else if (step < LOOK) {
        cursor.position = behind + siblingAt(step);
        const sibling = cursor.u32() - origin;
        if (!(sibling > position && sibling <= end)) break;
        position = sibling;
      } else {
        break;
      }
    }
    cursor.position = position;
    // An entry that is cut off.
    if (position > end) cursor.skip(Infinity);
  }

  /** Goes behind the children of the entry that was read, if it says where that is. */
  goToSibling(): boolean {
    if (!this.has(Slot.Sibling)) return false;
    const sibling = this.values[Slot.Sibling]! - this.unitOffset - this.origin;
    if (!(sibling >= this.cursor.position && sibling <= this.cursor.end)) return false;
    this.cursor.position = small(sibling);
    return true;
  }

  /** Reads the attributes of the entry that {@link next} read. */
  read(): void {
    const { abbreviations, forms } = this;
    forms.fill(0);
    const end = abbreviations.firstAttribute(this.row + 1);
    for (let i = abbreviations.firstAttribute(this.row); i < end; i++) {
      const slot = abbreviations.slotOf(i);
      const form = abbreviations.formOf(i);
      if (slot === Slot.None) skipForm(this.cursor, form, this.sizes);
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
    const form = directForm(cursor, declared);
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
        value = this.origin + cursor.skipString();
        break;
      default:
        skipForm(this.cursor, form, this.sizes);
    }
    this.forms[slot] = form;
    this.values[slot] = value;
  }
}
