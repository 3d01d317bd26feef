import { openCapture } from '../../../../src/capture/openCapture';
import { analyseHolders } from '../../../../src/holders/analyseHolders';
import type { HolderAnalysis } from '../../../../src/holders/model';
import { memorySource, traceText, type EventText } from '../../support/traceText';

/** What is found in a trace that has lost events between each two of its parts. */
export async function analysedParts(...parts: readonly (readonly EventText[])[]): Promise<HolderAnalysis> {
  const text = parts.map(traceText).join('CPU:0 [LOST 12 EVENTS]\n');
  return analyseHolders(await openCapture(memorySource('trace.txt', new TextEncoder().encode(text))));
}
