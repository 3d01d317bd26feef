/** The values that tests of a filter compare with. */
import { KIND_LABEL } from '../../holders/kindLabel';
import { kindNamed, KINDS, parsePfnRange, parseSpan, ROLES, type Kind, type Role } from '../holdersQuery';
import { wholeText } from './textPattern';

export type ValueType = 'pattern' | 'number' | 'pfn' | 'span' | 'time' | 'kind' | 'role' | 'act';

export const ACTS = ['mark', 'get', 'put'] as const;
export type Act = (typeof ACTS)[number];

export type FilterValue =
  | { readonly type: 'pattern'; readonly text: string }
  /** Numbers, PFNs and spans in ns; both ends included. */
  | { readonly type: 'range'; readonly first: number; readonly last: number }
  /**
   * A point of the capture's clock: in ns where it has a unit or a point, else as printed (seconds, or ticks where
   * the clock counts these).
   */
  | { readonly type: 'time'; readonly ns: bigint; readonly plain: bigint | null }
  /** At least one, several by a `*`. */
  | { readonly type: 'kind'; readonly kinds: readonly Kind[] }
  | { readonly type: 'role'; readonly role: Role }
  | { readonly type: 'act'; readonly act: Act };

/** @returns null for what is no value of that type */
export function parseFilterValue(type: ValueType, text: string): FilterValue | null {
  switch (type) {
    case 'pattern':
      return { type, text };
    case 'number':
      return parseRange(text, parseNumber);
    case 'pfn':
      return pfnRangeValue(text);
    case 'span':
      return parseRange(text, parseSpan);
    case 'time':
      return parseTime(text);
    case 'kind': {
      const kinds = kindsNamed(text);
      return kinds.length === 0 ? null : { type, kinds };
    }
    case 'role': {
      const role = ROLES.find((each) => each === text.toLowerCase());
      return role === undefined ? null : { type, role };
    }
    case 'act': {
      const act = ACTS.find((each) => each === text.toLowerCase());
      return act === undefined ? null : { type, act };
    }
  }
}

/** The names that values of a type have; none where they are no names. */
export function namesOfValues(type: ValueType): readonly string[] {
  switch (type) {
    case 'kind':
      return KINDS;
    case 'role':
      return ROLES;
    case 'act':
      return ACTS;
    default:
      return [];
  }
}

function kindsNamed(text: string): readonly Kind[] {
  if (!text.includes('*')) {
    const kind = kindNamed(text);
    return kind === null ? [] : [kind];
  }
  const isAsked = wholeText(text);
  return KINDS.filter((kind) => isAsked(kind) || isAsked(KIND_LABEL[kind]));
}

function pfnRangeValue(text: string): FilterValue | null {
  const range = parsePfnRange(text);
  return range === null ? null : { type: 'range', ...range };
}

function parseRange(text: string, parse: (text: string) => number | null): FilterValue | null {
  const dots = text.indexOf('..');
  const first = parse(dots < 0 ? text : text.slice(0, dots));
  const last = dots < 0 ? first : parse(text.slice(dots + 2));
  return first === null || last === null || last < first ? null : { type: 'range', first, last };
}

function parseNumber(text: string): number | null {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : null;
}

/** Exact: a trace clock of days in ns has more digits than a double. */
function parseTime(text: string): FilterValue | null {
  const match = /^(-?)(\d{1,20})(?:\.(\d{1,18}))?(ns|us|\u00b5s|ms|s)?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole, fraction = '', unit] = match;
  const digits = DIGITS_OF_UNIT[(unit ?? 's') as keyof typeof DIGITS_OF_UNIT];
  const signed = sign === '-' ? -1n : 1n;
  const ns = signed * BigInt(whole! + fraction.slice(0, digits).padEnd(digits, '0'));
  const isPlain = unit === undefined && fraction === '';
  return { type: 'time', ns, plain: isPlain ? signed * BigInt(whole!) : null };
}

/** Decimal digits of a ns in the unit. */
const DIGITS_OF_UNIT = { ns: 0, us: 3, µs: 3, ms: 6, s: 9 } as const;
