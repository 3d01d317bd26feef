/** .debug_abbrev: the shapes of the entries of a unit (DWARF 5, section 7.5.3). */
import type { ByteCursor } from '../elf/byteCursor';
import { Form, Slot, SLOT_OF_ATTRIBUTE, Tag } from './constants';
import { fixedSize, type FormSizes } from './forms';

/** An attribute is one number: its form, and the slot of its value above. */
const SLOT_SHIFT = 16;
const FORM_MASK = 0xffff;

/** The numbers that a row has. */
const enum Column {
  Tag,
  HasChildren,
  /** Index of its first attribute; those of the next row follow. */
  FirstAttribute,
  /** Bytes of all attribute values; -1 where that depends on the values. */
  Size,
  /** Bytes before the value of a DW_AT_sibling of four bytes; -1 where that is not known. */
  Sibling,
  /** See {@link Abbreviations.steps}. */
  Step,
  Count,
}

/** A growing list of numbers; one table after another uses the same memory. */
class NumberBuffer {
  numbers = new Int32Array(1 << 12);
  length = 0;

  push(number: number): void {
    if (this.length === this.numbers.length) {
      const wider = new Int32Array(this.length * 2);
      wider.set(this.numbers);
      this.numbers = wider;
    }
    this.numbers[this.length++] = number;
  }
}

const ROWS = new NumberBuffer();
const ATTRIBUTES = new NumberBuffer();

/** What {@link Abbreviations.step} says of an entry that cannot be passed over without a look at it. */
export const LOOK = -1;

/**
 * The abbreviations of a unit. A row is one of them, 0 is that of the null entry; an attribute is an index into the
 * attributes of all rows.
 */
export class Abbreviations {
  private constructor(
    /** Row after row, its columns: one array for all takes a fifth of the time that six small ones do. */
    private readonly table: Int32Array,
    private readonly attributes: Int32Array,
    /** By code, the row; null when they are the same, as compilers number. */
    private readonly rows: ReadonlyMap<number, number> | null,
    /** By attribute, the value of DW_FORM_implicit_const. */
    private readonly constants: ReadonlyMap<number, number>,
  ) {}

  /** Reads from the cursor to the end of the table; `cursor.isOverrun` when the end is not there. */
  static read(cursor: ByteCursor, formSizes: FormSizes): Abbreviations {
    ROWS.length = 0;
    ATTRIBUTES.length = 0;
    for (const value of [0, 0, 0, 0, LOOK, LOOK]) ROWS.push(value);
    let rows: Map<number, number> | null = null;
    const constants = new Map<number, number>();
    const oneByteSizes = oneByteFormSizes(formSizes);
    for (let row = 1; ; row++) {
      const code = cursor.uleb();
      if (code === 0 || cursor.isOverrun) break;
      if (rows === null && code !== row) rows = new Map(Array.from({ length: row }, (_, i) => [i, i]));
      if (rows !== null && !rows.has(code)) rows.set(code, row);
      readRow(cursor, formSizes, oneByteSizes, constants);
    }
    // The begin of the row behind the last one ends the attributes of that.
    for (const value of [0, 0, ATTRIBUTES.length, 0, LOOK, LOOK]) ROWS.push(value);
    return new Abbreviations(
      ROWS.numbers.slice(0, ROWS.length),
      ATTRIBUTES.numbers.slice(0, ATTRIBUTES.length),
      rows,
      constants,
    );
  }

  /** Bytes it keeps, about. */
  get size(): number {
    return this.table.length * 4 + this.attributes.length * 4 + this.constants.size * 20 + 500;
  }

  /** The row of a code; -1 when there is none. */
  rowOf(code: number): number {
    if (this.rows !== null) return this.rows.get(code) ?? -1;
    return code < this.table.length / Column.Count - 1 ? code : -1;
  }

  tagOf(row: number): number {
    return this.table[row * Column.Count + Column.Tag]!;
  }

  hasChildren(row: number): boolean {
    return this.table[row * Column.Count + Column.HasChildren] !== 0;
  }

  firstAttribute(row: number): number {
    return this.table[row * Column.Count + Column.FirstAttribute]!;
  }

