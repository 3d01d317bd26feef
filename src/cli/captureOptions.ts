/** Options of every command that reads captures: where names and lines come from, and which pages are meant. */
import {
  DEFAULT_QUERY,
  GROUPINGS,
  kindNamed,
  KINDS,
  namesOf,
  parsePageCount,
  parsePfnRange,
  parseSpan,
  ROLES,
  SORT_ORDERS,
  type HoldersQuery,
  type SortOrder,
} from '../engine/holdersQuery';
import { nearestName } from '../engine/nearestName';
import { MIGRATE_REASONS } from '../engine/reasonFilter';
import type { PfnRange } from '../holders/model';
import { wrappedNames } from './helpText';
import { listed, once, oneOf, refuseTurnedRange, UsageError } from './options';

/** Files to be read, and how what they say is to be shown. */
export interface CaptureInput {
  readonly captures: readonly string[];
  readonly tree: string | null;
  readonly vmlinux: string | null;
  readonly modules: string | null;
  /** File with rules of the kind table, or null. */
  readonly rules: string | null;
  readonly query: HoldersQuery;
  /** Pages that the query is to ask for as well, as far as the captures tell of them. */
  readonly ranges: readonly PfnRange[];
}

export const CAPTURE_OPTIONS = {
  tree: { type: 'string' },
  vmlinux: { type: 'string' },
  modules: { type: 'string' },
  rules: { type: 'string' },
  'group-by': { type: 'string', multiple: true },
  sort: { type: 'string', multiple: true },
  reason: { type: 'string', multiple: true },
  kind: { type: 'string', multiple: true },
  role: { type: 'string', multiple: true },
  'held-for': { type: 'string', multiple: true },
  match: { type: 'string', multiple: true },
  pfn: { type: 'string', multiple: true },
  'min-pages': { type: 'string', multiple: true },
} as const;

export const SOURCE_HELP = `  --tree DIR      source of the traced kernel: frames get their file and line
  --vmlinux FILE  the traced kernel with its debug info: lines are exact,
                  inlined functions shown; what it does not have is looked up
                  in the source tree
  --modules DIR   where its modules are with debug info: NAME.ko.debug, NAME.ko
  --rules FILE    rules of your own for what a reference is for, in the format
                  of .page-holders.json, which is read from the tree too
`;

export const ORDER_HELP = `  --group-by WHAT page     what held each page that failed to move (default)
                  holder   kinds of holders, their code paths, worst first
                  attempt  attempts to move pages, and what blocked each
                  task     the tasks that took the references
  --sort ORDER    best          what answers best first (default): pages that
                                were held, holders that blocked most attempts
                  pfn           pages by their number
                  first-mark    by the time when a page first failed to move
                  holders       by their number, most first
                  longest-held  by the time held, longest first
                  attempts      by the number of attempts blocked, most first
`;

export const FILTER_HELP = `Filters. What they leave out is counted at the end of the report. Names can be
given several times or joined by commas:
  --reason NAME   only marks of this migrate reason:
${wrappedNames(MIGRATE_REASONS)}
  --kind NAME     only pages with references of this kind:
${wrappedNames(KINDS)}
  --role NAME     only references that are held, expected, temporary, earlier
  --held-for TIME only references held at least this long: 10ms, 1.5s, 200us;
                  without --role only those in the way (--role held)
  --match TEXT    only what has TEXT in its PFN, task, area, kind or stack
  --pfn PFN       only this page, whether or not it failed to move; A..B for
                  those from A to B of which the captures tell
  --min-pages N   of a page_owner dump only stacks that allocated N pages or
                  more, as count_threshold of page_owner_stacks has it (N
                  allocations, where the file has only these). Of a trace it
                  leaves nothing out, nor of who allocated its pages
`;

type Values = {
  readonly [Name in keyof typeof CAPTURE_OPTIONS]?: (typeof CAPTURE_OPTIONS)[Name] extends { multiple: true }
    ? readonly string[]
    : string;
};

/** @throws UsageError */
export function captureInput(command: string, values: Values, captures: readonly string[]): CaptureInput {
  if (captures.length === 0) throw new UsageError(command, `no capture given`);
  const { tree = null, vmlinux = null, modules = null, rules = null } = values;
  if (vmlinux === null && modules !== null) {
    throw new UsageError(command, `--modules DIR needs --vmlinux FILE`);
  }
  const asked = listed(values.pfn).map((pfn) => rangeOf(command, pfn));
  const [pages, ranges] = [asked.filter(isOnePage), asked.filter((range) => !isOnePage(range))];
  return { captures, tree, vmlinux, modules, rules, query: queryOf(command, values, pages), ranges };
}

function queryOf(command: string, values: Values, pages: readonly PfnRange[]): HoldersQuery {
  const grouping = once(command, '--group-by', values['group-by']);
  const order = once(command, '--sort', values.sort);
  return {
    groupBy:
      grouping === null ? DEFAULT_QUERY.groupBy : oneOf(command, '--group-by', grouping, namesOf(GROUPINGS)),
    sortBy: order === null ? null : sortOrderOf(command, order),
    filter: {
      reason: values.reason === undefined ? null : reasonsOf(command, listed(values.reason)).join(','),
      kinds: listed(values.kind).map((kind) => kindNamed(kind) ?? oneOf(command, '--kind', kind, KINDS)),
      roles: listed(values.role).map((role) => oneOf(command, '--role', role, ROLES)),
      heldFor: spanOf(command, once(command, '--held-for', values['held-for'])),
      text: once(command, '--match', values.match) ?? '',
      pfns: pages.map(({ first }) => first),
      emptyRanges: [],
      through: null,
      minPages: pageCountOf(command, once(command, '--min-pages', values['min-pages'])),
    },
  };
}

/** Kernels to come may have other reasons: only a slip is refused. */
function reasonsOf(command: string, given: readonly string[]): readonly string[] {
  for (const reason of given) {
    const near = MIGRATE_REASONS.includes(reason) ? null : nearestName(reason, MIGRATE_REASONS);
    if (near !== null) throw new UsageError(command, `--reason ${reason}: did you mean ${near}?`);
  }
  return given;
}

function sortOrderOf(command: string, given: string): SortOrder | null {
  const order = oneOf(command, '--sort', given, ['best', ...namesOf(SORT_ORDERS)]);
  return order === 'best' ? null : order;
}

function spanOf(command: string, given: string | null): number {
  if (given === null) return 0;
  const span = parseSpan(given);
  if (span !== null) return span;
  throw new UsageError(
    command,
    `--held-for ${given}: expected a time with its unit, like 10ms, 1.5s or 200us`,
  );
}

function pageCountOf(command: string, given: string | null): number {
  if (given === null) return 0;
  const pages = parsePageCount(given);
  if (pages !== null) return pages;
  throw new UsageError(command, `--min-pages ${given}: expected a number of pages, like 16`);
}

function isOnePage({ first, last }: PfnRange): boolean {
  return first === last;
}

function rangeOf(command: string, given: string): PfnRange {
  const range = parsePfnRange(given);
  if (range !== null) return range;
  refuseTurnedRange(command, given);
  throw new UsageError(
    command,
    `--pfn ${given}: expected a page frame number, like 0x12f98 or 77720, or a range, like 0x12800..0x12fff`,
  );
}
