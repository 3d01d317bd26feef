/**
 * What happens when the worker ends by itself, for example out of memory: it is said, and the captures that it took
 * with it can be opened again. They are not by themselves, so that a capture which ends the worker cannot do it for
 * ever.
 */
import * as vscode from 'vscode';
import type { KernelTreeChoice } from './kernelTreeChoice';
import type { OpenCaptures } from './openCaptures';
import type { OpenCommands } from './openCommands';

export async function recoverEngine(
  reason: string,
  captures: OpenCaptures,
  kernelTree: KernelTreeChoice,
  opening: OpenCommands,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const paths = captures.forgetAll();
  log.error(
    `The worker that reads captures stopped: ${reason}. Open captures: ${paths.join(', ') || 'none'}`,
  );
  kernelTree.engineIsNew();
  const again = 'Open Again';
  const showLog = 'Show Log';
  const choices = paths.length > 0 ? [again, showLog] : [showLog];
  const message = `Reading captures stopped unexpectedly (${reason}). ${paths.length > 0 ? 'Open captures were closed.' : ''}`;
  const chosen = await vscode.window.showErrorMessage(message.trim(), ...choices);
  if (chosen === again) await opening.open(paths.map((path) => vscode.Uri.file(path)));
  if (chosen === showLog) log.show();
}
