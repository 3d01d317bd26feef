/** What the menu of a row does with the file or folder that the row stands for. */
import * as vscode from 'vscode';
import { copyText } from './copyText';
import { uriOf } from './fileNames';
import { isRow } from './rows';

export class FileMenu implements vscode.Disposable {
  private readonly commands = vscode.Disposable.from(
    command('copyPath', (path) => copyText(path, path)),
    command('openContainingFolder', (path) => vscode.commands.executeCommand('revealFileInOS', uriOf(path))),
    command('openAsText', (path) =>
      vscode.commands.executeCommand('vscode.openWith', uriOf(path), 'default'),
    ),
  );

  dispose(): void {
    this.commands.dispose();
  }
}

/** Others may run the command, too: without a row there is nothing to be done. */
function command(name: string, act: (path: string) => Thenable<unknown>): vscode.Disposable {
  return vscode.commands.registerCommand(`pageHolders.${name}`, async (given: unknown) => {
    const file = isRow(given) ? given.node.file : null;
    if (file !== null) await act(file.path);
  });
}
