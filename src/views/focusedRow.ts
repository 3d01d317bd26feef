/**
 * The row of a tree that the keyboard is on. Arrow keys move the focus alone, and the API tells of the selection alone:
 * what is copied by a key was the row that had been pressed last. `list.select` is no help, for it also folds the row and
 * runs its command. The command that takes the row with the focus in among those that are selected, or out of them, does
 * neither; done twice, it says which one that is and leaves everything as it was.
 */
import * as vscode from 'vscode';
import { isMoreRow, isRow, selectedRow, type MoreRow, type Row } from './rows';

const TOGGLE = 'list.toggleSelection';

type SelectionView = Pick<vscode.TreeView<Row | MoreRow>, 'selection'>;

/** What the key binding of a view gives its command: it is meant for the row with the focus. */
export const BY_KEY = 'focused';

/** One after the other: each has the selection change for a moment. */
let last: Promise<unknown> = Promise.resolve();

/**
 * The row that a command is meant for; null for none, or for one that is not of the engine.
 *
 * @param given what the command was given: a row by the menu of that, {@link BY_KEY}, or nothing by the palette
 */
export function rowFor(given: unknown, view: SelectionView): Promise<Row | null> {
  if (isRow(given)) return Promise.resolve(given);
  return given === BY_KEY ? focusedRow(view) : Promise.resolve(selectedRow(view));
}

function focusedRow(view: SelectionView): Promise<Row | null> {
  const found = last.then(() => find(view));
  last = found.catch(() => undefined);
  return found;
}

async function find(view: SelectionView): Promise<Row | null> {
  const [before] = view.selection;
  await vscode.commands.executeCommand(TOGGLE);
  // The editor tells of the selection before it answers the command.
  const added = view.selection.find((row) => !isSame(row, before));
  await vscode.commands.executeCommand(TOGGLE);
  const row = added ?? before;
  return row === undefined || isMoreRow(row) ? null : row;
}

/** Rows that were asked for again meanwhile are other objects. */
function isSame(one: Row | MoreRow, other: Row | MoreRow | undefined): boolean {
  if (other === undefined || isMoreRow(one) || isMoreRow(other)) return one === other;
  return one.node.id === other.node.id;
}
