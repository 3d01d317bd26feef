/** How many events of a capture are missing, in words. */
import type { Capture, Gap } from '../capture/eventTable';
import { countedInPart, isLostAtLeast, lostText as lostEventsText } from './gapText';

/** `7599 events lost`, `18,095 earlier events overwritten`, both or none. */
export function lossTexts(capture: Pick<Capture, 'gaps' | 'lost'>): readonly string[] {
  return [lostText(capture), overwrittenText(capture)].filter((text) => text !== null);
}

/** What the writer says was lost; null for nothing. */
export function lostText({ gaps, lost }: Pick<Capture, 'gaps' | 'lost'>): string | null {
  const others = lost - countedEvents(ofCause(gaps, 'overwritten'));
  const ofLost = ofCause(gaps, 'lost');
  if (others > 0) return lostEventsText(others, isLostAtLeast({ gaps: ofLost }));
  return ofLost.length > 0 ? 'events lost' : null;
}

/** What went when the buffers wrapped; null for nothing. */
export function overwrittenText({ gaps }: Pick<Capture, 'gaps'>): string | null {
  const overwritten = ofCause(gaps, 'overwritten');
  if (overwritten.length === 0) return null;
  const events = countedEvents(overwritten);
  if (events === 0) return 'earlier events overwritten';
  return `${countedInPart(events, 'earlier event', isLostAtLeast({ gaps: overwritten }))} overwritten`;
}

function ofCause(gaps: readonly Gap[], wanted: Gap['cause']): readonly Gap[] {
  return gaps.filter(({ cause }) => cause === wanted);
}

function countedEvents(gaps: readonly Gap[]): number {
  return gaps.reduce((sum, { events }) => sum + (events ?? 0), 0);
}
