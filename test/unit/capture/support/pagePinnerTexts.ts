/** What page_pinner of android13-5.15 and later prints, by the format strings of mm/page_pinner.c. */

interface PinnerRecord {
  readonly first: string;
  readonly pfn?: number;
  readonly count?: number;
  readonly mapcount?: number;
  readonly mapping?: string;
  readonly flags?: string;
  readonly frames?: readonly string[];
}

/** `[%5lu.%06lu]`. */
export function stamp(seconds: number, micros: number): string {
  return `[${String(seconds).padStart(5)}.${String(micros).padStart(6, '0')}]`;
}

/** `PFN 0x%lx Block %lu count %d mapcount %d mapping %pS Flags %#lx(%pGp)\n` of the second and third generation. */
export function recordText({
  first,
  pfn = 0x8d0c1,
  count = 2,
  mapcount = 0,
  mapping = '0x0',
  flags = '0x8000000000080014(uptodate|lru|swapbacked)',
  frames = ['put_page+0x10/0x20'],
}: PinnerRecord): string {
  return (
    `${first}\nPFN 0x${pfn.toString(16)} Block ${pfn >>> 10} count ${count} mapcount ${mapcount} mapping ${mapping} Flags ${flags}\n` +
    `${frames.map((frame) => ` ${frame}\n`).join('')}\n`
  );
}

/** A page that fails to move and is let go by direct I/O, as the kernel prints it: the newest record first. */
export const BUFFER = [
  { first: `Freed at ${stamp(101, 5)}`, count: 0, frames: ['free_unref_page+0x1/0x2'] },
  { first: 'At least, pinned for 650001 us', count: 0, frames: ['free_pages_and_swap_cache+0x1/0x2'] },
  {
    first: 'At least, pinned for 650000 us',
    count: 1,
    mapcount: 1,
    frames: ['bio_release_pages+0x80/0xa0', 'dm_end+0x40/0x60 [dm_x]'],
  },
  {
    first: 'At least, pinned for 12 us',
    count: 2,
    mapcount: 1,
    frames: ['putback_lru_page+0x1/0x2', 'putback_movable_pages+0x1/0x2'],
  },
  {
    first: `Failure detected at ${stamp(100, 350005)}`,
    count: 3,
    mapcount: 1,
    frames: ['__alloc_contig_migrate_range+0x1c0/0x200', 'alloc_contig_range+0x160/0x400'],
  },
].map(recordText);
