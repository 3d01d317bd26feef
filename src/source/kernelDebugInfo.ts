/** From the frames of a stack to places in the source, by the debug info of the kernel and its modules. */
import { callSites, JumpSearch, nameInSource, type CallSite, type FoundFunction } from './debugCallSites';
import type { DebugFile } from './debugFile';
import type { CodePlace } from './dwarf/dwarfFile';
import type { Certainty, StackFrame } from './location';
import { isInterruptEntry } from './resolveStack';

/** A frame with what captures say of it beyond its name. */
export interface DebugFrame extends StackFrame {
  /** Size of the function in bytes, as in `func+0x1/0x20`; null or absent when the capture does not say. */
  readonly size?: number | null;
  /** Address in the running kernel; null or absent when the capture does not say. */
  readonly address?: bigint | null;
  /** The processor was at this very address: it is no return address (the RIP of an oops). */
  readonly isInterrupted?: boolean;
}

/** Where a frame is. */
export interface DebugLocation {
  readonly certainty: Certainty;
  /** The innermost inlined function first, the function of the frame last; empty when unknown. */
  readonly places: readonly CodePlace[];
  /** Further chains of the same kind, best first. */
  readonly candidates: readonly (readonly CodePlace[])[];
  /** Why nothing better is known, for people; empty when exact. */
  readonly note: string;
  /** The file may be of another build than the kernel that ran: {@link note} says why. */
  readonly isDoubtful?: boolean;
}

/** The debug info of a module by its name, `_` and `-` being the same; null when there is none. */
export type OpenModule = (name: string) => Promise<DebugFile | null>;

const CANDIDATE_LIMIT = 8;
/** CONFIG_FUNCTION_ALIGNMENT is 64 bytes at most. */
const LARGEST_PADDING = 64;
/** x86 and arm64 move the kernel by multiples of 2 MB at least (CONFIG_PHYSICAL_ALIGN; MIN_KIMG_ALIGN). */
const KASLR_STEP = 0x200000n;

export class KernelDebugInfo {
  /** Added by KASLR to the addresses of the kernel. */
  private shift: bigint | null = null;
  private doubt = '';
  private readonly searches = new Map<string, JumpSearch>();

  constructor(
    readonly kernel: DebugFile,
    private readonly openModule: OpenModule,
  ) {}

  /** What speaks against the capture being of this very kernel; empty when nothing does. */
  get mismatch(): string {
    return this.doubt;
  }

  /**
   * Compares what a capture says of its kernel with the vmlinux. After a difference no line is called exact.
   *
   * @param buildId in hexadecimal digits; null when the capture does not say
   * @param release as `uname -r` has it; null when the capture does not say
   */
  async compareKernel(buildId: string | null, release: string | null): Promise<void> {
    const { name } = this.kernel;
    if (buildId !== null && this.kernel.buildId !== null) {
      // Equal build-ids settle it, whatever the release is called.
      if (buildId.toLowerCase() !== this.kernel.buildId) {
        this.doubt = `${name} has build-id ${this.kernel.buildId}, the traced kernel ${buildId}`;
      }
      return;
    }
    const own = await this.kernel.kernelRelease();
    if (release !== null && own !== null && release !== own) {
      this.doubt = `${name} is of kernel ${own}, the trace of ${release}`;
    }
  }

  /** What KASLR added, when that is known already. */
  setShift(shift: bigint): void {
    this.shift ??= shift;
  }

  /** The places of the frames of a stack, innermost first like the frames. */
  async locate(stack: readonly DebugFrame[]): Promise<DebugLocation[]> {
    const located: DebugLocation[] = [];
    for (const frame of stack) await this.learnFromFrame(frame);
    for (const [position, frame] of stack.entries()) {
      const location = await this.locateFrame(frame, stack[position - 1] ?? null);
      located.push(this.doubt === '' ? location : doubted(location, this.doubt));
    }
    return located;
  }

  /** A frame of the kernel with a name and an address tells what KASLR added, as that is a multiple of its step. */
  private async learnFromFrame({ function: name, address, module }: DebugFrame): Promise<void> {
    if (this.shift !== null || module !== null || address === null || address === undefined) return;
    const [symbol, ...others] = await this.kernel.symbolsNamed(name);
    if (symbol === undefined || others.length > 0) return;
    const distance = address - symbol.address;
    const offset = ((distance % KASLR_STEP) + KASLR_STEP) % KASLR_STEP;
    if (offset <= BigInt(symbol.size)) this.shift = distance - offset;
  }

