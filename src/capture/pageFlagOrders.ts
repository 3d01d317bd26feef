/** Which bit of `page->flags` is which flag: enum pageflags of include/linux/page-flags.h, which changes with the version. */
import { PageFlag } from './eventTable';

/** In order from bit 0, with every flag that any version of the range has in any configuration. */
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
  '4.20 to 6.5': [
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
  '6.6 and later': [
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

/** A range of versions within which flags come and go, but change no places. */
export type FlagOrder = keyof typeof ORDERS;

/** First version that has a flag, of those that came within a range: 6012 is 6.12. */
const FIRST: ReadonlyMap<string, number> = new Map([
  ['waiters', 4010],
  ['owner_2', 6012],
  ['dropbehind', 6014],
]);

/** First version without a flag, of those that went within a range. */
const GONE: ReadonlyMap<string, number> = new Map([
  ['swapcache', 4010],
  ['slab', 6010],
  ['error', 6012],
  ['mappedtodisk', 6012],
  ['uncached', 6012],
]);

/** Those with CONFIG_ARCH_USES_PG_UNCACHED, as uname -m has them. */
const WITH_UNCACHED = /^(?:x86_64|i\d86|ia64)$/;

const CANONICAL = new Map<string, number>([
  ...Object.entries(PageFlag),
  // A flag of its own up to 4.9 (include/linux/page-flags.h of 4.10 makes it owner_priv_1).
  ['swapcache', PageFlag.owner_priv_1],
]);

/** Bits of the flags that are looked at: no kernel has more. */
export const FLAG_BITS = 32;

/** Every flag that a kernel of the range may have, from bit 0. */
export function allFlagsOf(order: FlagOrder): readonly string[] {
  return ORDERS[order];
}

/** @param release as of uname, `6.1.192-pagelab`; null, as for what is no release, where it is not known */
export function orderOfRelease(release: string | null): FlagOrder | null {
  const version = versionOf(release);
  if (version === null) return null;
  if (version < 4020) return '4.6 to 4.19';
  return version < 6006 ? '4.20 to 6.5' : '6.6 and later';
}

/**
 * The flags of a kernel of which nothing but this is known, from bit 0; empty where `release` is none. From `mlocked` on
 * they are those of usual configurations: CONFIG_MMU, CONFIG_MEMORY_FAILURE.
 *
 * @param architecture as of uname -m; null where it is not known, which is taken for x86
 */
export function flagsOfRelease(release: string, architecture: string | null): readonly string[] {
  const order = orderOfRelease(release);
  if (order === null) return [];
  const version = versionOf(release)!;
  const hasUncached = architecture === null || WITH_UNCACHED.test(architecture);
  return ORDERS[order].filter(
    (name) =>
      version >= (FIRST.get(name) ?? 0) &&
      version < (GONE.get(name) ?? Infinity) &&
      (hasUncached || name !== 'uncached'),
  );
}

/**
 * {@link PageFlag} bits of each value of byte 0 to 3 of the flags: four tables of 256.
 *
 * @param names from bit 0
 */
export function flagTables(names: readonly string[]): Int32Array {
  const tables = new Int32Array((FLAG_BITS / 8) * 256);
  for (let bit = 0; bit < FLAG_BITS; bit++) {
    const table = (bit >> 3) * 256;
    const first = 1 << (bit & 7);
    const flag = CANONICAL.get(names[bit] ?? '') ?? 0;
    // The values with this bit as their highest one: those below it, with the flag.
    for (let value = 0; value < first; value++) tables[table + first + value] = tables[table + value]! | flag;
  }
  return tables;
}

/** `6.1.192-x` → 6001. */
function versionOf(release: string | null): number | null {
  const match = /^(\d+)\.(\d+)/.exec(release ?? '');
  return match ? Number(match[1]) * 1000 + Number(match[2]) : null;
}
