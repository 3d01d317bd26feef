/** The calls in a function's body, or in a macro's replacement text. */
import { assemblyCalls } from './assembly';
import type { Definition } from './definition';
import type { LineTable } from './lineTable';
import { findTailCalls, soleCall } from './tailCalls';
import { ARROW, IDENTIFIER, tokenIs, tokenizeRange, tokenText, type Tokens } from './tokens';

const OPEN_PAREN = 40;
const CLOSE_PAREN = 41;
const STAR = 42;
const COMMA = 44;
const DOT = 46;
const SEMICOLON = 59;
const EQUALS = 61;
const CLOSE_BRACKET = 93;

export interface CallSite {
  /** Called function or macro, member of a structure, or variable. */
  readonly name: string;
  /**
   * `name` calls a function, macro or variable by its name; `member` through a pointer in a structure
   * (`->name(`, `.name(`); `table` through an array (`name[n](`); `pointer` is `(*name)(`; `branch` is a
   * call or jump in assembly; `mention` names a function without calling it, as an argument of a call.
   */
  readonly how: 'name' | 'member' | 'table' | 'pointer' | 'branch' | 'mention';
  /**
   * 1-based line that debug info gives to the call, but for macros (see {@link uses}): the first token of the
   * called expression. A call that is a whole argument of another call has the line of that one: GCC's
   * gimplify_arg makes "arguments have the same location as the function call itself".
   */
  readonly line: number;
  /** Byte offset in the file. */
  readonly offset: number;
  /** `name(` in whose parentheses the call stands, outermost first: those that are macros decide its line. */
  readonly uses: readonly { readonly name: string; readonly line: number }[];
  /** The call is the last thing that its function does: it may be a jump, see tailCalls.ts. */
  readonly isLast: boolean;
}

const NO_CALL = new Set([
  ...['if', 'while', 'for', 'switch', 'return', 'sizeof', 'typeof', '__typeof__', 'alignof', '_Alignof'],
  ...[
    '__alignof__',
    'offsetof',
    '__attribute__',
    'defined',
    '_Static_assert',
    'static_assert',
    'case',
    'else',
  ],
  ...['int', 'void', 'char', 'short', 'long', 'unsigned', 'signed', 'bool'],
  ...['do', 'goto', '__builtin_expect', '__builtin_constant_p', '__builtin_types_compatible_p'],
]);
/** include/linux/cleanup.h: these call what DEFINE_GUARD and its relatives say, there and at the end of the scope. */
const GUARDS = new Set(['guard', 'scoped_guard', 'scoped_cond_guard', 'CLASS', '__free']);
const ASSEMBLY_WORDS = new Set(['asm', '__asm__', '__asm', 'asm_volatile_goto', 'asm_inline']);
const QUALIFIERS = new Set(['volatile', '__volatile__', 'goto', 'inline', '__inline']);

/** Bounds that no kernel function comes near: text that exceeds them was made to take time. */
const SITE_LIMIT = 20_000;
const NESTING_LIMIT = 200;

export function callSites(definition: Definition, bytes: Uint8Array, lines: LineTable): CallSite[] {
  const { bodyFrom, bodyTo } = definition;
  if (bodyTo <= bodyFrom) return [];
  if (definition.kind === 'assembly') {
    return assemblyCalls(bytes, bodyFrom, bodyTo, lines.lineAt(bodyFrom)).map(
      ({ name, line, offset, isJump }) => ({ name, how: 'branch', line, offset, uses: [], isLast: isJump }),
    );
  }
  const tokens = tokenizeRange(bytes, bodyFrom, bodyTo, definition.kind !== 'macro');
  return definition.kind === 'macro' && definition.parameters.length === 0
    ? otherName(tokens, lines)
    : sitesOf(tokens, lines, definition.kind === 'macro');
}

