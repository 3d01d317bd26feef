import type { CpuCursor } from './cpuCursor';

/** Later than any record. The global `Infinity` in its place makes V8 put each limit into an object of its own. */
const NO_LIMIT = Number.MAX_VALUE;

/** What is done on the way through the records. */
export interface MergeSteps {
  /** The cursor stands on the next record. */
  read(cursor: CpuCursor): void;
  /** Whether the record that the cursor has come to may be read at once, whatever its time. */
  needsNoTurn(cursor: CpuCursor): boolean;
  /** The cursor is behind its last record. */
  finish(cursor: CpuCursor): void;
}

/** Cursors in the order of the records that they stand on: of several at one time, the lower cursor comes first. */
export interface CursorQueue {
  add(cursor: CpuCursor): void;
  /** Visits records up to the first cursor that needs more pages, which stays first and is returned; null at the end. */
  visitInMemory(): CpuCursor | null;
  /** The first cursor went on to a later record: puts it where it belongs now. */
  sinkFirst(): void;
  removeFirst(): void;
}

/**
 * Visits the records of all cursors in order of time; of several at one time, those of the lower cursor first,
 * as `trace-cmd report` does.
 *
 * @param queue an empty one
 * @param beforeLoad called before pages are read that are not in memory
 */
export async function mergeCursors(
  cursors: readonly CpuCursor[],
  queue: CursorQueue,
  steps: MergeSteps,
  beforeLoad: () => Promise<void>,
): Promise<void> {
  for (const cursor of cursors) {
    await cursor.load();
    if (cursor.isDone) steps.finish(cursor);
    else queue.add(cursor);
  }
  for (let cursor = queue.visitInMemory(); cursor !== null; cursor = queue.visitInMemory()) {
    // Compressed chunks are small: to wait for each took a twentieth of the time of all reading.
    if (!cursor.loadInMemory()) {
      await beforeLoad();
      await cursor.load();
    }
    if (cursor.isDone) {
      queue.removeFirst();
      steps.finish(cursor);
    } else {
      queue.sinkFirst();
    }
  }
}

/** A binary heap with the cursor whose record comes next on top. */
export class CursorHeap implements CursorQueue {
  private readonly cursors: CpuCursor[] = [];

  constructor(private readonly steps: MergeSteps) {}

  visitInMemory(): CpuCursor | null {
    const { cursors, steps } = this;
    for (let cursor = cursors[0]; cursor !== undefined; cursor = cursors[0]) {
      // Records of one CPU come in runs: the heap is asked again only when another CPU's turn comes.
      const rival = this.second;
      const limit = rival === null ? NO_LIMIT : rival.time;
      const winsTies = rival === null || cursor.order < rival.order;
      do {
        steps.read(cursor);
        if (!cursor.advance()) return cursor;
      } while (steps.needsNoTurn(cursor) || cursor.time < limit || (winsTies && cursor.time === limit));
      this.sinkFirst();
    }
    return null;
  }

  add(cursor: CpuCursor): void {
    const { cursors } = this;
    let at = cursors.length;
    cursors.push(cursor);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!comesBefore(cursors[at]!, cursors[parent]!)) return;
      this.swap(at, parent);
      at = parent;
    }
  }

  removeFirst(): void {
    const last = this.cursors.pop()!;
    if (this.cursors.length === 0) return;
    this.cursors[0] = last;
    this.sinkFirst();
  }

  sinkFirst(): void {
    const { cursors } = this;
    let at = 0;
    for (;;) {
      let next = 2 * at + 1;
      if (next >= cursors.length) return;
      if (next + 1 < cursors.length && comesBefore(cursors[next + 1]!, cursors[next]!)) next++;
      if (!comesBefore(cursors[next]!, cursors[at]!)) return;
      this.swap(at, next);
      at = next;
    }
  }

  /** The cursor that comes next after the first, or null. */
  private get second(): CpuCursor | null {
    const { cursors } = this;
    if (cursors.length < 2) return null;
    return cursors.length > 2 && comesBefore(cursors[2]!, cursors[1]!) ? cursors[2]! : cursors[1]!;
  }

  private swap(a: number, b: number): void {
    const { cursors } = this;
    const held = cursors[a]!;
    cursors[a] = cursors[b]!;
    cursors[b] = held;
  }
}

function comesBefore(a: CpuCursor, b: CpuCursor): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
