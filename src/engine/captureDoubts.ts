/** What is missing from a capture, so that no answer drawn from it is taken for more than it is. */
import type { Capture, Gap } from '../capture/eventTable';
import { counted } from './wording';

export interface Doubt {
  readonly label: string;
  readonly description: string;
}

export function captureDoubts(capture: Capture): readonly Doubt[] {
  const lost = capture.gaps.filter((gap) => gap.cause === 'lost');
  const missing = capture.gaps.filter((gap) => gap.cause === 'overwritten');
  const doubts: Doubt[] = [];
  if (lost.length > 0 || capture.lost > 0) {
    const events = capture.lost > 0 ? `${counted(capture.lost, 'event')} lost` : 'Events lost';
    doubts.push({ label: `${events}: holders may be missing or wrong`, description: cpusText(lost) });
  }
  if (missing.length > 0) {
    const events = missing.reduce((sum, gap) => sum + (gap.events ?? 0), 0);
    const what =
      events > 0 ? `${counted(events, 'earlier event')} overwritten` : 'Earlier events overwritten';
    doubts.push({ label: `${what}: gets may be missing`, description: cpusText(missing) });
  }
  return doubts;
}

function cpusText(gaps: readonly Gap[]): string {
  const cpus = [...new Set(gaps.flatMap((gap) => (gap.cpu === null ? [] : [gap.cpu])))].sort((a, b) => a - b);
  return cpus.length === 0 ? '' : `CPU ${cpus.join(', ')}`;
}
