/** Export…: writes what the Holders view shows to a file, in a form for other programs. */
import * as vscode from 'vscode';
import { areDumpsAlone } from '../engine/allocationsAlone';
import { baseName } from '../engine/distinctNames';
import { EXPORT_FORMS } from '../engine/exporting/exportFormats';
import { namesOf } from '../engine/holdersQuery';
import type { EngineApi } from '../engine/protocol';
import { choiceText } from './choiceText';
import { showFailure } from './failures';
import { nameOf, uriOf } from './fileNames';
import { inform } from './notifications';
import type { OpenCaptures } from './openCaptures';
import type { ShownHolders } from './shownHolders';
import { waitShown } from './waitShown';

const OPEN = vscode.l10n.t('Open');

export class ExportHolders implements vscode.Disposable {
  private readonly command = vscode.commands.registerCommand('pageHolders.export', () => this.export());

  constructor(
    private readonly engine: EngineApi,
    private readonly captures: OpenCaptures,
    private readonly shown: ShownHolders,
    /** Where the extension is: nothing is to be written there. */
    private readonly extensionUri: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  dispose(): void {
    this.command.dispose();
  }

  private async export(): Promise<void> {
    const items = namesOf(EXPORT_FORMS).map((format) => {
      const { title, detail, extension } = EXPORT_FORMS[format];
      return { label: title, detail: choiceText(detail), format, extension };
    });
    const title = titleOf(this.captures.withEvents.length);
    const picked = await vscode.window.showQuickPick(items, { title, matchOnDetail: true });
    if (picked === undefined) return;
    const { format, extension } = picked;
    const uri = await vscode.window.showSaveDialog({
      title,
      saveLabel: vscode.l10n.t('Export'),
      ...this.proposed(extension),
      filters: { [picked.label]: [extension.split('.').at(-1)!] },
    });
    if (uri === undefined) return;
    try {
      const { query } = this.shown;
      const wanted = { format, query, path: nameOf(uri) };
      const { bytes } = await waitShown(vscode.l10n.t('Exporting to {0}', baseName(uri.path)), (options) =>
        this.engine.exportFile(wanted, options),
      );
      this.log.info(`Exported ${bytes} bytes to ${nameOf(uri)}`);
    } catch (error) {
      showFailure(this.log, error);
      return;
    }
    // Returns at once: the file is there, whenever the message is read.
    void inform(vscode.l10n.t('Exported to {0}.', baseName(uri.path)), OPEN).then((chosen) => {
      if (chosen === OPEN) void vscode.commands.executeCommand('vscode.open', uri);
    });
  }

  /** Beside the first capture; that of the sample is for VS Code to say. An open folder may be a kernel tree. */
  private proposed(extension: string): { readonly defaultUri?: vscode.Uri } {
    const own = nameOf(this.extensionUri);
    const { withEvents } = this.captures;
    const first = withEvents.find(({ path }) => !path.startsWith(own));
    if (first === undefined) return {};
    const what = areDumpsAlone(withEvents) ? 'allocations' : 'holders';
    const others = withEvents.length - 1;
    const of = `${baseName(first.path).replace(/(?<=.)\.[^.]*$/, '')}${others === 0 ? '' : `-and-${others}-more`}`;
    return { defaultUri: vscode.Uri.joinPath(uriOf(first.path), '..', `${of}-${what}.${extension}`) };
  }
}

/** All that is open is in the file, also where the command was chosen on one of the captures. */
function titleOf(captures: number): string {
  return captures === 1
    ? vscode.l10n.t('Export Holders')
    : vscode.l10n.t('Export Holders of All {0} Captures', captures);
}
