/** Ways to damage a file, one at a time. All that is random comes from `random`, so that a round can be run again. */
import { joinedBytes } from './perfDataWriter';
import { below, pick } from './random';

type Random = () => number;
type Damage = (random: Random, bytes: Uint8Array, others: readonly Uint8Array[]) => Uint8Array;

/** Longest part that is taken out, repeated or spliced, in bytes. */
const LONGEST_PART = 400;
/** The longest line that readers keep has 64 kB (lineWindow.ts). */
const OVERLONG_LINE = 70_000;

const NEWLINE = 0x0a;

/**
 * Numbers that no field expects. The multiples of 1024 are what a FOLL_PIN adds to a refcount
 * (GUP_PIN_COUNTING_BIAS of include/linux/mm.h), many times over.
 */
const ABSURD_DECIMALS = [
  '0',
  '-1',
  '00000000000000000000000007',
  '1024',
  '-1024',
  '1047552',
  '2147482624',
  '-2147482624',
  '2147483647',
  '-2147483648',
  '4294967295',
  '9007199254740993',
  '18446744073709551615',
  '99999999999999999999',
  '1'.repeat(400),
];
const ABSURD_HEXADECIMALS = ['0', 'ffffffff', '1fffffffffffff', 'ffffffffffffffff', 'f'.repeat(400)];

/** A part of `bytes` of at most {@link LONGEST_PART} bytes, as its first and behind its last index. */
function part(random: Random, bytes: Uint8Array): readonly [start: number, end: number] {
  const start = below(random, bytes.length);
  return [start, start + below(random, Math.min(LONGEST_PART, bytes.length - start) + 1)];
}

function partOfOther(random: Random, others: readonly Uint8Array[]): Uint8Array {
  const other = pick(random, others);
  return other.subarray(...part(random, other));
}

/** The line at a random place, with its line end. */
function line(random: Random, bytes: Uint8Array): readonly [start: number, end: number] {
  const at = below(random, bytes.length);
  const before = at === 0 ? -1 : bytes.lastIndexOf(NEWLINE, at - 1);
  const newline = bytes.indexOf(NEWLINE, at);
  return [before + 1, newline < 0 ? bytes.length : newline + 1];
}

function replaced(bytes: Uint8Array, start: number, end: number, ...by: readonly Uint8Array[]): Uint8Array {
  return joinedBytes([bytes.subarray(0, start), ...by, bytes.subarray(end)]);
}

const flipBit: Damage = (random, bytes) => {
  const copy = Uint8Array.from(bytes);
  copy[below(random, bytes.length)]! ^= 1 << below(random, 8);
  return copy;
};

const takeOut: Damage = (random, bytes) => replaced(bytes, ...part(random, bytes));

const repeat: Damage = (random, bytes) => {
  const [start, end] = part(random, bytes);
  const times = random() < 0.8 ? 1 : 1 + below(random, 20);
  return replaced(bytes, end, end, ...Array.from({ length: times }, () => bytes.subarray(start, end)));
};

const splice: Damage = (random, bytes, others) => {
  const spliced = partOfOther(random, others);
  const at = below(random, bytes.length);
  const isInserted = random() < 0.5;
  return replaced(bytes, at, isInserted ? at : Math.min(bytes.length, at + spliced.length), spliced);
};

const swap: Damage = (random, bytes) => {
  const [start, end] = part(random, bytes);
  const to = below(random, bytes.length - (end - start) + 1);
  const rest = replaced(bytes, start, end);
  return replaced(rest, to, to, bytes.subarray(start, end));
};

const truncate: Damage = (random, bytes) => bytes.subarray(0, below(random, bytes.length));

const fill =
  (values: readonly number[]): Damage =>
  (random, bytes) => {
    const at = below(random, bytes.length);
    return Uint8Array.from(bytes).fill(pick(random, values), at, at + 1 + below(random, 24));
  };

const insertText =
  (texts: readonly string[]): Damage =>
  (random, bytes) => {
    const at = below(random, bytes.length);
    return replaced(bytes, at, at, new TextEncoder().encode(pick(random, texts)));
  };

/** A number of the text, of either base, becomes another one. */
const absurdNumber: Damage = (random, bytes) => {
  const isDigit = (byte: number | undefined): boolean =>
    byte !== undefined && ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66));
  let start = below(random, bytes.length);
  while (start < bytes.length && !isDigit(bytes[start])) start++;
  while (start > 0 && isDigit(bytes[start - 1])) start--;
  let end = start;
  while (isDigit(bytes[end])) end++;
  const isHexadecimal = bytes[start - 1] === 0x78 || random() < 0.2;
  const digits = pick(random, isHexadecimal ? ABSURD_HEXADECIMALS : ABSURD_DECIMALS);
  return replaced(bytes, start, end, new TextEncoder().encode(digits));
};

const takeOutLine: Damage = (random, bytes) => replaced(bytes, ...line(random, bytes));

