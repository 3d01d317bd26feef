/** The debug info in use: what was chosen or found, and what it says of each open capture. */
import type { Capture } from '../capture/eventTable';
import { KernelDebugInfo } from '../source/kernelDebugInfo';
import { SourcePaths } from '../source/sourcePaths';
import type { DebugInfoMachine, OpenDebugInfo } from './engineHost';
import { CaptureError, DebugFileError, withoutName } from './errors';
import { locateWithDebugInfo } from './frameLocator';
import { allFrames, type LocateStack } from './frames';
import { symbolsOfVmlinux, type SymbolFile } from './joinCaptures';
import { kept } from '../source/keptPromises';
import type { KernelSource } from './kernelSource';
import type { DebugInfoChoice, DebugInfoFacts, LookedPlace, RequestOptions, VmlinuxFit } from './protocol';
import { pauseFor } from './turns';
import { counted } from './wording';

const NOT_BY_RANGES =
  'cannot be read here: debug info is read by ranges, which the file systems of a browser have not. Lines are looked up ' +
  'by name in the kernel tree';

export const NOTHING_CHOSEN: DebugInfoChoice = { vmlinux: null, modules: null, sourcePathMap: [] };

/** Whether the debug info is that of a capture. */
export interface CaptureFit {
  /** Something of the capture shows that it is. */
  readonly isProven: boolean;
  /** What speaks against it; empty when nothing does. */
  readonly mismatch: string;
  /** By module whose file is not of the module that ran: what speaks against it. */
  readonly otherModules: ReadonlyMap<string, string>;
  /** What was compared, for people. */
  readonly evidence: string;
}

export class DebugInfo {
  private choice = NOTHING_CHOSEN;
  private files: OpenDebugInfo | null = null;
  private looked: readonly LookedPlace[] = [];
  /** Captures for which a vmlinux was looked for already. */
  private searchedFor = '';
  private source: KernelSource | null = null;
  private paths: Promise<SourcePaths> | null = null;
  /** What captures say of their kernels; made anew with other files. */
  private infos = new WeakMap<Capture, Promise<KernelDebugInfo>>();
  private readonly fits = new WeakMap<Capture, CaptureFit>();
  private ofTexts: KernelDebugInfo | null = null;
  private names: Promise<SymbolFile | null> | null = null;
  /** One search or choice at a time. */
  private settling: Promise<unknown> = Promise.resolve();

  /** @param machine what has the files; null where none can be read */
  constructor(private readonly machine: DebugInfoMachine | null) {}

  /** Whether frames can be looked up in it. */
  get isThere(): boolean {
    return this.files !== null;
  }

  get facts(): DebugInfoFacts {
    const { files, choice, looked } = this;
    return {
      vmlinux: files?.kernel.name ?? null,
      isChosen: files !== null && choice.vmlinux !== null,
      release: files?.release ?? null,
      buildId: files?.kernel.buildId ?? null,
      modules: files?.modules.folders ?? [],
      looked,
    };
  }

  /** Modules that frames name, and whether there is debug info of them. */
  get modules(): ReadonlyMap<string, boolean> {
    return this.files?.modules.asked ?? new Map<string, boolean>();
  }

  /** Places in the debug info that could not be read. */
  get problems(): OpenDebugInfo['kernel']['problems'] {
    return this.files?.kernel.problems ?? { count: 0, kept: [] };
  }

  /** What is known by now of a capture; null before it was looked at. */
  fitOf(capture: Capture): CaptureFit | null {
    return this.files === null ? null : (this.fits.get(capture) ?? null);
  }

  /**
   * Takes other files in place of those in use, which are closed; a chosen vmlinux that did not change stays open, as a
   * packed one takes long.
   *
   * @throws DebugFileError when the chosen vmlinux cannot be used
   * @throws CancelledError
   */
  choose(choice: DebugInfoChoice, options: RequestOptions = {}): Promise<void> {
    return this.settle(async () => {
      if (await this.renew(choice)) return;
      this.use(null);
      this.choice = { ...choice, vmlinux: null };
      this.looked = [];
      this.searchedFor = '';
      if (choice.vmlinux === null) return;
      const { vmlinux, modules } = choice;
      if (this.machine === null) throw new DebugFileError(`${vmlinux} ${NOT_BY_RANGES}`);
      const files = await this.machine.open(vmlinux, modules, this.tree, options);
      this.choice = choice;
      this.use(files);
    });
  }

  /** The kernel tree in which its paths are found, or null. */
  useTree(source: KernelSource | null): void {
    this.source = source;
    this.paths = null;
    this.searchedFor = '';
  }

