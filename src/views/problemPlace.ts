/** Shows the line of a capture's text that could not be read. */
import * as vscode from 'vscode';
import { showFailure } from './failures';
import { uriOf } from './fileNames';
import type { OpenCaptures } from './openCaptures';

export class ProblemPlace implements vscode.Disposable {
  private readonly command: vscode.Disposable;

  constructor(captures: OpenCaptures, log: vscode.LogOutputChannel) {
    this.command = vscode.commands.registerCommand(
      'pageHolders.openProblem',
      async (id: string, line: number) => {
        const facts = captures.all.find((capture) => id.startsWith(`${capture.id}/`));
        if (facts === undefined) return;
        try {
          // The editor refuses by itself what is too big for it, or binary, and says so.
          const document = await vscode.workspace.openTextDocument(uriOf(facts.path));
          const at = Math.min(line, document.lineCount) - 1;
          const selection = new vscode.Range(at, 0, at, 0);
          await vscode.window.showTextDocument(document, { preview: true, selection });
        } catch (error) {
          showFailure(log, error);
        }
      },
    );
  }

  dispose(): void {
    this.command.dispose();
  }
}
