import {
  FLAG_BITS,
  allFlagsOf,
  flagTables,
  flagsOfRelease,
  orderOfRelease,
  type FlagOrder,
} from '../pageFlagOrders';
import type { UncertainFlags } from '../eventTable';
import { constantOf, namedValues } from './printFormat';

/** Where the flags of a kernel's `struct page` are, and how to turn them into {@link PageFlag} bits. */
export interface PageFlagBits {
  /** {@link PageFlag} bits of each value of byte 0 to 3 of the flags: four tables of 256. */
  readonly tables: Int32Array;
  /** How the order was found, for people. */
  readonly source: string;
  /** As {@link Capture.uncertainFlags}; null where the order is certain. */
  readonly uncertain: UncertainFlags | null;
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
    const names: string[] = new Array<string>(FLAG_BITS).fill('');
    for (const { name, value } of numeric) {
      const bit = Math.log2(value!);
      if (Number.isInteger(bit) && bit >= 0 && bit < FLAG_BITS) names[bit] = name;
    }
    return { tables: flagTables(names), source: 'the numbers in the print format', uncertain: null };
  }
  const present = new Set(list.map((item) => item.name));
  const { order, isAssumed } = orderOf(present, release);
  const names =
    present.size === 0 && !isAssumed
      ? flagsOfRelease(release!, null)
      : allFlagsOf(order).filter((name) => present.size === 0 || present.has(name));
  return {
    tables: flagTables(names),
    source: `enum pageflags of Linux ${order}`,
    uncertain: isAssumed ? { order, certainty: 'assumed' } : miscounted(order, expression, names.length),
  };
}

function orderOf(
  present: ReadonlySet<string>,
  release: string | null,
): { order: FlagOrder; isAssumed: boolean } {
  if (present.size > 0) {
    // 4.20 brought workingset; 6.10 took slab away, 6.12 error.
    if (!present.has('workingset')) return { order: '4.6 to 4.19', isAssumed: false };
    if (!present.has('error') || !present.has('slab')) return { order: '6.6 and later', isAssumed: false };
  }
  const order = orderOfRelease(release);
  return order === null ? { order: '4.20 to 6.5', isAssumed: true } : { order, isAssumed: false };
}

/** The mask in the print format, `(1UL << 25) - 1`, tells how many flags the kernel has. */
function miscounted(order: FlagOrder, expression: string, known: number): UncertainFlags | null {
  const mask = /\(\s*1UL\s*<<\s*(\d+)\s*\)\s*-\s*1/.exec(expression);
  const inKernel = Number(mask?.[1] ?? known);
  return inKernel === known ? null : { order, certainty: 'miscounted', inKernel, known };
}