  /**
   * Looks for the vmlinux of the captures unless one was chosen or found, and holds the captures against it.
   *
   * @throws CancelledError
   */
  async settleFor(captures: readonly Capture[], options: RequestOptions = {}): Promise<void> {
    const { signal, onProgress } = options;
    const pause = pauseFor(signal);
    await this.settle(async () => {
      if (this.machine?.isSearched !== true || this.choice.vmlinux !== null || captures.length === 0) return;
      const key = captures.map(({ path: file }) => file).join('\0');
      if (this.searchedFor === key) return;
      // One that was found goes on to serve as long as it fits any of the captures.
      const goesOn = this.files !== null && (await this.fitting(this.files, captures)) !== null;
      if (!goesOn) await this.search(this.machine, captures, options);
      this.searchedFor = key;
    });
    for (const [index, capture] of captures.entries()) {
      if (this.files === null) return;
      if (!this.infos.has(capture)) {
        onProgress?.({ phase: 'matching', done: index, total: captures.length, unit: '', rowsAtEnd: false });
      }
      await pause();
      await this.infoOf(capture, pause);
    }
  }

  /** Names of functions for captures that have addresses alone; null without debug info, or where it has no symbols. */
  symbols(): Promise<SymbolFile | null> {
    return this.settle(() => {
      const { files } = this;
      if (files !== null) this.names ??= readSymbols(files);
      return this.names ?? Promise.resolve(null);
    });
  }

  /** Finds the places of the stacks of a capture; null without debug info. */
  locateIn(capture: Capture, tree: LocateStack | null): LocateStack | null {
    if (this.files === null) return null;
    return async (stack) => {
      const info = await this.infoOf(capture);
      return info === null ? [] : this.locate(info, tree, stack);
    };
  }

  /** Finds the places of stacks that are in no capture; null without debug info. */
  locateInTexts(tree: LocateStack | null): LocateStack | null {
    const { files } = this;
    if (files === null) return null;
    const info = (this.ofTexts ??= new KernelDebugInfo(files.kernel, files.modules));
    return (stack) => this.locate(info, tree, stack);
  }

  /** No places where the debug info went meanwhile. */
  private async locate(
    info: KernelDebugInfo,
    tree: LocateStack | null,
    stack: Parameters<LocateStack>[0],
  ): ReturnType<LocateStack> {
    const paths = await this.sourcePaths();
    return paths === null ? [] : locateWithDebugInfo(info, paths, tree)(stack);
  }

  /** Folder of the kernel source, or null. */
  private get tree(): string | null {
    return this.source?.facts.root ?? null;
  }

  private settle<T>(work: () => Promise<T>): Promise<T> {
    const settled = this.settling.catch(() => undefined).then(work);
    this.settling = settled;
    return settled;
  }

  private use(files: OpenDebugInfo | null): void {
    this.files?.close();
    this.replaceBy(files);
    this.names = null;
  }

  private replaceBy(files: OpenDebugInfo | null): void {
    this.files = files;
    this.paths = null;
    this.infos = new WeakMap();
    this.ofTexts = null;
  }

  /** Whether the vmlinux in use is the chosen one, as it is now; then all else of the choice is taken anew. */
  private async renew(choice: DebugInfoChoice): Promise<boolean> {
    if (this.files === null || choice.vmlinux === null || choice.vmlinux !== this.choice.vmlinux)
      return false;
    const files = await this.files.renewed(choice.modules, this.tree);
    if (files === null) return false;
    this.choice = choice;
    // Its names of functions are the same: captures are not named and judged again.
    this.replaceBy(files);
    return true;
  }

  private async search(
    machine: DebugInfoMachine,
    captures: readonly Capture[],
    options: RequestOptions,
  ): Promise<void> {
    const pause = pauseFor(options.signal);
    this.use(null);
    const kernels = captures.map(({ kernel }) => kernel ?? { release: null, buildId: null });
    const looked: LookedPlace[] = [];
    for (const place of machine.vmlinuxPlaces(kernels, this.tree)) {
      await pause();
      if (this.files !== null) break;
      const isThere = await machine.isThere(place);
      const found = isThere ? await this.tryOut(machine, place, captures, options) : 'no such file';
      looked.push({ path: place, found, isMissing: !isThere });
    }
    if (this.files === null && kernels.every(({ release }) => release === null)) {
      looked.push({
        path: machine.vmlinuxOfRelease('RELEASE'),
        found: 'not looked for: no open capture says the release of its kernel',
        isMissing: false,
      });
    }
    this.looked = looked;
  }

