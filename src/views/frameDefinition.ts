/** F12 and Ctrl-click on a frame of a text: to its line, or to all lines that may be meant, which the editor peeks. */
import * as vscode from 'vscode';
import type { FrameTarget } from '../engine/protocol';
import { uriInTree } from './openFrame';
import type { TextFrames } from './textFrames';

export class FrameDefinition implements vscode.DefinitionProvider, vscode.Disposable {
  private readonly command: vscode.Disposable;

  constructor(private readonly texts: TextFrames) {
    this.command = vscode.commands.registerCommand(
      'pageHolders.peekFrame',
      async (document: string, line: number, character: number, target: FrameTarget) => {
        const places = await this.places(target);
        const uri = vscode.Uri.parse(document);
        const at = new vscode.Position(line, character);
        await vscode.commands.executeCommand('editor.action.peekLocations', uri, at, places, 'peek');
      },
    );
  }

  dispose(): void {
    this.command.dispose();
  }

  async provideDefinition(
    document: vscode.TextDocument,
    position: vscode.Position,
  ): Promise<vscode.LocationLink[] | null> {
    const found = this.texts.frameAt(document, position);
    if (found === null) return null;
    const target = await this.texts.target(document, position.line);
    if (target === null) return null;
    const { line } = position;
    const originSelectionRange = new vscode.Range(line, found.start, line, found.end);
    return (await this.places(target)).map(({ uri, range }) => ({
      originSelectionRange,
      targetUri: uri,
      targetRange: range,
    }));
  }

  private async places(target: FrameTarget): Promise<readonly vscode.Location[]> {
    const root = (await this.texts.kernelTree.tree())?.root;
    const found = await Promise.all(
      target.candidates.map(async (place) => {
        const uri = await uriInTree(root, place);
        const { line } = place;
        return uri === null ? [] : [new vscode.Location(uri, new vscode.Position(line - 1, 0))];
      }),
    );
    return found.flat();
  }
}
