/**
 * Calls that are the last thing their function does. Compilers turn such a call into a jump, and then the
 * function is missing from the stack between its caller and what it called.
 */
import { DIRECTIVE, IDENTIFIER, tokenIs, type Tokens } from './tokens';

const OPEN_PAREN = 40;
const CLOSE_PAREN = 41;
const COLON = 58;
const SEMICOLON = 59;
const EQUALS = 61;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

const Block = {
  Plain: 0,
  Switch: 1,
  /** A loop, or a statement expression: what follows its end is not what its last call does next. */
  Loop: 2,
} as const;
type Block = (typeof Block)[keyof typeof Block];

interface OpenBlock {
  readonly kind: Block;
  /** Token of its brace. */
  readonly open: number;
}

/** Steps from a call to the end of its function, over closing braces, labels and else branches. */
const STEP_LIMIT = 60;
/** Tokens of a statement after an else. */
const STATEMENT_LIMIT = 200;

/** Calls `take` with the name token of each such call between the braces `open` and `close`. */
export function findTailCalls(
  tokens: Tokens,
  open: number,
  close: number,
  take: (name: number) => void,
): void {
  const { kind } = tokens;
  const blocks: OpenBlock[] = [];
  const parens: number[] = [];
  let lastGroup = -1;

  for (let token = open + 1; token < close; token++) {
    switch (kind[token]!) {
      case OPEN_PAREN:
        parens.push(token);
        break;
      case CLOSE_PAREN:
        lastGroup = parens.pop() ?? -1;
        break;
      case OPEN_BRACE:
        blocks.push({ kind: blockKind(tokens, token, lastGroup), open: token });
        break;
      case CLOSE_BRACE:
        blocks.pop();
        break;
      case IDENTIFIER:
        if (kind[token + 1] === OPEN_PAREN && isTailCall(tokens, token, close, blocks)) take(token);
        break;
    }
  }
}

/** The name token of the only call of a macro's text, `((name(…)))`, or -1. */
export function soleCall(tokens: Tokens): number {
  const { kind, partner } = tokens;
  let from = 0;
  let to = tokens.count - 1;
  while (from < to && kind[from] === OPEN_PAREN && partner[from] === to) {
    from++;
    to--;
  }
  return kind[from] === IDENTIFIER && kind[from + 1] === OPEN_PAREN && partner[from + 1] === to ? from : -1;
}

function blockKind(tokens: Tokens, brace: number, lastGroup: number): Block {
  const before = tokens.kind[brace - 1];
  if (before === OPEN_PAREN) return Block.Loop;
  if (before === IDENTIFIER) return tokenIs(tokens, brace - 1, 'do') ? Block.Loop : Block.Plain;
  if (before !== CLOSE_PAREN || lastGroup < 1) return Block.Plain;
  if (tokenIs(tokens, lastGroup - 1, 'if')) return Block.Plain;
  return tokenIs(tokens, lastGroup - 1, 'switch') ? Block.Switch : Block.Loop;
}

function isTailCall(tokens: Tokens, name: number, close: number, blocks: readonly OpenBlock[]): boolean {
  const { kind } = tokens;
  const before = kind[name - 1];
  const startsStatement =
    before === SEMICOLON ||
    before === OPEN_BRACE ||
    before === CLOSE_BRACE ||
    before === CLOSE_PAREN ||
    before === COLON ||
    before === DIRECTIVE ||
    (before === IDENTIFIER && tokenIs(tokens, name - 1, 'else'));
  const isReturned = before === IDENTIFIER && tokenIs(tokens, name - 1, 'return');
  const isAssigned = before === EQUALS && kind[name - 2] === IDENTIFIER;
  if (!startsStatement && !isReturned && !isAssigned) return false;

  const end = tokens.partner[name + 1]!;
  if (end < 0 || kind[end + 1] !== SEMICOLON) return false;
  if (isReturned) return true;
  return isAssigned ? returnsVariable(tokens, end + 2, name - 2) : reachesEnd(tokens, end + 2, close, blocks);
}

/** `result = f(…); return result;` */
function returnsVariable(tokens: Tokens, from: number, variable: number): boolean {
  return (
    tokens.kind[from] === IDENTIFIER &&
    tokenIs(tokens, from, 'return') &&
    tokens.hash[from + 1] === tokens.hash[variable] &&
    tokens.kind[from + 2] === SEMICOLON
  );
}

/** Does the function end, without doing anything more, when it goes on at `from`? */
function reachesEnd(tokens: Tokens, from: number, close: number, blocks: readonly OpenBlock[]): boolean {
  const { kind } = tokens;
  let token = from;
  let level = blocks.length;
  for (let step = 0; step < STEP_LIMIT && token <= close; step++) {
    if (kind[token] === CLOSE_BRACE) {
      if (token === close) return true;
      level--;
      if (level < 0 || blocks[level]!.kind === Block.Loop) return false;
      token++;
    } else if (kind[token] === DIRECTIVE) {
      token++;
    } else if (kind[token] !== IDENTIFIER) {
      return false;
    } else if (kind[token + 1] === COLON) {
      token += 2;
    } else if (tokenIs(tokens, token, 'return')) {
      return kind[token + 1] === SEMICOLON;
    } else if (tokenIs(tokens, token, 'else')) {
      token = behindStatement(tokens, token + 1, close);
    } else if (tokenIs(tokens, token, 'break')) {
      const target = blocks.slice(0, level).findLastIndex(({ kind: block }) => block !== Block.Plain);
      const block = blocks[target];
      if (!block || block.kind === Block.Loop || tokens.partner[block.open]! < 0) return false;
      token = tokens.partner[block.open]! + 1;
      level = target;
    } else {
      return false;
    }
  }
  return false;
}

/** The token behind the statement at `from`: a block, an if with its branches, or up to a semicolon. */
function behindStatement(tokens: Tokens, from: number, close: number): number {
  const { kind } = tokens;
  let token = from;
  while (token < close && kind[token] === IDENTIFIER && tokenIs(tokens, token, 'if')) {
    const end = tokens.partner[token + 1]!;
    if (end < 0) return close + 1;
    token = end + 1;
  }
  if (kind[token] === OPEN_BRACE) return tokens.partner[token]! < 0 ? close + 1 : tokens.partner[token]! + 1;
  const last = Math.min(close, token + STATEMENT_LIMIT);
  while (token < last && kind[token] !== SEMICOLON) token++;
  return token < last ? token + 1 : close + 1;
}
