import { AddressStacks } from '../addressStacks';
import { EventKind, NO_CPU, NONE, type UncertainFlags } from '../eventTable';
import { eventKindOf } from '../eventNames';
import { EventTableBuilder } from '../eventTableBuilder';
import { GapRecorder } from '../gapRecorder';
import type { ProblemList } from '../problemList';
import { SymbolTableBuilder } from '../symbolTableBuilder';
import { ByteOrder, byteOrderOf } from './byteOrder';
import { NOTHING_MISSING, UNCOUNTED, type CpuCursor } from './cpuCursor';
import { cpuName } from './cpuName';
import { EventFields } from './eventFields';
import type { EventField, EventFormat } from './eventFormat';
import { HitKey } from './hitKey';
import { LoopMemory } from '../loop/loopMemory';
import { RecordLoop, type LoopSteps } from '../loop/recordLoop';
import { CursorHeap, type CursorQueue } from './mergeCursors';
import type { TraceMetadata } from './metadata';

/** Flags of `common_flags` (include/linux/trace_events.h, enum trace_flag_type). */
const FLAG_HARDIRQ = 0x08;
const FLAG_SOFTIRQ = 0x10;
const FLAG_NMI = 0x40;

/** Depth of interruption by `common_flags`: 0 task, 1 softirq, 2 hardirq, 3 NMI. */
const CONTEXT = new Int8Array(256);
for (let flags = 0; flags < 256; flags++) {
  CONTEXT[flags] = flags & FLAG_NMI ? 3 : flags & FLAG_HARDIRQ ? 2 : flags & FLAG_SOFTIRQ ? 1 : 0;
}

/** More frames than any kernel writes (a stack record fits in one ring buffer page). */
const MOST_FRAMES = 1024;
/** Return addresses whose frame is remembered: all those of a busy machine are a few thousand. */
const MOST_ADDRESSES = 1 << 16;
/** Tasks remembered by their pid, for the next event of the same task. */
const REMEMBERED_TASKS = 1 << 12;

const enum RecordKind {
  Event,
  KernelStack,
  UserStack,
}

/** How records of one `common_type` are read. A class, so that all have one shape: the hot path looks at them. */
class RecordDecoder {
  kind = RecordKind.Event;
  eventKind = EventKind.Other;
  /** Null for events that the analysis does not use. */
  fields: EventFields | null = null;
  /** Null for what is no tracepoint, such as text written to trace_marker, which each buffer has of its own. */
  key: HitKey | null = null;
  /** Of a stack: where the number of frames is, or -1, and where the frames begin. */
  sizeOffset = -1;
  callerOffset = 0;

  /**
   * @param name string id
   * @param flagsOffset -1 where the format has no `common_flags`
   * @param smallest bytes that a record must have
   */
  constructor(
    readonly name: number,
    readonly pidOffset: number,
    readonly flagsOffset: number,
    public smallest = Math.max(pidOffset + 4, flagsOffset + 1),
  ) {}
}

/** Stands for all types that were not met yet: no record is long enough for it. */
const NOT_MET = new RecordDecoder(NONE, 0, -1, 0x7fffffff);
const TYPES = 1 << 16;
/** A record too short to say its type. */
const NO_TYPE = TYPES;

/** Bytes of some hundreds of records. */
const SMALLEST_FOR_LOOP = 1 << 15;

/** Turns records into rows of the table, gaps, and stacks of rows. */
export class RecordReader implements LoopSteps {
  readonly table = new EventTableBuilder();
  readonly symbols = new SymbolTableBuilder();
  readonly gapRecorder = new GapRecorder();
  orphanStacks = 0;
  userStacks = 0;
  /** Stacks that say to have more frames than the record holds. */
  cutStacks = 0;
  /** Records of events that another buffer has recorded, too, and that have a row already. */
  copies = 0;
  /** How the page flags were read, for people, once an event with flags was met. */
  flagSource: string | null = null;
  /** As {@link Capture.uncertainFlags}. */
  uncertainFlags: UncertainFlags | null = null;

