/** Rows are there while the kernel tree is looked through; what leaves the window has the places of the whole tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/engine';
import { DEFAULT_QUERY } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { smallTree } from '../cli/support/smallTree';

test('rows of frames wait for no walk over a tree of this machine; a text that is copied does', async () => {
  const host = nodeHost();
  const gate: { open: () => void } = { open: () => undefined };
  const opened = new Promise<void>((resolve) => (gate.open = resolve));
  const slow = {
    ...host,
    openTree: async (root: string) => {
      const tree = await host.openTree(root);
      return {
        name: tree.name,
        list: (folder: string) => tree.list(folder),
        stat: (file: string) => tree.stat(file),
        read: async (file: string, limit: number) => {
          if (file === 'fs/pipe.c') await opened;
          return tree.read(file, limit);
        },
      };
    },
  };
  const engine = new Engine(slow, { answersEarly: true });
  await engine.openCapture({ path: 'media/sample/trace.txt' });
  await engine.setKernelTree({ root: smallTree('slowLinux'), trusted: false });
  const walk = engine.lookUpFunctions({});
  const placed = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    const go = async (node: string | null): Promise<void> => {
      const { nodes } = await engine.children({
        tree: 'holders',
        node,
        start: 0,
        end: 200,
        query: DEFAULT_QUERY,
      });
      for (const each of nodes) {
        if (each.label === 'pipe_read') found.push(each.description);
        if (each.hasChildren) await go(each.id);
      }
    };
    await go(null);
    return found;
  };
  const early = await placed();
  assert.ok(early.length > 0);
  assert.deepEqual([...new Set(early)], ['']);

  const copied = engine.text({ node: null, query: DEFAULT_QUERY });
  gate.open();
  assert.match(await copied, /pipe_read +fs\/pipe\.c:9 · one call site/);
  await walk;
  assert.deepEqual([...new Set(await placed())], ['fs/pipe.c:9 · one call site']);
});
