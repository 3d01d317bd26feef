/**
 * Why a page did not move, beside the references that were too many.
 *
 * Two words say how sure that is, in labels and notes: what can only be so by the kernel's code is "deduced", a cause
 * that fits and that the capture neither shows nor rules out is "perhaps" the one.
 */
import { ABSENT, MIGRATE_CMA, PageFlag, type EventTable } from '../capture/eventTable';
import { OF_ALLOCATION, type Account } from './accounting';
import { isDumpedAsUnmovable } from './dumpedBecause';
import type { MarkCause } from './model';
import type { EarlyStop, Moment } from './moment';
import type { PerhapsOwned } from './perhapsOwned';

type Parts = Pick<Account, 'held' | 'untraced' | 'perhaps' | 'terms'>;

interface CauseOfMark {
  readonly cause: MarkCause;
  /** In few words, or null where the sum says it all. */
  readonly detail: string | null;
  /** For people, or null where the sum says it all. */
  readonly note: string | null;
}

/** @param parts the sum at the mark, or null where it could not be made */
export function markCause(events: EventTable, moment: Moment, parts: Parts | null): CauseOfMark {
  if (isDumpedAsUnmovable(moment)) return { cause: 'isolation', ...unmovable(events, moment) };
  if (parts === null && moment.wasFree) return { cause: 'poisoned', detail: 'poisoned', note: WAS_FREE };
  const stopped = moment.stoppedEarly === null ? null : stoppedNote(moment.stoppedEarly);
  if (parts === null) return { cause: 'unknown', detail: null, note: stopped };
  const found = causeBySum(events, moment, parts);
  if (found === null) return nothingTooMany(events, moment, parts, stopped);
  if (stopped === null) return found;
  return { ...found, note: found.note === null ? stopped : `${found.note}; ${stopped}` };
}

/** @param stopped what is said of an early stop, which is all that is known then; null without one */
function nothingTooMany(
  events: EventTable,
  moment: Moment,
  parts: Parts,
  stopped: string | null,
): CauseOfMark {
  const { perhaps } = parts;
  const cause = 'unknown';
  const expected =
    perhaps === null
      ? EXPECTED
      : `${EXPECTED} if ${OWNS[perhaps.of]}; if not, it is ${perhaps.count} more than that`;
  if (stopped !== null)
    return { cause, detail: 'migrate_pages stopped early', note: `${expected}; ${stopped}` };
  if (perhaps !== null)
    return { cause, detail: `${perhaps.count} of ${OWNERS[perhaps.of]} or untraced`, note: expected };
  const otherData = hasPrivateData(events, moment, parts) ? otherDataNote(moment) : null;
  const rest = otherData === null ? '' : `; ${otherData}`;
  return { cause, detail: null, note: `${expected}: no reference is known to have kept it${rest}` };
}

const OWNS: Readonly<Record<PerhapsOwned['of'], string>> = {
  'page-cache': 'the page cache has the page',
  'page-table': 'page tables have these',
};
const OWNERS: Readonly<Record<PerhapsOwned['of'], string>> = {
  'page-cache': 'the page cache',
  'page-table': 'page tables',
};

const WAS_FREE = 'the page was free: memory_failure took it off the free lists';

const EXPECTED = 'the refcount is what migration expects at this moment';

/**
 * Only without memory for a page to move to (-ENOMEM) migrate_pages leaves the rest of its list untried, and counts it
 * nowhere (mm/migrate.c): no event has the error, so that it is deduced.
 */
function stoppedNote({ untried, isPart }: EarlyStop): string {
  const rest = untried === 1 ? '1 page was not tried' : `${untried} pages were not tried`;
  const among = isPart ? `, and this may be ${untried === 1 ? 'that page' : 'one of them'}` : '';
  return `migrate_pages stopped early (deduced: for want of a page to move to, -ENOMEM): ${rest}${among}`;
}

/**
 * In which mode migrate_pages is called for each reason (mm/page_alloc.c, mm/memory_hotplug.c, mm/memory-failure.c,
 * mm/gup.c, mm/mempolicy.c, mm/migrate.c, mm/vmscan.c, mm/damon); compaction has all three.
 */
