/** What `page-holders report` is asked for. */
import {
  DEFAULT_QUERY,
  GROUPINGS,
  KINDS,
  namesOf,
  parsePfn,
  parseSpan,
  ROLES,
  SORT_ORDERS,
  type HoldersQuery,
} from '../engine/holdersQuery';
import { MIGRATE_REASONS } from '../engine/reasonFilter';
import { wrappedNames } from './helpText';
import { listed, once, oneOf, parseOptions, UsageError } from './options';

export interface ReportCommand {
  readonly name: 'report';
  readonly captures: readonly string[];
  readonly tree: string | null;
  readonly vmlinux: string | null;
  readonly modules: string | null;
  /** File with rules of the kind table, or null. */
  readonly rules: string | null;
  readonly format: 'text' | 'json';
  readonly query: HoldersQuery;
  /** Text with what is folded. */
  readonly full: boolean;
  readonly exitCode: boolean;
}

export const REPORT_USAGE = `page-holders report CAPTURE… [--tree DIR] [--vmlinux FILE] [--modules DIR]
             [--rules FILE] [--format text|json] [--group-by WHAT] [--sort ORDER]
             [FILTER]… [--full] [--exit-code]
`;

export const REPORT_HELP = `report reads trace captures of a Linux kernel and says, for every page that could not be
moved, who held a reference on it, from where in the kernel, and until when.

  CAPTURE         ftrace text (/sys/kernel/tracing/trace or trace_pipe, saved to a
                  file, or the output of trace-cmd report), trace.dat of trace-cmd,
                  perf script text, perf.data, page_pinner files, or a kernel log
                  with page dumps; compressed with gzip, xz or zstd or not. Beside
                  it, in any order and told by their content:
                    a page_owner dump      who allocated each page
                    kallsyms, System.map   names of bare addresses, as in perf.data
                  A page_owner dump alone is reported by stack. Several traces are
                  reported side by side
  --tree DIR      source tree of the traced kernel: each frame gets its file and line
  --vmlinux FILE  the traced kernel with its debug info: lines are exact, inlined functions
                  shown; what it does not have is looked up in the source tree
  --modules DIR   where NAME.ko.debug or NAME.ko of its modules are, with debug info
  --rules FILE    rules of your own for what a reference is for, in the format of
                  .page-holders.json, which is also read from the root of DIR
  --format FORMAT text, like the tree in the editor (default), or json
  --group-by WHAT page     what held each page that failed to move (default)
                  holder   kinds of holders and their code paths, the worst first
                  attempt  attempts to move pages, and what blocked each
                  task     the tasks that took the references
  --sort ORDER    pfn, first-mark (by time), holders (by their number),
                  longest-held, or attempts (by how many were blocked)
  --full          text with what is folded too: expected, temporary and earlier
                  references, pages never released, and the events of every row
  --exit-code     exit with 1 when held or untraced references were found

Filters. What they leave out is counted at the end of the report. Names can be
given several times or joined by commas:
  --reason NAME   only marks of this migrate reason:
${wrappedNames(MIGRATE_REASONS)}
  --kind NAME     only pages with references of this kind:
${wrappedNames(KINDS)}
  --role NAME     only references that were held, expected, temporary or earlier
  --held-for TIME only references held at least this long: 10ms, 1.5s, 200us
  --match TEXT    only what has TEXT in its PFN, task, area, kind or stack
  --pfn PFN       only this page, whether or not it failed to move
`;

/** Options that say which pages and references are meant, for every command that reads captures. */
const QUERY_OPTIONS = {
  'group-by': { type: 'string', multiple: true },
  sort: { type: 'string', multiple: true },
  reason: { type: 'string', multiple: true },
  kind: { type: 'string', multiple: true },
  role: { type: 'string', multiple: true },
  'held-for': { type: 'string', multiple: true },
  match: { type: 'string', multiple: true },
  pfn: { type: 'string', multiple: true },
} as const;

/** @throws UsageError */
export function reportCommand(args: readonly string[]): ReportCommand {
  const { values, positionals: captures } = parseOptions(args, {
    ...QUERY_OPTIONS,
    tree: { type: 'string' },
    vmlinux: { type: 'string' },
    modules: { type: 'string' },
    rules: { type: 'string' },
    format: { type: 'string' },
    full: { type: 'boolean' },
    'exit-code': { type: 'boolean' },
  });
  if (captures.length === 0) throw new UsageError('report: no capture given');
  const { tree = null, vmlinux = null, modules = null, rules = null, full = false } = values;
  if (vmlinux === null && modules !== null)
    throw new UsageError('report: --modules DIR needs --vmlinux FILE');
  const format = oneOf('report', '--format', values.format ?? 'text', ['text', 'json']);
  const query = queryOf(values);
  if (format === 'json') {
    refuseForJson('--group-by', query.groupBy !== DEFAULT_QUERY.groupBy);
    refuseForJson('--full', full);
  }
  const exitCode = values['exit-code'] === true;
  return { name: 'report', captures, tree, vmlinux, modules, rules, format, query, full, exitCode };
}

type QueryValues = { readonly [Name in keyof typeof QUERY_OPTIONS]?: readonly string[] };

function queryOf(values: QueryValues): HoldersQuery {
  const grouping = once('report', '--group-by', values['group-by']);
  const order = once('report', '--sort', values.sort);
  return {
    groupBy:
      grouping === null ? DEFAULT_QUERY.groupBy : oneOf('report', '--group-by', grouping, namesOf(GROUPINGS)),
    sortBy: order === null ? null : oneOf('report', '--sort', order, namesOf(SORT_ORDERS)),
    filter: {
      reason: once('report', '--reason', values.reason),
      kinds: listed(values.kind).map((kind) => oneOf('report', '--kind', kind, KINDS)),
      roles: listed(values.role).map((role) => oneOf('report', '--role', role, ROLES)),
      heldFor: spanOf(once('report', '--held-for', values['held-for'])),
      text: once('report', '--match', values.match) ?? '',
      pfns: listed(values.pfn).map(pfnOf),
      through: null,
    },
  };
}

function spanOf(given: string | null): number {
  if (given === null) return 0;
  const span = parseSpan(given);
  if (span !== null) return span;
  throw new UsageError(
    `report: --held-for ${given}: expected a time with its unit, like 10ms, 1.5s or 200us`,
  );
}

function pfnOf(given: string): number {
  const pfn = parsePfn(given);
  if (pfn !== null) return pfn;
  throw new UsageError(`report: --pfn ${given}: expected a page frame number, like 0x12f98 or 77720`);
}

function refuseForJson(option: string, isGiven: boolean): void {
  if (!isGiven) return;
  throw new UsageError(
    `report: ${option} is for text; JSON has the pages, the attempts and all references as lists`,
  );
}
