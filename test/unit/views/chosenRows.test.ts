/** Rows that a person selects in the Holders view, however busy it is. */
import assert from 'node:assert/strict';
import test, { beforeEach, mock } from 'node:test';
import type * as vscode from 'vscode';
import { branch } from '../../../src/engine/lazyTree';
import { ChosenRows } from '../../../src/views/chosenRows';
import type { MoreRow, Row } from '../../../src/views/rows';
import { EventEmitter } from './support/fakeVscode';

const page: Row = {
  node: branch({ id: 'c1/0x12f98', kind: 'page', label: '0x12f98' }, () => []).node,
  parent: null,
};

function chosen() {
  const changed = new EventEmitter<vscode.TreeViewSelectionChangeEvent<Row | MoreRow>>();
  const view = {
    selection: [] as readonly (Row | MoreRow)[],
    onDidChangeSelection: changed.event,
    reveal: () => Promise.resolve(),
  };
  const rows = new ChosenRows(view);
  const told: string[] = [];
  rows.onDidChoose(({ node }) => told.push(node.id));
  return { view, changed, rows, told };
}

/** A timer that another one starts is due in a tick of its own. */
function seconds(count: number): void {
  for (let ticks = 0; ticks < 10 * count; ticks++) mock.timers.tick(100);
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});

test('a row that is selected while the rows are made anew is told when they are there', () => {
  const { view, changed, told } = chosen();
  // As VS Code does: the row is not known at that time.
  changed.fire({ selection: [] });
  seconds(0.3);
  assert.deepEqual(told, []);
  view.selection = [page];
  mock.timers.tick(100);
  assert.deepEqual(told, ['c1/0x12f98']);
  seconds(10);
  assert.deepEqual(told, ['c1/0x12f98'], 'told once');
});

test('nothing is looked for once another row is selected, nor for ever, nor when the view is gone', () => {
  const { view, changed, rows, told } = chosen();
  changed.fire({ selection: [] });
  view.selection = [page];
  changed.fire({ selection: [page] });
  seconds(10);
  assert.deepEqual(told, ['c1/0x12f98']);

  view.selection = [];
  changed.fire({ selection: [] });
  seconds(10);
  view.selection = [page];
  seconds(10);
  assert.deepEqual(told, ['c1/0x12f98'], 'a row that is let go stays so');

  view.selection = [];
  changed.fire({ selection: [] });
  rows.dispose();
  view.selection = [page];
  seconds(10);
  assert.deepEqual(told, ['c1/0x12f98']);
});
