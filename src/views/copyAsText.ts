/** Puts a row with what is below it, or a whole tree, on the clipboard as text for a mail. */
import * as vscode from 'vscode';
import type { EngineApi, TreeName } from '../engine/protocol';
import type { ChosenRows } from './chosenRows';
import { copyText } from './copyText';
import { showFailure } from './failures';
import { rowFor } from './focusedRow';
import type { ShownHolders } from './shownHolders';
import type { MoreRow, Row } from './rows';
import { waitShown } from './waitShown';

export class CopyAsText implements vscode.Disposable {
  private readonly commands: vscode.Disposable;

  constructor(
    private readonly engine: EngineApi,
    private readonly shown: ShownHolders,
    holders: ChosenRows,
    captures: Pick<vscode.TreeView<Row | MoreRow>, 'selection'>,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const { registerCommand } = vscode.commands;
    this.commands = vscode.Disposable.from(
      registerCommand('pageHolders.copyAsText', async (given: unknown) =>
        this.copy('holders', await holders.rowFor(given)),
      ),
      registerCommand('pageHolders.copyAllAsText', () => this.copy('holders', null)),
      // A row does not say which tree it is of, and captures have one in both.
      registerCommand('pageHolders.copyFacts', async (given: unknown) =>
        this.copy('captures', await rowFor(given, captures)),
      ),
    );
  }

  dispose(): void {
    this.commands.dispose();
  }

  private async copy(tree: TreeName, row: Row | null): Promise<void> {
    try {
      const { query } = this.shown;
      const asked = { tree, node: row?.node.id ?? null, query };
      // Text is not copied anew as rows are shown anew: functions that are still looked up are waited for.
      const title = vscode.l10n.t('Copying as text');
      await copyText(await waitShown(title, (options) => this.engine.text(asked, options)));
    } catch (error) {
      showFailure(this.log, error);
    }
  }
}
