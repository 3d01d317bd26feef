/** How many events of a capture are missing, in words. */
import type { Capture } from '../capture/eventTable';
import { isLostAtLeast, lostText as lostEventsText } from './gapText';
import { counted } from './wording';

/** `7599 events lost`, `18,095 earlier events overwritten`, both or none. */
export function lossTexts(capture: Pick<Capture, 'gaps' | 'lost'>): readonly string[] {
  return [lostText(capture), overwrittenText(capture)].filter((text) => text !== null);
}

/** What the writer says was lost; null for nothing. */
export function lostText({ gaps, lost }: Pick<Capture, 'gaps' | 'lost'>): string | null {
  const others = lost - overwrittenEvents(gaps);
  const ofLost = gaps.filter(({ cause }) => cause === 'lost');
  if (others > 0) return lostEventsText(others, isLostAtLeast({ gaps: ofLost }));
  return ofLost.length > 0 ? 'events lost' : null;
}

/** What went when the buffers wrapped; null for nothing. */
export function overwrittenText({ gaps }: Pick<Capture, 'gaps'>): string | null {
  if (!gaps.some(({ cause }) => cause === 'overwritten')) return null;
  const events = overwrittenEvents(gaps);
  if (events === 0) return 'earlier events overwritten';
  const isAtLeast = isLostAtLeast({ gaps: gaps.filter(({ cause }) => cause === 'overwritten') });
  return `${counted(events, 'earlier event')}${isAtLeast ? ' or more' : ''} overwritten`;
}

function overwrittenEvents(gaps: Capture['gaps']): number {
  return gaps.reduce((sum, { cause, events }) => sum + (cause === 'overwritten' ? (events ?? 0) : 0), 0);
}