  /** By `common_type`, as far as the file describes types; the last one stands for all others and stays {@link NOT_MET}. */
  private readonly decoders: RecordDecoder[];
  private readonly otherTypes: number;
  private readonly decodersOfOthers = new Map<number, RecordDecoder>();
  private readonly stacks = new AddressStacks((view, start, end) => this.stackOf(view, start, end));
  /** Type of `kernel_stack` and the least bytes of its records, once it was met. */
  private stackType = NO_TYPE;
  private smallestStack = NOT_MET.smallest;
  private readonly frames = new Int32Array(MOST_FRAMES);
  /** Frames by the upper, then by the lower half of the return address. */
  private readonly framesByAddress = new Map<number, Map<number, number>>();
  private rememberedAddresses = 0;
  private readonly tasks = new Int32Array(REMEMBERED_TASKS);
  private readonly taskPids = new Int32Array(REMEMBERED_TASKS).fill(-1);
  private readonly byteOrder: ByteOrder;
  private readonly typeOffset: number;
  /** 1 while a gap waits for the next event of its CPU, else 0: a number, like the byte order. */
  private openGaps = 0;
  /** Null where each record is read by itself. */
  private loop: RecordLoop | null = null;
  private stacksOneByOne = 0;

  /**
   * @param kernel release and machine as of uname
   * @param longSize bytes of the kernel's `long`
   */
  constructor(
    private readonly metadata: TraceMetadata,
    private readonly littleEndian: boolean,
    private readonly longSize: number,
    private readonly kernel: { readonly release: string | null; readonly machine: string | null },
    private readonly problems: ProblemList,
  ) {
    this.byteOrder = byteOrderOf(littleEndian);
    this.typeOffset = commonTypeOffset(metadata);
    this.otherTypes = [...metadata.eventIds].reduce(
      (most, id) => (id < TYPES && id >= most ? id + 1 : most),
      0,
    );
    this.decoders = new Array<RecordDecoder>(this.otherTypes + 1).fill(NOT_MET);
  }

  /**
   * Memory from which a loop of its own can read ordinary records, where there is WebAssembly for that.
   *
   * @param cursors how many there will be at most
   * @param pageSize most bytes of a page
   * @param size bytes of all records; for few, to set up the loop takes longer than to read them without it
   * @param wanted as for {@link LoopMemory}
   */
  memoryForLoop(
    cursors: number,
    pageSize: number,
    size: number,
    wanted: number,
    isShared: boolean,
  ): LoopMemory | null {
    if (size < SMALLEST_FOR_LOOP) return null;
    const { typeOffset, longSize, metadata } = this;
    const records = { header: metadata.record, typeOffset, longSize, contexts: CONTEXT };
    try {
      const memory = new LoopMemory(cursors, pageSize, wanted, isShared);
      memory.describeRecords(records);
      return memory;
    } catch {
      return null;
    }
  }

  /** The queue for cursors of one clock, which has ordinary records read in a loop where there is memory for it. */
  queueFor(cursors: readonly CpuCursor[], memory: LoopMemory | null): CursorQueue {
    const isForLoop =
      this.loop === null && cursors.every((cursor) => cursor.isForLoop && cursor.hits === null);
    if (memory === null || !isForLoop) return new CursorHeap(this);
    const questions = { taskOf: (pid: number) => this.taskOf(pid), stacks: this.stacks };
    try {
      this.loop = new RecordLoop(memory, questions, this, this.table);
    } catch {
      // Records are read one by one.
      return new CursorHeap(this);
    }
    return this.loop;
  }

  /** Stacks that were read. */
  get stackRecords(): number {
    return this.stacksOneByOne + (this.loop?.stacks ?? 0);
  }

  /** A gap waits for the next event of its CPU. */
  get isOneByOne(): boolean {
    return this.openGaps > 0;
  }

  /** Puts into the table what is not there yet. */
  flush(): void {
    this.loop?.flush();
  }

  /** Reads the record that the cursor stands on. */
  read(cursor: CpuCursor): void {
    if (cursor.missing !== NOTHING_MISSING) this.gap(cursor);
    const { view, at, length } = cursor;
    const little = this.byteOrder === ByteOrder.Little;
    const type = length < this.typeOffset + 2 ? NO_TYPE : view.getUint16(at + this.typeOffset, little);
    const met = this.decoders[Math.min(type, this.otherTypes)]!;
    const decoder = length < met.smallest ? this.decoderFor(cursor, type) : met;
    if (decoder === null) return;
    if (decoder.kind === RecordKind.Event) this.event(cursor, decoder);
    else if (decoder.kind === RecordKind.KernelStack) this.kernelStack(cursor, decoder);
    else this.userStacks++;
    if (this.openGaps > 0) this.closeGaps(cursor);
  }

