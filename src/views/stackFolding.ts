/** Folds the stacks of a trace, so that its events can be read one below the other. */
import * as vscode from 'vscode';
import { documentLines } from './textFrames';
import { stackBlocks } from './traceText';

export class StackFolding implements vscode.FoldingRangeProvider {
  provideFoldingRanges(document: vscode.TextDocument): vscode.FoldingRange[] {
    return stackBlocks(documentLines(document)).map(
      ({ first, last }) => new vscode.FoldingRange(first, last),
    );
  }
}
