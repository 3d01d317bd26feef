/**
 * C source text as tokens in columns: enough of C to tell definitions, calls and assignments apart from
 * comments, strings and code that is switched off for good (`#if 0`, `#ifdef __ASSEMBLY__`).
 * Never throws: an unterminated comment ends with the text, an unterminated string with its line.
 */

export const IDENTIFIER = 1;
export const NUMBER = 2;
/** A string or character literal. */
export const LITERAL = 3;
/** A whole preprocessor line with its continuation lines; see {@link Tokens.start}. */
export const DIRECTIVE = 4;
/** `->`. Every other kind is the character code of a punctuation character (33 and above). */
export const ARROW = 5;

export interface Tokens {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly kind: Uint8Array;
  /** Byte offset of the token's first byte. */
  readonly start: Int32Array;
  /** Byte offset behind the token's last byte. */
  readonly end: Int32Array;
  /** {@link nameHash} of identifiers, 0 for other tokens. */
  readonly hash: Int32Array;
  /**
   * Of a parenthesis, bracket or brace the token of its partner; -1 when it has none, and for other tokens.
   * A brace in the first column has no partner and ends what is open before it: in the kernel's style only the
   * braces of functions and types stand there, so that text which does not balance spoils one function at most.
   */
  readonly partner: Int32Array;
}

/** Class of a byte: 1 may begin an identifier, 2 digit, 4 white space, 0 everything else. */
const BYTE_CLASS = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const letter = (byte >= 97 && byte <= 122) || (byte >= 65 && byte <= 90) || byte === 95;
  if (letter || byte >= 128 || byte === 36) BYTE_CLASS[byte] = 1;
  else if (byte >= 48 && byte <= 57) BYTE_CLASS[byte] = 2;
  else if (byte <= 32) BYTE_CLASS[byte] = 4;
}

const NEWLINE = 10;
const QUOTE = 34;
const HASH = 35;
const APOSTROPHE = 39;
const STAR = 42;
const MINUS = 45;
const SLASH = 47;
const BACKSLASH = 92;
const GREATER = 62;

export function isIdentifierByte(byte: number): boolean {
  return (BYTE_CLASS[byte]! & 3) !== 0;
}

/** The hash that tokens carry, of a name in ASCII. */
export function nameHash(name: string): number {
  let hash = 0;
  for (let index = 0; index < name.length; index++) hash = (Math.imul(hash, 31) + name.charCodeAt(index)) | 0;
  return hash;
}

/** A set of name hashes; a few bits of each are looked at first, as nearly all that is asked for is not in it. */
export class HashSet {
  private readonly hashes = new Set<number>();
  private readonly lowBits = new Uint8Array(1 << 16);

  add(hash: number): void {
    this.hashes.add(hash);
    this.lowBits[hash & 0xffff] = 1;
  }

  has(hash: number): boolean {
    return this.lowBits[hash & 0xffff] === 1 && this.hashes.has(hash);
  }

  clear(): void {
    this.hashes.clear();
    this.lowBits.fill(0);
  }
}

/**
 * Does a word of the text, code or not, have one of the hashes? Three times as fast as {@link tokenize}.
 */
export function mentionsAny(bytes: Uint8Array, hashes: HashSet): boolean {
  const { length } = bytes;
  let position = 0;
  while (position < length) {
    if (BYTE_CLASS[bytes[position]!] !== 1) {
      position++;
      continue;
    }
    let hash = 0;
    do {
      hash = (Math.imul(hash, 31) + bytes[position]!) | 0;
      position++;
    } while (position < length && (BYTE_CLASS[bytes[position]!]! & 3) !== 0);
    if (hashes.has(hash)) return true;
  }
  return false;
}

export function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let index = from; index < to; index++) text += String.fromCharCode(bytes[index]!);
  return text;
}

export function tokenText(tokens: Tokens, token: number): string {
  return textOf(tokens.bytes, tokens.start[token]!, tokens.end[token]!);
}

