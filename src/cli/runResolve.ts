/** `page-holders resolve`: the text on standard input, with the source lines of the frames in it. */
import path from 'node:path';
import type { Readable } from 'node:stream';
import { annotateLines, frameIn, type AnnotateStack } from '../engine/annotateStacks';
import { DebugInfoFiles } from '../engine/node/debugInfoFiles';
import { CaptureError, KernelTreeError } from '../engine/errors';
import { openSymbolFile } from '../engine/joinCaptures';
import { KernelSource } from '../engine/kernelSource';
import { AddressNames } from '../engine/nameAddresses';
import { nodeHost } from '../engine/node/nodeHost';
import type { DebugInfoFacts } from '../engine/protocol';
import { ResolveTally } from '../engine/resolveTally';
import {
  annotateWithDebugInfo,
  annotateWithNothing,
  annotateWithTree,
  type NamesInTree,
} from '../engine/resolveText';
import { treeDoubt } from '../engine/treeDoubt';
import { visibleWithColours } from '../engine/visibleText';
import { DebugFileError } from '../source/elf/debugProblems';
import { KernelDebugInfo, type DebugFrame } from '../source/kernelDebugInfo';
import { isOfVersion } from '../source/kernelVersion';
import { bytesOf, linesOf } from './anyBytes';
import { cacheFolder } from './cacheFolder';
import { whyNoFolder } from './modulesFolder';
import type { ResolveCommand } from './resolveCommand';
import type { OutputStream } from './outputStream';
import type { ProgressLine } from './progressLine';
import { withStreams } from './streams';