  /** Bytes of all attribute values; -1 where that depends on the values. */
  sizeOf(row: number): number {
    return this.table[row * Column.Count + Column.Size]!;
  }

  /** Bytes before the value of a DW_AT_sibling of four bytes; -1 where that is not known. */
  siblingOf(row: number): number {
    return this.table[row * Column.Count + Column.Sibling]!;
  }

  /**
   * How to pass over an entry by its code, with its children: 0 or more for so many bytes behind the code; less than
   * {@link LOOK} for where behind the code its DW_AT_sibling stands in four bytes ({@link siblingAt}). LOOK for all
   * else: functions that have code, null entries, codes that are not known, values whose size only they tell.
   */
  step(code: number): number {
    if (this.rows !== null) return LOOK;
    return this.table[code * Column.Count + Column.Step] ?? LOOK;
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

/** How many bytes behind the code the DW_AT_sibling of a step less than {@link LOOK} is. */
export function siblingAt(step: number): number {
  return LOOK - 1 - step;
}

function readRow(
  cursor: ByteCursor,
  formSizes: FormSizes,
  oneByteSizes: Int8Array,
  constants: Map<number, number>,
): void {
  const firstAttribute = ATTRIBUTES.length;
  const tag = cursor.uleb();
  const hasChildren = cursor.u8() !== 0;
  let size = 0;
  let sibling = -1;
  let hasCode = false;
  const { bytes, end } = cursor;
  let at = cursor.position;
  for (;;) {
    let attribute = at + 1 < end ? bytes[at]! : MANY_BYTES;
    let form = at + 1 < end ? bytes[at + 1]! : MANY_BYTES;
    let constant = 0;
    // Nearly all numbers have one byte.
    if (attribute < MANY_BYTES && form < MANY_BYTES && form !== Form.ImplicitConst) {
      at += 2;
    } else {
      cursor.position = at;
      attribute = cursor.uleb();
      form = cursor.uleb();
      if (form === Form.ImplicitConst) constant = cursor.sleb();
      if (cursor.isOverrun) break;
      at = cursor.position;
    }
    if (attribute === 0 && form === 0) break;
    const slot = slotOfAttribute(attribute);
    if (slot === Slot.Sibling && form === Form.Ref4 && size >= 0) sibling = size;
    if (slot === Slot.LowPc || slot === Slot.Ranges) hasCode = true;
    const formSize = form < MANY_BYTES ? oneByteSizes[form]! : fixedSize(form, formSizes);
    size = size < 0 || formSize < 0 ? -1 : size + formSize;
    // A value that is not looked at and takes no bytes would only cost time, at every entry.
    if (slot === Slot.None && formSize === 0) continue;
    if (form === Form.ImplicitConst) constants.set(ATTRIBUTES.length, constant);
    ATTRIBUTES.push((slot << SLOT_SHIFT) | (form <= FORM_MASK ? form : UNKNOWN_FORM));
  }
  if (!cursor.isOverrun) cursor.position = at;
  const isPlain = tag !== Tag.Subprogram || !hasCode;
  ROWS.push(tag);
  ROWS.push(hasChildren ? 1 : 0);
  ROWS.push(firstAttribute);
  ROWS.push(size);
  ROWS.push(sibling);
  ROWS.push(!isPlain ? LOOK : hasChildren ? (sibling < 0 ? LOOK : LOOK - 1 - sibling) : size);
}

/** A byte from here on has others behind it that belong to the same LEB128 number. */
const MANY_BYTES = 0x80;
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

let lastSizes: { readonly of: FormSizes; readonly sizes: Int8Array } | null = null;

/**
 * What {@link fixedSize} says, by form of one byte. One table for all units with the same sizes, as those of one file
 * are: where millions of attributes are described, a call for each takes as long as all the rest.
 */
function oneByteFormSizes(of: FormSizes): Int8Array {
  const last = lastSizes?.of;
  if (
    lastSizes !== null &&
    last?.version === of.version &&
    last.addressSize === of.addressSize &&
    last.offsetSize === of.offsetSize
  ) {
    return lastSizes.sizes;
  }
  const sizes = Int8Array.from({ length: MANY_BYTES }, (_, form) => fixedSize(form, of));
  lastSizes = { of, sizes };
  return sizes;
}
