/** What the menus of the manifest offer on the rows of real captures, and whether the commands can do that there. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { Engine } from '../../../src/engine/engine';
import { DEFAULT_QUERY, type Grouping } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import type { TreeName } from '../../../src/engine/protocol';
import { placeOf } from '../../../src/views/rowPlace';
import { rowItem, type Row } from '../../../src/views/rows';
import { menuOf } from './support/menus';

const GROUPINGS: readonly Grouping[] = ['page', 'holder', 'attempt', 'task'];

let engine: Engine;

before(async () => {
  engine = new Engine(nodeHost());
  await engine.openCapture({ path: 'media/sample/trace.txt' });
  await engine.openCapture({ path: 'test/fixtures/dumps/page_owner.gz' });
});

/** All rows, but for what is below so many of one level. */
async function rowsOf(tree: TreeName, groupBy: Grouping, parent: Row | null = null): Promise<readonly Row[]> {
  const query = { ...DEFAULT_QUERY, groupBy };
  const node = parent?.node.id ?? null;
  const { nodes } = await engine.children({ tree, node, start: 0, end: 20, query });
  const rows = nodes.map((child): Row => ({ node: child, parent }));
  const below = await Promise.all(
    rows.map((row) => (row.node.hasChildren ? rowsOf(tree, groupBy, row) : [])),
  );
  return rows.flatMap((row, index) => [row, ...below[index]!]);
}

function menuOfRow(view: string, row: Row): readonly (readonly string[])[] {
  const viewItem = rowItem(row).contextValue ?? '';
  return menuOf('view/item/context', { view: `pageHolders.${view}`, viewItem });
}

function isOffered(command: string, view: string, row: Row): boolean {
  return menuOfRow(view, row).flat().includes(command);
}

for (const grouping of GROUPINGS) {
  test(`a row by ${grouping} is offered to be shown in the capture editor where that has a place for it`, async () => {
    const rows = await rowsOf('holders', grouping);
    assert.ok(rows.some((row) => placeOf(row) !== null) && rows.some((row) => placeOf(row) === null));
    for (const row of rows) {
      assert.equal(isOffered('revealInEditor', 'holders', row), placeOf(row) !== null, row.node.id);
    }
  });
}
