/** From the frames of a stack to places in the source, by the debug info of the kernel and its modules. */
import { callSites, JumpSearch, nameInSource, type CallSite, type FoundFunction } from './debugCallSites';
import type { AddressLocation, DebugFile } from './debugFile';
import type { CodePlace } from './dwarf/dwarfFile';
import { kept } from './keptPromises';
import type { Certainty, StackFrame } from './location';
import { hasSize, learnFrom, NOTHING_COMPARED, returnsTo, shiftBy, type KernelFit } from './kernelFit';
import { isInterruptEntry } from './resolveStack';

/** A frame with what captures say of it beyond its name. */
export interface DebugFrame extends StackFrame {
  /** Size of the function in bytes, as in `func+0x1/0x20`; null or absent when the capture does not say. */
  readonly size?: number | null;
  /** Address in the running kernel; null or absent when the capture does not say. */
  readonly address?: bigint | null;
  /** Build-id of the module in hexadecimal digits, as in `[ext4 0123…]` and in perf.data; null or absent when the capture does not say. */
  readonly moduleBuildId?: string | null;
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
  /**
   * Why nothing better is known, for people; of an exact line at most what the debug info leaves out, and why it is in
   * another function than the frame says.
   */
  readonly note: string;
  /** The file may be of another build than the kernel that ran: {@link note} says why. */
  readonly isDoubtful?: boolean;
  /** The function has another size than in the capture. */
  readonly isOtherSize?: boolean;
}

/** The modules of a kernel, by their names; `_` and `-` are the same. */
export interface KernelModules {
  /** Null when there is no debug info of it. */
  open(name: string): Promise<DebugFile | null>;
  /** Modules that may have a function of this name, likeliest first: some captures do not name the module. */
  mayHave(name: string): readonly string[];
}

const NO_MODULES: KernelModules = { open: () => Promise.resolve(null), mayHave: () => [] };

const CANDIDATE_LIMIT = 8;

async function ofSize(functions: readonly FoundFunction[], size: number): Promise<readonly FoundFunction[]> {
  const sized: FoundFunction[] = [];
  for (const each of functions) if (await hasSize(each.file, each.symbol, size)) sized.push(each);
  return sized;
}

/** The file of a module, held against the module that ran. */
interface ModuleFit {
  /** By build-id. */
  readonly build: 'same' | 'other' | 'not-told';
  /** What speaks against it; empty when nothing does. */
  readonly doubt: string;
}

const NOT_TOLD: ModuleFit = { build: 'not-told', doubt: '' };

/** An address as the file has it. */
interface PlaceInFile {
  readonly file: DebugFile;
  readonly address: bigint;
}

export class KernelDebugInfo {
  /** Added by KASLR to the addresses of the kernel. */
  private shift: bigint | null = null;
  /** By module, what is added to the addresses of its file's .text, where something tells it. */
  private moduleShifts = new Map<string, bigint>();
  /** By what the text says of its kernel. */
  private kernelDoubt = '';
  /** By what its functions are. */
  private buildDoubt = '';
  private hasProof = false;
  private boots = 0;
  private learned = NOTHING_COMPARED;
  private readonly moduleDoubts = new Map<string, string>();
  private readonly searches = new Map<string, JumpSearch>();
  private readonly moduleOf = new Map<string, Promise<string | null>>();

  constructor(
    readonly kernel: DebugFile,
    private readonly modules: KernelModules = NO_MODULES,
  ) {}

  /** What speaks against the capture being of this very kernel; empty when nothing does. */
  get mismatch(): string {
    return this.kernelDoubt === '' ? this.buildDoubt : this.kernelDoubt;
  }

  /** Counts the boots that were begun, from 0. */
  get boot(): number {
    return this.boots;
  }

  /** Whether something of the capture shows that it is of this very kernel, beyond that nothing speaks against it. */
  get isProven(): boolean {
    return this.hasProof && this.mismatch === '';
  }

  /** By module whose file is not of the module that ran: what speaks against it. Grows as frames are looked up. */
  get otherModules(): ReadonlyMap<string, string> {
    return this.moduleDoubts;
  }