  /**
   * A stack makes no row, so its place among the records of other CPUs does not count. Asking for its turn all the same
   * took a tenth of the time of all reading.
   */
  needsNoTurn(cursor: CpuCursor): boolean {
    if (cursor.length < this.smallestStack || cursor.missing !== NOTHING_MISSING) return false;
    const little = this.byteOrder === ByteOrder.Little;
    return cursor.view.getUint16(cursor.at + this.typeOffset, little) === this.stackType;
  }

  /** The cursor is at its end: events missing behind the last record are a gap too. */
  finish(cursor: CpuCursor): void {
    this.flush();
    if (cursor.missing !== NOTHING_MISSING) this.gap(cursor);
  }

  private gap(cursor: CpuCursor): void {
    const { missing, timeBeforeMissing } = cursor;
    const from = cursor.hasSharedClock && !Number.isNaN(timeBeforeMissing) ? timeBeforeMissing : null;
    const cpu = cursor.cpu === NO_CPU ? null : cursor.cpu;
    this.gapRecorder.add('lost', cpu, from, missing === UNCOUNTED ? null : missing, this.table.length);
    this.openGaps = 1;
    cursor.forgetWaiting();
    cursor.missing = NOTHING_MISSING;
  }

  private closeGaps(cursor: CpuCursor): void {
    if (cursor.hasSharedClock) this.gapRecorder.close(cursor.cpu, cursor.time);
    this.openGaps = this.gapRecorder.hasOpen ? 1 : 0;
  }

  private event(cursor: CpuCursor, decoder: RecordDecoder): void {
    const pid = this.pidOf(cursor, decoder);
    const context = contextOf(cursor, decoder);
    if (cursor.hits !== null && this.isCopy(cursor, decoder, pid, context)) return;
    const row = this.table.appendBlank();
    // Not by way of a local `table`: V8 takes `table.time` and `cursor.time` for one place in the code when the
    // variables have the same index among locals and parameters, and then expects either object at both.
    this.table.time[row] = cursor.time;
    if (!cursor.hasSharedClock) this.table.time[row] = NaN;
    this.table.cpu[row] = cursor.cpu;
    this.table.task[row] = this.taskOf(pid);
    this.table.kind[row] = decoder.eventKind;
    this.table.name[row] = decoder.name;
    this.table.setOffset(row, cursor.fileOffset);
    if (decoder.fields !== null)
      decoder.fields.read(cursor.view, cursor.bytes, cursor.at, cursor.length, row);
    cursor.waitForStack(row, pid, context);
  }

  /** Whether another buffer has recorded the same; its row takes the stack, if it has none. */
  private isCopy(cursor: CpuCursor, { key }: RecordDecoder, pid: number, context: number): boolean {
    const { hits, buffer } = cursor;
    if (hits === null || key === null) return false;
    const row = hits.rowOf(cursor, buffer, key, this.littleEndian, pid, context, this.table.length);
    if (row === NONE) return false;
    this.copies++;
    cursor.waitForStack(row, pid, context);
    return true;
  }

  private kernelStack(cursor: CpuCursor, decoder: RecordDecoder): void {
    const { view, bytes } = cursor;
    const pid = this.pidOf(cursor, decoder);
    const context = contextOf(cursor, decoder);
    const row = cursor.takeWaiting(pid, context);
    const start = cursor.at + decoder.callerOffset;
    const end = this.stackEnd(cursor, decoder, start);
    const name = row === NONE ? NONE : this.table.name[row]!;
    const previous = cursor.previousBlock;
    const { stacks } = this;
    let block = stacks.blocks.confirmedGuess(previous, name, view, start, end - start);
    let stack: number;
    if (block === NONE) {
      block = stacks.blockOf(view, bytes, start, end);
      stack = stacks.stackOfBlock();
      stacks.blocks.learn(previous, name, block);
    } else {
      stack = stacks.blocks.stack(block);
    }
    cursor.previousBlock = block;
    // A row with a stack is of an event that another buffer recorded with its stack: this one is a copy, too.
    if (row !== NONE && this.table.stack[row] !== NONE) return;
    this.stacksOneByOne++;
    if (row === NONE) this.orphanStacks++;
    else this.table.stack[row] = stack;
  }