  private async locateFrame(frame: DebugFrame, inner: DebugFrame | null): Promise<DebugLocation> {
    if (frame.module !== null && (await this.openModule(frame.module)) === null) {
      return unknown(`No debug info of the module ${frame.module} was found.`);
    }
    const isInterrupted =
      frame.isInterrupted === true || (inner !== null && isInterruptEntry(inner.function));
    const functions = await this.functionsOf(frame);
    if (functions.length === 0) return this.locateAddress(frame, isInterrupted);
    if (frame.offset === null) {
      // The address of a frame whose name is known needs no offset.
      const address = frame.address ?? null;
      if (address !== null && this.shift !== null && frame.module === null) {
        return this.locateAddress(frame, isInterrupted);
      }
      return this.locateCall(frame, functions, isInterrupted ? null : inner);
    }
    return this.locateOffset(frame, frame.offset, functions, isInterrupted ? null : inner, isInterrupted);
  }

  private async functionsOf({ function: name, module }: StackFrame): Promise<readonly FoundFunction[]> {
    const file = module === null ? this.kernel : await this.openModule(module);
    return file === null ? [] : (await file.symbolsNamed(name)).map((symbol) => ({ file, symbol }));
  }

  /** A frame that has nothing but an address. */
  private async locateAddress(frame: DebugFrame, isInterrupted: boolean): Promise<DebugLocation> {
    const address = frame.address ?? null;
    const where = frame.module ?? this.kernel.name;
    if (address === null) return unknown(`${where} has no function ${frame.function}.`);
    if (this.shift === null) {
      return unknown('Nothing tells where the kernel was in memory (KASLR): kallsyms of its boot would.');
    }
    const { places } = await this.kernel.lookUp(address - this.shift - (isInterrupted ? 0n : 1n));
    if (places.length === 0) return unknown(`${where} has no code at 0x${address.toString(16)}.`);
    return exact(places);
  }

  private async locateOffset(
    frame: DebugFrame,
    offset: number,
    functions: readonly FoundFunction[],
    inner: StackFrame | null,
    isInterrupted: boolean,
  ): Promise<DebugLocation> {
    const size = frame.size ?? null;
    const sized = size === null ? functions : functions.filter(({ symbol }) => fits(symbol.size, size));
    // Nothing returns to the begin of a function.
    const back = isInterrupted || offset === 0 ? 0n : 1n;
    const usable = sized.length > 0 ? sized : functions;
    const chosen = usable.length > 1 && inner !== null ? await callersOf(usable, offset, inner) : usable;
    const chains: (readonly CodePlace[])[] = [];
    for (const { file, symbol } of chosen) {
      const { places } = await file.lookUp(symbol.address + BigInt(offset) - back);
      if (places.length > 0) chains.push(places);
    }
    const [best, ...others] = chains;
    if (best === undefined) return unknown(`There is no debug info for ${frame.function}.`);
    if (sized.length === 0 && size !== null) {
      const sizes = functions.map(({ symbol }) => `0x${symbol.size.toString(16)}`).join(', ');
      const note =
        `${frame.function} has 0x${size.toString(16)} bytes in the trace and ${sizes} in ` +
        `${functions[0]!.file.name}: it is of another build.`;
      return doubted({ certainty: 'exact', places: best, candidates: others, note: '' }, note);
    }
    if (others.length === 0) return exact(best);
    const note = `There are ${chains.length} functions of this name, and nothing tells them apart.`;
    return { certainty: 'one-of-several', places: best, candidates: others.slice(0, CANDIDATE_LIMIT), note };
  }

