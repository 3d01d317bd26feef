/** Reads the captures of a command that can be read, with all that names and places their frames, and tells of the rest. */
import path from 'node:path';
import { saysAllocationsAlone } from '../engine/allocationsAlone';
import { baseName } from '../engine/distinctNames';
import { Engine } from '../engine/engine';
import { CaptureError, DebugFileError, KernelTreeError, RuleFileError } from '../engine/errors';
import { asksForReason, namedReasons, type HolderFilter, type HoldersQuery } from '../engine/holdersQuery';
import { fileIdentity } from '../engine/node/fileIdentity';
import { nodeHost } from '../engine/node/nodeHost';
import { readRuleFile } from '../engine/node/ruleFile';
import { pfnRangeText } from '../engine/pageFacts';
import type { CaptureFacts } from '../engine/protocol';
import { MIGRATE_REASONS } from '../engine/reasonFilter';
import type { PfnRange } from '../holders/model';
import { cacheFolder } from './cacheFolder';
import type { CaptureInput } from './captureOptions';
import type { Interruption } from './interruption';
import type { OutputStream } from './outputStream';
import { whyNoFolder } from './modulesFolder';
import type { ProgressLine } from './progressLine';
import { STANDARD_INPUT, STANDARD_INPUT_NAME, withStreams } from './streams';

interface ReadCaptures {
  readonly engine: Engine;
  /** In the order of the command line, less those that cannot be read. */
  readonly opened: readonly CaptureFacts[];
  /** Whether every file that was given was read. */
  readonly isWhole: boolean;
  /** Says at the end which files could not be read: what was said before has scrolled away. */
  readonly tellFailures: () => Promise<void>;
  /** What is asked of them, with the pages of the ranges that were given. */
  readonly query: HoldersQuery;
}

/**
 * Resolves to null when nothing can be answered; the error stream says why.
 *
 * @param least captures without which there is no answer, so that Ctrl+C ends the program before
 */
export async function readCaptures(
  { captures, tree, vmlinux, modules, rules, query, ranges }: CaptureInput,
  errors: OutputStream,
  progress: ProgressLine,
  interruption: Interruption,
  least = 1,
): Promise<ReadCaptures | null> {
  const host = withStreams(nodeHost(cacheFolder(), null, path.join(__dirname, 'decompression.js')));
  const engine = new Engine(host);
  if (rules !== null && !(await useRules(engine, rules, errors))) return null;
  // Of two that are compared each has its place, also where they are one.
  const files = least > 1 ? captures : await distinctFiles(captures, errors);
  const reader = new Reader(engine, host.endStream, interruption, progress, least);
  const opened = await reader.openAll(files, errors);
  if (opened.length === 0) return null;
  if (opened.every(({ symbolFile }) => symbolFile !== null)) {
    const names = opened.map((facts) => facts.path).join(', ');
    // Of a capture that was given, and could not be read, that is said before.
    if (opened.length === files.length) {
      await errors.write(`page-holders: ${names}: only names frames; give the capture that needs it too.\n`);
    }
    return null;
  }
  if (!(await isKnownReason(engine, query.filter.reason, errors))) return null;
  await tellIfNoDump(opened, query.filter.minPages, errors);
  const asked = await pagesOf(engine, ranges, errors);
  if (asked === null) return null;
  if (tree !== null && !(await useTree(engine, tree, errors))) return null;
  if (vmlinux !== null) {
    if (!(await useDebugInfo(engine, vmlinux, modules, errors, progress))) return null;
  } else if (tree !== null) {
    const symbols = await progress.during(tree, (onProgress) => engine.lookUpFunctions({}, { onProgress }));
    const linksOut = symbols?.linksOut ?? '';
    if (linksOut !== '') await errors.write(`page-holders: --tree ${tree}: ${linksOut}\n`);
  }
  for (const doubt of engine.reports.treeDoubts()) {
    await errors.write(`page-holders: --tree ${tree}: ${doubt}.\n`);
  }
  const { pfns, emptyRanges } = asked;
  const filter = { ...query.filter, pfns: [...query.filter.pfns, ...pfns], emptyRanges };
  return {
    engine,
    opened,
    isWhole: opened.length === files.length,
    tellFailures: () => tellFailures(reader.failed, files.length, errors),
    query: { ...query, filter },
  };
}

