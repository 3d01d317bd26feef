/** Tells people of a failure, with the log one press away; a cancel is no failure. */
import * as vscode from 'vscode';

/** Returns at once: what failed is over, whenever its message is read. */
export function showFailure(log: vscode.LogOutputChannel, failure: unknown): void {
  if (isCancel(failure)) return;
  const message = failure instanceof Error ? failure.message : String(failure);
  log.error(failure instanceof Error ? (failure.stack ?? message) : message);
  const showLog = 'Show Log';
  void vscode.window.showErrorMessage(message, showLog).then((chosen) => {
    if (chosen === showLog) log.show();
  });
}

export function isCancel(failure: unknown): boolean {
  return failure instanceof Error && failure.name === 'CancelledError';
}
