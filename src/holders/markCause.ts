/** Why a page did not move, beside the references that were too many. */
import { ABSENT, MIGRATE_CMA, PageFlag, type EventTable } from '../capture/eventTable';
import type { Account } from './accounting';
import { isDumpedAsUnmovable } from './dumpedBecause';
import type { EarlyStop, Moment } from './evidence';
import type { MarkCause } from './model';
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
  if (found === null) return nothingTooMany(parts, stopped);
  if (stopped === null) return found;
  return { ...found, note: found.note === null ? stopped : `${found.note}; ${stopped}` };
}

/** @param stopped what is said of an early stop, which is all that is known then; null without one */
function nothingTooMany({ perhaps }: Parts, stopped: string | null): CauseOfMark {
  const cause = 'unknown';
  const isSure = perhaps === null;
  const expected = isSure
    ? EXPECTED
    : `${EXPECTED} if ${OWNS[perhaps.of]}; if not, it is ${perhaps.count} more than that`;
  if (stopped !== null)
    return { cause, detail: 'migrate_pages stopped early', note: `${expected}; ${stopped}` };
  if (isSure) return { cause, detail: null, note: `${expected}: no reference kept it` };
  return { cause, detail: `${perhaps.count} of ${OWNERS[perhaps.of]} or untraced`, note: expected };
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
  return `migrate_pages stopped early, most likely for want of a page to move to (-ENOMEM): ${rest}${among}`;
}

/** Null where neither the sum nor the page's flags tell what kept it. */
function causeBySum(events: EventTable, moment: Moment, parts: Parts): CauseOfMark | null {
  if (parts.held > 0 || parts.untraced > 0) return { cause: 'references', detail: null, note: null };
  if (moment.source === 'memory-failure') return { cause: 'poisoned', detail: 'poisoned', note: null };
  const flags = events.pfn[moment.row] === moment.pfn ? events.flags[moment.row]! : null;
  if (moment.isRefusal && flags !== null && flags !== ABSENT) {
    const isolation = refusalOf(flags);
    if (isolation !== null) return { cause: 'isolation', ...isolation };
  }
  const hasBuffers =
    parts.terms().some((term) => term.kind === 'private-data') || ((flags ?? 0) & PageFlag.private) !== 0;
  if (hasBuffers && parts.perhaps === null) {
    return {
      cause: 'buffers',
      detail: 'busy buffer heads or a lock',
      note: 'the refcount is what migration expects: busy buffer heads (b_count) or a lock, not a reference, kept it',
    };
  }
  const beyond = parts.terms().find(({ kind }) => kind === 'unknown')?.count ?? 0;
  if (beyond > 0) {
    const detail = `${beyond} beyond migration's formula`;
    const note =
      'the refcount is higher than what migration expects, by references of kinds that it expects (a page table or the ' +
      'allocation): one of them may have kept the page, which one the capture does not tell';
    return { cause: 'unknown', detail, note };
  }
  return null;
}

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
