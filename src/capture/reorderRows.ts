import type { EventTableBuilder } from './eventTableBuilder';

/**
 * Puts the rows of a table in the given order, a column a step. Each column is written into the memory of the one
 * before it: fresh memory for all of them takes as long as the work itself.
 */
export function* reorderSteps(table: EventTableBuilder, order: Uint32Array): Generator<void, void> {
  const capacity = table.time.length;
  let floats = new Float64Array(capacity);
  for (const name of FLOAT_COLUMNS) {
    const column = table[name];
    table[name] = gatherFloats(column, order, floats);
    floats = column;
    yield;
  }
  let ints = new Int32Array(capacity);
  for (const name of INT_COLUMNS) {
    const column = table[name];
    table[name] = gatherInts(column, order, ints);
    ints = column;
    yield;
  }
  table.cpu = gatherShorts(table.cpu, order, new Uint16Array(capacity));
  yield;
  const kinds = table.kind;
  table.kind = gatherBytes(kinds, order, new Uint8Array(capacity));
  table.mapping = gatherBytes(table.mapping, order, kinds);
  yield;
  const types = table.migratetype;
  table.migratetype = gatherSignedBytes(types, order, new Int8Array(capacity));
  table.order = gatherSignedBytes(table.order, order, types);
  yield;
}

const FLOAT_COLUMNS = ['time', 'pfn', 'offset'] as const;
const INT_COLUMNS = ['task', 'name', 'flags', 'count', 'mapcount', 'val', 'ret', 'stack', 'detail'] as const;

// One function a type of column: a loop that meets several types takes ten times as long.

function gatherFloats<T extends Float64Array>(column: Float64Array, order: Uint32Array, into: T): T {
  for (let i = 0; i < order.length; i++) into[i] = column[order[i]!]!;
  return into;
}

function gatherInts<T extends Int32Array>(column: Int32Array, order: Uint32Array, into: T): T {
  for (let i = 0; i < order.length; i++) into[i] = column[order[i]!]!;
  return into;
}

function gatherShorts<T extends Uint16Array>(column: Uint16Array, order: Uint32Array, into: T): T {
  for (let i = 0; i < order.length; i++) into[i] = column[order[i]!]!;
  return into;
}

function gatherBytes<T extends Uint8Array>(column: Uint8Array, order: Uint32Array, into: T): T {
  for (let i = 0; i < order.length; i++) into[i] = column[order[i]!]!;
  return into;
}

function gatherSignedBytes<T extends Int8Array>(column: Int8Array, order: Uint32Array, into: T): T {
  for (let i = 0; i < order.length; i++) into[i] = column[order[i]!]!;
  return into;
}
