/** What `page-holders export` is asked for. */
import { EXPORT_FORMS, type ExportFormat } from '../engine/exporting/exportFormats';
import { namesOf } from '../engine/holdersQuery';
import {
  CAPTURE_OPTIONS,
  captureInput,
  FILTER_HELP,
  ORDER_HELP,
  SOURCE_HELP,
  type CaptureInput,
} from './captureOptions';
import { alternatives, oneOf, parseOptions, UsageError } from './options';

export interface ExportCommand {
  readonly name: 'export';
  readonly input: CaptureInput;
  readonly format: ExportFormat;
  /** File that is written; null: standard output. */
  readonly file: string | null;
}

export const EXPORT_USAGE = `page-holders export CAPTURE… --as json|csv|markdown|speedscope [-o FILE]
             [the other options of report]
`;

export const EXPORT_HELP = `export writes what report prints in a form for other programs, sorted and
filtered by the same options:

  --as FORMAT     markdown    the report, for a mail or a bug
                  json        every mark, reference and stack, for scripts
                  csv         a row for each reference at a mark, with how its
                              attempt ended (RFC 4180)
                  speedscope  time held by the stacks that took the references,
                              as a flame graph for https://www.speedscope.app
                  Of page_owner dumps alone csv has a row for each stack, with
                  its pages (one for each order, migratetype and gfp mask of
                  it), and speedscope the pages by stack. Beside a trace their
                  allocations are in neither, and it is said so
  -o, --output FILE
                  writes this file, and replaces it when all of it is written;
                  else standard output. None of the files that are read
`;

/** Options that it has of report. */
export const EXPORT_SHARED_HELP = `${SOURCE_HELP}${ORDER_HELP}
${FILTER_HELP}`;

/** @throws UsageError */
export function exportCommand(args: readonly string[]): ExportCommand {
  const { values, positionals } = parseOptions('export', args, {
    ...CAPTURE_OPTIONS,
    as: { type: 'string' },
    output: { type: 'string', short: 'o' },
  });
  const input = captureInput('export', values, positionals);
  if (values.as === undefined) {
    throw new UsageError('export', `expected --as ${alternatives(namesOf(EXPORT_FORMS))}`);
  }
  const format = oneOf('export', '--as', values.as, namesOf(EXPORT_FORMS));
  return { name: 'export', input, format, file: values.output ?? null };
}