  /**
   * Index behind the last frame of a stack. The record's own length and `size` count: `caller[8]` of the format
   * is only what a C declaration needs.
   */
  private stackEnd(cursor: CpuCursor, decoder: RecordDecoder, start: number): number {
    const longShift = this.longSize === 4 ? 2 : 3;
    const room = (cursor.at + cursor.length - start) >> longShift;
    let count = room;
    if (decoder.sizeOffset >= 0) {
      const said = cursor.view.getInt32(cursor.at + decoder.sizeOffset, this.byteOrder === ByteOrder.Little);
      if (said > room) this.cutStacks++;
      else if (said > 0) count = said;
    }
    return start + (Math.max(0, Math.min(count, MOST_FRAMES)) << longShift);
  }

  /** Stack id of the return addresses in `[start, end)`. */
  private stackOf(view: DataView, start: number, end: number): number {
    const { littleEndian, longSize, frames } = this;
    let count = 0;
    for (let at = start; at < end; at += longSize) {
      const low = view.getUint32(at + (littleEndian || longSize === 4 ? 0 : 4), littleEndian);
      const high = longSize === 4 ? 0 : view.getUint32(at + (littleEndian ? 4 : 0), littleEndian);
      // Unused places hold 0; kernels before 5.1 end the list with ULONG_MAX.
      const isUnused = high === 0 && low === 0;
      if (isUnused || (low === 0xffffffff && (longSize === 4 || high === 0xffffffff))) break;
      frames[count++] = this.frameAt(high, low);
    }
    return this.symbols.internStack(frames, count);
  }

  /** Frame id of an address, looked up in the kernel's symbols once: most addresses are in many stacks. */
  private frameAt(high: number, low: number): number {
    const known = this.framesByAddress.get(high)?.get(low);
    if (known !== undefined) return known;
    const frame = this.metadata.symbols.frame(high, low, this.symbols);
    if (this.rememberedAddresses < MOST_ADDRESSES) {
      this.rememberedAddresses++;
      const frames = this.framesByAddress.get(high) ?? new Map<number, number>();
      this.framesByAddress.set(high, frames.set(low, frame));
    }
    return frame;
  }

  private pidOf(cursor: CpuCursor, decoder: RecordDecoder): number {
    return cursor.view.getInt32(cursor.at + decoder.pidOffset, this.byteOrder === ByteOrder.Little);
  }

  private taskOf(pid: number): number {
    const slot = pid & (REMEMBERED_TASKS - 1);
    return this.taskPids[slot] === pid ? this.tasks[slot]! : this.remember(pid, slot);
  }

  private remember(pid: number, slot: number): number {
    // As trace-cmd report and the kernel print them (kernel/trace/trace.c, __trace_find_cmdline()).
    const comm = pid === 0 ? '<idle>' : (this.metadata.comms.get(pid) ?? '<...>');
    const task = this.symbols.internTask(this.symbols.internText(comm), pid);
    this.taskPids[slot] = pid;
    this.tasks[slot] = task;
    return task;
  }

  /** The decoder of a record whose type is met for the first time or not described, or null for one that is too short. */
  private decoderFor(cursor: CpuCursor, type: number): RecordDecoder | null {
    if (type === NO_TYPE) {
      this.tooShort(cursor, 'a record', this.typeOffset + 2);
      return null;
    }
    const met = type < this.otherTypes ? this.decoders[type]! : (this.decodersOfOthers.get(type) ?? NOT_MET);
    const decoder = met === NOT_MET ? this.learn(type, cursor) : met;
    if (cursor.length >= decoder.smallest) return decoder;
    this.tooShort(cursor, this.symbols.string(decoder.name), decoder.smallest);
    return null;
  }

  private learn(type: number, cursor: CpuCursor): RecordDecoder {
    const format = this.metadata.format(type);
    const decoder = format ? this.decoderOf(format, cursor) : this.unknownDecoder(type, cursor);
    if (type < this.otherTypes) this.decoders[type] = decoder;
    else this.decodersOfOthers.set(type, decoder);
    if (decoder.kind === RecordKind.KernelStack) {
      this.stackType = type;
      this.smallestStack = decoder.smallest;
    }
    this.teachLoop(type, decoder);
    return decoder;
  }

  private teachLoop(type: number, decoder: RecordDecoder): void {
    if (this.loop === null || decoder === NOT_MET || decoder.kind === RecordKind.UserStack) return;
    const fields = decoder.fields?.plainFields ?? null;
    if (decoder.fields !== null && fields === null) return;
    const { smallest, name, eventKind, pidOffset, flagsOffset, sizeOffset, callerOffset } = decoder;
    const offsets = { smallest, pidOffset, flagsOffset, sizeOffset, callerOffset };
    const isStack = decoder.kind === RecordKind.KernelStack;
    this.loop.learn(type, { isStack, name, eventKind, fields, ...offsets });
  }

