/** A moment at which the capture says that a page failed to move, and what the event that says so tells of it. */
import type { AttemptRecord } from './attempts';
import type { MarkSource } from './model';
import type { PageHistory } from './pageHistory';

export interface Moment {
  /** Of the page whose references are judged. */
  readonly pfn: number;
  /** The PFN that the event names, which may be that of a tail page of it. */
  readonly namedPfn: number;
  /** The event after which the page's references are judged. */
  readonly row: number;
  readonly source: MarkSource;
  readonly attempt: AttemptRecord;
  readonly error: number | null;
  readonly what: string;
  /** The isolation scanner let go of it at once: migration was not tried. */
  readonly isRefusal: boolean;
  /** As {@link Mark.dumpedBecause}. */
  readonly dumpedBecause: string | null;
  /** A reference that whoever tried has on the page at this event, by the code that the event stands in. */
  readonly ownReference: OwnReference | null;
  /** How the call of migrate_pages ended early that put the page back, where no event shows that it touched the page. */
  readonly stoppedEarly: EarlyStop | null;
  /** enum migrate_mode's name, of the call of migrate_pages that the event belongs to, or null. */
  readonly mode: string | null;
  /** What else the capture has of its page. */
  readonly history: PageHistory;
  /** memory_failure() took it off the free lists: nobody had it, whatever else the capture has of it. */
  readonly wasFree: boolean;
}

type OwnReference = 'isolation' | 'memory-failure';

/** migrate_pages put more pages back than it counts as failed. */
export interface EarlyStop {
  /** Pages that were put back untried. */
  readonly untried: number;
  /** Not all that were put back are in the capture: the page may be one of those. */
  readonly isPart: boolean;
}