  /** A frame that has only a name: its line is where it calls the next-inner one. */
  private async locateCall(
    frame: StackFrame,
    functions: readonly FoundFunction[],
    inner: StackFrame | null,
  ): Promise<DebugLocation> {
    if (inner === null) {
      return this.definition(functions, 'Nothing tells its line: it calls none of the frames.');
    }
    const jumps = this.jumpSearch(frame.module, inner.module);
    let sites: CallSite[] = [];
    for (const one of functions) sites.push(...(await callSites(one, inner.function, jumps)));
    sites = sites.filter(({ places }) => places.length > 0);
    // Of functions with one name those that call by name leave the ones with a pointer behind.
    if (sites.some(({ kind }) => kind !== 'pointer')) sites = sites.filter(({ kind }) => kind !== 'pointer');
    sites.sort((a, b) => a.jumpsThrough.length - b.jumpsThrough.length);
    const [best, ...others] = sites;
    if (best === undefined) {
      return this.definition(functions, `No call of ${inner.function} was found in it.`);
    }
    const notes: string[] = [];
    if (sites.length > 1) notes.push(`${sites.length} places in it may call ${inner.function}.`);
    if (best.kind === 'tail') {
      notes.push(
        `${best.jumpsThrough.join(', then ')} is called here, and ends with a jump to ${inner.function}.`,
      );
    } else if (best.kind === 'pointer') {
      notes.push('The call is through a pointer.');
    }
    return {
      certainty: certaintyOf(best, sites.length),
      places: best.places,
      candidates: others.slice(0, CANDIDATE_LIMIT).map(({ places }) => places),
      note: notes.join(' '),
    };
  }

  /** Jumps are followed within the kernel and the modules of the two frames. */
  private jumpSearch(...modules: readonly (string | null)[]): JumpSearch {
    const among = [...new Set([...modules, null])].sort();
    const key = among.join(' ');
    let search = this.searches.get(key);
    if (search === undefined) {
      search = new JumpSearch(async (name) => {
        const found: FoundFunction[] = [];
        for (const module of among) {
          found.push(...(await this.functionsOf({ function: name, offset: null, module })));
        }
        return found;
      });
      this.searches.set(key, search);
    }
    return search;
  }

  private async definition(functions: readonly FoundFunction[], note: string): Promise<DebugLocation> {
    const chains: CodePlace[][] = [];
    for (const { file, symbol } of functions) {
      // Assembly has no definition that is written down, but its first line.
      const place =
        (await file.definitionAt(symbol.address)) ??
        (await file.lookUp(symbol.address)).places.at(-1) ??
        null;
      if (place !== null) chains.push([place]);
    }
    const [best, ...others] = chains;
    if (best === undefined) return unknown(`${note} There is no debug info for it.`);
    return { certainty: 'function-only', places: best, candidates: others.slice(0, CANDIDATE_LIMIT), note };
  }
}

/**
 * Whether a function of `own` bytes is printed as one of `printed`: kallsyms takes what is up to the next symbol
 * (kernel/kallsyms.c get_symbol_pos), and so counts the padding between functions. Assembly often has no size.
 */
function fits(own: number, printed: number): boolean {
  return own === 0 || (printed >= own && printed - own < LARGEST_PADDING);
}

/** Of functions with one name those that call the inner frame and return to this offset; all when none does. */
async function callersOf(
  functions: readonly FoundFunction[],
  offset: number,
  inner: StackFrame,
): Promise<readonly FoundFunction[]> {
  const callers: FoundFunction[] = [];
  const wanted = nameInSource(inner.function);
  for (const one of functions) {
    const calls = await one.file.callsIn(one.symbol.address);
    const returned = calls.filter(({ address }) => address === one.symbol.address + BigInt(offset));
    if (returned.some(({ callee }) => callee === null || nameInSource(callee) === wanted)) callers.push(one);
  }
  return callers.length > 0 ? callers : functions;
}

function certaintyOf(best: CallSite, count: number): Certainty {
  if (count > 1 || best.kind === 'pointer') return 'one-of-several';
  return best.kind === 'direct' ? 'exact' : 'one-call-site';
}

function exact(places: readonly CodePlace[]): DebugLocation {
  const hasLine = places.every(({ line }) => line !== null);
  const note = hasLine ? '' : 'The debug info gives this code no line.';
  return { certainty: hasLine ? 'exact' : 'function-only', places, candidates: [], note };
}

function unknown(note: string): DebugLocation {
  return { certainty: 'unknown', places: [], candidates: [], note };
}

function doubted(location: DebugLocation, doubt: string): DebugLocation {
  if (location.places.length === 0) return location;
  const isSure = location.certainty === 'exact' || location.certainty === 'one-call-site';
  const note = `${location.note} The line is doubtful: ${doubt}`.trim();
  return { ...location, certainty: isSure ? 'one-of-several' : location.certainty, note, isDoubtful: true };
}
