import type { CaptureFacts, DebugInfoFacts, RuleFacts } from '../../../../src/engine/protocol';
import { symbolFacts } from '../../../../src/engine/symbolFileRows';

export const NO_RULES: RuleFacts = { sources: [], problems: [], isTreeWithheld: false };

export const NO_DEBUG_INFO: DebugInfoFacts = {
  vmlinux: null,
  isChosen: false,
  release: null,
  buildId: null,
  modules: [],
  looked: [],
};

/** A capture of which no more matters than the test says. */
export function facts(id: string, given: Partial<CaptureFacts> = {}): CaptureFacts {
  const nothing = symbolFacts(id, { path: `/captures/${id}` }, []);
  return { ...nothing, format: 'ftrace', symbolFile: null, ...given };
}
