import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DIRECTIVE,
  IDENTIFIER,
  LITERAL,
  mentionsAny,
  HashSet,
  nameHash,
  tokenize,
  tokenText,
} from '../../../src/source/tokens';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function words(text: string): string[] {
  const tokens = tokenize(bytesOf(text));
  return Array.from({ length: tokens.count }, (_, token) => tokenText(tokens, token));
}

test('comments and white space are no tokens', () => {
  assert.deepEqual(words('a /* b(c) */ d // e\nf'), ['a', 'd', 'f']);
});

test('a string or character is one token and hides what is in it', () => {
  assert.deepEqual(words('f("a(b) /* \\" */", \'"\', x)'), [
    'f',
    '(',
    '"a(b) /* \\" */"',
    ',',
    "'\"'",
    ',',
    'x',
    ')',
  ]);
});

test('an unterminated string ends with its line, an unterminated comment with the text', () => {
  assert.deepEqual(words('a "b\nc'), ['a', '"b', 'c']);
  assert.deepEqual(words('a /* b\nc'), ['a']);
});

test('a directive is one token with its continuation lines and comments', () => {
  assert.deepEqual(words('#define f(x) \\\n  g(x) /* over\n lines */ + 1\nh'), [
    '#define f(x) \\\n  g(x) /* over\n lines */ + 1',
    'h',
  ]);
});

test('code that no configuration compiles is left out', () => {
  assert.deepEqual(
    words('#if 0\na\n#if X\nb\n#endif\n#else\nc\n#endif\nd').filter((word) => !word.startsWith('#')),
    ['c', 'd'],
  );
  assert.deepEqual(
    words('#ifdef __ASSEMBLY__\na\n#else\nb\n#endif').filter((word) => !word.startsWith('#')),
    ['b'],
  );
  assert.deepEqual(
    words('#ifndef __ASSEMBLY__ /* C */\na\n#else\nb\n#endif\nc').filter((word) => !word.startsWith('#')),
    ['a', 'c'],
  );
  assert.deepEqual(
    words('#ifdef CONFIG_X\na\n#else\nb\n#endif').filter((word) => !word.startsWith('#')),
    ['a', 'b'],
  );
});

test('kinds, hashes and partners stand in columns', () => {
  const tokens = tokenize(bytesOf('#x\nput(a["s"], { b })'));
  assert.deepEqual([...tokens.kind.subarray(0, 3)], [DIRECTIVE, IDENTIFIER, 40]);
  assert.equal(tokens.hash[1], nameHash('put'));
  assert.equal(tokens.partner[2], tokens.count - 1);
  assert.equal(tokens.partner[tokens.count - 1], 2);
  assert.equal(tokens.kind[5], LITERAL);
});

test('a brace in the first column ends parentheses that do not balance', () => {
  const tokens = tokenize(bytesOf('f((a;\n}\ng(b)'));
  const open = Array.from({ length: tokens.count }, (_, token) => token).filter(
    (token) => tokens.kind[token] === 40,
  );
  assert.deepEqual(
    open.map((token) => tokens.partner[token]),
    [-1, -1, tokens.count - 1],
  );
});

test('any bytes give tokens that lie within them and in order', () => {
  let seed = 7;
  const next = (): number => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff);
  const alphabet = bytesOf('a1_ \n\t"\'\\/*#(){}[];,.-><=if0else\u0000\u00ff');
  for (let round = 0; round < 300; round++) {
    const bytes = Uint8Array.from({ length: next() % 200 }, () => alphabet[(next() >> 8) % alphabet.length]!);
    const tokens = tokenize(bytes);
    let last = 0;
    for (let token = 0; token < tokens.count; token++) {
      assert.ok(tokens.start[token]! >= last && tokens.end[token]! > tokens.start[token]!);
      last = tokens.end[token]!;
    }
    assert.ok(last <= bytes.length);
  }
});

test('mentionsAny looks for whole words', () => {
  const hashes = new HashSet();
  hashes.add(nameHash('vm_fault'));
  assert.equal(mentionsAny(bytesOf('x = vm_fault(a);'), hashes), true);
  assert.equal(mentionsAny(bytesOf('x = vm_faults(do_vm_fault);'), hashes), false);
});

test('text made to take time takes little', () => {
  const started = performance.now();
  for (const unit of ['(', ')', '{', '\n{', '((', 'f(', '"', '/*', '#if 0\n', '#else\n', '\\\n', "'", '[']) {
    tokenize(bytesOf(unit.repeat(300_000 / unit.length)));
  }
  assert.ok(performance.now() - started < 5_000);
});
