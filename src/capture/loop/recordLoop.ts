import type { AddressStacks } from '../addressStacks';
import { NONE } from '../eventTable';
import type { EventTableBuilder } from '../eventTableBuilder';
import type { CpuCursor } from '../traceDat/cpuCursor';
import type { CursorQueue, MergeSteps } from '../traceDat/mergeCursors';
import { isNumericFunction } from '../numericFunction';
import code from './assembly/records.wasm';
import codeForShared from './assembly/records.shared.wasm';
import * as layout from './layout';
import { loopInstance } from './loopInstance';
import type { LoopDecoder, LoopMemory } from './loopMemory';

/** Asked by the loop when it meets something for the first time. */
export interface LoopQuestions {
  taskOf(pid: number): number;
  readonly stacks: AddressStacks;
}

/** What is done with the records that the loop leaves to others. */
export interface LoopSteps extends MergeSteps {
  /** No record is for the loop at this time. */
  readonly isOneByOne: boolean;
}

/** How records of one type are read; offsets in bytes from the record's data, or -1. */
export interface RecordLoopDecoder extends LoopDecoder {
  readonly isStack: boolean;
  readonly pidOffset: number;
  readonly flagsOffset: number;
  readonly sizeOffset: number;
  readonly callerOffset: number;
}

const TWO_32 = 2 ** 32;

/** What assembly/records.ts exports; cursors by their place in the memory. */
interface Loop {
  readonly add: (cursor: number) => void;
  readonly removeFirst: () => void;
  readonly read: (isInTurn: number, isOneByOne: number) => number;
}

/**
 * Reads ordinary records of all cursors, in order, in WebAssembly: events whose fields are words, each with its stack behind
 * it, in a little-endian file. Of the 4.7 million records of the real big capture it leaves 5,142 to the code that reads any,
 * and with it reading takes half of the time. Rows are made in batches: {@link flush} before the table is looked at or added to.
 */
export class RecordLoop implements CursorQueue {
  private readonly loop: Loop;
  /** By {@link CpuCursor.order}. */
  private readonly cursors: (CpuCursor | null)[];
  /** By cursor, the number of its page that is in the memory, and how far that is from where it is in the span. */
  private readonly pages: Int32Array;
  private readonly toSpans: Int32Array;
  private hasHighOffsets = false;
  /** The record of the first cursor comes next, as far as is known. */
  private isInTurn = true;

  /** @throws where WebAssembly lacks what the loop needs */
  constructor(
    private readonly memory: LoopMemory,
    questions: LoopQuestions,
    private readonly steps: LoopSteps,
    private readonly table: EventTableBuilder,
  ) {
    const { cursors } = memory;
    this.cursors = new Array<CpuCursor | null>(cursors).fill(null);
    this.pages = new Int32Array(cursors).fill(NONE);
    this.toSpans = new Int32Array(cursors);
    const bytes = memory.isShared ? codeForShared : code;
    const exports = loopInstance(bytes, memory, questions.stacks, {
      records: { taskOf: (pid) => questions.taskOf(pid) },
    });
    this.loop = loopIn(exports);
  }

  /** Stacks that the loop has read. */
  get stacks(): number {
    return this.memory.number(layout.STATE_STACKS);
  }

  /** From now on it reads records of this type. */
  learn(type: number, decoder: RecordLoopDecoder): void {
    if (type >= layout.TYPE_COUNT) return;
    const { memory } = this;
    const { isStack, pidOffset, flagsOffset, sizeOffset, callerOffset } = decoder;
    memory.bytes[layout.TYPE_DECODERS + type] = memory.addDecoder(decoder, [
      [layout.IS_STACK, isStack ? 1 : 0],
      [layout.PID_AT, pidOffset],
      [layout.FLAGS_AT, flagsOffset],
      [layout.STACK_SIZE_AT, sizeOffset],
      [layout.CALLER_AT, callerOffset],
    ]);
    if (!isStack) return;
    memory.setNumber(layout.STACK_TYPE, type);
    memory.setNumber(layout.SMALLEST_STACK, decoder.smallest);
  }

  add(cursor: CpuCursor): void {
    this.cursors[cursor.order] = cursor;
    this.memory.describePages(cursor.layout);
    this.put(cursor);
    this.loop.add(this.memory.cursorAt(cursor.order));
  }

  visitInMemory(): CpuCursor | null {
    const { memory, steps, table } = this;
    while (memory.number(layout.STATE_CURSORS) > 0) {
      if (memory.number(layout.STATE_ROWS) === 0) memory.setNumber(layout.STATE_FIRST_ROW, table.length);
      const reason = this.loop.read(this.isInTurn ? 1 : 0, steps.isOneByOne ? 1 : 0);
      this.isInTurn = true;
      if (reason === layout.BATCH_IS_FULL) {
        this.flush();
        continue;
      }
      const cursor = this.takeFirst();
      if (reason === layout.AT_RECORD) {
        this.flush();
        steps.read(cursor);
      }
      if (!cursor.advance()) return cursor;
      this.put(cursor);
      this.isInTurn = steps.needsNoTurn(cursor);
    }
    return null;
  }

