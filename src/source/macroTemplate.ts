/**
 * Functions that a macro defines under names of its arguments, such as
 * `#define FULL_PROXY_FUNC(name, …) static ret_type full_proxy_ ## name(proto) { … }`.
 */
import { IDENTIFIER, tokenizeRange, tokenText, type Tokens } from './tokens';

const HASH = 35;
const OPEN_PAREN = 40;
const STAR = 42;
const OPEN_BRACE = 123;

export interface FunctionTemplate {
  /** Literal text and, as numbers, the macro's parameters between. */
  readonly name: readonly (string | number)[];
  /** The macro ends with the function's parameters: the braces behind the macro's use are its body. */
  readonly takesBody: boolean;
}

/** By macro name. */
export type MacroTemplates = ReadonlyMap<string, readonly FunctionTemplate[]>;

/** The functions that a macro's replacement text (byte offsets) defines; none for nearly all macros. */
export function functionTemplates(
  bytes: Uint8Array,
  from: number,
  to: number,
  parameters: readonly string[],
): FunctionTemplate[] {
  if (parameters.length === 0 || !mayDefine(bytes, from, to)) return [];
  const tokens = tokenizeRange(bytes, from, to, false);
  const templates: FunctionTemplate[] = [];
  for (let token = 0; token < tokens.count; token++) {
    // A structure before the functions, as DEFINE_BATCHED_ENTROPY has one.
    if (tokens.kind[token] === OPEN_BRACE) token = blockEnd(tokens, token);
    if (tokens.kind[token] !== OPEN_PAREN) continue;
    const close = tokens.partner[token]!;
    if (close < 0) continue;
    const after = behindAnnotations(tokens, close + 1);
    const takesBody = after === tokens.count;
    if (!takesBody && tokens.kind[after] !== OPEN_BRACE) continue;
    const name = nameBefore(tokens, token, parameters);
    if (name) templates.push({ name, takesBody });
    if (takesBody) break;
    token = blockEnd(tokens, after);
  }
  return templates;
}

export function expandName(template: FunctionTemplate, args: readonly string[]): string {
  return template.name.map((part) => (typeof part === 'number' ? (args[part] ?? '') : part)).join('');
}

/** A macro that defines functions pastes a name, or has the braces of a body. */
function mayDefine(bytes: Uint8Array, from: number, to: number): boolean {
  for (let position = from; position < to; position++) {
    if (bytes[position] === OPEN_BRACE) return true;
    if (bytes[position] === HASH && bytes[position + 1] === HASH) return true;
  }
  return false;
}

/** `__acquires(&lock)` and its like between the parameters and the body. */
function behindAnnotations(tokens: Tokens, from: number): number {
  let token = from;
  while (
    token + 1 < tokens.count &&
    tokens.kind[token] === IDENTIFIER &&
    tokens.kind[token + 1] === OPEN_PAREN
  ) {
    const close = tokens.partner[token + 1]!;
    if (close < 0) return token;
    token = close + 1;
  }
  return token;
}

function blockEnd(tokens: Tokens, open: number): number {
  let depth = 0;
  for (let token = open; token < tokens.count; token++) {
    if (tokens.kind[token] === OPEN_BRACE) depth++;
    else if (tokens.kind[token] === OPEN_BRACE + 2 && --depth === 0) return token;
  }
  return tokens.count;
}

/** The pasted name, or the parameter, before a parenthesis; it must follow a type, as a definition's name does. */
function nameBefore(
  tokens: Tokens,
  paren: number,
  parameters: readonly string[],
): (string | number)[] | null {
  const parts: (string | number)[] = [];
  let token = paren - 1;
  while (token >= 0 && tokens.kind[token] === IDENTIFIER) {
    const text = tokenText(tokens, token);
    const parameter = parameters.indexOf(text);
    parts.unshift(parameter >= 0 ? parameter : text);
    if (token < 3 || tokens.kind[token - 1] !== HASH || tokens.kind[token - 2] !== HASH) break;
    token -= 3;
  }
  if (!parts.some((part) => typeof part === 'number')) return null;
  const type = tokens.kind[token - 1];
  return token >= 1 && (type === IDENTIFIER || type === STAR) ? parts : null;
}
