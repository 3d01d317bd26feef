import * as vscode from 'vscode';
import { sayBriefly } from './notifications';
import { numberText } from './numberText';

/** As much of what was copied as is said of it. */
const MOST_SAID = 60;

/** Puts text on the clipboard, and says so in the status bar: by what is short enough, or by how it begins. */
export async function copyText(text: string, short?: string): Promise<void> {
  await vscode.env.clipboard.writeText(text);
  sayBriefly(short === undefined ? beginningText(text) : vscode.l10n.t('Copied {0}', short));
}

function beginningText(text: string): string {
  const lines = text.split('\n');
  const first = shortened(lines[0]!.trim());
  return lines.length === 1
    ? vscode.l10n.t('Copied 1 line: {0}', first)
    : vscode.l10n.t('Copied {0} lines: {1}', numberText(lines.length), first);
}

function shortened(text: string): string {
  const characters = Array.from(text);
  return characters.length <= MOST_SAID ? text : `${characters.slice(0, MOST_SAID - 1).join('')}…`;
}
