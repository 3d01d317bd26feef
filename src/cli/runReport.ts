/** `page-holders report`: reads the captures that can be read, prints what they say, and tells of those that cannot. */
import path from 'node:path';
import { Engine } from '../engine/engine';
import { CaptureError, DebugFileError, KernelTreeError, RuleFileError } from '../engine/errors';
import { IndexStore } from '../engine/indexStore';
import { MIGRATE_REASONS } from '../engine/reasonFilter';
import { NO_STYLES, type Styles } from '../engine/textReport';
import { cacheFolder } from './cacheFolder';
import type { ReportCommand } from './reportCommand';
import type { OutputStream } from './outputStream';
import type { ProgressLine } from './progressLine';

const COLOURS: Styles = {
  strong: (text) => `\x1b[1m${text}\x1b[0m`,
  alarm: (text) => `\x1b[31m${text}\x1b[0m`,
  dim: (text) => `\x1b[2m${text}\x1b[0m`,
};

/** Returns the exit status. */
export async function runReport(
  command: ReportCommand,
  output: OutputStream,
  errors: OutputStream,
  progress: ProgressLine,
): Promise<number> {
  const engine = new Engine(new IndexStore(cacheFolder()));
  const { tree, query, format, full } = command;
  const { reason } = query.filter;
  if (command.rules !== null && !(await useRules(engine, command.rules, errors))) return 2;
  const opened = await openAll(engine, command.captures, errors, progress);
  if (opened.length === 0) return 2;
  if (opened.every(({ format }) => format === 'kallsyms')) {
    const names = opened.map((facts) => facts.path).join(', ');
    await errors.write(`page-holders: ${names}: only names frames; give the capture that needs it too.\n`);
    return 2;
  }
  if (
    reason !== null &&
    !isReason(
      reason,
      (await engine.captureFacts()).flatMap((facts) => facts.reasons),
    )
  ) {
    await errors.write(
      `page-holders: --reason ${reason}: no capture has it, and it is no migrate reason. Expected one of ` +
        `${MIGRATE_REASONS.join(', ')}.\n`,
    );
    return 2;
  }
  if (tree !== null && !(await useTree(engine, tree, errors))) return 2;
  if (command.vmlinux !== null) {
    if (!(await useDebugInfo(engine, command.vmlinux, command.modules, errors, progress))) return 2;
  } else if (tree !== null) {
    await progress.during(tree, (onProgress) => engine.lookUpFunctions({}, { onProgress }));
  }

  if (format === 'json') {
    for await (const piece of engine.jsonReport(query)) await output.write(piece);
  } else {
    const styles = output.hasColours ? COLOURS : NO_STYLES;
    for await (const line of engine.textReport(query, styles, full)) await output.write(`${line}\n`);
  }
  if (opened.length < command.captures.length) return 2;
  return command.exitCode && engine.anyHeld(query.filter) ? 1 : 0;
}

/** Opens what can be opened; each failure is told on the error stream. */
async function openAll(
  engine: Engine,
  paths: readonly string[],
  errors: OutputStream,
  progress: ProgressLine,
) {
  const opened = [];
  for (const capture of paths) {
    try {
      const open = progress.during(path.basename(capture), (onProgress) =>
        engine.openCapture({ path: capture }, { onProgress }),
      );
      opened.push(await open);
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      await errors.write(`page-holders: ${error.message}\n`);
    }
  }
  return opened;
}

/** A file that was asked for and cannot be used whole is an error: nobody would miss its rules in the answer. */
async function useRules(engine: Engine, path: string, errors: OutputStream): Promise<boolean> {
  try {
    const { problems } = await engine.readRuleFile(path);
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
    await engine.setKernelTree({ root });
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
  try {
    await engine.setDebugInfo({ vmlinux, modules, sourcePathMap: [] });
  } catch (error) {
    if (!(error instanceof DebugFileError)) throw error;
    await errors.write(`page-holders: --vmlinux ${error.message}.\n`);
    return false;
  }
  await progress.during(path.basename(vmlinux), (onProgress) => engine.debugInfo({}, { onProgress }));
  for (const doubt of engine.debugInfoDoubts()) await errors.write(`page-holders: ${doubt}\n`);
  return true;
}

function isReason(name: string, inCaptures: readonly (readonly [string | null, number])[]): boolean {
  return MIGRATE_REASONS.includes(name) || inCaptures.some(([reason]) => reason === name);
}
