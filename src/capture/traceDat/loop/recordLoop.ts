import { NONE } from '../../eventTable';
import type { EventTableBuilder } from '../../eventTableBuilder';
import type { CpuCursor } from '../cpuCursor';
import { isBeforeAtOnce, timeOfRival } from '../mergeCursors';
import code from './assembly/loop.wasm';
import * as layout from './layout';
import { LoopMemory, type LoopDecoder, type RecordLayout } from './loopMemory';

/** Asked by the loop when it meets something for the first time. */
export interface LoopQuestions {
  taskOf(pid: number): number;
  /** The block of the stack whose addresses are in `[start, end)`; NONE when it is not kept. */
  blockOf(view: DataView, bytes: Uint8Array, start: number, end: number): number;
  /** The stack of the block that was asked for last. */
  stackOfBlock(): number;
}

const TWO_32 = 2 ** 32;

// Where numbers are in the state.
const RECORD = (layout.STATE_RECORD - layout.STATE) / 4;
const NEXT = (layout.STATE_NEXT - layout.STATE) / 4;
const BLOCK = (layout.STATE_BLOCK - layout.STATE) / 4;
const WAITING_ROW = (layout.STATE_WAITING_ROW - layout.STATE) / 4;
const WAITING_PID = (layout.STATE_WAITING_PID - layout.STATE) / 4;
const WAITING_CONTEXT = (layout.STATE_WAITING_CONTEXT - layout.STATE) / 4;
const STACKS = (layout.STATE_STACKS - layout.STATE) / 4;
const FIRST_ROW = (layout.STATE_FIRST_ROW - layout.STATE) / 4;
const ROWS = (layout.STATE_ROWS - layout.STATE) / 4;

/** read() of assembly/loop.ts, with its parameters in the same order. */
type ReadRun = (
  cursor: number,
  record: number,
  data: number,
  length: number,
  next: number,
  time: number,
  limit: number,
  mayBeAtLimit: number,
  block: number,
  waitingRow: number,
  waitingPid: number,
  waitingContext: number,
) => number;

/**
 * Reads runs of ordinary records in WebAssembly: events whose fields are words, each with its stack behind it, in a
 * little-endian file. Of the 4.7 million records of the real big capture it leaves 3,309 to the code that reads any, and
 * takes a third of the time of that. Rows are made in batches: {@link flush} before the table is looked at or added to.
 */
export class RecordLoop {
  private readonly memory: LoopMemory;
  private readonly readRun: ReadRun;
  /** By cursor, the number of its page that is in the memory. */
  private readonly pages: Int32Array;
  private hasHighOffsets = false;

  /**
   * @param cursors how many there are, by {@link CpuCursor.order} from 0
   * @param pageSize most bytes of a page
   * @throws where there is no WebAssembly, or not enough memory for it
   */
  constructor(
    cursors: number,
    pageSize: number,
    records: RecordLayout,
    questions: LoopQuestions,
    private readonly table: EventTableBuilder,
  ) {
    const memory = new LoopMemory(cursors, pageSize, records);
    this.memory = memory;
    this.pages = new Int32Array(cursors).fill(NONE);
    const { exports } = new WebAssembly.Instance(moduleOfLoop(), {
      env: { memory: memory.memory },
      loop: {
        taskOf: (pid: number) => questions.taskOf(pid),
        blockOf: (start: number, end: number) => {
          const block = questions.blockOf(memory.view, memory.bytes, start, end);
          memory.addBlock(block, questions.stackOfBlock(), start, end);
          return block;
        },
        stackOfBlock: () => questions.stackOfBlock(),
      },
    });
    const { read } = exports;
    if (!isReadRun(read)) throw new TypeError('the record loop has no read()');
    this.readRun = read;
  }

  /** From now on it reads records of this type. */
  learn(type: number, decoder: LoopDecoder): void {
    this.memory.addDecoder(type, decoder);
  }

  /**
   * Reads the record that the cursor stands on and those behind it in its page, up to the turn of `rival`. False when the
   * record is none for the loop.
   */
  read(cursor: CpuCursor, rival: CpuCursor | null): boolean {
    const { memory, pages } = this;
    const { state } = memory;
    const { order } = cursor;
    if (pages[order] !== cursor.pageNumber) this.takePage(cursor);
    if (state[ROWS] === layout.ROWS) this.flush();
    if (state[ROWS] === 0) state[FIRST_ROW] = this.table.length;
    const toPage = memory.pageAt(order) - cursor.pageStart;
    const count = this.readRun(
      memory.cursorAt(order),
      cursor.recordStart + toPage,
      cursor.at + toPage,
      cursor.length,
      cursor.nextRecord + toPage,
      cursor.time,
      timeOfRival(rival),
      isBeforeAtOnce(cursor, rival) ? 1 : 0,
      cursor.previousBlock,
      cursor.waitingRow,
      cursor.waitingPid,
      cursor.waitingContext,
    );
    if (count === 0) return false;
    cursor.passTo(state[RECORD]! - toPage, state[NEXT]! - toPage, memory.time[0]!);
    cursor.previousBlock = state[BLOCK]!;
    cursor.waitingRow = state[WAITING_ROW]!;
    cursor.waitingPid = state[WAITING_PID]!;
    cursor.waitingContext = state[WAITING_CONTEXT]!;
    return true;
  }

  /** Puts the rows of the batch into the table, and says how many stacks were read since the last time. */
  flush(): number {
    const { batch, state } = this.memory;
    const stacks = state[STACKS]!;
    if (state[ROWS]! > 0) this.table.appendBatch(batch, state[ROWS]!, this.hasHighOffsets);
    state[ROWS] = state[STACKS] = 0;
    return stacks;
  }

  private takePage(cursor: CpuCursor): void {
    const { memory, pages } = this;
    const { view } = memory;
    const { order, pageStart, dataEnd } = cursor;
    pages[order] = cursor.pageNumber;
    this.hasHighOffsets ||= cursor.spanOffset + dataEnd >= TWO_32;
    const page = memory.pageAt(order);
    memory.bytes.set(cursor.bytes.subarray(pageStart, dataEnd), page);
    const at = memory.cursorAt(order);
    view.setFloat64(at + layout.SPAN_OFFSET, cursor.spanOffset, true);
    view.setFloat64(at + layout.SPAN_SCALE, cursor.spanScale, true);
    view.setInt32(at + layout.TO_SPAN, pageStart - page, true);
    view.setInt32(at + layout.PAGE_END, page + dataEnd - pageStart, true);
    view.setInt32(at + layout.CURSOR_CPU, cursor.cpu, true);
  }
}

let compiled: WebAssembly.Module | null = null;

/** Compiled once: a folder may have hundreds of small captures. */
function moduleOfLoop(): WebAssembly.Module {
  compiled ??= new WebAssembly.Module(code);
  return compiled;
}

function isReadRun(value: unknown): value is ReadRun {
  return typeof value === 'function';
}
