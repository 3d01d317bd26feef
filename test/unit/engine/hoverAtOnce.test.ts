/** Who points at a frame is not kept waiting while the kernel tree is looked through. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../../src/engine/engine';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import { smallTree } from '../cli/support/smallTree';

const frame = (name: string) => ({ function: name, offset: null, size: null, module: null, address: null });

test('places are pending until the walk is over, then they are there', async () => {
  const host = nodeHost();
  const gate: { open: () => void } = { open: () => undefined };
  const opened = new Promise<void>((resolve) => (gate.open = resolve));
  const engine = new Engine({
    ...host,
    openTree: async (root) => {
      const tree = await host.openTree(root);
      return {
        name: tree.name,
        list: (folder) => tree.list(folder),
        stat: (file) => tree.stat(file),
        read: async (file, limit) => {
          if (file === 'fs/pipe.c') await opened;
          return tree.read(file, limit);
        },
      };
    },
  });
  await engine.setKernelTree({ root: smallTree('slowLinux'), trusted: false });
  const request = { stack: [frame('page_cache_pipe_buf_release'), frame('pipe_read')], others: [] };
  const [, early] = await engine.resolveFrames({ ...request, atOnce: true });
  assert.equal(early!.file, null);
  assert.deepEqual(early!.pending, request.stack);

  const waited = engine.resolveFrames({ stack: early!.pending ?? [], others: [] });
  gate.open();
  const [, late] = await waited;
  assert.deepEqual([late!.file, late!.line, late!.pending], ['fs/pipe.c', 9, undefined]);
  const [, again] = await engine.resolveFrames({ ...request, atOnce: true });
  assert.deepEqual(again, late);
});
