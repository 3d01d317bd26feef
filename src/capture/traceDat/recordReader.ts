import { EventKind, NONE } from '../eventTable';
import { eventKindOf } from '../eventNames';
import { EventTableBuilder } from '../eventTableBuilder';
import { GapRecorder } from '../gapRecorder';
import type { ProblemList } from '../problemList';
import { StackBlockCache } from '../stackBlockCache';
import { SymbolTableBuilder } from '../symbolTableBuilder';
import { NOTHING_MISSING, UNCOUNTED, type CpuCursor } from './cpuCursor';
import { EventFields } from './eventFields';
import type { EventField } from './eventFormat';
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
/** Tasks remembered by their pid, for the next event of the same task. */
const REMEMBERED_TASKS = 1 << 12;

const enum RecordKind {
  Event,
  KernelStack,
  UserStack,
}

/** How records of one `common_type` are read. */
interface RecordDecoder {
  readonly kind: RecordKind;
  readonly eventKind: EventKind;
  /** String id. */
  readonly name: number;
  /** Bytes that a record must have. */
  readonly smallest: number;
  readonly pidOffset: number;
  /** -1 where the format has no `common_flags`. */
  readonly flagsOffset: number;
  /** Null for events that the analysis does not use. */
  readonly fields: EventFields | null;
  /** Of a stack: where the number of frames is, or -1, and where the frames begin. */
  readonly sizeOffset: number;
  readonly callerOffset: number;
}

/** Turns records into rows of the table, gaps, and stacks of rows. */
export class RecordReader {
  readonly table = new EventTableBuilder();
  readonly symbols = new SymbolTableBuilder();
  readonly gapRecorder = new GapRecorder();
  stackRecords = 0;
  orphanStacks = 0;
  userStacks = 0;
  /** Stacks that say to have more frames than the record holds. */
  cutStacks = 0;
  /** How the page flags were read, for people, once an event with flags was met. */
  flagSource: string | null = null;

  private readonly decoders: (RecordDecoder | undefined)[] = [];
  private readonly stacks = new StackBlockCache();
  private readonly frames = new Int32Array(MOST_FRAMES);
  private readonly tasks = new Int32Array(REMEMBERED_TASKS);
  private readonly taskPids = new Int32Array(REMEMBERED_TASKS).fill(-1);
  private readonly typeOffset: number;
  private readonly longSize: number;
  private readonly doubts = new Set<string>();

  /**
   * @param kernel release and machine as of uname
   * @param longSize bytes of the kernel's `long`
   */
  constructor(
    private readonly metadata: TraceMetadata,
    private readonly littleEndian: boolean,
    longSize: number,
    private readonly kernel: { readonly release: string | null; readonly machine: string | null },
    private readonly problems: ProblemList,
  ) {
    this.longSize = longSize;
    this.typeOffset = commonTypeOffset(metadata);
  }

  /** Reads the record that the cursor stands on. */
  read(cursor: CpuCursor): void {
    if (cursor.missing !== NOTHING_MISSING) this.gap(cursor);
    const { view, at, length } = cursor;
    const time = cursor.hasSharedClock ? cursor.time : NaN;
    if (length < this.typeOffset + 2) {
      this.tooShort(cursor, 'a record', this.typeOffset + 2);
      return;
    }
    const type = view.getUint16(at + this.typeOffset, this.littleEndian);
    const decoder = this.decoders[type] ?? this.learn(type, cursor);
    if (length < decoder.smallest) {
      this.tooShort(cursor, this.symbols.string(decoder.name), decoder.smallest);
      return;
    }
    const pid = view.getInt32(at + decoder.pidOffset, this.littleEndian);
    const context = decoder.flagsOffset < 0 ? 0 : CONTEXT[cursor.bytes[at + decoder.flagsOffset]!]!;
    if (decoder.kind === RecordKind.Event) {
      const { table } = this;
      const row = table.append(
        time,
        cursor.cpu,
        this.taskOf(pid),
        decoder.eventKind,
        decoder.name,
        cursor.fileOffset,
      );
      if (decoder.fields) decoder.fields.read(view, cursor.bytes, at, length, row);
      cursor.matcher.event(row, pid, context);
    } else if (decoder.kind === RecordKind.KernelStack) {
      this.kernelStack(cursor, decoder, pid, context);
    } else {
      this.userStacks++;
    }
    cursor.matcher.lastTime = time;
    if (this.gapRecorder.hasOpen) this.gapRecorder.close(cursor.cpu, time);
  }

