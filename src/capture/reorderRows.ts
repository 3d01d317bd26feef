import type { EventTableBuilder } from './eventTableBuilder';

/** Bytes of the widest cell. */
const WIDEST = 8;

/**
 * Puts rows of a table in another order, a column a step. Each column is put together in memory that is used again and
 * then copied back: of a few thousand rows, all of that happens in the processor's caches.
 */
export class RowReorder {
  private spare = new ArrayBuffer(0);
  private floats = new Float64Array(0);
  private ints = new Int32Array(0);
  private unsigned = new Uint32Array(0);
  private shorts = new Uint16Array(0);
  private bytes = new Uint8Array(0);
  private signedBytes = new Int8Array(0);

  constructor(private readonly table: EventTableBuilder) {}

  /** Row `from + i` becomes what row `from + order[i]` is; of the first `same` rows it is known that they stay. */
  *steps(from: number, order: Uint32Array, same = 0): Generator<void, void> {
    const { table } = this;
    this.reserve(order.length);
    const { floats, ints, unsigned, shorts, bytes, signedBytes } = this;
    for (const name of FLOAT_COLUMNS) {
      gatherFloats(table[name], from, order, same, floats);
      table[name].set(floats.subarray(same, order.length), from + same);
      yield;
    }
    for (const name of INT_COLUMNS) {
      if (name === 'detail' && areIntsZero(table.detail, from, from + order.length)) continue;
      gatherInts(table[name], from, order, same, ints);
      table[name].set(ints.subarray(same, order.length), from + same);
      yield;
    }
    gatherUnsigned(table.offsetLow, from, order, same, unsigned);
    table.offsetLow.set(unsigned.subarray(same, order.length), from + same);
    yield;
    for (const name of SHORT_COLUMNS) {
      if (name === 'offsetHigh' && areShortsZero(table.offsetHigh, from, from + order.length)) continue;
      gatherShorts(table[name], from, order, same, shorts);
      table[name].set(shorts.subarray(same, order.length), from + same);
    }
    yield;
    for (const name of BYTE_COLUMNS) {
      gatherBytes(table[name], from, order, same, bytes);
      table[name].set(bytes.subarray(same, order.length), from + same);
    }
    yield;
    for (const name of SIGNED_BYTE_COLUMNS) {
      gatherSignedBytes(table[name], from, order, same, signedBytes);
      table[name].set(signedBytes.subarray(same, order.length), from + same);
    }
  }

  private reserve(rows: number): void {
    if (rows <= this.floats.length) return;
    this.spare = new ArrayBuffer(Math.max(rows, 2 * this.floats.length) * WIDEST);
    this.floats = new Float64Array(this.spare);
    this.ints = new Int32Array(this.spare);
    this.unsigned = new Uint32Array(this.spare);
    this.shorts = new Uint16Array(this.spare);
    this.bytes = new Uint8Array(this.spare);
    this.signedBytes = new Int8Array(this.spare);
  }
}

const FLOAT_COLUMNS = ['time', 'pfn'] as const;
const INT_COLUMNS = ['task', 'name', 'flags', 'count', 'mapcount', 'val', 'ret', 'stack', 'detail'] as const;
const SHORT_COLUMNS = ['cpu', 'offsetHigh'] as const;
const BYTE_COLUMNS = ['kind', 'mapping'] as const;
const SIGNED_BYTE_COLUMNS = ['migratetype', 'order'] as const;

// One function a type of column: a loop that meets several types takes ten times as long.

/** Of what is zero in nearly all rows, memory is not written to. */
function areIntsZero(column: Int32Array, from: number, to: number): boolean {
  for (let row = from; row < to; row++) if (column[row] !== 0) return false;
  return true;
}

function areShortsZero(column: Uint16Array, from: number, to: number): boolean {
  for (let row = from; row < to; row++) if (column[row] !== 0) return false;
  return true;
}

function gatherFloats(
  column: Float64Array,
  from: number,
  order: Uint32Array,
  same: number,
  into: Float64Array,
): void {
  for (let i = same; i < order.length; i++) into[i] = column[from + order[i]!]!;
}

function gatherInts(
  column: Int32Array,
  from: number,
  order: Uint32Array,
  same: number,
  into: Int32Array,
): void {
  for (let i = same; i < order.length; i++) into[i] = column[from + order[i]!]!;
}

function gatherUnsigned(
  column: Uint32Array,
  from: number,
  order: Uint32Array,
  same: number,
  into: Uint32Array,
): void {
  for (let i = same; i < order.length; i++) into[i] = column[from + order[i]!]!;
}

function gatherShorts(
  column: Uint16Array,
  from: number,
  order: Uint32Array,
  same: number,
  into: Uint16Array,
): void {
  for (let i = same; i < order.length; i++) into[i] = column[from + order[i]!]!;
}

function gatherBytes(
  column: Uint8Array,
  from: number,
  order: Uint32Array,
  same: number,
  into: Uint8Array,
): void {
  for (let i = same; i < order.length; i++) into[i] = column[from + order[i]!]!;
}

function gatherSignedBytes(
  column: Int8Array,
  from: number,
  order: Uint32Array,
  same: number,
  into: Int8Array,
): void {
  for (let i = same; i < order.length; i++) into[i] = column[from + order[i]!]!;
}
