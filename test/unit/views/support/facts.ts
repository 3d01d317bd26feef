import type { CaptureFacts } from '../../../../src/engine/protocol';
import { symbolFacts } from '../../../../src/engine/symbolFileRows';

/** A capture of which no more matters than the test says. */
export function facts(id: string, given: Partial<CaptureFacts> = {}): CaptureFacts {
  const nothing = symbolFacts(id, { path: `/captures/${id}` }, []);
  return { ...nothing, format: 'ftrace', symbolFile: null, ...given };
}
