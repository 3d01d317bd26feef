/** Lets people say where sources are that the debug info names and the kernel tree does not have. */
import * as vscode from 'vscode';
import type { FrameTarget } from '../engine/protocol';
import { warn, withoutLinks } from './notifications';
import type { Row } from './rows';

const SETTING = 'pageHolders.sourcePathMap';

/** `pageHolders.mapSourcePath`: of the frame it is called for, or of any path. */
export function registerMapSourcePath(): vscode.Disposable {
  return vscode.commands.registerCommand('pageHolders.mapSourcePath', (given?: FrameTarget | Row) =>
    mapSourcePath(given === undefined || 'node' in given ? (given?.node.frame ?? null) : given),
  );
}

async function mapSourcePath(frame: FrameTarget | null): Promise<void> {
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
  if (folder?.scheme !== 'file') return;
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

/** In the settings of the workspace where one is open: sources of another one are elsewhere. */
async function save(from: string, to: string): Promise<void> {
  const configuration = vscode.workspace.getConfiguration();
  const known = configuration.get<Record<string, string>>(SETTING) ?? {};
  const target =
    vscode.workspace.workspaceFolders === undefined
      ? vscode.ConfigurationTarget.Global
      : vscode.ConfigurationTarget.Workspace;
  await configuration.update(SETTING, { ...known, [from]: to }, target);
}
