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
  const overwritten = missing.reduce((sum, gap) => sum + (gap.events ?? 0), 0);
  const lostEvents = capture.lost - overwritten;
  if (lost.length > 0 || lostEvents > 0) {
    const events = lostEvents > 0 ? `${counted(lostEvents, 'event')} lost` : 'Events lost';
    doubts.push({ label: `${events}: holders may be missing or wrong`, description: cpusText(lost) });
  }
  if (missing.length > 0) {
    const what =
      overwritten > 0 ? `${counted(overwritten, 'earlier event')} overwritten` : 'Earlier events overwritten';
    doubts.push({ label: `${what}: gets may be missing`, description: cpusText(missing) });
  }
  return doubts;
}

function cpusText(gaps: readonly Gap[]): string {
  const cpus = [...new Set(gaps.flatMap((gap) => (gap.cpu === null ? [] : [gap.cpu])))].sort((a, b) => a - b);
  return cpus.length === 0 ? '' : `CPU ${cpus.join(', ')}`;
}
