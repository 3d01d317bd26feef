/** `page-holders resolve`: the text on standard input, with the source lines of the frames in it. */
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { annotateLines, frameIn, type AnnotateStack } from '../engine/annotateStacks';
import { DebugInfoFiles } from '../engine/node/debugInfoFiles';
import { KernelTreeError } from '../engine/errors';
import { nodeHost } from '../engine/node/nodeHost';
import { KernelSource } from '../engine/kernelSource';
import { NodeTree } from '../engine/node/nodeTree';
import { ResolveTally } from '../engine/resolveTally';
import { annotateWithDebugInfo, annotateWithTree } from '../engine/resolveText';
import { DebugFileError } from '../source/elf/debugProblems';
import { KernelDebugInfo } from '../source/kernelDebugInfo';
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
      await resolveByName(tree!, lines, tally, output, progress);
      await tell(tally, errors);
      return 0;
    }
    const files = await DebugInfoFiles.open(vmlinux, modules, { tree, root: null });
    const info = new KernelDebugInfo(files.kernel, files.modules);
    const annotate = await annotateWithDebugInfo(info, tree === null ? null : await openTree(tree));
    await printLines(watched(lines, info), tally.watching(annotate), output);
    await tell(tally, errors, info.mismatch === '');
    if (info.mismatch !== '') await errors.write(`page-holders: ${info.mismatch}: all lines are doubtful.\n`);
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

/** Learns from the lines that say it which kernel this is and where it was. */
async function* watched(lines: AsyncIterable<string>, info: KernelDebugInfo): AsyncGenerator<string, void> {
  for await (const line of lines) {
    const shift = KERNEL_OFFSET.exec(line)?.[1];
    if (shift !== undefined) info.setShift(BigInt(`0x${shift}`));
    const [, release, buildId] = RELEASE.exec(line) ?? [];
    if (release !== undefined) await info.compareKernel(buildId ?? null, release);
    yield line;
  }
}

async function tell(tally: ResolveTally, errors: OutputStream, withDoubtful = true): Promise<void> {
  for (const line of tally.lines(withDoubtful)) await errors.write(`page-holders: ${line}\n`);
}

async function openTree(folder: string): Promise<NodeTree> {
  return NodeTree.open(folder).catch(() => {
    throw new KernelTreeError(`${folder} does not exist or cannot be read.`);
  });
}

/** Without debug info all names must be known before the tree is walked, once. */
async function resolveByName(
  tree: string,
  input: AsyncIterable<string>,
  tally: ResolveTally,
  output: OutputStream,
  progress: ProgressLine,
): Promise<void> {
  const source = await KernelSource.open(tree, nodeHost(cacheFolder()));
  const lines: string[] = [];
  for await (const line of input) {
    lines.push(line);
    const found = frameIn(line);
    if (found !== null) source.want([found.frame]);
  }
  await progress.during(path.basename(tree), (onProgress) => source.lookUp({ onProgress }));
  await printLines(lines, tally.watching(annotateWithTree(source)), output);
}