/** True when the token is this identifier or punctuation text, without making a string. */
export function tokenIs(tokens: Tokens, token: number, text: string): boolean {
  const start = tokens.start[token]!;
  if (tokens.end[token]! - start !== text.length) return false;
  for (let index = 0; index < text.length; index++) {
    if (tokens.bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** Columns that are filled again for each file of a walk over the tree, so that it makes no garbage. */
export class TokenBuffer implements Tokens {
  bytes: Uint8Array = new Uint8Array(0);
  count = 0;
  kind: Uint8Array;
  start: Int32Array;
  end: Int32Array;
  hash: Int32Array;
  partner: Int32Array;

  constructor(capacity = 1024) {
    this.kind = new Uint8Array(capacity);
    this.start = new Int32Array(capacity);
    this.end = new Int32Array(capacity);
    this.hash = new Int32Array(capacity);
    this.partner = new Int32Array(capacity);
  }

  grow(): void {
    const capacity = this.kind.length * 2;
    const wider = (column: Int32Array): Int32Array => {
      const copy = new Int32Array(capacity);
      copy.set(column);
      return copy;
    };
    const kind = new Uint8Array(capacity);
    kind.set(this.kind);
    this.kind = kind;
    this.start = wider(this.start);
    this.end = wider(this.end);
    this.hash = wider(this.hash);
    this.partner = wider(this.partner);
  }
}

/** Tokens of a whole file. `into` is reused when given; what it held is then gone. */
export function tokenize(bytes: Uint8Array, into?: TokenBuffer): Tokens {
  return tokenizeRange(bytes, 0, bytes.length, true, into);
}

/**
 * Tokens from byte offset `from` to `to`. Without `directives` a `#` is plain punctuation, as in the
 * replacement text of a macro.
 */
export function tokenizeRange(
  bytes: Uint8Array,
  from: number,
  to: number,
  directives: boolean,
  into: TokenBuffer = new TokenBuffer(Math.max(64, (to - from) >> 2)),
): Tokens {
  into.bytes = bytes;
  let count = 0;
  let position = from;
  let lineIsEmpty = from === 0 || bytes[from - 1] === NEWLINE;
  const conditions = new Conditions();
  const pairs = new Pairs(into);

  while (position < to) {
    const byte = bytes[position]!;
    const kindOfByte = BYTE_CLASS[byte]!;
    if (kindOfByte === 4) {
      if (byte === NEWLINE) lineIsEmpty = true;
      position++;
      continue;
    }
    let kind = byte;
    let hash = 0;
    const start = position;
    if (kindOfByte === 1) {
      kind = IDENTIFIER;
      do {
        hash = (Math.imul(hash, 31) + bytes[position]!) | 0;
        position++;
      } while (position < to && (BYTE_CLASS[bytes[position]!]! & 3) !== 0);
    } else if (kindOfByte === 2) {
      kind = NUMBER;
      do position++;
      while (position < to && ((BYTE_CLASS[bytes[position]!]! & 3) !== 0 || bytes[position] === 46));
    } else if (byte === SLASH && bytes[position + 1] === STAR) {
      position = endOfBlockComment(bytes, position, to);
      continue;
    } else if (byte === SLASH && bytes[position + 1] === SLASH) {
      position = endOfLine(bytes, position, to);
      continue;
    } else if (byte === QUOTE || byte === APOSTROPHE) {
      kind = LITERAL;
      position = endOfLiteral(bytes, position, to);
    } else if (byte === BACKSLASH) {
      position++;
      continue;
    } else if (byte === HASH && lineIsEmpty && directives) {
      kind = DIRECTIVE;
      position = endOfDirective(bytes, position, to);
      if (conditions.enters(bytes, start, position)) {
        position = skipDeadBranch(bytes, position, to);
        lineIsEmpty = true;
        continue;
      }
    } else if (byte === MINUS && bytes[position + 1] === GREATER) {
      kind = ARROW;
      position += 2;
    } else {
      position++;
    }
    lineIsEmpty = false;
    if (count === into.kind.length) into.grow();
    into.kind[count] = kind;
    into.start[count] = start;
    into.end[count] = position;
    into.hash[count] = hash;
    into.partner[count] = -1;
    if (isGroupByte(kind)) pairs.add(count, kind, start === 0 || bytes[start - 1] === NEWLINE);
    count++;
  }
  into.count = count;
  return into;
}

const PARENS = 0;
const BRACKETS = 1;
const BRACES = 2;

function isGroupByte(kind: number): boolean {
  return kind === 40 || kind === 41 || kind === 91 || kind === 93 || kind === 123 || kind === 125;
}

/** Finds the partners of parentheses, brackets and braces, each kind for itself. */
class Pairs {
  private readonly open: readonly number[][] = [[], [], []];

  constructor(private readonly into: TokenBuffer) {}

  add(token: number, kind: number, startsLine: boolean): void {
    const group = kind <= 41 ? PARENS : kind <= 93 ? BRACKETS : BRACES;
    if (group === BRACES && startsLine) {
      for (const open of this.open) open.length = 0;
      return;
    }
    const open = this.open[group]!;
    if (kind === 40 || kind === 91 || kind === 123) {
      open.push(token);
      return;
    }
    const partner = open.pop();
    if (partner === undefined) return;
    this.into.partner[partner] = token;
    this.into.partner[token] = partner;
  }
}

function endOfLine(bytes: Uint8Array, from: number, to: number): number {
  const end = bytes.indexOf(NEWLINE, from);
  return end < 0 || end > to ? to : end;
}

function endOfBlockComment(bytes: Uint8Array, from: number, to: number): number {
  let position = from + 2;
  while (position < to) {
    const star = bytes.indexOf(STAR, position);
    if (star < 0 || star + 1 >= to) return to;
    if (bytes[star + 1] === SLASH) return star + 2;
    position = star + 1;
  }
  return to;
}

function endOfLiteral(bytes: Uint8Array, from: number, to: number): number {
  const quote = bytes[from]!;
  let position = from + 1;
  while (position < to) {
    const byte = bytes[position]!;
    if (byte === BACKSLASH) position += 2;
    else if (byte === quote) return position + 1;
    else if (byte === NEWLINE) return position;
    else position++;
  }
  return to;
}

/** Behind the last line of a directive: continuation lines and comments that span lines belong to it. */
function endOfDirective(bytes: Uint8Array, from: number, to: number): number {
  let position = from + 1;
  while (position < to) {
    const byte = bytes[position]!;
    if (byte === NEWLINE) return position;
    if (byte === BACKSLASH) {
      position += bytes[position + 1] === 13 ? 3 : 2;
    } else if (byte === SLASH && bytes[position + 1] === STAR) {
      position = endOfBlockComment(bytes, position, to);
    } else if (byte === SLASH && bytes[position + 1] === SLASH) {
      return endOfLine(bytes, position, to);
    } else if (byte === QUOTE || byte === APOSTROPHE) {
      position = endOfLiteral(bytes, position, to);
    } else {
      position++;
    }
  }
  return to;
}

/** The word after `#`, for example `ifdef`; empty for a lone `#`. */
function directiveWord(bytes: Uint8Array, start: number, end: number): string {
  let position = start + 1;
  while (position < end && (bytes[position] === 32 || bytes[position] === 9)) position++;
  const from = position;
  while (position < end && isIdentifierByte(bytes[position]!)) position++;
  return textOf(bytes, from, position);
}

/** Macros that no kernel C compilation defines, so that code under them is never the code of a frame. */
const NEVER_DEFINED = new Set([
  '__ASSEMBLY__',
  '__ASSEMBLER__',
  '__cplusplus',
  '__CHECKER__',
  '__GENKSYMS__',
]);

/** Follows the conditionals of a file far enough to see which branches are dead whatever the configuration. */
class Conditions {
  /** For each open conditional: was its first branch the only live one? */
  private readonly onlyFirst: boolean[] = [];

  /** Takes a directive; true when the branch that it opens is dead and has to be skipped. */
  enters(bytes: Uint8Array, start: number, end: number): boolean {
    // Only conditionals begin with `if`, `el` or `en`; the test keeps #define and #include cheap.
    let position = start + 1;
    while (bytes[position] === 32 || bytes[position] === 9) position++;
    const first = bytes[position];
    if (first !== 105 && first !== 101) return false;
    const word = directiveWord(bytes, start, end);
    if (word === 'if' || word === 'ifdef' || word === 'ifndef') {
      const fixed = fixedCondition(word, textOf(bytes, position + word.length, Math.min(end, position + 80)));
      this.onlyFirst.push(fixed === true);
      return fixed === false;
    }
    if (word === 'else' || word === 'elif') return this.onlyFirst[this.onlyFirst.length - 1] === true;
    if (word === 'endif') this.onlyFirst.pop();
    return false;
  }
}

/** The value of a condition that does not depend on the configuration, or null. */
function fixedCondition(word: string, rest: string): boolean | null {
  const name = rest.replace(/\/\*.*|\/\/.*/, '').trim();
  if (word === 'if') {
    if (name === '0') return false;
    return name === '1' ? true : null;
  }
  if (!NEVER_DEFINED.has(name)) return null;
  return word === 'ifndef';
}

/** From behind the directive that opens a dead branch to the directive that ends it (`#else`, `#elif`, `#endif`). */
function skipDeadBranch(bytes: Uint8Array, from: number, to: number): number {
  let depth = 0;
  let position = from;
  while (position < to) {
    const lineEnd = endOfLine(bytes, position, to);
    let first = position;
    while (first < lineEnd && (bytes[first] === 32 || bytes[first] === 9)) first++;
    if (bytes[first] === HASH) {
      const word = directiveWord(bytes, first, lineEnd);
      if (word === 'if' || word === 'ifdef' || word === 'ifndef') depth++;
      else if (word === 'endif' && depth > 0) depth--;
      else if (depth === 0 && (word === 'endif' || word === 'else' || word === 'elif')) return first;
    }
    position = lineEnd + 1;
  }
  return to;
}
