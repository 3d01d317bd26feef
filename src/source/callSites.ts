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
  /**
   * 1-based line of the first token itself. It is the call's line where what it returns is converted to the
   * parameter's type: then gimplify_arg gives its line to the conversion.
   */
  readonly ownLine: number;
  /** Byte offset in the file. */
  readonly offset: number;
  /** `name(` in whose parentheses the call stands, outermost first: those that are macros decide its line. */
  readonly uses: readonly CallUse[];
  /** Of a mention, which argument of the innermost of {@link uses} it is, from 0; else -1. */
  readonly argument: number;
  /** The call is the last thing that its function does: it may be a jump, see tailCalls.ts. */
  readonly isLast: boolean;
}

type CallUse = Pick<CallSite, 'name' | 'line' | 'ownLine'>;

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
/** `__cleanup(name)` and `__attribute__((cleanup(name)))` of a variable. */
const CLEANUP_WORDS = new Set(['__cleanup', 'cleanup', '__cleanup__']);
const ASSEMBLY_WORDS = new Set(['asm', '__asm__', '__asm', 'asm_volatile_goto', 'asm_inline']);
const QUALIFIERS = new Set(['volatile', '__volatile__', 'goto', 'inline', '__inline']);

/** Bounds that no kernel function comes near: text that exceeds them was made to take time. */
const SITE_LIMIT = 20_000;
const NESTING_LIMIT = 200;

/** The calls in a definition, in the order of its text; `bytes` and `lines` are of its file. */
export function callSites(definition: Definition, bytes: Uint8Array, lines: LineTable): readonly CallSite[] {
  const { bodyFrom, bodyTo } = definition;
  if (bodyTo <= bodyFrom) return [];
  if (definition.kind === 'assembly') {
    return assemblyCalls(bytes, bodyFrom, bodyTo, lines.lineAt(bodyFrom)).map(
      ({ name, line, offset, isJump }) => ({
        name,
        how: 'branch',
        line,
        ownLine: line,
        offset,
        uses: [],
        argument: -1,
        isLast: isJump,
      }),
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
  const line = lines.lineAt(offset);
  const name = tokenText(tokens, 0);
  return [{ name, how: 'name', line, ownLine: line, offset, uses: [], argument: -1, isLast: true }];
}

function sitesOf(tokens: Tokens, lines: LineTable, isMacro: boolean): readonly CallSite[] {
  return new SiteReader(tokens, lines, isMacro).read();
}

/** Goes through the tokens of one body, and keeps the parentheses that are open. */
class SiteReader {
  private readonly sites: CallSite[] = [];
  /** For each open parenthesis the use that it belongs to, or null. */
  private readonly open: (CallUse | null)[] = [];
  /** For each of them which argument is being read. */
  private readonly argumentIn: number[] = [];
  private readonly variables: ReadonlySet<string>;
  private readonly last = new Set<number>();

  constructor(
    private readonly tokens: Tokens,
    private readonly lines: LineTable,
    isMacro: boolean,
  ) {
    this.variables = localVariables(tokens);
    findTailCalls(tokens, 0, tokens.count - 1, (name) => this.last.add(name));
    if (isMacro) this.last.add(soleCall(tokens));
  }

  read(): readonly CallSite[] {
    const { kind, count } = this.tokens;
    for (let token = 0; token < count && this.sites.length < SITE_LIMIT; token++) {
      switch (kind[token]!) {
        case OPEN_PAREN:
          token = this.enter(token);
          break;
        case CLOSE_PAREN:
          this.open.pop();
          this.argumentIn.pop();
          break;
        case COMMA:
          if (this.argumentIn.length > 0) this.argumentIn[this.argumentIn.length - 1]!++;
          break;
        case IDENTIFIER: {
          const isCalled = token + 1 < count && kind[token + 1] === OPEN_PAREN;
          if (!isCalled && this.open.length > 0 && isArgument(this.tokens, token)) this.mention(token);
          break;
        }
      }
    }
    return this.sites;
  }

  /** Reads on in the parenthesis at `paren`, or behind it when no C stands in it; returns the token that was read last. */
  private enter(paren: number): number {
    const { tokens } = this;
    const callee = calleeBefore(tokens, paren);
    const name = callee === null ? '' : tokenText(tokens, callee.name);
    if (callee?.how === 'name' && isAssembly(tokens, callee.name, name)) {
      return Math.max(paren, tokens.partner[paren]!);
    }
    const isCall = callee !== null && !(callee.how === 'name' && NO_CALL.has(name));
    this.open.push(isCall ? this.call(callee, name, paren) : null);
    this.argumentIn.push(0);
    return paren;
  }

  /** Returns what the arguments belong to. */
  private call(callee: Callee, name: string, paren: number): CallUse | null {
    const { tokens } = this;
    if (callee.how === 'name' && GUARDS.has(name) && tokens.kind[paren + 1] === IDENTIFIER) {
      this.add(callee.name, `guard:${tokenText(tokens, paren + 1)}`, 'name', this.lineOf(callee.name));
    }
    const ownLine = this.lineOf(callee.first);
    const around = isWholeArgument(tokens, callee.first, paren) ? this.open.at(-1) : null;
    const line = around?.line ?? ownLine;
    const how = callee.how === 'name' && this.variables.has(name) ? 'pointer' : callee.how;
    this.add(callee.name, name, how, line, { ownLine, isLast: this.last.has(callee.name) });
    return how === 'name' ? { name, line, ownLine } : null;
  }

  private mention(token: number): void {
    const name = tokenText(this.tokens, token);
    const use = this.open.at(-1) ?? null;
    if (use === null) {
      this.add(token, name, 'mention', this.lineOf(token));
      return;
    }
    const { line, ownLine } = use;
    // The end of the variable's scope calls it.
    if (CLEANUP_WORDS.has(use.name)) this.add(token, name, 'name', line, { ownLine });
    else this.add(token, name, 'mention', line, { ownLine, argument: this.argumentIn.at(-1)! });
  }

  private add(
    token: number,
    name: string,
    how: CallSite['how'],
    line: number,
    rest: Partial<Pick<CallSite, 'ownLine' | 'argument' | 'isLast'>> = {},
  ): void {
    const offset = this.tokens.start[token]!;
    const uses = this.open.length > NESTING_LIMIT ? [] : this.open.filter((use) => use !== null);
    this.sites.push({ name, how, line, ownLine: line, offset, uses, argument: -1, isLast: false, ...rest });
  }

  private lineOf(token: number): number {
    return this.lines.lineAt(this.tokens.start[token]!);
  }
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
