/**
 * What repeating a recording means, in every form: each time round all of it happens again, a little after the last
 * time ended, to other pages, along the same code paths.
 */

/** Pages move by whole memory sections (SECTION_SIZE_BITS of x86-64, 128 MiB), so that alignments stay as they were. */
const SECTION = 1n << 15n;
/** No machine has this many pages: -1, which stands for "no page", and what is no PFN at all are left alone. */
const PFN_LIMIT = 1n << 40n;

/** Names of fields that hold a PFN: `pfn`, `start_pfn`, `migrate_pfn`…, and the zone's ends in mm_compaction_begin. */
export const PFN_FIELD = /^(?:\w+_)?pfn$|^zone_(?:start|end)$/;

/** Whether a number in a field of that name is a page: 0 and -1 say that there is none. */
export function isPage(pfn: bigint): boolean {
  return pfn > 0n && pfn < PFN_LIMIT;
}

/** The lowest and highest of the numbers that were added. */
export class Extent {
  lowest: bigint | null = null;
  highest: bigint | null = null;

  add(value: bigint): void {
    if (this.lowest === null || value < this.lowest) this.lowest = value;
    if (this.highest === null || value > this.highest) this.highest = value;
  }

  get length(): bigint {
    return this.lowest === null || this.highest === null ? 0n : this.highest - this.lowest;
  }
}

/** By how much PFNs move from one time round to the next. */
export function pageStride(pages: Extent): bigint {
  return (pages.length / SECTION + 1n) * SECTION;
}

/** By how much times move: as long as the recording took, and the pause that usually is between two events. */
export function timeStride(times: Extent, events: number): bigint {
  return times.length + times.length / BigInt(Math.max(1, events)) + 1n;
}
