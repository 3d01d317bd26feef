/** `page-holders export`: writes what the captures say in a form for other programs. */
import { ExportError } from '../engine/errors';
import type { ExportCommand } from './exportCommand';
import type { OutputStream } from './outputStream';
import type { ProgressLine } from './progressLine';
import { readCaptures } from './readCaptures';

/** Returns the exit status. */
export async function runExport(
  { input, format, file }: ExportCommand,
  output: OutputStream,
  errors: OutputStream,
  progress: ProgressLine,
): Promise<number> {
  const read = await readCaptures(input, errors, progress);
  if (read === null) return 2;
  const { engine, isWhole, query } = read;
  if (file === null) {
    for await (const piece of engine.reports.exported(format, query)) await output.write(piece);
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
