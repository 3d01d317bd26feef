/** Choices that the command line offers too: their words are the engine's, their translations the editor's. */
import * as vscode from 'vscode';

/** @param text of one of the tables that `npm run l10n` takes texts from (test/l10n/exportTexts.mjs) */
export function choiceText(text: string): string {
  return vscode.l10n.t(text);
}
