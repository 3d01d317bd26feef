/**
 * Tells people what went wrong, with the log one press away; a cancel is no failure. What the engine says of it, and
 * the log, are English in every language: they are what the command line says too, and what a bug report holds.
 */
import * as vscode from 'vscode';
import { tellError, warn } from './notifications';

/** Button of such a message. */
export const SHOW_LOG = vscode.l10n.t('Show Log');

/** What a person can do about a failure, as a button beside that of the log. */
interface Remedy {
  readonly label: string;
  readonly command: string;
}

/**
 * Returns at once: what failed is over, whenever its message is read. That the worker stopped is told elsewhere, with
 * what is done about it (EngineRecovery).
 */
export function showFailure(log: vscode.LogOutputChannel, failure: unknown, remedy?: Remedy): void {
  if (isCancel(failure) || isNamed(failure, 'EngineStoppedError')) return;
  const message = failure instanceof Error ? failure.message : String(failure);
  log.error(failure instanceof Error ? (failure.stack ?? message) : message);
  const actions = remedy === undefined ? [SHOW_LOG] : [remedy.label, SHOW_LOG];
  const choice = tellError(message, ...actions);
  showLogIfChosen(log, choice);
  if (remedy === undefined) return;
  void choice.then((chosen) => {
    if (chosen === remedy.label) void vscode.commands.executeCommand(remedy.command);
  });
}

/** Returns at once, as {@link showFailure}. */
export function showWarning(log: vscode.LogOutputChannel, message: string): void {
  showLogIfChosen(log, warn(message, SHOW_LOG));
}

export function isCancel(failure: unknown): boolean {
  return isNamed(failure, 'CancelledError');
}

/** Whether a file was no capture, or could not be read as one. */
export function isNoCapture(failure: unknown): boolean {
  return isNamed(failure, 'CaptureError');
}

function showLogIfChosen(log: vscode.LogOutputChannel, choice: Thenable<string | undefined>): void {
  void choice.then((chosen) => {
    if (chosen === SHOW_LOG) log.show();
  });
}

function isNamed(failure: unknown, name: string): boolean {
  return failure instanceof Error && failure.name === name;
}
