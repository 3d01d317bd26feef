/** Tells people of a failure, with the log one press away; a cancel is no failure. */
import * as vscode from 'vscode';

/**
 * Returns at once: what failed is over, whenever its message is read. That the worker stopped is told elsewhere, with
 * what is done about it (EngineRecovery).
 */
export function showFailure(log: vscode.LogOutputChannel, failure: unknown): void {
  if (isCancel(failure) || isNamed(failure, 'EngineStoppedError')) return;
  const message = failure instanceof Error ? failure.message : String(failure);
  log.error(failure instanceof Error ? (failure.stack ?? message) : message);
  const showLog = 'Show Log';
  void vscode.window.showErrorMessage(message, showLog).then((chosen) => {
    if (chosen === showLog) log.show();
  });
}

export function isCancel(failure: unknown): boolean {
  return isNamed(failure, 'CancelledError');
}

function isNamed(failure: unknown, name: string): boolean {
  return failure instanceof Error && failure.name === name;
}
