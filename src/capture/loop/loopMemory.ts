import { NONE } from '../eventTable';
import { BATCH_PART, type EventBatch, type EventTableBuilder } from '../eventTableBuilder';
import type { RingLayout } from '../traceDat/cpuCursor';
import type { PlainFields } from '../traceDat/eventFields';
import type { RecordHeader } from '../traceDat/metadata';
import * as layout from './layout';

/** What WebAssembly calls a page of memory, in bytes. */
const MEMORY_UNIT = 1 << 16;
/** Most bytes for the pages of ring buffers, one of each cursor: a thousand CPUs with pages of 64 kB. */
const MOST_FOR_PAGES = 1 << 26;
/** Most bytes for spans: all that BufferData has in memory of one buffer. */
const MOST_FOR_SPANS = 1 << 26;
/** What is handed out begins at a multiple of so many bytes. */
export const LOOP_ALIGNMENT = 8;
/** No record is so long. */
const NEVER = 0x7fffffff;

/** How records lie in the file. */
export interface RecordLayout {
  readonly header: RecordHeader;
  /** Offset of `common_type` in every record. */
  readonly typeOffset: number;
  /** Bytes of the kernel's `long`. */
  readonly longSize: number;
  /** By `common_flags`, the depth of interruption. */
  readonly contexts: Int8Array;
}

/** How the event in a record is read. */
export interface LoopDecoder {
  /** Bytes that a record must have. */
  readonly smallest: number;
  readonly name: number;
  readonly eventKind: number;
  /** Null where the event has none that is used. */
  readonly fields: PlainFields | null;
}

/** The memory of a loop, laid out as layout.ts says; what is in it is told in terms of the readers here. */
export class LoopMemory {
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  readonly bytes: Uint8Array;
  /** The rows that the loop makes, by how many parts of {@link BATCH_PART} rows there are. */
  private readonly batches: readonly EventBatch[];
  private readonly heap: number;
  private readonly firstPage: number;
  private readonly numbers: Int32Array;
  private readonly times: Float64Array;
  private decoders = 1;
  private readonly flagTables = new Map<Int32Array, number>();
  private usedArena = 0;
  private freeSpans: number;