  /** The cursor is at its end: events missing behind the last record are a gap too. */
  finish(cursor: CpuCursor): void {
    if (cursor.missing !== NOTHING_MISSING) this.gap(cursor);
  }

  private gap(cursor: CpuCursor): void {
    const { matcher, missing } = cursor;
    const from = Number.isNaN(matcher.lastTime) ? null : matcher.lastTime;
    this.gapRecorder.add('lost', cursor.cpu, from, missing === UNCOUNTED ? null : missing, this.table.length);
    matcher.forget();
    cursor.missing = NOTHING_MISSING;
  }

  private kernelStack(cursor: CpuCursor, decoder: RecordDecoder, pid: number, context: number): void {
    const { view, matcher, bytes } = cursor;
    const row = matcher.find(pid, context);
    const start = cursor.at + decoder.callerOffset;
    const end = this.stackEnd(cursor, decoder, start);
    const name = row === NONE ? NONE : this.table.name[row]!;
    let block = this.stacks.guess(matcher.previousBlock, name);
    if (block === NONE || this.stacks.length(block) !== end - start || !this.stacks.matches(block, view, start)) {
      block = this.stacks.find(bytes, view, start, end);
      if (block === NONE) block = this.stacks.add(bytes, start, end, this.stackOf(view, start, end), 0, false);
      this.stacks.learn(matcher.previousBlock, name, block);
    }
    matcher.previousBlock = block;
    this.stackRecords++;
    if (row === NONE) {
      this.orphanStacks++;
      return;
    }
    this.table.stack[row] = block === NONE ? this.stackOf(view, start, end) : this.stacks.stack(block);
    matcher.settle(row);
  }