/** The files without those that were given before, which would be answered twice. */
async function distinctFiles(paths: readonly string[], errors: OutputStream): Promise<readonly string[]> {
  const files = new Map<string, string>();
  const told = new Set<string>();
  for (const each of paths) {
    const identity = each === STANDARD_INPUT ? each : await fileIdentity(each);
    const before = files.get(identity);
    if (before === undefined) files.set(identity, each);
    else {
      const what = before === each ? 'was given more than once' : `is the same file as ${before}`;
      told.add(`page-holders: ${each}: ${what}; it is read once.\n`);
    }
  }
  for (const line of told) await errors.write(line);
  return [...files.values()];
}

async function tellIfNoDump(
  opened: readonly CaptureFacts[],
  minPages: number,
  errors: OutputStream,
): Promise<void> {
  if (minPages === 0 || opened.some(saysAllocationsAlone)) return;
  await errors.write(
    `page-holders: --min-pages ${minPages}: it is for page_owner dumps, and none is given: it leaves nothing out.\n`,
  );
}

async function tellFailures(failed: readonly string[], files: number, errors: OutputStream): Promise<void> {
  if (failed.length === 0) return;
  await errors.write(
    `page-holders: ${failed.length} of ${files} files could not be read: ${failed.join(', ')}.\n`,
  );
}

/** Opens the files, and none more once Ctrl+C was pressed. */
class Reader {
  /** Names of those that could not be read. */
  readonly failed: string[] = [];
  private readonly opened: CaptureFacts[] = [];

  constructor(
    private readonly engine: Engine,
    private readonly endStream: () => boolean,
    private readonly interruption: Interruption,
    private readonly progress: ProgressLine,
    private readonly least: number,
  ) {}

  /** Opens what can be opened; each failure is told on the error stream. */
  async openAll(paths: readonly string[], errors: OutputStream): Promise<readonly CaptureFacts[]> {
    for (const capture of paths) {
      try {
        const facts = await this.openOne(capture);
        if (facts !== null) this.opened.push(facts);
        else await errors.write(`page-holders: ${nameOf(capture)}: was not read, as reading was stopped.\n`);
      } catch (error) {
        if (!(error instanceof CaptureError)) throw error;
        this.failed.push(nameOf(capture));
        await errors.write(`page-holders: ${error.message}\n`);
      }
    }
    return this.opened;
  }

  /** Null for one that is left out. */
  private async openOne(capture: string): Promise<CaptureFacts | null> {
    const { engine, interruption, progress } = this;
    const name = baseName(nameOf(capture));
    // Names help with what was read.
    if (interruption.hasStopped) {
      return capture === STANDARD_INPUT
        ? null
        : progress.during(name, (onProgress) => engine.openSymbols(capture, { onProgress }));
    }
    const leaving = new AbortController();
    const { signal } = leaving;
    try {
      return await progress.during(name, (onProgress) =>
        interruption.during(
          () => this.stop(capture, name, leaving),
          () => engine.openCapture({ path: capture }, { signal, onProgress }),
        ),
      );
    } catch (error) {
      if (!signal.aborted) throw error;
      return null;
    }
  }

  /** Reads one that is being read no further, or leaves it out where nothing of it can be told. */
  private async stop(capture: string, name: string, leaving: AbortController): Promise<string | null> {
    const others = this.opened.filter(({ symbolFile }) => symbolFile === null).length;
    if (others + 1 >= this.least) {
      const isStopped = this.endStream() || (await this.engine.stopReading({ path: nameOf(capture) }));
      if (isStopped) return `stopped reading ${name}, going on with what was read of it`;
    }
    if (others < this.least) return null;
    leaving.abort();
    return `stopped reading ${name}, going on with what was read before it`;
  }
}

/** How messages and the engine call it. */
function nameOf(capture: string): string {
  return capture === STANDARD_INPUT ? STANDARD_INPUT_NAME : capture;
}

/** More pages than this are no answer any more. */
const MOST_PAGES = 4096;

