import type { CpuCursor } from './cpuCursor';

/** Later than any record. The global `Infinity` in its place makes V8 put each limit into an object of its own. */
const NO_LIMIT = Number.MAX_VALUE;

/** What is done on the way through the records. */
export interface MergeSteps {
  /**
   * The cursor stands on the next record. Of those behind it in its page, those that come before the record of `rival` may
   * be read, too: the cursor then stands on the last one that was.
   */
  read(cursor: CpuCursor, rival: CpuCursor | null): void;
  /** Others are about to look at what was read. */
  flush(): void;
  /** Whether the record that the cursor has come to may be read at once, whatever its time. */
  needsNoTurn(cursor: CpuCursor): boolean;
  /** The cursor is behind its last record. */
  finish(cursor: CpuCursor): void;
}

/**
 * Visits the records of all cursors in order of time; of several at one time, those of the lower cursor first,
 * as `trace-cmd report` does.
 *
 * @param beforeLoad called before more pages are read
 */
export async function mergeCursors(
  cursors: readonly CpuCursor[],
  steps: MergeSteps,
  beforeLoad: () => Promise<void>,
): Promise<void> {
  const heap = new CursorHeap();
  for (const cursor of cursors) {
    await cursor.load();
    if (cursor.isDone) steps.finish(cursor);
    else heap.add(cursor);
  }
  for (let cursor = visitInMemory(heap, steps); cursor !== null; cursor = visitInMemory(heap, steps)) {
    steps.flush();
    await beforeLoad();
    await cursor.load();
    if (cursor.isDone) {
      heap.removeFirst();
      steps.finish(cursor);
    } else {
      heap.sinkFirst();
    }
  }
}

/** Visits records up to the first cursor that needs more pages, which stays on top and is returned; null at the end. */
function visitInMemory(heap: CursorHeap, steps: MergeSteps): CpuCursor | null {
  for (let cursor = heap.first; cursor !== null; cursor = heap.first) {
    // Records of one CPU come in runs: the heap is asked again only when another CPU's turn comes.
    const rival = heap.second;
    const limit = timeOfRival(rival);
    const winsTies = isBeforeAtOnce(cursor, rival);
    do {
      steps.read(cursor, rival);
      if (!cursor.advance()) return cursor;
    } while (steps.needsNoTurn(cursor) || cursor.time < limit || (winsTies && cursor.time === limit));
    heap.sinkFirst();
  }
  return null;
}

/** Up to this time the turn of a cursor lasts. */
export function timeOfRival(rival: CpuCursor | null): number {
  return rival === null ? NO_LIMIT : rival.time;
}

/** Whether a cursor's record comes before that of `rival` at the same time. */
export function isBeforeAtOnce(cursor: CpuCursor, rival: CpuCursor | null): boolean {
  return rival === null || cursor.order < rival.order;
}

/** A binary heap with the cursor whose record comes next on top. */
class CursorHeap {
  private readonly cursors: CpuCursor[] = [];

  get first(): CpuCursor | null {
    return this.cursors[0] ?? null;
  }

  /** The cursor that comes next after the first, or null. */
  get second(): CpuCursor | null {
    const { cursors } = this;
    if (cursors.length < 2) return null;
    return cursors.length > 2 && comesBefore(cursors[2]!, cursors[1]!) ? cursors[2]! : cursors[1]!;
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

  /** The first cursor went on to a later record: puts it where it belongs now. */
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