  sinkFirst(): void {
    this.put(this.cursors[this.memory.firstCursor]!);
    this.isInTurn = false;
  }

  removeFirst(): void {
    this.loop.removeFirst();
  }

  /** Puts the rows of the batch into the table. */
  flush(): void {
    this.memory.flush(this.table, this.hasHighOffsets);
  }

  /** The first cursor, which stands where the loop has come to. */
  private takeFirst(): CpuCursor {
    const { memory } = this;
    const order = memory.firstCursor;
    const cursor = this.cursors[order]!;
    const toSpan = this.toSpans[order]!;
    const at = memory.cursorAt(order);
    const turned = memory.number(at + layout.PAGES_TURNED);
    if (turned > 0) {
      const page = memory.number(at + layout.PAGE) + toSpan;
      cursor.standIn(page, memory.number(at + layout.PAGE_END) + toSpan, turned);
      this.pages[order] = cursor.pageNumber;
      memory.setNumber(at + layout.PAGES_TURNED, 0);
    }
    cursor.standOn(
      memory.number(at + layout.RECORD) + toSpan,
      memory.number(at + layout.RECORD_DATA) + toSpan,
      memory.number(at + layout.RECORD_LENGTH),
      memory.number(at + layout.NEXT_RECORD) + toSpan,
    );
    cursor.time = memory.time(at + layout.RECORD_TIME);
    cursor.stamp = memory.time(at + layout.STAMP);
    cursor.previousBlock = memory.number(at + layout.BLOCK);
    cursor.waitingRow = memory.number(at + layout.WAITING_ROW);
    cursor.waitingPid = memory.number(at + layout.WAITING_PID);
    cursor.waitingContext = memory.number(at + layout.WAITING_CONTEXT);
    return cursor;
  }

  /** Has the loop know where the cursor stands. */
  private put(cursor: CpuCursor): void {
    const { memory, pages } = this;
    const { order } = cursor;
    if (pages[order] !== cursor.pageNumber) this.takePage(cursor);
    const toSpan = this.toSpans[order]!;
    const at = memory.cursorAt(order);
    memory.setNumber(at + layout.IS_ORDINARY, cursor.isOrdinary ? 1 : 0);
    memory.setNumber(at + layout.RECORD, cursor.recordStart - toSpan);
    memory.setNumber(at + layout.RECORD_DATA, cursor.at - toSpan);
    memory.setNumber(at + layout.RECORD_LENGTH, cursor.length);
    memory.setNumber(at + layout.NEXT_RECORD, cursor.nextRecord - toSpan);
    memory.setTime(at + layout.RECORD_TIME, cursor.time);
    memory.setTime(at + layout.STAMP, cursor.stamp);
    memory.setNumber(at + layout.BLOCK, cursor.previousBlock);
    memory.setNumber(at + layout.WAITING_ROW, cursor.waitingRow);
    memory.setNumber(at + layout.WAITING_PID, cursor.waitingPid);
    memory.setNumber(at + layout.WAITING_CONTEXT, cursor.waitingContext);
  }

  private takePage(cursor: CpuCursor): void {
    const { memory } = this;
    const { order, bytes, pageStart, dataEnd, nextPage, pageSize } = cursor;
    this.hasHighOffsets ||= cursor.spanOffset + bytes.length >= TWO_32;
    const isThere = bytes.buffer === memory.bytes.buffer;
    const page = isThere ? bytes.byteOffset + pageStart : memory.roomAt(order);
    if (!isThere) memory.bytes.set(bytes.subarray(pageStart, dataEnd), page);
    const toSpan = pageStart - page;
    this.pages[order] = cursor.pageNumber;
    this.toSpans[order] = toSpan;
    const at = memory.cursorAt(order);
    memory.setTime(at + layout.SPAN_OFFSET, cursor.spanOffset);
    memory.setTime(at + layout.SPAN_SCALE, cursor.spanScale);
    memory.setNumber(at + layout.TO_SPAN, toSpan);
    memory.setNumber(at + layout.CURSOR_CPU, cursor.cpu);
    memory.setNumber(at + layout.PAGE_END, dataEnd - toSpan);
    memory.setNumber(at + layout.NEXT_PAGE, nextPage - toSpan);
    const canTurn = isThere && pageSize >= cursor.headSize;
    memory.setNumber(at + layout.SPAN_END, (canTurn ? bytes.length : nextPage) - toSpan);
    memory.setNumber(at + layout.PAGE_SIZE, pageSize);
    memory.setNumber(at + layout.PAGES_TURNED, 0);
  }
}

/** @throws TypeError where something is missing */
function loopIn({ add, removeFirst, read }: Readonly<Record<string, unknown>>): Loop {
  if (isNumericFunction(add) && isNumericFunction(removeFirst) && isNumericFunction(read))
    return { add, removeFirst, read };
  throw new TypeError('the record loop lacks a function');
}
