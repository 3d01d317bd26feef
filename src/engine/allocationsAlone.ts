/** Which captures say who allocated pages, and nothing of who held them. */
import type { CaptureFacts } from './protocol';

/** A page_owner dump: no event, but allocations. */
export function saysAllocationsAlone(facts: CaptureFacts): boolean {
  return facts.pageEvents === 0 && facts.allocations > 0;
}

/** Whether there is nothing beside page_owner dumps, so that what is asked for is what they say. */
export function areDumpsAlone(captures: readonly CaptureFacts[]): boolean {
  return captures.length > 0 && captures.every(saysAllocationsAlone);
}