const MODE_OF_REASON: ReadonlyMap<string, string> = new Map([
  ['contig_range', 'MIGRATE_SYNC'],
  ['memory_hotplug', 'MIGRATE_SYNC'],
  ['memory_failure', 'MIGRATE_SYNC'],
  ['longterm_pin', 'MIGRATE_SYNC'],
  ['syscall_or_cpuset', 'MIGRATE_SYNC'],
  ['mempolicy_mbind', 'MIGRATE_SYNC'],
  ['numa_misplaced', 'MIGRATE_ASYNC'],
  ['demotion', 'MIGRATE_ASYNC'],
  ['damon', 'MIGRATE_ASYNC'],
]);

function modeOf({ mode, attempt }: Moment): string | null {
  return mode ?? MODE_OF_REASON.get(attempt.reason ?? '') ?? null;
}

/** What the event that shows the failure says of the page's flags, or null. */
function flagsOf(events: EventTable, { pfn, row }: Moment): number | null {
  const flags = events.pfn[row] === pfn ? events.flags[row]! : ABSENT;
  return flags === ABSENT ? null : flags;
}

function hasPrivateData(events: EventTable, moment: Moment, parts: Parts): boolean {
  const isFlagged = ((flagsOf(events, moment) ?? 0) & PageFlag.private) !== 0;
  return isFlagged || parts.terms().some(({ kind }) => kind === 'private-data');
}

/** Null where neither the sum nor the page's flags tell what kept it. */
function causeBySum(events: EventTable, moment: Moment, parts: Parts): CauseOfMark | null {
  const writeback = writebackNote(moment);
  if (parts.held > 0 || parts.untraced > 0) return { cause: 'references', detail: null, note: writeback };
  if (moment.source === 'memory-failure') return { cause: 'poisoned', detail: 'poisoned', note: null };
  const flags = flagsOf(events, moment);
  if (moment.isRefusal && flags !== null) {
    const isolation = refusalOf(flags);
    if (isolation !== null) return { cause: 'isolation', ...isolation };
  }
  const beyond = parts.terms().find(({ kind }) => kind === 'unknown')?.count ?? 0;
  if (beyond > 0) {
    const detail = `${beyond} beyond migration's formula`;
    const note =
      'the refcount is higher than what migration expects, by references of kinds that it expects (a page table or the ' +
      'allocation): one of them may have kept the page, which one the capture does not tell';
    return { cause: 'unknown', detail, note: writeback === null ? note : `${note}; ${writeback}` };
  }
  if (writeback !== null) return { cause: 'writeback', detail: 'under writeback', note: writeback };
  // The isolation scanner does not look at buffers, and what may be untraced may be a holder.
  if (!moment.isRefusal && parts.perhaps === null && hasPrivateData(events, moment, parts)) {
    const buffers = busyBuffers(moment);
    if (buffers !== null) return { cause: 'buffers', ...buffers };
  }
  if (isAllocationAlone(moment, parts)) return { cause: 'isolation', ...IN_USE };
  return null;
}

/** Nobody but whoever allocated the page has it, and it is nowhere that migration takes pages from. */
function isAllocationAlone({ history, pfn, row }: Moment, parts: Parts): boolean {
  const flags = history.flagsAt(pfn, row);
  const isOnList = flags === null || (flags & PageFlag.lru) !== 0;
  const [term, ...others] = parts.terms();
  return !isOnList && term?.count === 1 && term.label.endsWith(OF_ALLOCATION) && others.length === 0;
}

const IN_USE = {
  detail: 'in use by its allocation',
  note:
    'the one reference is that of the allocation, and the page is neither mapped nor on an LRU list: migration does ' +
    'not move what its owner keeps to itself',
};

/**
 * Only MIGRATE_SYNC waits for the end of writeback; in other modes a page under it is given up at once, before its count
 * is looked at (mm/migrate.c __unmap_and_move, migrate_folio_unmap since 6.3).
 */
function writebackNote(moment: Moment): string | null {
  const { source, error, history, pfn, row } = moment;
  if (source !== 'derived' && source !== 'report') return null;
  if (error !== null && error !== -EBUSY) return null;
  const mode = modeOf(moment);
  if (moment.isRefusal || mode === null || !GIVES_UP_WRITEBACK.has(mode)) return null;
  if (((history.flagsAt(pfn, row) ?? 0) & PageFlag.writeback) === 0) return null;
  const when = source === 'report' ? '' : ' at its last event before';
  return `the page was under writeback${when}, which migration in ${mode} does not wait for, whatever the refcount`;
}

const EBUSY = 16;
const GIVES_UP_WRITEBACK: ReadonlySet<string> = new Set(['MIGRATE_ASYNC', 'MIGRATE_SYNC_LIGHT']);

