import * as vscode from 'vscode';
import { sayBriefly } from './notifications';
import { numberText } from './numberText';

/** Puts text on the clipboard, and says so in the status bar: by what is short enough, or by how many lines it has. */
export async function copyText(text: string, short?: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  const said = short === undefined ? linesText(text.split('\n').length) : vscode.l10n.t('Copied {0}', short);
  sayBriefly(said);
}

function linesText(lines: number): string {
  return lines === 1 ? vscode.l10n.t('Copied 1 line') : vscode.l10n.t('Copied {0} lines', numberText(lines));
}
