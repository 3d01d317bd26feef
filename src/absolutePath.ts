/** Names of files and folders that people typed, in a setting or a picker, where the extension runs in Node. */
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { isUri } from './engine/workspaceFiles';
import { nameOf } from './views/fileNames';

/**
 * A URI as it is; a path from the home folder where it begins with `~`, and from the first folder of this machine that is
 * open where it is relative. Where all that is open is elsewhere, so is what is named in it.
 */
export function absolutePath(given: string): string {
  if (isUri(given)) return given;
  if (given === '~' || given.startsWith('~/')) return path.join(os.homedir(), given.slice(1));
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri);
  const local = folders.find(({ scheme }) => scheme === 'file');
  const [first] = folders;
  if (local === undefined && first !== undefined && !path.isAbsolute(given)) {
    return nameOf(vscode.Uri.joinPath(first, given));
  }
  return path.resolve(local?.fsPath ?? os.homedir(), given);
}
