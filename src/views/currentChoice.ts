import * as vscode from 'vscode';

/** Beside what is chosen at present. */
export const CURRENT = vscode.l10n.t({
  message: 'current',
  comment: ['Beside the order that is chosen at present'],
});
