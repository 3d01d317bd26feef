/** Where the address of a function goes, for calls through pointers. */
import { ARROW, DIRECTIVE, IDENTIFIER, tokenIs, tokenizeRange, tokenText, type Tokens } from './tokens';

const AMPERSAND = 38;
const OPEN_PAREN = 40;
const CLOSE_PAREN = 41;
const COMMA = 44;
const SEMICOLON = 59;
const EQUALS = 61;
const DOT = 46;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** `.fault = ext4_filemap_fault` goes to the member `fault`; `kthread_run(kswapd, …)` is argument 0 of kthread_run. */
export type PointerUse =
  | { readonly how: 'assigned'; readonly to: string }
  | { readonly how: 'argument'; readonly of: string; readonly index: number };

/** Macros that name a function without handing it on. */
const NO_USE =
  /^(?:EXPORT_\w+|MODULE_\w+|NOKPROBE_SYMBOL|ALLOW_ERROR_INJECTION|BTF_ID\w*|STACK_FRAME_NON_STANDARD\w*|sizeof|typeof)$/;

/** How far back the call is looked for that an argument belongs to. */
const ARGUMENT_LIMIT = 400;

/** Replacement texts shorter than this cannot hold `.member = name`. */
const SHORT_MACRO = 40;

/** Calls `take` with the name tokens of every `.member = name` and `->member = name`. */
export function findMemberAssignments(tokens: Tokens, take: (member: number, name: number) => void): void {
  const { kind, count } = tokens;
  for (let token = 3; token + 1 < count; token++) {
    if (kind[token] !== EQUALS || kind[token - 1] !== IDENTIFIER) continue;
    const access = kind[token - 2];
    if (access !== DOT && access !== ARROW) continue;
    const name = kind[token + 1] === AMPERSAND ? token + 2 : token + 1;
    const after = kind[name + 1];
    if (kind[name] !== IDENTIFIER || name + 1 >= count) continue;
    if (after === COMMA || after === SEMICOLON || after === CLOSE_BRACE) take(token - 1, name);
  }
}

/** Calls `take` for each place where a wanted function is handed on instead of called. */
export function findPointerUses(
  tokens: Tokens,
  wanted: (tokens: Tokens, token: number) => string | null,
  take: (name: string, use: PointerUse) => void,
): void {
  const { kind, count } = tokens;
  for (let token = 0; token < count; token++) {
    if (kind[token] === DIRECTIVE) {
      if (isLongMacro(tokens, token)) {
        const body = tokenizeRange(tokens.bytes, tokens.start[token]! + 1, tokens.end[token]!, false);
        findPointerUses(body, wanted, take);
      }
      continue;
    }
    if (kind[token] !== IDENTIFIER || (token + 1 < count && kind[token + 1] === OPEN_PAREN)) continue;
    const name = wanted(tokens, token);
    if (name === null) continue;
    const use = pointerUse(tokens, token);
    if (use) take(name, use);
  }
}

function isLongMacro(tokens: Tokens, token: number): boolean {
  if (tokens.end[token]! - tokens.start[token]! < SHORT_MACRO) return false;
  let position = tokens.start[token]! + 1;
  while (tokens.bytes[position] === 32 || tokens.bytes[position] === 9) position++;
  return tokens.bytes[position] === 100; // #define
}

/** What the identifier's value goes to, or null when this is no such place. */
function pointerUse(tokens: Tokens, token: number): PointerUse | null {
  const { kind } = tokens;
  const before = kind[token - 1] === AMPERSAND ? token - 2 : token - 1;
  if (before < 1) return null;
  if (kind[before] === EQUALS) {
    return kind[before - 1] === IDENTIFIER ? { how: 'assigned', to: tokenText(tokens, before - 1) } : null;
  }
  if (kind[before] !== COMMA && kind[before] !== OPEN_PAREN) return null;
  if (kind[token + 1] !== COMMA && kind[token + 1] !== CLOSE_PAREN) return null;

  let depth = 0;
  let index = 0;
  for (let back = before; back > Math.max(0, token - ARGUMENT_LIMIT); back--) {
    const of = kind[back];
    if (of === CLOSE_PAREN) depth++;
    else if (of === COMMA && depth === 0) index++;
    else if (of === SEMICOLON || of === OPEN_BRACE) return null;
    else if (of === OPEN_PAREN && depth-- === 0) {
      const callee = back - 1;
      if (kind[callee] !== IDENTIFIER || NO_USE.test(tokenText(tokens, callee))) return null;
      if (tokenIs(tokens, callee, 'if') || tokenIs(tokens, callee, 'return')) return null;
      return { how: 'argument', of: tokenText(tokens, callee), index };
    }
  }
  return null;
}
