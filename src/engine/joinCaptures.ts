/**
 * What the open files say of each other: symbol files name the frames of captures that need it, and page_owner dumps
 * say who allocated the pages of traces.
 *
 * The events of two traces are never merged into one. No format says of which boot it is; a text does not even name
 * its clock; and two recordings of one time may hold the same event twice (perf beside ftrace), which would count a
 * get or put double. They are shown side by side.
 */
import type { ByteSource } from '../capture/byteSource';
import type { Capture, Problem } from '../capture/eventTable';
import { readSymbolFile, type Kallsyms } from '../capture/kallsyms';
import { nameFrames, refused } from '../capture/nameFrames';
import { dumpsFor, PageAllocations, type AllocationDump } from '../holders/pageAllocations';
import type { CaptureFile, EngineHost } from './engineHost';
import { CancelledError, CaptureError, DebugFileError, withoutName } from './errors';
import { isPackedElf } from './packedContent';
import type { RequestOptions } from './protocol';
import type { Analysed } from './readCapture';
import { readVmlinuxSymbols, type VmlinuxSymbols } from './vmlinuxSymbols';

export interface SymbolFile {
  readonly path: string;
  readonly kallsyms: Kallsyms;
  readonly problems: readonly Problem[];
  /** Of a vmlinux; null for other files. */
  readonly buildId: string | null;
}

/** What a symbol file did for a capture. */
export interface Naming {
  readonly file: string;
  /** Addresses without a name before, and how many of them have one now. */
  readonly bare: number;
  readonly named: number;
  /** How far the recorded kernel stood from the addresses of the file, in bytes. */
  readonly shift: bigint;
  /** Why it was not used; null when it was. */
  readonly refusal: string | null;
}

/** The allocations of the pages of one capture, and the dumps that tell of them. */
export interface JoinedAllocations {
  readonly dumps: readonly AllocationDump[];
  readonly pages: PageAllocations;
}

/**
 * Reads a saved /proc/kallsyms, a System.map, or the symbols of a vmlinux; each compressed or not.
 *
 * @returns null for a file that is none
 * @throws CaptureError when it cannot be read or holds no address, CancelledError
 */
export async function openSymbolFile(
  file: CaptureFile,
  host: Pick<EngineHost, 'unpack'>,
  options: RequestOptions,
): Promise<SymbolFile | null> {
  const path = file.name;
  const { signal } = options;
  try {
    const vmlinux = await vmlinuxSymbols(file, host, options);
    if (vmlinux !== null) return await symbolsOfVmlinux(path, vmlinux, signal);
    return await readSymbols(file, null, signal);
  } catch (error) {
    if (signal?.aborted === true) throw new CancelledError();
    if (!(error instanceof DebugFileError)) throw error;
    throw new CaptureError(path, `cannot be used: ${withoutName(error.message, path)}.`);
  }
}

/** As {@link openSymbolFile}, of a vmlinux that is open. */
export function symbolsOfVmlinux(
  path: string,
  { systemMap, buildId }: VmlinuxSymbols,
  signal: AbortSignal | undefined,
): Promise<SymbolFile | null> {
  return readSymbols(bytesSource(path, systemMap), buildId, signal);
}

async function readSymbols(
  text: ByteSource,
  buildId: string | null,
  signal: AbortSignal | undefined,
): Promise<SymbolFile | null> {
  const path = text.name;
  const read = await readSymbolFile(text, signal === undefined ? {} : { signal });
  if (read === null) return null;
  const { kallsyms, problems } = read;
  if (kallsyms !== null) return { path, kallsyms, problems, buildId };
  const said = problems.map(({ message }) => message.replace(`${path}: `, '')).join('; ');
  throw new CaptureError(path, `cannot be used: ${said}.`);
}

/** Null for a file that is no vmlinux. */
async function vmlinuxSymbols(
  file: CaptureFile,
  host: Pick<EngineHost, 'unpack'>,
  options: RequestOptions,
): Promise<VmlinuxSymbols | null> {
  if (!(await isPackedElf(file))) return readVmlinuxSymbols(file);
  const unpacked = await host.unpack(file, options);
  try {
    return await readVmlinuxSymbols(unpacked.content);
  } finally {
    unpacked.close();
  }
}

function bytesSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read: (offset, length) => Promise.resolve(bytes.subarray(offset, offset + length)),
  };
}

