import { joined, putBack, takeHead, type ReadOptions } from './byteChunks';
import type { ByteSource } from './byteSource';
import { contentChunks } from './decompress';
import type { Problem, SymbolTable } from './eventTable';
import { ProblemList } from './problemList';
import { SymbolTableBuilder } from './symbolTableBuilder';
import { KernelSymbols } from './traceDat/kernelSymbols';

/** A kernel with all modules and debugging has 20 MB of kallsyms. */
const LARGEST_KALLSYMS = 1 << 27;
/** Bytes that {@link isKallsyms} looks at. */
const SYMBOL_HEAD = 1024;

/** The names of a kernel's functions as /proc/kallsyms lists them. */
export interface Kallsyms {
  readonly names: KernelSymbols;
  /** Address of the first symbol of this name in the kernel itself, or null. */
  addressOf(symbol: string): bigint | null;
  /** Whether symbols of modules are among them; the System.map of a build has none. */
  readonly hasModules: boolean;
}

/** Whether a file begins like a saved /proc/kallsyms: `ffffffff81000000 T _text`. */
function isKallsyms(head: Uint8Array): boolean {
  return /^(?:[0-9a-f]{8}|[0-9a-f]{16}) [A-Za-z] \S+(?:\t\[\w+\])?\n/.test(
    new TextDecoder('latin1').decode(head.subarray(0, SYMBOL_HEAD)),
  );
}

/**
 * Reads a file that begins like kallsyms or like a System.map, which has the same form; null for all others.
 *
 * @returns `kallsyms` null where its symbols have no addresses, with the problem that says so
 * @throws only what `source.read` throws, and the signal's reason when aborted
 */
export async function readSymbolFile(
  source: ByteSource,
  options: ReadOptions = {},
): Promise<{ readonly kallsyms: Kallsyms | null; readonly problems: readonly Problem[] } | null> {
  const own = new ProblemList();
  const { chunks } = await contentChunks(source, options, own);
  const beginning = await takeHead(chunks, SYMBOL_HEAD);
  if (!isKallsyms(joined(beginning))) {
    await chunks.return();
    return null;
  }
  const problems = new ProblemList();
  const kallsyms = await kallsymsOf(source.name, putBack(beginning, chunks), own, problems);
  return { kallsyms, problems: problems.kept };
}

/**
 * Reads a saved /proc/kallsyms, compressed or not. What is wrong with it goes to `problems`, with the source's name.
 *
 * @throws only what `source.read` throws, and the signal's reason when aborted
 */
export async function readKallsyms(
  source: ByteSource,
  options: ReadOptions,
  problems: ProblemList,
): Promise<Kallsyms | null> {
  const own = new ProblemList();
  const { chunks } = await contentChunks(source, options, own);
  return kallsymsOf(source.name, chunks, own, problems);
}

/** @param own where `chunks` puts what is wrong with the file itself */
async function kallsymsOf(
  file: string,
  chunks: AsyncGenerator<Uint8Array, void>,
  own: ProblemList,
  problems: ProblemList,
): Promise<Kallsyms | null> {
  const text = joined(await takeHead(chunks, LARGEST_KALLSYMS));
  await chunks.return();
  const names = new KernelSymbols();
  names.readKallsyms(text);
  for (const problem of own.kept) problems.add(0, null, `${file}: ${problem.message}`);
  if (names.codeCount === 0) {
    problems.add(
      0,
      null,
      names.lineCount > 0
        ? `${file}: all addresses are 0, expected those of the kernel; save /proc/kallsyms as root, with ` +
            'kernel.kptr_restrict at most 1'
        : `${file}: no line of kallsyms was found, expected "ffffffff81000000 T _text"; save /proc/kallsyms as root`,
    );
    return null;
  }
  return { names, addressOf: (symbol) => names.addressOf(symbol), hasModules: names.hasModules };
}

/** Whether a frame is an address without a name. */
export function isBareFrame(symbols: SymbolTable, frame: number): boolean {
  const name = symbols.frameFunction(frame);
  if (!name.startsWith('0x')) return false;
  const address = symbols.frameAddress(frame);
  return address !== null && name === `0x${address.toString(16)}`;
}

/**
 * Interns into `target` the frame of an address, given as its upper and lower 32 bits (unsigned), and returns its
 * id, or NONE where nothing is known of the address.
 */
export type FrameNamer = (high: number, low: number, target: SymbolTableBuilder) => number;

/**
 * The same symbols, with names for the frames that so far are bare addresses. All ids stay what they are, so the
 * tables of a capture that is already read go on to be good.
 */
export function withFrameNames(symbols: SymbolTable, namer: FrameNamer): SymbolTable {
  return new NamedFrames(symbols, namer);
}

class NamedFrames implements SymbolTable {
  private readonly names = new SymbolTableBuilder();
  /** By frame, its id in `names`; -1 where it keeps its own name, as do frames that came later. */
  private readonly named: Int32Array;

  constructor(
    private readonly base: SymbolTable,
    namer: FrameNamer,
  ) {
    this.named = new Int32Array(base.frameCount).fill(-1);
    for (let frame = 0; frame < base.frameCount; frame++) {
      if (!isBareFrame(base, frame)) continue;
      const address = base.frameAddress(frame)!;
      this.named[frame] = namer(Number(address >> 32n), Number(address & 0xffffffffn), this.names);
    }
  }

  get stringCount(): number {
    return this.base.stringCount;
  }

  get taskCount(): number {
    return this.base.taskCount;
  }

  get frameCount(): number {
    return this.base.frameCount;
  }

  get stackCount(): number {
    return this.base.stackCount;
  }

  string(id: number): string {
    return this.base.string(id);
  }

  taskComm(task: number): string {
    return this.base.taskComm(task);
  }

  taskPid(task: number): number {
    return this.base.taskPid(task);
  }

  frameFunction(frame: number): string {
    const named = this.named[frame] ?? -1;
    return named < 0 ? this.base.frameFunction(frame) : this.names.frameFunction(named);
  }

  frameOffset(frame: number): number {
    const named = this.named[frame] ?? -1;
    return named < 0 ? this.base.frameOffset(frame) : this.names.frameOffset(named);
  }

  frameSize(frame: number): number {
    const named = this.named[frame] ?? -1;
    return named < 0 ? this.base.frameSize(frame) : this.names.frameSize(named);
  }

  frameModule(frame: number): string | null {
    const named = this.named[frame] ?? -1;
    return named < 0 ? this.base.frameModule(frame) : this.names.frameModule(named);
  }

  frameAddress(frame: number): bigint | null {
    return this.base.frameAddress(frame);
  }

  stackFrames(stack: number): Int32Array {
    return this.base.stackFrames(stack);
  }
}
