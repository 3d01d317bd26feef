/** `page-holders export`: writes what the captures say in a form for other programs. */
import { ExportError } from '../engine/errors';
import type { CaptureFacts } from '../engine/protocol';
import type { ExportCommand } from './exportCommand';
import type { Interruption } from './interruption';
import type { OutputStream } from './outputStream';
import type { ProgressLine } from './progressLine';
import { readCaptures } from './readCaptures';
import { tellDoubts } from './tellDoubts';

/** Returns the exit status. */
export async function runExport(
  { input, format, file }: ExportCommand,
  output: OutputStream,
  errors: OutputStream,
  progress: ProgressLine,
  interruption: Interruption,
): Promise<number> {
  const read = await readCaptures(input, errors, progress, interruption);
  if (read === null) return 2;
  const { engine, opened, isWhole, tellFailures, query } = read;
  for (const facts of opened) {
    if (facts.symbolFile === null && (format === 'csv' || format === 'speedscope')) {
      await tellDoubts(facts, errors);
      await tellEmpty(facts, format, errors);
    }
  }
  if (file === null) {
    for await (const piece of engine.reports.exported(format, query)) await output.write(piece);
    await tellFailures();
    return isWhole ? 0 : 2;
  }
  try {
    await engine.exportFile({ format, query, path: file });
    return isWhole ? 0 : 2;
  } catch (error) {
    if (!(error instanceof ExportError)) throw error;
    await errors.write(`page-holders: ${error.message}\n`);
    return 2;
  }
}

/** A table without rows and a graph without a bar look as if the export had failed. */
async function tellEmpty(
  { path, pages, heldPages }: CaptureFacts,
  format: 'csv' | 'speedscope',
  errors: OutputStream,
): Promise<void> {
  const why =
    pages === 0
      ? 'no page failed to move in it'
      : heldPages === 0 && format === 'speedscope'
        ? 'no reference of which the time held is known kept a page'
        : null;
  if (why === null) return;
  await errors.write(
    `page-holders: ${path}: ${why}: nothing of it is in the ${format === 'csv' ? 'table' : 'graph'}.\n`,
  );
}
