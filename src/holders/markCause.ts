/** Why a page did not move, beside the references that were too many. */
import { ABSENT, PageFlag, type EventTable } from '../capture/eventTable';
import type { Account } from './accounting';
import type { Moment } from './evidence';
import type { MarkCause } from './model';

type Parts = Pick<Account, 'held' | 'untraced' | 'terms'>;

export interface CauseOfMark {
  readonly cause: MarkCause;
  /** For people, or null where the sum says it all. */
  readonly note: string | null;
}

/** @param parts the sum at the mark, or null where it could not be made */
export function markCause(events: EventTable, moment: Moment, parts: Parts | null): CauseOfMark {
  if (parts === null) return { cause: 'unknown', note: null };
  if (parts.held > 0 || parts.untraced > 0) return { cause: 'references', note: null };
  if (moment.source === 'memory-failure') return { cause: 'poisoned', note: null };
  const flags = events.pfn[moment.row] === moment.pfn ? events.flags[moment.row]! : null;
  if (moment.isRefusal && flags !== null && flags !== ABSENT) {
    const isolation = refusalOf(flags);
    if (isolation !== null) return { cause: 'isolation', note: isolation };
  }
  const hasBuffers =
    parts.terms.some((term) => term.kind === 'private-data') || ((flags ?? 0) & PageFlag.private) !== 0;
  if (hasBuffers) {
    return {
      cause: 'buffers',
      note: 'the refcount is what migration expects: busy buffer heads (b_count) or a lock, not a reference, kept it',
    };
  }
  return {
    cause: 'unknown',
    note: 'the refcount is what migration expects at this moment: no reference kept it',
  };
}

/** The conditions of isolate_migratepages_block (mm/compaction.c) that page flags tell, in its order. */
function refusalOf(flags: number): string | null {
  const expected = 'the refcount is what migration expects, but the page could not be isolated: it was';
  if ((flags & PageFlag.lru) === 0) {
    return `${expected} on no LRU list (in a CPU's LRU batch, or isolated by somebody else)`;
  }
  if ((flags & PageFlag.unevictable) !== 0) return `${expected} unevictable`;
  if ((flags & PageFlag.writeback) !== 0) return `${expected} under writeback`;
  return null;
}
