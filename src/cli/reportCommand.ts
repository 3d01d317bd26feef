/** What `page-holders report` is asked for. */
import { EXPORT_FORMS } from '../engine/exporting/exportFormats';
import { DEFAULT_QUERY, namesOf } from '../engine/holdersQuery';
import {
  CAPTURE_OPTIONS,
  captureInput,
  FILTER_HELP,
  ORDER_HELP,
  SOURCE_HELP,
  type CaptureInput,
} from './captureOptions';
import { columnsOf, oneOf, parseOptions, UsageError } from './options';

export interface ReportCommand {
  readonly name: 'report';
  readonly input: CaptureInput;
  readonly format: 'text' | 'json';
  /** Text with what is folded. */
  readonly full: boolean;
  readonly exitCode: boolean;
  /** Columns of a line of text; Infinity for no breaks, null where nothing is said. */
  readonly columns: number | null;
}

export const REPORT_USAGE = `page-holders report CAPTURE… [--tree DIR] [--vmlinux FILE] [--modules DIR]
             [--rules FILE] [--format text|json] [--group-by WHAT]
             [--sort ORDER] [FILTER]… [--full] [--width COLUMNS] [--exit-code]
`;

export const REPORT_HELP = `report reads trace captures of a Linux kernel and says, for every page that
could not be moved, who held a reference on it, from where in the kernel, and
until when.

  CAPTURE         ftrace text (/sys/kernel/tracing/trace, trace_pipe saved to a
                  file, or the output of trace-cmd report), trace.dat of
                  trace-cmd, perf script text, perf.data, page_pinner files, or
                  a kernel log with page dumps; compressed with gzip, xz or
                  zstd or not; - for standard input. Beside it, in any order
                  and told by their content:
                    a page_owner dump      who allocated each page
                    kallsyms, System.map   names of bare addresses (perf.data)
                  A page_owner dump alone is reported by stack. Several traces
                  are reported side by side
${SOURCE_HELP}  --format FORMAT text, like the tree in the editor (default), or json
${ORDER_HELP}  --full          text with what is folded too: expected, temporary and earlier
                  references, reference-counting frames, pages never released,
                  and the events of every row
  --width COLUMNS break lines of text there, 0 for nowhere: one row a line, to
                  grep. Default: the terminal's width, 78 into a file or pipe
  --exit-code     exit with 1 when references were held, untraced, not judged
                  or may have been (unclear), when an attempt reports failures
                  and no page of it is named, and when half or more of a
                  capture could not be read

${FILTER_HELP}`;

/** @throws UsageError */
export function reportCommand(args: readonly string[]): ReportCommand {
  const { values, positionals } = parseOptions('report', args, {
    ...CAPTURE_OPTIONS,
    format: { type: 'string' },
    full: { type: 'boolean' },
    'exit-code': { type: 'boolean' },
    width: { type: 'string' },
  });
  const input = captureInput('report', values, positionals);
  const { full = false } = values;
  const columns = columnsOf('report', values.width);
  const format = formatOf(values.format ?? 'text');
  if (format === 'json') {
    refuseForJson('--group-by', input.query.groupBy !== DEFAULT_QUERY.groupBy);
    refuseForJson('--full', full);
    refuseForJson('--width', columns !== null);
  }
  return { name: 'report', input, format, full, exitCode: values['exit-code'] === true, columns };
}

function formatOf(given: string): ReportCommand['format'] {
  const other = namesOf(EXPORT_FORMS).find((form) => form === given && form !== 'json');
  if (other === undefined) return oneOf('report', '--format', given, ['text', 'json']);
  throw new UsageError(
    'report',
    `--format ${other}: expected text or json; page-holders export --as ${other} writes that`,
  );
}

function refuseForJson(option: string, isGiven: boolean): void {
  if (!isGiven) return;
  throw new UsageError(
    'report',
    `${option} is for text; JSON has the pages, the attempts and all references as lists`,
  );
}