/**
 * buffer_migrate_page_norefs() asks for b_count, which block devices have for all of their pages, and few file systems;
 * others wait for locks of buffers and of the page in MIGRATE_SYNC, or give up (mm/migrate.c, block/fops.c).
 *
 * @returns null where the private data are known to be no buffer heads
 */
function busyBuffers(moment: Moment): Omit<CauseOfMark, 'cause'> | null {
  const data = moment.history.privateDataAt(moment.pfn, moment.row);
  if (data?.kind === 'nfs' || data?.kind === 'other') return null;
  const lock = modeOf(moment) === 'MIGRATE_SYNC' ? '' : ' or a lock';
  const kept = `busy buffer heads (b_count)${lock}`;
  const why =
    data === null
      ? `perhaps ${kept} kept it, if its private data are buffer heads, which the capture does not show`
      : data.kind === 'device-buffers'
        ? `perhaps ${kept}, not a reference, kept it: it is of a block device, whose pages move only while b_count is 0`
        : `perhaps ${kept} kept it, though few file systems ask for b_count when a page is to move`;
  return { detail: 'perhaps busy buffer heads', note: `the refcount is what migration expects: ${why}` };
}

/** What is known of private data that are no buffer heads, or null. */
function otherDataNote({ history, pfn, row }: Moment): string | null {
  const data = history.privateDataAt(pfn, row);
  // fs/nfs/write.c nfs_migrate_folio (nfs_migrate_page up to 5.19) refuses pages with PG_private.
  if (data?.kind === 'nfs') return 'it has a request of NFS, with which NFS does not move a page';
  if (data?.kind !== 'other') return null;
  const none = `its private data are no buffer heads (${data.functionName})`;
  return IOMAP.test(data.functionName) ? none : `${none}: its file system may not move the page with them`;
}

/** Its private data move with the page (fs/iomap/buffered-io.c iomap_migrate_page, mm/migrate.c filemap_migrate_folio). */
const IOMAP = /^(iomap|ifs)_/;

/** The conditions of isolate_migratepages_block (mm/compaction.c) that page flags tell, in its order. */
function refusalOf(flags: number): Omit<CauseOfMark, 'cause'> | null {
  const expected = 'the refcount is what migration expects, but the page could not be isolated: it was';
  if ((flags & PageFlag.lru) === 0) {
    return {
      detail: 'on no LRU list',
      note: `${expected} on no LRU list (in a CPU's LRU batch, or isolated by somebody else)`,
    };
  }
  if ((flags & PageFlag.unevictable) !== 0) {
    return { detail: 'unevictable', note: `${expected} unevictable` };
  }
  if ((flags & PageFlag.writeback) !== 0) {
    return { detail: 'under writeback', note: `${expected} under writeback` };
  }
  return null;
}

/** Of such a block has_unmovable_pages (mm/page_isolation.c) gives the first page, and does not look at any. */
const OF_CMA = {
  detail: 'unmovable (CMA)',
  note:
    'its pageblock is of CMA, which is isolated for CMA alone: the kernel names the first page of such a block, ' +
    'whatever that is, and it may be free',
};

/** The conditions of has_unmovable_pages (mm/page_isolation.c) that page flags tell, in its order. */
function unmovable(events: EventTable, { row }: Moment): Omit<CauseOfMark, 'cause'> {
  if (events.migratetype[row] === MIGRATE_CMA) return OF_CMA;
  const said = events.flags[row]!;
  const flags = said === ABSENT ? 0 : said;
  const blocked = 'whatever its refcount, and its pageblock was not isolated';
  if ((flags & PageFlag.reserved) !== 0) {
    return {
      detail: 'unmovable (reserved)',
      note: `it is reserved (memory of the boot, or a hole), which is never moved, ${blocked}`,
    };
  }
  if ((flags & PageFlag.lru) !== 0) {
    const note =
      'it is on an LRU list, and was printed after it stood in the way: it changed since, or its pageblock is of CMA, ' +
      'which is not isolated for anything else';
    return { detail: 'unmovable', note };
  }
  const note =
    'it is on no LRU list and no driver moves it: memory of the kernel itself, or a huge page of a size that is not ' +
    `moved, ${blocked}`;
  return { detail: (flags & PageFlag.slab) === 0 ? 'unmovable' : 'unmovable (slab)', note };
}
