import type * as vscode from 'vscode';
import { visibleLine } from '../engine/visibleText';

/** An item of a quick pick in whose words nothing is hidden: they may be names of files, or text of captures and sources. */
export function visibleItem<Item extends vscode.QuickPickItem>(item: Item): Item {
  const { label, description, detail } = item;
  return {
    ...item,
    label: visibleLine(label),
    ...(description === undefined ? {} : { description: visibleLine(description) }),
    ...(detail === undefined ? {} : { detail: visibleLine(detail) }),
  };
}
