import type { CaptureFacts } from '../../../../src/engine/protocol';

/** A capture of which no more matters than the test says. */
export function facts(id: string, given: Partial<CaptureFacts> = {}): CaptureFacts {
  return {
    id,
    path: `/captures/${id}`,
    format: 'ftrace',
    events: 0,
    stacks: 0,
    lost: 0,
    gaps: 0,
    problems: 0,
    doubts: [],
    pageEvents: 0,
    allocations: 0,
    pages: 0,
    heldPages: 0,
    unjudgedPages: 0,
    untracedPages: 0,
    unreleasedPages: 0,
    kinds: [],
    reasons: [],
    part: 1,
    changed: null,
    ...given,
  };
}
