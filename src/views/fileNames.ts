/** Files and folders by the names that the engine has for them: a path of this machine, or the URI of anything else. */
import * as vscode from 'vscode';
import { isUri } from '../engine/workspaceFiles';

export function nameOf(uri: vscode.Uri): string {
  return uri.scheme === 'file' ? uri.fsPath : uri.toString();
}

export function uriOf(name: string): vscode.Uri {
  return isUri(name) ? vscode.Uri.parse(name, true) : vscode.Uri.file(name);
}

/** Whether a document may be a file that can be read: a text that was never saved, or an output, is none. */
export function isFile({ scheme }: vscode.Uri): boolean {
  return scheme === 'file' || vscode.workspace.fs.isWritableFileSystem(scheme) !== undefined;
}
