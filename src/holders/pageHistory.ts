/** What the capture has of a page around a mark, beside its references: its flags, and of what kind its private data are. */
import { ABSENT, NONE, type EventTable } from '../capture/eventTable';
import { countChange, replacesLife } from './countChange';
import { firstBehind } from './lives';
import type { Site } from './matchSite';
import type { PageRows } from './pageRows';
import type { StackSite, StackSites } from './stackSites';

/** Buffer heads of a block device, or of a file as a rule; a request of NFS; what iomap or another file system has there. */
type PrivateDataKind = 'device-buffers' | 'buffers' | 'nfs' | 'other';

export interface PrivateData {
  readonly kind: PrivateDataKind;
  /** The function that attached it, or detaches it where the capture has no more. */
  readonly functionName: string;
}

/** Of an event that attaches or detaches private data; null where the page's life begins or ends. */
type Entry = { readonly data: PrivateData; readonly isAttached: boolean } | null;

/** They read a block device into the page cache, and make its buffer heads (fs/buffer.c, block/fops.c; fs/block_dev.c in 5.10). */
const OF_DEVICE: ReadonlySet<string> = new Set([
  'grow_buffers',
  'grow_dev_page',
  'grow_dev_folio',
  'link_dev_buffers',
  '__getblk_slow',
  '__getblk_gfp',
  'bdev_getblk',
  'blkdev_read_folio',
  'blkdev_readpage',
  'blkdev_readahead',
  'blkdev_write_begin',
  'blkdev_writepage',
  'blkdev_writepages',
]);

/** fs/buffer.c and mm/migrate.c. */
const OF_BUFFERS: ReadonlySet<string> = new Set([
  'create_empty_buffers',
  'folio_create_empty_buffers',
  'drop_buffers',
  'try_to_free_buffers',
  'block_invalidate_folio',
  'block_invalidatepage',
  '__buffer_migrate_folio',
  '__buffer_migrate_page',
]);

/** They say nothing of whose private data it is. */
const OF_ANY: ReadonlySet<string> = new Set([
  'folio_attach_private',
  'attach_page_private',
  'folio_detach_private',
  'detach_page_private',
]);

export class PageHistory {
  /** The page that {@link entries} are of: its marks are judged one behind the other. */
  private pfn = NONE;
  private entries: readonly Entry[] = [];
  private entryRows: Int32Array = new Int32Array(0);

  constructor(
    private readonly events: EventTable,
    private readonly sites: StackSites,
    private readonly rows: PageRows,
  ) {}

  /** Flags of the page at its last event up to a row, or null where that has none. */
  flagsAt(pfn: number, row: number): number | null {
    const rows = this.rows.of(pfn);
    const last = rows[firstBehind(rows, row) - 1];
    const flags = last === undefined ? ABSENT : this.events.flags[last]!;
    return flags === ABSENT ? null : flags;
  }

  /** The private data that the page has at a row, as far as the capture shows them. */
  privateDataAt(pfn: number, row: number): PrivateData | null {
    if (this.pfn !== pfn) this.lookThrough(pfn);
    const behind = firstBehind(this.entryRows, row);
    const before = this.entries[behind - 1] ?? null;
    if (before?.isAttached === true) return before.data;
    const after = this.entries[behind] ?? null;
    return after?.isAttached === false ? after.data : null;
  }

  private lookThrough(pfn: number): void {
    const { events } = this;
    const entries: Entry[] = [];
    const rows: number[] = [];
    for (const row of this.rows.of(pfn)) {
      const entry = this.entryOf(row);
      const isChange = replacesLife(events, row);
      if (entry !== null) rows.push(row);
      if (entry !== null) entries.push(entry);
      if (isChange) rows.push(row);
      if (isChange) entries.push(null);
    }
    this.pfn = pfn;
    this.entries = entries;
    this.entryRows = Int32Array.from(rows);
  }

  private entryOf(row: number): Entry {
    const change = countChange(this.events, row);
    if (change === 0) return null;
    const isAttached = change > 0;
    const site = this.sites.of(this.events.stack[row]!);
    const data = isAttached ? attachedIn(site) : detachedIn(site);
    return data === null ? null : { data, isAttached };
  }
}

/** All pages of a block device have buffer heads as private data, as soon as they have any. */
function attachedIn(site: StackSite): PrivateData | null {
  const { acquire, functions } = site;
  if (acquire === null) return null;
  const { rule, matchedFunction: functionName } = acquire;
  const isAttached = rule.kind === 'private-data' || rule.kind === 'page-cache';
  if (isAttached && functions.some((name) => OF_DEVICE.has(name))) {
    return { kind: 'device-buffers', functionName };
  }
  return dataOf(site, acquire);
}

/** Reclaim frees buffers of files, too, under functions that make those of a block device. */
function detachedIn(site: StackSite): PrivateData | null {
  return site.release === null ? null : dataOf(site, site.release);
}

function dataOf({ functions }: StackSite, { rule, matchedFunction: functionName }: Site): PrivateData | null {
  if (functionName.startsWith('nfs_')) return { kind: 'nfs', functionName };
  if (rule.kind !== 'private-data' || OF_ANY.has(functionName)) return null;
  const isBuffers = functions.some((name) => OF_BUFFERS.has(name));
  return { kind: isBuffers ? 'buffers' : 'other', functionName };
}
