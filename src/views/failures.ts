/**
 * Tells people what went wrong, with the log one press away; a cancel is no failure. What the engine says of it, and
 * the log, are English in every language: they are what the command line says too, and what a bug report holds.
 */
import * as vscode from 'vscode';
import { tellError, warn } from './notifications';

/** Button of such a message. */
export const SHOW_LOG = vscode.l10n.t('Show Log');

/**
 * Returns at once: what failed is over, whenever its message is read. That the worker stopped is told elsewhere, with
 * what is done about it (EngineRecovery).
 */
export function showFailure(log: vscode.LogOutputChannel, failure: unknown): void {
  if (isCancel(failure) || isNamed(failure, 'EngineStoppedError')) return;
  const message = failure instanceof Error ? failure.message : String(failure);
  log.error(failure instanceof Error ? (failure.stack ?? message) : message);
  showLogIfChosen(log, tellError(message, SHOW_LOG));
}

/** Returns at once, as {@link showFailure}. */
export function showWarning(log: vscode.LogOutputChannel, message: string): void {
  showLogIfChosen(log, warn(message, SHOW_LOG));
}

export function isCancel(failure: unknown): boolean {
  return isNamed(failure, 'CancelledError');
}

function showLogIfChosen(log: vscode.LogOutputChannel, choice: Thenable<string | undefined>): void {
  void choice.then((chosen) => {
    if (chosen === SHOW_LOG) log.show();
  });
}

function isNamed(failure: unknown, name: string): boolean {
  return failure instanceof Error && failure.name === name;
}