  /** What {@link learn} compared. */
  get fit(): KernelFit {
    return this.learned;
  }

  /**
   * Compares what a capture says of its kernel with the vmlinux. After a difference no line is called exact, until it
   * says that this very kernel ran.
   *
   * @param buildId in hexadecimal digits; null when the capture does not say
   * @param release as `uname -r` has it; null when the capture does not say
   */
  async compareKernel(buildId: string | null, release: string | null): Promise<void> {
    const { name } = this.kernel;
    if (buildId !== null && this.kernel.buildId !== null) {
      // Equal build-ids settle it, whatever the release is called.
      if (buildId.toLowerCase() !== this.kernel.buildId) {
        this.kernelDoubt = `${name} has build-id ${this.kernel.buildId}, the traced kernel ${buildId}`;
      } else {
        this.kernelDoubt = '';
        this.hasProof = true;
      }
      return;
    }
    const own = await this.kernel.kernelRelease();
    if (release === null || own === null) return;
    if (release === own) this.hasProof = true;
    this.kernelDoubt = release === own ? '' : `${name} is of kernel ${own}, the trace of ${release}`;
  }

  /**
   * Learns from all frames of a capture where the kernel and its modules were in memory, and whether the capture is of
   * this very build. Frames of one boot only.
   *
   * @param pause called between frames
   */
  async learn(
    frames: readonly DebugFrame[],
    pause: () => Promise<void> | undefined = () => undefined,
  ): Promise<void> {
    const named: DebugFrame[] = [];
    for (const frame of await this.withModules(frames, pause)) {
      // What is of another build says nothing of this one.
      if ((await this.moduleFit(frame)).build !== 'other') named.push(frame);
    }
    const found = await learnFrom(this.kernel, this.modules, named, this.shift, pause);
    this.shift = found.shift;
    this.moduleShifts = found.moduleShifts;
    this.learned = found.fit;
    if (found.misfit !== '') this.doubtBuild(found.misfit);
    if (found.isFitting) this.hasProof = true;
  }

  /** @param misfit what speaks against the same build, to continue "it is of another build:" */
  doubtBuild(misfit: string): void {
    if (this.mismatch === '') this.buildDoubt = `${this.kernel.name} is of another build: ${misfit}`;
  }

  /** Whether it is known what KASLR added. */
  get isPlaced(): boolean {
    return this.shift !== null;
  }

  /** What KASLR added, where something tells it. */
  setShift(shift: bigint): void {
    this.shift = shift;
  }

  /** What comes now is of another boot, of another kernel maybe: nothing is known of it yet. */
  beginBoot(): void {
    this.boots++;
    this.shift = null;
    this.kernelDoubt = '';
    this.buildDoubt = '';
    this.hasProof = false;
  }

  /** The places of the frames of a stack, innermost first like the frames. */
  async locate(stack: readonly DebugFrame[]): Promise<DebugLocation[]> {
    const located: DebugLocation[] = [];
    const named = await this.withModules(stack);
    for (const frame of named) await this.learnFromFrame(frame);
    for (const [position, frame] of named.entries()) {
      const location = await this.locateFrame(frame, named[position - 1] ?? null);
      const doubt = await this.doubtOf(frame);
      located.push(doubt === '' ? location : doubted(location, doubt));
    }
    return located;
  }

  /** What speaks against the file that has a frame being of what ran; empty when nothing does. */
  private async doubtOf(frame: DebugFrame): Promise<string> {
    const { build, doubt } = await this.moduleFit(frame);
    if (build === 'same') return '';
    return build === 'other' || this.mismatch === '' ? doubt : this.mismatch;
  }

  /** Whether the file of a frame's module is of the module that ran. Keeps what speaks against it. */
  private async moduleFit(frame: DebugFrame): Promise<ModuleFit> {
    const { module } = frame;
    const file = module === null ? null : await this.modules.open(module);
    if (module === null || file === null) return NOT_TOLD;
    const fit = await this.compareModule(file, frame.moduleBuildId ?? null);
    if (fit.doubt !== '') this.moduleDoubts.set(module, fit.doubt);
    return fit;
  }