const moveLine: Damage = (random, bytes) => {
  const [start, end] = line(random, bytes);
  const [to] = line(random, bytes);
  const moved = bytes.subarray(start, end);
  return to <= start
    ? joinedBytes([bytes.subarray(0, to), moved, bytes.subarray(to, start), bytes.subarray(end)])
    : joinedBytes([bytes.subarray(0, start), bytes.subarray(end, to), moved, bytes.subarray(to)]);
};

const repeatLine: Damage = (random, bytes) => {
  const [start, end] = line(random, bytes);
  const times = 1 + below(random, 30);
  return replaced(bytes, end, end, ...Array.from({ length: times }, () => bytes.subarray(start, end)));
};

const joinLines: Damage = (random, bytes) => {
  const [start, end] = part(random, bytes);
  return replaced(
    bytes,
    start,
    end,
    bytes.subarray(start, end).map((byte) => (byte === NEWLINE ? 0x20 : byte)),
  );
};

const overlongLine: Damage = (random, bytes) => {
  const [start] = line(random, bytes);
  return replaced(bytes, start, start, new Uint8Array(OVERLONG_LINE).fill(pick(random, [0x20, 0x61, 0x3d])));
};

/** A size, a count or an offset that is absurd, of any width, mostly where such fields stand. */
const absurdField: Damage = (random, bytes) => {
  const size = pick(random, [1, 2, 4, 4, 8, 8]);
  const at = below(random, bytes.length);
  const place = random() < 0.8 ? at - (at % size) : at;
  if (place + size > bytes.length) return flipBit(random, bytes, []);
  const length = BigInt(bytes.length);
  const value = pick(random, [
    0n,
    1n,
    7n,
    8n,
    0xffn,
    0xffffn,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    1n << 53n,
    1n << 63n,
    (1n << 64n) - 1n,
    (1n << 64n) - 8n,
    length,
    length - 1n,
    length - BigInt(place),
    BigInt(place),
  ]);
  const copy = Uint8Array.from(bytes);
  const isLittle = random() < 0.8;
  for (let i = 0; i < size; i++) {
    copy[place + (isLittle ? i : size - 1 - i)] = Number((value >> BigInt(8 * i)) & 0xffn);
  }
  return copy;
};

/** A number becomes a little larger or smaller. */
const nearbyField: Damage = (random, bytes) => {
  const copy = Uint8Array.from(bytes);
  copy[below(random, bytes.length)]! += pick(random, [-8, -4, -1, 1, 4, 8]);
  return copy;
};

const insertDigits = insertText(['99999999999999999999', '-', '0x', '18446744073709551615']);

const TEXT_DAMAGES: readonly Damage[] = [
  flipBit,
  takeOut,
  repeat,
  splice,
  swap,
  truncate,
  fill([0, NEWLINE, 0x20, 0xff, 0x3a, 0x3d]),
  insertDigits,
  absurdNumber,
  absurdNumber,
  takeOutLine,
  moveLine,
  repeatLine,
  joinLines,
];

const BINARY_DAMAGES: readonly Damage[] = [
  flipBit,
  flipBit,
  takeOut,
  repeat,
  splice,
  swap,
  truncate,
  fill([0, NEWLINE, 1, 0x7f, 0x80, 0xff]),
  insertDigits,
  absurdField,
  absurdField,
  absurdField,
  nearbyField,
];

function damaged(
  random: Random,
  bytes: Uint8Array,
  others: readonly Uint8Array[],
  damages: readonly Damage[],
): Uint8Array {
  let result = bytes;
  for (let times = 1 + below(random, 4); times > 0; times--) {
    if (result.length > 0) result = pick(random, damages)(random, result, others);
  }
  return result;
}

/**
 * `bytes` of a text with one to four damages: bits, parts that are gone, repeated, moved or of one of the `others`,
 * lines that run together or have no end, absurd numbers.
 */
export function damagedText(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const result = damaged(random, bytes, others, TEXT_DAMAGES);
  return result.length > 0 && random() < 0.002 ? overlongLine(random, result, others) : result;
}

/** As {@link damagedText}, for binary files: absurd numbers are fields of 1 to 8 bytes. */
export function damagedBinary(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  return damaged(random, bytes, others, BINARY_DAMAGES);
}

/** `bytes` with a part of it repeated until there are `size` bytes: what is slow or greedy about it shows. */
export function repeatedUpTo(random: Random, bytes: Uint8Array, size: number): Uint8Array {
  const start = below(random, bytes.length);
  const length = 1 + below(random, Math.min(4000, bytes.length - start));
  const block = bytes.subarray(start, start + length);
  const times = Math.max(1, Math.floor((size - bytes.length) / length));
  const result = new Uint8Array(bytes.length + times * length);
  result.set(bytes.subarray(0, start));
  for (let i = 0; i <= times; i++) result.set(block, start + i * length);
  result.set(bytes.subarray(start + length), start + (times + 1) * length);
  return result;
}

/** Whether {@link damagedText} made a line that is longer than readers keep: the files are far smaller otherwise. */
export const hasLongLine = (bytes: Uint8Array): boolean => bytes.length >= OVERLONG_LINE;