  /**
   * @param cursors how many there are at most
   * @param pageSize most bytes of a page
   * @param wanted bytes that {@link allocate} will be asked for; it has as many or less
   * @param isShared other threads see it
   * @throws RangeError where there is not enough memory, the pages would take too much, or numbers here are big-endian,
   *   which those of WebAssembly are not
   * @throws ReferenceError where there is no WebAssembly
   */
  constructor(
    readonly cursors: number,
    private readonly pageSize: number,
    wanted: number,
    readonly isShared: boolean,
  ) {
    if (cursors * pageSize > MOST_FOR_PAGES) throw new RangeError('too many pages for the loop');
    if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) {
      throw new RangeError('the loop is little-endian');
    }
    this.heap = layout.CURSORS + cursors * layout.CURSOR_SIZE;
    this.firstPage = aligned(this.heap + cursors * 4);
    this.freeSpans = aligned(this.firstPage + cursors * pageSize);
    const units = Math.ceil((this.freeSpans + Math.min(wanted, MOST_FOR_SPANS)) / MEMORY_UNIT);
    this.memory = new WebAssembly.Memory({ initial: units, maximum: units, shared: isShared });
    const { buffer } = this.memory;
    this.view = new DataView(buffer);
    this.bytes = new Uint8Array(buffer);
    this.numbers = new Int32Array(buffer);
    this.times = new Float64Array(buffer);
    this.batches = Array.from({ length: layout.ROWS / BATCH_PART }, (_, index) =>
      batchIn(buffer, (index + 1) * BATCH_PART),
    );
    this.setNumber(layout.STATE_HEAP, this.heap);
    this.setNumber(layout.DECODER_TABLE + layout.SMALLEST, NEVER);
    new Int32Array(buffer, layout.TASK_PIDS, layout.TASKS).fill(NONE);
    new Int32Array(buffer, layout.GUESS_TABLE, layout.GUESSES).fill(NONE);
    new Int32Array(buffer, layout.BLOCKS_BY_HASH, layout.HASHES).fill(NONE);
    new Int32Array(buffer, layout.BLOCK_LENGTHS, layout.BLOCKS).fill(NONE);
  }

  /** Puts the rows that the loop has made into a table, with the upper half of offsets where `hasHighOffsets`. */
  flush(table: EventTableBuilder, hasHighOffsets: boolean): void {
    const rows = this.number(layout.STATE_ROWS);
    if (rows === 0) return;
    table.appendBatch(this.batches[Math.ceil(rows / BATCH_PART) - 1]!, rows, hasHighOffsets);
    this.setNumber(layout.STATE_ROWS, 0);
  }

  /** Place of what is known of the cursor's page. */
  cursorAt(order: number): number {
    return layout.CURSORS + order * layout.CURSOR_SIZE;
  }

  /** Room for a page of the cursor. */
  roomAt(order: number): number {
    return this.firstPage + order * this.pageSize;
  }

  /** Memory for a span of pages, which the loop reads where they are; null where there is no more. */
  allocate(length: number): Uint8Array | null {
    const start = this.freeSpans;
    if (start + length > this.bytes.length) return null;
    this.freeSpans = aligned(start + length);
    return this.bytes.subarray(start, start + length);
  }

  /** Order of the cursor that is first in the heap. */
  get firstCursor(): number {
    return (this.number(this.heap) - layout.CURSORS) / layout.CURSOR_SIZE;
  }

  /** The number of 32 bits at a place, which is a multiple of 4. */
  number(at: number): number {
    return this.numbers[at >> 2]!;
  }

  setNumber(at: number, value: number): void {
    this.numbers[at >> 2] = value;
  }

  /** The number of 64 bits at a place, which is a multiple of 8. */
  time(at: number): number {
    return this.times[at >> 3]!;
  }

  setTime(at: number, value: number): void {
    this.times[at >> 3] = value;
  }

  /** How all records lie in the file. */
  describeRecords({ header, typeOffset, longSize, contexts }: RecordLayout): void {
    this.setNumber(layout.TYPE_MASK, (1 << header.typeBits) - 1);
    this.setNumber(layout.DELTA_SHIFT, header.typeBits);
    this.setNumber(layout.LARGEST_DATA, header.largestData);
    this.setNumber(layout.TYPE_OFFSET, typeOffset);
    this.setNumber(layout.LONG_SHIFT, longSize === 4 ? 2 : 3);
    this.setNumber(layout.STACK_TYPE, NONE);
    this.setNumber(layout.SMALLEST_STACK, NEVER);
    this.bytes.set(contexts, layout.CONTEXTS);
  }

  /** How pages are laid out, and what their times are counted from. */
  describePages({ page, clock }: RingLayout): void {
    this.setNumber(layout.PAGE_TIME_AT, page.timestampOffset);
    this.setNumber(layout.PAGE_COMMIT_AT, page.commitOffset);
    this.setNumber(layout.PAGE_RECORDS_AT, page.dataOffset);
    this.setTime(layout.BASE_HIGH, clock.baseHigh);
    this.setTime(layout.BASE_LOW, clock.baseLow);
  }

  /**
   * Has the loop read records of one more event.
   *
   * @param own what the loop wants to know besides, by its place in the decoder
   * @returns the number of the decoder, 0 where there is no room for one more
   */
  addDecoder(decoder: LoopDecoder, own: readonly (readonly [place: number, value: number])[]): number {
    const { smallest, name, eventKind, fields } = decoder;
    const flagTable = this.flagTableAt(fields?.flagTables ?? null);
    if (this.decoders === layout.DECODERS || flagTable === null) return 0;
    const at = layout.DECODER_TABLE + this.decoders * layout.DECODER_SIZE;
    this.setNumber(at + layout.SMALLEST, smallest);
    this.setNumber(at + layout.EVENT_NAME, name);
    this.setNumber(at + layout.EVENT_KIND, eventKind);
    this.setNumber(at + layout.PFN_LOW_AT, fields?.pfnLow ?? NONE);
    this.setNumber(at + layout.PFN_HIGH_AT, fields?.pfnHigh ?? NONE);
    this.setNumber(at + layout.PAGE_FLAGS_AT, fields?.flagsLow ?? NONE);
    this.setNumber(at + layout.FLAG_TABLE_OF_DECODER, flagTable);
    this.setNumber(at + layout.MAPPING_LOW_AT, fields?.mappingLow ?? NONE);
    this.setNumber(at + layout.MAPPING_HIGH_AT, fields?.mappingHigh ?? NONE);
    this.setNumber(at + layout.COUNT_AT, fields?.count ?? NONE);
    this.setNumber(at + layout.MAPCOUNT_AT, fields?.mapcount ?? NONE);
    this.setNumber(at + layout.VAL_AT, fields?.val ?? NONE);
    this.setNumber(at + layout.RET_AT, fields?.ret ?? NONE);
    this.setNumber(at + layout.MIGRATETYPE_AT, fields?.migratetype ?? NONE);
    this.setNumber(at + layout.ORDER_AT, fields?.order ?? NONE);
    this.setNumber(at + layout.ABSENT_ORDER, fields?.absentOrder ?? -1);
    this.setNumber(at + layout.HAS_LOW_ADDRESSES, fields?.hasLowAddresses === true ? 1 : 0);
    for (const [place, value] of own) this.setNumber(at + place, value);
    return this.decoders++;
  }

  /** Has the loop recognise a block, which stands in `[start, end)` now, if there is room for one more. */
  addBlock(block: number, stack: number, start: number, end: number): void {
    const length = end - start;
    if (block === NONE || block >= layout.BLOCKS || this.usedArena + length > layout.ARENA_SIZE) return;
    const lengthAt = layout.BLOCK_LENGTHS + block * 4;
    if (this.number(lengthAt) !== NONE) return;
    const at = layout.ARENA + this.usedArena;
    this.usedArena += length;
    this.bytes.copyWithin(at, start, end);
    this.setNumber(layout.BLOCK_STARTS + block * 4, at);
    this.setNumber(lengthAt, length);
    this.setNumber(layout.BLOCK_STACKS + block * 4, stack);
  }

  /** Place of the tables, 0 where an event has no flags; null when there is no room. */
  private flagTableAt(tables: Int32Array | null): number | null {
    if (tables === null) return 0;
    const known = this.flagTables.get(tables);
    if (known !== undefined) return known;
    if (this.flagTables.size === layout.FLAG_TABLES) return null;
    const at = layout.FLAG_TABLE + this.flagTables.size * layout.FLAG_TABLE_SIZE;
    new Int32Array(this.memory.buffer, at, layout.FLAG_TABLE_SIZE / 4).set(tables);
    this.flagTables.set(tables, at);
    return at;
  }
}

