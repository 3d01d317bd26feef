/** What the menus of the manifest offer in the views, and on the rows of real captures as far as commands can do it there. */
import assert from 'node:assert/strict';
import test, { before } from 'node:test';
import { Engine } from '../../../src/engine/engine';
import { DEFAULT_QUERY, type Grouping } from '../../../src/engine/holdersQuery';
import { nodeHost } from '../../../src/engine/node/nodeHost';
import type { NodeKind, TreeName } from '../../../src/engine/protocol';
import { eventOf, pageOf, placeOf } from '../../../src/views/rowPlace';
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
  const rows: Row[] = [];
  for (const child of nodes) {
    const row = { node: child, parent };
    rows.push(row, ...(child.hasChildren ? await rowsOf(tree, groupBy, row) : []));
  }
  return rows;
}

function menuOfRow(view: string, row: Row): readonly (readonly string[])[] {
  const viewItem = rowItem(row).contextValue ?? '';
  return menuOf('view/item/context', { view: `pageHolders.${view}`, viewItem });
}

function isOffered(command: string, view: string, row: Row): boolean {
  return menuOfRow(view, row).flat().includes(command);
}

for (const grouping of GROUPINGS) {
  test(`a row by ${grouping} is offered what there is of its place, its page and its event`, async () => {
    const rows = await rowsOf('holders', grouping);
    const offers = [
      ['revealInEditor', placeOf],
      ['showOnlyPage', pageOf],
      ['copyPfn', pageOf],
      ['copyEventWithStack', eventOf],
    ] as const;
    for (const [command, of] of offers) {
      assert.ok(rows.some((row) => of(row) !== null) && rows.some((row) => of(row) === null));
      for (const row of rows) {
        assert.equal(isOffered(command, 'holders', row), of(row) !== null, `${command}: ${row.node.id}`);
      }
    }
  });
}

test('a row of the Holders view that speaks of an event is copied in every way', async () => {
  const rows = await rowsOf('holders', 'page');
  const ofPage = (kind: NodeKind) =>
    rows.find((row) => row.node.kind === kind && row.node.id.startsWith('c1/0x12f98'))!;
  const open = ['revealInEditor', 'showOnlyPage'];
  for (const kind of ['mark', 'reference', 'acquired', 'event', 'allocation'] as const) {
    assert.deepEqual(
      menuOfRow('holders', ofPage(kind)),
      [open, ['copyAsText', 'copyEventWithStack', 'copyPfn']],
      kind,
    );
  }
  assert.deepEqual(menuOfRow('holders', ofPage('page')), [open, ['copyAsText', 'copyPfn']]);
  const ofFrame = ['copyAsText', 'copyStackFrame', 'copyEventWithStack', 'copyPfn'];
  assert.deepEqual(menuOfRow('holders', ofPage('frame')), [open, ofFrame]);
});

test('the row of a capture has the same menu in both views, and so has a frame', async () => {
  const captures = await rowsOf('captures', 'page');
  const holders = await rowsOf('holders', 'page');
  const [listed, heading] = [captures, holders].map((rows) => rows.find(({ node }) => node.id === 'c1')!);
  const menu = [
    ['openEditor', 'openAsText', 'openContainingFolder'],
    ['copyAsText', 'copyPath'],
    ['compareCaptures', 'export'],
    ['closeCapture'],
  ];
  assert.deepEqual(menuOfRow('holders', heading!), menu);
  menu[1]![0] = 'copyFacts';
  assert.deepEqual(menuOfRow('captures', listed!), menu);
  const { node } = holders.find((row) => row.node.kind === 'frame')!;
  assert.deepEqual(menuOfRow('stack', { node, parent: null }), [['copyStack', 'copyStackFrame']]);
});

test('every row of the Captures view is copied as what that view says, and the row that shows more has no menu', async () => {
  const query = DEFAULT_QUERY;
  for (const row of await rowsOf('captures', 'page')) {
    assert.ok(isOffered('copyFacts', 'captures', row), row.node.id);
    const text = await engine.text({ tree: 'captures', node: row.node.id, query });
    // Lines of a mail may be broken at any word.
    const [first] = row.node.label.split(' ');
    assert.ok(text.startsWith(first!), `${row.node.id}: ${text}`);
  }
  for (const view of ['holders', 'captures']) {
    const more = menuOf('view/item/context', { view: `pageHolders.${view}`, viewItem: '' });
    assert.deepEqual(more, []);
  }
  const [span] = (await rowsOf('captures', 'page')).filter(({ node }) => node.id === 'c1/span');
  assert.match(
    await engine.text({ tree: 'captures', node: span!.node.id, query }),
    /^Span 10\.8 s \(17\.462829 s to /,
  );
});

test('the menu of a view has what that view is of, in one order', () => {
  const menu = (view: string) => menuOf('view/title', { view: `pageHolders.${view}` });
  const ofAll = ['refresh', 'showLog'];
  const ofCaptures = ['compareCaptures', 'export'];
  assert.deepEqual(menu('holders'), [
    ['sortBy', 'showHoldersOfPfn'],
    ['copyAllAsText'],
    ['openCapture', 'openSample', 'recordCapture'],
    ofCaptures,
    ofAll,
  ]);
  assert.deepEqual(menu('stack'), [['copyStack'], ofAll]);
  const choices = ['chooseVmlinux', 'chooseModules', 'mapSourcePath'];
  assert.deepEqual(menu('captures'), [choices, ['recordCapture'], ofCaptures, ofAll]);
});
