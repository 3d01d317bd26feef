/** .debug_abbrev: the shapes of the entries of a unit (DWARF 5, section 7.5.3). */
import type { ByteCursor } from '../elf/byteCursor';
import { Form, Slot, SLOT_OF_ATTRIBUTE } from './constants';

/** What the sizes of some forms depend on. */
export interface FormSizes {
  readonly version: number;
  /** Bytes of an address: 4 or 8. */
  readonly addressSize: number;
  /** Bytes of an offset into a section: 4, or 8 in the 64-bit format. */
  readonly offsetSize: number;
}

/** An attribute is one number: its form, and the slot of its value above. */
const SLOT_SHIFT = 16;
const FORM_MASK = 0xffff;

/** Columns while a table is read; one table after another uses the same memory. */
class TableBuffer {
  rows = 0;
  attributes = 0;
  tags = new Int32Array(1 << 10);
  hasChildren = new Uint8Array(1 << 10);
  firstAttribute = new Int32Array((1 << 10) + 1);
  sizes = new Int32Array(1 << 10);
  siblings = new Int32Array(1 << 10);
  columns = new Int32Array(1 << 13);

  beginRow(): void {
    if (this.rows + 1 < this.tags.length) return;
    const length = this.tags.length * 2;
    this.tags = widened(this.tags, new Int32Array(length));
    this.firstAttribute = widened(this.firstAttribute, new Int32Array(length + 1));
    this.sizes = widened(this.sizes, new Int32Array(length));
    this.siblings = widened(this.siblings, new Int32Array(length));
    this.hasChildren = widened(this.hasChildren, new Uint8Array(length));
  }

  addAttribute(attribute: number): void {
    if (this.attributes === this.columns.length) {
      this.columns = widened(this.columns, new Int32Array(this.columns.length * 2));
    }
    this.columns[this.attributes++] = attribute;
  }
}

function widened<T extends Int32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

const BUFFER = new TableBuffer();

/** The abbreviations of a unit as columns; a row is one of them, and an attribute is an index into the attributes. */
export class Abbreviations {
  private constructor(
    private readonly tags: Int32Array,
    private readonly children: Uint8Array,
    /** By row, its first attribute; one more at the end. */
    readonly firstAttribute: Int32Array,
    private readonly attributes: Int32Array,
    /** By row, the bytes of all attribute values; -1 where that depends on the values. */
    readonly sizes: Int32Array,
    /** By row, the bytes before the value of a DW_AT_sibling of four bytes; -1 where that is not known. */
    readonly siblings: Int32Array,
    /** By code, the row; null when the codes are those of the rows in order, from 1 on, as compilers number. */
    private readonly rows: ReadonlyMap<number, number> | null,
    /** By attribute, the value of DW_FORM_implicit_const. */
    private readonly constants: ReadonlyMap<number, number>,
  ) {}

  /** Reads from the cursor to the end of the table; `cursor.isOverrun` when the end is not there. */
  static read(cursor: ByteCursor, formSizes: FormSizes): Abbreviations {
    const buffer = BUFFER;
    buffer.rows = 0;
    buffer.attributes = 0;
    let rows: Map<number, number> | null = null;
    const constants = new Map<number, number>();
    for (;;) {
      const code = cursor.uleb();
      if (code === 0 || cursor.isOverrun) break;
      const row = buffer.rows;
      if (rows === null && code !== row + 1)
        rows = new Map(Array.from({ length: row }, (_, i) => [i + 1, i]));
      if (rows !== null && !rows.has(code)) rows.set(code, row);
      buffer.beginRow();
      readRow(cursor, formSizes, buffer, constants);
    }
    const { rows: count, attributes } = buffer;
    buffer.firstAttribute[count] = attributes;
    return new Abbreviations(
      buffer.tags.slice(0, count),
      buffer.hasChildren.slice(0, count),
      buffer.firstAttribute.slice(0, count + 1),
      buffer.columns.slice(0, attributes),
      buffer.sizes.slice(0, count),
      buffer.siblings.slice(0, count),
      rows,
      constants,
    );
  }

  /** Bytes it keeps, about. */
  get size(): number {
    return this.tags.length * 17 + this.attributes.length * 4 + this.constants.size * 20 + 800;
  }

  /** The row of a code; -1 when there is none. */
  rowOf(code: number): number {
    if (this.rows !== null) return this.rows.get(code) ?? -1;
    return code <= this.tags.length ? code - 1 : -1;
  }

  tagOf(row: number): number {
    return this.tags[row]!;
  }

  hasChildren(row: number): boolean {
    return this.children[row] !== 0;
  }

  formOf(attribute: number): number {
    return this.attributes[attribute]! & FORM_MASK;
  }

  slotOf(attribute: number): Slot {
    return this.attributes[attribute]! >>> SLOT_SHIFT;
  }

  constantOf(attribute: number): number {
    return this.constants.get(attribute) ?? 0;
  }
}

function readRow(
  cursor: ByteCursor,
  formSizes: FormSizes,
  buffer: TableBuffer,
  constants: Map<number, number>,
): void {
  const row = buffer.rows++;
  buffer.firstAttribute[row] = buffer.attributes;
  buffer.tags[row] = cursor.uleb();
  buffer.hasChildren[row] = cursor.u8() === 0 ? 0 : 1;
  let size = 0;
  let sibling = -1;
  const { bytes } = cursor;
  for (;;) {
    // Nearly all numbers have one byte.
    const at = cursor.position;
    const first = bytes[at];
    const second = bytes[at + 1];
    let attribute: number;
    let form: number;
    if (first !== undefined && second !== undefined && first < 0x80 && second < 0x80) {
      attribute = first;
      form = second;
      cursor.position = at + 2;
    } else {
      attribute = cursor.uleb();
      form = cursor.uleb();
    }
    const constant = form === Form.ImplicitConst ? cursor.sleb() : 0;
    if (cursor.isOverrun || (attribute === 0 && form === 0)) break;
    const slot = slotOfAttribute(attribute);
    if (slot === Slot.Sibling && form === Form.Ref4 && size >= 0) sibling = size;
    const formSize = fixedSize(form, formSizes);
    size = size < 0 || formSize < 0 ? -1 : size + formSize;
    // A value that is not looked at and takes no bytes would only cost time, at every entry.
    if (slot === Slot.None && formSize === 0) continue;
    if (form === Form.ImplicitConst) constants.set(buffer.attributes, constant);
    buffer.addAttribute((slot << SLOT_SHIFT) | (form <= FORM_MASK ? form : UNKNOWN_FORM));
  }
  buffer.sizes[row] = size;
  buffer.siblings[row] = sibling;
}

/** Stands for every form with a larger number: none is known. */
const UNKNOWN_FORM = FORM_MASK;
const MOST_STANDARD = 0x100;
const STANDARD_SLOTS = Uint8Array.from(
  { length: MOST_STANDARD },
  (_, i) => SLOT_OF_ATTRIBUTE.get(i) ?? Slot.None,
);

function slotOfAttribute(attribute: number): Slot {
  if (attribute < MOST_STANDARD) return STANDARD_SLOTS[attribute]!;
  return SLOT_OF_ATTRIBUTE.get(attribute) ?? Slot.None;
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
