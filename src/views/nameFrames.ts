/** What gives names to frames that are addresses alone: the vmlinux of the recorded kernel, or its kallsyms. */
import * as vscode from 'vscode';

export const NAME_FRAMES = 'pageHolders.nameFrames';

interface Item extends vscode.QuickPickItem {
  readonly command: string;
}

/** @param hasDebugInfo whether a vmlinux can be read here */
export function registerNameFrames(hasDebugInfo: boolean): vscode.Disposable {
  return vscode.commands.registerCommand(NAME_FRAMES, async () => {
    const vmlinux: Item = {
      label: vscode.l10n.t('Choose vmlinux…'),
      description: vscode.l10n.t('of the recorded kernel: lines become exact, too'),
      command: 'pageHolders.chooseVmlinux',
    };
    const kallsyms: Item = {
      label: vscode.l10n.t('Open kallsyms…'),
      description: vscode.l10n.t('/proc/kallsyms of the recorded boot, saved as root'),
      command: 'pageHolders.openCapture',
    };
    const picked = await vscode.window.showQuickPick(hasDebugInfo ? [vmlinux, kallsyms] : [kallsyms], {
      title: vscode.l10n.t('Names for Frames'),
      placeHolder: vscode.l10n.t('A file of another kernel is refused, and that is said'),
    });
    if (picked !== undefined) await vscode.commands.executeCommand(picked.command);
  });
}