  private async compareModule(file: DebugFile, buildId: string | null): Promise<ModuleFit> {
    if (buildId !== null && file.buildId !== null) {
      if (buildId.toLowerCase() === file.buildId) return { build: 'same', doubt: '' };
      const doubt = `${file.name} has build-id ${file.buildId}, the module in the trace ${buildId}`;
      return { build: 'other', doubt };
    }
    const [release, kernel] = [await file.kernelRelease(), await this.kernel.kernelRelease()];
    if (release === null || kernel === null || release === kernel) return NOT_TOLD;
    return {
      build: 'not-told',
      doubt: `${file.name} is of kernel ${release}, ${this.kernel.name} of ${kernel}`,
    };
  }

  /** Names the modules that the frames leave out, as `trace-cmd report` does. */
  private async withModules(
    frames: readonly DebugFrame[],
    pause: () => Promise<void> | undefined = () => undefined,
  ): Promise<DebugFrame[]> {
    const named: DebugFrame[] = [];
    for (const frame of frames) {
      await pause();
      const module = frame.module ?? (await this.unnamedModule(frame));
      named.push(module === frame.module ? frame : { ...frame, module });
    }
    return named;
  }

  private async unnamedModule({ function: name, address }: DebugFrame): Promise<string | null> {
    if (name.startsWith('0x')) return null;
    const own = await this.kernel.symbolsNamed(name);
    // A function of the kernel may have the name of one in a module: then the address tells.
    const isElsewhere =
      typeof address === 'bigint' &&
      this.shift !== null &&
      !own.some((symbol) => returnsTo(symbol, address - this.shift!));
    if (own.length > 0 && !isElsewhere) return null;
    return kept(this.moduleOf, name, () => this.searchModules(name));
  }

  private async searchModules(name: string): Promise<string | null> {
    for (const module of this.modules.mayHave(name)) {
      const file = await this.modules.open(module);
      if (file !== null && (await file.symbolsNamed(name)).length > 0) return module;
    }
    return null;
  }

  /** A frame of the kernel with a name and an address tells what KASLR added, as that is a multiple of its step. */
  private async learnFromFrame({ function: name, address, module }: DebugFrame): Promise<void> {
    if (this.shift !== null || module !== null || typeof address !== 'bigint') return;
    const [symbol, ...others] = await this.kernel.symbolsNamed(name);
    if (symbol !== undefined && others.length === 0) this.shift = shiftBy(symbol, address);
  }

  private async locateFrame(frame: DebugFrame, inner: DebugFrame | null): Promise<DebugLocation> {
    if (frame.module !== null && (await this.modules.open(frame.module)) === null) {
      return unknown(`No debug info of the module ${frame.module} was found.`);
    }
    const isInterrupted =
      frame.isInterrupted === true || (inner !== null && isInterruptEntry(inner.function));
    const functions = await this.functionsOf(frame);
    if (functions.length === 0) return this.locateAddress(frame, isInterrupted);
    if (frame.offset === null) {
      // The address of a frame whose name is known needs no offset.
      const place = await this.placeOf(frame);
      if (place !== null) {
        const isInFunction = functions.some(({ symbol }) => returnsTo(symbol, place.address));
        // Of a module only .text is where it is looked for.
        if (isInFunction || frame.module === null) {
          const isBegin = functions.some(({ symbol }) => symbol.address === place.address);
          const found = await atReturn(frame, place, isBegin, isInterrupted, inner);
          const location = found.places.length > 0 ? found : withoutDebugInfo(frame);
          if (isInFunction) return location;
          return doubted(location, `at the address of ${frame.function}, ${place.file.name} has other code`);
        }
      }
      return this.locateCall(frame, functions, isInterrupted ? null : inner);
    }
    const meant = functions.length > 1 ? await this.atAddress(functions, frame) : functions;
    return this.locateOffset(frame, frame.offset, meant, isInterrupted ? null : inner, isInterrupted);
  }

