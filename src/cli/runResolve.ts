/** `page-holders resolve`: the text on standard input, with the source lines of the frames in it. */
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { annotateLines, frameIn, type AnnotateStack } from '../engine/annotateStacks';
import { DebugInfoFiles } from '../engine/node/debugInfoFiles';
import { KernelTreeError } from '../engine/errors';
import { nodeHost } from '../engine/node/nodeHost';
import { KernelSource } from '../engine/kernelSource';
import { ResolveTally } from '../engine/resolveTally';
import { annotateWithDebugInfo, annotateWithTree, type NamesInTree } from '../engine/resolveText';
import { DebugFileError } from '../source/elf/debugProblems';
import { KernelDebugInfo, type DebugFrame } from '../source/kernelDebugInfo';
import { cacheFolder } from './cacheFolder';
import type { ResolveCommand } from './resolveCommand';
import type { OutputStream } from './outputStream';
import type { ProgressLine } from './progressLine';

/** `Kernel Offset: 0x1c000000 from 0xffffffff81000000`, which a panic prints. */
const KERNEL_OFFSET = /Kernel Offset: 0x([0-9a-f]{1,16}) from /;
/**
 * `CPU: 1 PID: 1 Comm: init Not tainted 6.1.192 #1` and the like; with CONFIG_STACKTRACE_BUILD_ID the build-id of the
 * kernel follows (lib/dump_stack.c dump_stack_print_info).
 */
const RELEASE = /\bComm: .* (?:Not tainted|Tainted: .*?) (\d+\.\d+\S*) #\d+\S*(?:.*? ([0-9a-f]{40}))?/;

/** Returns the exit status. */
export async function runResolve(
  { vmlinux, modules, tree }: ResolveCommand,
  input: Readable,
  output: OutputStream,
  errors: OutputStream,
  progress: ProgressLine,
): Promise<number> {
  const lines = linesOf(input);
  try {
    const tally = new ResolveTally();
    if (vmlinux === null) {
      const source = await resolveByName(tree!, lines, tally, output, progress);
      await tell(tally, errors);
      await tellLinksOut(source, errors);
      return 0;
    }
    const files = await progress.during(path.basename(vmlinux), (onProgress) =>
      DebugInfoFiles.open(vmlinux, modules, { tree, root: null }, { onProgress }),
    );
    const info = new KernelDebugInfo(files.kernel, files.modules);
    const text = new TextOfKernel(lines, info);
    const source = tree === null ? null : await openTree(tree);
    const names = source === null ? null : namesIn(source, text, progress);
    const annotate = await annotateWithDebugInfo(info, source?.files ?? null, names);
    await printLines(text.lines(), tally.watching(annotate), output);
    const { mismatch, otherModules } = info;
    await tell(tally, errors, mismatch === '' || otherModules.size > 0);
    await tellLinksOut(source, errors);
    if (mismatch !== '') await errors.write(`page-holders: ${mismatch}: lines are doubtful.\n`);
    const { count, kept } = info.kernel.problems;
    if (count > 0) {
      const [{ section, offset, message }] = [kept[0]!];
      await errors.write(
        `page-holders: ${vmlinux}: ${count} damaged places, the first in ${section} at byte ${offset}: ${message}.\n`,
      );
    }
    return 0;
  } catch (error) {
    if (error instanceof DebugFileError) await errors.write(`page-holders: --vmlinux ${error.message}.\n`);
    else if (error instanceof KernelTreeError) await errors.write(`page-holders: --tree ${error.message}\n`);
    else throw error;
    return 2;
  }
}

/** Begins to read with the first line that is asked for: lines that come before have no listener and are lost. */
async function* linesOf(input: Readable): AsyncGenerator<string, void> {
  yield* createInterface({ input, crlfDelay: Infinity });
}

async function printLines(
  lines: Iterable<string> | AsyncIterable<string>,
  annotate: AnnotateStack,
  output: OutputStream,
): Promise<void> {
  for await (const line of annotateLines(lines, annotate)) await output.write(`${line}\n`);
}

/** The lines of a text, which may say which kernel ran and where it was. */
class TextOfKernel {
  release: string | null = null;
  /** Lines that were read before they were asked for. */
  private ahead: readonly string[] = [];

  constructor(
    private readonly input: AsyncGenerator<string, void>,
    private readonly info: KernelDebugInfo,
  ) {}

  async *lines(): AsyncGenerator<string, void> {
    for await (const line of this.input) {
      await this.learnFrom(line);
      yield line;
    }
    for (const line of this.ahead) {
      await this.learnFrom(line);
      yield line;
    }
  }

  /** Reads to the end, and gives the names of frames that are still to come. */
  async namesAhead(): Promise<readonly DebugFrame[]> {
    const ahead: string[] = [];
    for (let next = await this.input.next(); next.done !== true; next = await this.input.next()) {
      ahead.push(next.value);
    }
    this.ahead = ahead;
    return ahead.flatMap((line) => frameIn(line)?.frame ?? []);
  }

  private async learnFrom(line: string): Promise<void> {
    const shift = KERNEL_OFFSET.exec(line)?.[1];
    if (shift !== undefined) this.info.setShift(BigInt(`0x${shift}`));
    const [, release, buildId] = RELEASE.exec(line) ?? [];
    if (release === undefined) return;
    this.release = release;
    await this.info.compareKernel(buildId ?? null, release);
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

/** A release is the version of the source and what the build adds: 6.1.192-rt, 6.1.192+. */
function isOfVersion(release: string | null, version: string | null): boolean {
  if (release === null || version === null || !release.startsWith(version)) return false;
  return !/^[\d.]/.test(release.slice(version.length));
}

async function tell(tally: ResolveTally, errors: OutputStream, withDoubtful = true): Promise<void> {
  for (const line of tally.lines(withDoubtful)) await errors.write(`page-holders: ${line}\n`);
}

async function tellLinksOut(source: KernelSource | null, errors: OutputStream): Promise<void> {
  const text = source?.linksOut ?? '';
  if (text !== '') await errors.write(`page-holders: --tree ${source!.facts.root}: ${text}\n`);
}

function openTree(folder: string): Promise<KernelSource> {
  return KernelSource.open(folder, nodeHost(cacheFolder()));
}

/** Without debug info all names must be known before the tree is walked, once. */
async function resolveByName(
  tree: string,
  input: AsyncIterable<string>,
  tally: ResolveTally,
  output: OutputStream,
  progress: ProgressLine,
): Promise<KernelSource> {
  const source = await openTree(tree);
  const lines: string[] = [];
  for await (const line of input) {
    lines.push(line);
    const found = frameIn(line);
    if (found !== null) source.want([found.frame]);
  }
  await progress.during(path.basename(tree), (onProgress) => source.lookUp({ onProgress }));
  await printLines(lines, tally.watching(annotateWithTree(source)), output);
  return source;
}
