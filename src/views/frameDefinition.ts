/** F12 and Ctrl-click on a frame of a text: to its line, or to all lines that may be meant, which the editor peeks. */
import * as vscode from 'vscode';
import { locationsOf } from './openFrame';
import type { TextFrames } from './textFrames';

export class FrameDefinition implements vscode.DefinitionProvider {
  constructor(private readonly texts: TextFrames) {}

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
    const root = (await this.texts.kernelTree.tree())?.root;
    return (await locationsOf(root, target.candidates)).map(({ uri, range }) => ({
      originSelectionRange,
      targetUri: uri,
      targetRange: range,
    }));
  }
}
