/** Events that are selected one after the other, and what of that reaches the Holders view. */
import assert from 'node:assert/strict';
import test, { beforeEach, mock } from 'node:test';
import type * as vscode from 'vscode';
import { branch } from '../../../src/engine/lazyTree';
import type { CapturePlace, NodeKind } from '../../../src/engine/protocol';
import { ChosenRows } from '../../../src/views/chosenRows';
import { EventFollower } from '../../../src/views/eventFollower';
import type { MoreRow, Row } from '../../../src/views/rows';
import { EventEmitter, silentLog } from './support/fakeVscode';

type Any = Row | MoreRow;

const PFN = 0x12f98;

function row(
  id: string,
  kind: NodeKind,
  place: CapturePlace | null,
  parent: Row | null,
  expanded: boolean,
): Row {
  const { node } = branch({ id, kind, label: id, place, expanded }, () => []);
  return { node, parent };
}

const page = row('c1/0x12f98', 'page', { pfn: PFN, row: 7 }, null, false);
const other = row('c1/0x12f99', 'page', { pfn: PFN + 1, row: 8 }, null, false);
const held = row('c1/0x12f98/m0/held', 'role', null, page, true);
const reference = row('c1/0x12f98/m0/held/r0', 'reference', { pfn: PFN, row: 3 }, held, false);
const BELOW: ReadonlyMap<string | null, readonly Row[]> = new Map([
  [null, [page, other]],
  [page.node.id, [held]],
  [held.node.id, [reference]],
]);

/** The Holders view with a follower; places are answered when the test says so. */
function followed() {
  const selectionChanged = new EventEmitter<vscode.TreeViewSelectionChangeEvent<Any>>();
  const unfolded = new EventEmitter<vscode.TreeViewExpansionEvent<Any>>();
  const folded = new EventEmitter<vscode.TreeViewExpansionEvent<Any>>();
  const revealed: string[] = [];
  const view = {
    visible: true,
    selection: [] as readonly Any[],
    onDidChangeSelection: selectionChanged.event,
    onDidExpandElement: unfolded.event,
    onDidCollapseElement: folded.event,
    reveal: (element: Any): Promise<void> => {
      revealed.push('node' in element ? element.node.id : '');
      choose(element);
      return Promise.resolve();
    },
  };
  const choose = (element: Any): void => {
    view.selection = [element];
    selectionChanged.fire({ selection: [element] });
  };
  const asked: number[] = [];
  const answers: ((place: CapturePlace | null) => void)[] = [];
  const engine = {
    placeOfEvent: (request: { readonly row: number }): Promise<CapturePlace | null> => {
      asked.push(request.row);
      return new Promise((resolve) => {
        answers.push(resolve);
      });
    },
  };
  const tree = { knownChildren: (parent: Row | null) => BELOW.get(parent?.node.id ?? null) ?? [] };
  const rows = new ChosenRows(view);
  const told: string[] = [];
  rows.onDidChoose(({ node }) => told.push(node.id));
  const follower = new EventFollower(engine, tree, view, rows, silentLog());
  return {
    view,
    follower,
    revealed,
    asked,
    told,
    choose,
    unfold: (element: Row) => {
      unfolded.fire({ element });
    },
    answers,
  };
}

/** Lets the time pass after which a selection counts, and what follows from it happen. */
async function pause(): Promise<void> {
  mock.timers.tick(1000);
  await settled();
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
});

test('of the events that a held key goes through the last alone is followed', async () => {
  const { follower, asked, answers, revealed, told } = followed();
  for (let event = 0; event < 50; event++) {
    follower.select('c1', event);
    mock.timers.tick(30);
  }
  await pause();
  assert.deepEqual(asked, [49]);
  answers[0]!({ pfn: PFN, row: null });
  await settled();
  assert.deepEqual(revealed, [page.node.id]);
  assert.deepEqual(told, [], 'nobody takes it for a choice of a person');
});

test('an answer that is late selects nothing', async () => {
  const { follower, answers, revealed } = followed();
  follower.select('c1', 1);
  await pause();
  follower.select('c1', 2);
  await pause();
  answers[0]!({ pfn: PFN, row: null });
  await settled();
  answers[1]!({ pfn: PFN + 1, row: null });
  await settled();
  assert.deepEqual(revealed, [other.node.id]);
});

test('a row that a person selects meanwhile stays selected', async () => {
  const { follower, answers, revealed, told, choose } = followed();
  follower.select('c1', 1);
  await pause();
  choose(other);
  answers[0]!({ pfn: PFN, row: null });
  await settled();
  assert.deepEqual([revealed, told], [[], [other.node.id]]);
});

test('a reference is selected where it is in sight, and its page else; nothing is unfolded', async () => {
  const { follower, answers, revealed, unfold } = followed();
  follower.select('c1', 3);
  await pause();
  answers[0]!({ pfn: PFN, row: 3 });
  await settled();
  unfold(page);
  follower.select('c1', 3);
  await pause();
  answers[1]!({ pfn: PFN, row: 3 });
  await settled();
  assert.deepEqual(revealed, [page.node.id, reference.node.id]);
});

test('what is no row of the tree leaves it as it is, and so does a view that is not seen', async () => {
  const { follower, answers, revealed, asked, view } = followed();
  const places = [null, { pfn: 5, row: null }, { pfn: PFN, row: null }];
  for (const [index, place] of places.entries()) {
    follower.select(index < 2 ? 'c1' : 'c2', index);
    await pause();
    answers[index]!(place);
    await settled();
  }
  assert.deepEqual(revealed, []);
  view.visible = false;
  follower.select('c1', 9);
  await pause();
  assert.deepEqual(asked, [0, 1, 2]);
});