/** `#define put_page_testzero folio_put_testzero`: a use of the one is a call of the other. */
function otherName(tokens: Tokens, lines: LineTable): CallSite[] {
  if (tokens.count === 0) return [];
  const offset = tokens.start[0]!;
  return [
    { name: tokenText(tokens, 0), how: 'name', line: lines.lineAt(offset), offset, uses: [], isLast: true },
  ];
}

function sitesOf(tokens: Tokens, lines: LineTable, isMacro: boolean): CallSite[] {
  const { kind } = tokens;
  const sites: CallSite[] = [];
  /** For each open parenthesis the use that it belongs to, or null. */
  const open: ({ name: string; line: number } | null)[] = [];
  const around = (): CallSite['uses'] =>
    open.length > NESTING_LIMIT ? [] : open.filter((use) => use !== null);
  const variables = localVariables(tokens);
  const last = new Set<number>();
  findTailCalls(tokens, 0, tokens.count - 1, (name) => last.add(name));
  if (isMacro) last.add(soleCall(tokens));
  const lineOf = (token: number): number => lines.lineAt(tokens.start[token]!);

  for (let token = 0; token < tokens.count && sites.length < SITE_LIMIT; token++) {
    if (kind[token] === CLOSE_PAREN) {
      open.pop();
      continue;
    }
    if (kind[token] === IDENTIFIER) {
      const next = kind[token + 1];
      if (token + 1 < tokens.count && next === OPEN_PAREN) continue;
      if (isArgument(tokens, token) && open.length > 0) {
        const offset = tokens.start[token]!;
        const name = tokenText(tokens, token);
        sites.push({ name, how: 'mention', line: lineOf(token), offset, uses: around(), isLast: false });
      }
      continue;
    }
    if (kind[token] !== OPEN_PAREN) continue;

    const callee = calleeBefore(tokens, token);
    if (callee === null) {
      open.push(null);
      continue;
    }
    const name = tokenText(tokens, callee.name);
    if (callee.how === 'name' && isAssembly(tokens, callee.name, name)) {
      token = Math.max(token, tokens.partner[token]!);
      continue;
    }
    if (callee.how === 'name' && NO_CALL.has(name)) {
      open.push(null);
      continue;
    }
    if (callee.how === 'name' && GUARDS.has(name) && kind[token + 1] === IDENTIFIER) {
      const guard = `guard:${tokenText(tokens, token + 1)}`;
      const offset = tokens.start[callee.name]!;
      sites.push({
        name: guard,
        how: 'name',
        line: lineOf(callee.name),
        offset,
        uses: around(),
        isLast: false,
      });
    }
    const argumentOf = isWholeArgument(tokens, callee.first, token) ? open.at(-1) : null;
    const line = argumentOf?.line ?? lineOf(callee.first);
    const offset = tokens.start[callee.name]!;
    const how = callee.how === 'name' && variables.has(name) ? 'pointer' : callee.how;
    sites.push({ name, how, line, offset, uses: around(), isLast: last.has(callee.name) });
    open.push(how === 'name' ? { name, line } : null);
  }
  return sites;
}

/** Names that the body declares or that hold a function: `int (*name)(…)`, `work_func_t name = …`. */
function localVariables(tokens: Tokens): ReadonlySet<string> {
  const { kind } = tokens;
  const names = new Set<string>();
  for (let token = 1; token + 1 < tokens.count; token++) {
    if (kind[token] !== IDENTIFIER) continue;
    const before = kind[token - 1];
    const after = kind[token + 1];
    const declared = before === IDENTIFIER && (after === EQUALS || after === SEMICOLON || after === COMMA);
    const pointer = before === STAR && after === CLOSE_PAREN && kind[token - 2] === OPEN_PAREN;
    if (declared || (pointer && kind[token - 3] === IDENTIFIER)) {
      if (!NO_CALL.has(tokenText(tokens, token - 1))) names.add(tokenText(tokens, token));
    }
  }
  return names;
}

