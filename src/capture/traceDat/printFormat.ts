/** What an event's `print fmt` says about one conversion: the key before it, and the member that it prints. */
export interface PrintedValue {
  /** The word before `=`, e.g. `nr_failed` in `nr_failed=%lu`; empty where there is none. */
  readonly key: string;
  /** Member of the record that is printed (`REC->failed`, `__get_str(name)`), or null. */
  readonly member: string | null;
  /** The names of `__print_symbolic`, by value; null where the value is printed otherwise. */
  readonly symbols: ReadonlyMap<number, string> | null;
  /** What `value ? "one" : "other"` prints; null where it is printed otherwise. */
  readonly choice: { readonly nonZero: string; readonly zero: string } | null;
  /** The argument as it stands. */
  readonly expression: string;
}

/** `{ value, "name" }` of a `__print_flags` or `__print_symbolic` list. */
interface NamedValue {
  /** The value's expression as it stands, e.g. `1UL << PG_locked`. */
  readonly expression: string;
  readonly name: string;
}

/** Longest `print fmt` that is looked at, in characters: the kernel's own stay below 16 kB. */
const LONGEST_PRINT_FORMAT = 1 << 17;

/** Reads a `print fmt` text: `"format string", argument, argument, …`. */
export function parsePrintFormat(text: string): PrintedValue[] {
  if (text.length > LONGEST_PRINT_FORMAT) return [];
  const [format, ...expressions] = splitArguments(text);
  if (format === undefined) return [];
  const literal = [...format.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((part) => part[1]).join('');
  const keys = keysOf(literal);
  return expressions.map((expression, index) => ({
    key: keys[index] ?? '',
    member: memberOf(expression),
    symbols: symbolsOf(expression),
    choice: choiceOf(expression),
    expression,
  }));
}

/** The word before `=` of each argument, in order; a width given as `*` is an argument of its own. */
function keysOf(literal: string): string[] {
  const conversions = /%%|(?:([A-Za-z_]\w*)=)?%([-+ #0-9.*]*)(?:hh|ll|[hlLqjzt])?[a-zA-Z]/g;
  const keys: string[] = [];
  for (const [text, key = '', width = ''] of literal.matchAll(conversions)) {
    if (text === '%%') continue;
    for (const character of width) if (character === '*') keys.push('');
    keys.push(key);
  }
  return keys;
}

function memberOf(expression: string): string | null {
  const match =
    /REC->([A-Za-z_]\w*)/.exec(expression) ??
    /__get_(?:rel_)?(?:str|dynamic_array)\(\s*(\w+)/.exec(expression);
  return match?.[1] ?? null;
}

function symbolsOf(expression: string): Map<number, string> | null {
  const list = namedValues(expression, '__print_symbolic');
  if (!list) return null;
  const symbols = new Map<number, string>();
  for (const { expression: valueText, name } of list) {
    const value = constantOf(valueText);
    if (value !== null && !symbols.has(value)) symbols.set(value, name);
  }
  return symbols;
}

function choiceOf(expression: string): PrintedValue['choice'] {
  const [, nonZero, zero] = /\?\s*"([^"]*)"\s*:\s*"([^"]*)"/.exec(expression) ?? [];
  return nonZero === undefined || zero === undefined ? null : { nonZero, zero };
}

/** The list of `{ value, "name" }` in a call of `macro` (or its 64-bit form), or null when there is no call. */
export function namedValues(
  expression: string,
  macro: '__print_flags' | '__print_symbolic',
): NamedValue[] | null {
  const call = new RegExp(`${macro}(?:_u64)?\\(`).exec(expression);
  if (!call) return null;
  const list = /\{([^{}"]*),\s*"((?:[^"\\]|\\.)*)"\s*\}/g;
  return [...expression.slice(call.index).matchAll(list)].map((item) => ({
    expression: item[1]!.trim(),
    name: item[2]!,
  }));
}

/** Value of a constant as format files write it: `8`, `0x10u`, `1UL << 3`, `(-1)`; null for anything else. */
export function constantOf(text: string): number | null {
  const bare = text.replace(
    /\((?:unsigned |signed )?(?:long long|long|int|char|short|u?(?:8|16|32|64)|gfp_t)\)/g,
    '',
  );
  const shift = /^\(*\s*([0-9][0-9a-fA-Fx]*)[uUlL]*\s*\)*\s*<<\s*\(*\s*(\d+)[uUlL]*\s*\)*$/.exec(bare.trim());
  if (shift) return Number(shift[1]) * 2 ** Number(shift[2]);
  const plain = /^\(*\s*(-?)\s*([0-9][0-9a-fA-Fx]*)[uUlL]*\s*\)*$/.exec(bare.trim());
  if (!plain) return null;
  const value = Number(plain[2]);
  if (Number.isNaN(value)) return null;
  return plain[1] === '-' ? -value : value;
}

/** What decides where an argument ends: strings, brackets, commas. */
const MARKS = /"(?:[^"\\]|\\[^])*"?|[()[\]{},]/g;

/** Splits at the commas that stand in no bracket and no string. */
function splitArguments(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const { 0: mark, index } of text.matchAll(MARKS)) {
    if (mark === '(' || mark === '{' || mark === '[') {
      depth++;
    } else if (mark === ')' || mark === '}' || mark === ']') {
      depth--;
    } else if (mark === ',' && depth === 0) {
      parts.push(text.slice(start, index).trim());
      start = index + 1;
    }
  }
  parts.push(text.slice(start).trim());
  return parts;
}
