/** What is said of captures in which no page could fail to move, so that it is not taken for success. */
import type { Capture } from '../capture/eventTable';
import { saysAllocationsAlone } from './allocationsAlone';
import type { CaptureFacts } from './protocol';
import { sentence } from './wording';

/** Whether pages were wanted at all: where none was, nobody could be in the way. */
export function wasTried({
  attempts,
  pages,
}: {
  readonly attempts: number;
  readonly pages: number;
}): boolean {
  return attempts > 0 || pages > 0;
}

export const NOT_TRIED = 'no attempt to move pages is in the capture, so nobody was in its way';

export const EMPTY_TRACE =
  'The trace is empty: nothing happened to the pages that it was recorded of, its filter left that out, or no event ' +
  'was enabled';

/** Formats of what is no trace: they have no events to be without. */
const NO_TRACES: ReadonlySet<Capture['format']> = new Set(['dmesg', 'page-owner', 'page-pinner']);

/** Whether a trace was read whole and has nothing in it: what is to be recorded is not the question then. */
export function isEmptyTrace(capture: Capture, part: number): boolean {
  const { format, events, otherEvents, lost, gaps, problemCount, stoppedAt, missingEntries } = capture;
  if (NO_TRACES.has(format) || part < 1 || stoppedAt !== undefined) return false;
  const isMissing =
    missingEntries !== undefined ||
    lost > 0 ||
    problemCount > 0 ||
    gaps.some(({ cause }) => cause !== 'started');
  return events.length === 0 && otherEvents.size === 0 && !isMissing;
}

/** Why nothing failed to move in a capture that tells of moving pages, for JSON; none where something did. */
export function triedDoubts(facts: CaptureFacts): readonly string[] {
  if (saysAllocationsAlone(facts)) return [];
  if (facts.isEmpty) return [EMPTY_TRACE];
  return wasTried(facts) ? [] : [sentence(NOT_TRIED)];
}