  /** Of functions with one name those that the address of the frame is in; all when it tells nothing. */
  private async atAddress(
    functions: readonly FoundFunction[],
    frame: DebugFrame,
  ): Promise<readonly FoundFunction[]> {
    const place = await this.placeOf(frame);
    const meant = place === null ? [] : functions.filter(({ symbol }) => returnsTo(symbol, place.address));
    return meant.length > 0 ? meant : functions;
  }

  private async functionsOf({ function: name, module }: StackFrame): Promise<readonly FoundFunction[]> {
    const file = module === null ? this.kernel : await this.modules.open(module);
    return file === null ? [] : (await file.symbolsNamed(name)).map((symbol) => ({ file, symbol }));
  }

  /** The address of a frame as its file has it; null where that cannot be told. */
  private async placeOf({ address, module }: DebugFrame): Promise<PlaceInFile | null> {
    if (typeof address !== 'bigint') return null;
    if (module === null)
      return this.shift === null ? null : { file: this.kernel, address: address - this.shift };
    const shift = this.moduleShifts.get(module);
    const file = await this.modules.open(module);
    return shift === undefined || file === null ? null : { file, address: address - shift };
  }

  /** A frame that has nothing but an address. */
  private async locateAddress(frame: DebugFrame, isInterrupted: boolean): Promise<DebugLocation> {
    const address = frame.address ?? null;
    const where = frame.module ?? this.kernel.name;
    if (address === null) return unknown(`${where} has no function ${frame.function}.`);
    const place = await this.placeOf(frame);
    if (place === null) {
      return unknown(
        frame.module === null
          ? 'Nothing tells where the kernel was in memory (KASLR): kallsyms of its boot would.'
          : `Nothing tells where ${frame.module} was in memory: kallsyms of its boot would.`,
      );
    }
    const found = await place.file.lookUp(place.address - (isInterrupted ? 0n : 1n));
    if (found.places.length > 0) return exact(found, place.file);
    if (found.symbol === null) return unknown(`${where} has no code at 0x${address.toString(16)}.`);
    const { name } = found.symbol;
    const places = [{ function: name, file: null, line: null, column: null }];
    return {
      certainty: 'function-only',
      places,
      candidates: [],
      note: `There is no debug info for ${name}.`,
    };
  }

  private async locateOffset(
    frame: DebugFrame,
    offset: number,
    functions: readonly FoundFunction[],
    inner: StackFrame | null,
    isInterrupted: boolean,
  ): Promise<DebugLocation> {
    const size = frame.size ?? null;
    const sized = size === null ? functions : await ofSize(functions, size);
    const usable = sized.length > 0 ? sized : functions;
    const chosen = usable.length > 1 && inner !== null ? await callersOf(usable, offset, inner) : usable;
    const found: DebugLocation[] = [];
    for (const { file, symbol } of chosen) {
      const address = symbol.address + BigInt(offset);
      const location = await atReturn(frame, { file, address }, offset === 0, isInterrupted, inner);
      // A function of a header that many units have is the same line in all of them.
      const isNew = !found.some(({ places }) => isSameChain(places, location.places));
      if (location.places.length > 0 && isNew) found.push(location);
    }
    const [first, ...further] = found;
    if (first === undefined) return withoutDebugInfo(frame);
    const best = first.places;
    const others = further.map(({ places }) => places);
    if (sized.length === 0 && size !== null) {
      const sizes = functions.map(({ symbol }) => `0x${symbol.size.toString(16)}`).join(', ');
      const note =
        `${frame.function} has 0x${size.toString(16)} bytes in the trace and ${sizes} in ` +
        `${functions[0]!.file.name}: it is of another build.`;
      return { ...doubted({ ...first, candidates: others }, note), isOtherSize: true };
    }
    if (others.length === 0) return first;
    const note = `There are ${chosen.length} functions of this name, and nothing tells them apart.`;
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
    let elsewhere = '';
    for (const { file, symbol } of functions) {
      const defined = await file.definitionAt(symbol.address);
      // Assembly has no definition that is written down, but its first line.
      const found = defined === null ? await file.lookUp(symbol.address) : null;
      const place = defined ?? found?.places.at(-1) ?? null;
      if (place !== null) chains.push([place]);
      if (found !== null && elsewhere === '') elsewhere = missingPart(found, file);
    }
    const [best, ...others] = chains;
    const said = `${note} ${elsewhere}`.trim();
    if (best === undefined) return unknown(`${said} There is no debug info for it.`);
    return {
      certainty: 'function-only',
      places: best,
      candidates: others.slice(0, CANDIDATE_LIMIT),
      note: said,
    };
  }
}