  /** Uses what is at a place if it is the kernel of a capture; says what was found there. */
  private async tryOut(
    machine: DebugInfoMachine,
    place: string,
    captures: readonly Capture[],
    options: RequestOptions,
  ): Promise<string> {
    let files: OpenDebugInfo;
    try {
      files = await machine.open(place, this.choice.modules, this.tree, options);
    } catch (error) {
      if (!(error instanceof DebugFileError)) throw error;
      return withoutName(error.message, place);
    }
    const why = await this.fitting(files, captures);
    if (why !== null) {
      this.use(files);
      return `used, ${why}`;
    }
    const release = files.release === null ? '' : ` is of ${files.release} and`;
    files.close();
    return `not used: it${release} is not shown to be the kernel of an open capture`;
  }

  /** Why it is the kernel of one of the captures; null when nothing shows it. */
  private async fitting(files: OpenDebugInfo, captures: readonly Capture[]): Promise<string | null> {
    for (const capture of captures) {
      const info = await this.compare(files, capture);
      if (info.isProven) return evidenceOf(capture, files, info);
    }
    return null;
  }

  private infoOf(capture: Capture, pause?: () => Promise<void> | undefined): Promise<KernelDebugInfo | null> {
    const { files } = this;
    if (files === null) return Promise.resolve(null);
    // Who is cancelled leaves the work to the next one.
    return kept(this.infos, capture, async () => {
      const info = await this.compare(files, capture, pause);
      if (this.files === files) {
        const evidence = evidenceOf(capture, files, info);
        const { isProven, mismatch, otherModules } = info;
        this.fits.set(capture, { isProven, mismatch, otherModules, evidence });
      }
      return info;
    });
  }

  private async compare(
    files: OpenDebugInfo,
    capture: Capture,
    pause?: () => Promise<void> | undefined,
  ): Promise<KernelDebugInfo> {
    const info = new KernelDebugInfo(files.kernel, files.modules);
    const { kernel, kernelReference } = capture;
    if (kernel !== undefined) await info.compareKernel(kernel.buildId, kernel.release);
    if (kernelReference !== undefined) {
      const [symbol] = await files.kernel.symbolsNamed(kernelReference.symbol);
      if (symbol !== undefined) info.setShift(kernelReference.address - symbol.address);
    }
    await info.learn(allFrames(capture), pause);
    return info;
  }

  private sourcePaths(): Promise<SourcePaths | null> {
    const { files, source, choice, machine } = this;
    if (files === null) return Promise.resolve(null);
    this.paths ??= SourcePaths.create(files.kernel, {
      tree: source?.files ?? null,
      root: source?.facts.root ?? null,
      mappings: choice.sourcePathMap,
      isFileIn: (folder, file) => machine!.isFileIn(folder, file),
    });
    return this.paths;
  }
}

/** What holds for all captures; `null` for one that was not compared yet. */
export function fitOfAll(fits: readonly (CaptureFit | null)[]): VmlinuxFit {
  if (fits.some((fit) => fit !== null && fit.mismatch !== '')) return 'another-build';
  return fits.every((fit) => fit?.isProven === true) ? 'fits' : 'not-proven';
}

async function readSymbols({ kernel }: OpenDebugInfo): Promise<SymbolFile | null> {
  try {
    const { name, buildId } = kernel;
    return await symbolsOfVmlinux(name, { systemMap: await kernel.systemMap(), buildId }, undefined);
  } catch (error) {
    if (error instanceof CaptureError || error instanceof DebugFileError) return null;
    throw error;
  }
}

/** `build-id 4746…; release 6.1.192; sizes of 83 of 83 functions; …`, or that nothing could be compared. */
function evidenceOf({ kernel }: Capture, files: OpenDebugInfo, { fit }: KernelDebugInfo): string {
  const own = files.kernel.buildId;
  const { sizes, addresses } = fit;
  const said = [
    ...(typeof kernel?.buildId === 'string' && own !== null
      ? [`build-id ${own === kernel.buildId ? 'equal' : 'different'}`]
      : []),
    ...(typeof kernel?.release === 'string' && files.release !== null
      ? [`release ${kernel.release === files.release ? 'equal' : `${kernel.release} in the capture`}`]
      : []),
    ...(sizes.compared > 0
      ? [`sizes of ${sizes.agreeing} of ${counted(sizes.compared, 'function')} equal`]
      : []),
    ...(addresses.compared > 0
      ? [`addresses of ${addresses.agreeing} of ${counted(addresses.compared, 'function')} fit`]
      : []),
  ];
  return said.length === 0 ? 'the capture has nothing by which it could be told' : said.join(', ');
}
