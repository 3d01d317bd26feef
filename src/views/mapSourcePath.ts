/** Lets people say where sources are that the debug info names and the kernel tree does not have. */
import * as vscode from 'vscode';
import type { FrameTarget } from '../engine/protocol';
import { warn, withoutLinks } from './notifications';
import { isRow } from './rows';

const SETTING = 'pageHolders.sourcePathMap';

/** `pageHolders.mapSourcePath`: of the frame it is called for, or of any path. */
export function registerMapSourcePath(): vscode.Disposable {
  return vscode.commands.registerCommand('pageHolders.mapSourcePath', (given?: unknown) =>
    mapSourcePath(isRow(given) ? given.node.frame : isTarget(given) ? given : null),
  );
}

/** Whatever else a command is given, such as the address of a file from a menu, names no frame. */
function isTarget(given: unknown): given is Pick<FrameTarget, 'file' | 'outside'> {
  return typeof given === 'object' && given !== null && 'file' in given && 'outside' in given;
}

async function mapSourcePath(frame: Pick<FrameTarget, 'file' | 'outside'> | null): Promise<void> {
  const file = frame?.outside === 'build' || frame?.outside === 'no-tree' ? frame.file : null;
  const from = await vscode.window.showInputBox({
    title: vscode.l10n.t('Map Source Path'),
    prompt:
      file === null || frame?.outside !== 'build'
        ? vscode.l10n.t('Folder on the machine that built the kernel or module, as its debug info names it')
        : vscode.l10n.t(
            '{0} is not in the kernel tree. Which folder of it do you have on this machine?',
            withoutLinks(file),
          ),
    value: file === null ? '' : file.slice(0, Math.max(1, file.lastIndexOf('/'))),
    validateInput: (value) =>
      value.startsWith('/') ? undefined : vscode.l10n.t('Expected an absolute path, such as /build/nvidia'),
  });
  if (from === undefined) return;
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: vscode.l10n.t('Map Source Path: where {0} is here', from),
      openLabel: vscode.l10n.t('Choose'),
      canSelectFiles: false,
      canSelectFolders: true,
    })) ?? [];
  if (folder === undefined) return;
  if (folder.scheme !== 'file') {
    const text = vscode.l10n.t(
      '{0} cannot stand for {1}: mapped sources are read from folders of this machine alone.',
      folder.toString(),
      from,
    );
    void warn(text);
    return;
  }
  await save(from, folder.fsPath);
  if (!file?.startsWith(`${from}/`)) return;
  const there = vscode.Uri.joinPath(folder, file.slice(from.length + 1));
  await vscode.workspace.fs
    .stat(there)
    .then(undefined, () =>
      warn(
        vscode.l10n.t(
          '{0} is not there: {1} stays without a source. Map another folder, or correct {2}.',
          there.fsPath,
          file,
          SETTING,
        ),
      ),
    );
}

/**
 * In the settings of the workspace where one is open: sources of another one are elsewhere. Those of one that is not
 * trusted count for nothing.
 */
async function save(from: string, to: string): Promise<void> {
  const isOfWorkspace = vscode.workspace.workspaceFolders !== undefined && vscode.workspace.isTrusted;
  const configuration = vscode.workspace.getConfiguration();
  const known = configuration.inspect<Record<string, string>>(SETTING);
  // VS Code puts together what both say: what the user has mapped is not for the workspace to repeat.
  const mapped = isOfWorkspace ? known?.workspaceValue : known?.globalValue;
  const target = isOfWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await configuration.update(SETTING, { ...mapped, [from]: to }, target);
}