/** `Kernel Offset: 0x1c000000 from 0xffffffff81000000` or `disabled`, which a panic prints (x86 and arm64 setup.c). */
const KERNEL_OFFSET = /Kernel Offset: (?:0x([0-9a-f]{1,16}) from |disabled)/;
/** The first line of a boot, and the last one of a kernel that died: what comes then may have been moved otherwise. */
const OTHER_BOOT = /\bLinux version \d|---\[ end Kernel panic/;
/**
 * `CPU: 1 PID: 1 Comm: init Not tainted 6.1.192 #1` and the like; with CONFIG_STACKTRACE_BUILD_ID the build-id of the
 * kernel follows (lib/dump_stack.c dump_stack_print_info).
 */
const RELEASE = /\bComm: .* (?:Not tainted|Tainted: .*?) (\d+\.\d+\S*) #\d+\S*(?:.*? ([0-9a-f]{40}))?/;

/** `Linux version 6.1.192 (user@host) …`, the first line of a boot. */
const BOOTED = /\bLinux version (\d+\.\d+\S*)/;
/** Looking for where the kernel was ends where nothing came for so many ms: a panic prints all at once. */
const LONGEST_PAUSE = 2000;
/** It ends after so many ms in any case: what is printed as it comes must not wait. */
const LONGEST_LOOK = 10_000;
/** And after so many lines: stacks of hundreds of processors, which a panic may print before. */
const MOST_LINES_AHEAD = 20_000;

/** Returns the exit status. */
export async function runResolve(
  command: ResolveCommand,
  input: Readable,
  output: OutputStream,
  errors: OutputStream,
  progress: ProgressLine,
): Promise<number> {
  const { vmlinux, modules, tree, kallsyms } = command;
  const noModules = modules === null ? null : await whyNoFolder(modules);
  if (noModules !== null) {
    await errors.write(`page-holders: --modules ${noModules}.\n`);
    return 2;
  }
  try {
    const names = kallsyms === null ? null : await openNames(kallsyms, errors, progress);
    const text: TextToResolve = { lines: linesOf(input), names, tally: new ResolveTally(), output, progress };
    if (vmlinux !== null) await resolveByDebugInfo(command, vmlinux, text, errors);
    else if (tree !== null) await resolveByName(tree, text, errors);
    else await resolveNamesAlone(text, errors);
    if (names !== null && names.doubt !== '') {
      await errors.write(`page-holders: --kallsyms ${kallsyms}: ${names.doubt}.\n`);
    }
    return 0;
  } catch (error) {
    if (error instanceof DebugFileError) await errors.write(`page-holders: --vmlinux ${error.message}.\n`);
    else if (error instanceof KernelTreeError) await errors.write(`page-holders: --tree ${error.message}\n`);
    else if (error instanceof CaptureError) await errors.write(`page-holders: --kallsyms ${error.message}\n`);
    else throw error;
    return 2;
  }
}

/** What is resolved, and where to. */
interface TextToResolve {
  readonly lines: AsyncGenerator<string, void>;
  /** Of addresses that stand alone; null where nothing is known of them. */
  readonly names: AddressNames | null;
  readonly tally: ResolveTally;
  readonly output: OutputStream;
  readonly progress: ProgressLine;
}

async function openNames(
  kallsyms: string,
  errors: OutputStream,
  progress: ProgressLine,
): Promise<AddressNames> {
  const host = withStreams(nodeHost(cacheFolder()));
  const symbolFile = await progress.during(path.basename(kallsyms), async (onProgress) => {
    const file = await host.openFile(kallsyms, { onProgress });
    try {
      return await openSymbolFile(file, host, { onProgress });
    } finally {
      await file.close();
    }
  });
  if (symbolFile === null) {
    throw new CaptureError(kallsyms, 'has no symbols, expected "ffffffff81000000 T _text" and the like.');
  }
  if (!symbolFile.kallsyms.hasModules) {
    await errors.write(
      `page-holders: --kallsyms ${kallsyms}: has no modules, as the System.map of a build: its names are right ` +
        'only where the kernel ran at the addresses that it was linked for (nokaslr).\n',
    );
  }
  return new AddressNames(symbolFile.kallsyms);
}

async function resolveByDebugInfo(
  { modules, tree }: ResolveCommand,
  vmlinux: string,
  { lines, names: addressNames, tally, output, progress }: TextToResolve,
  errors: OutputStream,
): Promise<void> {
  const files = await progress.during(path.basename(vmlinux), (onProgress) =>
    DebugInfoFiles.open(vmlinux, modules, { tree, root: null }, { onProgress }),
  );
  const info = new KernelDebugInfo(files.kernel, files.modules);
  const text = new TextOfKernel(lines, info, addressNames);
  const source = tree === null ? null : await openTree(tree);
  const names = source === null ? null : namesIn(source, text, progress);
  const annotate = await annotateWithDebugInfo(info, source?.files ?? null, names);
  const placed: AnnotateStack = async (stack) => {
    await text.placeKernelOf(stack);
    const annotated = await annotate(stack);
    text.noteBoot();
    return annotated;
  };
  await printLines(text.lines(), watched(placed, addressNames, tally), output);
  const { otherModules } = info;
  // Of several boots in one text each has its own doubt, which its frames say.
  const [mismatch = ''] = text.mismatches.length > 1 ? [] : text.mismatches;
  await tell(tally, errors, mismatch === '' || otherModules.size > 0);
  await tellLinksOut(source, errors);
  const { release } = files;
  await tellVersion(source, text.releases, { vmlinux, release }, errors);
  if (mismatch !== '') await errors.write(`page-holders: ${mismatch}: lines are doubtful.\n`);
  const { count, kept } = info.kernel.problems;
  if (count > 0) {
    const [{ section, offset, message }] = [kept[0]!];
    await errors.write(
      `page-holders: ${vmlinux}: ${count} damaged places, the first in ${section} at byte ${offset}: ${message}.\n`,
    );
  }
}

/** The answers for frames with their names, which are counted on their way. */
function watched(annotate: AnnotateStack, names: AddressNames | null, tally: ResolveTally): AnnotateStack {
  return tally.watching(names === null ? annotate : names.before(annotate));
}

/** Characters that are written at a time of a text that is there as a whole. */
const PIECE = 1 << 14;

/**
 * The text is somebody's log, and this is a filter of it: into a file or a program its lines go as they are, for these
 * may look for anything in them. On a terminal they are looked at, and what wrote to a console that was saved is not to
 * move the cursor or rename the window: of its control sequences only colours, which also dmesg prints, do what they say,
 * as with `less -R`.
 */
async function printLines(
  lines: readonly string[] | AsyncIterable<string>,
  annotate: AnnotateStack,
  output: OutputStream,
): Promise<void> {
  // What is printed as it comes must not wait.
  const least = Array.isArray(lines) ? PIECE : 0;
  const print = (text: string): Promise<void> =>
    output.writeAsItIs(output.isTerminal ? visibleWithColours(text) : bytesOf(text));
  let piece = '';
  for await (const line of annotateLines(lines, annotate)) {
    piece += `${line}\n`;
    if (piece.length < least) continue;
    await print(piece);
    piece = '';
  }
  await print(piece);
}

/** The lines of a text, which may say which kernel ran and where it was. */
class TextOfKernel {
  release: string | null = null;
  /** Of all its boots. */
  readonly releases = new Set<string>();
  private buildId: string | null = null;
  /** By boot with frames, what speaks against its kernel being that of the debug info. */
  private readonly mismatchOfBoot = new Map<number, string>();
  /** Lines that were read before they were asked for, and how many of them were given. */
  private ahead: string[] = [];
  private given = 0;
  /** So many of them were searched in vain for where the kernel was. */
  private untold = 0;
  /** The line that was waited for in vain. */
  private coming: Promise<IteratorResult<string, void>> | null = null;

  constructor(
    private readonly input: AsyncGenerator<string, void>,
    private readonly info: KernelDebugInfo,
    private readonly names: AddressNames | null,
  ) {}

  async *lines(): AsyncGenerator<string, void> {
    for (let line = await this.next(); line !== null; line = await this.next()) {
      this.learnPlace(line);
      yield line;
      // The stack before it, which is placed when it is given, is of the boot before.
      await this.learnKernel(line);
    }
  }

  /** Of each boot with frames, what speaks against its kernel being that of the debug info; empty when nothing does. */
  get mismatches(): readonly string[] {
    return [...this.mismatchOfBoot.values()];
  }

  /** A stack of the boot of now was placed. */
  noteBoot(): void {
    this.mismatchOfBoot.set(this.info.boot, this.info.mismatch);
  }

  /** Reads to the end, and gives the frames that are still to come, with their names. */
  async namesAhead(): Promise<readonly DebugFrame[]> {
    for (let next = await this.read(); next.done !== true; next = await this.read())
      this.ahead.push(next.value);
    return this.ahead.slice(this.given).flatMap((line) => namedFrame(line, this.names) ?? []);
  }

  /**
   * Learns how far KASLR moved the kernel of a stack with addresses alone: a panic prints it last, behind all of its
   * stacks (kernel/panic.c, panic_notifier_list).
   */
  async placeKernelOf(stack: readonly DebugFrame[]): Promise<void> {
    if (this.info.isPlaced || this.given < this.untold || !stack.some(isAddressAlone)) return;
    const isWanted = (line: string): boolean => KERNEL_OFFSET.test(line) || OTHER_BOOT.test(line);
    const known = this.ahead.findIndex((line, index) => index >= this.given && isWanted(line));
    const index = known < 0 ? await this.lookAhead(isWanted) : known;
    const line = this.ahead[index] ?? '';
    this.learnPlace(line);
    if (!KERNEL_OFFSET.test(line)) this.untold = index;
  }

  private async next(): Promise<string | null> {
    if (this.given < this.ahead.length) return this.ahead[this.given++]!;
    this.ahead = [];
    this.given = 0;
    this.untold = 0;
    const next = await this.read();
    return next.done === true ? null : next.value;
  }

  private read(): Promise<IteratorResult<string, void>> {
    const next = this.coming ?? this.input.next();
    this.coming = null;
    return next;
  }

  /**
   * Resolves to where among them the first further line is that is looked for; behind the last where there is none, or
   * it does not come soon.
   */
  private async lookAhead(isWanted: (line: string) => boolean): Promise<number> {
    const begun = performance.now();
    while (this.ahead.length - this.given < MOST_LINES_AHEAD && performance.now() - begun < LONGEST_LOOK) {
      const reading = this.read();
      const next = await soon(reading, LONGEST_PAUSE);
      if (next === null) this.coming = reading;
      if (next === null || next.done === true) break;
      this.ahead.push(next.value);
      if (isWanted(next.value)) return this.ahead.length - 1;
    }
    return this.ahead.length;
  }

  private learnPlace(line: string): void {
    const moved = KERNEL_OFFSET.exec(line);
    if (moved !== null) this.info.setShift(BigInt(`0x${moved[1] ?? '0'}`));
  }

  /** Of another boot nothing is known, whatever the one before was: each is moved anew, and may be of another kernel. */
  private async learnKernel(line: string): Promise<void> {
    if (OTHER_BOOT.test(line)) this.beginBoot();
    const told = releaseIn(line);
    if (told === null) return;
    const { release, buildId } = told;
    this.releases.add(release);
    const isOther = this.release !== null && this.release !== release;
    if (isOther || (this.buildId !== null && buildId !== null && this.buildId !== buildId)) this.beginBoot();
    this.release = release;
    this.buildId = buildId;
    await this.info.compareKernel(buildId, release);
  }

  private beginBoot(): void {
    this.info.beginBoot();
    this.release = null;
    this.buildId = null;
  }
}

/** What a line says of the kernel that ran; null when it says nothing. */
function releaseIn(line: string): { readonly release: string; readonly buildId: string | null } | null {
  const [, release, buildId = null] = RELEASE.exec(line) ?? BOOTED.exec(line) ?? [];
  return release === undefined ? null : { release, buildId };
}

/** What comes of it within so many ms; null where nothing does. */
async function soon<T>(coming: Promise<T>, patience: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, patience, null);
  });
  try {
    return await Promise.race([coming, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Names are looked up in one walk over the tree, so that the text is read to its end before the first one. */
function namesIn(source: KernelSource, text: TextOfKernel, progress: ProgressLine): NamesInTree {
  let isWalked = false;
  return {
    locate: async (stack) => {
      if (!isWalked) {
        isWalked = true;
        source.want([...stack, ...(await text.namesAhead())]);
        await progress.during(path.basename(source.facts.root), (onProgress) =>
          source.lookUp({ onProgress }),
        );
      }
      return source.locate(stack);
    },
    isOfTraced: () => isOfVersion(text.release, source.facts.version),
  };
}

async function tell(tally: ResolveTally, errors: OutputStream, withDoubtful = true): Promise<void> {
  for (const line of tally.lines(withDoubtful)) await errors.write(`page-holders: ${line}\n`);
}

async function tellLinksOut(source: KernelSource | null, errors: OutputStream): Promise<void> {
  const text = source?.linksOut ?? '';
  if (text !== '') await errors.write(`page-holders: --tree ${source!.facts.root}: ${text}\n`);
}

/** That the tree is of another version than the vmlinux, or than kernels of the text. */
async function tellVersion(
  source: KernelSource | null,
  releases: ReadonlySet<string>,
  debugInfo: Pick<DebugInfoFacts, 'vmlinux' | 'release'>,
  errors: OutputStream,
): Promise<void> {
  if (source === null) return;
  const doubts = [null, ...releases].map((release) =>
    treeDoubt(source.facts, { what: 'text', release }, debugInfo),
  );
  for (const doubt of new Set(doubts)) {
    if (doubt !== '') await errors.write(`page-holders: --tree ${source.facts.root}: ${doubt}.\n`);
  }
}

function openTree(folder: string): Promise<KernelSource> {
  return KernelSource.open(folder, nodeHost(cacheFolder()));
}

/** Without debug info all names must be known before the tree is walked, once. */
async function resolveByName(
  tree: string,
  { lines: input, names, tally, output, progress }: TextToResolve,
  errors: OutputStream,
): Promise<void> {
  const source = await openTree(tree);
  const lines: string[] = [];
  const releases = new Set<string>();
  for await (const line of input) {
    lines.push(line);
    const frame = namedFrame(line, names);
    if (frame !== null) source.want([frame]);
    const release = releaseIn(line)?.release;
    if (release !== undefined) releases.add(release);
  }
  await progress.during(path.basename(tree), (onProgress) => source.lookUp({ onProgress }));
  await printLines(lines, watched(annotateWithTree(source), names, tally), output);
  await tell(tally, errors);
  await tellLinksOut(source, errors);
  await tellVersion(source, releases, { vmlinux: null, release: null }, errors);
}

/** With kallsyms and nothing else, addresses get their names and no lines. */
async function resolveNamesAlone(
  { lines, names, tally, output }: TextToResolve,
  errors: OutputStream,
): Promise<void> {
  await printLines(lines, watched(annotateWithNothing, names, tally), output);
  await tell(tally, errors);
}

function isAddressAlone({ function: name, module }: DebugFrame): boolean {
  return module === null && name.startsWith('0x');
}

/** The frame of a line, with the name of its address where it has none of its own; null when it has no frame. */
function namedFrame(line: string, names: AddressNames | null): DebugFrame | null {
  const frame = frameIn(line)?.frame;
  if (frame === undefined) return null;
  return names?.named(frame) ?? frame;
}
