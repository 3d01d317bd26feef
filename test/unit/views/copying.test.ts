/** What is copied by keys and menus, and what is said of it. */
import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import * as vscode from 'vscode';
import { branch } from '../../../src/engine/lazyTree';
import { ChosenRows } from '../../../src/views/chosenRows';
import { CopyAsText } from '../../../src/views/copyAsText';
import { copyText } from '../../../src/views/copyText';
import type { MoreRow, Row } from '../../../src/views/rows';
import { ShownHolders } from '../../../src/views/shownHolders';
import { AskedWorker } from './support/askedWorker';
import { editor, EventEmitter, KeptState, silentLog } from './support/fakeVscode';

beforeEach(() => {
  editor.reset();
});

const [first, second] = ['c1/0x1', 'c1/0x2'].map((id): Row => ({
  node: branch({ id, kind: 'page', label: id }).node,
  parent: null,
})) as [Row, Row];

/** A view as the editor has it: a press selects a row, arrow keys move the focus alone. */
function holders() {
  const changed = new EventEmitter<vscode.TreeViewSelectionChangeEvent<Row | MoreRow>>();
  const view = {
    selection: [] as readonly Row[],
    onDidChangeSelection: changed.event,
    reveal: () => Promise.resolve(),
  };
  let focus: Row | null = null;
  const select = (rows: readonly Row[]): void => {
    view.selection = rows;
    changed.fire({ selection: rows });
  };
  vscode.commands.registerCommand('list.toggleSelection', () => {
    const { selection } = view;
    const row = focus;
    if (row === null) return;
    select(selection.includes(row) ? selection.filter((each) => each !== row) : [...selection, row]);
  });
  const rows = new ChosenRows(view);
  const told: string[] = [];
  rows.onDidChoose(({ node }) => told.push(node.id));
  const press = (row: Row): void => {
    focus = row;
    select([row]);
  };
  const moveTo = (row: Row): void => {
    focus = row;
  };
  return { view, rows, told, press, moveTo };
}

test('a key copies the row with the focus, whichever was pressed last, and selects nothing', async () => {
  const { view, rows, told, press, moveTo } = holders();
  const worker = new AskedWorker();
  const captures = { selection: [] };
  new CopyAsText(worker.engine, new ShownHolders(new KeptState()), rows, captures, silentLog());
  const copies = async (given?: unknown): Promise<string | null> => {
    const done = editor.run('pageHolders.copyAsText', given);
    const { node } = await worker.answer('text', 'a\nb');
    await done;
    return node;
  };
  assert.equal(await copies('focused'), null, 'the whole tree');
  moveTo(second);
  assert.equal(await copies('focused'), 'c1/0x2');
  assert.deepEqual(view.selection, []);
  press(first);
  assert.equal(await copies('focused'), 'c1/0x1');
  moveTo(second);
  assert.equal(await copies('focused'), 'c1/0x2');
  // By the palette, which has the focus then, and by the menu of a row.
  assert.equal(await copies(), 'c1/0x1');
  assert.equal(await copies(second), 'c1/0x2');
  assert.deepEqual(view.selection, [first]);
  assert.deepEqual(told, ['c1/0x1']);
});

test('a copy that waits for functions to be looked up says so, and is left off when that is cancelled', async () => {
  const { rows } = holders();
  const worker = new AskedWorker();
  const captures = { selection: [] };
  new CopyAsText(worker.engine, new ShownHolders(new KeptState()), rows, captures, silentLog());
  const done = editor.run('pageHolders.copyAllAsText');
  await new Promise((resolve) => setTimeout(resolve, 400));
  assert.deepEqual(editor.shownWork, ['Copying as text']);
  await worker.answer('text', 'late');
  await done;
  assert.deepEqual([editor.copied, editor.saidBriefly], [['late'], ['Copied 1 line: late']]);
  const cancelled = editor.run('pageHolders.copyAllAsText');
  await new Promise((resolve) => setTimeout(resolve, 400));
  editor.cancelWork();
  await cancelled;
  assert.deepEqual([editor.copied, editor.said], [['late'], []]);
});

test('two presses at once do not come between each other', async () => {
  const { view, rows, press, moveTo } = holders();
  press(first);
  moveTo(second);
  const found = await Promise.all([rows.rowFor('focused'), rows.rowFor('focused')]);
  assert.deepEqual(found, [second, second]);
  assert.deepEqual(view.selection, [first]);
});

test('what was copied is said by how it begins, with nothing hidden and no icons', async () => {
  await copyText('refcount 1027 = 1 expected + 1026 held\n  held: 2 references');
  await copyText('   one line \x1b[2J$(lock) $(sync~spin) $5 ');
  await copyText('𝄞'.repeat(80));
  await copyText('0x12f98', '0x12f98');
  assert.deepEqual(editor.saidBriefly, [
    'Copied 2 lines: refcount 1027 = 1 expected + 1026 held',
    'Copied 1 line: one line \\x1b[2J\\$(lock) \\$(sync~spin) $5',
    `Copied 1 line: ${'𝄞'.repeat(59)}…`,
    'Copied 0x12f98',
  ]);
});
