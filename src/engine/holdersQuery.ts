/** How the holders are to be shown: grouped, sorted and filtered. Plain data that views keep and send. */
import type { Kind, PfnRange, Role } from '../holders/model';
import { pfnRangeText, pfnText } from './pageFacts';
import { spanText } from './timeText';
import { counted, ROLE_NAMES } from './wording';
import { KIND_LABEL } from '../holders/kindLabel';

export type { Kind, Role };

/** What the rows on top are. */
export type Grouping = 'page' | 'holder' | 'attempt' | 'task';

export type SortOrder = 'pfn' | 'first-mark' | 'holders' | 'longest-held' | 'attempts';

/** What is shown; a criterion that is empty leaves nothing out. */
export interface HolderFilter {
  /** Only marks of this migrate reason, or of one of several whose names are joined by commas. */
  readonly reason: string | null;
  readonly kinds: readonly Kind[];
  readonly roles: readonly Role[];
  /**
   * Only references that were held at least this long, in ns; of any role when roles are named, else those in the
   * way alone. What is not known to be shorter stays.
   */
  readonly heldFor: number;
  /** Anything of a page, an attempt or a reference in which people look for words; case does not matter. */
  readonly text: string;
  /** Pages, whether or not they failed to move; a PFN within a folio means the folio. */
  readonly pfns: readonly number[];
  /** Pages that are asked for too, although no event tells of the references of any of them. */
  readonly emptyRanges: readonly PfnRange[];
  /** Only references in the way that were taken through these lines of the kernel tree. */
  readonly through: SourceLines | null;
  /**
   * Of a page_owner dump only stacks that allocated at least this many pages, as count_threshold of the kernel has it.
   * Where a file has the number of allocations alone, it is held against that.
   */
  readonly minPages: number;
}

/** Lines of a source file, 1-based and both included, and the function that they are of. */
export interface SourceLines {
  /** Relative to the kernel tree, `/` separated. */
  readonly file: string;
  readonly first: number;
  readonly last: number;
  readonly function: string;
}

export interface HoldersQuery {
  readonly groupBy: Grouping;
  /** null: what answers best comes first. */
  readonly sortBy: SortOrder | null;
  readonly filter: HolderFilter;
}

export const NO_FILTER: HolderFilter = {
  reason: null,
  kinds: [],
  roles: [],
  heldFor: 0,
  text: '',
  pfns: [],
  emptyRanges: [],
  through: null,
  minPages: 0,
};

export const DEFAULT_QUERY: HoldersQuery = { groupBy: 'page', sortBy: null, filter: NO_FILTER };

export const GROUPINGS: Readonly<Record<Grouping, string>> = {
  page: 'Pages that failed to move, and who held each',
  holder: 'Kinds of holders and their code paths: who is the worst',
  attempt: 'Attempts to move pages, and what blocked each',
  task: 'Tasks that took the references',
};

export const SORT_ORDERS: Readonly<Record<SortOrder, string>> = {
  pfn: 'PFN',
  'first-mark': 'Time of the first mark',
  holders: 'Number of holders, most first',
  'longest-held': 'Time held, longest first',
  attempts: 'Attempts blocked, most first',
};

export const KINDS = namesOf(KIND_LABEL);
/** A kind by its name, or as rows name it: `lru-batch`, `LRU batch`. */
export function kindNamed(text: string): Kind | null {
  const wanted = text.toLowerCase();
  return KINDS.find((kind) => kind === wanted || KIND_LABEL[kind].toLowerCase() === wanted) ?? null;
}

export const ROLES: readonly Role[] = ['held', 'expected', 'temporary', 'earlier'];

/** The names that such a table has, in its order. */
export function namesOf<Name extends string>(table: Readonly<Record<Name, unknown>>): readonly Name[] {
  return Object.keys(table) as Name[];
}

export function isFiltering(filter: HolderFilter): boolean {
  return filterWords(filter).length > 0;
}

/** Whether the filter looks at references one by one, and not at marks or pages alone. */
export function asksForReferences({ kinds, roles, heldFor, text, through }: HolderFilter): boolean {
  return kinds.length > 0 || roles.length > 0 || heldFor > 0 || text !== '' || through !== null;
}

/** Whether only pages of these PFNs are asked for. */
export function asksForPages({ pfns, emptyRanges }: HolderFilter): boolean {
  return pfns.length + emptyRanges.length > 0;
}

/** `pipe buffer, held, ≥ 10 ms`: each criterion in words; none when nothing is left out. */
export function filterWords(filter: HolderFilter): readonly string[] {
  const { reason, kinds, heldFor, text, through, minPages } = filter;
  const roles = rolesAsked(filter);
  return [
    ...(asksForPages(filter) ? [pfnsText(filter)] : []),
    ...(text === '' ? [] : [`“${text}”`]),
    ...(reason === null ? [] : [namedReasons(reason).join(' or ')]),
    ...(kinds.length > 0 ? [kinds.map((kind) => KIND_LABEL[kind]).join(' or ')] : []),
    ...(roles.length > 0 ? [roles.map((role) => ROLE_NAMES[role].toLowerCase()).join(' or ')] : []),
    ...(heldFor > 0 ? [`≥ ${spanText(heldFor, 'ns')}`] : []),
    ...(through === null ? [] : [`through ${linesText(through)}`]),
    ...(minPages > 0 ? [`stacks of ≥ ${counted(minPages, 'page')}`] : []),
  ];
}

/**
 * The roles that a filter asks for, also where it names none: page tables and the page cache hold pages for long, and
 * keep none from moving.
 */
export function rolesAsked({ heldFor, roles, through }: HolderFilter): readonly Role[] {
  return roles.length === 0 && (heldFor > 0 || through !== null) ? ['held'] : roles;
}

