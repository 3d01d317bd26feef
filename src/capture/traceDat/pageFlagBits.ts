import { PageFlag } from '../eventTable';
import { constantOf, namedValues } from './printFormat';

/**
 * The bit order of enum pageflags (include/linux/page-flags.h) by kernel version, with every flag that any
 * configuration has; a kernel has those of them that its events name.
 */
const ORDERS = {
  '4.6 to 4.19': [
    ...[
      'locked',
      'error',
      'referenced',
      'uptodate',
      'dirty',
      'lru',
      'active',
      'waiters',
      'slab',
      'owner_priv_1',
    ],
    ...[
      'arch_1',
      'reserved',
      'private',
      'private_2',
      'writeback',
      'head',
      'swapcache',
      'mappedtodisk',
      'reclaim',
    ],
    ...['swapbacked', 'unevictable', 'mlocked', 'uncached', 'hwpoison', 'young', 'idle'],
  ],
  '4.20 to 6.6': [
    ...[
      'locked',
      'referenced',
      'uptodate',
      'dirty',
      'lru',
      'active',
      'workingset',
      'waiters',
      'error',
      'slab',
    ],
    ...['owner_priv_1', 'arch_1', 'reserved', 'private', 'private_2', 'writeback', 'head', 'mappedtodisk'],
    ...['reclaim', 'swapbacked', 'unevictable', 'mlocked', 'uncached', 'hwpoison', 'young', 'idle', 'arch_2'],
    ...['arch_3', 'skip_kasan_poison'],
  ],
  '6.7 and later': [
    ...[
      'locked',
      'writeback',
      'referenced',
      'uptodate',
      'dirty',
      'lru',
      'head',
      'waiters',
      'active',
      'workingset',
    ],
    ...[
      'error',
      'slab',
      'owner_priv_1',
      'owner_2',
      'arch_1',
      'reserved',
      'private',
      'private_2',
      'mappedtodisk',
    ],
    ...[
      'reclaim',
      'swapbacked',
      'unevictable',
      'dropbehind',
      'mlocked',
      'uncached',
      'hwpoison',
      'young',
      'idle',
    ],
    ...['arch_2', 'arch_3'],
  ],
} as const;

type Version = keyof typeof ORDERS;

const CANONICAL = new Map<string, number>([
  ...Object.entries(PageFlag),
  // A flag of its own up to 4.9 (include/linux/page-flags.h of 4.10 makes it owner_priv_1).
  ['swapcache', PageFlag.owner_priv_1],
]);

/** Bits of `flags` that are looked at: no kernel has more flags. */
const BITS = 32;

/** Where the flags of a kernel's `struct page` are, and how to turn them into {@link PageFlag} bits. */
export interface PageFlagBits {
  /** {@link PageFlag} bits of each value of byte 0 to 3 of the flags: four tables of 256. */
  readonly tables: Int32Array;
  /** How the order was found, for people. */
  readonly source: string;
  /** What is not certain about it, or null. */
  readonly doubt: string | null;
}

/** What was found last: all page_ref events of a kernel print their flags alike, and it takes a millisecond each. */
let newest: {
  readonly expression: string;
  readonly release: string | null;
  readonly bits: PageFlagBits;
} | null = null;

/**
 * Finds the bit order of the `flags` field.
 *
 * @param expression the argument of the print format that prints the flags, with its `__print_flags` list
 * @param release kernel release as of uname, e.g. `6.1.192-pagelab`, or null where the capture has none
 */
export function pageFlagBits(expression: string, release: string | null): PageFlagBits {
  if (newest?.expression !== expression || newest.release !== release) {
    newest = { expression, release, bits: findBits(expression, release) };
  }
  return newest.bits;
}

function findBits(expression: string, release: string | null): PageFlagBits {
  const list = namedValues(expression, '__print_flags') ?? [];
  const numeric = list.map((item) => ({ name: item.name, value: constantOf(item.expression) }));
  if (list.length > 0 && numeric.every((item) => item.value !== null)) {
    const names: string[] = new Array<string>(BITS).fill('');
    for (const { name, value } of numeric) {
      const bit = Math.log2(value!);
      if (Number.isInteger(bit) && bit >= 0 && bit < BITS) names[bit] = name;
    }
    return { tables: tablesOf(names), source: 'the numbers in the print format', doubt: null };
  }
  const present = new Set(list.map((item) => item.name));
  const { version, doubt } = versionOf(present, release);
  const order = ORDERS[version];
  const names = present.size === 0 ? [...order] : order.filter((name) => present.has(name));
  return {
    tables: tablesOf(names),
    source: `enum pageflags of Linux ${version}`,
    doubt: doubt ?? countDoubt(expression, names.length),
  };
}

function versionOf(
  present: ReadonlySet<string>,
  release: string | null,
): { version: Version; doubt: string | null } {
  const number = releaseNumber(release);
  if (present.size > 0) {
    // 4.20 brought workingset; 6.10 took slab away, 6.12 error.
    if (!present.has('workingset')) return { version: '4.6 to 4.19', doubt: null };
    if (!present.has('error') || !present.has('slab')) return { version: '6.7 and later', doubt: null };
  }
  if (number !== null) {
    if (number < 4020) return { version: '4.6 to 4.19', doubt: null };
    return { version: number < 6007 ? '4.20 to 6.6' : '6.7 and later', doubt: null };
  }
  return {
    version: '4.20 to 6.6',
    doubt: 'the capture does not name its kernel: page flags are read in the bit order of Linux 4.20 to 6.6',
  };
}

/** The mask in the print format, `(1UL << 25) - 1`, tells how many flags the kernel has. */
function countDoubt(expression: string, known: number): string | null {
  const mask = /\(\s*1UL\s*<<\s*(\d+)\s*\)\s*-\s*1/.exec(expression);
  if (!mask || Number(mask[1]) === known) return null;
  return `the kernel has ${mask[1]} page flags, ${known} of them known here: flags may be read wrongly`;
}

/** `6.1.192-x` → 6001. */
function releaseNumber(release: string | null): number | null {
  const match = /^(\d+)\.(\d+)/.exec(release ?? '');
  return match ? Number(match[1]) * 1000 + Number(match[2]) : null;
}

function tablesOf(names: readonly (string | undefined)[]): Int32Array {
  const tables = new Int32Array((BITS / 8) * 256);
  for (let bit = 0; bit < BITS; bit++) {
    const table = (bit >> 3) * 256;
    const first = 1 << (bit & 7);
    const flag = CANONICAL.get(names[bit] ?? '') ?? 0;
    // The values with this bit as their highest one: those below it, with the flag.
    for (let value = 0; value < first; value++) tables[table + first + value] = tables[table + value]! | flag;
  }
  return tables;
}
