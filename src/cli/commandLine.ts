/** What the command line asks for. */
import { parseArgs } from 'node:util';
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

export interface ReportCommand {
  readonly name: 'report';
  readonly captures: readonly string[];
  readonly tree: string | null;
  /** File with rules of the kind table, or null. */
  readonly rules: string | null;
  readonly format: 'text' | 'json';
  readonly query: HoldersQuery;
  /** Text with what is folded. */
  readonly full: boolean;
  readonly exitCode: boolean;
}

export interface ResolveCommand {
  readonly name: 'resolve';
  readonly vmlinux: string | null;
  readonly modules: string | null;
  readonly tree: string | null;
}

export type CommandLine =
  ReportCommand | ResolveCommand | { readonly name: 'help' } | { readonly name: 'version' };

/** The command line cannot be understood; the message says why. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  if (values.help === true) return { name: 'help' };
  if (values.version === true) return { name: 'version' };
  const [command, ...captures] = positionals;
  if (command === undefined) throw new UsageError('no command given; expected report or resolve');
  if (command === 'help') return { name: 'help' };
  if (command === 'resolve') return resolveCommand(captures, values);
  if (command !== 'report') throw new UsageError(`unknown command ${command}; expected report or resolve`);
  if (captures.length === 0) throw new UsageError('report: no capture given');
  const { tree = null, rules = null, format = 'text', full = false } = values;
  if (format !== 'text' && format !== 'json') {
    throw new UsageError(`report: --format ${format}: expected text or json`);
  }
  const query = queryOf(values);
  if (format === 'json') {
    refuseForJson('--group-by', query.groupBy !== DEFAULT_QUERY.groupBy);
    refuseForJson('--full', full);
  }
  const exitCode = values['exit-code'] === true;
  return { name: 'report', captures, tree, rules, format, query, full, exitCode };
}

type Values = ReturnType<typeof parse>['values'];

function queryOf(values: Values): HoldersQuery {
  const grouping = once('--group-by', values['group-by']);
  const order = once('--sort', values.sort);
  return {
    groupBy: grouping === null ? DEFAULT_QUERY.groupBy : oneOf('--group-by', grouping, namesOf(GROUPINGS)),
    sortBy: order === null ? null : oneOf('--sort', order, namesOf(SORT_ORDERS)),
    filter: {
      reason: once('--reason', values.reason),
      kinds: listed(values.kind).map((kind) => oneOf('--kind', kind, KINDS)),
      roles: listed(values.role).map((role) => oneOf('--role', role, ROLES)),
      heldFor: spanOf(once('--held-for', values['held-for'])),
      text: once('--match', values.match) ?? '',
      pfns: listed(values.pfn).map(pfnOf),
    },
  };
}

function once(option: string, given: readonly string[] = []): string | null {
  if (given.length > 1) throw new UsageError(`report: ${option} given more than once; expected one value`);
  return given[0] ?? null;
}

/** Values given by several options, by commas, or both. */
function listed(given: readonly string[] = []): readonly string[] {
  return given.flatMap((each) => each.split(','));
}

function oneOf<Name extends string>(option: string, given: string, names: readonly Name[]): Name {
  const name = names.find((each) => each === given);
  if (name !== undefined) return name;
  throw new UsageError(`report: ${option} ${given}: expected ${names.join(', ')}`);
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

function resolveCommand(
  files: readonly string[],
  values: { readonly vmlinux?: string; readonly modules?: string; readonly tree?: string },
): ResolveCommand {
  const { vmlinux = null, modules = null, tree = null } = values;
  if (files.length > 0)
    throw new UsageError(`resolve: unexpected ${files[0]}; stacks are read from standard input`);
  if (vmlinux === null && tree === null)
    throw new UsageError('resolve: expected --vmlinux FILE or --tree DIR');
  if (vmlinux === null && modules !== null)
    throw new UsageError('resolve: --modules DIR needs --vmlinux FILE');
  return { name: 'resolve', vmlinux, modules, tree };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        tree: { type: 'string' },
        rules: { type: 'string' },
        vmlinux: { type: 'string' },
        modules: { type: 'string' },
        format: { type: 'string' },
        'group-by': { type: 'string', multiple: true },
        sort: { type: 'string', multiple: true },
        reason: { type: 'string', multiple: true },
        kind: { type: 'string', multiple: true },
        role: { type: 'string', multiple: true },
        'held-for': { type: 'string', multiple: true },
        match: { type: 'string', multiple: true },
        pfn: { type: 'string', multiple: true },
        full: { type: 'boolean' },
        'exit-code': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
      },
    });
  } catch (error) {
    // parseArgs explains each kind of mistake in a sentence of its own.
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
