/** The extension in a browser, where no Node is there. */
import * as vscode from 'vscode';
import { compose, type PageHoldersApi } from '../composition';
import { isUri } from '../engine/workspaceFiles';
import { nameOf } from '../views/fileNames';
import { inWebWorker } from './startWorker';

export function activate(context: vscode.ExtensionContext): PageHoldersApi {
  const script = vscode.Uri.joinPath(context.extensionUri, 'dist/web/worker.js');
  return compose(context, {
    startEngine: inWebWorker(script.toString(true), { cacheFolder: nameOf(context.globalStorageUri) }),
    absolutePath,
    headOf: null,
  });
}

/** A URI as it is; a path in the file system of the first open folder, from there when it is relative. */
function absolutePath(given: string): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  if (isUri(given) || folder === undefined) return given;
  return nameOf(given.startsWith('/') ? folder.with({ path: given }) : vscode.Uri.joinPath(folder, given));
}