/** Pages of the ranges of which the captures tell, and ranges of which they do not; null, and said why, for too many. */
async function pagesOf(
  engine: Engine,
  ranges: readonly PfnRange[],
  errors: OutputStream,
): Promise<Pick<HolderFilter, 'pfns' | 'emptyRanges'> | null> {
  const found: number[] = [];
  const emptyRanges: PfnRange[] = [];
  for (const range of ranges) {
    const pfns = await engine.pagesInRange({ range, limit: MOST_PAGES + 1 });
    if (pfns.length > MOST_PAGES) {
      await errors.write(
        `page-holders: --pfn ${pfnRangeText(range)}: the captures tell of more than ${MOST_PAGES} of these pages; ` +
          'ask for a smaller range.\n',
      );
      return null;
    }
    if (pfns.length === 0) emptyRanges.push(range);
    found.push(...pfns);
  }
  return { pfns: found, emptyRanges };
}

/** A file that was asked for and cannot be used whole is an error: nobody would miss its rules in the answer. */
async function useRules(engine: Engine, path: string, errors: OutputStream): Promise<boolean> {
  try {
    const { problems } = await engine.useRuleFile(path, await readRuleFile(path));
    for (const problem of problems) await errors.write(`page-holders: --rules ${problem}.\n`);
    return problems.length === 0;
  } catch (error) {
    if (!(error instanceof RuleFileError)) throw error;
    await errors.write(`page-holders: --rules ${error.message}\n`);
    return false;
  }
}

async function useTree(engine: Engine, root: string, errors: OutputStream): Promise<boolean> {
  try {
    await engine.setKernelTree({ root, trusted: true });
    for (const problem of (await engine.kindRules()).problems) {
      await errors.write(`page-holders: ${problem}; the rule is left out.\n`);
    }
    return true;
  } catch (error) {
    if (!(error instanceof KernelTreeError)) throw error;
    await errors.write(`page-holders: --tree ${error.message}\n`);
    return false;
  }
}

/** What debug info leaves open is looked up in the tree when it comes up: most often nothing is. */
async function useDebugInfo(
  engine: Engine,
  vmlinux: string,
  modules: string | null,
  errors: OutputStream,
  progress: ProgressLine,
): Promise<boolean> {
  const name = path.basename(vmlinux);
  const problem = modules === null ? null : await whyNoFolder(modules);
  if (problem !== null) {
    await errors.write(`page-holders: --modules ${problem}.\n`);
    return false;
  }
  try {
    await progress.during(name, (onProgress) =>
      engine.setDebugInfo({ vmlinux, modules, sourcePathMap: [] }, { onProgress }),
    );
  } catch (error) {
    if (!(error instanceof DebugFileError)) throw error;
    await errors.write(`page-holders: --vmlinux ${error.message}.\n`);
    return false;
  }
  await progress.during(name, (onProgress) => engine.debugInfo({}, { onProgress }));
  for (const doubt of engine.reports.debugInfoDoubts()) await errors.write(`page-holders: ${doubt}\n`);
  return true;
}

/**
 * A reason that no kernel has is a slip of the pen, and would leave nothing to report. Where one that there is leaves
 * nothing, those of the captures are named.
 */
async function isKnownReason(engine: Engine, reason: string | null, errors: OutputStream): Promise<boolean> {
  if (reason === null) return true;
  const all = (await engine.captureFacts()).flatMap(({ reasons }) => reasons.map(([each]) => each));
  const inCaptures = new Set(all);
  const isUnknown = (name: string): boolean => !MIGRATE_REASONS.includes(name) && !inCaptures.has(name);
  const name = namedReasons(reason).find(isUnknown);
  if (name !== undefined) {
    await errors.write(
      `page-holders: --reason ${name}: no capture has it, and it is no migrate reason. Expected one of ` +
        `${MIGRATE_REASONS.join(', ')}; a CMA allocation fails with contig_range.\n`,
    );
    return false;
  }
  if (inCaptures.size === 0 || all.some((each) => asksForReason(reason, each))) return true;
  const others = [...inCaptures].filter((each) => each !== null);
  const why =
    others.length === 0
      ? 'the captures do not tell the reason of theirs'
      : `the captures have ${others.join(', ')}`;
  await errors.write(
    `page-holders: --reason ${reason}: no page is named that failed to move for it; ${why}.\n`,
  );
  return true;
}