/** A name alone between the commas or parentheses of a call, perhaps behind `&`. */
function isArgument(tokens: Tokens, token: number): boolean {
  const { kind } = tokens;
  const before = kind[token - 1] === 38 /* & */ ? kind[token - 2] : kind[token - 1];
  const after = kind[token + 1];
  return (before === OPEN_PAREN || before === COMMA) && (after === CLOSE_PAREN || after === COMMA);
}

/** Does the call whose arguments open at `paren` make up one argument of the call around it? */
function isWholeArgument(tokens: Tokens, first: number, paren: number): boolean {
  const before = tokens.kind[first - 1];
  if (before !== OPEN_PAREN && before !== COMMA) return false;
  const close = tokens.partner[paren]!;
  if (close < 0) return false;
  const after = tokens.kind[close + 1];
  return after === CLOSE_PAREN || after === COMMA;
}

function isAssembly(tokens: Tokens, token: number, name: string): boolean {
  if (ASSEMBLY_WORDS.has(name)) return true;
  if (!QUALIFIERS.has(name) || token === 0) return false;
  return tokens.kind[token - 1] === IDENTIFIER && isAssembly(tokens, token - 1, tokenText(tokens, token - 1));
}

interface Callee {
  readonly how: 'name' | 'member' | 'table' | 'pointer';
  /** Token of the name. */
  readonly name: number;
  /** First token of the called expression, which has the line that compilers give to the call. */
  readonly first: number;
}

/** What the `(` at `paren` calls, or null when it calls nothing. */
function calleeBefore(tokens: Tokens, paren: number): Callee | null {
  const { kind } = tokens;
  const before = paren - 1;
  if (before < 0) return null;
  if (kind[before] === IDENTIFIER) {
    if (kind[before - 1] === ARROW || kind[before - 1] === DOT) {
      return { how: 'member', name: before, first: expressionStart(tokens, before) };
    }
    return { how: 'name', name: before, first: before };
  }
  if (kind[before] === CLOSE_BRACKET) {
    const bracket = tokens.partner[before]!;
    if (bracket < 1 || kind[bracket - 1] !== IDENTIFIER) return null;
    return { how: 'table', name: bracket - 1, first: expressionStart(tokens, bracket - 1) };
  }
  if (kind[before] === CLOSE_PAREN) {
    // `(*name)(…)` and `(*a->name)(…)`; `(type)(…)` is a cast.
    const start = tokens.partner[before]!;
    if (start < 0 || kind[start + 1] !== STAR || kind[before - 1] !== IDENTIFIER) return null;
    // `int (*name)(…)` declares.
    if (kind[start - 1] === IDENTIFIER && !tokenIs(tokens, start - 1, 'return')) return null;
    const member = kind[before - 2] === ARROW || kind[before - 2] === DOT;
    return { how: member ? 'member' : 'pointer', name: before - 1, first: start };
  }
  return null;
}

/** First token of `a->b[c].d(e)->name`, given the token of `name`. */
function expressionStart(tokens: Tokens, name: number): number {
  const { kind } = tokens;
  let token = name;
  while (token > 0 && (kind[token - 1] === ARROW || kind[token - 1] === DOT)) {
    token -= 2;
    while (token > 0 && (kind[token] === CLOSE_BRACKET || kind[token] === CLOSE_PAREN)) {
      const start = tokens.partner[token]!;
      if (start < 0) return name;
      if (start === 0 || !isOperand(tokens, start - 1)) return start;
      token = start - 1;
    }
    if (token < 0 || kind[token] !== IDENTIFIER) return name;
  }
  return token;
}

/** Can a call or an index follow this token? Not a keyword such as `return (x)->f()`. */
function isOperand(tokens: Tokens, token: number): boolean {
  const of = tokens.kind[token];
  if (of === CLOSE_BRACKET || of === CLOSE_PAREN) return true;
  return of === IDENTIFIER && !NO_CALL.has(tokenText(tokens, token));
}
