import type { Engine } from '../../../../src/engine/engine';
import { DEFAULT_QUERY } from '../../../../src/engine/holdersQuery';
import type { TreeNode } from '../../../../src/engine/protocol';

/** The rows of the Captures view below one of them, or the first ones. */
export async function captureRows(engine: Engine, node: string | null = null): Promise<readonly TreeNode[]> {
  const request = { tree: 'captures', node, start: 0, end: 100, query: DEFAULT_QUERY } as const;
  return (await engine.children(request)).nodes;
}