/** The next place for numbers of any size. */
function aligned(at: number): number {
  return (at + LOOP_ALIGNMENT - 1) & -LOOP_ALIGNMENT;
}

function batchIn(buffer: ArrayBufferLike, rows: number): EventBatch {
  return {
    time: new Float64Array(buffer, layout.TIME, rows),
    cpu: new Uint16Array(buffer, layout.CPU, rows),
    task: new Int32Array(buffer, layout.TASK, rows),
    kind: new Uint8Array(buffer, layout.KIND, rows),
    name: new Int32Array(buffer, layout.NAME, rows),
    pfn: new Float64Array(buffer, layout.PFN, rows),
    flags: new Int32Array(buffer, layout.FLAGS, rows),
    count: new Int32Array(buffer, layout.COUNT, rows),
    mapcount: new Int32Array(buffer, layout.MAPCOUNT, rows),
    val: new Int32Array(buffer, layout.VAL, rows),
    ret: new Int32Array(buffer, layout.RET, rows),
    mapping: new Uint8Array(buffer, layout.MAPPING, rows),
    migratetype: new Int8Array(buffer, layout.MIGRATETYPE, rows),
    order: new Int8Array(buffer, layout.ORDER, rows),
    stack: new Int32Array(buffer, layout.STACK, rows),
    offsetLow: new Uint32Array(buffer, layout.OFFSET_LOW, rows),
    offsetHigh: new Uint16Array(buffer, layout.OFFSET_HIGH, rows),
  };
}
