/** Events that are missing from a capture, in words. */
import type { Capture, Gap } from '../capture/eventTable';
import { pointText } from './timeText';
import { counted } from './wording';

const GAP_CAUSES: Readonly<Record<Gap['cause'], string>> = {
  lost: 'lost',
  overwritten: 'overwritten before they were read',
  started: 'before the record of this CPU begins',
  joined: 'between two traces of this text',
};

/** `12 events lost on CPU 1` */
export function gapText(gap: Gap): string {
  const events = gap.events === null ? 'Events' : countedInPart(gap.events, 'event', gap.isAtLeast === true);
  return `${events} ${GAP_CAUSES[gap.cause]}${gap.cpu === null ? '' : ` on CPU ${gap.cpu}`}`;
}

/** Whether some of what is missing was not counted: {@link Capture.lost} is the least that was lost then. */
export function isLostAtLeast({ gaps }: Pick<Capture, 'gaps'>): boolean {
  return gaps.some(({ cause, events, isAtLeast }) => cause !== 'started' && (events === null || isAtLeast));
}

/** `12 events or more lost`; empty where none is. */
export function lostText(lost: number, isAtLeast: boolean): string {
  if (lost === 0) return isAtLeast ? 'events lost' : '';
  return `${countedInPart(lost, 'event', isAtLeast)} lost`;
}

/** `12 events`, `12 events or more` */
export function countedInPart(count: number, noun: string, isAtLeast: boolean): string {
  return `${counted(count, noun)}${isAtLeast ? ' or more' : ''}`;
}

/** `9 copies left out`, which other ring buffers of the file had of events that are here; empty where there are none. */
export function copiesText({ copiesLeftOut: copies = 0 }: Pick<Capture, 'copiesLeftOut'>): string {
  return copies === 0 ? '' : `${counted(copies, 'copy', 'copies')} left out`;
}

/** `12.5 s to 12.7 s` */
export function gapSpan(gap: Gap, capture: Capture): string {
  const { timeBase, clock, resolution } = capture;
  const point = (time: number): string => pointText(time, timeBase, clock, resolution);
  if (gap.from === null) return gap.to === null ? '' : `before ${point(gap.to)}`;
  return gap.to === null ? `after ${point(gap.from)}` : `${point(gap.from)} to ${point(gap.to)}`;
}
