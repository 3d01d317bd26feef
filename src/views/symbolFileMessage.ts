/** A symbol file has no events to be shown: what it did for the captures beside it is told when it is opened. */
import * as vscode from 'vscode';
import { baseName } from '../engine/distinctNames';
import type { CaptureFacts } from '../engine/protocol';
import { inform, warn } from './notifications';

/** Null for a capture. */
export function symbolFileText({ path, symbolFile }: CaptureFacts): string | null {
  if (symbolFile === null) return null;
  return vscode.l10n.t({
    message: '{0} has no events, it names frames. {1}',
    args: [baseName(path), symbolFile.says.join(' ')],
    comment: ['{1} is whole sentences that say which addresses of which captures it names.'],
  });
}

/** Returns at once, whenever the message is read. */
export function tellOfSymbolFile(facts: CaptureFacts): void {
  const text = symbolFileText(facts);
  if (text === null) return;
  const isRefused = facts.symbolFile?.isRefused === true;
  void (isRefused ? warn(text) : inform(text));
}
