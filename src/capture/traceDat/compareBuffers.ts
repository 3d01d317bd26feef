import { EventKind, NO_CPU } from '../eventTable';
import type { EventTableBuilder } from '../eventTableBuilder';
import type { CpuCursor } from './cpuCursor';
import type { RingBuffer } from './fileStructure';
import { TracepointHits } from './tracepointHits';

/** A cursor, and the ring buffer that it goes through. */
export interface BufferCursor {
  readonly cursor: CpuCursor;
  readonly buffer: RingBuffer;
}

/**
 * Has records of several buffers held against each other, a CPU at a time, where their times can be compared. Nothing is done
 * for a CPU of which one buffer alone has records.
 */
export function compareHits(all: readonly BufferCursor[]): readonly TracepointHits[] {
  const byCpu = new Map<number, Map<RingBuffer, CpuCursor>>();
  for (const { cursor, buffer } of all) {
    if (!cursor.hasSharedClock || cursor.cpu === NO_CPU) continue;
    const ofCpu = byCpu.get(cursor.cpu) ?? new Map<RingBuffer, CpuCursor>();
    // A damaged file may say twice where the data of a CPU is: one of them is enough, as one buffer has no copies.
    if (!ofCpu.has(buffer)) ofCpu.set(buffer, cursor);
    byCpu.set(cursor.cpu, ofCpu);
  }
  const hits: TracepointHits[] = [];
  for (const ofCpu of byCpu.values()) {
    if (ofCpu.size < 2) continue;
    const shared = new TracepointHits(ofCpu.size);
    let buffer = 0;
    for (const cursor of ofCpu.values()) cursor.compareHits(shared, buffer++);
    hits.push(shared);
  }
  return hits;
}

/** Names of the buffers with records of CPUs whose numbers are lost, where other buffers may have recorded the same. */
export function buffersWithoutCpus(all: readonly BufferCursor[]): readonly string[] {
  const shared = all.filter(({ cursor }) => cursor.hasSharedClock);
  if (new Set(shared.map(({ buffer }) => buffer)).size < 2) return [];
  const without = shared.filter(({ cursor }) => cursor.cpu === NO_CPU);
  return [...new Set(without.map(({ buffer }) => buffer.name))];
}

/** Whether the rows from `from` on have an event of pages that the rows before have, too. */
export function haveSameEvents({ kind, length }: EventTableBuilder, from: number): boolean {
  const before = new Uint8Array(1 << 8);
  for (let row = 0; row < from; row++) before[kind[row]!] = 1;
  before[EventKind.Other] = 0;
  for (let row = from; row < length; row++) if (before[kind[row]!] === 1) return true;
  return false;
}