/** The names in {@link HolderFilter.reason}. */
export function namedReasons(reason: string): readonly string[] {
  return reason.split(',');
}

/** The name that a migrate reason has by now: contig_range was called cma when CMA alone had it. */
export function newReasonName<Name extends string | null>(name: Name): Name | 'contig_range' {
  return name === 'cma' ? 'contig_range' : name;
}

/** The names by which a migrate reason may be asked for. */
export function reasonNames(reason: string): readonly string[] {
  return newReasonName(reason) === 'contig_range' ? ['contig_range', 'cma'] : [reason];
}

/** Whether a filter of these names asks for a migrate reason, by its old name or its new one. */
export function asksForReason(asked: string, reason: string | null): boolean {
  const names: readonly (string | null)[] = namedReasons(asked).map(newReasonName);
  return names.includes(newReasonName(reason));
}

/** `splice.c:1196`; `iter_to_pipe` where all of a function is meant. */
function linesText({ file, first, last, function: name }: SourceLines): string {
  return first === last ? `${file.slice(file.lastIndexOf('/') + 1)}:${first}` : name;
}

function pfnsText({ pfns, emptyRanges }: HolderFilter): string {
  const pages = pfns.length > 3 ? [manyText(pfns)] : pfns.map(pfnText);
  return [...pages, ...emptyRanges.map(pfnRangeText)].join(' or ');
}

/** `85 PFNs from 0x12800 to 0x12ffd`. */
function manyText(pfns: readonly number[]): string {
  const first = pfns.reduce((one, other) => Math.min(one, other));
  const last = pfns.reduce((one, other) => Math.max(one, other));
  return `${counted(pfns.length, 'PFN')} from ${pfnText(first)} to ${pfnText(last)}`;
}

/** `10ms`, `1.5 s`, `200us` in ns; null for what is no span. */
export function parseSpan(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ns|us|\u00b5s|ms|s)\s*$/.exec(text);
  if (match === null) return null;
  return Number(match[1]) * NS_OF_UNIT[match[2] as keyof typeof NS_OF_UNIT];
}

const NS_OF_UNIT = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 } as const;

/** How many pages, in decimal; null for what is no number of pages. */
export function parsePageCount(text: string): number | null {
  return /^\s*\d{1,15}\s*$/.test(text) ? Number(text) : null;
}

/**
 * A PFN as people copy it: hexadecimal with 0x, or without where a letter shows it; else decimal as page_owner prints
 * it. Null for anything else.
 */
export function parsePfn(text: string): number | null {
  const trimmed = text.trim();
  if (isBareHexadecimal(trimmed)) return Number(`0x${trimmed}`);
  if (!/^(?:0x[0-9a-f]{1,13}|\d{1,15})$/i.test(trimmed)) return null;
  return Number(trimmed);
}

/**
 * Pages from one PFN to another, both included: `0x12800..0x12fff`, `0x12800-0x12fff`, or so many from one on:
 * `0x12800+2048`; one PFN alone is a range too. Of `[12800, 13000)`, as alloc_contig_range prints what is busy, both are
 * hexadecimal and the end is not included.
 */
export function parsePfnRange(text: string): PfnRange | null {
  const printed = /^\s*\[([^,]*),([^,]*)\)\s*$/.exec(text);
  if (printed !== null) {
    const pages = rangeBetween(asHexadecimal(printed[1]!.trim()), asHexadecimal(printed[2]!.trim()));
    return pages === null || pages.first === pages.last ? null : { ...pages, last: pages.last - 1 };
  }
  const counted = /^([^+]+)\+\s*(0x[0-9a-f]{1,13}|\d{1,15})\s*$/i.exec(text);
  if (counted !== null) return countedRange(parsePfn(counted[1]!), Number(counted[2]));
  const ends = endsOf(text);
  if (ends === null) return null;
  // Of 12800..12fff both are hexadecimal.
  return ends.some(isBareHexadecimal) ? hexadecimalRange(ends) : rangeBetween(...ends);
}

function countedRange(first: number | null, pages: number): PfnRange | null {
  return first === null || pages === 0 ? null : { first, last: first + pages - 1 };
}

/** The range that was meant where the ends are the other way round: `0x100..0x200` of `0x200-0x100`; null for any other text. */
export function turnedPfnRange(text: string): string | null {
  if (parsePfnRange(text) !== null) return null;
  const [from, to] = endsOf(text) ?? ['', ''];
  const turned = `${to}..${from}`;
  return parsePfnRange(turned) === null ? null : turned;
}

/** What {@link parsePfnRange} takes for decimal, read as kernels print PFNs; null for what is told apart by itself. */
export function parseBarePfnRange(text: string): PfnRange | null {
  const ends = endsOf(text);
  return ends?.every((end) => /^\d+$/.test(end)) === true ? hexadecimalRange(ends) : null;
}

/** Both ends as they are written. */
function endsOf(text: string): readonly [from: string, to: string] | null {
  const [from = '', to = from, ...others] = text.split(/\.\.|-/).map((end) => end.trim());
  return others.length > 0 ? null : [from, to];
}

function hexadecimalRange([from, to]: readonly [from: string, to: string]): PfnRange | null {
  return rangeBetween(asHexadecimal(from), asHexadecimal(to));
}

function rangeBetween(from: string, to: string): PfnRange | null {
  const [first, last] = [parsePfn(from), parsePfn(to)];
  return first === null || last === null || first > last ? null : { first, last };
}

function asHexadecimal(digits: string): string {
  return /^0x/i.test(digits) ? digits : `0x${digits}`;
}

function isBareHexadecimal(text: string): boolean {
  return /^(?=\d*[a-f])[0-9a-f]{1,13}$/i.test(text);
}