function namesOf(capture: Capture, { kallsyms, buildId }: SymbolFile): ReturnType<typeof nameFrames> {
  const recorded = capture.kernel?.buildId ?? null;
  if (buildId === null || recorded === null || buildId === recorded) {
    return nameFrames(capture, kallsyms, buildId !== null && buildId === recorded);
  }
  return refused(
    capture,
    `of another build: its build-id is ${buildId}, that of the recorded kernel ${recorded}`,
  );
}

interface NamedCapture {
  readonly capture: Capture;
  readonly namings: readonly Naming[];
}

export class JoinedFiles {
  private readonly files = new Map<string, SymbolFile>();
  /** Of the debug info in use; null where no capture needs it. */
  private ofDebugInfo: SymbolFile | null = null;
  /** By the capture as it was read; made anew when a symbol file is opened or closed. */
  private namedCaptures = new WeakMap<Capture, NamedCapture>();
  /** By id of the capture; made anew when a file is opened or closed. */
  private readonly allocations = new Map<string, JoinedAllocations>();

  /** Symbol files by id, in the order in which they were opened. */
  get symbolFiles(): ReadonlyMap<string, SymbolFile> {
    return this.files;
  }

  /** The symbols of the debug info in use; null where no capture needs them. */
  get debugInfoSymbols(): SymbolFile | null {
    return this.ofDebugInfo;
  }

  addSymbols(id: string, file: SymbolFile): void {
    this.files.set(id, file);
    this.namedCaptures = new WeakMap();
  }

  /** Takes the symbols of the debug info in use; true when they are others than before, so that captures have to be named anew. */
  useDebugInfo(file: SymbolFile | null): boolean {
    if (file === this.ofDebugInfo) return false;
    this.ofDebugInfo = file;
    this.namedCaptures = new WeakMap();
    return true;
  }

  /**
   * A capture with the names that the open symbol files give to its frames: the same object as long as these are the
   * same, and that which was read when they have nothing to say.
   */
  named(read: Capture): Capture {
    return this.namedCapture(read).capture;
  }

  /** What the symbol files did for a capture, as it was read; empty for one that needs no names. */
  namingsOf(read: Capture): readonly Naming[] {
    return this.namedCapture(read).namings;
  }

  private namedCapture(read: Capture): NamedCapture {
    const known = this.namedCaptures.get(read);
    if (known !== undefined) return known;
    const made = this.nameFrames(read);
    this.namedCaptures.set(read, made);
    return made;
  }

  private nameFrames(read: Capture): NamedCapture {
    let capture = read;
    const namings: Naming[] = [];
    const nameBy = (file: SymbolFile): void => {
      const named = namesOf(capture, file);
      // One that needs no names is not worth a word.
      if (named.bare === 0) return;
      namings.push({ file: file.path, ...named });
      capture = named.capture;
    };
    for (const file of this.files.values()) nameBy(file);
    // What an open file that fits left without a name is no function of the kernel itself.
    const isDone = namings.some(({ file, refusal }) => refusal === null || file === this.ofDebugInfo?.path);
    if (this.ofDebugInfo !== null && !isDone) nameBy(this.ofDebugInfo);
    return { capture, namings };
  }

  /** Forgets a file; true when it was one of symbols, so that captures have to be named anew. */
  close(id: string): boolean {
    this.allocations.clear();
    if (!this.files.delete(id)) return false;
    this.namedCaptures = new WeakMap();
    return true;
  }

  /** To be called when any capture comes, grows or goes. */
  forgetAllocations(): void {
    this.allocations.clear();
  }

  /** @param all the open captures, by id */
  allocationsOf(id: string, all: ReadonlyMap<string, Analysed>): JoinedAllocations {
    const known = this.allocations.get(id);
    if (known !== undefined) return known;
    const { capture, analysis, analyser } = all.get(id)!;
    const others = [...all].map(([other, analysed]) => ({ id: other, capture: analysed.capture }));
    const dumps = analysis.pages.length === 0 ? [] : dumpsFor(capture, others);
    const made = { dumps, pages: new PageAllocations(capture, analyser, dumps) };
    this.allocations.set(id, made);
    return made;
  }

  /** Ids of the captures to whose pages a dump is joined. */
  tracesOf(dump: string, all: ReadonlyMap<string, Analysed>): readonly string[] {
    return [...all.keys()].filter(
      (id) => id !== dump && this.allocationsOf(id, all).dumps.some((each) => each.id === dump),
    );
  }
}