/**
 * Functions whose very begin the kernel puts into stacks as a return address: trampolines of probes, and on many
 * architectures the ends of system calls, interrupts and forks.
 */
const ENTERED_BY_RETURN = /trampoline|^_*ret(?:urn)?_/;

/** A frame that returns to an address, or was interrupted at it. */
async function atReturn(
  frame: DebugFrame,
  { file, address }: PlaceInFile,
  isBegin: boolean,
  isInterrupted: boolean,
  inner: StackFrame | null,
): Promise<DebugLocation> {
  if (isBegin && !isInterrupted) return atBegin(frame, { file, address }, inner);
  return exact(await file.lookUp(address - (isInterrupted ? 0n : 1n)), file);
}

/**
 * A frame that returns to the begin of its function: the call is the last one of the function before, and never returns
 * (do_exit, panic). %pS names an address by the symbol that begins there.
 */
async function atBegin(
  { function: name }: DebugFrame,
  { file, address }: PlaceInFile,
  inner: StackFrame | null,
): Promise<DebugLocation> {
  const begin = exact(await file.lookUp(address), file);
  if (ENTERED_BY_RETURN.test(name)) return begin;
  const before = await file.lookUp(address - 1n);
  const calls = before.symbol === null ? [] : await file.callsIn(before.symbol.address);
  const returned = calls.filter((call) => call.address === address && !call.isTailCall);
  const hasCall = returned.length > 0 && before.places.length > 0;
  // What is in no other is where the tracer, or the processor, was: it need not return.
  if (inner === null && !hasCall) return begin;
  const caller = exact(before, file);
  const callee = inner === null ? null : nameInSource(inner.function);
  if (
    hasCall &&
    callee !== null &&
    returned.some((call) => call.callee === null || nameInSource(call.callee) === callee)
  ) {
    const note = `The last call of ${before.symbol?.name} would return to where ${name} begins.`;
    return { ...caller, note: `${note} ${caller.note}`.trim() };
  }
  const doubt = 'nothing returns to the begin of a function but the last call of the one before.';
  return doubted(hasCall ? { ...caller, candidates: [begin.places] } : begin, doubt);
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

function isSameChain(one: readonly CodePlace[], other: readonly CodePlace[]): boolean {
  return (
    one.length === other.length &&
    one.every((place, i) => {
      const { function: name, file, line } = other[i]!;
      return place.function === name && place.file === file && place.line === line;
    })
  );
}

function exact(found: AddressLocation, file: DebugFile): DebugLocation {
  const { places } = found;
  const hasLine = places.every(({ line }) => line !== null);
  const note = hasLine ? missingPart(found, file) : 'The debug info gives this code no line.';
  return { certainty: hasLine ? 'exact' : 'function-only', places, candidates: [], note };
}

/** What is not known of a place because the file that has it is not read; empty when nothing is missing. */
function missingPart({ places, isSplit }: AddressLocation, { name, alternate }: DebugFile): string {
  if (isSplit) {
    return (
      `The functions of this code are described in a .dwo file (-gsplit-dwarf), which is not read: ` +
      'what is inlined and called here is not known.'
    );
  }
  if (alternate !== null && places.some((place) => place.function === null)) {
    return `Some names of ${name} are in ${alternate} (dwz), which is not read.`;
  }
  return '';
}

function withoutDebugInfo({ function: name }: StackFrame): DebugLocation {
  return unknown(`There is no debug info for ${name}.`);
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