  /**
   * Index behind the last frame of a stack. The record's own length and `size` count: `caller[8]` of the format
   * is only what a C declaration needs.
   */
  private stackEnd(cursor: CpuCursor, decoder: RecordDecoder, start: number): number {
    const room = Math.floor((cursor.at + cursor.length - start) / this.longSize);
    let count = room;
    if (decoder.sizeOffset >= 0) {
      const said = cursor.view.getInt32(cursor.at + decoder.sizeOffset, this.littleEndian);
      if (said > room) this.cutStacks++;
      else if (said > 0) count = said;
    }
    return start + Math.max(0, Math.min(count, MOST_FRAMES)) * this.longSize;
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
      frames[count++] = this.metadata.symbols.frame(high, low, this.symbols);
    }
    return this.symbols.internStack(frames, count);
  }

  private taskOf(pid: number): number {
    const slot = pid & (REMEMBERED_TASKS - 1);
    if (this.taskPids[slot] === pid) return this.tasks[slot]!;
    // As trace-cmd report and the kernel print them (kernel/trace/trace.c, __trace_find_cmdline()).
    const comm = pid === 0 ? '<idle>' : (this.metadata.comms.get(pid) ?? '<...>');
    const task = this.symbols.internTask(this.symbols.internText(comm), pid);
    this.taskPids[slot] = pid;
    this.tasks[slot] = task;
    return task;
  }

  /** The decoder of a `common_type` that was not met before. */
  private learn(type: number, cursor: CpuCursor): RecordDecoder {
    const decoder = this.decoderOf(type, cursor);
    this.decoders[type] = decoder;
    return decoder;
  }

  private decoderOf(type: number, cursor: CpuCursor): RecordDecoder {
    const format = this.metadata.format(type);
    const nothing = { fields: null, sizeOffset: -1, callerOffset: 0 };
    if (!format) {
      this.problems.add(
        cursor.fileOffset,
        null,
        `an event of type ${type}, which the file does not describe; its events are kept without name and fields`,
      );
      const name = this.symbols.internText(`(event ${type})`);
      const common = { smallest: this.typeOffset + 8, pidOffset: this.typeOffset + 4, flagsOffset: this.typeOffset + 2 };
      return { kind: RecordKind.Event, eventKind: EventKind.Other, name, ...common, ...nothing };
    }
    const fields = new Map(format.fields.map((field) => [field.name, field]));
    const pid = fields.get('common_pid');
    const flags = fields.get('common_flags');
    const name = this.symbols.internText(format.name);
    if (pid?.size !== 4) {
      this.problems.add(cursor.fileOffset, null, `the format of ${format.name} has no common_pid of 4 bytes`);
    }
    const pidOffset = pid?.size === 4 ? pid.offset : this.typeOffset;
    const flagsOffset = flags?.size === 1 ? flags.offset : -1;
    const common = { name, pidOffset, flagsOffset };
    const smallestCommon = Math.max(pidOffset + 4, flagsOffset + 1);
    const other = { eventKind: EventKind.Other, smallest: smallestCommon, ...common, ...nothing };
    // The announced kernel_stack_rel holds offsets to a build id instead of addresses: it stays an event.
    if (format.name === 'kernel_stack') {
      const caller = fields.get('caller');
      if (!caller) {
        this.problems.add(cursor.fileOffset, null, 'the format of kernel_stack has no caller, stacks are left out');
        return { ...other, kind: RecordKind.UserStack };
      }
      const size = fields.get('size');
      const sizeOffset = size?.size === 4 ? size.offset : -1;
      const smallest = Math.max(smallestCommon, sizeOffset + 4, caller.offset);
      return { ...other, kind: RecordKind.KernelStack, smallest, sizeOffset, callerOffset: caller.offset };
    }
    if (format.name === 'user_stack') return { ...other, kind: RecordKind.UserStack };
    const eventKind = eventKindOf(format.name);
    if (eventKind === EventKind.Other) return { ...other, kind: RecordKind.Event };

    const { littleEndian, kernel, table, symbols } = this;
    const eventFields = new EventFields(format, eventKind, {
      littleEndian,
      release: kernel.release,
      hasLowAddresses: kernel.machine?.startsWith('s390') ?? false,
      strings: this.metadata.strings,
      table,
      symbols,
    });
    this.judge(format.name, eventFields, cursor);
    return {
      ...other,
      kind: RecordKind.Event,
      eventKind,
      smallest: Math.max(smallestCommon, eventFields.smallestRecord),
      fields: eventFields,
    };
  }

  /** Notes once what an event's format lacks. */
  private judge(name: string, fields: EventFields, cursor: CpuCursor): void {
    for (const column of fields.missing) {
      this.problems.add(cursor.fileOffset, null, `the format of ${name} has no readable ${column}, expected one`);
    }
    if (!fields.flagBits) return;
    this.flagSource ??= fields.flagBits.source;
    const { doubt } = fields.flagBits;
    if (doubt === null || this.doubts.has(doubt)) return;
    this.doubts.add(doubt);
    this.problems.add(cursor.fileOffset, null, doubt);
  }

  private tooShort(cursor: CpuCursor, what: string, expected: number): void {
    if (!this.problems.wanted) {
      this.problems.count++;
      return;
    }
    this.problems.add(
      cursor.fileOffset,
      null,
      `CPU ${cursor.cpu}: ${what} of ${cursor.length} bytes, expected at least ${expected}; it was skipped`,
    );
  }
}

/** Offset of `common_type`, which is the same in all events of a kernel. */
function commonTypeOffset(metadata: TraceMetadata): number {
  for (const id of metadata.eventIds) {
    const type: EventField | undefined = metadata.format(id)?.fields.find((field) => field.name === 'common_type');
    if (type?.size === 2) return type.offset;
  }
  return 0;
}
