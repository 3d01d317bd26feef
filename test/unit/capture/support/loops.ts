import assert from 'node:assert/strict';
import type { Capture, EventTable } from '../../../../src/capture/eventTable';
import { PerfRecords } from '../../../../src/capture/perfData/perfRecords';
import { RecordReader } from '../../../../src/capture/traceDat/recordReader';

type MemoryForLoop = typeof RecordReader.prototype.memoryForLoop;
type StartLoop = typeof PerfRecords.prototype.startLoop;

/** What `read` reads one record after the other. */
export function withoutRecordLoop<T>(read: () => Promise<T>): Promise<T> {
  return withMemoryForLoop(() => null, read);
}

/** What `read` reads in the record loop, however little it is. */
export function inRecordLoop<T>(read: () => Promise<T>): Promise<T> {
  const memoryForLoop = Reflect.get<RecordReader, 'memoryForLoop'>(RecordReader.prototype, 'memoryForLoop');
  return withMemoryForLoop(function (this: RecordReader, cursors, pageSize, _, wanted, isShared) {
    return memoryForLoop.call(this, cursors, pageSize, Infinity, wanted, isShared);
  }, read);
}

function withMemoryForLoop<T>(memoryForLoop: MemoryForLoop, read: () => Promise<T>): Promise<T> {
  return whileReplaced(RecordReader.prototype, 'memoryForLoop', memoryForLoop, read);
}

/** What `read` reads one sample after the other. */
export function withoutSampleLoop<T>(read: () => Promise<T>): Promise<T> {
  return withStartLoop(() => null, read);
}

/** What `read` reads in the sample loop, however little it is. */
export function inSampleLoop<T>(read: () => Promise<T>): Promise<T> {
  const startLoop = Reflect.get<PerfRecords, 'startLoop'>(PerfRecords.prototype, 'startLoop');
  return withStartLoop(function (this: PerfRecords, _, wanted) {
    return startLoop.call(this, Infinity, wanted);
  }, read);
}

function withStartLoop<T>(startLoop: StartLoop, read: () => Promise<T>): Promise<T> {
  return whileReplaced(PerfRecords.prototype, 'startLoop', startLoop, read);
}

/** Not with mocks of node:test, which keep all that they were called with: a campaign has many thousand rounds. */
async function whileReplaced<C extends object, T>(
  prototype: C,
  name: keyof C,
  method: unknown,
  read: () => Promise<T>,
): Promise<T> {
  const before = Reflect.get(prototype, name);
  Reflect.set(prototype, name, method);
  try {
    return await read();
  } finally {
    Reflect.set(prototype, name, before);
  }
}

const COLUMNS = [
  ...(['time', 'cpu', 'task', 'kind', 'name', 'pfn', 'flags', 'count', 'mapcount', 'val', 'ret'] as const),
  ...(['mapping', 'migratetype', 'order', 'stack', 'detail'] as const),
];

/** Fails unless both hold the same events, cell by cell, and say the same of what they lack. */
export function assertSameCapture(one: Capture, other: Capture): void {
  const { length } = other.events;
  assert.equal(one.events.length, length);
  for (const column of COLUMNS) {
    assert.deepEqual(
      one.events[column].subarray(0, length),
      other.events[column].subarray(0, length),
      column,
    );
  }
  assert.deepEqual(offsets(one.events), offsets(other.events));
  assert.equal(one.symbols.stackCount, other.symbols.stackCount);
  assert.deepEqual(tallies(one), tallies(other));
}

const offsets = (events: EventTable): number[] =>
  Array.from({ length: events.length }, (_, row) => events.offset(row));

function tallies({ stackRecords, orphanStacks, problemCount, problems, gaps, lost, facts }: Capture): object {
  return { stackRecords, orphanStacks, problemCount, problems, gaps, lost, facts };
}
