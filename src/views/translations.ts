/**
 * Has the files that know nothing of the editor speak its language. Imported before them: they make their texts when
 * they are loaded.
 */
import * as l10n from '@vscode/l10n';
import * as vscode from 'vscode';

const { bundle } = vscode.l10n;
if (bundle !== undefined) l10n.config({ contents: bundle });
