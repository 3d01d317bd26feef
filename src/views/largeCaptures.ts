/**
 * Captures above what VS Code gives to extensions as text (50 MB, microsoft/vscode#111849): they have no links, lenses
 * and hovers as text, so their events are shown in the capture editor, while they are read.
 */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import { viewTypeOf } from './captureEditor';
import { sayBriefly } from './notifications';

const LARGEST_TEXT = 50 * 2 ** 20;
/** In ms. */
const SAID_FOR = 10_000;

/** Shows the capture editor of a file that is too large for a text editor; the focus stays where it is. */
export async function showIfLarge(uri: vscode.Uri): Promise<void> {
  const size = await vscode.workspace.fs.stat(uri).then(
    (stat) => stat.size,
    // That it cannot be read is told by whoever reads it.
    () => 0,
  );
  if (size <= LARGEST_TEXT) return;
  const options = { preview: false, preserveFocus: true };
  await vscode.commands.executeCommand('vscode.openWith', uri, viewTypeOf(uri), options);
  const name = baseName(uri.path);
  const megabytes = Math.round(size / 1e6);
  sayBriefly(
    vscode.l10n.t(
      '{0} has {1} MB, too many for a text editor: its events are in the capture editor.',
      name,
      megabytes,
    ),
    SAID_FOR,
  );
}
