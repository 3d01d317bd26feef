/** Why a page did not move, beside the references that were too many. */
import { ABSENT, PageFlag, type EventTable } from '../capture/eventTable';
import type { Account } from './accounting';
import type { EarlyStop, Moment } from './evidence';
import type { MarkCause } from './model';

type Parts = Pick<Account, 'held' | 'untraced' | 'terms'>;

interface CauseOfMark {
  readonly cause: MarkCause;
  /** In few words, or null where the sum says it all. */
  readonly detail: string | null;
  /** For people, or null where the sum says it all. */
  readonly note: string | null;
}

/** @param parts the sum at the mark, or null where it could not be made */
export function markCause(events: EventTable, moment: Moment, parts: Parts | null): CauseOfMark {
  const found = causeBySum(events, moment, parts);
  if (moment.stoppedEarly === null) return found;
  const stopped = stoppedNote(moment.stoppedEarly);
  // Where nothing else kept the page, this is all that is known.
  const isAll = found.cause === 'unknown' && found.detail === null && parts !== null;
  if (isAll) return { ...found, detail: 'migrate_pages stopped early', note: `${EXPECTED}; ${stopped}` };
  return { ...found, note: found.note === null ? stopped : `${found.note}; ${stopped}` };
}

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

function causeBySum(events: EventTable, moment: Moment, parts: Parts | null): CauseOfMark {
  if (parts === null) return { cause: 'unknown', detail: null, note: null };
  if (parts.held > 0 || parts.untraced > 0) return { cause: 'references', detail: null, note: null };
  if (moment.source === 'memory-failure') return { cause: 'poisoned', detail: 'poisoned', note: null };
  const flags = events.pfn[moment.row] === moment.pfn ? events.flags[moment.row]! : null;
  if (moment.isRefusal && flags !== null && flags !== ABSENT) {
    const isolation = refusalOf(flags);
    if (isolation !== null) return { cause: 'isolation', ...isolation };
  }
  const hasBuffers =
    parts.terms().some((term) => term.kind === 'private-data') || ((flags ?? 0) & PageFlag.private) !== 0;
  if (hasBuffers) {
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
  return {
    cause: 'unknown',
    detail: null,
    note: `${EXPECTED}: no reference kept it`,
  };
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
