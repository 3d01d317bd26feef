/**
 * The top level of a C file: which tokens define a function, invoke a macro, or are a preprocessor line.
 * Works on tokens alone, makes no objects, and finds its feet again after anything that does not balance.
 */
import { DIRECTIVE, IDENTIFIER, tokenIs, type Tokens } from './tokens';

const OPEN_PAREN = 40;
const CLOSE_PAREN = 41;
const EQUALS = 61;
const COLON = 58;
const SEMICOLON = 59;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const NEWLINE = 10;

/** Takes what {@link walkTopLevel} finds. All arguments are token numbers. */
interface TopLevelVisitor {
  /**
   * A function with a body, `name (` … `)` … `{` … `}`; for `SYSCALL_DEFINE3(read, …) { … }` the name is
   * that of the macro. `from` is the first token of the declaration.
   */
  function(name: number, parameters: number, bodyOpen: number, bodyClose: number, from: number): void;
  /** `NAME(…)` at the top level that is not a function with a body: a macro, or a prototype. */
  invocation(name: number, open: number, close: number): void;
  directive(token: number): void;
}

/** Words that stand before a parenthesis without being called or defined. */
const KEYWORDS = [
  'if',
  'while',
  'for',
  'switch',
  'return',
  'sizeof',
  'typeof',
  '__typeof__',
  'asm',
  '__asm__',
];

export function walkTopLevel(tokens: Tokens, visitor: TopLevelVisitor): void {
  const { kind, count } = tokens;
  /** Names and parentheses of the declaration that is being read: name, open, close, name, open, close … */
  let groups: number[] = [];
  let from = 0;
  let initialised = false;
  let token = 0;

  const startAfter = (last: number): void => {
    groups = [];
    initialised = false;
    from = last + 1;
  };
  const reportInvocations = (except: number): void => {
    for (let group = 0; group < groups.length; group += 3) {
      if (groups[group] !== except)
        visitor.invocation(groups[group]!, groups[group + 1]!, groups[group + 2]!);
    }
  };

  while (token < count) {
    switch (kind[token]!) {
      case DIRECTIVE:
        visitor.directive(token);
        if (token === from) from++;
        break;
      case EQUALS:
        initialised = true;
        break;
      case SEMICOLON:
        reportInvocations(-1);
        startAfter(token);
        break;
      case OPEN_PAREN: {
        const close = tokens.partner[token]!;
        if (close < 0) break;
        if (token > 0 && kind[token - 1] === IDENTIFIER) groups.push(token - 1, token, close);
        token = close;
        break;
      }
      case OPEN_BRACE: {
        if (isLanguageBlock(tokens, token)) {
          startAfter(token);
          break;
        }
        const close = closingBrace(tokens, token);
        // After `=` a brace is an initialiser's, but `= … name(…)` and a brace in the first column are not.
        const isValue = initialised && !startsLine(tokens, token);
        const group = isValue ? -1 : functionGroup(tokens, groups, token);
        if (group >= 0) {
          reportInvocations(groups[group]!);
          visitor.function(groups[group]!, groups[group + 1]!, token, close, from);
          startAfter(close);
        }
        visitDirectives(tokens, token + 1, close, visitor);
        token = close;
        break;
      }
      case CLOSE_BRACE:
        startAfter(token);
        break;
    }
    token++;
  }
  reportInvocations(-1);
}

/** #define within a function is as good as one outside. */
function visitDirectives(tokens: Tokens, from: number, to: number, visitor: TopLevelVisitor): void {
  for (let token = from; token < to; token++) {
    if (tokens.kind[token] === DIRECTIVE) visitor.directive(token);
  }
}

/** `extern "C" {`: what is inside stands at the top level. */
function isLanguageBlock(tokens: Tokens, brace: number): boolean {
  return brace > 1 && tokenIs(tokens, brace - 1, '"C"') && tokenIs(tokens, brace - 2, 'extern');
}

/**
 * Which of the `name(…)` groups before a `{` is the function: the last one, but for annotations such as
 * `__releases(lock)`, which follow the `)` of another group. -1 when the brace opens no function.
 */
function functionGroup(tokens: Tokens, groups: readonly number[], brace: number): number {
  for (let group = groups.length - 3; group >= 0; group -= 3) {
    const name = groups[group]!;
    const before = previousToken(tokens, name);
    if (before >= 0 && tokens.kind[before] === CLOSE_PAREN && group > 0) continue;
    if (before >= 0 && isTagKeyword(tokens, before)) return -1;
    if (KEYWORDS.some((word) => tokenIs(tokens, name, word))) return -1;
    return onlyAnnotations(tokens, groups[group + 2]!, brace) ? group : -1;
  }
  return -1;
}

/** Between the parameters and the brace there are only names and further parentheses. */
function onlyAnnotations(tokens: Tokens, close: number, brace: number): boolean {
  for (let token = close + 1; token < brace; token++) {
    const kind = tokens.kind[token]!;
    if (kind === OPEN_PAREN) {
      const end = tokens.partner[token]!;
      if (end < 0 || end > brace) return false;
      token = end;
    } else if (kind !== IDENTIFIER && kind !== DIRECTIVE) {
      return false;
    }
  }
  return true;
}

function isTagKeyword(tokens: Tokens, token: number): boolean {
  return (
    tokenIs(tokens, token, 'struct') || tokenIs(tokens, token, 'union') || tokenIs(tokens, token, 'enum')
  );
}

function previousToken(tokens: Tokens, token: number): number {
  let previous = token - 1;
  while (previous >= 0 && tokens.kind[previous] === DIRECTIVE) previous--;
  return previous;
}

function startsLine(tokens: Tokens, token: number): boolean {
  const start = tokens.start[token]!;
  return start === 0 || tokens.bytes[start - 1] === NEWLINE;
}

/**
 * The token of the `}` that closes the `{` at `open`, or the last token. In the kernel's style
 * (Documentation/process/coding-style.rst) a brace in the first column belongs to the top level, so the
 * first `}` there ends the block even where #ifdef branches leave the braces unbalanced.
 */
function closingBrace(tokens: Tokens, open: number): number {
  const { kind } = tokens;
  const openStartsLine = startsLine(tokens, open);
  let depth = 0;
  for (let token = open; token < tokens.count; token++) {
    const of = kind[token];
    if (of === OPEN_BRACE) depth++;
    else if (of === CLOSE_BRACE) {
      depth--;
      if (startsLine(tokens, token)) return token;
      if (depth !== 0) continue;
      if (!openStartsLine || sameLine(tokens, open, token) || declarationFollows(tokens, token)) return token;
    }
  }
  return Math.max(open, tokens.count - 1);
}

/** The next token begins a line, and is no label. */
function declarationFollows(tokens: Tokens, token: number): boolean {
  const next = token + 1;
  if (next + 1 >= tokens.count || tokens.kind[next] !== IDENTIFIER || !startsLine(tokens, next)) return false;
  return tokens.kind[next + 1] !== COLON;
}

function sameLine(tokens: Tokens, first: number, second: number): boolean {
  const newline = tokens.bytes.indexOf(NEWLINE, tokens.start[first]);
  return newline < 0 || newline > tokens.start[second]!;
}
