/** `page-holders report`: prints what the captures say. */
import { NO_STYLES, type Styles } from '../engine/textReport';
import type { Interruption } from './interruption';
import type { OutputStream } from './outputStream';
import type { ProgressLine } from './progressLine';
import { readCaptures } from './readCaptures';
import type { ReportCommand } from './reportCommand';

const COLOURS: Styles = {
  strong: (text) => `\x1b[1m${text}\x1b[0m`,
  alarm: (text) => `\x1b[31m${text}\x1b[0m`,
  dim: (text) => `\x1b[2m${text}\x1b[0m`,
};

/** Returns the exit status. */
export async function runReport(
  { input, format, full, exitCode, columns }: ReportCommand,
  output: OutputStream,
  errors: OutputStream,
  progress: ProgressLine,
  interruption: Interruption,
): Promise<number> {
  const read = await readCaptures(input, errors, progress, interruption);
  if (read === null) return 2;
  const { engine, isWhole, tellFailures, query } = read;
  await output.whileRead(async () => {
    if (format === 'json') {
      for await (const piece of engine.reports.exported('json', query)) await output.write(piece);
      return;
    }
    const { hasColours } = output;
    const styles = hasColours ? COLOURS : NO_STYLES;
    const layout = { styles, full, columns: columns ?? output.columns };
    for await (const line of engine.reports.text(query, layout)) {
      // Words of rows are visible; what is not are the colours.
      await (hasColours ? output.writeAsItIs(`${line}\n`) : output.write(`${line}\n`));
    }
  });
  await tellFailures();
  if (!isWhole) return 2;
  return exitCode && engine.reports.anyHeld(query.filter) ? 1 : 0;
}
