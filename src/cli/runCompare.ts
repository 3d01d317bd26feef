/** `page-holders compare`: what became of the holders of one capture in another. */
import type { ComparedCapture, Comparison, HolderTotals } from '../engine/comparing/compareCaptures';
import { compareText } from '../engine/comparing/compareText';
import { CompareError } from '../engine/errors';
import type { CaptureFacts } from '../engine/protocol';
import { visibleJson } from '../engine/visibleText';
import type { CompareCommand } from './compareCommand';
import type { Interruption } from './interruption';
import type { OutputStream } from './outputStream';
import type { ProgressLine } from './progressLine';
import { readCaptures } from './readCaptures';

/** Returns the exit status. */
export async function runCompare(
  { before, after, input, format, exitCode }: CompareCommand,
  output: OutputStream,
  errors: OutputStream,
  progress: ProgressLine,
  interruption: Interruption,
): Promise<number> {
  const read = await readCaptures(input, errors, progress, interruption, 2);
  if (read === null) return 2;
  const { engine, opened, isWhole } = read;
  // Why a file cannot be read is told; with one alone there is nothing to compare.
  if (!isWhole) return 2;
  const [one, other] = opened as readonly [CaptureFacts, CaptureFacts];
  for (const facts of [one, other]) {
    if (facts.symbolFile === null) continue;
    await errors.write(
      `page-holders: ${facts.path}: only names frames; expected ${before} and ${after} to be captures.\n`,
    );
    return 2;
  }
  // What only names frames or says who allocated pages helps with both.
  const third = opened
    .slice(2)
    .find(({ symbolFile, format }) => symbolFile === null && format !== 'page-owner');
  if (third !== undefined) {
    await errors.write(
      `page-holders: compare: expected two captures; ${third.path} is one more.\n` +
        'Try: page-holders compare --help\n',
    );
    return 2;
  }
  let comparison: Comparison;
  try {
    comparison = await engine.compare({ before: one.id, after: other.id });
  } catch (error) {
    if (!(error instanceof CompareError)) throw error;
    await errors.write(`page-holders: ${error.message}\n`);
    return 2;
  }
  const text = format === 'json' ? visibleJson(comparison, 2) : compareText(comparison, output.columns);
  await output.whileRead(() => output.write(`${text}\n`));
  // Pages that nobody can judge any more, or that are not named any more, are no cure.
  const { before: old, after: now, appeared } = comparison;
  const isUnknownNow = isUnknown(now) && !isUnknown(old);
  return exitCode && (appeared.some(isHolder) || isUnknownNow) ? 1 : 0;
}

/** Not why pages did not move that nobody held; what no event explains, and what is unclear, may be holders. */
function isHolder({ kind }: HolderTotals): boolean {
  return kind !== 'nobody';
}

function isUnknown({ unjudgedPages, unnamedFailures }: ComparedCapture): boolean {
  return unjudgedPages > 0 || unnamedFailures !== null;
}