  private unknownDecoder(type: number, cursor: CpuCursor): RecordDecoder {
    this.problems.add(
      cursor.fileOffset,
      null,
      `an event of type ${type}, which the file does not describe; its events are kept without name and fields`,
    );
    // The common fields are those of all other events: type, flags, preempt count, pid.
    const name = this.symbols.internText(`(event ${type})`);
    return new RecordDecoder(name, this.typeOffset + 4, this.typeOffset + 2);
  }

  private decoderOf(format: EventFormat, cursor: CpuCursor): RecordDecoder {
    const fields = new Map(format.fields.map((field) => [field.name, field]));
    const pid = fields.get('common_pid');
    const flags = fields.get('common_flags');
    if (pid?.size !== 4) {
      this.problems.add(cursor.fileOffset, null, `the format of ${format.name} has no common_pid of 4 bytes`);
    }
    const decoder = new RecordDecoder(
      this.symbols.internText(format.name),
      pid?.size === 4 ? pid.offset : this.typeOffset,
      flags?.size === 1 ? flags.offset : -1,
    );
    // The announced kernel_stack_rel holds offsets to a build id instead of addresses: it stays an event.
    if (format.name === 'kernel_stack') this.decodeStack(decoder, fields, cursor);
    else if (format.name === 'user_stack') decoder.kind = RecordKind.UserStack;
    else this.decodeEvent(decoder, format, cursor);
    if (format.system !== 'ftrace') decoder.key = new HitKey(format, decoder.eventKind);
    return decoder;
  }

  private decodeStack(
    decoder: RecordDecoder,
    fields: ReadonlyMap<string, EventField>,
    cursor: CpuCursor,
  ): void {
    const caller = fields.get('caller');
    if (!caller) {
      this.problems.add(
        cursor.fileOffset,
        null,
        'the format of kernel_stack has no caller, stacks are left out',
      );
      decoder.kind = RecordKind.UserStack;
      return;
    }
    const size = fields.get('size');
    decoder.kind = RecordKind.KernelStack;
    decoder.sizeOffset = size?.size === 4 ? size.offset : -1;
    decoder.callerOffset = caller.offset;
    decoder.smallest = Math.max(decoder.smallest, decoder.sizeOffset + 4, caller.offset);
  }

  private decodeEvent(decoder: RecordDecoder, format: EventFormat, cursor: CpuCursor): void {
    const kind = eventKindOf(format.name);
    if (kind === EventKind.Other) return;
    const { littleEndian, kernel, table, symbols } = this;
    const fields = new EventFields(format, kind, {
      littleEndian,
      release: kernel.release,
      hasLowAddresses: kernel.machine?.startsWith('s390') ?? false,
      strings: this.metadata.strings,
      table,
      symbols,
    });
    this.judge(format.name, fields, cursor);
    decoder.eventKind = kind;
    decoder.fields = fields;
    decoder.smallest = Math.max(decoder.smallest, fields.smallestRecord);
  }

  /** Notes once what an event's format lacks. */
  private judge(name: string, fields: EventFields, cursor: CpuCursor): void {
    for (const column of fields.missing) {
      this.problems.add(
        cursor.fileOffset,
        null,
        `the format of ${name} has no readable ${column}, expected one`,
      );
    }
    if (!fields.flagBits) return;
    this.flagSource ??= fields.flagBits.source;
    this.uncertainFlags ??= fields.flagBits.uncertain;
  }

  private tooShort(cursor: CpuCursor, what: string, expected: number): void {
    if (!this.problems.wanted) {
      this.problems.count++;
      return;
    }
    this.problems.add(
      cursor.fileOffset,
      null,
      `${cpuName(cursor.cpu)}: ${what} of ${cursor.length} bytes, expected at least ${expected}; it was skipped`,
    );
  }
}

function contextOf(cursor: CpuCursor, decoder: RecordDecoder): number {
  return decoder.flagsOffset < 0 ? 0 : CONTEXT[cursor.view.getUint8(cursor.at + decoder.flagsOffset)]!;
}

/** Offset of `common_type`, which is the same in all events of a kernel. */
function commonTypeOffset(metadata: TraceMetadata): number {
  for (const id of metadata.eventIds) {
    const type: EventField | undefined = metadata
      .format(id)
      ?.fields.find((field) => field.name === 'common_type');
    if (type?.size === 2) return type.offset;
  }
  return 0;
}
