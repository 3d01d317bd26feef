/** What `page-holders events` is asked for. */
import { wrapped } from './helpText';
import { FILTER_KEYS } from '../engine/eventFilter/filterKeys';
import { parseFilter } from '../engine/eventFilter/filterSyntax';
import { DEFAULT_QUERY } from '../engine/holdersQuery';
import type { CaptureInput } from './captureOptions';
import { columnsOf, once, oneOf, parseOptions, UsageError } from './options';

export interface EventsCommand {
  readonly name: 'events';
  readonly input: CaptureInput;
  /** Understood; empty for all events. */
  readonly filter: string;
  /** Most events that are printed of each capture. */
  readonly limit: number;
  readonly format: 'text' | 'json';
  /** Columns of a line of text; Infinity for no breaks, null where nothing is said. */
  readonly columns: number | null;
}

export const EVENTS_USAGE = `page-holders events CAPTURE… [--filter FILTER] [--limit N] [--rules FILE]
             [--width COLUMNS] [--format text|json]
`;

export const EVENTS_HELP = `events prints the events of captures, in their order: what each did to its
page, what the reference is for, and the innermost function that does not only
count references.

  --filter FILTER only events that match, in the language of the capture
                  editor: tests of KEY:VALUE joined by spaces (and, &&), by or
                  (||), with -, ! or not before what is left out, and
                  parentheses; text alone is looked for in events, tasks,
                  stacks and kinds ("LRU batch"), and 0x12c02 alone is that
                  page. * stands for any text, a..b for a range, a,b for any,
                  and numbers can be compared: count>=3 held>10ms
${keyLines()}
                  A function goes by the name that reports call it by, too:
                  vmsplice is __x64_sys_vmsplice, __do_sys_vmsplice and the
                  like, f also f.isra.0
  --limit N       no more than N events of each capture
  --rules FILE    rules of your own for what a reference is for
  --width COLUMNS break lines of text there, 0 for nowhere: one event a line.
                  Default: the terminal's width, no breaks into a file or pipe
  --format FORMAT text (default), or json: one object a line, with the stack
`;

/** @throws UsageError */
export function eventsCommand(args: readonly string[]): EventsCommand {
  const { values, positionals } = parseOptions('events', args, {
    filter: { type: 'string', multiple: true },
    limit: { type: 'string' },
    rules: { type: 'string' },
    format: { type: 'string' },
    width: { type: 'string' },
  });
  if (positionals.length === 0) throw new UsageError('events', 'no capture given');
  const columns = columnsOf('events', values.width);
  const format = oneOf('events', '--format', values.format ?? 'text', ['text', 'json']);
  if (format === 'json' && columns !== null) {
    throw new UsageError('events', '--width is for text; JSON has one object a line');
  }
  return {
    name: 'events',
    input: {
      captures: positionals,
      tree: null,
      vmlinux: null,
      modules: null,
      rules: values.rules ?? null,
      query: DEFAULT_QUERY,
      ranges: [],
    },
    filter: understood(once('events', '--filter', values.filter) ?? ''),
    limit: limitOf(values.limit),
    format,
    columns,
  };
}

/** A filter that cannot be understood is shown with its place: shells take quotes and more away. */
function understood(filter: string): string {
  const { problem } = parseFilter(filter);
  if (problem === null) return filter;
  const { start, end, message } = problem;
  const under = `${' '.repeat(start)}${'^'.repeat(Math.max(1, end - start))}`;
  throw new UsageError('events', `--filter: ${message}\n  ${filter}\n  ${under}`);
}

function limitOf(given: string | undefined): number {
  if (given === undefined) return Infinity;
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new UsageError('events', `--limit ${given}: expected a number of events`);
}

function keyLines(): string {
  return FILTER_KEYS.map(({ name, about }) => wrapped(`${' '.repeat(18)}${name.padEnd(12)}`, about)).join(
    '\n',
  );
}
