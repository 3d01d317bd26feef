import type { SymbolTable } from './eventTable';
import { ByteInterner } from './byteInterner';
import { TupleInterner } from './tupleInterner';

/** What a frame says beyond its function. */
interface FrameParts {
  /** String id. */
  readonly function: number;
  /** Bytes into the function, or -1. */
  readonly offset: number;
  /** Size of the function in bytes, or -1. */
  readonly size: number;
  /** String id, or -1. */
  readonly module: number;
  /** Upper and lower 32 bits of the return address; both 0 where there is none. */
  readonly addressHigh: number;
  readonly addressLow: number;
}

/** Texts whose id is remembered: more than all names that event formats hold. */
const MOST_TEXTS = 4096;

const enum FrameField {
  Function,
  Offset,
  Size,
  Module,
  AddressHigh,
  AddressLow,
  Count,
}

/** Interns strings, tasks, frames and stacks; is itself the {@link SymbolTable} of what it has seen so far. */
export class SymbolTableBuilder implements SymbolTable {
  private readonly strings = new ByteInterner();
  /** Ids of texts that were interned: names of enum values come again and again. */
  private readonly texts = new Map<string, number>();
  private readonly tasks = new TupleInterner();
  private readonly frames = new TupleInterner();
  private readonly stacks = new TupleInterner();
  private readonly decoded: (string | undefined)[] = [];
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private readonly encoder = new TextEncoder();
  private readonly pair = new Int32Array(2);
  private readonly frameParts = new Int32Array(FrameField.Count);

  /** String id of `bytes[start, end)`, read as UTF-8 when someone asks for the text. */
  internBytes(bytes: Uint8Array, start: number, end: number): number {
    return this.strings.intern(bytes, start, end);
  }

  /** String id of a text that is not in the file as it stands. */
  internText(text: string): number {
    const known = this.texts.get(text);
    if (known !== undefined) return known;
    const bytes = this.encoder.encode(text);
    const id = this.strings.intern(bytes, 0, bytes.length);
    if (this.texts.size < MOST_TEXTS) this.texts.set(text, id);
    return id;
  }

  /** Task id. `comm` is a string id; a pid that comes with another comm (exec, `<...>`) is another task id. */
  internTask(comm: number, pid: number): number {
    this.pair[0] = comm;
    this.pair[1] = pid;
    return this.tasks.intern(this.pair, 2);
  }

  /** Frame id. */
  internFrame(parts: FrameParts): number {
    const values = this.frameParts;
    values[FrameField.Function] = parts.function;
    values[FrameField.Offset] = parts.offset;
    values[FrameField.Size] = parts.size;
    values[FrameField.Module] = parts.module;
    values[FrameField.AddressHigh] = parts.addressHigh;
    values[FrameField.AddressLow] = parts.addressLow;
    return this.frames.intern(values, FrameField.Count);
  }

  /** Stack id of the first `length` frame ids, innermost first. */
  internStack(frames: Int32Array, length: number): number {
    return this.stacks.intern(frames, length);
  }

  string(id: number): string {
    return (this.decoded[id] ??= this.decoder.decode(this.strings.bytes(id)));
  }

  get stringCount(): number {
    return this.strings.size;
  }

  taskComm(task: number): string {
    return this.string(this.tasks.at(task, 0));
  }

  taskPid(task: number): number {
    return this.tasks.at(task, 1);
  }

  get taskCount(): number {
    return this.tasks.size;
  }

  frameFunction(frame: number): string {
    return this.string(this.frames.at(frame, FrameField.Function));
  }

  frameOffset(frame: number): number {
    return this.frames.at(frame, FrameField.Offset);
  }

  frameSize(frame: number): number {
    return this.frames.at(frame, FrameField.Size);
  }

  frameModule(frame: number): string | null {
    const module = this.frames.at(frame, FrameField.Module);
    return module < 0 ? null : this.string(module);
  }

  frameAddress(frame: number): bigint | null {
    const high = this.frames.at(frame, FrameField.AddressHigh) >>> 0;
    const low = this.frames.at(frame, FrameField.AddressLow) >>> 0;
    if (high === 0 && low === 0) return null;
    return (BigInt(high) << 32n) | BigInt(low);
  }

  get frameCount(): number {
    return this.frames.size;
  }

  stackFrames(stack: number): Int32Array {
    return this.stacks.tuple(stack);
  }

  get stackCount(): number {
    return this.stacks.size;
  }
}
