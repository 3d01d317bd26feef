/** Whether a file that was read once is gone for good, or may come back with the drive that it is on. */
import * as vscode from 'vscode';

/** `away`: nothing of its folder is there either, as of a drive or share that is not mounted. */
export type Absence = 'gone' | 'away';

/**
 * Null for a file that is there, and for one of which that cannot be said: whoever reads it is told why not.
 *
 * @param present a folder that is there with all that is in it
 */
export async function absenceOf(file: vscode.Uri, present: vscode.Uri): Promise<Absence | null> {
  if (!(await isMissing(file))) return null;
  const isOfPresent = file.toString().startsWith(`${present.toString()}/`);
  return isOfPresent || (await hasEntries(vscode.Uri.joinPath(file, '..'))) ? 'gone' : 'away';
}

/** A file system that does not answer, or that nobody provides in this window, says nothing of what it has. */
async function isMissing(file: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(file);
    return false;
  } catch (error) {
    return error instanceof vscode.FileSystemError && error.code === 'FileNotFound';
  }
}

/** The folder that a drive is mounted at stays without it, and has nothing in it. */
async function hasEntries(folder: vscode.Uri): Promise<boolean> {
  try {
    return (await vscode.workspace.fs.readDirectory(folder)).length > 0;
  } catch {
    return false;
  }
}
